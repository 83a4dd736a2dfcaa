"""Which split a repository is in: a function of its name alone, so that a corpus that grows moves no row.

All of a repository, all its crates in all versions, are in one split, and so are repositories that are known to be one
(renamed, forked; `repository_aliases.toml`). Which ones those are cannot be seen from rows alone; where rows show it
later (a crate's name, or a function, in two repositories), rows are dropped, and none is moved.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from oxidizer.datasets.corpus.recipe import Split
from oxidizer.datasets.repositories import repository_key

TRAIN, VAL, TEST, SEALED = SPLITS = ("train", "val", "test", "sealed")
_ALIASES = Path(__file__).resolve().parent / "repository_aliases.toml"


def home_of(crate: str, repository: str | None) -> str:
    """What a crate's rows are split by: its repository under the name that stands for all its names, else its own."""
    key = repository_key(repository) if repository else None
    return canonical_repository(key) if key else f"crate:{crate}"


def row_home(row: Mapping[str, Any]) -> str:
    """What a row of any type is split by."""
    if row["type"] == "chat":
        return str(row["repo"])
    name = str(row.get("crate") or row.get("repo"))
    told = (row.get("provenance") or {}).get("repo") or row["source_url"]
    # An address of a package names its version too.
    return home_of(name, None if told.startswith("pkg:") else told)


def canonical_repository(key: str) -> str:
    """The one name of a repository that has had several; `key` as `repository_key` writes it."""
    host, _, path = key.partition("/")
    owner, _, name = path.partition("/")
    renamed = f"{host}/{_owners().get(owner, owner)}/{name}" if name else key
    return _same().get(renamed, renamed)


@cache
def _owners() -> dict[str, str]:
    return dict(_table()["owners"])


@cache
def _same() -> dict[str, str]:
    return {other: names[0] for names in _table()["same"] for other in names}


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads(_ALIASES.read_text("utf-8"))


def split_of(home: str, split: Split) -> str:
    """The split of a home: by the first 64 bits of a hash, so that shares hold over many repositories."""
    digest = hashlib.sha256(f"{split.salt}\0{home}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < split.test:
        return TEST
    return VAL if place < split.test + split.val else TRAIN
