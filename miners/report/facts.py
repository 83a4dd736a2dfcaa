"""A run directory, read: what was asked, what each unit came to, its tuples as columns and the rejects counted.

Only the columns that figures need are read; `load_tuple` fetches a whole row by its id. A unit without `unit.json` is
not finished and is not seen. Nothing is written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oxidizer.miners.report.columns import READ, Columns, TupleFacts, flat
from oxidizer.miners.report.manifest import Quarantined, RunManifest, RunUnreadable, Unit, load, manifest_of

__all__ = ["RunFacts", "TupleFacts", "load_tuple", "load_tuples", "read_run", "read_table"]

Rows = dict[str, dict[str, Any]]
"""Rows by id."""
_WAY_OUT = "Move its folder away and mine the unit again."


@dataclass(frozen=True)
class RunFacts:
    """All that the report knows of a run."""

    path: Path
    manifest: RunManifest
    units: tuple[Unit, ...]
    quarantined: tuple[Quarantined, ...]
    tuples: Columns
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many rejects by (stage, reason)."""

    @property
    def mined(self) -> tuple[Unit, ...]:
        """The units that went the whole way."""
        return tuple(unit for unit in self.units if unit.status == "mined")

    def group(self, tool: str, code: str | None) -> str:
        """The lint group of a code: clippy's own group where the run recorded it, else the tool."""
        return self.manifest.lint_groups.get(code or "", tool)


def read_run(run: Path) -> RunFacts:
    """Read a run directory. Raises RunUnreadable where it is not one or a file in it is damaged."""
    manifest = manifest_of(run)
    units = tuple(load(Unit, path) for path in sorted(run.glob("units/*/unit.json")))
    rejects: Counter[tuple[str, str]] = Counter()
    for unit in units:
        rejects.update(_rejects(run, unit.unit))
    return RunFacts(
        path=run,
        manifest=manifest,
        units=units,
        quarantined=tuple(load(Quarantined, path) for path in sorted(run.glob("quarantine/*.json"))),
        tuples=Columns.of(part for unit in units for part in _tuples(run, unit.unit)),
        rejects=rejects,
    )


def load_tuple(run: Path, unit: str, tuple_id: str) -> dict[str, Any]:
    """One whole `diag_fix` row. Raises RunUnreadable where the unit has no such tuple."""
    return load_tuples(run, unit, [tuple_id])[tuple_id]


def load_tuples(run: Path, unit: str, ids: Sequence[str], columns: list[str] | None = None) -> Rows:
    """Some rows of a unit by id, whole or some columns of them. Raises RunUnreadable where one is not there."""
    table = read_table(_table_path(run, unit), ["id", *columns] if columns else None)
    rows: Rows = {}
    if table is not None:
        chosen = table.filter(pc.is_in(table["id"], pa.array(ids, pa.string())))
        rows = {row["id"]: row for row in chosen.to_pylist()}
    if missing := [tuple_id for tuple_id in ids if tuple_id not in rows]:
        raise RunUnreadable(f"{run} has no tuple {missing[0]} in unit {unit}; was the run changed while it was read?")
    return rows


def _table_path(run: Path, unit: str) -> Path:
    return run / "units" / unit / "diag_fix.parquet"


def _tuples(run: Path, unit: str) -> Iterator[pa.Table]:
    path = _table_path(run, unit)
    table = read_table(path, READ)
    if table is None or not table.num_rows:
        return
    try:
        yield flat(unit, table)
    except (KeyError, pa.ArrowException) as error:
        raise RunUnreadable(f"{path} is no table of tuples ({error}). {_WAY_OUT}") from error


def _rejects(run: Path, unit: str) -> Counter[tuple[str, str]]:
    table = read_table(run / "units" / unit / "rejects.parquet", ["stage", "reason"])
    return (
        Counter(zip(table["stage"].to_pylist(), table["reason"].to_pylist(), strict=True))
        if table is not None
        else Counter()
    )


def read_table(path: Path, columns: list[str] | None) -> Any:
    """A table, or None where a unit has no such file (a rejected unit has no tuples). Raises RunUnreadable."""
    if not path.is_file():
        return None
    try:
        return pq.ParquetFile(path).read(columns=columns)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise RunUnreadable(f"{path} cannot be read ({error}). {_WAY_OUT}") from error
