"""The order of units: the best first, and none so late that all others wait for it."""

import heapq
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.rundir import RunDirectory, UnitOutput
from oxidizer.miners.order import Expectations, Expected, by_size, cached_sizes, in_order

EXPECTED = st.lists(st.builds(Expected, st.floats(1, 1000), st.floats(0, 1000)), max_size=30)


def units(n: int) -> list[dict[str, Any]]:
    return [{"unit": f"u{i}", "crate": f"c{i}", "version": "1.0.0"} for i in range(n)]


def numbers(order: list[dict[str, Any]]) -> list[int]:
    return [int(unit["unit"][1:]) for unit in order]


def ends_s(order: list[int], expected: list[Expected], workers: int) -> float:
    """When the last worker is done."""
    free = [0.0] * workers
    for i in order:
        heapq.heappush(free, heapq.heappop(free) + expected[i].seconds)
    return max(free)


@given(EXPECTED, st.integers(1, 5))
def test_every_unit_comes_once(expected: list[Expected], workers: int) -> None:
    assert sorted(numbers(in_order(units(len(expected)), expected, workers))) == list(range(len(expected)))


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(2, 80), st.integers(2, 5))
def test_nobody_waits_at_the_end_for_one_long_unit(rates: list[float], long_s: int, workers: int) -> None:
    """Among units of a second, one that gives nothing costs no more than its share, or its own length."""
    expected = [*(Expected(1.0, rate) for rate in rates), Expected(float(long_s), 0.0)]
    order = numbers(in_order(units(len(expected)), expected, workers))
    assert ends_s(order, expected, workers) <= max(long_s, (len(rates) + long_s) / workers) + 1


def test_the_best_rate_is_first() -> None:
    expected = [Expected(10, 10), Expected(10, 90), Expected(10, 50), Expected(10, 70)]
    assert numbers(in_order(units(4), expected, 1)) == [1, 3, 2, 0]


def test_equals_keep_the_lists_order() -> None:
    assert numbers(in_order(units(5), [Expected(10, 10)] * 5, 2)) == [0, 1, 2, 3, 4]


def test_a_long_one_with_a_bad_rate_begins_before_the_end() -> None:
    expected = [Expected(100, 1), *[Expected(10, 100)] * 40]
    order = numbers(in_order(units(41), expected, 2))
    assert 0 < order.index(0) < 40
    assert ends_s(order, expected, 2) == 250
    assert ends_s([*range(1, 41), 0], expected, 2) == 300  # what it would take with that one last


def test_what_an_earlier_run_had_of_a_crate_is_expected_of_it_again(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for name, seconds, kept in (("c0", 20.0, 100), ("c1", 40.0, 50)):
        run.commit(
            name, UnitOutput({}, {}, {"unit": name, "crate": name, "wall_s": seconds, "counts": {"kept": kept}}), {}
        )
    run.commit("c2", UnitOutput({}, {}, {"unit": "c2", "crate": "c2", "status": "rejected"}), {})
    known = Expectations([run], lambda name, version: 50.0 if name == "c3" else None)
    first, second, third, fourth = known.of(units(4))
    assert (first, second, fourth) == (Expected(20.0, 100), Expected(40.0, 50), by_size(50.0))
    assert third == Expected(40.0, 100)  # the middle of those that are known


def test_sizes_are_those_of_cargos_cache(tmp_path: Path) -> None:
    (tmp_path / "registry/cache/index").mkdir(parents=True)
    (tmp_path / "registry/cache/index/hex-0.4.3.crate").write_bytes(bytes(2048))
    sizes = cached_sizes(tmp_path)
    assert sizes("hex", "0.4.3") == 2.0
    assert sizes("hex", "0.4.2") is None


@pytest.mark.parametrize("kib", [0.0, 1.0, 30.0, 10_000.0])
def test_larger_crates_give_more_and_take_longer(kib: float) -> None:
    assert by_size(kib + 1).tuples > by_size(kib).tuples
    assert by_size(kib + 1).seconds > by_size(kib).seconds > 0
