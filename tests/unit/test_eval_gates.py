"""Gates and comparisons of evaluations: nothing passes that was not shown."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.rundir import RunDirectory
from oxidizer.eval.compare import CannotCompare, compare, mcnemar
from oxidizer.eval.gate import BadGate, judge, load_gate
from oxidizer.eval.work import RESULTS
from tests.unit.test_eval_score import MISSED, result

FIGURES: dict[str, Any] = {
    "fix": {"1": {"by_case": {"value": 0.8}}}, "calibration": {"ece": 0.03, "bins": []},
    "slices": {"class: type": {"fix@1": 0.5}, "a.b": {"x": 1}}, "policy": "m@1",
}  # fmt: skip


def gate(folder: Path, text: str) -> Path:
    (folder / "gate.toml").write_text(text)
    return folder / "gate.toml"


@pytest.mark.parametrize(
    ("require", "holds"),
    [
        ('figure = "fix.1.by_case.value"\nat_least = 0.75', True),
        ('figure = "fix.1.by_case.value"\nat_least = 0.8', True),
        ('figure = "fix.1.by_case.value"\nat_least = 0.81', False),
        ('figure = "calibration.ece"\nat_most = 0.05', True),
        ('figure = "calibration.ece"\nat_most = 0.02', False),
        ('figure = "slices.class: type.fix@1"\nat_least = 0.4\nat_most = 0.6', True),
        ('figure = "slices.a.b.x"\nat_least = 1', True),
        ('figure = "fix.8.by_case.value"\nat_least = 0', False),
        ('figure = "policy"\nat_least = 0', False),
    ],
)
def test_a_condition_holds_where_its_figure_is_there_and_within(tmp_path: Path, require: str, holds: bool) -> None:
    (found,) = judge(load_gate(gate(tmp_path, f"[[require]]\n{require}\n")), FIGURES)
    assert found.holds is holds
    assert found.condition.figure in found.words


@pytest.mark.parametrize(
    "text",
    ["", "x = 1", "require = 3", "[[require]]\nfigure = 'a'", "[[require]]\nat_least = 1", "[[require]\n",
     "[[require]]\nfigure = 'a'\nat_least = true", "[[require]]\nfigure = 'a'\nat_least = 1\nmore = 2"],
)  # fmt: skip
def test_a_gate_that_asks_for_nothing_sensible_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadGate, match=r"gate\.toml"):
        load_gate(gate(tmp_path, text))


def evaluation(folder: Path, results: list[dict[str, Any]], cases: str = "same") -> Path:
    (folder / "units/u").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(results, schema=RESULTS), folder / "units/u/results.parquet")
    RunDirectory(folder).write_json("eval.json", {"asked": {"cases": cases}})
    return folder


def test_what_was_gained_and_lost_is_told_case_by_case(tmp_path: Path) -> None:
    one = [result(id="a"), result(id="b", **MISSED), result(id="c", rank=5), result(id="d", unscored="x", **MISSED)]
    two = [result(id="a", **MISSED), result(id="b"), result(id="c"), result(id="d")]
    first, second = evaluation(tmp_path / "1", one), evaluation(tmp_path / "2", two)
    at1, at8 = compare(first, second, (1, 8))
    assert (at1.cases, at1.gained, at1.lost) == (3, ("b", "c"), ("a",))
    assert (at8.gained, at8.lost) == (("b",), ("a",))
    assert (at1.first, at1.second) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    back = compare(second, first, (1,))[0]
    assert (back.gained, back.lost) == (at1.lost, at1.gained)
    assert back.difference.value == pytest.approx(-at1.difference.value)
    assert compare(first, first, (1,))[0].p_value == 1.0


def test_evaluations_of_other_cases_are_not_compared(tmp_path: Path) -> None:
    first = evaluation(tmp_path / "1", [result()])
    with pytest.raises(CannotCompare, match="different cases"):
        compare(first, evaluation(tmp_path / "2", [result()], "others"), (1,))
    with pytest.raises(CannotCompare, match=r"no eval\.json"):
        compare(first, tmp_path / "nothing", (1,))
    with pytest.raises(CannotCompare, match="no case"):
        compare(first, evaluation(tmp_path / "3", [result(unscored="x", **MISSED)]), (1,))


@given(st.integers(0, 60), st.integers(0, 60))
def test_chance_is_the_same_from_both_sides(gained: int, lost: int) -> None:
    assert mcnemar(gained, lost) == mcnemar(lost, gained)
    assert 0 < mcnemar(gained, lost) <= 1
    assert mcnemar(0, 10) == pytest.approx(2 / 1024)
