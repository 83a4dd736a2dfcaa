"""Which tuples the page shows: spread over classes, codes and crates, short enough to read, the same every time."""

from __future__ import annotations

from collections import Counter, defaultdict

from oxidizer.miners.report.columns import Columns, TupleFacts

SAMPLES = 12
READABLE_LINES = 40

Traits = tuple[str, str, str]
"""Code, class and crate."""


def choose(tuples: Columns, count: int = SAMPLES) -> list[TupleFacts]:
    """Up to `count` tuples; each next one is of the code, class and crate seen least so far; the lowest id of those."""
    lines, ids = tuples.values("patch_lines"), tuples.values("id")
    readable = [at for at, size in enumerate(lines) if size <= READABLE_LINES]
    if not readable:
        return tuples.at(sorted(range(len(lines)), key=lambda at: (lines[at], ids[at]))[:count])
    traits = _traits(tuples)
    # Of those with the same traits the one with the lowest id comes last, to be taken first.
    pool: dict[Traits, list[int]] = defaultdict(list)
    for at in sorted(readable, key=lambda at: ids[at], reverse=True):
        pool[traits[at]].append(at)
    seen: Counter[tuple[int, str]] = Counter()
    chosen: list[int] = []
    while pool and len(chosen) < count:
        best = min(pool, key=lambda alike: (*(seen[trait] for trait in enumerate(alike)), ids[pool[alike][-1]]))
        chosen.append(pool[best].pop())
        seen.update(enumerate(best))
        if not pool[best]:
            del pool[best]
    return tuples.at(chosen)


def _traits(tuples: Columns) -> list[Traits]:
    names = [code or tool for code, tool in zip(tuples.values("code"), tuples.values("tool"), strict=True)]
    return list(zip(names, tuples.values("class_"), tuples.values("crate"), strict=True))
