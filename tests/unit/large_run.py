"""Builds a run of many tuples, quickly: rows are made of a few real ones, column by column."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.datasets.records import DiagFix, arrow_schema, to_row
from tests.unit import run_fixture as fixture


def build_large_run(run: Path, tuples: int, crates: int) -> Path:
    """A run of so many tuples in so many crates, with messages, files and lines that differ; no row can be replayed."""
    fixture.write_manifest(run, [f"crate-{n}" for n in range(crates)])
    plain = [to_row(fixture.diag_fix(lesson, "x", "1.0.0", 10)) for lesson in fixture.LESSONS]
    for n in range(crates):
        first, last = tuples * n // crates, tuples * (n + 1) // crates
        rows = [_row(plain[at % len(plain)], f"crate-{n}", at) for at in range(first, last)]
        folder = fixture.write_unit(run, f"crate-{n}", "1.0.0", counts={"kept": len(rows)})
        pq.write_table(pa.Table.from_pylist(rows, arrow_schema(DiagFix)), folder / "diag_fix.parquet")
    return run


def _row(plain: dict[str, object], crate: str, at: int) -> dict[str, object]:
    error = json.loads(json.dumps(plain["error"]))
    code = error["code"] and f"{error['code']}_{at % 40}"
    error |= {"code": code, "message": f"{error['message']} `name_{at % 6000}`"}
    error["span"] |= {"line_start": 1 + at % 900}
    # What real diagnostics and diffs do not share takes the most room when they are packed.
    noise = [hashlib.sha256(f"{part} {at}".encode()).hexdigest() for part in range(3)]
    error["rendered"] += f"note: {noise[0]}\nnote: {noise[1]}\n"
    return {
        **plain,
        "id": hashlib.sha256(str(at).encode()).hexdigest()[:32],
        "crate": crate,
        "file": f"src/file_{at % 23}.rs",
        "error": error,
        "difficulty": 1 + at % 5,
        "patch_diff": f"{plain['patch_diff']} // {noise[2]}\n",
    }
