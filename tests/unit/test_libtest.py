"""Test results from streams in which tests write too."""

import hashlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.libtest import CUSTOM_HARNESS, Outcome, TestId, TestResults, read_listed, read_results

EXE, OTHER = "/box/target/debug/deps/a-1", "/other"
WORD = "a word of the shim's"
EXECUTABLES = {EXE: ("a", "lib"), OTHER: ("a", "outside")}


def start(exe: str = EXE, word: str = WORD) -> str:
    seal = hashlib.sha256(word.encode()).hexdigest()
    return json.dumps({"oxidizer": "start", "exe": exe, "seal": seal}, separators=(",", ":"))


def end(code: int, exe: str = EXE, word: str = WORD) -> str:
    return json.dumps({"oxidizer": "end", "exe": exe, "code": code, "word": word}, separators=(",", ":"))


def suite(count: int) -> str:
    return f'{{ "type": "suite", "event": "started", "test_count": {count} }}'


def tally(passed: int = 0, failed: int = 0, ignored: int = 0) -> str:
    what = "failed" if failed else "ok"
    counts = {"passed": passed, "failed": failed, "ignored": ignored, "measured": 0, "filtered_out": 0}
    return json.dumps({"type": "suite", "event": what, **counts})


def event(name: str, what: str) -> str:
    return json.dumps({"type": "test", "event": what, "name": name})


def both(name: str, what: str) -> list[str]:
    return [event(name, "started"), event(name, what)]


def read(*lines: str) -> TestResults:
    return read_results(lines, EXECUTABLES, "a")


def lib(name: str) -> TestId:
    return TestId("a", "lib", name)


def test_events_between_what_tests_print() -> None:
    results = read(
        "warming up", start(), suite(3), event("one", "started"), '{"type" is what I print' + event("one", "ok"),
        event("two", "started") + "no newline", "{} [] {", "garbage" + event("two", "failed"),
        '{"type":"test","event":"ok"}', '{"type":"test","event":"ok","name":7}', '{"type":"test","event":["ok"]}',
        '{"type":' + "[" * 100_000, event("three", "ignored"), tally(1, 1, 1), end(101),
    )  # fmt: skip
    assert results.outcomes == {lib("one"): Outcome.PASSED, lib("two"): Outcome.FAILED, lib("three"): Outcome.IGNORED}
    assert (results.crashed, results.doubted, results.forged) == ((), frozenset(), False)


@given(st.lists(st.text('{"}:,type oxdizer[]1\n', max_size=30), max_size=8))
def test_garbage_raises_nothing_and_hides_nothing(garbage: list[str]) -> None:
    lines = [text.replace("\n", "") for text in garbage]
    told = [suite(1), *lines, event("one", "started"), *lines, event("one", "ok"), *lines, tally(1)]
    results = read(start(), *told, end(0))
    assert results.outcomes[lib("one")] is Outcome.PASSED


def test_what_began_and_never_ended_is_lost_and_what_ended_is_in_doubt() -> None:
    results = read(start(), suite(2), *both("one", "ok"), event("two", "started"), end(124))
    assert results.outcomes == {lib("one"): Outcome.LOST, lib("two"): Outcome.LOST}
    assert results.doubted == {lib("one")}, "it can be asked again"
    assert (results.crashed, results.suspects, results.forged) == (("lib",), (EXE,), False)


def test_a_stream_that_breaks_off() -> None:
    assert read(start(), suite(1), event("one", "started")).outcomes == {lib("one"): Outcome.LOST}


def test_a_harness_of_its_own_is_one_test() -> None:
    assert read(start(), "ok", end(0)).passed == {lib(CUSTOM_HARNESS)}
    assert read(start(), end(3)).outcomes == {lib(CUSTOM_HARNESS): Outcome.FAILED}
    assert read(start(), end(124)).outcomes == {lib(CUSTOM_HARNESS): Outcome.FAILED}


def test_a_harness_of_its_own_that_speaks_libtests_language_is_held_to_one_outcome_each() -> None:
    lines = [start(), suite(2), event("one", "ok"), event("two", "ok"), event("two", "failed"), '{"oxidizer":"left"}']
    doubted = read(*lines, end(0))
    assert doubted.suspects == (EXE,)
    results = read_results([*lines, end(0)], EXECUTABLES, "a", custom=doubted.suspects)
    assert results.outcomes == {lib("one"): Outcome.PASSED, lib("two"): Outcome.LOST}
    started = [start(), suite(1), *both("one", "ok"), '{"oxidizer":"left"}', end(0)]
    assert read_results(started, EXECUTABLES, "a", custom=[EXE]).passed == {lib("one")}


