"""Which codes a run has of all that its toolchain can show, how hard and how large its tuples are."""

from pathlib import Path

import pytest

from oxidizer.miners.report import read_run, write_report
from oxidizer.miners.report.codes import OFTEN, codes
from oxidizer.miners.report.sizes import sizes
from tests.unit import run_fixture as fixture


@pytest.fixture
def run(tmp_path: Path) -> Path:
    groups = {"clippy::use_self": "nursery", "clippy::branches_sharing_code": "nursery", "unused_mut": "rustc"}
    fixture.write_manifest(tmp_path, ["a"], lint_groups=groups)
    use_self, borrowed = fixture.LESSONS[0], fixture.LESSONS[2]
    moved = fixture.Lesson("rustc", "E0382", "move", "use of moved value", "a\n", "b\n", "")
    retired = fixture.Lesson("rustc", "E0001", "pattern", "unreachable", "a\n", "b\n", "")
    strange = fixture.Lesson("clippy", "clippy::of_tomorrow", "lint", "strange", "a\n", "b\n" * 80, "")
    rows = [fixture.diag_fix(use_self, "a", "1.0.0", line, difficulty=2) for line in range(1, OFTEN + 1)]
    rows += [fixture.diag_fix(moved, "a", "1.0.0", line, difficulty=5) for line in range(1, OFTEN)]
    rows += [fixture.diag_fix(one, "a", "1.0.0", 1) for one in (retired, strange, borrowed)]
    fixture.write_unit(tmp_path, "a", "1.0.0", rows)
    return tmp_path


def test_codes_are_held_against_the_toolchains_own(run: Path) -> None:
    told = codes(read_run(run))
    groups = {(row["kind"], row["group"]): row for row in told["groups"]}
    nursery, move = groups["clippy", "nursery"], groups["error", "move"]
    assert (nursery["known"], nursery["have"], nursery["often"], nursery["tuples"]) == (2, 1, 1, OFTEN)
    assert nursery["never"] == ["clippy::branches_sharing_code"]
    assert (move["have"], move["often"], move["codes"]) == (1, 0, [{"name": "E0382", "count": OFTEN - 1}])
    assert "E0505" in groups["error", "borrow"]["never"]
    # No longer emitted: told apart from what the run could have shown, unless it has it all the same.
    assert "E0007" in move["beyond"]
    assert {"name": "E0001", "count": 1} in groups["error", "pattern"]["codes"]
    assert told["often"] == 1
    assert told["unknown"] == [{"name": "clippy::of_tomorrow", "count": 1}]
    for row in told["groups"]:
        assert row["have"] + len(row["never"]) == row["known"]


def test_every_histogram_adds_up(run: Path) -> None:
    told = sizes(read_run(run).tuples)
    assert {name: sum(row["count"] for row in rows) for name, rows in told.items()} == dict.fromkeys(told, 102)
    assert [row["count"] for row in told["difficulty"]] == [3, OFTEN, 0, 0, OFTEN - 1]
    lines = {row["name"]: row["count"] for row in told["changed_lines"]}
    # One line becomes one or 80 others; a line of the diff that begins like a file's heading is none.
    assert lines["2"] == 101
    assert list(lines)[:4] == ["1", "2", "3 to 4", "5 to 8"]
    assert lines["more"] == 1
    assert [row["name"] for row in told["code_bytes"]][-3:] == ["8 KiB", "16 KiB", "more"]


def test_a_removed_comment_of_dashes_counts_as_a_line(tmp_path: Path) -> None:
    fixture.write_manifest(tmp_path, ["a"])
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a comment\n-++ x\n+y\n c\n"
    row = fixture.diag_fix(fixture.LESSONS[0], "a", "1.0.0", 1, patch_diff=patch + patch.replace("/x", "/y"))
    fixture.write_unit(tmp_path, "a", "1.0.0", [row])
    assert read_run(tmp_path).tuples[0].changed_lines == 6


def test_the_page_has_them(run: Path) -> None:
    page = write_report(run).read_text()
    assert 'href="#tuples?code=clippy%3A%3Ause_self"' in page
    assert "1 with 50 tuples or more" in page
    assert "branches_sharing_code" in page
