"""`oxidizer verify`: a run's tuples are replayed from their records alone, and a changed one is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from oxidizer.cluster.rundir import table_bytes
from oxidizer.datasets.records import DiagFix, arrow_schema
from tests.integration.typed import oxidizer, tuples

Row = dict[str, Any]


def verify(run: Path, *args: object) -> tuple[int, str]:
    done = oxidizer("verify", run, "--sandbox", "bubblewrap", *args)
    return done.returncode, done.stdout + done.stderr


def with_rows(mined: Path, run: Path, rows: list[Row], schema: pa.Schema | None = None) -> Path:
    """A copy of the run whose good crate has these tuples."""
    shutil.copytree(mined, run)
    (path,) = run.glob("units/good-*/diag_fix.parquet")
    path.write_bytes(table_bytes(rows, schema or arrow_schema(DiagFix)))
    return run


def of_code(mined: Path, code: str) -> Row:
    return next(row for row in tuples(mined) if row["error"]["code"] == code)


def test_all_of_a_run_are_accepted(mined: Path) -> None:
    all_of_them = len(tuples(mined))
    status, said = verify(mined, "--sample", 500)
    assert status == 0
    assert f"accepted {all_of_them} of {all_of_them} replayed" in said


def test_a_changed_record_is_refused_by_its_hash(mined: Path, tmp_path: Path) -> None:
    row = of_code(mined, "clippy::needless_return")
    changed = {**row, "patch_diff": row["patch_diff"].replace("+    pub fn new(a: u32)", "+    pub fn new(b: u32)")}
    assert changed != row
    status, said = verify(with_rows(mined, tmp_path / "run", [changed]))
    assert status == 1
    assert "the record was changed" in said
    assert "accepted 0 of 1 replayed" in said


def another_fix(row: Row, mined: Path) -> Row:
    """It applies, it compiles, and it does not mend this."""
    other = of_code(mined, "clippy::redundant_field_names")
    return {**row, **{key: other[key] for key in ("patch_diff", "code_before", "code_after", "file")}}


def another_probe(row: Row, mined: Path) -> Row:
    """The default groups alone, without the needed lint, do not show it."""
    return {**row, "error": {**row["error"], "message": "something that clippy never said"}}


def a_broken_test(row: Row, mined: Path) -> Row:
    """The right place mended in the wrong way: the crate's own test fails."""
    right, wrong = "{ Foo { a: a }", "{ Foo { a: a + 1 }"
    changes = {key: row[key].replace(right, wrong) for key in ("code_after", "patch_diff")}
    assert all(changes[key] != row[key] for key in changes)
    return {**row, **changes}


def a_trick(row: Row, mined: Path) -> Row:
    """It mends this, and leaves something else to be written."""
    right, wrong = "{ Foo { a: a }", "{ let _ = || todo!(); Foo { a: a }"
    changes = {key: row[key].replace(right, wrong) for key in ("code_after", "patch_diff")}
    assert all(changes[key] != row[key] for key in changes)
    return {**row, **changes}


def another_text(row: Row, mined: Path) -> Row:
    return {**row, "code_before": "fn elsewhere() {}"}


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (another_fix, "still_there"), (another_probe, "not_shown"), (a_broken_test, "tests_fail"),
        (a_trick, "unfinished_code at src/lib.rs:"),
        (another_text, "code_before is not in"),
    ],
)  # fmt: skip
def test_a_forged_record_with_the_right_hash_is_refused_by_the_replay(
    mined: Path, tmp_path: Path, forge: Callable[[Row, Path], Row], reason: str
) -> None:
    row = of_code(mined, "clippy::needless_return")
    forged = forge(row, mined)
    fields = {key: value for key, value in forged.items() if key not in ("id", "sha256")}
    record = DiagFix.new(**fields).model_dump(mode="json", by_alias=True)
    status, said = verify(with_rows(mined, tmp_path / "run", [record]))
    assert status == 1
    assert reason in said


def test_a_source_that_is_not_the_recorded_one_is_refused(mined: Path, tmp_path: Path) -> None:
    run = with_rows(mined, tmp_path / "run", [of_code(mined, "clippy::needless_return")])
    (archive,) = run.glob("units/good-*/source.tar.gz")
    archive.write_bytes(b"no archive")
    status, said = verify(run)
    assert status == 1
    assert "source.tar.gz cannot be unpacked" in said


def test_a_run_without_tuples_or_no_run_at_all_is_an_error(mined: Path, tmp_path: Path) -> None:
    status, said = verify(with_rows(mined, tmp_path / "run", []))
    assert (status, "nothing to verify" in said) == (1, True)
    status, said = verify(tmp_path / "nowhere")
    assert (status, "no run.json" in said) == (1, True)


def test_another_toolchain_is_named(mined: Path, tmp_path: Path) -> None:
    row = {**of_code(mined, "clippy::needless_return"), "toolchain": "rustc 1.90.0 (of another day)"}
    status, said = verify(with_rows(mined, tmp_path / "run", [row]))
    assert status == 1
    assert "was made by rustc 1.90.0" in said
    assert "--toolchain" in said
