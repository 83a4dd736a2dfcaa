"""Which sample of a corpus comes next: families and classes mixed by weight, from ids alone, with no row in memory.

An epoch shows every lesson once. Its order is a function of the samples, the weights, the seed and the epoch's number,
of no clock, no order of rows and no version of a library; so a place in it is two numbers, and resuming is exact.

The rule. A family with weight w has its i-th sample (i from 0) at the time (i + u) / w, where 0 <= u < 1 is the
sample's own, made of the seed; the epoch is in the order of time. So families come in the proportion of their weights;
one that has no more samples is not shown twice: what it would have had goes to the others, in their proportion. In the
first m samples the count of a family is off by at most 1 + F from what weights give that are spread so, with F
families. Within a family, the same holds of its classes.

A lesson that several rows show, in one family or in several, is one sample of an epoch: one of its rows is chosen by
the seed, each as likely as its family's and class's weight per row makes it.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oxidizer.datasets.records import canonical

STATE_VERSION: Final = 1
_TIME, _ROW, _CHOICE = (np.uint64(n) for n in (1, 2, 3))
Row = Mapping[str, Any]


class MixtureError(ValueError):
    """Weights or a state that cannot be meant for these samples."""


@dataclass(frozen=True)
class Weights:
    """How much of what an epoch shows. Raises MixtureError at construction."""

    families: Mapping[str, float] = field(default_factory=dict)
    """The weight of each family; 0 leaves it out. With none named, each weighs as many samples as it has."""
    classes: Mapping[str, float] = field(default_factory=dict)
    """How much likelier a sample of a class comes than one of another class of its family; 1 unless named."""
    epoch_samples: int | None = None
    """An epoch ends after so many samples, of all ranks together; None: after the last one."""

    def __post_init__(self) -> None:
        for kind, weights in (("family", self.families), ("class", self.classes)):
            for name, weight in weights.items():
                if not (math.isfinite(weight) and weight >= 0):
                    raise MixtureError(f"the weight of the {kind} {name!r} must be a number of 0 or more, not {weight}")
        if self.epoch_samples is not None and self.epoch_samples < 1:
            raise MixtureError(f"epoch_samples must be at least 1, not {self.epoch_samples}")


@dataclass(frozen=True)
class Samples:
    """The samples of a corpus as numbers: 20 bytes each. A sample's number is its place here."""

    families: tuple[str, ...]
    classes: tuple[str, ...]
    family: NDArray[np.int16]
    class_: NDArray[np.int16]
    key: NDArray[np.uint64]
    """A hash of family and id."""
    lesson: NDArray[np.uint64]
    """A hash of the lesson's id."""

    @classmethod
    def of(
        cls, ids: Iterable[str], families: Sequence[str], classes: Sequence[str], lessons: Iterable[str]
    ) -> Samples:  # fmt: skip
        """Samples from columns of one length: id, family, class, and the id of the lesson that each shows."""
        names, family = _coded(families)
        kinds, class_ = _coded(classes)
        salts = _hashed(names)
        key, lesson = _hashed(ids), _hashed(lessons)
        if not len(key) == len(lesson) == len(family) == len(class_):
            raise MixtureError("ids, families, classes and lessons must be of one length")
        return cls(
            names, kinds, family, class_, _mixed(key, salts[family]) if len(key) else key, lesson
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.key)


def lesson_of(row: Row) -> str:
    """The id of the lesson that a row shows: the first of its parents, else its own."""
    return str(row["parents"][0] if row["parents"] else row["id"])


