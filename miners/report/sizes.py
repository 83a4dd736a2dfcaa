"""How hard the tuples are and how large: counts by difficulty, by lines changed and by bytes of code shown."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from typing import Any

from oxidizer.miners.report.columns import Columns

LINES = (1, 2, 4, 8, 16, 32, 64)
BYTES = (128, 256, 512, 1024, 2048, 4096, 8192, 16384)
HARDEST = 5


def sizes(tuples: Columns) -> dict[str, Any]:
    """Three histograms, each `[{name, count}]` in order, empty steps included, whose counts add up to all tuples."""
    difficulty = tuples.counts("difficulty")
    return {
        "difficulty": [{"name": str(n), "count": difficulty[n]} for n in range(1, HARDEST + 1)],
        "changed_lines": _histogram(tuples.counts("changed_lines"), LINES, _ranges(LINES)),
        "code_bytes": _histogram(tuples.counts("code_bytes"), BYTES, [_bytes(end) for end in BYTES]),
    }


def _histogram(counts: Counter[int], ends: tuple[int, ...], names: list[str]) -> list[dict[str, Any]]:
    """Counts by steps that end at the given numbers, and one for what is beyond the last."""
    steps: Counter[int] = Counter()
    for value, count in counts.items():
        steps[bisect_left(ends, value)] += count
    return [{"name": name, "count": steps[at]} for at, name in enumerate((*names, "more"))]


def _ranges(ends: tuple[int, ...]) -> list[str]:
    """1, 2, 3 to 4, 5 to 8, ..."""
    return [str(last) if last == first + 1 else f"{first + 1} to {last}" for first, last in pairwise((0, *ends))]


def _bytes(value: int) -> str:
    return f"{value} B" if value < 1024 else f"{value // 1024} KiB"
