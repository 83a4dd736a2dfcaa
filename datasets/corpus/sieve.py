"""All sketches of a corpus, the better ones first, and which of them are still in; what went, went at one stage.

The order of the rows is that of their worth: where one of several rows may stay, it is the first. It depends on the
rows alone, not on where or when they were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from oxidizer.datasets.corpus.recipe import Split
from oxidizer.datasets.corpus.split import SEALED, TEST, TRAIN, VAL, split_of

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Passage:
    """What one stage did."""

    stage: str
    came: int
    stayed: int
    reasons: Counter[str] = field(default_factory=Counter)


class Sieve:
    """The sketches and what became of each."""

    def __init__(self, sketches: pa.Table, split: Split) -> None:
        """`sketches` has the columns of `columns.SCHEMA`, in any order of rows."""
        self.sketches = _sorted(sketches, _splits(sketches, split))
        self.splits = _splits(self.sketches, split)
        """Each row's split."""
        count = self.sketches.num_rows
        self.alive: Mask = np.ones(count, bool)
        self.passages: list[Passage] = []
        self.shares: dict[str, Mapping[str, float]] = {}
        """The shares that were kept, by type of record."""
        self._stage = np.full(count, "", object)
        self._reason = np.full(count, "", object)
        self._other: Numbers = np.full(count, -1)
        self._current = ""

    def __len__(self) -> int:
        return int(self.sketches.num_rows)

    def run(self, name: str, stage: Callable[[Sieve], None]) -> None:
        """Let one stage drop what it does not keep."""
        came, self._current = int(self.alive.sum()), name
        stage(self)
        mine = self._stage == name
        self.passages.append(Passage(name, came, int(self.alive.sum()), Counter(self._reason[mine].tolist())))

    def drop(self, rows: Mask | Numbers, reason: str | Sequence[str], others: Numbers | None = None) -> None:
        """Drop the rows that are still in of some (a mask, or numbers), each with one reason or each with its own;
        `others` are the rows for whose sake they go.
        """
        numbers = np.flatnonzero(rows) if rows.dtype == bool else rows
        still = self.alive[numbers]
        gone = numbers[still]
        self.alive[gone] = False
        self._stage[gone] = self._current
        self._reason[gone] = reason if isinstance(reason, str) else np.array(reason, object)[still]
        if others is not None:
            self._other[gone] = others[still]

    def column(self, name: str) -> NDArray[np.object_]:
        """A column as objects."""
        return np.array(self.sketches[name].to_pylist(), object)

    def groups(self, *names: str) -> Numbers:
        """Numbers from 0 that are equal for rows that agree in some columns."""
        codes = np.zeros(len(self), np.int64)
        for name in names:
            encoded = self.sketches[name].combine_chunks().dictionary_encode(null_encoding="encode")
            part = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            codes = np.unique(codes * (part.max(initial=0) + 1) + part, return_inverse=True)[1]
        return codes

    def firsts(self, groups: Numbers, among: Mask) -> Numbers:
        """For each row the first row of its group that is in `among`; itself where there is none."""
        numbers = np.flatnonzero(among)
        first = np.full(int(groups.max(initial=-1)) + 1, -1, np.int64)
        # Backwards, so that the first one is written last.
        first[groups[numbers[::-1]]] = numbers[::-1]
        found = first[groups]
        return np.where(found < 0, np.arange(len(self)), found)

    def largest(self, kind: str) -> dict[str, float]:
        """Of the kept rows of a type that are not sealed, the share of the largest crate, code and class."""
        among = np.flatnonzero(self.alive & (self.column("type") == kind) & (self.splits != SEALED))
        return {
            name: round(float(np.bincount(self.groups(name)[among]).max()) / len(among), 4) if len(among) else 0.0
            for name in ("crate", "code", "class")
        }

    def rejects(self) -> Iterator[dict[str, str | None]]:
        """What went, with its stage and reason, by id."""
        columns = {name: self.column(name) for name in ("id", "part", "type", "crate", "code", "item")}
        for number in np.flatnonzero(~self.alive):
            other = self._other[number]
            yield {
                **{name: column[number] for name, column in columns.items()},
                "stage": self._stage[number],
                "reason": self._reason[number],
                "for_the_sake_of": columns["id"][other] if other >= 0 else None,
            }


def _splits(sketches: pa.Table, split: Split) -> NDArray[np.object_]:
    homes, sealed = sketches["home"].to_pylist(), sketches["sealed"].to_pylist()
    of = {home: split_of(home, split) for home in set(homes)}
    return np.array([SEALED if shut else of[home] for home, shut in zip(homes, sealed, strict=True)], object)


def _sorted(sketches: pa.Table, splits: NDArray[np.object_]) -> pa.Table:
    """What is for examinations first, so that no lesson ever leaves it for training; then the better proven rows; of
    equals that with the smaller id, which is a hash and so nobody's favour.
    """
    ranks = {split: rank for rank, split in enumerate((SEALED, TEST, VAL, TRAIN))}
    ranked = sketches.append_column("rank", pa.array([ranks[split] for split in splits], pa.int64()))
    keys = [("rank", "ascending"), ("quality", "descending")]
    keys += [(name, "ascending") for name in ("id", "sha256", "part", "row")]
    return ranked.take(pc.sort_indices(ranked, sort_keys=keys)).drop_columns(["rank"])
