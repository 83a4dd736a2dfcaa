"""What a corpus is made of: the finished units of run directories, one part for each of their tables.

A part's name says which run and unit it is, and nothing of where they lie: what is made of runs is the same wherever
they are, and in whatever order they are named.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.cluster.rundir import RunDirectory

TABLES = {"diag_fix": "diag_fix", "reject": "rejects"}
"""The types of records that a unit may hold, and the names of their tables."""


class SourceError(ValueError):
    """A source of a corpus is not what it should be."""


@dataclass(frozen=True)
class Part:
    """One table of one unit."""

    run: str
    """The run's id."""
    unit: str
    type: str
    """The type of its records."""
    sha256: str
    """Of the table's bytes."""
    place: str
    """The run directory; not part of the name."""

    @property
    def name(self) -> str:
        """Unique among the parts of a corpus; a file may be called so."""
        return f"{self.run}.{self.unit}.{self.type}"

    def table(self) -> pa.Table:
        """All rows. Raises SourceError where they are no longer what they were."""
        data = RunDirectory(self.place).read_bytes(f"units/{self.unit}/{TABLES[self.type]}.parquet")
        if data is None or hashlib.sha256(data).hexdigest() != self.sha256:
            raise SourceError(f"{self.place}: unit {self.unit} changed while it was read: build again")
        try:
            return pq.read_table(io.BytesIO(data))
        except (OSError, pa.ArrowException) as error:
            raise SourceError(
                f"{self.place}: {TABLES[self.type]}.parquet of {self.unit} is damaged: {error}"
            ) from error

    def archive(self) -> bytes:
        """The sources of a crate that is not published, as its unit keeps them. Raises SourceError."""
        data = RunDirectory(self.place).read_bytes(f"units/{self.unit}/source.tar.gz")
        if data is None:
            raise SourceError(f"{self.place}: unit {self.unit} has no source.tar.gz: mine it again")
        return data

    def rows(self) -> list[dict[str, Any]]:
        """All rows as plain data."""
        rows: list[dict[str, Any]] = self.table().to_pylist()
        return rows


@dataclass(frozen=True)
class Source:
    """One run directory."""

    place: str
    run: str
    asked: dict[str, Any]
    """What the run was asked for, as its run.json says."""
    toolchain: str


def open_source(place: str) -> Source:
    """Look at a run directory. Raises SourceError where it is none."""
    try:
        manifest = RunDirectory(place).read_json("run.json")
    except (OSError, ValueError) as error:
        raise SourceError(f"{place} cannot be read: {error}") from error
    if manifest is None or "id" not in manifest:
        raise SourceError(f"{place} is no run directory: give a folder that `oxidizer mine --out` made")
    if manifest.get("asked", {}).get("miners") == ["pull-requests"]:
        raise SourceError(f"{place} holds pull requests, which no corpus takes yet: leave it out")
    return Source(
        place, str(manifest["id"]), dict(manifest.get("asked", {})), str(manifest.get("toolchain", {}).get("version"))
    )


def parts_of(sources: Sequence[Source]) -> list[Part]:
    """The tables of all finished units, by name. Raises SourceError where there are none, or a unit is half there."""
    found: dict[str, Part] = {}
    for source in sources:
        run = RunDirectory(source.place)
        for unit in sorted(run.done()):
            for kind, table in TABLES.items():
                data = run.read_bytes(f"units/{unit}/{table}.parquet")
                if data is None:
                    raise SourceError(f"{source.place}: unit {unit} is done, but has no {table}.parquet: mine it again")
                part = Part(source.run, unit, kind, hashlib.sha256(data).hexdigest(), source.place)
                if (other := found.setdefault(part.name, part)).sha256 != part.sha256:
                    raise SourceError(f"{source.place} and {other.place} are one run, but unit {unit} differs in them")
    if not found:
        raise SourceError("no unit is finished in " + ", ".join(source.place for source in sources))
    return [found[name] for name in sorted(found)]
