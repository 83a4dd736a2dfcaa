"""A strict streaming reader of gzipped tar archives, for bytes that a stranger made.

It knows what cargo writes (ustar and GNU long names) and plain pax paths, and refuses all else: links, devices, sparse
files, sizes in other notations, headers that are long, broken or contradict each other. Nothing is held in memory but
one block and one header, and nothing more is read than the limits allow.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK = 512
_LONGEST_HEADER = 64 << 10
_HEADERS_IN_A_ROW = 4
_OCTAL = re.compile(rb"[0-7]*")
_NEWLINE = ord("\n")
_RECORD = re.compile(rb"(\d{1,9}) ")


class UnpackError(Exception):
    """An archive or tree that is not what a crate's sources may be. The message says what is wrong with it."""


@dataclass(frozen=True)
class Member:
    """One file or folder of an archive."""

    name: str
    size: int
    """Bytes of content; 0 for a folder."""
    is_folder: bool
    executable: bool


class TarReader:
    """Iterate over the members once; read a file's content with `chunks` before going on, or leave it out."""

    def __init__(self, archive: IO[bytes], packed_bytes: int, stream_bytes: int, ratio: int) -> None:
        self._raw = gzip.GzipFile(fileobj=archive, mode="rb")
        # A small archive of a few empty files is mostly padding: the ratio counts from the first megabytes on.
        self._left = min(stream_bytes, max(packed_bytes * ratio, 16 << 20))
        self._pending = 0

    def __iter__(self) -> Iterator[Member]:
        long_name: str | None = None
        headers = 0
        while (header := self._read(BLOCK)) != bytes(BLOCK):
            _check_sum(header)
            size, kind = _number(header[124:136]), header[156:157]
            if kind in b"LxXg" and kind:
                headers += 1
                if size > _LONGEST_HEADER:
                    raise UnpackError(f"a header of {size} bytes")
                if headers > _HEADERS_IN_A_ROW:
                    raise UnpackError(f"more than {_HEADERS_IN_A_ROW} headers for one member")
                data = self._read(_padded(size))[:size]
                long_name = _long_name(kind, data) or long_name
                continue
            if kind not in (b"0", b"\0", b"5"):
                raise UnpackError(f"member {_name(header)[:60]!r} is neither a file nor a folder (type {kind!r})")
            name, long_name, headers = long_name or _name(header), None, 0
            is_folder = kind == b"5"
            if is_folder and size:
                raise UnpackError(f"folder {name[:60]!r} has content")
            self._pending = _padded(size)
            yield Member(name, size, is_folder, bool(_number(header[100:108]) & 0o100))
            self._skip()
        self._check_end()

    def chunks(self, member: Member) -> Iterator[bytes]:
        """The content of the member that was given last."""
        left = member.size
        while left:
            chunk = self._read(min(left, 1 << 16))
            self._pending -= len(chunk)
            left -= len(chunk)
            yield chunk

    def _skip(self) -> None:
        while self._pending:
            self._pending -= len(self._read(min(self._pending, 1 << 16)))

    def _read(self, count: int) -> bytes:
        self._left -= count
        if self._left < 0:
            raise UnpackError("unpacks to more than the limit, or far more than its packed size")
        try:
            data = self._raw.read(count)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UnpackError(f"not a whole gzip archive ({error})") from error
        if len(data) != count:
            raise UnpackError("the archive ends in the middle")
        return data

    def _check_end(self) -> None:
        """Nothing may follow but zeros: another reader could see other files there. Reading on checks the CRC too."""
        while True:
            try:
                rest = self._raw.read(min(1 << 16, self._left + 1))
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise UnpackError(f"not a whole gzip archive ({error})") from error
            self._left -= len(rest)
            if any(rest) or self._left < 0:
                raise UnpackError("more data after the archive's end")
            if not rest:
                return


def open_archive(path: Path, stream_bytes: int, ratio: int) -> tuple[IO[bytes], TarReader]:
    """The opened file, for the caller to close, and its reader."""
    file = path.open("rb")
    return file, TarReader(file, path.stat().st_size, stream_bytes, ratio)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _number(field: bytes) -> int:
    digits = field.strip(b" \0")
    # Python would take a sign, underscores and a prefix: a size below zero reads an archive to its end at once.
    if not _OCTAL.fullmatch(digits):
        raise UnpackError(f"a number in a header is not octal: {field!r}")
    return int(digits or b"0", 8)


def _check_sum(header: bytes) -> None:
    if _number(header[148:156]) != sum(header[:148]) + 8 * 32 + sum(header[156:]):
        raise UnpackError("a header's checksum is wrong")


def _name(header: bytes) -> str:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    try:
        return field.split(b"\0", 1)[0].decode("utf-8")
    except UnicodeDecodeError:
        raise UnpackError(f"a name that is not UTF-8: {field[:60]!r}") from None


def _long_name(kind: bytes, data: bytes) -> str | None:
    """The name that a GNU or pax header gives to the next member; None if it gives none."""
    if kind == b"L":
        return _text(data)
    name: str | None = None
    at = 0
    while at < len(data):
        record = _RECORD.match(data, at)
        length = int(record[1]) if record else 0
        if record is None or not len(record[0]) < length <= len(data) - at or data[at + length - 1] != _NEWLINE:
            raise UnpackError("a broken pax header")
        key, _, value = data[record.end() : at + length - 1].partition(b"=")
        if key in (b"size", b"linkpath") or key.startswith(b"GNU.sparse") or (key == b"path" and kind == b"g"):
            raise UnpackError(f"a pax header that sets {key.decode()}")
        name = _text(value) if key == b"path" else name
        at += length
    return name
