"""The report of pull requests: its figures add up, and what strangers wrote stays text."""

import json
from pathlib import Path

import pytest

from oxidizer.cluster.rundir import RunDirectory, UnitOutput
from oxidizer.datasets.records import Ci, Probe, PrPair, TestName, to_row
from oxidizer.miners.pulls.unit import SCHEMAS
from oxidizer.miners.report import read_run, write_report
from oxidizer.miners.report.manifest import RunUnreadable
from oxidizer.miners.report.pulls import pair_ids, pair_row, pull_figures

DIFF = "diff --git a/src/lib.rs b/src/lib.rs\n--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1 +1,2 @@\n-old\n+new\n+more\n"


def pair(number: int, **other: object) -> PrPair:
    test = TestName(package="made", target="made", name="tests::works")
    fields = {
        "license": "MIT", "source_url": "https://example.org/org/made", "commit": "c" * 40, "parents": [],
        "repo": "org/made", "pr": number, "kind": "bug_fix", "title": f"Change {number}", "body": "", "commit_msg": "m",
        "review_comments": [], "base_commit": "b" * 40, "merge_commit": "c" * 40, "before_tree": "1" * 40,
        "patch_diff": DIFF.encode() + str(number).encode(), "after_tree": "2" * 40, "model_diff": DIFF,
        "toolchain": "rustc 1.95.0", "sealed": False, "lineage": [], "test_diff": b"",
        "ci": Ci(status="pass", source="sandbox"), "evidence": "test", "fail_to_pass": [test],
        "pass_to_pass": [test, test], "flaky": [], "probe": Probe(args=["test"], env=[]), "lock": "locks/x.lock",
    }  # fmt: skip
    return PrPair.new(**{**fields, **other})


def committed(folder: Path, *units: tuple[str, list[PrPair], dict[str, int], dict[str, int]]) -> Path:
    run = RunDirectory(folder)
    crates = [f"{repo} x" for repo, *_ in units]
    asked = {"list": "repos.txt", "miners": ["pull-requests"], "crates": crates, "seed": 0, "recipe": {}}
    run.write_json(
        "run.json", {"schema_version": 1, "id": "0" * 12, "asked": asked, "toolchain": {"version": "rustc 1.95.0"}}
    )
    for number, (repo, pairs, causes, skipped) in enumerate(units):
        name = f"{repo.replace('/', '-')}-{number}"
        tried = len(pairs) + sum(causes.values())
        summary = {
            "unit": name, "crate": repo, "version": "2020-01-01..2021-01-01", "status": "mined",
            "spec": {"source": "git", "repository": f"https://example.org/{repo}"}, "license": "MIT",
            "counts": {
                "harvested": tried + sum(skipped.values()), "candidates": tried, "proven": len(pairs),
                "kept": len(pairs), "rejected": causes, "skipped": skipped,
            },
            "pulls": {"evidence": {"test": len(pairs)}, "kinds": {"bug_fix": len(pairs)}},
            "stages": {"proof": {"wall_s": 9.0, "cpu_s": 8.0, "commands": 3, "overhead_s": 0.1}}, "worker_cpu_s": 2.0,
        }  # fmt: skip
        run.commit(name, UnitOutput({"pr_pair": [to_row(p) for p in pairs]}, {}, summary), SCHEMAS)
    return folder


def test_figures_are_those_of_units_and_tables_together(tmp_path: Path) -> None:
    run = committed(
        tmp_path / "run",
        ("org/made", [pair(1), pair(2, evidence=None, fail_to_pass=[])], {"no_tests": 1}, {"docs_only": 4}),
        ("org/made", [pair(3)], {}, {"docs_only": 1}),
        ("org/other", [], {"no_tests": 2}, {}),
    )
    found = pull_figures(read_run(run))
    assert found is not None
    assert {key: found[key] for key in ("seen", "tried", "pairs", "fail_to_pass")} == {
        "seen": 11, "tried": 6, "pairs": 3, "fail_to_pass": 2,
    }  # fmt: skip
    made, other = found["repositories"]
    assert (made["repo"], made["pairs"], made["cpu_s"], made["cpu_each_s"]) == ("org/made", 3, 20.0, 20.0 / 3)
    assert (other["pairs"], other["cpu_each_s"]) == (0, None)
    assert found["causes"] == [{"name": "no_tests", "count": 3}]
    assert found["skipped"] == [{"name": "docs_only", "count": 5}]
    assert {row["lines"] for row in found["rows"]} == {3}


def test_the_page_shows_all_and_runs_nothing_that_strangers_wrote(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    run = committed(tmp_path / "run", ("org/made", [pair(1, title=evil, body=evil), pair(2)], {"no_tests": 1}, {}))
    page = write_report(run).read_text()
    assert "2 proven pull requests" in page
    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page
    told = json.loads((run / "report.json").read_text())
    assert told["pulls"]["pairs"] == 2
    assert told["warnings"] == []


def test_what_was_left_out_before_and_lost_of_the_archive_is_told(tmp_path: Path) -> None:
    run = committed(tmp_path / "run", ("org/made", [pair(1)], {}, {}))
    manifest = json.loads((run / "run.json").read_text())
    looked = {"name": "org/made", "head": "a" * 40, "landed": 9, "chosen": 4, "told": 3}
    counts = {"file: read": 2, "event: read": 7, "event: of another type": 5, "line: not JSON": 4, "file: cut off": 1}
    manifest |= {
        "repositories": [
            {**looked, "left": {"octopus": 2}, "odd": {"head_differs": 3}},
            {**looked, "name": "org/other", "told": 1, "left": {"octopus": 1}, "odd": {}},
        ],
        "archive": {"place": "/hours", "counts": counts},
    }
    (run / "run.json").write_text(json.dumps(manifest))
    found = pull_figures(read_run(run))
    assert found is not None
    assert (found["left"], found["odd"]) == (
        [{"name": "octopus", "count": 3}], [{"name": "head_differs", "count": 3}],
    )  # fmt: skip
    archive = found["archive"]
    assert {key: archive[key] for key in ("place", "told", "files", "events", "lost")} == {
        "place": "/hours", "told": 4, "files": 2, "events": 7, "lost": 5,
    }  # fmt: skip
    text = " ".join(write_report(run).read_text().split())
    assert "5 times something in it could not be read" in text
    assert "it tells something of 4 pull requests" in text
    for words in ("head_differs", "octopus", "line: not JSON"):
        assert words in text


def test_a_run_of_crates_has_no_such_figures_and_a_lost_pair_is_told(tmp_path: Path) -> None:
    empty = committed(tmp_path / "none")
    assert pull_figures(read_run(empty)) is None
    run = committed(tmp_path / "run", ("org/made", [pair(1)], {}, {}))
    (known,) = pair_ids(run, "org-made-0")
    assert pair_row(run, "org-made-0", known)["pr"] == 1
    with pytest.raises(RunUnreadable, match="has no pair"):
        pair_row(run, "org-made-0", "f" * 32)
