"""Laws of the mixture: every lesson once an epoch, shares as the rule says, and stopping anywhere changes nothing."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oxidizer.datasets.mixture import MixtureError, MixtureSampler, Samples, Weights, lesson_of

FAMILIES, CLASSES = ("chat", "diag_fix", "qa"), ("borrow", "lint", "type")
Sample = tuple[str, str, str]
"""Lesson, family, class."""


def samples(rows: Sequence[Sample]) -> Samples:
    lessons, families, classes = zip(*rows, strict=True)
    return Samples.of([f"{i}" for i in range(len(rows))], families, classes, lessons)


ROWS = st.lists(
    st.tuples(st.integers(0, 40).map(str), st.sampled_from(FAMILIES), st.sampled_from(CLASSES)), min_size=1, max_size=60
)
WEIGHT = st.sampled_from([0.0, 0.1, 1.0, 2.5, 30.0])


@st.composite
def mixed(draw: st.DrawFn) -> tuple[list[Sample], Weights]:
    rows = draw(ROWS)
    families, classes = ({row[i] for row in rows} for i in (1, 2))
    named = draw(st.fixed_dictionaries(dict.fromkeys(sorted(families), WEIGHT)) | st.just({}))
    factors = draw(st.dictionaries(st.sampled_from(sorted(classes)), WEIGHT))
    weights = Weights(named, factors, draw(st.none() | st.integers(1, 70)))
    assume(any(named.get(f, 1) and factors.get(c, 1) for _, f, c in rows))
    return rows, weights


def drawn(rows: Sequence[Sample], weights: Weights) -> set[str]:
    """The lessons that can be drawn at all."""
    return {row[0] for row in rows if weights.families.get(row[1], 1) and weights.classes.get(row[2], 1)}


@given(mixed(), st.integers(0, 2**64), st.integers(0, 5))
@settings(deadline=None, max_examples=50)
def test_an_epoch_shows_every_lesson_once(case: tuple[list[Sample], Weights], seed: int, epoch: int) -> None:
    rows, weights = case
    order = MixtureSampler(samples(rows), weights, seed=seed).order(epoch)
    shown = [rows[i][0] for i in order]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= drawn(rows, weights)
    assert len(shown) == min(len(drawn(rows, weights)), weights.epoch_samples or 70)
    assert all(weights.families.get(rows[i][1], 1) and weights.classes.get(rows[i][2], 1) for i in order)


@given(mixed(), st.integers(0, 9), st.integers(1, 3), st.data())
@settings(deadline=None, max_examples=30)
def test_stopping_anywhere_changes_nothing(case: Any, seed: int, world: int, data: st.DataObject) -> None:
    rows, weights = case
    table = samples(rows)
    assume(min(len(drawn(rows, weights)), weights.epoch_samples or 70) >= world)
    rank = data.draw(st.integers(0, world - 1))

    def new() -> MixtureSampler:
        return MixtureSampler(table, weights, seed=seed, rank=rank, world=world)

    whole, sampler, got = new(), new(), []
    while len(got) < 50:
        got += sampler.take(data.draw(st.integers(1, 20))).tolist()
        state = json.loads(json.dumps(sampler.state()))
        sampler = new()
        sampler.load(state)
        assert sampler.state() == state
    assert got == [int(whole.take(1)[0]) for _ in got]


@given(mixed(), st.integers(1, 4))
@settings(deadline=None, max_examples=40)
def test_ranks_share_an_epoch_evenly_and_never_meet(case: Any, world: int) -> None:
    rows, weights = case
    table = samples(rows)
    order = MixtureSampler(table, weights).order(0).tolist()
    assume(len(order) >= world)
    shares = [list(MixtureSampler(table, weights, rank=rank, world=world)) for rank in range(world)]
    assert {len(share) for share in shares} == {len(order) // world}
    assert [i for turn in zip(*shares, strict=True) for i in turn] == order[: len(order) // world * world]


def test_another_number_of_ranks_goes_on_where_the_first_was() -> None:
    table = samples([(str(i), "qa", "lint") for i in range(100)])
    two = [MixtureSampler(table, rank=rank, world=2) for rank in range(2)]
    seen = [i for sampler in two for i in sampler.take(17).tolist()]
    states = [sampler.state() for sampler in two]
    assert states[0] == states[1]
    for rank in range(3):
        sampler = MixtureSampler(table, rank=rank, world=3)
        sampler.load(states[0])
        seen += list(sampler)
    assert sorted(seen) == list(range(100))


def spread(m: float, weights: dict[str, float], held: dict[str, int]) -> dict[str, float]:
    """What each has of the first m where what one does not hold goes to the others by weight."""
    shares, left, open_ = dict.fromkeys(held, 0.0), m, {name for name in held if weights[name] and held[name]}
    while left > 1e-9 and open_:
        total = sum(weights[name] for name in open_)
        step = min([left / total, *((held[name] - shares[name]) / weights[name] for name in open_)])
        for name in open_:
            shares[name] += step * weights[name]
        left -= step * total
        open_ = {name for name in open_ if held[name] - shares[name] > 1e-9}
    return shares


@given(mixed(), st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_shares_are_within_the_bound_of_the_rule(case: Any, seed: int) -> None:
    rows, weights = case
    order = MixtureSampler(samples(rows), replace(weights, epoch_samples=None), seed=seed).order(0)
    names = [rows[i][1] for i in order]
    held = Counter(names)
    named = {name: weights.families.get(name, float(held[name])) for name in held}
    for m in range(len(names) + 1):
        expected, found = spread(m, named, held), Counter(names[:m])
        for name in held:
            assert abs(found[name] - expected[name]) <= 1 + len(held)
    for family in held:
        kinds = [rows[i][2] for i in order if rows[i][1] == family]
        of = Counter(kinds)
        factors = {kind: of[kind] * weights.classes.get(kind, 1.0) for kind in of}
        for m in range(len(kinds) + 1):
            expected, found = spread(m, factors, of), Counter(kinds[:m])
            assert all(abs(found[kind] - expected[kind]) <= 1 + len(of) for kind in of)


def test_weights_are_kept_until_a_family_has_no_more() -> None:
    rows = [(f"{family}{i}", family, "lint") for family, n in (("chat", 100), ("diag_fix", 900)) for i in range(n)]
    order = MixtureSampler(samples(rows), Weights({"chat": 1, "diag_fix": 1})).order(0)
    chats = np.array([rows[i][1] == "chat" for i in order])
    assert 98 <= chats[:200].sum() <= 100
    assert not chats[210:].any()
    assert len(order) == 1000


def test_a_class_comes_sooner_by_its_factor() -> None:
    rows = [(f"{kind}{i}", "diag_fix", kind) for kind, n in (("borrow", 100), ("lint", 900)) for i in range(n)]
    order = MixtureSampler(samples(rows), Weights(classes={"borrow": 3})).order(0)
    assert abs(Counter(rows[i][2] for i in order[:100])["borrow"] - 25) <= 3


def test_a_lesson_of_several_families_goes_where_it_is_scarce() -> None:
    rows = [(str(i), "diag_fix", "lint") for i in range(1000)] + [(str(i), "chat", "lint") for i in range(100)]
    sampler = MixtureSampler(samples(rows), Weights({"diag_fix": 1, "chat": 1}))
    found = Counter(rows[i][1] for i in sampler.order(0))
    assert found["chat"] + found["diag_fix"] == 1000
    assert 80 <= found["chat"] <= 99
    assert sampler.order(0).tolist() != sampler.order(1).tolist()


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_the_order_of_rows_changes_nothing(rows: list[Sample], random: Any) -> None:
    named = [(str(i), *row) for i, row in enumerate(rows)]
    other = random.sample(named, len(named))
    orders = []
    for some in (named, other):
        ids, lessons, families, classes = zip(*some, strict=True)
        sampler = MixtureSampler(Samples.of(ids, families, classes, lessons), seed=3)
        orders.append(([ids[i] for i in sampler.order(1)], sampler.fingerprint))
    assert orders[0] == orders[1]


def test_an_order_is_the_same_on_every_machine() -> None:
    """Frozen: a library's or a machine's own random numbers would change it."""
    rows = [(str(i % 9), FAMILIES[i % 3], CLASSES[i % 2]) for i in range(12)]
    order = MixtureSampler(samples(rows), Weights(classes={"lint": 2}), seed=7).order(2)
    assert order.tolist() == [3, 4, 11, 8, 9, 7, 6, 10, 5]


def test_seeds_and_epochs_differ() -> None:
    table = samples([(str(i), "qa", "lint") for i in range(50)])
    orders = {tuple(MixtureSampler(table, seed=seed).order(epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_columns_of_a_table_will_do() -> None:
    column = pa.chunked_array([["a", "b"], ["c"]])
    table = Samples.of(column, pa.chunked_array([["qa"], ["qa", "chat"]]), pa.array(["lint"] * 3), column)
    assert table.families == ("chat", "qa")
    assert sorted(MixtureSampler(table)) == [0, 1, 2]
    assert lesson_of({"id": "a", "parents": []}) == "a"
    assert lesson_of({"id": "b", "parents": ["a", "c"]}) == "a"


TWO = samples([("1", "chat", "lint"), ("2", "diag_fix", "type")])


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (Weights({"chta": 1, "diag_fix": 1}), "'chta', which no sample has; is 'chat' meant"),
        (Weights({"chat": 1}), "no 'diag_fix'"),
        (Weights({"chat": 0, "diag_fix": 0}), "weight 0"),
        (Weights(classes={"lint": 0, "type": 0}), "weight 0"),
        (Weights(classes={"lnt": 0}), "is 'lint' meant"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused(weights: Weights, said: str) -> None:
    with pytest.raises(MixtureError, match=said):
        MixtureSampler(TWO, weights)


def test_what_cannot_be_meant_is_refused() -> None:
    for wrong in ({"families": {"a": -1.0}}, {"classes": {"a": float("nan")}}, {"epoch_samples": 0}):
        with pytest.raises(MixtureError):
            Weights(**wrong)  # type: ignore[arg-type]  # on purpose
    for ranks in ((0, 3), (2, 2)):
        with pytest.raises(MixtureError, match="rank"):
            MixtureSampler(TWO, rank=ranks[0], world=ranks[1])
    with pytest.raises(MixtureError, match="no samples"):
        MixtureSampler(Samples.of([], [], [], []))
    with pytest.raises(MixtureError, match="one length"):
        Samples.of(["a"], ["qa"], ["lint"], [])
    for other in (MixtureSampler(TWO, seed=1), MixtureSampler(TWO, Weights(classes={"lint": 2}))):
        with pytest.raises(MixtureError, match="other samples"):
            other.load(MixtureSampler(TWO).state())
