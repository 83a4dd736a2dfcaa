"""From what two campaigns left to a model: counts, ranker, calibration, and what they are worth on crates not learned.

What the ranker says of a crate's fixes while it learns it never says of what it has seen: folds are by crate, and the
model's own metrics are those of the folds.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from oxidizer.serve.policies.templates.counts import Book
from oxidizer.serve.policies.templates.model import Model, examples_of
from oxidizer.serve.policies.templates.ranker import GREEN, Ranker, fit_calibration, fit_ranker
from oxidizer.train.templates.work import EXAMPLES

FOLDS = 5
AT = (1, 8, 64)


@dataclass(frozen=True)
class Labelled:
    """One candidate of one fix."""

    task: str
    crate: str
    features: Sequence[float]
    exact: bool
    green: bool | None
    worth: float

    @property
    def label(self) -> float | None:
        """What the ranker shall say of it; None where nobody knows."""
        if self.exact:
            return 1.0
        return None if self.green is None else GREEN * self.green


def read_book(run: Path) -> Book:
    """The examples of the first campaign."""
    return Book(example for file in sorted(run.glob(f"units/*/{EXAMPLES}")) for example in _examples(file))


def _examples(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8") as lines:
        yield from examples_of(json.loads(line) for line in lines)


def read_labelled(run: Path) -> list[Labelled]:
    """The candidates of the second campaign, in the order of tasks and their worth."""
    files = sorted(run.glob("units/*/candidates.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    rows.sort(key=lambda row: str(row["id"]))
    return [Labelled(**{name: row[name] for name in Labelled.__dataclass_fields__}) for row in rows]


def fit(book: Book, labelled: Sequence[Labelled], seed: int) -> tuple[Model, dict[str, Any]]:
    """The model, and its metrics on crates that it had not seen. Raises ValueError without anything to learn from."""
    if not book.kept:
        raise ValueError(f"{len(book.examples)} fixes have no template in common: there is nothing to learn")
    said = _held_out(labelled, seed)
    known = [(one, rate) for one, rate in zip(labelled, said, strict=True) if one.label is not None]
    calibration = fit_calibration([rate for _, rate in known], [bool(one.green) for one, _ in known])
    ranker = _fit([one for one, _ in known], seed)
    metrics = {
        "fixes": len(book.examples), "crates": len({one.crate for one in book.examples}),
        "said_by_templates": round(float(np.mean([bool(one.templates) for one in book.examples])), 4),
        "templates": len(book.kept), "candidates": len(labelled), "labelled": len(known),
        "held_out": _at(labelled, said), "by_worth": _at(labelled, [one.worth for one in labelled]),
    }  # fmt: skip
    return Model(book.counts, ranker, calibration), metrics


def _fit(known: Sequence[Labelled], seed: int) -> Ranker:
    return fit_ranker([one.features for one in known], [one.label or 0.0 for one in known], seed)


def _held_out(labelled: Sequence[Labelled], seed: int) -> list[float]:
    """What rankers that have not seen its crate say of each candidate."""
    crates = sorted({one.crate for one in labelled})
    if len(crates) < 2:
        raise ValueError(f"fixes of {len(crates)} crates: to rank what is not seen, it takes two")
    fold = {crate: at % min(FOLDS, len(crates)) for at, crate in enumerate(crates)}
    said = np.zeros(len(labelled))
    for own in sorted(set(fold.values())):
        seen = [one for one in labelled if fold[one.crate] != own and one.label is not None]
        places = [at for at, one in enumerate(labelled) if fold[one.crate] == own]
        said[places] = _fit(seen, seed).rate([labelled[at].features for at in places])
    return [float(rate) for rate in said]


def _at(labelled: Sequence[Labelled], said: Sequence[float]) -> Mapping[str, float]:
    """How many of the tasks have the recorded fix, and one that compiles, among the first k."""
    by_task: dict[str, list[tuple[float, Labelled]]] = defaultdict(list)
    for one, rate in zip(labelled, said, strict=True):
        by_task[one.task].append((-rate, one))
    ranked = [[one for _, one in sorted(own, key=lambda pair: pair[0])] for own in by_task.values()]
    found = {}
    for k in AT:
        found[f"exact@{k}"] = round(float(np.mean([any(o.exact for o in own[:k]) for own in ranked])), 4)
        found[f"compiles@{k}"] = round(float(np.mean([any(o.green for o in own[:k]) for own in ranked])), 4)
    return found
