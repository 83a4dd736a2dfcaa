"""Documents that are nearly the same, found by their signatures: candidates by bands, each one verified, then clusters.

Memory stays within some hundred bytes a document, and time grows with `n log n`: one band is sorted at a time, equal
documents stand for each other, and of a crowd that shares one band each is compared with a few alone. What is found
does not depend on the order of the documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from oxidizer.datasets.corpus.signature import Hashes, Signatures, estimate, is_empty, mixed

CROWD: Final = 32
"""So many documents that share a band are all compared with each other; of more, each with `NEIGHBOURS`."""
NEIGHBOURS: Final = 16
"""On either side, in the order of the band after the shared one."""
_MISSED = 0.01
_CHUNK = 1 << 14

Places = NDArray[np.int64]


def bands(threshold: float, permutations: int) -> tuple[int, int]:
    """How many bands of how many rows: the longest bands by which at most 1% of the pairs at the threshold is missed.

    A pair of similarity `s` shares at least one of `b` bands of `r` rows with the probability `1 - (1 - s**r)**b`
    (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", 3.4.2). Longer bands give fewer candidates.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold is a similarity above 0 and at most 1, not {threshold}")
    fitting = [r for r in range(1, permutations + 1) if (1 - threshold**r) ** (permutations // r) <= _MISSED]
    rows = max(fitting, default=1)
    return permutations // rows, rows


def pairs(signatures: Signatures, threshold: float) -> Places:
    """Pairs of rows that agree in at least `threshold` of their places: two row numbers each, smaller first, sorted.

    Rows that are equal make a star around the first of them, which alone is compared with others; rows of empty
    documents are in no pair. Raises ValueError for an impossible threshold.
    """
    count, rows = bands(threshold, signatures.shape[1])
    chosen, stars = _distinct(signatures)
    whole = keys_of(signatures, chosen, 0, signatures.shape[1])
    found, after = np.empty(0, np.int64), keys_of(signatures, chosen, 0, rows)
    for band in range(count):
        keys, after = after, keys_of(signatures, chosen, (band + 1) % count * rows, rows)
        near = [found]
        for one, other in _candidates(keys, after, whole):
            codes = _coded(chosen[one], chosen[other])
            codes = codes[~_among(codes, found)]
            near += [
                part[_agree(signatures, part, threshold)] for part in np.split(codes, range(_CHUNK, len(codes), _CHUNK))
            ]
        found = np.unique(np.concatenate(near))
    return np.stack(_decoded(np.union1d(found, stars)), axis=1)


def clusters(count: int, pairs: Places) -> Places:
    """For each of `count` documents the smallest number in its cluster: those that pairs join, if only by others."""
    labels = np.arange(count)
    while True:
        one, other = labels[pairs[:, 0]], labels[pairs[:, 1]]
        if np.array_equal(one, other):
            return labels
        np.minimum.at(labels, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(labels, labels[labels]):
            labels = labels[labels]


def _distinct(signatures: Signatures) -> tuple[Places, Places]:
    """The first row of each signature, and pairs of them with their equals; empty ones left out."""
    filled = np.flatnonzero(~is_empty(signatures))
    _, first, group = np.unique(
        keys_of(signatures, filled, 0, signatures.shape[1]), return_index=True, return_inverse=True
    )
    leaders = filled[first][group]
    others = leaders != filled
    return np.sort(filled[first]), _coded(leaders[others], filled[others])


def keys_of(signatures: Signatures, chosen: Places, start: int, rows: int) -> Hashes:
    """64 bits for what stands in the columns from `start` on of each chosen row: equal where these are."""
    keys = np.zeros(len(chosen), np.uint64)
    for column in range(start, start + rows):
        keys = mixed(keys + signatures[chosen, column])
    return keys


def _candidates(keys: Hashes, after: Hashes, whole: Hashes) -> Iterator[tuple[Places, Places]]:
    """Places that share a key, in few large portions; a crowd is put in an order of its own content."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.repeat(np.diff(np.append(begins, len(keys))), np.diff(np.append(begins, len(keys))))
    crowded = np.flatnonzero(sizes > CROWD)
    members = order[crowded]
    order[crowded] = members[np.lexsort((whole[members], after[members], keys[members]))]
    for step in range(1, CROWD):
        at = np.flatnonzero(ordered[:-step] == ordered[step:])
        if not len(at):
            return
        at = at[(sizes[at] <= CROWD) | (step <= NEIGHBOURS)]
        yield order[at], order[at + step]


def _agree(signatures: Signatures, codes: Places, threshold: float) -> NDArray[np.bool_]:
    one, other = _decoded(codes)
    return np.asarray(estimate(signatures[one], signatures[other]) >= threshold)


def _coded(one: Places, other: Places) -> Places:
    """Two row numbers in one, the smaller first: what can be sorted and looked up."""
    return np.asarray((np.minimum(one, other) << 32) | np.maximum(one, other))


def _decoded(codes: Places) -> tuple[Places, Places]:
    return codes >> 32, codes & 0xFFFFFFFF


def _among(codes: Places, known: Places) -> NDArray[np.bool_]:
    """Which are among sorted ones."""
    at = np.searchsorted(known, codes)
    return np.asarray(np.append(known, -1)[at] == codes)
