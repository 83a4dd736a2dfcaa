"""Mending a moved crate by hunks of its own later version, as few of them as do.

First the hunks in the items that the compiler complains of, then all of those files, then all. What the tools suggested
stays where no hunk lies. Not promised that a hunk does one thing: authors change lines beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import by_file, conflict, map_back
from oxidizer.cluster.policy import LESSON, screen
from oxidizer.cluster.syntax import outer_item
from oxidizer.miners.migration.fixes import Fix, all_edits
from oxidizer.miners.migration.ground import Ground, View
from oxidizer.miners.migration.minimise import OutOfTries, minimise
from oxidizer.miners.migration.repair import UNSURE, Repair, mend
from oxidizer.miners.migration.successors import NEXT
from oxidizer.miners.recipe import Migration

_TURNS = 3
Near = Callable[[Fix, Iterable[tuple[str, int]]], bool]


def mend_by_history(
    ground: Ground, repair: Repair, hunks: Sequence[Fix], pool: Callable[[], Sequence[Fix]], caps: Migration
) -> bool:
    """Whether hunks of a later version mend what is left of a repair, which then holds those that are needed.

    What they have to bring is that all compiles; where it does, that less is complained of. A move that needs very many
    is another version, and no move.
    """
    honest = [hunk for hunk in hunks if not screen(hunk.edits, ground.bench.read, policy=LESSON)]
    view = repair.view
    if view is None or not view.ended or not honest:
        return False
    found = _grown(ground, repair, honest, pool, caps)
    if found is None:
        return False
    needed = _needed(ground, found, caps)
    if sum(NEXT in fix.by for fix in needed) > caps.hunks:
        return False
    repair.fixes, repair.seen, repair.found = needed, repair.seen | found.seen, repair.found or found.found
    repair.view = ground.look(needed)
    return True


def _grown(
    ground: Ground, repair: Repair, hunks: Sequence[Fix], pool: Callable[[], Sequence[Fix]], caps: Migration
) -> Repair | None:
    """A repair with hunks in it that is whole; None where no choice of hunks makes one."""
    goal, laid = _goal(repair.view), list(repair.fixes)
    # For a warning nobody goes far.
    for near in (_in_item(ground), _in_file, _anywhere) if repair.left or not repair.is_whole else (_in_item(ground),):
        chosen: list[Fix] = []
        view, there = repair.view, laid
        for _ in range(_TURNS):
            assert view is not None
            places = list(_places(view.errors or view.warnings, there))
            more = [hunk for hunk in hunks if hunk not in chosen and near(hunk, places)]
            if not more or len(chosen) + len(more) > caps.fixes:
                break
            chosen += more
            there = [fix for fix in laid if conflict([*fix.edits, *all_edits(chosen)]) is None] + chosen
            grown = Repair(list(there))
            mend(ground, grown, pool, rounds=caps.rounds, most=caps.fixes, unsure=False)
            if grown.view is not None and goal(grown.view):
                return grown
            if grown.view is None or not grown.view.ended:
                break
            view, there = grown.view, grown.fixes
    return None


def _goal(before: View | None) -> Callable[[View], bool]:
    """What hunks have to come to."""
    if before is None or before.errors or not before.is_whole:
        return lambda view: view.is_whole
    return lambda view: view.is_whole and len(view.warnings) < len(before.warnings)


def _needed(ground: Ground, grown: Repair, caps: Migration) -> list[Fix]:
    """The fixes without the hunks and the guesses that nothing needs; with some where that takes too many builds."""
    hunks = [fix for fix in grown.fixes if NEXT in fix.by or UNSURE in fix.by]
    others = [fix for fix in grown.fixes if fix not in hunks]
    most = len(grown.view.warnings) if grown.view else 0

    def is_enough(part: Sequence[Fix]) -> bool:
        view = ground.look([*others, *part])
        return view.is_whole and len(view.warnings) <= most

    try:
        return [*others, *minimise(hunks, is_enough, caps.minimising)]
    except OutOfTries as tired:
        return [*others, *(fix for fix in hunks if fix in tired.best)]


def _places(shown: Iterable[Diagnostic], fixes: Sequence[Fix]) -> Iterable[tuple[str, int]]:
    """Where diagnostics stand in the source."""
    laid = by_file(all_edits(fixes))
    for diagnostic in shown:
        for span in (s for s in diagnostic.spans if s.in_source):
            yield span.file, map_back(span.byte_start, laid.get(span.file, []))


def _in_item(ground: Ground) -> Near:
    def near(hunk: Fix, places: Iterable[tuple[str, int]]) -> bool:
        edit = hunk.edits[0]
        own = [at for file, at in places if file == edit.file]
        if not own:
            return False
        source = ground.bench.read(edit.file)
        items = {outer_item(source, min(at, len(source)), min(at, len(source))) for at in own}
        return any(start <= edit.end and edit.start <= end for start, end in items)

    return near


def _in_file(hunk: Fix, places: Iterable[tuple[str, int]]) -> bool:
    return any(file == hunk.edits[0].file for file, _ in places)


def _anywhere(hunk: Fix, places: Iterable[tuple[str, int]]) -> bool:
    return True
