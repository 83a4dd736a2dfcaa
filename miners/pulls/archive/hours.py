"""The hour files of GitHub's public event archive: found, unpacked and cut into lines, in memory that does not grow.

`YYYY-MM-DD-H.json.gz`, one event a line, in a local folder or on any file system that pyarrow knows. A file that was
cut off, is broken or is no gzip at all gives the lines before the trouble; what was lost is counted by reason.
Not promised: that a line is JSON.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import fs

LINE_BYTES = 4 << 20
"""A longer line is left out. Only pushes are ever as long; parsed, such a line could take thirty times its size."""

_NAME = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d{1,2})\.json\.gz")
_PACKED = 1 << 16
_UNPACKED = 1 << 19
_GZIP = zlib.MAX_WBITS | 16


class ArchiveError(Exception):
    """The archive cannot be read as asked; the message says what to do."""


@dataclass(frozen=True)
class HourFiles:
    """Where the hour files are."""

    system: Any
    """A pyarrow file system."""
    paths: tuple[str, ...]
    """The newest hour first."""

    def lines(self, path: str, counts: Counter[str]) -> Iterator[bytes]:
        """The lines of one file. Raises ArchiveError where the file system fails."""
        try:
            # Else Arrow unpacks by itself, and a file that was cut off gives nothing.
            with self.system.open_input_stream(path, compression=None) as stream:
                yield from lines(unpacked(stream, counts), counts)
        except OSError as error:
            raise ArchiveError(f"{path} could not be read ({error}): mend that, then run the same again") from error


def find_hours(place: str) -> HourFiles:
    """The hour files below a folder, or one file. Raises ArchiveError where there are none."""
    try:
        system, root = _open(place)
        info = system.get_file_info(root)
        if info.type is fs.FileType.File:
            return HourFiles(system, (root,))
        if info.type is fs.FileType.NotFound:
            raise ArchiveError(f"{place} is not there: give the folder that holds YYYY-MM-DD-H.json.gz files")
        below = [found.path for found in system.get_file_info(fs.FileSelector(root, recursive=True)) if found.is_file]
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{place} could not be opened: {error}") from error
    paths = [path for path in below if _hour(path)]
    if not paths:
        raise ArchiveError(f"{place} has no files named YYYY-MM-DD-H.json.gz: give the folder that holds them")
    return HourFiles(system, tuple(sorted(paths, key=lambda path: (_hour(path), path), reverse=True)))


def _open(place: str) -> tuple[Any, str]:
    if "://" in place:
        system, root = fs.FileSystem.from_uri(place)
        return system, root
    return fs.LocalFileSystem(), str(Path(place).absolute())


def _hour(path: str) -> tuple[int, ...]:
    """(year, month, day, hour) by a file's name; empty where it is none of an hour."""
    found = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    return tuple(map(int, found.groups())) if found else ()


def unpacked(stream: Any, counts: Counter[str]) -> Iterator[bytes]:
    """The bytes of a gzip stream of one or more members, in blocks of bounded size, up to where it breaks."""
    unpacker, is_begun = zlib.decompressobj(_GZIP), False
    try:
        while packed := bytes(stream.read(_PACKED)):
            while packed:
                if unpacker.eof:
                    # Another member, or the padding that some files end in.
                    if not (packed := packed.lstrip(b"\0")):
                        break
                    unpacker = zlib.decompressobj(_GZIP)
                yield unpacker.decompress(packed, _UNPACKED)
                is_begun = True
                packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        while not unpacker.eof and (block := unpacker.decompress(b"", _UNPACKED)):
            yield block
    except zlib.error:
        counts["file: broken gzip" if is_begun else "file: not gzip"] += 1
        return
    if not unpacker.eof:
        counts["file: cut off"] += 1


def lines(blocks: Iterator[bytes], counts: Counter[str]) -> Iterator[bytes]:
    """The lines of a stream of blocks, without their ends; one that is longer than LINE_BYTES is left out."""
    held: list[bytes] = []
    size, is_skipping = 0, False
    for block in blocks:
        first, *whole = block.split(b"\n")
        if not is_skipping:
            held.append(first)
            size += len(first)
            if size > LINE_BYTES:
                counts["line: too long"] += 1
                held, is_skipping = [], True
        if not whole:
            continue
        if not is_skipping:
            yield b"".join(held)
        yield from whole[:-1]
        held, size, is_skipping = [whole[-1]], len(whole[-1]), False
    if held and not is_skipping:
        yield b"".join(held)
