"""What commands left in a target folder, read by the host: the crate's own files, never the host's.

Whatever a command put there (links, FIFOs, devices, a folder swapped for a link while we look, a file without an end):
each part of a name is opened relative to the folder above it, no link is followed, nothing but a regular file is read,
and no more of it than asked for. Not promised: that a file is whole; what wrote it may still be at work.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PIECE = 1 << 20
_MOST_FILES = 20_000


class NotCollected(Exception):
    """What stands under a name is not a regular file of bounded size below the folder."""


class NotRegular(NotCollected):
    """It is a link, a FIFO, a device, a folder, or not there at all."""


@dataclass
class Tree:
    """What is below a folder, by its name relative to the collector's."""

    files: dict[str, bytes] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    executable: set[str] = field(default_factory=set)
    size: int = 0


@dataclass(frozen=True)
class Collector:
    """Reads what is below one folder. `follow_links` is for proofs alone."""

    folder: Path
    follow_links: bool = False

    def read(self, name: str, most_bytes: int) -> bytes:
        """The content of a file by its name relative to the folder. Raises NotCollected."""
        above, _, last = name.rpartition("/")
        folder = self._open_folder(above)
        try:
            return self._read(folder, last, most_bytes)
        finally:
            os.close(folder)

    def read_all(self, name: str, most_bytes: int) -> dict[str, bytes]:
        """The regular files in a folder below ours by their names, at most `most_bytes` of them all together.

        What is no regular file is left out. Raises NotCollected where the folder is none, or holds more.
        """
        folder = self._open_folder(name)
        found: dict[str, bytes] = {}
        try:
            for entry in sorted(os.listdir(folder)):
                with suppress(NotRegular):
                    found[entry] = self._read(folder, entry, most_bytes)
                    most_bytes -= len(found[entry])
        finally:
            os.close(folder)
        return found

    def names(self, name: str) -> list[str]:
        """What stands in a folder below ours. Raises NotCollected where it is none."""
        folder = self._open_folder(name)
        try:
            return sorted(os.listdir(folder))
        finally:
            os.close(folder)

    def read_tree(self, name: str, most_bytes: int) -> Tree:
        """All that is below a folder. Raises NotCollected where something is neither file nor folder, and for more."""
        tree = Tree()
        pending = [name]
        while pending:
            above = pending.pop()
            tree.folders.append(above)
            folder = self._open_folder(above)
            try:
                for entry in sorted(os.listdir(folder)):
                    if len(tree.files) + len(tree.folders) + len(pending) >= _MOST_FILES:
                        raise NotCollected(f"{name!r} holds more than {_MOST_FILES:,} files")
                    about = os.stat(entry, dir_fd=folder, follow_symlinks=False)
                    path = f"{above}/{entry}"
                    if stat.S_ISDIR(about.st_mode):
                        pending.append(path)
                        continue
                    tree.files[path] = self._read(folder, entry, most_bytes - tree.size)
                    tree.size += len(tree.files[path])
                    tree.executable |= {path} if about.st_mode & stat.S_IXUSR else set()
            finally:
                os.close(folder)
        return tree

    def _open_folder(self, name: str) -> int:
        """A descriptor of the folder, or of one below it. The folder itself is ours; what is below may be a trap."""
        here = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in name.split("/") if name else ():
            try:
                there = self._open(part, os.O_DIRECTORY, here)
            finally:
                os.close(here)
            here = there
        return here

    def _open(self, part: str, flags: int, folder: int) -> int:
        if part in ("", ".", ".."):
            raise NotCollected(f"{part!r} is no name of a file")
        links = 0 if self.follow_links else os.O_NOFOLLOW
        try:
            # A FIFO without a writer would hold us up.
            return os.open(
                part, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | links | flags, dir_fd=folder
            )
        except (OSError, ValueError) as error:
            raise NotRegular(f"{part!r} cannot be opened: {error}") from error

    def _read(self, folder: int, name: str, most_bytes: int) -> bytes:
        file = self._open(name, 0, folder)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise NotRegular(f"{name!r} is not a regular file")
            content = bytearray()
            while piece := os.read(file, min(_PIECE, most_bytes + 1 - len(content))):
                content += piece
                if len(content) > most_bytes:
                    raise NotCollected(f"{name!r} holds more than {most_bytes:,} bytes")
        finally:
            os.close(file)
        return bytes(content)
