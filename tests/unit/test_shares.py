"""Shares: nothing is over its share, nothing goes without need, rare codes stay whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from oxidizer.datasets.corpus.shares import share_out

many = settings(max_examples=150, deadline=None)
ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.booleans()), max_size=120)


def labels(*counts: int) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts)


def none_whole(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.zeros(len(rows), bool)


@many
@given(ROWS, st.floats(0.05, 1), st.floats(0.05, 1))
def test_what_is_kept_keeps_every_share_and_each_drop_has_one_reason(
    rows: list[tuple[int, int, bool]], crate: float, code: float
) -> None:
    groups = {name: np.array([row[i] for row in rows], np.int64) for i, name in enumerate(("crate", "code"))}
    whole = np.array([row[2] for row in rows], bool)
    got = share_out(groups, {"crate": crate, "code": code}, whole, least=0)
    kept = int(got.keep.sum())
    for kind, share in got.shares.items():
        for group in set(groups[kind]):
            members = groups[kind] == group
            cap = max(int(share * kept + 1e-9), int((members & whole).sum()))
            assert (got.keep & members).sum() <= cap
    assert (got.keep | ~whole).all(), "what is to be kept whole is kept"
    gone = ~got.keep
    assert (sum(mask.astype(int) for mask in got.over.values()) == gone).all(), "each drop has one reason"


@many
@given(ROWS, st.floats(0.02, 1), st.floats(0, 1))
def test_shares_grow_until_enough_is_left(rows: list[tuple[int, int, bool]], share: float, least: float) -> None:
    groups = {"crate": np.array([row[0] for row in rows], np.int64)}
    got = share_out(groups, {"crate": share}, none_whole(groups["crate"]), least=least)
    assert got.keep.sum() >= least * len(rows)
    assert share <= got.shares["crate"] <= 1


def test_the_better_rows_of_a_group_stay() -> None:
    crates = labels(10, 10, 30)
    got = share_out({"crate": crates}, {"crate": 0.4}, none_whole(crates), least=0)
    assert [int((got.keep & (crates == group)).sum()) for group in range(3)] == [10, 10, 13]
    assert got.keep[:33].all()


def test_few_crates_take_the_smallest_share_that_leaves_enough() -> None:
    crates = labels(100, 100, 100)
    got = share_out({"crate": crates}, {"crate": 0.05}, none_whole(crates), least=0.25)
    assert got.keep.all()
    assert 1 / 3 <= got.shares["crate"] < 1 / 3 * 1.05


@pytest.mark.parametrize("least", [0.0, 0.5])
def test_a_corpus_without_rows_is_one(least: float) -> None:
    empty = np.zeros(0, np.int64)
    assert share_out({"crate": empty}, {"crate": 0.05}, none_whole(empty), least).keep.shape == (0,)
