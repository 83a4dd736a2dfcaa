"""MinHash signatures of token lists: two of them agree in as many places as the lists' shingles overlap.

The share of places in which two signatures agree estimates the Jaccard similarity of the two sets of shingles, without
bias and with a standard deviation of at most `sqrt(s * (1 - s) / permutations)`. The sketch is rensa's R-MinHash (after
Dahlgaard, Knudsen and Thorup, "Fast Similarity Sketching", 2017). A list's signature depends on its tokens alone: not
on the process, the machine or the other lists; it does on rensa's algorithm version, which is pinned here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

SHINGLE: Final = 5
"""Tokens in a row that are one element of a set."""
PERMUTATIONS: Final = 128
"""Places of a signature, four bytes each."""
EMPTY: Final = 0xFFFFFFFF
"""What stands in every place of the signature of an empty list, which is near nothing."""
_SEED: Final = 7
_ALGORITHM: Final = 2
_BATCH: Final = 4096

Signatures = NDArray[np.uint32]
"""One row a document."""
Hashes = NDArray[np.uint64]


def signatures(
    documents: Iterable[Sequence[str]], *, shingle: int = SHINGLE, permutations: int = PERMUTATIONS
) -> Signatures:
    """The signatures of token lists, one row each, in their order.

    A list that is shorter than a shingle is one shingle; an empty one has `EMPTY` in every place. rensa shares a large
    batch among threads; `RAYON_NUM_THREADS` says among how many.
    """
    parts = [np.empty((0, permutations), np.uint32)]
    left = iter(documents)
    while batch := list(islice(left, _BATCH)):
        parts.append(_sketch(*shingles(batch, shingle), permutations))
    return np.concatenate(parts)


def shingles(documents: Sequence[Sequence[str]], size: int) -> tuple[Hashes, NDArray[np.int64]]:
    """The hashes of all runs of `size` tokens: flat, and where each document's begin (the end included).

    A shorter document is one run; an empty one has none.
    """
    runs, offsets = runs_of(documents, size)
    return folded(runs), offsets


def runs_of(documents: Sequence[Sequence[str]], size: int) -> tuple[Hashes, NDArray[np.int64]]:
    """As `shingles`, but the hashes of each run's tokens, one row a run."""
    lengths = np.array([len(document) for document in documents], np.int64)
    padded = np.where(lengths > 0, np.maximum(lengths, size), 0)
    tokens = np.zeros(int(padded.sum()), np.uint64)
    begin, first = np.cumsum(padded) - padded, np.cumsum(lengths) - lengths
    # No token hashes to what fills up a short document.
    places = np.repeat(begin - first, lengths) + np.arange(int(lengths.sum()))
    tokens[places] = np.fromiter(map(token_hash, chain.from_iterable(documents)), np.uint64, len(places))
    counts = np.maximum(padded - (size - 1), 0)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = np.repeat(begin - offsets[:-1], counts) + np.arange(offsets[-1])
    return tokens[at[:, None] + np.arange(size)], offsets


def folded(runs: Hashes) -> Hashes:
    """One hash for each row."""
    hashes = np.zeros(len(runs), np.uint64)
    for column in runs.T:
        hashes = mixed(hashes + column)
    return hashes


@lru_cache(maxsize=1 << 16)
def token_hash(token: str) -> int:
    """64 bits of a token's BLAKE2b, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def mixed(values: Hashes) -> Hashes:
    """64-bit numbers spread evenly, each to another one: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    spread = values + np.uint64(0x9E3779B97F4A7C15)
    spread = (spread ^ (spread >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    spread = (spread ^ (spread >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(spread ^ (spread >> np.uint64(31)))


def estimate(one: Signatures, other: Signatures) -> NDArray[np.float64]:
    """The estimated similarities of the documents of two matrices, row by row; 0 where one is empty."""
    agree = (one == other).mean(axis=1)
    return np.asarray(np.where(is_empty(one) | is_empty(other), 0.0, agree))


def is_empty(matrix: Signatures) -> NDArray[np.bool_]:
    """Which rows are of empty documents."""
    empty = matrix[:, 0] == np.uint32(EMPTY)
    empty[empty] = (matrix[empty] == np.uint32(EMPTY)).all(axis=1)
    return np.asarray(empty)


def _sketch(hashes: Hashes, offsets: NDArray[np.int64], permutations: int) -> Signatures:
    from rensa import RMinHash

    assert RMinHash.ALGORITHM_VERSION == _ALGORITHM, "signatures that are stored would not compare with new ones"
    made = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets.astype(np.uint64), permutations, _SEED)
    matrix = np.array(made.to_rows(), np.uint32).reshape(-1, permutations)
    matrix[offsets[1:] == offsets[:-1]] = EMPTY
    return matrix
