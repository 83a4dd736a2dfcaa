"""A run directory: `run.json` first, each unit's files and then its `unit.json`, the one mark of done.

On a local folder or any pyarrow file system (`s3://`, `gs://`). Every file is written under an attempt's name, brought
to the disk and then moved, so that what has its final name is whole; a unit's bytes are deterministic, but for its
mark and its episode, so a second commit is harmless. An attempt's name bears the label of its process: `tidy` removes
those of dead ones.
"""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from oxidizer.cluster.episode import LOG
from oxidizer.cluster.labels import Label, Standing

Json = dict[str, Any]


@dataclass(frozen=True)
class UnitOutput:
    """All that one unit leaves: rows by type (each with the key `id` or none), files, and the summary for unit.json."""

    rows: Mapping[str, Sequence[Json]]
    files: Mapping[str, bytes]
    summary: Json


class RunDirectory:
    """One run's folder. `place` is a local path or a URI that pyarrow knows."""

    def __init__(self, place: str | Path) -> None:
        self.place = str(place)
        if "://" in self.place:
            self._fs, self._root = fs.FileSystem.from_uri(self.place)
        else:
            self._fs, self._root = fs.LocalFileSystem(), str(Path(place).absolute())

    def read_json(self, name: str) -> Json | None:
        """A JSON file of the run; None where it is not there. Raises ValueError where it is not JSON."""
        text = self.read_bytes(name)
        if text is None:
            return None
        try:
            found = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{self.place}/{name} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise ValueError(f"{self.place}/{name} is not a JSON object")
        return found

    def read_bytes(self, name: str) -> bytes | None:
        """A file of the run; None where it is not there."""
        path = f"{self._root}/{name}"
        if self._fs.get_file_info(path).type is not fs.FileType.File:
            return None
        # Else Arrow unpacks by itself what is called .gz or .zst.
        with self._fs.open_input_stream(path, compression=None) as stream:
            return bytes(stream.read())

    def write_json(self, name: str, value: Json) -> None:
        """Write a JSON file at once."""
        self.write(
            name, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode("utf-8", "backslashreplace")
        )

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that its final name always holds a whole one, whatever ends us or the power."""
        path = f"{self._root}/{name}"
        attempt = f"{path}.{Label.own().token}.{uuid.uuid4().hex[:8]}.part"
        self._fs.create_dir(path.rpartition("/")[0], recursive=True)
        try:
            with self._fs.open_output_stream(attempt) as stream:
                stream.write(content)
            self._settle(attempt)
            self._fs.move(attempt, path)
        except OSError:
            with suppress(OSError):
                self._fs.delete_file(attempt)
            raise
        self._settle(path.rpartition("/")[0])

    def _settle(self, path: str) -> None:
        """A local file or folder is on the disk; object stores promise that themselves."""
        if isinstance(self._fs, fs.LocalFileSystem):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def commit(self, unit: str, output: UnitOutput, schemas: Mapping[str, pa.Schema]) -> None:
        """Publish a unit: its tables and files, then the mark of done."""
        for kind, schema in schemas.items():
            self.write(f"units/{unit}/{kind}.parquet", table_bytes(output.rows.get(kind, ()), schema))
        for name, content in output.files.items():
            self.write(f"units/{unit}/{name}", content)
        self.write_json(f"units/{unit}/unit.json", output.summary)
        # It is committed: a note that stays for now is removed by `tidy`.
        with suppress(OSError):
            self._release(unit)

    def summary(self, unit: str) -> Json | None:
        """What a committed unit says of itself; None as long as it is not committed."""
        return self.read_json(f"units/{unit}/unit.json")

    def quarantine(self, unit: str, trouble: Json, episode: bytes | None = None) -> None:
        """Note a unit that the infrastructure failed; it is tried again when the command runs again.

        The `episode` tells what was done until then.
        """
        if episode is not None:
            self.write(f"quarantine/{unit}.{LOG}", episode)
        self.write_json(f"quarantine/{unit}.json", trouble)

    def _release(self, unit: str) -> None:
        """The unit is committed: what was noted of trouble is over."""
        for name in (f"{unit}.json", f"{unit}.{LOG}"):
            self.discard(f"quarantine/{name}")

    def discard(self, name: str) -> None:
        """Remove a file if it is there."""
        path = f"{self._root}/{name}"
        if self._fs.get_file_info(path).type is fs.FileType.File:
            self._fs.delete_file(path)

    def tidy(self) -> None:
        """Remove what dead processes of this host left half-written, and notes of trouble that is over."""
        for folder in ("", "units", "quarantine"):
            for path in self._list(folder, depth=2 if folder == "units" else 1):
                *_, token, _, end = ("", "", *path.split("."))
                label = Label.of_token(token) if end == "part" else None
                if label and label.standing() is Standing.DEAD:
                    self.discard(path.removeprefix(f"{self._root}/"))
        for unit in self.done():
            self._release(unit)

    def done(self) -> set[str]:
        """The units that are committed."""
        return {path.split("/")[-2] for path in self._list("units", depth=2) if path.endswith("/unit.json")}

    def pending(self, units: Sequence[Json]) -> list[Json]:
        """Of the units (dicts with their name in `unit`) those that are not committed yet, in order."""
        done = self.done()
        return [unit for unit in units if unit["unit"] not in done]

    def summaries(self) -> Iterator[Json]:
        """What every committed unit says of itself, in order."""
        for unit in sorted(self.done()):
            if summary := self.summary(unit):
                yield summary

    def _list(self, folder: str, depth: int) -> list[str]:
        selector = fs.FileSelector(f"{self._root}/{folder}", recursive=depth > 1, allow_not_found=True)
        return sorted(info.path for info in self._fs.get_file_info(selector) if info.type is fs.FileType.File)


def table_bytes(rows: Sequence[Json], schema: pa.Schema) -> bytes:
    """Rows as Parquet; the same rows give the same bytes."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink, compression="zstd", store_schema=False)
    return sink.getvalue()
