"""The report's figures of migrations: what became of each kind of move in all crates, and what nothing mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from oxidizer.miners.report.funnel import named, ranked
from oxidizer.miners.report.manifest import Move, Unit

NOTHING, MENDED = "nothing shows", "repaired"


@dataclass
class _Seen:
    outcomes: Counter[str] = field(default_factory=Counter)
    tuples: int = 0
    left: Counter[str] = field(default_factory=Counter)


def move_rows(units: Iterable[Unit]) -> dict[str, Any] | None:
    """`rows`: each move (dependencies together) with counts of crates or moves, most tuples first; `fixes` and `left`:
    where the tuples' fixes come from, and the errors that nothing mended, by code. None where nothing was moved.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    fixes, left = Counter[str](), Counter[str]()
    for unit in units:
        for move in unit.migration.moves if unit.migration else ():
            found = seen.setdefault((move.kind, _name(move)), _Seen())
            found.outcomes[move.outcome] += 1
            found.tuples += sum(move.kept.values())
            found.left.update(move.left)
            fixes.update(move.kept)
            left.update(move.left)
    if not seen:
        return None
    rows = [
        {
            "kind": kind,
            "name": name,
            "tried": found.outcomes.total(),
            "nothing": found.outcomes[NOTHING],
            "mended": found.outcomes[MENDED],
            "tuples": found.tuples,
            "others": [
                {"reason": reason, "count": count}
                for reason, count in ranked(found.outcomes)
                if reason not in (NOTHING, MENDED)
            ],
            "left": named(found.left),
        }
        for (kind, name), found in sorted(seen.items(), key=lambda item: (-item[1].tuples, item[0]))
    ]
    return {
        "rows": rows,
        "fixes": named(fixes),
        "left": named(left),
    }


def _name(move: Move) -> str:
    """Each crate has dependencies of its own."""
    return "a newer version of a dependency" if move.kind == "dependency" else move.name
