"""In which order crates are mined: by what they are expected to give, so that a run that stops early holds the best.

What is expected of a crate is what an earlier run had of it (`--like RUN`); of others it is told by the size of the
packed crate where cargo's cache has it, at the pace of the crates that are known; else it is what a crate gives in the
middle. The list's own order decides between equals.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from oxidizer.cluster.rundir import Json, RunDirectory


@dataclass(frozen=True)
class Expected:
    """What a unit is expected to take and to give."""

    seconds: float
    tuples: float

    @property
    def rate(self) -> float:
        """Tuples per second."""
        return self.tuples / self.seconds


# The starter list with injected bugs: two packed crates of 11 KiB took 30 and 74 s and gave 550 and 509 tuples, 13 of
# 30 to 212 KiB took 60 to 107 s and gave 713 to 800, which is the cap. That seconds grow on with the size is a guess.
# Only the ratios of two crates count.
_BASE_S, _S_PER_KIB = 50.0, 0.5
_TUPLES_AT_CAP, _HALF_KIB = 900.0, 7.0


def by_size(kib: float) -> Expected:
    """Of a crate of which only the packed size is known."""
    return Expected(_BASE_S + _S_PER_KIB * kib, _TUPLES_AT_CAP * kib / (kib + _HALF_KIB))


class Expectations:
    """What is known before a run: earlier runs, and the crates that cargo holds."""

    def __init__(
        self, runs: Iterable[RunDirectory] = (), sizes: Callable[[str, str], float | None] | None = None
    ) -> None:
        """`sizes` tells the packed size of a name and version in KiB, or None. Raises ValueError for a damaged run."""
        self._known: dict[tuple[str, str], Expected] = {}
        for summary in (summary for run in runs for summary in run.summaries() if "wall_s" in summary):
            found = Expected(max(summary["wall_s"], 1.0), summary.get("counts", {}).get("kept", 0))
            # Another version of a crate tells of this one where nothing nearer does.
            self._known[summary["crate"], ""] = self._known[summary["crate"], summary.get("version", "")] = found
        self._size = sizes or (lambda name, version: None)

    def of(self, units: Sequence[Json]) -> list[Expected]:
        """For each unit."""
        found = [self._of(unit) for unit in units]
        told = [one for one in found if one]
        usual = (
            Expected(median(one.seconds for one in told), median(one.tuples for one in told)) if told else by_size(30)
        )
        return [one or usual for one in found]

    def _of(self, unit: Json) -> Expected | None:
        for version in (unit["version"], ""):
            if known := self._known.get((unit["crate"], version)):
                return known
        kib = self._size(unit["crate"], unit["version"])
        return by_size(kib) if kib is not None else None


def in_order(units: Sequence[Json], expected: Sequence[Expected], workers: int) -> list[Json]:
    """The units, those with the highest rate first; but one that would outlast all the rest begins in time.

    That is: whenever the longest unit left takes as long as the others left need on `workers` workers, it is next.
    """
    best = deque(sorted(range(len(units)), key=lambda i: (-expected[i].rate, i)))
    longest = deque(sorted(range(len(units)), key=lambda i: (-expected[i].seconds, i)))
    left_s = sum(one.seconds for one in expected)
    order: dict[int, Json] = {}
    while len(order) < len(units):
        for queue in (best, longest):
            while queue[0] in order:
                queue.popleft()
        long_s = expected[longest[0]].seconds
        chosen = longest[0] if workers > 1 and long_s >= (left_s - long_s) / workers else best[0]
        order[chosen] = units[chosen]
        left_s -= expected[chosen].seconds
    return list(order.values())


def cached_sizes(cargo_home: Path) -> Callable[[str, str], float | None]:
    """The packed sizes of the crates in cargo's cache, in KiB, by name and version."""
    sizes = {path.name: path.stat().st_size / 1024 for path in cargo_home.glob("registry/cache/*/*.crate")}
    return lambda name, version: sizes.get(f"{name}-{version}.crate")
