"""From a mended move to tuples: each fix alone is taken out, and what the compiler then says is its lesson.

All lessons of a move lead to the same code, so its tests run once. Fixes that make no sense apart (taken out alone, one
brings an error that the moved crate never showed) are one lesson together.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic, counts
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.policy import flagged
from oxidizer.cluster.syntax import outer_item
from oxidizer.cluster.verdict import Trial, Verdict, stopped_verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets.records import Applicability, DiagFix, Reject
from oxidizer.miners.migration.fixes import Fix, all_edits, forward
from oxidizer.miners.migration.ground import Ground
from oxidizer.miners.migration.move import Move
from oxidizer.miners.migration.repair import Repair
from oxidizer.miners.migration.wording import explain_move
from oxidizer.miners.recipe import Migration
from oxidizer.miners.suggested import suggested
from oxidizer.miners.tuples import MIGRATION, Unit, diag_fix, reject

_RARE = 2
"""A code that at most so many fixes of a move are for is rare."""


@dataclass(frozen=True)
class Lesson:
    """One trial of a mended move, with its verdict."""

    trial: Trial
    verdict: Verdict
    probe: tuple[str, ...]
    fix: Fix
    rare: bool

    def failing(self, tests: Verdict) -> Lesson:
        """The same with the tests' verdict, where the compiler's was green."""
        return replace(self, verdict=replace(tests, more=self.verdict.more)) if self.verdict.green else self

    def record(self, bench: Workbench, unit: Unit, move: Move, lineage: Sequence[str]) -> DiagFix:
        """The tuple of a green one."""
        read = bench.reader(self.trial.setup)
        sure = suggested(self.trial.target, self.trial.edits, read)
        return diag_fix(
            bench, unit, self.trial, self.verdict, self.probe, origin=MIGRATION, operator=None,
            trivial=sure == MACHINE_APPLICABLE, given=sure is not None, rare=self.rare,
            explanation=explain_move(self.trial.target, move, self.trial.edits, read, unit.tools),
            lineage=[*lineage, f"move:{move.name}", f"repair:{self.fix.by}"], at=self.fix.edits,
        )  # fmt: skip

    def reject(self, bench: Workbench, unit: Unit) -> Reject:
        """The row of one that is not green."""
        read = bench.reader(self.trial.setup)
        sure: Applicability | None = suggested(self.trial.target, self.trial.edits, read)  # type: ignore[assignment]
        return reject(bench, unit, self.trial, self.verdict, self.probe, stage=MIGRATION, applicability=sure)


class Lessons:
    """The lessons of one mended move."""

    def __init__(
        self, ground: Ground, repair: Repair, caps: Migration, seed: int, taught: Set[Edit] = frozenset()
    ) -> None:
        """`taught` are edits of moves that made tuples before: what holds one is not drawn."""
        self.taught = taught
        self.ground, self.repair, self.caps, self.seed = ground, repair, caps, seed
        self.bench = ground.bench
        self.left_out: Counter[str] = Counter()
        """Fixes that gave no trial, by reason."""

    def proven(self) -> list[Lesson]:
        """All trials, with verdicts."""
        codes = Counter(fix.code for fix in self.repair.fixes)
        chosen = self._drawn(codes)
        found: list[Lesson] = []
        entangled: list[Fix] = []
        for fix in chosen:
            shown = self._trial([fix])
            if shown is None:
                self.left_out["the compiler does not ask for it"] += 1
            elif shown[0].target.key not in self.repair.seen:
                entangled.append(fix)
            else:
                found.append(self._lesson(*shown, fix, codes[fix.code] <= _RARE))
        if entangled and (together := self._trial(entangled)) is not None:
            whole = Fix(all_edits(entangled), entangled[0].by, together[0].target.code)
            found.append(self._lesson(*together, whole, rare=False))
            self.left_out["part of another"] += len(entangled) - 1
        else:
            self.left_out["the compiler does not ask for it"] += len(entangled)
        if not any(lesson.verdict.green for lesson in found):
            return found
        # Whatever is taken out and put back: they all end in this one.
        tests = self.bench.judge_tests(self.ground.layer(self.repair.fixes))
        return found if tests.green else [lesson.failing(tests) for lesson in found]

    def _lesson(self, trial: Trial, probe: tuple[str, ...], fix: Fix, rare: bool) -> Lesson:
        """A trial with the compiler's verdict."""
        tricks, refused = self.bench.screen(trial)
        verdict = refused or flagged(self.bench.judge_probe([trial], probe), tricks)
        return Lesson(trial, verdict, probe, fix, rare)

    def _trial(self, fixes: Sequence[Fix]) -> tuple[Trial, tuple[str, ...]] | None:
        """The fixes as a patch of the moved crate with all others in it, and the first command that shows what it is
        for; None where nothing shows without them.
        """
        rest = [fix for fix in self.repair.fixes if fix not in fixes]
        setup = self.ground.layer(rest)
        for ground, whole in self.repair.grounds:
            before = self.bench.before(ground.probe, setup)
            if stopped_verdict(before):
                continue
            more = counts(before.diagnostics) - counts(whole.diagnostics)
            target = _first([d for d in before.diagnostics if d.key in more and d.package == before.package])
            if target is not None:
                return Trial(forward(all_edits(fixes), setup), target, setup, moved=True), ground.probe
        return None

    def _drawn(self, codes: Counter[str | None]) -> list[Fix]:
        """The fixes to make lessons of: rare codes first, capped per code and function, the same ones each time."""
        per_code, per_item = Counter[str | None](), Counter[tuple[str, int, int]]()
        drawn: list[Fix] = []
        for fix in sorted(self.repair.fixes, key=lambda f: (codes[f.code], f.code or "", self._shuffled(f))):
            first = fix.edits[0]
            item = (first.file, *outer_item(self.bench.read(first.file), first.start, first.end))
            if not self.taught.isdisjoint(fix.edits):
                self.left_out["taught by a nearer move"] += 1
            elif per_code[fix.code] >= self.caps.per_code:
                self.left_out["cap per code"] += 1
            elif per_item[item] >= self.caps.per_function:
                self.left_out["cap per function"] += 1
            elif len(drawn) >= self.caps.tried:
                self.left_out["cap per move"] += 1
            else:
                per_code[fix.code] += 1
                per_item[item] += 1
                drawn.append(fix)
        return drawn

    def _shuffled(self, fix: Fix) -> str:
        place = f"{self.seed}\0{self.ground.move.name}\0{fix.edits}"
        return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()


def _first(shown: Sequence[Diagnostic]) -> Diagnostic | None:
    """The first diagnostic that stands in the crate's own files; an error, where there is one."""
    placed = [d for d in shown if d.primary is not None and d.primary.in_source]
    return next((d for d in placed if d.is_error), placed[0] if placed else None)
