"""How much of a corpus one crate, one code, one class may be: what is over its share is dropped, the worst first.

A share is of what is kept, so that each drop lowers all caps: rows go until nothing is over. The better rows of each
group stay. Not promised: that no other selection would be larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEP = 1.05
"""A share that cannot be kept grows by so much at a time."""

Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Shared:
    """What shares leave."""

    keep: Mask
    over: Mapping[str, Mask]
    """The rows that went, by what they were too many of."""
    shares: Mapping[str, float]
    """As they were kept: the ones asked for, or larger where those would have left too little."""


def share_out(groups: Mapping[str, Labels], shares: Mapping[str, float], whole: Mask, least: float) -> Shared:
    """Keep each group of each kind within its share of what is kept. Rows come best first.

    groups: by kind, each row's group as a number from 0. whole: rows that no share takes away. least: shares that would
    leave a smaller part than this grow, each for itself and then all together, until they leave that much.
    """
    wanted = least * len(whole)
    grown = {
        kind: _grown({kind: share}, {kind: groups[kind]}, whole, wanted)[kind]
        for kind, share in shares.items()
    }  # fmt: skip
    grown = _grown(grown, groups, whole, wanted)
    keep, over = _within(groups, grown, whole)
    return Shared(keep, over, grown)


def _grown(shares: Mapping[str, float], groups: Mapping[str, Labels], whole: Mask, wanted: float) -> dict[str, float]:
    grown = dict(shares)
    while _within(groups, grown, whole)[0].sum() < wanted and min(grown.values()) < 1:
        grown = {kind: min(1.0, share * _STEP) for kind, share in grown.items()}
    return grown


def _within(groups: Mapping[str, Labels], shares: Mapping[str, float], whole: Mask) -> tuple[Mask, dict[str, Mask]]:
    """A selection in which no group is more than its share, but for rows that are kept whole."""
    keep = np.ones(len(whole), bool)
    over = {kind: np.zeros(len(whole), bool) for kind in groups}
    places = {kind: _Places(labels, whole) for kind, labels in groups.items()}
    while True:
        before = int(keep.sum())
        for kind, place in places.items():
            cap = int(shares[kind] * keep.sum() + 1e-9)
            gone = place.beyond(cap, keep) & ~whole
            over[kind] |= gone
            keep &= ~gone
        if int(keep.sum()) == before:
            return keep, over


class _Places:
    """Each row's place in its group among those that are kept: first what is kept whole, then the better ones."""

    def __init__(self, labels: Labels, whole: Mask) -> None:
        self.order = np.lexsort((np.arange(len(labels)), ~whole, labels))
        self.sorted = labels[self.order]

    def beyond(self, cap: int, keep: Mask) -> Mask:
        """The kept rows that come after the first `cap` of their group."""
        there = keep[self.order]
        rows, labels = self.order[there], self.sorted[there]
        starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]]) if len(labels) else np.zeros(0, np.int64)
        sizes = np.diff(np.r_[starts, len(labels)])
        gone = np.zeros(len(keep), bool)
        gone[rows[np.arange(len(labels)) - np.repeat(starts, sizes) >= cap]] = True
        return gone
