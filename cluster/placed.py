"""Entries of the shelf in a target folder, as cargo would have left them there.

Promises: an entry is placed whole, and only beside the very builds that it was made with (the compiler refuses others,
and cargo would not build it again); all bears one time, since cargo looks what is older. The folder is one in which
nothing of a stranger has run yet.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from oxidizer.cluster.shelf import Entry


class Placed:
    """What was placed in one target folder."""

    def __init__(self, target: Path) -> None:
        self._target, self._stamp_ns = target, time.time_ns()
        self._files: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        """The content of each entry that is there, by its key."""

    @property
    def units(self) -> set[str]:
        """cargo's own names for the units that are there: of the package, and a hash."""
        return {name.split("/")[2] for name in self._files if name.startswith("debug/.fingerprint/")}

    def fits(self, entry: Entry) -> bool:
        """Whether what it was made with is here, and nothing of it is here in another way."""
        made_with = all(self.digests.get(key) == digest for key, digest in entry.needs.items())
        return made_with and all(self._files.get(name, digest) == digest for name, digest in entry.digests.items())

    def place(self, key: str, entry: Entry) -> None:
        """Write an entry that fits, for the folder's owner. Raises OSError, and may leave a part of it then."""
        owner = self._target.stat()
        folders = {*entry.folders, *(name.rpartition("/")[0] for name in entry.files)}
        for name in sorted({above for folder in folders for above in _above(folder)}):
            with contextlib.suppress(FileExistsError):
                (self._target / name).mkdir(mode=0o755)
                _hand_over(self._target / name, owner)
        for name in entry.files.keys() - self._files.keys():
            path, mode = self._target / name, 0o755 if name in entry.executable else 0o644
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
                file.write(entry.files[name])
            _hand_over(path, owner)
            os.utime(path, ns=(self._stamp_ns, self._stamp_ns), follow_symlinks=False)
        self._files |= entry.digests
        self.digests[key] = entry.digest


def _hand_over(path: Path, owner: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _above(folder: str) -> Iterator[str]:
    parts = folder.split("/")
    yield from ("/".join(parts[: n + 1]) for n in range(len(parts)))
