"""Groups: what may share a run, and that no fix is lost or blamed for another's fault, whatever the mixture."""

from collections.abc import Sequence
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit, conflict
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.together import packs, prove_tests, waves
from oxidizer.cluster.verdict import GREEN, Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench

SOURCE = b"fn a() { 1; fn inner() { 2; } }\nfn b() { 3; }\nstruct C;\nimpl C { fn d() { 4; } fn e() { 5; } }\n"
TARGET = Diagnostic("warning", "some_lint", "words", (), (), "")


def trial(*texts: str, new: str = "x") -> Trial:
    found = [(SOURCE.index(t.encode()), len(t)) for t in texts]
    return Trial(tuple(Edit("a.rs", at, at + n, new.encode()) for at, n in found), TARGET)


def grouped(*trials: Trial) -> list[list[Trial]]:
    return waves(trials, lambda _: SOURCE)


def test_one_wave_where_functions_differ() -> None:
    assert len(grouped(trial("1"), trial("3"), trial("4"), trial("5"))) == 1


def test_one_function_one_trial() -> None:
    one, two, other = trial("1"), trial("2"), trial("3")
    assert grouped(one, two, other) == [[one, other], [two]]
    assert grouped(trial("1", "3"), trial("2", "4")) == [[trial("1", "3")], [trial("2", "4")]]
    assert len(grouped(trial("impl C"), trial("4"))) == 2


def test_what_renames_is_alone() -> None:
    one, other, renaming = trial("1"), trial("3"), trial("fn d", new="fn f")
    assert grouped(renaming, one, other) == [[one, other], [renaming]]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4)), max_size=12))
def test_packs_hold_all_and_never_clash(ranges: list[tuple[int, int]]) -> None:
    trials = [Trial((Edit("a.rs", a, a + n, b"x"),), TARGET) for a, n in ranges]
    groups = packs(trials)
    assert sorted(map(id, trials)) == sorted(id(t) for group in groups for t in group)
    assert all(conflict([e for t in group for e in t.edits]) is None for group in groups)


class Scripted:
    """A bench on which some edits break one test each, some end the run, and some pairs break one only together."""

    def __init__(self, breaks: set[int], ends: set[int], pairs: set[tuple[int, int]]) -> None:
        self.breaks, self.ends, self.pairs = breaks, ends, pairs

    def judge_tests(
        self, edits: Sequence[Edit], *, only: frozenset[TestId] | None = None, again: bool = True
    ) -> Verdict:
        there = {e.start for e in edits}
        if there & self.ends:
            return Verdict(False, Reason.OUT_OF_LIMITS, "oom")
        hit = {TestId("a", "lib", f"t{n}") for n in there & self.breaks}
        hit |= {TestId("a", "lib", f"p{a}") for a, b in self.pairs if {a, b} <= there}
        broken = frozenset(hit if only is None else hit & only)
        return Verdict(False, Reason.TESTS_FAIL, broken=broken) if broken else GREEN


@given(
    st.integers(0, 14),
    st.sets(st.integers(0, 13), max_size=5),
    st.sets(st.integers(0, 13), max_size=2),
    st.sets(st.tuples(st.integers(0, 13), st.integers(0, 13)).filter(lambda p: p[0] < p[1]), max_size=3),
)
def test_verdicts_are_those_of_each_alone(
    size: int, breaks: set[int], ends: set[int], pairs: set[tuple[int, int]]
) -> None:
    bench = cast("Workbench", Scripted(breaks, ends, pairs))
    trials = [Trial((Edit("a.rs", n, n, b"x"),), TARGET) for n in range(size)]
    verdicts = {id(t): v for t, v in prove_tests(bench, trials)}
    assert len(verdicts) == size
    for number, one in enumerate(trials):
        assert verdicts[id(one)].green == (number not in breaks | ends)
