"""The report lists every operator of a run, and says why few tuples came of one."""

import json
from pathlib import Path
from typing import Any

import pytest

from oxidizer.miners.report import read_run
from oxidizer.miners.report.figures import figures
from tests.unit import run_fixture as fixture

COUNTS: dict[str, tuple[dict[str, int], str]] = {
    "no_site": ({}, "no place for it in these crates"),
    "harmless": ({"proposed": 40, "tried": 30}, "nothing complains of what was tried"),
    "untried": ({"proposed": 40}, "few of its places came up for a trial"),
    "seldom": ({"proposed": 3, "tried": 3, "red": 2, "kept": 2}, "few places for it in these crates"),
    "mild": ({"proposed": 40, "tried": 30, "red": 5, "kept": 5}, "most of what was tried does no harm"),
    "capped": ({"proposed": 40, "tried": 30, "red": 30, "kept": 5}, "others came first"),
    "narrow": ({"proposed": 40, "tried": 30, "red": 30, "kept": 30}, "found in few crates"),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_reason_is_given_for_few_tuples(name: str, tmp_path: Path) -> None:
    assert rows(tmp_path)[name]["why"] == COUNTS[name][1]


def rows(run: Path) -> dict[str, dict[str, Any]]:
    fixture.write_manifest(run, ["a"])
    fixture.write_unit(run, "a", "1.0.0", [])
    (path,) = run.glob("units/*/unit.json")
    told = json.loads(path.read_text()) | {
        "injection": {"operators": {name: seen for name, (seen, _) in COUNTS.items()}}
    }
    path.write_text(json.dumps(told))
    return {row["name"]: row for row in figures(read_run(run))["operators"]}
