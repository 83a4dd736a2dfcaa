"""rustfmt as a source of lessons: each hunk that it would change is a `diag_fix` of tool rustfmt, class style.

Stable rustfmt tells places only as text and changes only as formatted files: the places come from `cargo fmt --check`,
the changes from the formatted text of each file, cut where rustfmt cuts.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from oxidizer.cluster.cargo import Formatting
from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, unified_diff
from oxidizer.cluster.outcome import classify_status, last_words
from oxidizer.cluster.policy import flagged
from oxidizer.cluster.together import prove_tests
from oxidizer.cluster.verdict import GREEN, Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets.records import DiagFix, Reject
from oxidizer.miners.recipe import Recipe
from oxidizer.miners.tuples import Unit, diag_fix, reject

PROBE = ("fmt", "--", "--check")
MESSAGE = "this code is not formatted as rustfmt formats it"
# rustfmt begins a new hunk after three equal lines; so does difflib with a context of one.
_CONTEXT = 1
_ADVICE = (
    "rustfmt reports that this code is not formatted as the Rust style guide asks. A uniform layout keeps differences "
    "small and reading easy. The fix is rustfmt's own layout of these lines; they mean what they meant."
)


@dataclass(frozen=True)
class Formatted:
    """What rustfmt's hunks of one crate gave; `found` counts all of them, tried or not."""

    tuples: list[DiagFix]
    rejects: list[Reject]
    found: int


def mine_formatting(bench: Workbench, unit: Unit, recipe: Recipe, edition: str, seed: int) -> Formatted:
    """Tuples and rejects for at most `recipe.formatting` hunks.

    Only for a crate with its default features: rustfmt knows none, and a lesson is mined once.
    """
    if bench.cargo.features:
        return Formatted([], [], 0)
    source = bench.cargo.format_check()
    every = list(_trials(bench, source, edition))
    trials = sorted(every, key=lambda trial: _shuffled(trial, seed))[: recipe.formatting]
    if not trials:
        return Formatted([], [], len(every))
    judged = _prove(bench, source, trials)
    green = [trial for trial, verdict in judged if verdict.green]
    tuples: list[DiagFix] = []
    rejects: list[Reject] = []
    flags = {id(trial): verdict.flags for trial, verdict in judged}
    for trial, verdict in (*((t, v) for t, v in judged if not v.green), *prove_tests(bench, green)):
        if verdict.green:
            tuples.append(
                diag_fix(
                    bench, unit, trial, replace(verdict, flags=flags[id(trial)]), PROBE, tool="rustfmt",
                    origin="suggestion", operator=None,
                    trivial=True, explanation=_ADVICE, lineage=("miner:suggestions", f"recipe:{recipe.fingerprint}"),
                )
            )  # fmt: skip
        else:
            rejects.append(
                reject(bench, unit, trial, verdict, PROBE, stage="format", tool="rustfmt", applicability=None)
            )
    return Formatted(tuples, rejects, len(every))


def _shuffled(trial: Trial, seed: int) -> str:
    """A stable order that prefers no part of the crate."""
    return hashlib.sha256(f"{seed}\0{trial.target.place}".encode("utf-8", "surrogateescape")).hexdigest()


def prove_formatting(bench: Workbench, trial: Trial) -> Verdict:
    """The verdict on one change of layout in runs of its own, tests included."""
    tricks, refused = bench.screen(trial)
    if refused:
        return refused
    verdict = _judge(bench, bench.cargo.format_check(), trial.edits, {trial.edits[0].file: 1})
    return flagged(bench.judge_tests(trial.edits) if verdict.green else verdict, tricks)


def _prove(bench: Workbench, source: Formatting, group: Sequence[Trial]) -> list[tuple[Trial, Verdict]]:
    """As one run for all, where that is green; what the patch policy refuses is in no run."""
    screened = [(trial, *bench.screen(trial)) for trial in group]
    tricks = {id(trial): found for trial, found, _ in screened}
    fair = [trial for trial, _, refused in screened if not refused]
    proven = _run(bench, source, fair) if fair else []
    return [(trial, refused) for trial, _, refused in screened if refused] + [
        (trial, flagged(verdict, tricks[id(trial)])) for trial, verdict in proven
    ]


def _run(bench: Workbench, source: Formatting, group: Sequence[Trial]) -> list[tuple[Trial, Verdict]]:
    verdict = _judge(bench, source, [e for t in group for e in t.edits], Counter(t.edits[0].file for t in group))
    if verdict.green or len(group) == 1:
        return [(trial, verdict) for trial in group]
    return [pair for trial in group for pair in _run(bench, source, [trial])]


def _judge(bench: Workbench, source: Formatting, edits: Sequence[Edit], fewer: Mapping[str, int]) -> Verdict:
    """Each file asks for exactly as many hunks less as were applied to it, and the crate still compiles."""
    with bench.applied(edits):
        after, check = bench.cargo.format_check(), bench.cargo.check()
    if classify_status(after.run) or after.run.exit_code not in (0, 1):
        return Verdict(False, Reason.OUT_OF_LIMITS, f"rustfmt did not end: {last_words(after.run)}")
    if not check.ok:
        return Verdict(False, Reason.DOES_NOT_COMPILE, "cargo check fails on rustfmt's layout")
    for file, places in source.hunks.items():
        if len(after.hunks.get(file, [])) != len(places) - fewer.get(file, 0):
            return Verdict(False, Reason.STILL_THERE, f"rustfmt asks for other changes in {file}")
    return GREEN


def _trials(bench: Workbench, source: Formatting, edition: str) -> Iterator[Trial]:
    for file in sorted(source.hunks):
        try:
            text = bench.read(file).decode("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            continue
        formatted = bench.cargo.formatted(file, edition)
        if formatted is not None and "\r" not in text:
            yield from _hunks(file, text, formatted)


def _hunks(file: str, before: str, after: str) -> Iterator[Trial]:
    old, new = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (before, after))
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line.encode()))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        changes = [(a, b, c, d) for tag, a, b, c, d in group if tag != "equal"]
        edits = tuple(Edit(file, starts[a], starts[b], "".join(new[c:d]).encode()) for a, b, c, d in changes)
        yield Trial(edits, _diagnostic(file, before, old, starts, changes[0][0], changes[-1][1], edits))


def _diagnostic(
    file: str, before: str, old: Sequence[str], starts: Sequence[int], first: int, last: int, edits: tuple[Edit, ...]
) -> Diagnostic:
    end = max(first + 1, last)
    span = Span(
        file=file, byte_start=starts[first], byte_end=starts[min(end, len(old))], line_start=first + 1, line_end=end,
        column_start=1, column_end=len(old[end - 1]) if end <= len(old) else 1,
        is_primary=True, label=None, replacement=None, applicability=None, expansion=None,
    )  # fmt: skip
    patch = unified_diff(edits, lambda _: before.encode()).split("\n", 3)[-1]
    return Diagnostic("warning", None, MESSAGE, (span,), (), f"Diff in {file}:{first + 1}:\n{patch}")
