"""Figures of evaluations: what they say of results whose worth is known beforehand."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.eval.score import (
    bootstrap,
    calibration,
    coverage,
    exact_at,
    fix_at,
    slices,
    summary,
)


def result(**about: Any) -> dict[str, Any]:
    plain = {
        "id": "a", "crate": "one", "code": "E0308", "class": "type", "origin": "injected", "operator": "swap_arguments",
        "diagnostics": 1, "unscored": None, "rank": 1, "depth": 1, "exact_rank": 1, "tries": 3, "probability": 0.9,
        "first_green": True, "propose_s": 0.01, "changed_lines": 1, "easy": False, "log": "[]",
    }  # fmt: skip
    return {**plain, **about}


MISSED = {"rank": None, "exact_rank": None, "first_green": False}


def test_fixes_are_counted_up_to_k() -> None:
    some = [result(), result(rank=3, exact_rank=None, first_green=False), result(**MISSED), result(rank=64)]
    assert [fix_at(some, k) for k in (1, 3, 64)] == [0.25, 0.5, 0.75]
    assert exact_at(some, 1) == 0.5
    assert fix_at([], 1) == 0.0


def test_a_perfectly_calibrated_policy_has_no_error_and_a_liar_has() -> None:
    draw = random.Random(1)
    honest = []
    for _ in range(4000):
        p = draw.choice([0.15, 0.45, 0.85])
        honest.append(result(probability=p, first_green=draw.random() < p))
    assert calibration(honest)["ece"] < 0.03
    liar = [result(probability=0.95, first_green=False) for _ in range(10)]
    assert calibration(liar)["ece"] == pytest.approx(0.95)
    assert calibration(liar)["brier"] == pytest.approx(0.95**2)
    assert sum(one["cases"] for one in calibration(honest)["bins"]) == 4000
    assert calibration([])["bins"] == []


def test_who_answers_less_is_right_more_often_where_probabilities_order_rightly() -> None:
    some = [result(probability=n / 100, first_green=n >= 50) for n in range(100)]
    told = coverage(some)
    assert [one["right"] for one in told[:5]] == [1.0] * 5
    assert told[-1]["right"] == 0.5
    assert told[4]["threshold"] == 0.5


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=1, max_size=40))
def test_an_interval_holds_its_figure_and_is_the_same_for_the_same_seed(drawn: list[tuple[bool, str]]) -> None:
    some = [result(rank=1 if good else None, crate=crate) for good, crate in drawn]

    def figure(own: Any) -> float:
        return fix_at(own, 1)

    for by in (None, "crate"):
        found = bootstrap(some, figure, by=by)
        assert found == bootstrap(some, figure, by=by)
        assert 0 <= found.low <= found.high <= 1
        assert found.low <= found.value + 1e-9
        assert found.value <= found.high + 1e-9 or by == "crate"


def test_slices_part_the_easy_from_the_rest() -> None:
    some = [result(easy=True), result(), result(code="clippy::len_zero", **{"class": "lint"})]
    found = slices(some)
    assert len(found["without misspellings and deletions"]) == 2
    assert (len(found["errors"]), len(found["lints"])) == (2, 1)
    assert found["one diagnostic"] == some
    assert "two diagnostics" not in found


def test_what_has_no_verdict_is_counted_and_in_no_share() -> None:
    told = summary([result(), result(unscored="shown by test, not by the compiler", **MISSED)], (1, 8))
    assert (told["cases"], told["scored"]) == (2, 1)
    assert told["fix"]["1"]["by_case"]["value"] == 1.0
    assert told["unscored"] == {"shown by test, not by the compiler": 1}
    assert summary([result(unscored="x", **MISSED)], (1,))["scored"] == 0