class MixtureSampler:
    """Draws numbers of samples, epoch after epoch; no lesson twice in an epoch.

    With `world` ranks, each draws its own share of the same order, all equally many: the last few that do not go round
    are left out. `state` and `load` carry on where a sampler was, also with another number of ranks.
    """

    def __init__(
        self, samples: Samples, weights: Weights | None = None, *, seed: int = 0, rank: int = 0, world: int = 1
    ) -> None:  # fmt: skip
        if not 0 <= rank < world:
            raise MixtureError(f"rank {rank} is not one of {world}")
        if not len(samples):
            raise MixtureError("there are no samples to mix")
        self.samples, self.weights, self.seed, self.rank, self.world = samples, weights or Weights(), seed, rank, world
        self._weight = _family_weights(samples, self.weights)
        self._factor = _class_factors(samples, self.weights)
        self._doubles = _doubles(samples)
        # Equal times fall as the keys do, not as the rows stand.
        self._by_key = _sorted(samples.key)
        self._likely = _likely(samples, self._weight, self._factor)
        if not self._likely.any():
            raise MixtureError("every sample has the weight 0: there is nothing to draw")
        self.epoch = 0
        self._begin(0)

    @property
    def remaining(self) -> int:
        """How many samples this rank still draws in this epoch."""
        return len(self._mine) - self._at

    def take(self, n: int) -> NDArray[np.int64]:
        """The next samples, `n` or as many as the epoch still has; then the next epoch begins."""
        taken = self._mine[self._at : self._at + n]
        self._at += len(taken)
        if not self.remaining:
            self.epoch += 1
            self._begin(0)
        return taken

    def __iter__(self) -> Iterator[int]:
        """The rest of this epoch, sample by sample."""
        epoch = self.epoch
        while self.epoch == epoch:
            yield int(self.take(1)[0])

    def state(self) -> dict[str, int | str]:
        """Where the sampler is: plain data for JSON, the same on each rank that has drawn as many as the others."""
        drawn = self._from + self._at * self.world
        return {"version": STATE_VERSION, "epoch": self.epoch, "drawn": drawn, "of": self.fingerprint}

    def load(self, state: Mapping[str, int | str]) -> None:
        """Goes to where the sampler was that gave `state`. Raises MixtureError for one of other samples or weights."""
        if state.get("version") != STATE_VERSION or state.get("of") != self.fingerprint:
            raise MixtureError(
                "this state is of other samples, weights or another seed: "
                "make the sampler of the same ones, or start anew"
            )
        self.epoch = int(state["epoch"])
        self._begin(int(state["drawn"]))

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits over samples, weights and seed; in whatever order the samples are."""
        own = _mixed(_mixed(self.samples.key, self.samples.lesson), _cells(self.samples).astype(np.uint64))
        cells = sorted(self._cell_sizes().items())
        weighed = [sorted(self.weights.families.items()), sorted(self.weights.classes.items())]
        total = int(np.add.reduce(own))
        what = {"sum": total, "cells": cells, "weights": weighed, "seed": self.seed, "n": self.weights.epoch_samples}
        return hashlib.sha256(canonical(what)).hexdigest()[:32]

    def _cell_sizes(self) -> dict[str, int]:
        names, kinds = self.samples.families, self.samples.classes
        sizes = np.bincount(_cells(self.samples), minlength=len(names) * len(kinds))
        return {f"{names[i // len(kinds)]}/{kinds[i % len(kinds)]}": int(n) for i, n in enumerate(sizes) if n}

    def _begin(self, drawn: int) -> None:
        """Stands at a place of the epoch, counted in samples of all ranks."""
        rest = self.order(self.epoch)[drawn:]
        even = len(rest) - len(rest) % self.world
        if not even and not drawn:
            raise MixtureError(f"{len(rest)} samples are too few for {self.world} ranks")
        if not even:
            self.epoch += 1
            self._begin(0)
            return
        self._mine, self._from, self._at = rest[self.rank : even : self.world], drawn, 0

    def order(self, epoch: int) -> NDArray[np.int64]:
        """All samples of an epoch in their order, for all ranks."""
        samples, cells = self.samples, _cells(self.samples)
        salt = _mixed(np.array([self.seed & (2**64 - 1)], np.uint64), np.array([epoch], np.uint64))
        rows = self._by_key[self._chosen(salt)[self._by_key]]
        # Within each cell by hash; then each family's cells by their times; then the families by theirs.
        rows = rows[_sorted(_mixed(samples.key[rows], salt ^ _ROW))]
        rows = rows[_sorted(cells[rows])]
        cell = cells[rows]
        rate = np.bincount(cell, minlength=len(self._factor)) * self._factor
        rows = rows[_sorted((_counted(cell) + self._u(rows, salt)) / rate[cell])]
        rows = rows[_sorted(samples.family[rows])]
        family = samples.family[rows]
        weight = self._weight if self.weights.families else np.bincount(family).astype(np.float64)
        return rows[_sorted((_counted(family) + self._u(rows, salt)) / weight[family])][: self.weights.epoch_samples]

    def _u(self, rows: NDArray[np.int64], salt: NDArray[np.uint64]) -> NDArray[np.float64]:
        return _unit(_mixed(self.samples.key[rows], salt ^ _TIME))

    def _chosen(self, salt: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which rows are one of each lesson, of families and classes that are drawn at all."""
        samples, doubles, likely = self.samples, self._doubles, self._likely
        kept = likely > 0
        if len(doubles):
            lesson, weight = samples.lesson[doubles], likely[doubles]
            starts = np.flatnonzero(np.concatenate(([True], lesson[1:] != lesson[:-1])))
            group = np.repeat(np.arange(len(starts)), np.diff([*starts, len(doubles)]))
            upto = np.cumsum(weight)
            before = (upto - weight)[starts]
            wanted = before + _unit(_mixed(lesson[starts], salt ^ _CHOICE)) * np.add.reduceat(weight, starts)
            reached = (upto > wanted[group]) & (weight > 0)
            kept[doubles] = False
            # Where rounding lets none reach it, the last one that may be drawn.
            last = np.where(weight > 0, np.arange(len(doubles)), -1)
            first = np.minimum.reduceat(np.where(reached, np.arange(len(doubles)), len(doubles)), starts)
            picked = np.where(first < len(doubles), first, np.maximum.reduceat(last, starts))
            kept[doubles[picked[picked >= 0]]] = True
        return kept


