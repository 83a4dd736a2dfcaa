"""The shelf of the dependency cache: entries by their key, each one file that is never changed, put there as a whole.

An entry is a tar archive: `entry.json` first, with the digest of each file behind it. Each use reads it anew, and one
that is not what it says is refused and removed. Several runs share a shelf: an entry is made under another name and
renamed, a lock says who makes it (and goes with whoever dies), and what was used longest ago goes when it is too much.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import re
import struct
import tarfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from oxidizer.cluster.labels import Label, Standing

_KEEP = 0.9
_FORM = 1
_PLACE = re.compile(r"debug/(?:deps|build|\.fingerprint)(?:/[^/\0]+)+")
_KEY = re.compile(r"[0-9a-f]{64}")
_POLL_S = 0.2
_WAY_OUT = "give --dependency-cache another folder, or leave it out"


class ShelfRefused(ValueError):
    """The folder cannot be a shelf of ours; the message says why."""


class Damaged(Exception):
    """An entry is not what it says of itself."""


@dataclass(frozen=True)
class Entry:
    """What was built of one unit: files and folders by their place in a target folder."""

    files: Mapping[str, bytes]
    folders: tuple[str, ...] = ()
    executable: frozenset[str] = frozenset()
    needs: Mapping[str, str] = field(default_factory=dict)
    """The digests of the entries that it was made with, by key."""
    cpu_s: float = 0.0
    """What making it took, by estimate."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by its place."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(self.files.items())}

    @cached_property
    def digest(self) -> str:
        """Names the content: two builds of one unit may differ."""
        return hashlib.sha256(json.dumps(self.digests).encode()).hexdigest()


class Shelf:
    """One folder of entries."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Makes the folder where it is missing. Raises ShelfRefused, OSError."""
        self.folder, self.most_bytes = folder, most_bytes
        if folder.exists() and not folder.is_dir():
            raise ShelfRefused(f"{folder} is no folder: {_WAY_OUT}")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = folder.stat()
        if about.st_uid != os.geteuid() or about.st_mode & 0o022:
            raise ShelfRefused(f"others may write to {folder}, so what is built could be theirs: {_WAY_OUT}")

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def get(self, key: str) -> Entry | None:
        """An entry, held against its digests; None where there is none. Raises Damaged, and removes it then."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            entry = _unpacked(content, key)
        except (Damaged, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
            path.unlink(missing_ok=True)
            raise Damaged(f"{path.name}: {error}") from error
        with contextlib.suppress(OSError):
            os.utime(path)
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Publish an entry, whole or not at all. Raises OSError."""
        path = self._path(key)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        attempt = path.with_name(f"{key}.{Label.own().token}.{uuid.uuid4().hex[:8]}.part")
        try:
            attempt.write_bytes(_packed(key, entry))
            attempt.chmod(0o444)
            attempt.rename(path)
        finally:
            attempt.unlink(missing_ok=True)

    @contextmanager
    def making(self, keys: Iterable[str], patience_s: float) -> Iterator[bool]:
        """Nobody else makes these entries inside the block; False where somebody has for too long."""
        # One byte of one file for each entry, locked for this opening of the file: nothing is left to tidy up.
        descriptor = os.open(self.folder / "making.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _lock_all(descriptor, sorted(keys), time.monotonic() + patience_s)
        finally:
            os.close(descriptor)

    def tidy(self) -> int:
        """Remove what dead processes left half-made and, beyond the limit, what was used longest ago; says how many."""
        held, gone = [], 0
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(OSError):
                if path.suffix != ".part":
                    about = path.stat()
                    held.append((about.st_mtime_ns, about.st_size, path))
                elif _is_left(path):
                    path.unlink()
                    gone += 1
        total = sum(size for _, size, _ in held)
        if total > self.most_bytes:
            for _, size, path in sorted(held):
                if total <= _KEEP * self.most_bytes:
                    break
                path.unlink(missing_ok=True)
                total, gone = total - size, gone + 1
        return gone

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key")
        return self.folder / key[:2] / key


def _packed(key: str, entry: Entry) -> bytes:
    told = {
        "form": _FORM, "key": key, "cpu_s": round(entry.cpu_s, 3), "folders": sorted(entry.folders),
        "executable": sorted(entry.executable), "needs": dict(entry.needs), "files": entry.digests,
    }  # fmt: skip
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in [("entry.json", json.dumps(told).encode()), *sorted(entry.files.items())]:
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return sink.getvalue()


def _unpacked(content: bytes, key: str) -> Entry:
    """Raises Damaged, and what a broken archive brings about."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        read = {name: file.read() for name, file in found.items() if file is not None}
    told = json.loads(read.pop("entry.json"))
    if told["form"] != _FORM or told["key"] != key:
        raise Damaged("it is another entry's")
    executable, needs = frozenset(told["executable"]), dict(told["needs"])
    entry = Entry(read, tuple(told["folders"]), executable, needs, float(told["cpu_s"]))
    if entry.digests != told["files"]:
        raise Damaged("a file is not what its digest says")
    for name in (*read, *told["folders"]):
        if not _PLACE.fullmatch(name) or {".", ".."} & set(name.split("/")):
            raise Damaged(f"{name!r} is no place of a unit")
    return entry


def _is_left(path: Path) -> bool:
    label = Label.of_token(path.name.split(".")[1])
    return label is not None and label.standing() is Standing.DEAD


def _lock_all(descriptor: int, keys: list[str], until_s: float) -> bool:
    """Lock the bytes of all keys, in order, so that nobody waits for one who waits for us."""
    for key in keys:
        at = int(key[:15], 16)
        wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, at, 1, 0)
        while True:
            try:
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
                break
            except BlockingIOError:
                if time.monotonic() > until_s:
                    return False
                time.sleep(_POLL_S)
    return True
