"""Suites: records on disk that a policy is examined on, and what it may not have learned from.

    suite.json       name, what it was made of, its crates, the operator families that are held out
    cases.parquet    the records, as miners wrote them
    units/           of each crate and version the lock, and the sources of those that the registry does not have

A suite of nothing, or whose cases stand in the policy's corpus, is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.datasets.records import DiagFix, arrow_schema
from oxidizer.miners.replay import inside
from oxidizer.miners.tuples import SOURCE_ARCHIVE

SUITE, CASES, UNITS = "suite.json", "cases.parquet", "units"
SCHEMA_VERSION = 1
Row = Mapping[str, Any]


class NoSuite(ValueError):
    """A folder is no suite, or cannot be used; says what to do."""


@dataclass(frozen=True)
class Suite:
    """A finished suite."""

    folder: Path
    about: Mapping[str, Any]
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """What reports call it."""
        return str(self.about["name"])

    def packages(self) -> dict[tuple[str, str], list[Row]]:
        """Its cases by crate and version."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row["crate"], row["version"]].append(row)
        return dict(sorted(found.items()))

    def unit(self, crate: str, version: str) -> Path:
        """The folder with the crate's lock and, where the registry does not have them, its sources."""
        return self.folder / UNITS / f"{crate}-{version}"

    def drawn(self, sample: int, seed: int) -> Suite:
        """A suite of so many of the cases, drawn by the seed."""
        if sample >= len(self.rows):
            return self
        return Suite(self.folder, self.about, tuple(random.Random(seed).sample(self.rows, sample)))


def make_suite(runs: Sequence[Path], target: Path, *, name: str, sealed_only: bool = True) -> Suite:
    """Make a suite of the tuples of runs. Raises NoSuite, FileExistsError, OSError."""
    if target.exists():
        raise FileExistsError(f"{target} is there already: give another folder for the suite, or take it away")
    rows: dict[str, Row] = {}
    files: dict[str, bytes] = {}
    for run in runs:
        for file in sorted(run.glob("units/*/diag_fix.parquet")):
            for row in pq.read_table(file).to_pylist():
                if row["sealed"] or not sealed_only:
                    rows.setdefault(row["id"], row)
                    for kept in (row["lock"], SOURCE_ARCHIVE):
                        if inside(file.parent, kept).is_file():
                            place = f"{row['crate']}-{row['version']}/{kept}"
                            files.setdefault(place, (file.parent / kept).read_bytes())
    if not rows:
        kind = "sealed tuples" if sealed_only else "tuples"
        raise NoSuite(f"{', '.join(map(str, runs))} hold no {kind}: there is nothing to be examined on")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    ordered = [rows[key] for key in sorted(rows)]
    pq.write_table(pa.Table.from_pylist([dict(r) for r in ordered], schema=arrow_schema(DiagFix)), part / CASES)
    for place, text in files.items():
        kept_at = inside(part, f"{UNITS}/{place}")
        kept_at.parent.mkdir(parents=True, exist_ok=True)
        kept_at.write_bytes(text)
    about = {
        "schema_version": SCHEMA_VERSION, "name": name, "runs": [run.name for run in runs], "cases": len(ordered),
        "crates": dict(sorted(Counter(str(row["crate"]) for row in ordered).items())),
        "codes": len({row["error"]["code"] for row in ordered}), "sha256": fingerprint(rows),
    }  # fmt: skip
    (part / SUITE).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    os.replace(part, target)
    return load_suite(target)


def fingerprint(ids: Iterable[str]) -> str:
    """The SHA-256 of the cases' ids, in order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def load_suite(folder: Path) -> Suite:
    """A suite on disk. Raises NoSuite."""
    try:
        about = json.loads((folder / SUITE).read_text(encoding="utf-8"))
        rows = tuple(pq.read_table(folder / CASES).to_pylist())
    except FileNotFoundError as error:
        raise NoSuite(
            f"{folder} is no suite: {error.filename} is not there. `oxidizer eval suite` makes one"
        ) from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise NoSuite(f"the suite in {folder} cannot be read: {error}") from error
    if about.get("schema_version") != SCHEMA_VERSION:
        raise NoSuite(f"{folder} is no suite of version {SCHEMA_VERSION}")
    if not rows:
        raise NoSuite(f"{folder} has no cases")
    if fingerprint(str(row["id"]) for row in rows) != about["sha256"]:
        raise NoSuite(f"the cases of {folder} are not those that it was made with: it was changed, or is half copied")
    return Suite(folder, about, rows)


def check_unlearned(suite: Suite, learned: Iterable[str], crates: Iterable[str]) -> None:
    """Raises NoSuite where a policy has learned from the suite's cases, or from their crates."""
    own = {str(row["id"]) for row in suite.rows}
    if known := own & set(learned):
        raise NoSuite(f"the policy has learned from {len(known)} of the {len(own)} cases of {suite.name}: not a test")
    if known := {str(row["crate"]) for row in suite.rows} & set(crates):
        raise NoSuite(f"the policy has learned from crates of {suite.name}: {', '.join(sorted(known)[:5])}: not a test")
