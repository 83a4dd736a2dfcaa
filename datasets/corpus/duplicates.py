"""Near duplicates: lessons that are nearly the same, and functions that are, wherever copies of them lie."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from oxidizer.datasets.corpus.columns import matrix
from oxidizer.datasets.corpus.near import clusters, pairs
from oxidizer.datasets.corpus.recipe import Near
from oxidizer.datasets.corpus.sieve import Mask, Numbers, Sieve


class Duplicates:
    """Of lessons that are nearly the same (of one type, tool and code) the best stays; beside a sealed one, none."""

    def __init__(self, near: Near) -> None:
        self.near = near

    def __call__(self, sieve: Sieve) -> None:
        """Drop every row that is near a better one which stays."""
        sealed = sieve.column("sealed").astype(bool)
        kinds = sieve.groups("type", "tool", "code")
        rows, signatures = _signed(sieve, "lesson", sieve.alive)
        # Equal signatures first: all pairs of many equal ones would be too many.
        kind = (2 * kinds[rows] + sealed[rows]).astype("<u8").view("<u4").reshape(-1, 2)
        keys = np.ascontiguousarray(np.c_[kind, signatures])
        _, first, group = np.unique(keys.view(f"V{4 * keys.shape[1]}").ravel(), return_index=True, return_inverse=True)
        same = rows[first][group]
        sieve.drop(rows[same != rows], "nearly the same lesson", same[same != rows])
        unique = np.sort(first)
        rows, signatures = rows[unique], signatures[unique]
        near = pairs(signatures, self.near.lesson)
        near = near[kinds[rows[near[:, 0]]] == kinds[rows[near[:, 1]]]]
        one, other = rows[near.min(axis=1)], rows[near.max(axis=1)]
        # Sealed rows come first.
        across = sealed[one] != sealed[other]
        sieve.drop(other[across], "nearly the same lesson is sealed", one[across])
        gone, for_whom = _yielding(near[~across], len(rows))
        sieve.drop(rows[gone], "nearly the same lesson", rows[for_whom])


class Functions:
    """Functions and items by their likeness, over all rows that are left when they are first asked for."""

    def __init__(self, near: Near) -> None:
        self.near = near
        self.labels: NDArray[np.int64] = np.zeros(0, np.int64)
        """A number for each row's function, the same for copies of it; -1 where it has none."""

    def sealed(self, sieve: Sieve) -> None:
        """Drop what lies in a copy of a function that sealed rows lie in."""
        self.labels = self._alike(sieve)
        sealed = sieve.column("sealed").astype(bool)
        there = self.labels >= 0
        closed = set(self.labels[sieve.alive & sealed & there].tolist())
        copies = there & ~sealed & np.isin(self.labels, sorted(closed))
        sieve.drop(copies, "a copy of the function is sealed")

    def capped(self, sieve: Sieve) -> None:
        """Keep so many lessons of a function, the rarer codes first."""
        kinds, sealed = sieve.groups("type"), sieve.column("sealed").astype(bool)
        codes = sieve.groups("type", "code")
        often = np.bincount(codes[sieve.alive], minlength=int(codes.max(initial=0)) + 1)[codes]
        rows = np.flatnonzero(sieve.alive & (self.labels >= 0) & ~sealed)
        seen = Counter[tuple[int, int]]()
        gone = []
        for row in rows[np.lexsort((rows, often[rows]))]:
            key = int(kinds[row]), int(self.labels[row])
            seen[key] += 1
            if seen[key] > self.near.per_function:
                gone.append(row)
        sieve.drop(np.array(gone, np.int64), "many lessons of one function")

    def _alike(self, sieve: Sieve) -> NDArray[np.int64]:
        rows, signatures = _signed(sieve, "function", sieve.alive)
        labels = np.full(len(sieve), -1, np.int64)
        if len(rows):
            packed = np.ascontiguousarray(signatures).view(f"V{4 * signatures.shape[1]}").ravel()
            _, first, group = np.unique(packed, return_index=True, return_inverse=True)
            labels[rows] = clusters(len(first), pairs(signatures[first], self.near.function))[group]
        return labels


def _signed(sieve: Sieve, column: str, among: Mask) -> tuple[Numbers, NDArray[np.uint32]]:
    """The rows that have a signature, and those signatures."""
    there = among & np.array(sieve.sketches[column].is_valid())
    rows = np.flatnonzero(there)
    return rows, matrix(sieve.sketches[column].take(rows)) if len(rows) else np.zeros((0, 1), np.uint32)


def _yielding(near: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of documents in the order of their worth, those that are near one that stays, and that one."""
    low, high = near.min(axis=1), near.max(axis=1)
    order = np.lexsort((low, high))
    stays = np.ones(count, bool)
    for_whom = np.full(count, -1, np.int64)
    for one, other in zip(low[order].tolist(), high[order].tolist(), strict=True):
        if stays[one] and stays[other]:
            stays[other], for_whom[other] = False, one
    gone = np.flatnonzero(~stays)
    return gone, for_whom[gone]
