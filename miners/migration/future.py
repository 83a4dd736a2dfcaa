"""The move to denied lints of the future: what the compiler will refuse one day, where it offers no fix of its own.

What it is sure how to mend, the suggestions miner takes. The rest is mended here by the crate's own later versions: by
the hunks in the item that is complained of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic
from oxidizer.cluster.lints import read_lints
from oxidizer.cluster.syntax import outer_item
from oxidizer.cluster.verdict import Trial
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.migration.fixes import Fix, all_edits
from oxidizer.miners.migration.lessons import Lesson
from oxidizer.miners.migration.minimise import OutOfTries, minimise
from oxidizer.miners.migration.move import Move
from oxidizer.miners.recipe import Migration

_GROUPS = {"future_incompatible", "rust_2018_compatibility", "rust_2021_compatibility", "rust_2024_compatibility"}
DEPRECATED = "deprecated"
"""What its own authors will take away one day."""
_MOST_HUNKS = 12
"""An item that a later version wrote anew teaches nothing about a lint."""


def future_move(lint: str) -> Move:
    """The move to a denied lint."""
    return Move("future", f"lint {lint}", f"`{lint}` is denied", ())


class Future:
    """Denied lints on one crate. `command` is clippy's, up to the words for lints."""

    def __init__(self, bench: Workbench, command: Sequence[str], caps: Migration, tools: Path) -> None:
        """`tools` is the toolchain's bin folder."""
        self.bench, self.caps = bench, caps
        known = read_lints(tools / "clippy-driver").values()
        self.lints = {lint.name for lint in known if not _GROUPS.isdisjoint(lint.groups)} | {DEPRECATED}
        self.command = (*command, "-A", "clippy::all")
        self.found: Counter[str] = Counter()
        """Complaints without a sure fix, by lint."""

    def lessons(self, later: Callable[[], Sequence[Sequence[Fix]]]) -> Iterator[Lesson]:
        """What `later` versions, each given by its hunks, mend; asked for only where there is something to mend."""
        build = self.bench.observe(
            [*self.command, *(word for lint in (*sorted(_GROUPS), DEPRECATED) for word in ("-W", lint))]
        )
        own = (
            [d for d in build.diagnostics if d.package == build.package] if build.finished and not build.forged else []
        )
        for told in own:
            if told.code is None or told.code not in self.lints or _is_sure(told):
                continue
            self.found[told.code] += 1
            if self.found[told.code] <= self.caps.per_code:
                yield from self._mended(told, later)

    def _mended(self, told: Diagnostic, later: Callable[[], Sequence[Sequence[Fix]]]) -> Iterator[Lesson]:
        probe = (*self.command, "-D", str(told.code))
        shown = (d for d in self.bench.observe(probe).diagnostics if d.is_error and d.code == told.code)
        target = next((d for d in shown if d.place[1:] == told.place[1:]), None)
        if target is None or target.primary is None or not target.primary.in_source:
            return
        at = target.primary
        start, end = outer_item(self.bench.read(at.file), at.byte_start, at.byte_end)
        for hunks in later():
            near = [
                h for h in hunks if h.edits[0].file == at.file and h.edits[0].start <= end and start <= h.edits[0].end
            ]
            if not 0 < len(near) <= _MOST_HUNKS:
                continue
            trial = Trial(all_edits(near), target, moved=True)
            if not self.bench.judge_probe([trial], probe).green:
                continue
            part = self._needed(near, trial, probe)
            trial = replace(trial, edits=all_edits(part))
            verdict = self.bench.judge(trial, probe)
            yield Lesson(trial, verdict, probe, Fix(trial.edits, part[0].by, told.code), rare=False)
            return

    def _needed(self, hunks: Sequence[Fix], trial: Trial, probe: Sequence[str]) -> Sequence[Fix]:
        def is_enough(part: Sequence[Fix]) -> bool:
            return bool(part) and self.bench.judge_probe([replace(trial, edits=all_edits(part))], probe).green

        try:
            return minimise(hunks, is_enough, self.caps.minimising)
        except OutOfTries as tired:
            return [hunk for hunk in hunks if hunk in tired.best]


def _is_sure(diagnostic: Diagnostic) -> bool:
    return any(fix.applicability == MACHINE_APPLICABLE for fix in diagnostic.fixes())
