"""The ledger: for each shard one YAML file that says what it is, under which licences, and where every row is from.

    name, family, split, sha256, rows, bytes        the shard
    license                                         all SPDX expressions in it
    version                                         of Oxidizer that wrote it
    source_url, commit                              all addresses and commits that its rows are from
    counts     {codes {..}, classes {..}, origins {..}}
    sources    [{name, version, license, source_url, commit, repository, rows, authors?}], by name and version

`repository` is what rows are split by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from oxidizer import __version__
from oxidizer.datasets.corpus.shards import Shard, file_hash, shard_rows
from oxidizer.datasets.corpus.split import row_home

Row = Mapping[str, Any]
Key = tuple[str, str, str, str, str, str]
_COUNTED = ("codes", "classes", "origins")


@dataclass
class _Seen:
    rows: int = 0
    authors: set[str] = field(default_factory=set)


def entry_path(shard: str) -> str:
    """Where the ledger has a shard, both relative to the corpus."""
    return f"ledger/{shard.removeprefix('data/').removesuffix('.parquet')}.yaml"


def entry(shard: Shard, path: Path) -> dict[str, Any]:
    """The ledger's entry of a shard that is written."""
    sources: dict[Key, _Seen] = {}
    counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
    rows = 0
    for row in shard_rows(path):
        rows += 1
        seen = sources.setdefault(source_of(row), _Seen())
        seen.rows += 1
        seen.authors.update(person["author"] for person in row.get("attribution") or ())
        for name, value in _facts(row):
            counts[name][value] += 1
    return {
        "name": shard.path,
        "family": shard.family,
        "split": shard.split,
        "version": __version__,
        "license": sorted({key[3] for key in sources}),
        "source_url": sorted({key[4] for key in sources}),
        "commit": sorted({key[5] for key in sources} - {""}),
        "sha256": file_hash(path),
        "rows": rows,
        "bytes": path.stat().st_size,
        "counts": {name: dict(sorted(found.items())) for name, found in counts.items() if found},
        "sources": [_source(key, seen) for key, seen in sorted(sources.items())],
    }


def source_of(row: Row) -> Key:
    """Repository, name, version, licence, address and commit of what a row was made of."""
    return (
        row_home(row),
        str(row.get("crate") or row.get("repo") or row.get("source") or ""),
        str(row.get("version") or ""),
        str(row["license"]),
        str(row["source_url"]),
        str(row.get("commit") or ""),
    )


def _source(key: Key, seen: _Seen) -> dict[str, Any]:
    repository, name, version, licence, url, commit = key
    told = {"name": name, "version": version, "license": licence, "source_url": url, "commit": commit or None}
    authors = {"authors": sorted(seen.authors)} if seen.authors else {}
    return {**told, "repository": repository, "rows": seen.rows, **authors}


def _facts(row: Row) -> Iterable[tuple[str, str]]:
    error = row.get("error") or {}
    if error:
        yield "codes", str(error.get("code") or error.get("tool"))
    for name in ("class", "origin"):
        if row.get(name):
            yield {"class": "classes", "origin": "origins"}[name], str(row[name])


def entry_text(told: Mapping[str, Any]) -> str:
    """An entry as YAML; the same entry gives the same text."""
    text: str = yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=True, width=120)
    return text


def read_entry(path: Path) -> dict[str, Any]:
    """An entry. Raises ValueError where it is none."""
    try:
        told = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name} is no YAML: {error}") from error
    if not isinstance(told, dict):
        raise ValueError(f"{path.name} is no entry of a ledger")
    return told
