"""What a run costs and may take: sums over units, limits by name, and words that a person can mend."""

from math import inf
from typing import Any

import pytest

from oxidizer.cluster.campaign import Done
from oxidizer.miners.budget import Budget, Spending, read_budget, wall_s
from oxidizer.miners.cost import Cost, Price, in_words

PRICE = Price(cpu_second=0.01, gb_hour=0.5, currency="EUR")


def unit(cpu_s: float, *, kept: int = 10, hours: float = 1.0) -> dict[str, Any]:
    return {
        "stages": {"baseline": {"cpu_s": cpu_s - 2.0}, "prove": {"cpu_s": 1.0}}, "worker_cpu_s": 1.0,
        "limits": {"cpus": 1.0, "memory_bytes": 4_000_000_000}, "wall_s": hours * 3600, "counts": {"kept": kept},
    }  # fmt: skip


def test_a_unit_costs_its_commands_its_worker_and_the_memory_that_was_set_aside() -> None:
    cost = Cost.of(unit(100.0))
    assert (cost.cpu_s, cost.gb_hours, cost.tuples) == (100.0, 4.0, 10)
    assert cost.money(PRICE) == pytest.approx(100 * 0.01 + 4 * 0.5)
    assert (cost + cost).told(PRICE) == "0.06 CPU h · 6.00 EUR"
    assert cost.told(Price()) == "0.03 CPU h"
    assert Cost.of({"unit": "of an old run"}) == Cost()


@pytest.mark.parametrize(("amount", "words"), [(0, "0.00"), (1234.5, "1,234.50"), (0.0123, "0.012"), (0.1, "0.10")])
def test_small_money_keeps_its_digits(amount: float, words: str) -> None:
    assert in_words(amount, PRICE) == f"{words} EUR"


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (Budget(tuples=20), "budget of 20 tuples is used: 20"),
        (Budget(cpu_hours=0.05), "budget of 0.05 cpu_hours is used: 0.05556"),
        (Budget(money=6), "budget of 6 money is used: 6"),
        (Budget(wall_hours=3), "budget of 3 wall_hours is used: 3"),
    ],
)
def test_the_second_unit_reaches_each_limit(budget: Budget, told: str) -> None:
    spending = Spending(budget, PRICE, [unit(100.0)], 3 * 3600 if budget.wall_hours < inf else 0.0)
    if budget.wall_hours == inf:
        assert spending.reached is None
        assert spending.left_s is None
    assert spending.note(Done("u", unit(100.0), None))
    assert spending.reached == told


def test_a_unit_of_which_nothing_is_kept_reaches_nothing() -> None:
    spending = Spending(Budget(tuples=1), PRICE, [], 0.0)
    assert not spending.note(Done("u", None, "the daemon went away"))
    assert not spending.note(Done("u", unit(1.0, kept=0), None))


def test_words_name_limits() -> None:
    assert read_budget(["cpu_hours=2, tuples=5000", "wall_hours=1.5"], Price()) == Budget(
        cpu_hours=2, tuples=5000, wall_hours=1.5
    )
    assert read_budget(["money=3"], PRICE).told == {"money": 3.0}
    assert read_budget([], Price()).told == {}


@pytest.mark.parametrize(
    ("word", "way_out"),
    [
        ("cpu_hour=2", "did you mean cpu_hours"),
        ("wombats=2", "there are wall_hours"),
        ("tuples", "write tuples= and a number above 0"),
        ("tuples=many", "write tuples= and a number above 0"),
        ("tuples=0", "write tuples= and a number above 0"),
        ("tuples=nan", "write tuples= and a number above 0"),
        ("tuples=inf", "write tuples= and a number above 0"),
        ("money=3", "the recipe names no prices"),
    ],
)
def test_a_word_that_cannot_be_meant_is_an_error_with_a_way_out(word: str, way_out: str) -> None:
    with pytest.raises(ValueError, match=way_out):
        read_budget([word], Price())


def test_starts_are_summed() -> None:
    day = "2026-01-01T"
    starts = [
        {"started": f"{day}10:00:00+00:00", "ended": f"{day}10:30:00+00:00"},
        {"started": f"{day}12:00:00+00:00", "ended": f"{day}12:00:30+00:00"},
    ]
    assert wall_s(starts) == 1830.0
