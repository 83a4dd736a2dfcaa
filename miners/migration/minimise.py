"""Delta debugging: the part of a repair that is needed (Zeller and Hildebrandt, 2002, "ddmin")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class OutOfTries(Exception):
    """The part was not found in as many tries as were allowed; `best` is the smallest one that was enough."""

    def __init__(self, best: Sequence[object]) -> None:
        super().__init__(f"{len(best)} items are left")
        self.best = best


def minimise(items: Sequence[T], is_enough: Callable[[Sequence[T]], bool], most: int) -> list[T]:
    """A part of the items, in order, that is enough and of which no single item can go.

    All items together must be enough. Raises OutOfTries after asking `is_enough` `most` times.
    """
    asked: dict[tuple[int, ...], bool] = {}

    def holds(numbers: Sequence[int]) -> bool:
        if (key := tuple(numbers)) not in asked:
            if len(asked) >= most:
                raise OutOfTries([items[n] for n in kept])
            asked[key] = is_enough([items[n] for n in numbers])
        return asked[key]

    kept, parts = list(range(len(items))), 2
    if kept and holds([]):
        return []
    while len(kept) > 1:
        size = -(-len(kept) // parts)
        chunks = [kept[at : at + size] for at in range(0, len(kept), size)]
        smaller = next((chunk for chunk in chunks if holds(chunk)), None) if parts == 2 else None
        without = next((rest for c in chunks if (rest := [n for n in kept if n not in c]) and holds(rest)), None)
        if smaller is not None:
            kept, parts = smaller, 2
        elif without is not None:
            kept, parts = without, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(parts * 2, len(kept))
    return [items[n] for n in kept]
