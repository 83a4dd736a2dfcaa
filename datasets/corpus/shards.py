"""Rows into files: each part's rows are dealt out by id, then each shard's are put in order and written.

A shard holds the ids of one range of one family and split, sorted: its bytes depend on the rows alone, not on how many
hands dealt. Every file is written under another name first; what has its final name is whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.datasets.corpus.families import licensed, told, type_of
from oxidizer.datasets.corpus.files import draft_of, folder
from oxidizer.datasets.corpus.sources import Part
from oxidizer.datasets.records import arrow_schema, decode, to_row

Row = dict[str, Any]
_PATH = re.compile(r"data/(?P<family>[^/]+)/(?P<split>[a-z]+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.parquet")


@dataclass(frozen=True, order=True)
class Shard:
    """One file of a corpus."""

    family: str
    split: str
    number: int
    count: int
    """How many the family and split have."""

    @classmethod
    def of(cls, path: str) -> Shard:
        """The shard that lies at a path. Raises ValueError for a path of none."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise ValueError(f"{path} is no shard's path")
        return cls(found["family"], found["split"], int(found["number"]), int(found["count"]))

    @property
    def path(self) -> str:
        """Relative to the corpus."""
        return f"data/{self.family}/{self.split}-{self.number:05}-of-{self.count:05}.parquet"

    @property
    def name(self) -> str:
        """A word for it."""
        return f"{self.family}-{self.split}-{self.number:05}"


def shard_number(record_id: str, count: int) -> int:
    """The shard that an id belongs to: ids are hashes, their ranges are equally full."""
    return int(record_id[:8], 16) * count >> 32


Kept = Mapping[int, tuple[str, str]]
"""Of a part the numbers of the rows that are kept, each with its split and its licence."""


@dataclass(frozen=True)
class Dealing:
    """The work on one part: its rows that are kept go into piles, one for each shard."""

    counts: Mapping[tuple[str, str], int]
    """How many shards each family and split has."""
    families: tuple[str, ...]
    folder: Path

    def is_done(self, part: Part) -> bool:
        """An earlier build dealt this part out."""
        return (self.folder / f"{part.name}.dealt").is_file()

    def __call__(self, order: tuple[Part, Kept]) -> str:
        """Deal out one part; its name."""
        part, kept = order
        piles: dict[Shard, list[Row]] = {}
        mined = part.told() if kept else {}
        for number, row in enumerate(part.rows() if kept else ()):
            if number not in kept:
                continue
            split, licence = kept[number]
            for family, record in told(licensed(to_row(decode(row)), licence), self.families, mined.get(row["id"], ())):
                count = self.counts[family, split]
                shard = Shard(family, split, shard_number(record["id"], count), count)
                piles.setdefault(shard, []).append(record)
        for shard, rows in sorted(piles.items()):
            _publish(folder(self.folder / shard.name) / f"{part.name}.parquet", rows, shard.family, len(rows))
        (self.folder / f"{part.name}.dealt").touch()
        return part.name


@dataclass(frozen=True)
class Gathering:
    """The work on one shard: its piles become a file."""

    folder: Path
    corpus: Path
    row_group: int

    def __call__(self, shard: Shard) -> tuple[Shard, int]:
        """Write one shard; how many rows it has."""
        piles = sorted((self.folder / shard.name).glob("*.parquet"))
        rows = [row for pile in piles for row in pq.read_table(pile).to_pylist()]
        # Two lessons may come to the same words.
        unique = {row["id"]: row for row in sorted(rows, key=lambda row: (row["id"], row["sha256"]), reverse=True)}
        path = self.corpus / shard.path
        folder(path.parent)
        _publish(path, [unique[key] for key in sorted(unique)], shard.family, self.row_group)
        return shard, len(unique)


def _publish(path: Path, rows: Sequence[Row], family: str, row_group: int) -> None:
    draft = draft_of(path)
    table = pa.Table.from_pylist(list(rows), arrow_schema(type_of(family)))
    pq.write_table(table, draft, compression="zstd", store_schema=False, row_group_size=max(1, row_group))
    draft.rename(path)


def shard_rows(path: Path) -> Iterator[Row]:
    """The rows of a shard, a row group at a time in memory."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group).to_pylist()


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
