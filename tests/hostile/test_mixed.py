"""`make mixed` says what went wrong, and that nothing was mined is no success."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hostile.mixed import _differences


def _run(folder: Path, **crates: list[str]) -> Path:
    """A run's folder: the ids of each crate's tuples."""
    for crate, ids in crates.items():
        (folder / "units" / crate).mkdir(parents=True)
        (folder / "units" / crate / "unit.json").write_text(json.dumps({"crate": crate, "status": "mined"}))
        rows = pa.table({"id": pa.array(ids, pa.string()), "crate": pa.array([crate] * len(ids), pa.string())})
        pq.write_table(rows, folder / "units" / crate / "diag_fix.parquet")
    return folder


@pytest.mark.parametrize(
    ("alone", "mixed", "told"),
    [
        ({"a": ["1"]}, {"a": ["1"], "greedy": []}, []),
        ({"a": ["1", "2"]}, {"a": ["2", "3"]}, ["a: 1 tuples lost, 1 gained"]),
        ({"a": ["1"]}, {}, ["a was mined, is None", "a: 1 tuples lost, 0 gained"]),
        ({"a": ["1"]}, {"a": ["1"], "b": ["2"]}, ["b was not mined alone"]),
        ({"a": []}, {"a": []}, ["1 good crates gave no tuple at all"]),
        ({}, {}, ["0 good crates gave no tuple at all"]),
    ],
)
def test_what_differs_is_told(
    alone: dict[str, list[str]], mixed: dict[str, list[str]], told: list[str], tmp_path: Path
) -> None:
    assert _differences(_run(tmp_path / "alone", **alone), _run(tmp_path / "mixed", **mixed)) == told


def test_a_campaign_that_fails_is_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text('[[crate]]\nname = "itoa"\nversion = "1.0.11"\n')
    how = [
        "--list",
        tmp_path / "list.toml",
        "--sandbox",
        "nowhere",
        "--miners",
        "suggestions",
        "--out",
        tmp_path / "out",
    ]
    command = [sys.executable, "-m", "tests.hostile.mixed", *how]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "0 good crates      0 tuples" in done.stdout
    assert "the campaign nowhere-suggestions-alone ended with status" in done.stdout