def test_a_target_without_tests_says_nothing() -> None:
    assert read(start(), suite(0), tally(), end(0)).outcomes == {}


def test_the_same_name_in_two_targets() -> None:
    results = read(
        start(), suite(1), *both("one", "ok"), tally(1), end(0),
        start(OTHER), suite(1), *both("one", "failed"), tally(0, 1), end(101, OTHER),
    )  # fmt: skip
    assert results.outcomes == {lib("one"): Outcome.PASSED, TestId("a", "outside", "one"): Outcome.FAILED}


@pytest.mark.parametrize("first", ["ok", "failed"])
def test_a_library_and_a_program_of_one_name_are_one_and_pass_where_both_do(first: str) -> None:
    second = "failed" if first == "ok" else "ok"
    tallies, codes = {"ok": tally(1), "failed": tally(0, 1)}, {"ok": 0, "failed": 101}
    lines = [
        start(), suite(1), *both("one", first), tallies[first], end(codes[first]),
        start(OTHER), suite(1), *both("one", second), tallies[second], end(codes[second], OTHER),
    ]  # fmt: skip
    results = read_results(lines, {EXE: ("a", "same"), OTHER: ("a", "same")}, "a")
    assert results.outcomes == {TestId("a", "same", "one"): Outcome.FAILED}


# What libtest never says.

WHOLE = [start(), suite(2), *both("one", "ok"), *both("two", "failed"), tally(1, 1), end(101)]
SPOILT = {
    "no end of the suite": WHOLE[:6] + WHOLE[7:],
    "two ends": [*WHOLE[:7], tally(1, 1), end(101)],
    "an exit code that does not agree": [*WHOLE[:7], end(0)],
    "a suite that agrees with the exit code alone": [*WHOLE[:6], tally(2), end(0)],
    "left with exit code 0": [*WHOLE[:4], *both("two", "ok"), tally(2), '{"oxidizer":"left"}', end(0)],
    "one test more than there are": [*WHOLE[:6], *both("three", "ok"), tally(2, 1), end(101)],
    "one test less": [*WHOLE[:4], tally(1), end(0)],
    "something after the end": [*WHOLE[:7], event("one", "ok"), end(101)],
    "two beginnings": [start(), suite(2), *WHOLE[1:]],
    "an end whose word breaks no seal": [*WHOLE[:7], end(101, word="a guess")],
    "the end of another program": [*WHOLE[:7], end(101, OTHER)],
    "two programs at once": [start(OTHER), *WHOLE],
    "the same program again": [*WHOLE, *WHOLE],
}


def test_a_program_that_says_what_libtest_does_not_is_in_doubt_as_a_whole() -> None:
    assert not read(*WHOLE).doubted
    for name, lines in SPOILT.items():
        results = read(*lines)
        assert not results.passed, name
        assert lib("one") in results.doubted, name


def test_a_test_of_which_more_than_one_outcome_is_told_is_in_doubt_and_no_other() -> None:
    results = read(
        start(), suite(2), *both("one", "ok"), event("two", "started"), event("two", "ok"), event("two", "failed"),
        tally(1, 1), end(101),
    )  # fmt: skip
    assert results.outcomes == {lib("one"): Outcome.PASSED, lib("two"): Outcome.LOST}
    assert (results.doubted, results.forged) == ({lib("two")}, True)


def test_an_event_hides_none_behind_it_on_the_same_line() -> None:
    line = event("two", "ok") + event("two", "failed")
    results = read(start(), suite(1), event("two", "started"), line, tally(0, 1), end(101))
    assert results.outcomes == {lib("two"): Outcome.LOST}


def test_tests_that_a_program_does_not_list_are_not_listened_to() -> None:
    lines = [start(), suite(1), *both("one", "ok"), *both("nobody", "ok"), tally(1), end(0)]
    assert read(*lines).strange
    listed = read_listed([start(), '{ "type": "test", "event": "discovered", "name": "one" }', end(0)])
    results = read_results(lines, EXECUTABLES, "a", known=listed)
    assert results.outcomes == {lib("one"): Outcome.PASSED}
    assert not results.doubted


