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
        "changed_lines": _histogram(tuples.counts("changed_lines"), LINES, _plain),
        "code_bytes": _histogram(tuples.counts("code_bytes"), BYTES, _kib),
    }


def _histogram(counts: Counter[int], ends: tuple[int, ...], told: Any) -> list[dict[str, Any]]:
    """Counts by steps that end at the given numbers, and one for what is beyond the last."""
    steps: Counter[int] = Counter()
    for value, count in counts.items():
        steps[bisect_left(ends, value)] += count
    names = [_step(before + 1, end, told) for before, end in pairwise((0, *ends))] + [f"over {told(ends[-1])}"]
    return [{"name": name, "count": steps[at]} for at, name in enumerate(names)]


def _step(first: int, last: int, told: Any) -> str:
    if told is _kib:
        return f"to {told(last)}"
    return str(last) if first == last else f"{first} to {last}"


def _plain(value: int) -> str:
    return str(value)


def _kib(value: int) -> str:
    return f"{value} B" if value < 1024 else f"{value // 1024} KiB"
