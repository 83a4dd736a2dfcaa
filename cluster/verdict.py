"""What a trial came to, and how complaints before and after an edit are held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from oxidizer.cluster.build import Build
from oxidizer.cluster.diagnostics import Diagnostic, Key, unasked
from oxidizer.cluster.edits import Edit, by_file, map_back
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.outcome import Cause, last_words


class Reason(StrEnum):
    """Why a trial is not green."""

    DOES_NOT_APPLY = "does_not_apply"
    TRICK = "trick"
    """The patch policy refuses it: `flags` names why, see `cluster/policy.py`."""
    DOES_NOT_COMPILE = "does_not_compile"
    NOT_SHOWN = "not_shown"
    STILL_THERE = "still_there"
    NEW_DIAGNOSTIC = "new_diagnostic"
    NOT_ALONE = "not_alone"
    """A group took more away than its own diagnostics: whose doing that is, only runs of their own can tell."""
    TESTS_DO_NOT_COMPILE = "tests_do_not_compile"
    TESTS_FAIL = "tests_fail"
    TESTS_LOST = "tests_lost"
    TIMEOUT = "timeout"
    OUT_OF_LIMITS = "out_of_limits"
    COMPILES = "compiles"
    """A mutant that the compiler does not mind."""
    SURVIVES = "survives"
    """A change of behaviour that none of the tests that were tried minds."""
    UNCOVERED = "uncovered"
    """A change of behaviour in code that no test runs."""
    REFUTED = "refuted"
    """Judged alone, it shows something else than in a shared run."""
    FORGED = "forged"
    """Something spoke in the compiler's, cargo's or libtest's name: what it says is no word of theirs."""
    NO_PLACE = "no_place"
    """What a mutant shows stands nowhere in the crate's own files."""


TEST_REASONS = frozenset({Reason.TESTS_DO_NOT_COMPILE, Reason.TESTS_FAIL, Reason.TESTS_LOST})
"""The reasons that the tests give."""


@dataclass(frozen=True)
class Trial:
    """A fix under test: edits that shall take one diagnostic away."""

    edits: tuple[Edit, ...]
    target: Diagnostic
    setup: tuple[Edit, ...] = ()
    """What makes the code that shows the diagnostic out of the source; `edits` are edits of that code."""
    moved: bool = False
    """The setup is no mistake but moves the crate on, to a newer edition or dependency: the source is no model for the
    fix, and where the move breaks the build, only errors count as new."""


@dataclass(frozen=True)
class Verdict:
    """What a trial came to. Green: it compiles, the diagnostic is gone, nothing new came, and the tests still pass.

    Of a mutant: green where it shows a diagnostic that the source does not have, so that taking it back is a fix.
    """

    green: bool
    reason: Reason | None = None
    detail: str = ""
    scope: Literal["alone", "together", "batch"] = "alone"
    audited: bool = False
    more: tuple[Diagnostic, ...] = ()
    """Other diagnostics that the fix took away."""
    target: Diagnostic | None = None
    """The diagnostic that a mutant shows."""
    broken: frozenset[TestId] = frozenset()
    """Tests that passed on the source and do not pass on the fix."""
    flags: tuple[str, ...] = ()
    """Names of the tricks that were found: what a refusal is refused for, and what is worth knowing of a green one."""


GREEN = Verdict(green=True)


def added(now: Iterable[Diagnostic], source: Iterable[Diagnostic], edits: Sequence[Edit]) -> tuple[Diagnostic, ...]:
    """The complaints that edits bring: those at places that do not show them in the source."""
    known = Counter(spot(d, ()) for d in source)
    new = []
    for diagnostic in now:
        place = spot(diagnostic, edits)
        known[place] -= 1
        if known[place] < 0:
            new.append(diagnostic)
    return tuple(new)


def mutant_verdict(new: Sequence[Diagnostic], codes: Sequence[str] = ()) -> Verdict:
    """The verdict on a mutant that brings the diagnostics `new`, in the tool's order.

    Without `codes` it is a compile error, its target the first one. Else it is a lint: the code compiles, and the
    target is the first complaint with one of the codes, where there is none the first at all.
    """
    errors = [d for d in new if d.is_compile_error]
    if codes and errors:
        return Verdict(False, Reason.DOES_NOT_COMPILE, f"{errors[0].code or 'error'}: {errors[0].message}")
    shown = sorted(new, key=lambda d: d.code not in codes) if codes else errors
    if not shown:
        return Verdict(False, Reason.COMPILES)
    shown = [unasked(d) for d in shown] if codes else shown
    target = shown[0]
    if target.primary is None or not target.primary.in_source:
        return Verdict(False, Reason.NO_PLACE, f"{target.code or 'error'}: {target.message}")
    return replace(GREEN, target=target, more=tuple(d for d in shown[1:] if d.primary is not None))


def stopped_verdict(build: Build) -> Verdict | None:
    """The verdict where a command did not come to its end; None where it did."""
    if stopped := ended_verdict(build.cause):
        return stopped
    if build.forged:
        return forged_verdict(build.forged)
    if not build.finished:
        return Verdict(False, Reason.DOES_NOT_COMPILE, last_words(build.run))
    return None


def forged_verdict(flags: Iterable[str], detail: str = "") -> Verdict:
    """The verdict where tricks were seen."""
    flags = tuple(dict.fromkeys(flags))
    return Verdict(False, Reason.FORGED, detail or ", ".join(flags), flags=flags)


def ended_verdict(cause: Cause | None) -> Verdict | None:
    """The verdict where the sandbox ended a command; None where it did not."""
    match cause:
        case Cause.TIMEOUT | Cause.SILENT as cause:
            return Verdict(False, Reason.TIMEOUT, cause.value)
        case Cause.OOM | Cause.OUTPUT_LIMIT | Cause.NO_SPACE as cause:
            return Verdict(False, Reason.OUT_OF_LIMITS, cause.value)
    return None


def spot(diagnostic: Diagnostic, edits: Sequence[Edit]) -> tuple[Key, str, int]:
    """A complaint at its place in the source's own coordinates."""
    at = diagnostic.primary
    if at is None:
        return diagnostic.key, "", 0
    return diagnostic.key, at.file, map_back(at.byte_start, by_file(edits).get(at.file, []))
