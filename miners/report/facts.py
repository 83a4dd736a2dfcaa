"""A run directory, read: what was asked, what each unit came to, one light row per tuple and the rejects counted.

Only the columns that figures need are read; `load_tuple` fetches a whole row by its id. A unit without `unit.json` is
not finished and is not seen. Nothing is written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oxidizer.miners.report.manifest import Quarantined, RunManifest, RunUnreadable, Unit, load

_COLUMNS = [
    "id",
    "crate",
    "version",
    "class",
    "origin",
    "file",
    "trivial",
    "patch_diff",
    "tests.after",
    "verdict.scope",
    "verdict.audited",
    "verdict.covered",
    "error.tool",
    "error.code",
    "error.message",
    "error.span.line_start",
    "error.suggestions",
]


@dataclass(frozen=True)
class TupleFacts:
    """One tuple, as far as figures and lists need it."""

    id: str
    unit: str
    crate: str
    version: str
    class_: str
    origin: str
    tool: str
    code: str | None
    message: str
    file: str
    line: int
    applicability: str
    """Of the tool's own first suggestion; "none" where it has none."""
    scope: str
    audited: bool
    covered: bool | None
    tests_after: str
    patch_lines: int

    @property
    def name(self) -> str:
        """The code, or the tool where it gives none (rustfmt)."""
        return self.code or self.tool


@dataclass(frozen=True)
class RunFacts:
    """All that the report knows of a run."""

    path: Path
    manifest: RunManifest
    units: tuple[Unit, ...]
    quarantined: tuple[Quarantined, ...]
    tuples: tuple[TupleFacts, ...]
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many rejects by (stage, reason)."""

    @property
    def mined(self) -> tuple[Unit, ...]:
        """The units that went the whole way."""
        return tuple(unit for unit in self.units if unit.status == "mined")

    def group(self, row: TupleFacts) -> str:
        """The lint group of a tuple: clippy's own group where the run recorded it, else the tool."""
        return self.manifest.lint_groups.get(row.code or "", row.tool)


def read_run(run: Path) -> RunFacts:
    """Read a run directory. Raises RunUnreadable where it is not one or a file in it is damaged."""
    if not (run / "run.json").is_file():
        raise RunUnreadable(f"{run} holds no run.json: give the folder that was named by `oxidizer mine --out`.")
    units = tuple(load(Unit, path) for path in sorted(run.glob("units/*/unit.json")))
    rejects: Counter[tuple[str, str]] = Counter()
    for unit in units:
        rejects.update(_rejects(run, unit.unit))
    return RunFacts(
        path=run,
        manifest=load(RunManifest, run / "run.json"),
        units=units,
        quarantined=tuple(load(Quarantined, path) for path in sorted(run.glob("quarantine/*.json"))),
        tuples=tuple(row for unit in units for row in _tuples(run, unit.unit)),
        rejects=rejects,
    )


def load_tuple(run: Path, unit: str, tuple_id: str) -> dict[str, Any]:
    """One whole `diag_fix` row. Raises RunUnreadable where the unit has no such tuple."""
    table = _read(_table_path(run, unit), None)
    if table is not None:
        rows: list[dict[str, Any]] = table.filter(pc.equal(table["id"], tuple_id)).to_pylist()
        if rows:
            return rows[0]
    raise RunUnreadable(f"{run} has no tuple {tuple_id} in unit {unit}; was the run changed while it was read?")


def _table_path(run: Path, unit: str) -> Path:
    return run / "units" / unit / "diag_fix.parquet"


def _tuples(run: Path, unit: str) -> Iterator[TupleFacts]:
    table = _read(_table_path(run, unit), _COLUMNS)
    for row in table.to_pylist() if table is not None else []:
        yield _tuple_facts(unit, row)


def _tuple_facts(unit: str, row: dict[str, Any]) -> TupleFacts:
    error, verdict, suggestions = row["error"], row["verdict"], row["error"]["suggestions"]
    return TupleFacts(
        id=row["id"],
        unit=unit,
        crate=row["crate"],
        version=row["version"],
        class_=row["class"],
        origin=row["origin"],
        tool=error["tool"],
        code=error["code"],
        message=error["message"],
        file=row["file"],
        line=error["span"]["line_start"],
        applicability=_applicability(row["trivial"], suggestions),
        scope=verdict["scope"],
        audited=verdict["audited"],
        covered=verdict["covered"],
        tests_after=row["tests"]["after"],
        patch_lines=row["patch_diff"].count("\n"),
    )


def _applicability(trivial: bool, suggestions: list[dict[str, Any]]) -> str:
    if trivial:
        return "MachineApplicable"
    return str(suggestions[0]["applicability"]) if suggestions else "none"


def _rejects(run: Path, unit: str) -> Counter[tuple[str, str]]:
    table = _read(run / "units" / unit / "rejects.parquet", ["stage", "reason"])
    return Counter((row["stage"], row["reason"]) for row in table.to_pylist()) if table is not None else Counter()


def _read(path: Path, columns: list[str] | None) -> Any:
    """A table, or None where a unit has no such file (a rejected unit has no tuples)."""
    if not path.is_file():
        return None
    try:
        return pq.ParquetFile(path).read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise RunUnreadable(
            f"{path} cannot be read ({error}). Move its folder away and mine the unit again."
        ) from error
