"""Two evaluations of one suite, case by case: what only the second mends, and what only the first does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

from oxidizer.cluster.rundir import RunDirectory
from oxidizer.eval.evaluation import read_results
from oxidizer.eval.score import Interval, bootstrap

Result = Mapping[str, Any]


class CannotCompare(ValueError):
    """The two are of different cases, or one is not finished."""


@dataclass(frozen=True)
class Comparison:
    """At one k."""

    k: int
    cases: int
    first: float
    second: float
    gained: tuple[str, ...]
    """The ids of cases that only the second mends."""
    lost: tuple[str, ...]
    difference: Interval
    """Of the shares, the second's less the first's, by a bootstrap over crates with their pairs."""
    p_value: float
    """That chance would have as many of the cases on which they differ fall to one side (McNemar's exact test)."""


def compare(first: Path, second: Path, ks: Sequence[int]) -> list[Comparison]:
    """Compare two evaluations at each k. Raises CannotCompare."""
    told = [_figures(folder) for folder in (first, second)]
    if told[0]["asked"]["cases"] != told[1]["asked"]["cases"]:
        raise CannotCompare(f"{first} and {second} are of different cases: evaluate both on one suite and sample")
    own = [{str(one["id"]): one for one in read_results(folder)} for folder in (first, second)]
    pairs = [(own[0][key], own[1][key]) for key in sorted(own[0].keys() & own[1].keys())]
    scored = [(one, other) for one, other in pairs if not one["unscored"] and not other["unscored"]]
    if not scored:
        raise CannotCompare(f"no case has a verdict in both {first} and {second}")
    return [_at(scored, k) for k in ks]


def _figures(folder: Path) -> dict[str, Any]:
    found = RunDirectory(folder).read_json("eval.json")
    if found is None:
        raise CannotCompare(f"{folder} has no eval.json: it is no evaluation, or it did not come to its end")
    return found


def _at(pairs: Sequence[tuple[Result, Result]], k: int) -> Comparison:
    rows = [
        {"id": one["id"], "crate": one["crate"], "first": _mends(one, k), "second": _mends(other, k)}
        for one, other in pairs
    ]
    gained = tuple(str(row["id"]) for row in rows if row["second"] and not row["first"])
    lost = tuple(str(row["id"]) for row in rows if row["first"] and not row["second"])

    def gain(own: Sequence[Result]) -> float:
        return sum(int(row["second"]) - int(row["first"]) for row in own) / len(own) if own else 0.0

    first, second = (sum(bool(row[side]) for row in rows) / len(rows) for side in ("first", "second"))
    return Comparison(
        k, len(rows), first, second, gained, lost, bootstrap(rows, gain, by="crate"), mcnemar(len(gained), len(lost))
    )


def _mends(one: Result, k: int) -> bool:
    return one["rank"] is not None and one["rank"] <= k


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided exact p-value of McNemar's test: a fair coin for each case on which the two differ."""
    total, fewer = gained + lost, min(gained, lost)
    tail = Fraction(sum(comb(total, i) for i in range(fewer + 1)), 1 << total)
    return min(1.0, 2 * float(tail))
