"""Whether every row of a file, or of all files below a folder, is a record that is what its id and hash say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from oxidizer.datasets.corpus.shards import shard_rows
from oxidizer.datasets.records import RecordError, check, decode

_KINDS = (".parquet", ".jsonl")


def validate(path: Path) -> Iterator[str | None]:
    """For each row what is wrong with it: file, row, field. None where nothing is.

    Raises ValueError where there is nothing to look at, or a file is damaged.
    """
    for file in _files(path):
        for number, row in enumerate(_rows(file), 1):
            yield _trouble(row, f"{file}, row {number}")


def _files(path: Path) -> list[Path]:
    if path.is_file() and path.suffix in _KINDS:
        return [path]
    # What a corpus' stages dropped, and what a build is at work on, are no records.
    files = [
        file
        for kind in _KINDS
        for file in path.rglob(f"*{kind}")
        if not {".build", "rejects"} & set(file.relative_to(path).parts) and file.name != "journal.jsonl"
    ]
    if not files:
        raise ValueError(f"{path}: neither a .parquet or .jsonl file nor a folder that holds one")
    return sorted(files)


def _rows(file: Path) -> Iterator[Any]:
    try:
        if file.suffix == ".parquet":
            yield from shard_rows(file)
            return
        with file.open("rb") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error


def _trouble(row: Any, where: str) -> str | None:
    if not isinstance(row, dict):
        return f"{where}: is not an object"
    try:
        check(decode(row))
    except RecordError as error:
        return f"{where}: {error}"
    return None
