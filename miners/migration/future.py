"""Moves to denied lints: what the compiler will refuse one day, and what a newer toolchain began to complain of.

What the tool is sure how to mend, the suggestions miner takes; of a new lint it is a lesson of the move, too. The rest
is mended here by the crate's own later versions: by the hunks in the item that is complained of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.lints import read_lints
from oxidizer.cluster.syntax import outer_item
from oxidizer.cluster.verdict import Trial
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.migration.fixes import Fix, all_edits
from oxidizer.miners.migration.lessons import Lesson
from oxidizer.miners.migration.minimise import OutOfTries, minimise
from oxidizer.miners.migration.move import Move
from oxidizer.miners.migration.repair import SUGGESTION
from oxidizer.miners.recipe import Migration

FUTURE = "future"
TOOLCHAIN = "toolchain"
_GROUPS = {"future_incompatible", "rust_2018_compatibility", "rust_2021_compatibility", "rust_2024_compatibility"}
DEPRECATED = "deprecated"
"""What its own authors will take away one day."""
_MOST_HUNKS = 12
"""An item that a later version wrote anew teaches nothing about a lint."""


def future_moves(tools: Path) -> dict[str, Move]:
    """The moves to denied lints of the future, by lint; `tools` is the toolchain's bin folder."""
    known = read_lints(tools / "clippy-driver").values()
    lints = {lint.name for lint in known if not _GROUPS.isdisjoint(lint.groups)} | {DEPRECATED}
    return {lint: Move(FUTURE, f"lint {lint}", f"`{lint}` is denied", ()) for lint in sorted(lints)}


def toolchain_moves(caps: Migration) -> dict[str, Move]:
    """The moves to what a newer toolchain complains of by itself and an older one did not, by lint."""
    of = caps.older.removeprefix("rustc ").partition(" ")[0]
    moved = f"the crate moved on from Rust {of}, which does not complain of it: " if of else ""
    return {
        lint: Move(TOOLCHAIN, f"Rust {of or 'of before'}: lint {lint}", f"{moved}`{lint}` is new", ())
        for lint in caps.new_lints
    }


class Denied:
    """Denied lints on one crate. `command` is clippy's, up to the words for lints."""

    def __init__(self, bench: Workbench, command: Sequence[str], caps: Migration, moves: Mapping[str, Move]) -> None:
        """`moves` are those to try, by lint."""
        self.bench, self.caps, self.moves = bench, caps, moves
        self.command = (*command, "-A", "clippy::all")
        self.found: Counter[str] = Counter()
        """Complaints, by lint; of lints of the future those without a sure fix."""

    def lessons(self, later: Callable[[], Sequence[Sequence[Fix]]]) -> Iterator[Lesson]:
        """What the tool is sure of, or `later` versions mend, each given by its hunks; they are asked for only where
        there is something to mend.
        """
        build = self.bench.observe([*self.command, *(word for lint in self.moves for word in ("-W", lint))])
        own = (
            [d for d in build.diagnostics if d.package == build.package] if build.finished and not build.forged else []
        )
        for told in own:
            if told.code is None or told.code not in self.moves or self._is_known(told):
                continue
            self.found[told.code] += 1
            if self.found[told.code] <= self.caps.per_code:
                yield from self._mended(told, later)

    def _is_known(self, told: Diagnostic) -> bool:
        """The suggestions miner's."""
        return self.moves[str(told.code)].kind == FUTURE and _sure(told) is not None

    def _mended(self, told: Diagnostic, later: Callable[[], Sequence[Sequence[Fix]]]) -> Iterator[Lesson]:
        probe = (*self.command, "-D", str(told.code))
        shown = (d for d in self.bench.observe(probe).diagnostics if d.is_error and d.code == told.code)
        target = next((d for d in shown if d.place[1:] == told.place[1:]), None)
        if target is None or target.primary is None or not target.primary.in_source:
            return
        if (edits := _sure(target)) is not None:
            trial = Trial(tuple(sorted(edits)), target, moved=True)
            if self.bench.judge_probe([trial], probe).green:
                yield self._lesson(trial, probe, SUGGESTION)
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
            yield self._lesson(replace(trial, edits=all_edits(part)), probe, part[0].by)
            return

    def _lesson(self, trial: Trial, probe: Sequence[str], by: str) -> Lesson:
        fix = Fix(trial.edits, by, trial.target.code)
        return Lesson(trial, self.bench.judge(trial, probe), tuple(probe), fix, rare=False)

    def _needed(self, hunks: Sequence[Fix], trial: Trial, probe: Sequence[str]) -> Sequence[Fix]:
        def is_enough(part: Sequence[Fix]) -> bool:
            return bool(part) and self.bench.judge_probe([replace(trial, edits=all_edits(part))], probe).green

        try:
            return minimise(hunks, is_enough, self.caps.minimising)
        except OutOfTries as tired:
            return [hunk for hunk in hunks if hunk in tired.best]


def _sure(diagnostic: Diagnostic) -> Sequence[Edit] | None:
    """What the tool is sure mends it, all in Rust code."""
    fixes = (fix.edits for fix in diagnostic.fixes() if fix.applicability == MACHINE_APPLICABLE)
    return next((edits for edits in fixes if all(edit.file.endswith(".rs") for edit in edits)), None)
