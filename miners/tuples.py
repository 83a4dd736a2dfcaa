"""From a proven trial to a record: the one place where `diag_fix` tuples and rejects are made."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from oxidizer import __version__
from oxidizer.cluster import diagnostics as dg
from oxidizer.cluster.classes import class_of
from oxidizer.cluster.edits import Edit, apply, by_file, map_back, unified_diff
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.policy import RECORD, names, screen
from oxidizer.cluster.syntax import is_manifest, item_region, table_region
from oxidizer.cluster.verdict import Trial, Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets import records
from oxidizer.miners.difficulty import difficulty, is_far

LOCK = "Cargo.lock"
"""A unit's lock file, relative to its folder."""
SOURCE_ARCHIVE = "source.tar.gz"
"""The sources of a unit of the user's own, relative to its folder."""
MIGRATION = "migration"
"""The origin of a migration's tuples, and the stage of its rejects: their setup is a move."""
_REACH = 16 * 1024
"""The most bytes of a run of items that is made longer for what the diagnostic marks."""


@dataclass(frozen=True)
class Unit:
    """What every tuple of one crate says of its source."""

    crate: str
    version: str
    source: str
    """registry or path."""
    member: str
    license: str
    source_url: str
    repo: str | None
    commit: str | None
    sealed: bool
    toolchain: str
    tools: Path
    """The toolchain's bin folder on this host."""


def probe(args: Sequence[str]) -> records.Probe:
    """A probe that needs no environment."""
    return records.Probe(args=list(args), env=[])


def error(diagnostic: dg.Diagnostic, tool: str | None = None) -> records.Error:
    """A diagnostic as a record shows it."""
    at = diagnostic.primary
    assert at is not None
    kind = tool or ("clippy" if (diagnostic.code or "").startswith("clippy::") else "rustc")
    return records.Error(
        tool=kind,  # type: ignore[arg-type]  # validated by the record
        level=diagnostic.level,
        code=diagnostic.code,
        message=diagnostic.message,
        span=_span(at),
        suggestions=[_suggestion(fix) for fix in diagnostic.fixes()],
        rendered=diagnostic.rendered,
    )


def _span(span: dg.Span) -> records.Span:
    return records.Span(**{name: getattr(span, name) for name in records.Span.model_fields})


def _suggestion(fix: dg.Fix) -> records.Suggestion:
    parts = [records.SuggestionPart(span=_span(s), replacement=s.replacement or "") for s in fix.spans]
    return records.Suggestion(message=fix.message, applicability=fix.applicability, parts=parts)  # type: ignore[arg-type]


def diag_fix(
    bench: Workbench, unit: Unit, trial: Trial, verdict: Verdict, args: Sequence[str], *, tool: str | None = None,
    origin: str, operator: str | None, trivial: bool, explanation: str, lineage: Sequence[str],
    given: bool = True, rare: bool = False, failing: Collection[TestId] = (), at: Sequence[Edit] = (),
) -> records.DiagFix:  # fmt: skip
    """The tuple of a green trial. `args` are the probe's; `given` says that the diagnostic shows this very fix, and
    `rare` that its code seldom comes in this crate.

    `failing` are the tests that fail before and pass after, where they are what shows the error. `at` is the fix as
    edits of the source, where the setup is more than what the fix mends.
    """
    shown = error(trial.target, tool)
    read = bench.reader(trial.setup)
    patch = unified_diff(trial.edits, read)
    file = min(e.file for e in trial.edits)
    before, after = excerpts(bench, trial, file)
    vouched: Literal["pass", "none"] = "pass" if bench.baseline.passing else "none"
    fields: dict[str, Any] = {
        "crate": unit.crate, "version": unit.version, "source": unit.source, "member": unit.member,
        "lock": LOCK, "setup_diff": unified_diff(trial.setup, bench.read), "error": shown,
        "more_errors": [error(d) for d in verdict.more if d.primary],
        "file": file, "code_before": before, "patch_diff": patch, "code_after": after,
        "probe": probe(args), "toolchain": unit.toolchain,
        "tests": records.Tests(before="fail" if failing else vouched, after=vouched, names=_names(failing)),
        "explanation": explanation, "class": class_of(shown.tool, shown.code, shown.message),
        "origin": origin, "operator": operator, "trivial": trivial,
        "difficulty": difficulty(
            given=given, rare=rare, patch=patch, diagnostics=1 + len(verdict.more),
            far=is_far(trial.edits, shown.span.file, shown.span.byte_start, shown.span.byte_end),
        ),
        "sealed": unit.sealed,
        "verdict": records.RecordedVerdict(
            scope=verdict.scope, audited=verdict.audited, covered=bench.covered(at or trial.setup or trial.edits),
            flags=sorted({*verdict.flags, *names(screen(trial.edits, read, policy=RECORD))}),
        ),
        "lineage": [*lineage, f"oxidizer:{__version__}"],
        "license": unit.license, "source_url": unit.source_url, "commit": unit.commit,
        "provenance": records.Provenance(repo=unit.repo, commit=unit.commit), "parents": [],
    }  # fmt: skip
    return records.DiagFix.new(**fields)


