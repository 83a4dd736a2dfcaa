"""Whether every row of a file, or of all files below a folder, is a record that is what its id and hash say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from oxidizer.datasets.corpus.shards import shard_rows
from oxidizer.datasets.records import Identified, RecordError, check, decode

_KINDS = (".parquet", ".jsonl")


def validate(path: Path) -> Iterator[str | None]:
    """For each row what is wrong with it: file, row, field. None where nothing is.

    Raises ValueError where there is nothing to look at, or a file is damaged.
    """
    for where, found in records_of(path):
        yield f"{where}: {found}" if isinstance(found, RecordError) else None


def records_of(path: Path) -> Iterator[tuple[str, Identified | RecordError]]:
    """All rows of a file, or of the files below a folder, as records or with what is wrong with them, each with the
    words where it is. Raises ValueError.
    """
    for file in _files(path):
        for number, row in enumerate(_rows(file), 1):
            yield f"{file}, row {number}", _record(row, from_json=file.suffix == ".jsonl")


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


def _record(row: Any, *, from_json: bool) -> Identified | RecordError:
    if not isinstance(row, dict):
        return RecordError("is not an object")
    try:
        record = decode(row, from_json=from_json)
        check(record)
    except RecordError as error:
        return error
    return record
