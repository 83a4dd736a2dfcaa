"""Mending a moved crate by what the tools suggest, in rounds: errors hide behind errors.

An edition's own lint, which `cargo fix --edition` goes by, comes before the error's suggestion, and what the tools are
sure of before what they are not. Nothing that silences is taken. Not promised: that what compiles does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from oxidizer.cluster.build import Build
from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic, Key
from oxidizer.cluster.diagnostics import Fix as Suggestion
from oxidizer.cluster.edits import Edit, EditConflict, conflict
from oxidizer.cluster.policy import LESSON, screen
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.migration.fixes import Fix, all_edits, forward, woven
from oxidizer.miners.migration.ground import Ground, View

SUGGESTION = "suggestion"
UNSURE = "unsure suggestion"
_MAYBE = "MaybeIncorrect"


@dataclass
class Repair:
    """A move being mended."""

    fixes: list[Fix] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)
    """What the moved crate showed on the way."""
    found: int = 0
    """Errors at the start, or warnings where there are none."""
    view: View | None = None
    """What it shows now."""
    grounds: list[tuple[Ground, Build]] = field(default_factory=list)
    """Where all compiles, and what is shown there: the code first, then its tests."""

    @property
    def left(self) -> tuple[Diagnostic, ...]:
        """The errors that are left."""
        return self.view.errors if self.view else ()

    @property
    def is_whole(self) -> bool:
        """All compiles."""
        return self.view is not None and self.view.is_whole


def mend(
    ground: Ground, repair: Repair, pool: Callable[[], Sequence[Fix]], *, rounds: int, most: int, unsure: bool
) -> None:
    """Lay suggestions upon a repair until nothing is left, none helps, or after some rounds, or `most` fixes.

    `pool` gives fixes of the source, asked for once and only if needed: they come first where they touch a diagnostic's
    place. What the tools are not sure of is taken only if `unsure`: tests have to tell.
    """
    given: Sequence[Fix] | None = None
    for turn in range(rounds + 1):
        repair.view = view = ground.look(repair.fixes)
        repair.seen |= {d.key for d in (*view.errors, *view.warnings)}
        if turn == 0 and not repair.found:
            repair.found = len(view.errors or view.warnings)
        if not view.ended or turn == rounds or len(repair.fixes) > most:
            return
        wanted = view.errors or view.warnings
        if given is None:
            given = pool() if wanted else ()
        chosen = _chosen(wanted, repair.fixes, given, ground, unsure)
        if not chosen:
            return
        repair.fixes = woven(repair.fixes, chosen, ground.bench.read)


def _chosen(
    wanted: Sequence[Diagnostic], fixes: Sequence[Fix], pool: Sequence[Fix], ground: Ground, unsure: bool
) -> list[Fix]:
    """The fixes to lay on next: sure ones if there are any; of those that touch each other, the first."""
    offers = list(_offers(wanted, fixes, pool))
    current = _Reader(ground, fixes)
    for sure in (True, False) if unsure else (True,):
        able = [fix for fix in offers if (UNSURE not in fix.by) is sure and current.changes(fix)]
        taken = _apart(able)
        # To look at them one by one takes a parse of the file for each.
        if not current.allows(all_edits(taken)):
            taken = _apart(able, lambda fix: current.allows(fix.edits))
        if taken:
            return taken
    return []


def _apart(fixes: Sequence[Fix], takes: Callable[[Fix], bool] = lambda _: True) -> list[Fix]:
    """Those of the fixes that `takes` takes, and that touch no earlier one of them."""
    taken: list[Fix] = []
    for fix in fixes:
        if conflict([*all_edits(taken), *fix.edits]) is None and takes(fix):
            taken.append(fix)
    return taken


def _offers(wanted: Sequence[Diagnostic], fixes: Sequence[Fix], pool: Sequence[Fix]) -> Iterator[Fix]:
    """For each diagnostic what might mend it, as fixes of the code that shows it, the best first."""
    there = all_edits(fixes)
    laid = [Fix(forward(fix.edits, there), fix.by, fix.code) for fix in pool if conflict([*there, *fix.edits]) is None]
    for diagnostic in wanted:
        at = diagnostic.primary
        if at is None:
            continue
        for fix in laid:
            if any(e.file == at.file and e.start <= at.byte_end and at.byte_start <= e.end for e in fix.edits):
                yield Fix(fix.edits, fix.by, diagnostic.code)
        yield from (Fix(s.edits, by, diagnostic.code) for s, by in _suggestions(diagnostic))


def _suggestions(diagnostic: Diagnostic) -> Iterator[tuple[Suggestion, str]]:
    told = diagnostic.fixes()
    yield from ((s, SUGGESTION) for s in told if s.applicability == MACHINE_APPLICABLE)
    yield from [(s, UNSURE) for s in told if s.applicability == _MAYBE][:1]


class _Reader:
    """The code that fixes are laid upon."""

    def __init__(self, ground: Ground, fixes: Sequence[Fix]) -> None:
        self._read = ground.bench.reader(ground.layer(fixes))

    def changes(self, fix: Fix) -> bool:
        """The fix changes Rust code, and nothing else."""
        try:
            if all(self._read(e.file)[e.start : e.end] == e.replacement for e in fix.edits):
                return False
            return all(e.file.endswith(".rs") for e in fix.edits)
        except (EditConflict, FileNotFoundError):
            return False

    def allows(self, edits: Sequence[Edit]) -> bool:
        """The edits silence nothing."""
        try:
            return not screen(edits, self._read, policy=LESSON)
        except (EditConflict, FileNotFoundError):
            return False


def edition_lints(bench: Workbench, editions: Sequence[str], command: Sequence[str]) -> list[Fix]:
    """What `cargo fix --edition` would do on the way to editions: the sure fixes of their lints, on the source."""
    asked = [word for edition in editions for word in ("-W", f"rust-{edition}-compatibility")]
    build = bench.observe([*command, "-A", "clippy::all", *asked])
    found: list[Fix] = []
    for diagnostic in build.diagnostics if build.finished and not build.forged else ():
        if diagnostic.package == build.package:
            sure = [s for s in diagnostic.fixes() if s.applicability == MACHINE_APPLICABLE]
            found += [Fix(s.edits, "edition lint", diagnostic.code) for s in sure[:1]]
    return found
