"""`oxidizer reproduce` on a run directory that was moved away from all that made it: real cargo in bubblewrap.

What it leaves is tried by cargo and git as a person would.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from oxidizer.cli import app
from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.rundir import table_bytes
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.records import DiagFix, Record, Reject, arrow_schema, to_row
from tests.integration.typed import oxidizer, tuples

Row = dict[str, Any]


@pytest.fixture(scope="module")
def moved(mined: Path, listed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory elsewhere, in which no file knows of the crates' folders any more."""
    run = tmp_path_factory.mktemp("elsewhere") / "run"
    shutil.copytree(mined, run)
    for path in run.glob("**/*.json"):
        path.write_text(path.read_text().replace(str(listed.parent), "/nowhere"))
    return run


def reproduce(run: Path, what: str, out: Path, *args: object) -> tuple[int, str]:
    accepted = [] if may_mount() else ["--accept-weaker", "user,memory,processes,cpu,disk,inodes"]
    words = ("reproduce", run, what, "--out", out, "--sandbox", "bubblewrap", *accepted, *args)
    # In this process: most of these end at once, and to import the command takes longer.
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(word) for word in words])
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.output


def row_of(run: Path, code: str) -> Row:
    return next(row for row in tuples(run) if row["error"]["code"] == code)


def rewrite(run: Path, table: str, record: Record, folder: Path) -> Path:
    """A copy of the run whose good crate has this one record."""
    shutil.copytree(run, folder)
    (path,) = folder.glob(f"units/good-*/{table}.parquet")
    path.write_bytes(table_bytes([to_row(record)], arrow_schema(type(record))))
    return folder


