"""Several fixes proven in one run where that is the same as one run each, with bisection where the group fails.

Same means: no two fixes of a group lie in one function (their diagnostics cannot mask each other there), none renames
what others may name (two halves of a renaming are right only together), and the whole group takes exactly its own
diagnostics away. Not promised for fixes that lean on each other otherwise, e.g. both sides of an encoding that only
tests compare: so a sample is judged alone all the same, see `miners/suggestions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from oxidizer.cluster.edits import Edit, conflict
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.policy import flagged
from oxidizer.cluster.syntax import outer_item, renames
from oxidizer.cluster.verdict import Trial, Verdict
from oxidizer.cluster.workbench import Workbench

T = TypeVar("T")


def waves(trials: Iterable[Trial], read: Callable[[str], bytes]) -> list[list[Trial]]:
    """Trials in groups in which no two touch one item, in order; what renames something is a group by itself."""
    groups: list[tuple[set[tuple[str, int, int]], list[Trial]]] = []
    alone: list[list[Trial]] = []
    for trial in trials:
        if any(renames(read(e.file), e.start, e.end, e.replacement) for e in trial.edits):
            alone.append([trial])
            continue
        items = {(e.file, *outer_item(read(e.file), e.start, e.end)) for e in trial.edits}
        for taken, group in groups:
            if not any(_meet(item, other) for item in items for other in taken):
                taken |= items
                group.append(trial)
                break
        else:
            groups.append((items, [trial]))
    return [group for _, group in groups] + alone


def packs(trials: Iterable[Trial]) -> list[list[Trial]]:
    """Trials in groups whose edits can all be applied at once, in order."""
    groups: list[list[Trial]] = []
    for trial in trials:
        for group in groups:
            if conflict([*trial.edits, *(e for t in group for e in t.edits)]) is None:
                group.append(trial)
                break
        else:
            groups.append([trial])
    return groups


def prove_probe(bench: Workbench, group: Sequence[Trial], probe: Sequence[str]) -> list[tuple[Trial, Verdict]]:
    """The probe's verdict on each trial of a wave. What the patch policy refuses is in no run."""
    screened = [(trial, *bench.screen(trial)) for trial in group]
    tricks = {id(trial): found for trial, found, _ in screened}
    fair = [trial for trial, _, refused in screened if not refused]
    proven = _prove(bench, fair, probe) if fair else []
    return [(trial, refused) for trial, _, refused in screened if refused] + [
        (trial, flagged(verdict, tricks[id(trial)])) for trial, verdict in proven
    ]


def _prove(bench: Workbench, group: Sequence[Trial], probe: Sequence[str]) -> list[tuple[Trial, Verdict]]:
    verdict, blamed = bench.probe_together(group, probe)
    if len(group) == 1:
        return [(group[0], verdict)]
    if verdict.green:
        return [(trial, replace(verdict, scope="together")) for trial in group]
    rest = [trial for trial in group if trial not in blamed]
    if not blamed or not rest:
        return [pair for half in _halves(group) for pair in _prove(bench, half, probe)]
    alone = [pair for trial in blamed for pair in _prove(bench, [trial], probe)]
    return alone + _prove(bench, rest, probe)


def prove_tests(bench: Workbench, group: Sequence[Trial]) -> list[tuple[Trial, Verdict]]:
    """The tests' verdict on each trial of a pack: all tests run once for all trials.

    Where some fail, those tests alone find the culprits by bisection, and the rest is tested whole again.
    """
    if not group:
        return []
    verdict = bench.judge_tests(_edits(group), again=len(group) == 1)
    if len(group) == 1:
        return [(group[0], verdict)]
    if verdict.green:
        return [(trial, replace(verdict, scope="together")) for trial in group]
    culprits = _culprits(bench, group, verdict.broken) if verdict.broken else []
    if not culprits:
        return [pair for half in _halves(group) for pair in prove_tests(bench, half)]
    guilty = {id(trial) for trial, _ in culprits}
    return culprits + prove_tests(bench, [trial for trial in group if id(trial) not in guilty])


def _culprits(bench: Workbench, group: Sequence[Trial], broken: frozenset[TestId]) -> list[tuple[Trial, Verdict]]:
    """The trials of a group that break one of the tests by themselves."""
    verdict = bench.judge_tests(_edits(group), only=broken, again=len(group) == 1)
    if verdict.green:
        return []
    if len(group) == 1:
        return [(group[0], verdict)]
    return [pair for half in _halves(group) for pair in _culprits(bench, half, broken)]


def _edits(group: Sequence[Trial]) -> list[Edit]:
    return [edit for trial in group for edit in trial.edits]


def _halves(group: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = len(group) // 2
    return group[:middle], group[middle:]


def _meet(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
