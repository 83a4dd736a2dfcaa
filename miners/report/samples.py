"""Which tuples the page shows: spread over classes, codes and crates, short enough to read, the same every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from oxidizer.miners.report.facts import TupleFacts

SAMPLES = 12
READABLE_LINES = 40


def choose(rows: Sequence[TupleFacts], count: int = SAMPLES) -> list[TupleFacts]:
    """Up to `count` tuples; each next one is of the code, class and crate seen least so far; the lowest id of those."""
    pool = sorted((row for row in rows if row.patch_lines <= READABLE_LINES), key=lambda row: row.id)
    pool = pool or sorted(rows, key=lambda row: row.patch_lines)[:count]
    seen: Counter[tuple[str, str]] = Counter()
    chosen: list[TupleFacts] = []
    while pool and len(chosen) < count:
        best = min(pool, key=lambda row: tuple(seen[trait] for trait in _traits(row)))
        pool.remove(best)
        chosen.append(best)
        seen.update(_traits(best))
    return chosen


def _traits(row: TupleFacts) -> list[tuple[str, str]]:
    return [("code", row.name), ("class", row.class_), ("crate", row.crate)]