def _family_weights(samples: Samples, weights: Weights) -> NDArray[np.float64]:
    """The weight of each family; the number of its rows where none is named."""
    if not weights.families:
        return np.bincount(samples.family, minlength=len(samples.families)).astype(np.float64)
    _known("family", weights.families, samples.families)
    if missing := [name for name in samples.families if name not in weights.families]:
        raise MixtureError(f"the weights name no {missing[0]!r}, which is among the samples; 0 leaves a family out")
    return np.array([weights.families[name] for name in samples.families], np.float64)


def _class_factors(samples: Samples, weights: Weights) -> NDArray[np.float64]:
    """How likely a sample of each cell of family and class is within its family."""
    _known("class", weights.classes, samples.classes)
    return np.array([weights.classes.get(name, 1.0) for name in samples.classes] * len(samples.families), np.float64)


def _likely(
    samples: Samples, weight: NDArray[np.float64], factor: NDArray[np.float64]
) -> NDArray[np.float64]:  # fmt: skip
    """Each row's part of its family's weight."""
    own = factor[_cells(samples)]
    sizes = np.bincount(samples.family, weights=own, minlength=len(weight))
    each = np.divide(weight, sizes, out=np.zeros_like(weight), where=sizes > 0)
    likely: NDArray[np.float64] = each[samples.family] * own
    return likely


def _known(kind: str, named: Iterable[str], names: Sequence[str]) -> None:
    for name in named:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            meant = f"; is {near[0]!r} meant?" if near else f"; there are {', '.join(names)}"
            raise MixtureError(f"the weights name the {kind} {name!r}, which no sample has{meant}")


def _cells(samples: Samples) -> NDArray[Any]:
    small = np.min_scalar_type(len(samples.families) * len(samples.classes))
    cells: NDArray[Any] = samples.family.astype(small) * small.type(len(samples.classes)) + samples.class_.astype(small)
    return cells


def _sorted(values: NDArray[Any]) -> NDArray[np.int64]:
    """The places of values in their order, equal ones as they stand."""
    return np.argsort(values, kind="stable")


def _doubles(samples: Samples) -> NDArray[np.int64]:
    """The rows whose lesson other rows show too, by lesson; in an order that knows nothing of the rows' own."""
    ordered = np.lexsort((samples.key, samples.lesson))
    lesson = samples.lesson[ordered]
    same = lesson[1:] == lesson[:-1]
    return ordered[np.concatenate((same, [False])) | np.concatenate(([False], same))]


def _counted(values: NDArray[Any]) -> NDArray[np.int64]:
    """Of sorted values, how many equal ones come before each."""
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return np.arange(len(values)) - np.repeat(starts, np.diff([*starts, len(values)]))


def _coded(column: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """The names in a column, sorted, and each row's as its place among them."""
    plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else pa.array(column, pa.string())
    encoded = plain.dictionary_encode()
    found = encoded.dictionary.to_pylist()
    names = sorted(found)
    places = np.array([names.index(name) for name in found], np.int16)
    return tuple(names), places[encoded.indices.to_numpy()] if len(names) else places


def _hashed(names: Iterable[Any]) -> NDArray[np.uint64]:
    """64 bits of BLAKE2b of each name."""
    digests = b"".join(hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _mixed(values: NDArray[np.uint64], salt: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each value with a salt, every bit hanging on every other. Source: the finaliser of SplitMix64 (Steele 2014)."""
    x: NDArray[np.uint64] = values + salt * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _unit(values: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers from 0 to below 1, of the upper 53 bits."""
    return (values >> np.uint64(11)).astype(np.float64) * 2.0**-53
