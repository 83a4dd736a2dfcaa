"""The report lists every operator of a run, says why few tuples came of one, and what spoiled shared runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from oxidizer.miners.operators import operators
from oxidizer.miners.report import read_run, write_report
from oxidizer.miners.report.figures import figures
from tests.unit import run_fixture as fixture

Counts = dict[str, Any]


def seen(proposed: int, tried: int, red: int, kept: int, **left: int) -> Counts:
    said = {reason.replace("_", " "): count for reason, count in left.items()}
    return {"proposed": proposed, "tried": tried, "red": red, "kept": kept, "left": said}


# Of each operator what its crates tell, and the reason.
CASES: dict[str, tuple[list[Counts], str | None]] = {
    "enough": ([seen(30, 20, 10, 8)] * 3, None),
    "no_site": ([{}], "no place for it in these crates"),
    "harmless": ([seen(40, 30, 0, 0, cap_on_trials=10, compiles=30)], "none of 30 tried red (compiles 30)"),
    "mostly_harmless": (
        [seen(40, 30, 5, 5, compiles=20, no_place=5)],
        "5 of 30 tried red (compiles 20, no place 5)",
    ),
    # Once "most of what was tried does no harm".
    "nearly_all_red": (
        [seen(651, 20, 19, 16, cap_on_trials=600, cap_on_trials_per_function=31, compiles=1, cap_per_crate=3)],
        "20 of 651 places tried (cap on trials 600, cap on trials per function 31)",
    ),
    # Once "few of its places came up for a trial".
    "nearly_all_tried": (
        [seen(21, 16, 15, 0, cap_on_trials=5, compiles=1, cap_per_function=15)],
        "none of 15 red kept (cap per function 15)",
    ),
    # The same, of one that never had a trial.
    "never_tried": ([seen(17434, 0, 0, 0, cap_on_trials=17434)], "none of 17,434 places tried (cap on trials 17,434)"),
    "untestable": ([seen(40, 0, 0, 0, no_test_to_fail=40)], "none of 40 places tried (no test to fail 40)"),
    "seldom": ([seen(3, 3, 2, 2)], "only 3 places for it"),
    "seldom_and_harmless": ([seen(1, 1, 0, 0, compiles=1)], "only 1 place for it; none of 1 tried red (compiles 1)"),
    # Once "others came first", whichever cap it was.
    "capped": (
        [seen(40, 30, 30, 3, cap_on_trials=10, cap_per_code=1, cap_per_function=2), seen(0, 0, 0, 0)],
        "3 of 30 red kept (cap per function 2, cap per code 1)",
    ),
    "lost_twice": (
        [seen(100, 12, 12, 4, cap_on_trials=88, cap_per_operator=8)],
        "12 of 100 places tried (cap on trials 88); 4 of 12 red kept (cap per operator 8)",
    ),
    "lost_little": ([seen(22, 21, 20, 19, cap_on_trials=1, compiles=1, cap_per_crate=1)],
                    "19 of 20 red kept (cap per crate 1)"),
    "narrow": ([seen(40, 30, 30, 30)], "has places in 1 crate only"),
    # Once "found in few crates", of one found in all.
    "narrowly_kept": (
        [seen(40, 30, 30, 30), seen(9, 9, 9, 0, cap_per_code=9), seen(9, 9, 0, 0, compiles=9)],
        "was red in 2 crates only",
    ),
    "of_an_older_run": ([{"proposed": 40, "tried": 1, "red": 1, "kept": 1}], "1 of 40 places tried"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_reason_for_few_tuples_is_made_of_the_counts(name: str, tmp_path: Path) -> None:
    cases, why = CASES[name]
    told = [{"operators": {name: counts}} for counts in cases]
    (row,) = figures(read_run(run_of(tmp_path, told)))["operators"]
    assert row["why"] == why


def test_an_operator_is_listed_with_its_route_classes_and_codes(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{"operators": {operator.name: {} for operator in operators()} | {"gone": {}}}])
    rows = {row["name"]: row for row in figures(read_run(run))["operators"]}
    for operator in operators():
        row = rows[operator.name]
        assert (row["route"], row["classes"]) == (str(operator.route), sorted(operator.classes))
        assert row["codes"] == [code or "no code" for code in operator.codes]
    assert rows["gone"]["route"] is None
    page = write_report(run).read_text()
    assert "<td>manifest</td>" in page
    assert "E0425" in page


UNUSUAL = {
    "unrecorded": ("cargo check failed", "no mistake was tried"),
    "unshared": ({"--lib": "no file shows its sentinel"}, "a few mistakes of --lib were judged, alone by cargo"),
    "unlinted": ({"--bin a": "clippy refused"}, "no lint was tried on --bin a"),
    "distrust": ("3 of 9 audits disagree", "shared runs are not believed, a few of their tuples were judged alone"),
}


def test_each_way_out_is_told_for_itself(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{key: told, "operators": {"drop_mut": {}}} for key, (told, _) in UNUSUAL.items()] + [{}])
    rows = figures(read_run(run))["unshared"]
    reasons = [next(iter(told.values())) if isinstance(told, dict) else told for told, _ in UNUSUAL.values()]
    assert [(row["what"], row["reason"]) for row in rows] == [
        (what, reason) for (_, what), reason in zip(UNUSUAL.values(), reasons, strict=True)
    ]
    page = write_report(run).read_text()
    assert all(f"{what}: {reason}." in page for (_, what), reason in zip(UNUSUAL.values(), reasons, strict=True))


def test_spoiled_runs_are_told_with_their_culprits(tmp_path: Path) -> None:
    notes = [
        {"route": "batch", "seen": "silent sentinel of src/lib.rs", "culprits": ["misspell_local"], "runs": 1},
        {"route": "lints", "seen": "an error that nobody owns: E0391: <cycle>", "culprits": [], "runs": 3},
    ]
    run = run_of(tmp_path, [{"operators": {"misspell_local": {}}, "poisoned": notes}])
    rows = figures(read_run(run))["poisoned"]
    assert rows == [{"unit": rows[0]["unit"], **note} for note in reversed(notes)]
    page = write_report(run).read_text()
    assert "an error that nobody owns: E0391: &lt;cycle&gt;" in page
    assert "<td>misspell local</td>" in page
    assert "several together" in page


def run_of(run: Path, told: list[dict[str, Any]]) -> Path:
    """A run of as many crates, each with an injected miner's word."""
    names = [f"crate{number}" for number in range(len(told))]
    fixture.write_manifest(run, names)
    for name, injection in zip(names, told, strict=True):
        fixture.write_unit(run, name, "1.0.0", [])
        (path,) = run.glob(f"units/{name}-*/unit.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | {"injection": injection}))
    return run