RESULTS = {"ok": Outcome.PASSED, "failed": Outcome.FAILED, "ignored": Outcome.IGNORED}


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[str], dict[TestId, Outcome], random.Random]:
    """A program's events as libtest tells them with several threads, and what they mean."""
    told = draw(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(sorted(RESULTS)), max_size=6))
    rng = random.Random(draw(st.integers(0, 1 << 30)))
    pending, events = [both(name, what) for name, what in told.items()], list[str]()
    while pending := [pair for pair in pending if pair]:
        events.append(rng.choice(pending).pop(0))
    count = [list(told.values()).count(what) for what in ("ok", "failed", "ignored")]
    lines = [start(), suite(len(told)), *events, tally(*count), end(101 if count[1] else 0)]
    return lines, {lib(name): RESULTS[what] for name, what in told.items()}, rng


@given(programs())
def test_whatever_the_order_what_libtest_tells_is_believed(
    program: tuple[list[str], dict[TestId, Outcome], random.Random],
) -> None:
    lines, outcomes, _ = program
    results = read(*lines)
    assert (results.outcomes, results.doubted, results.forged, results.crashed) == (outcomes, frozenset(), False, ())


FORGERIES = st.lists(
    st.one_of(
        st.builds(event, st.sampled_from("abcdefghij"), st.sampled_from(["started", "ok", "failed", "ignored"])),
        st.builds(suite, st.integers(0, 6)), st.builds(tally, st.integers(0, 6)), st.just('{"oxidizer":"left"}'),
        st.builds(start, st.sampled_from([EXE, OTHER])),
        st.builds(lambda code, exe: end(code, exe, "a guess"), st.integers(0, 1), st.sampled_from([EXE, OTHER])),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(programs(), FORGERIES, st.booleans())
def test_whatever_a_program_adds_no_test_passes_that_libtest_does_not_let_pass(
    program: tuple[list[str], dict[TestId, Outcome], random.Random], forged: list[str], leaves: bool
) -> None:
    """Words of its own anywhere between the shim's marks; with `leaves` its own are the last, and the exit code 0."""
    lines, outcomes, rng = program
    middle = lines[1:-1]
    cut = rng.randint(1, len(middle))  # libtest has begun
    if leaves:
        lines = [lines[0], *middle[:cut], *forged, '{"oxidizer":"left"}', end(0)]
    else:
        for word in forged:
            middle.insert(rng.randrange(len(middle) + 1), word)
        lines = [lines[0], *middle, lines[-1]]
    results = read(*lines)
    honest = {test for test, outcome in outcomes.items() if outcome is Outcome.PASSED}
    assert {t for t in results.passed if t.target == "lib"} <= (set() if leaves else honest)


def test_doctests_are_keyed_by_item_and_stay_when_lines_move() -> None:
    def results(shift: int) -> TestResults:
        events = [event(f"src/lib.rs - f (line {line + shift})", "ok" if line < 50 else "failed") for line in (90, 9)]
        odd = [event(f"src/lib.rs - g (line {8 + shift}) - compile fail", "ok")]
        return read(*odd, *events, event(f"README.md - (line {shift + 1})", "ok"))

    assert results(0).outcomes == results(10).outcomes
    named = {test.name: outcome for test, outcome in results(0).outcomes.items()}
    assert named == {
        "src/lib.rs - f #1": Outcome.PASSED,
        "src/lib.rs - f #2": Outcome.FAILED,
        "src/lib.rs - g - compile fail #1": Outcome.PASSED,
        "README.md - #1": Outcome.PASSED,
    }
    assert all(test.is_doctest for test in results(0).outcomes)


def test_a_doctest_of_which_two_things_are_told_is_in_doubt() -> None:
    name = "src/lib.rs - f (line 1)"
    results = read(event(name, "failed"), event(name, "ok"))
    assert list(results.outcomes.values()) == [Outcome.LOST]
    assert results.doubted == results.outcomes.keys()
    assert len(read(event(name, "ok"), event(name, "ok")).passed) == 1, "a text that is included twice"


def test_filters_find_what_they_name() -> None:
    assert lib("tests::one").filter == "tests::one"
    assert TestId("a", "doctest", "src/lib.rs - g - compile fail #1").filter == "src/lib.rs - g"
