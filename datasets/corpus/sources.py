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
from oxidizer.datasets.corpus.owed import NOTICES
from oxidizer.datasets.records import RecordError, check, decode

_TABLES = {"diag_fix": "diag_fix", "reject": "rejects", "pr_pair": "pr_pair", "pr_unproven": "pr_unproven"}
"""The types of records that a unit may hold, and the names of their tables."""
_BESIDE = {"pr_pair": "chat"}
"""Tables whose rows go where those rows go that they are told of."""
_OF_CRATES = ("diag_fix", "reject")
_OF_PULLS = ("diag_fix", "pr_pair", "pr_unproven")


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
    """Of the bytes of the table, and of the one beside it."""
    place: str
    """The run directory; not part of the name."""

    @property
    def name(self) -> str:
        """Unique among the parts of a corpus; a file may be called so."""
        return f"{self.run}.{self.unit}.{self.type}"

    def table(self) -> pa.Table:
        """All rows. Raises SourceError where they are no longer what they were."""
        return self._tables()[0]

    def told(self) -> dict[str, list[dict[str, Any]]]:
        """The conversations that miners made of its rows, by the ids of those. Raises SourceError as `table` does."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in self._tables()[1:]:
            for row in table.to_pylist():
                try:
                    check(decode(row))
                except RecordError as error:
                    raise SourceError(f"{self.place}: a conversation of {self.unit} is none: {error}") from error
                found.setdefault(row["parents"][0], []).append(row)
        return found

    def _tables(self) -> list[pa.Table]:
        found = [data for _, data in _contents(RunDirectory(self.place), self.unit, self.type) if data is not None]
        if not found or _digest(found) != self.sha256:
            raise SourceError(f"{self.place}: unit {self.unit} changed while it was read: build again")
        try:
            return [pq.read_table(io.BytesIO(data)) for data in found]
        except (OSError, pa.ArrowException) as error:
            raise SourceError(
                f"{self.place}: {_TABLES[self.type]}.parquet of {self.unit} is damaged: {error}"
            ) from error

    def archive(self) -> bytes:
        """The sources of a crate that is not published, as its unit keeps them. Raises SourceError."""
        data = RunDirectory(self.place).read_bytes(f"units/{self.unit}/source.tar.gz")
        if data is None:
            raise SourceError(f"{self.place}: unit {self.unit} has no source.tar.gz: mine it again")
        return data

    def notices(self) -> bytes:
        """What its unit keeps of a repository's licences and authors. Raises SourceError."""
        data = RunDirectory(self.place).read_bytes(f"units/{self.unit}/{NOTICES}")
        if data is None:
            raise SourceError(f"{self.place}: unit {self.unit} has no {NOTICES}: mine it again")
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

    @property
    def types(self) -> tuple[str, ...]:
        """The types of records that its units have tables of."""
        return _OF_PULLS if self.asked.get("miners") == ["pull-requests"] else _OF_CRATES


def open_source(place: str) -> Source:
    """Look at a run directory. Raises SourceError where it is none."""
    try:
        manifest = RunDirectory(place).read_json("run.json")
    except (OSError, ValueError) as error:
        raise SourceError(f"{place} cannot be read: {error}") from error
    if manifest is None or "id" not in manifest:
        raise SourceError(f"{place} is no run directory: give a folder that `oxidizer mine --out` made")
    return Source(
        place, str(manifest["id"]), dict(manifest.get("asked", {})), str(manifest.get("toolchain", {}).get("version"))
    )


def parts_of(sources: Sequence[Source]) -> list[Part]:
    """The tables of all finished units, by name. Raises SourceError where there are none, or a unit is half there."""
    found: dict[str, Part] = {}
    for source in sources:
        run = RunDirectory(source.place)
        for unit in sorted(run.done()):
            for kind in source.types:
                contents = []
                for table, data in _contents(run, unit, kind):
                    if data is None:
                        raise SourceError(
                            f"{source.place}: unit {unit} is done, but has no {table}.parquet: mine it again"
                        )
                    contents.append(data)
                part = Part(source.run, unit, kind, _digest(contents), source.place)
                if (other := found.setdefault(part.name, part)).sha256 != part.sha256:
                    raise SourceError(f"{source.place} and {other.place} are one run, but unit {unit} differs in them")
    if not found:
        raise SourceError("no unit is finished in " + ", ".join(source.place for source in sources))
    return [found[name] for name in sorted(found)]


def _contents(run: RunDirectory, unit: str, kind: str) -> list[tuple[str, bytes | None]]:
    """The files of a part by their tables' names; None where one is missing."""
    tables = [_TABLES[kind], *([_BESIDE[kind]] if kind in _BESIDE else [])]
    return [(table, run.read_bytes(f"units/{unit}/{table}.parquet")) for table in tables]


def _digest(contents: Sequence[bytes]) -> str:
    hashes = [hashlib.sha256(data).hexdigest() for data in contents]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
