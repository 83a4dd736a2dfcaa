"""Test results from streams in which tests write too."""

import json

from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.libtest import CUSTOM_HARNESS, Outcome, TestId, TestResults, read_results

EXE = "/box/target/debug/deps/a-1"
START = json.dumps({"oxidizer": "start", "exe": EXE}, separators=(",", ":"))
SUITE = '{ "type": "suite", "event": "started", "test_count": 1 }'
EXECUTABLES = {EXE: ("a", "lib"), "/other": ("a", "outside")}


def end(code: int, exe: str = EXE) -> str:
    return json.dumps({"oxidizer": "end", "exe": exe, "code": code}, separators=(",", ":"))


def event(name: str, what: str) -> str:
    return json.dumps({"type": "test", "event": what, "name": name})


def read(*lines: str) -> TestResults:
    return read_results(lines, EXECUTABLES, "a")


def lib(name: str) -> TestId:
    return TestId("a", "lib", name)


def test_events_between_what_tests_print() -> None:
    results = read(
        "warming up", START, SUITE, event("one", "started"), '{"type" is what I print' + event("one", "ok"),
        event("two", "started") + "no newline", "{} [] {", "garbage" + event("two", "failed"),
        '{"type":"test","event":"ok"}', '{"type":"test","event":"ok","name":7}', '{"type":"test","event":["ok"]}',
        event("three", "ignored"), end(101),
    )  # fmt: skip
    assert results.outcomes == {lib("one"): Outcome.PASSED, lib("two"): Outcome.FAILED, lib("three"): Outcome.IGNORED}
    assert results.crashed == ()


@given(st.lists(st.text('{"}:,type oxdizer[]1\n', max_size=30), max_size=8))
def test_garbage_raises_nothing_and_hides_nothing(garbage: list[str]) -> None:
    lines = [text.replace("\n", "") for text in garbage]
    results = read(START, *lines, event("one", "started"), *lines, event("one", "ok"), *lines, end(0))
    assert results.outcomes[lib("one")] is Outcome.PASSED


def test_what_began_and_never_ended_is_lost() -> None:
    results = read(START, SUITE, event("one", "ok"), event("two", "started"), end(124))
    assert results.outcomes == {lib("one"): Outcome.PASSED, lib("two"): Outcome.LOST}
    assert results.crashed == ("lib",)


def test_a_stream_that_breaks_off() -> None:
    assert read(START, SUITE, event("one", "started")).outcomes == {lib("one"): Outcome.LOST}


def test_a_harness_of_its_own_is_one_test() -> None:
    assert read(START, "ok", end(0)).passed == {lib(CUSTOM_HARNESS)}
    assert read(START, end(3)).outcomes == {lib(CUSTOM_HARNESS): Outcome.FAILED}
    assert read(START, end(124)).outcomes == {lib(CUSTOM_HARNESS): Outcome.FAILED}


def test_a_target_without_tests_says_nothing() -> None:
    assert read(START, SUITE, end(0)).outcomes == {}


def test_the_same_name_in_two_targets() -> None:
    results = read(
        START, SUITE, event("one", "ok"), end(0),
        '{"oxidizer":"start","exe":"/other"}', SUITE, event("one", "failed"), end(101, "/other"),
    )  # fmt: skip
    assert results.outcomes == {lib("one"): Outcome.PASSED, TestId("a", "outside", "one"): Outcome.FAILED}


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


def test_filters_find_what_they_name() -> None:
    assert lib("tests::one").filter == "tests::one"
    assert TestId("a", "doctest", "src/lib.rs - g - compile fail #1").filter == "src/lib.rs - g"