def _names(tests: Collection[TestId]) -> list[records.TestName]:
    return [records.TestName(package=t.package, target=t.target, name=t.name) for t in sorted(tests)]


def reject(
    bench: Workbench, unit: Unit, trial: Trial, verdict: Verdict, args: Sequence[str], *, stage: str,
    tool: str | None = None, applicability: str | None,
) -> records.Reject:  # fmt: skip
    """The row of a trial that was not green, with enough to try it again."""
    shown = error(trial.target, tool)
    return records.Reject.new(
        crate=unit.crate, version=unit.version, source=unit.source, member=unit.member, lock=LOCK,
        stage=stage, reason=str(verdict.reason), detail=verdict.detail,
        tool=shown.tool, code=shown.code, applicability=applicability,
        probe=probe(args), error=shown, setup_diff=unified_diff(trial.setup, bench.read),
        patch_diff=unified_diff(trial.edits, bench.reader(trial.setup)), toolchain=unit.toolchain,
        license=unit.license, source_url=unit.source_url, commit=unit.commit, parents=[],
    )  # fmt: skip


def excerpts(bench: Workbench, trial: Trial, file: str) -> tuple[str, str]:
    """The code around a trial's edits of one file and what its diagnostic marks there, before and after: whole items,
    of a manifest whole tables.
    """
    own, at = by_file(trial.edits)[file], trial.target.primary
    marked = [at.byte_start, at.byte_end] if at is not None and at.file == file else []
    if trial.setup and file not in bench.texts(trial.setup, trial.edits):
        # The fix takes the setup back: the items are those of the healthy source.
        setup = by_file(trial.setup)[file]
        after, before = excerpt(bench.read(file), setup, [map_back(offset, setup) for offset in marked])
        return before, after
    return excerpt(bench.reader(trial.setup)(file), own, marked)


def excerpt(source: bytes, edits: Sequence[Edit], marked: Sequence[int] = ()) -> tuple[str, str]:
    """The smallest run of whole items, in a manifest of whole tables, around the edits of one file, before and after,
    byte for byte.

    It holds the `marked` offsets too, unless that takes more than 16 KiB, and on both sides at least a word.
    """
    region = table_region if is_manifest(edits[0].file) else item_region
    ranges = [(e.start, e.end) for e in edits]
    start, end = region(source, [*ranges, *((min(at, len(source)),) * 2 for at in marked)])
    if end - start > _REACH:
        start, end = region(source, ranges)
    sides = _sides(source, edits, start, end)
    while (start, end) != (0, len(source)) and not all(re.search(r"\w", text) for text in sides):
        start, end = region(source, [(start - 1, end) if start else (0, end + 1)])
        sides = _sides(source, edits, start, end)
    return sides


def _sides(source: bytes, edits: Sequence[Edit], start: int, end: int) -> tuple[str, str]:
    """A byte range around some edits, before and after."""
    moved = [Edit(e.file, e.start - start, e.end - start, e.replacement) for e in edits]
    return source[start:end].decode(), apply(source[start:end], moved).decode()
