"""A finished corpus, read: its manifest, its shards' rows, a sample of them, and what two of them differ in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from oxidizer.datasets.corpus.files import MANIFEST
from oxidizer.datasets.corpus.shards import shard_rows

Row = dict[str, Any]


class NoCorpus(ValueError):
    """The folder is no finished corpus, or has not what was asked for."""


@dataclass(frozen=True)
class Corpus:
    """A corpus whose build came to its end."""

    folder: Path
    manifest: dict[str, Any]

    def shards(self, family: str | None = None, split: str | None = None) -> list[dict[str, Any]]:
        """What the manifest says of some shards. Raises NoCorpus where there is none such, naming those there are."""
        found = [
            shard for shard in self.manifest["shards"]
            if family in (None, shard["family"]) and split in (None, shard["split"])
        ]  # fmt: skip
        if not found:
            there = sorted({f"{shard['family']} {shard['split']}" for shard in self.manifest["shards"]})
            raise NoCorpus(f"{self.folder} has no {family or 'shard'} {split or ''}; it has: {', '.join(there)}")
        return found

    def rows(self, family: str, split: str | None = None) -> Iterator[Row]:
        """The rows of a family, in the order of splits and ids."""
        for shard in self.shards(family, split):
            yield from shard_rows(self.folder / shard["path"])

    def ids(self, family: str) -> Iterator[tuple[str, str]]:
        """Each row's id and split."""
        for shard in self.shards(family):
            column = pq.read_table(self.folder / shard["path"], columns=["id"])["id"]
            yield from ((str(key), shard["split"]) for key in column.to_pylist())


def open_corpus(folder: Path) -> Corpus:
    """Raises NoCorpus where the folder holds none that is finished."""
    path = folder / MANIFEST
    if not path.is_file():
        raise NoCorpus(f"{folder} has no {MANIFEST}: it is no corpus, or its build did not end")
    try:
        manifest = json.loads(path.read_text("utf-8"))
        assert isinstance(manifest["shards"], list)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise NoCorpus(f"{path} cannot be read: {error!r}") from error
    return Corpus(folder, manifest)


def sample(corpus: Corpus, family: str, split: str | None, count: int, seed: int) -> list[Row]:
    """Some rows by chance, the same ones for the same seed."""

    def draw(record_id: str) -> str:
        return hashlib.sha256(f"{seed}\0{record_id}".encode()).hexdigest()

    ids = (key for key, own in corpus.ids(family) if split in (None, own))
    chosen = set(sorted(ids, key=draw)[:count])
    rows = {row["id"]: row for row in corpus.rows(family, split) if row["id"] in chosen}
    return [rows[key] for key in sorted(rows, key=draw)]


@dataclass(frozen=True)
class Difference:
    """What became of one family's rows from one corpus to another."""

    family: str
    kept: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    """Id, and the split that it was in and is in."""


def differences(old: Corpus, new: Corpus) -> list[Difference]:
    """Each family's difference, by ids."""
    families = dict.fromkeys(shard["family"] for one in (old, new) for shard in one.manifest["shards"])
    return [_difference(family, *(_ids(one, family) for one in (old, new))) for family in families]


def _ids(corpus: Corpus, family: str) -> dict[str, str]:
    return dict(corpus.ids(family)) if any(s["family"] == family for s in corpus.manifest["shards"]) else {}


def _difference(family: str, before: dict[str, str], after: dict[str, str]) -> Difference:
    both = sorted(before.keys() & after.keys())
    return Difference(
        family,
        len(both),
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple((key, before[key], after[key]) for key in both if before[key] != after[key]),
    )