def cargo(toolchain: Toolchain, tree: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PATH": f"{toolchain.bin}:{os.environ['PATH']}", "CARGO_NET_OFFLINE": "true"}
    return subprocess.run(["cargo", *args], cwd=tree, env=env, capture_output=True, text=True)


def test_a_tuple_is_red_then_green_and_a_person_can_see_it(moved: Path, tmp_path: Path, toolchain: Toolchain) -> None:
    row = row_of(moved, "clippy::needless_return")
    status, said = reproduce(moved, row["id"][:12], tmp_path / "left")
    assert status == 0, said
    assert "red: clippy::needless_return at src/lib.rs:4" in said
    assert "unneeded `return` statement" in said
    assert "all is as recorded" in said
    left = tmp_path / "left"
    assert {path.name for path in left.iterdir()} == {"README.md", "before", "after", "fix.patch"}
    readme = (left / "README.md").read_text()
    assert "code of strangers" in readme
    (line,) = [line for line in readme.splitlines() if line.startswith("(cd before && ")]
    shown = subprocess.run(
        ["bash", "-c", line], cwd=left, env={**os.environ, "PATH": f"{toolchain.bin}:{os.environ['PATH']}"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert "unneeded `return` statement" in shown.stderr, shown.stderr
    assert "unneeded `return`" not in cargo(toolchain, left / "after", *row["probe"]["args"]).stderr
    shutil.rmtree(left / "before/target")
    subprocess.run(["git", "apply", "-p1", "../fix.patch"], cwd=left / "before", check=True)
    assert (left / "before/src/lib.rs").read_bytes() == (left / "after/src/lib.rs").read_bytes()


@pytest.mark.parametrize(
    ("crate", "cause", "says"),
    [
        ("broken", "compile_error", "E0308: mismatched types"),
        ("copyleft", "licence_copyleft", "GPL-3.0-only"),
        ("illegible", "broken_manifest", "unclosed table"),
    ],
)
def test_a_rejected_unit_fails_of_the_same_cause(
    moved: Path, tmp_path: Path, crate: str, cause: str, says: str
) -> None:
    status, said = reproduce(moved, crate, tmp_path / "left")
    assert status == 0, said
    assert f"seen      rejected: {cause}" in said
    assert says in said
    assert (tmp_path / "left/before/Cargo.toml").exists()


def test_a_mined_unit_has_its_baseline_again_and_another_one_is_told_of(moved: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(moved, run)
    status, said = reproduce(run, "good", tmp_path / "left")
    assert status == 0, said
    assert "1 pass, 0 fail, 0 are flaky" in said
    (unit,) = run.glob("units/good-*/unit.json")
    facts = json.loads(unit.read_text())
    facts["tests"]["passed"] = 2
    unit.write_text(json.dumps({**facts, "license": "Apache-2.0"}))
    status, said = reproduce(run, "good", tmp_path / "again")
    assert status == 1, said
    assert "NOT as recorded: licence, tests" in said


def test_a_reject_is_refused_for_the_same_reason(moved: Path, tmp_path: Path) -> None:
    row = row_of(moved, "clippy::needless_return")
    keys = set(Reject.model_fields) & set(row) - {"type", "id", "sha256"}
    patch = row["patch_diff"].replace("{ Foo { a: a }", "{ Foo { a: b }")
    assert patch != row["patch_diff"]
    fields = {key: row[key] for key in keys} | {
        "stage": "probe", "reason": "does_not_compile", "detail": "E0425", "tool": "clippy",
        "code": row["error"]["code"], "applicability": "MachineApplicable", "patch_diff": patch,
    }  # fmt: skip
    record = Reject.new(**fields)
    run = rewrite(moved, "rejects", record, tmp_path / "run")
    status, said = reproduce(run, record.id[:10], tmp_path / "left")
    assert status == 0, said
    assert "seen      refused: does_not_compile (E0425: cannot find value `b`" in said
    other = rewrite(moved, "rejects", Reject.new(**{**fields, "reason": "still_there"}), tmp_path / "other")
    (found,) = other.glob("units/good-*/rejects.parquet")
    assert found
    status, said = reproduce(other, Reject.new(**{**fields, "reason": "still_there"}).id, tmp_path / "more")
    assert status == 1, said
    assert "NOT as recorded: verdict" in said


def test_a_record_that_does_not_show_what_it_says_is_told(moved: Path, tmp_path: Path) -> None:
    """Both the changed one and the one that was forged whole; neither can steer a terminal."""
    row = row_of(moved, "clippy::needless_return")
    error = {**row["error"], "message": "\x1b[2Jsomething that clippy never said"}
    fields = {key: value for key, value in row.items() if key not in ("id", "sha256")}
    forged = DiagFix.new(**{**fields, "error": error})
    run = rewrite(moved, "diag_fix", forged, tmp_path / "run")
    status, said = reproduce(run, forged.id[:12], tmp_path / "left")
    assert status == 1
    assert "NOT as recorded: before" in said
    assert "\x1b" not in said
    assert "\x1b" not in (tmp_path / "left/README.md").read_text()
    changed = forged.model_copy(update={"license": "GPL-3.0-only"})
    status, said = reproduce(rewrite(moved, "diag_fix", changed, tmp_path / "other"), forged.id, tmp_path / "more")
    assert status == 1
    assert "the record was changed" in said


def test_names_and_words_of_a_doctored_record_are_refused(moved: Path, tmp_path: Path) -> None:
    row = row_of(moved, "clippy::needless_return")
    fields = {key: value for key, value in row.items() if key not in ("id", "sha256")}
    probe = {"args": ["clippy", "--lib\nrm -rf /"], "env": []}
    outside = row["patch_diff"].replace("src/lib.rs", "../../../../../../etc/passwd")
    for at, (changes, status, says) in enumerate(
        [
            ({"lock": "../../run.json"}, 2, "not in the unit's folder"),
            ({"probe": probe}, 2, "control characters"),
            ({"patch_diff": outside, "file": "../../../../../../etc/passwd"}, 1, "is not below the source"),
        ]
    ):
        forged = DiagFix.new(**{**fields, **changes})
        run = rewrite(moved, "diag_fix", forged, tmp_path / f"run{at}")
        ended, said = reproduce(run, forged.id, tmp_path / f"left{at}")
        assert (ended, says in said) == (status, True), said


def test_input_that_cannot_be_used_ends_with_2_before_any_work(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/Cargo.toml").write_text('[workspace]\nmembers = ["a"]\n')
    for what, out, says in (
        ("good", tmp_path / "there", "is not written over"),
        ("good", tmp_path / "nowhere/left", "there is no folder"),
        ("good", tmp_path / "workspace/left", "lies in the Rust workspace"),
        ("goood", tmp_path / "left", "did you mean good"),
        ("0123456789abcdef", tmp_path / "left", "nor has it a tuple or reject"),
    ):
        status, said = reproduce(moved, what, out)
        assert (status, says in said) == (2, True), said
    manifest = json.loads((moved / "run.json").read_text())
    run = tmp_path / "run"
    shutil.copytree(moved, run)
    manifest["toolchain"]["version"] = "rustc 1.90.0 (1159e78c4 2025-09-14)"
    (run / "run.json").write_text(json.dumps(manifest))
    status, said = reproduce(run, "good", tmp_path / "left")
    assert (status, "rustup toolchain install 1.90.0" in said) == (2, True), said
    (archive,) = run.glob("units/broken-*/source.tar.gz")
    archive.unlink()
    status, said = reproduce(run, "broken", tmp_path / "left", "--toolchain", "stable")
    assert (status, "has no source.tar.gz" in said) == (2, True), said


def test_the_log_tells_what_was_run(mined: Path) -> None:
    done = oxidizer("logs", mined, "broken")
    assert done.returncode == 0
    assert "cargo check" in done.stdout
    assert "expected `u32`, found `&str`" in done.stdout
    assert "rejected: compile_error" in done.stdout
    assert "cargo metadata" in oxidizer("logs", mined, "copyleft", "--stage", "fetch").stdout
    assert oxidizer("logs", mined, "goood").returncode == 1
