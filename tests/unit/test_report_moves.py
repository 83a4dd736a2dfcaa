"""What the report tells of migrations."""

import json
from pathlib import Path
from typing import Any

from oxidizer.miners.report.facts import read_run
from oxidizer.miners.report.figures import figures
from oxidizer.miners.report.html import write_report
from tests.unit import run_fixture as fixture

MOVES = [
    [
        {"kind": "edition", "name": "edition 2015 to 2018", "outcome": "repaired", "kept": {"edition lint": 3}},
        {"kind": "dependency", "name": "gauge 0.1 to 0.2", "outcome": "not repaired", "left": {"E0599": 4, "<b>": 1}},
    ],
    [
        {"kind": "edition", "name": "edition 2015 to 2018", "outcome": "nothing shows"},
        {"kind": "dependency", "name": "meter 1.0 to 2.0", "outcome": "repaired", "kept": {"next version": 2}},
        {"kind": "dependency", "name": "meter 1.0 to 3.0", "outcome": "stopped", "left": {"E0599": 1}},
    ],
]


def run_of(run: Path, told: list[dict[str, Any]]) -> Path:
    names = [f"crate{number}" for number in range(len(told))]
    fixture.write_manifest(run, names)
    for name, more in zip(names, told, strict=True):
        fixture.write_unit(run, name, "1.0.0", [])
        (path,) = run.glob(f"units/{name}-*/unit.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | more))
    return run


def test_moves_are_counted_over_all_crates_and_dependencies_together(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{"migration": {"moves": moves}} for moves in MOVES])
    told = figures(read_run(run))["moves"]
    edition, dependency = told["rows"]
    assert edition == {
        "kind": "edition", "name": "edition 2015 to 2018", "tried": 2, "nothing": 1, "mended": 1, "tuples": 3,
        "others": [], "left": [],
    }  # fmt: skip
    assert {key: dependency[key] for key in ("tried", "nothing", "mended", "tuples")} == {
        "tried": 3, "nothing": 0, "mended": 1, "tuples": 2,
    }  # fmt: skip
    assert [(item["reason"], item["count"]) for item in dependency["others"]] == [("not repaired", 1), ("stopped", 1)]
    assert told["left"] == dependency["left"] == [{"name": "E0599", "count": 5}, {"name": "<b>", "count": 1}]
    assert [(item["name"], item["count"]) for item in told["fixes"]] == [("edition lint", 3), ("next version", 2)]
    page = write_report(run).read_text()
    assert "1 not repaired, 1 stopped" in page
    assert "E0599 (5), &lt;b&gt; (1)" in page


def test_a_run_without_moves_has_no_section_of_them(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{}, {"migration": {"moves": []}}])
    assert figures(read_run(run))["moves"] is None
    assert 'id="moves"' not in write_report(run).read_text()
