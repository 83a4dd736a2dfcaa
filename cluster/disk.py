"""How much a target folder holds: bounded by a file system of its size, else watched.

Where we may mount, the target is a file system of its own (see `volume.py`) and cannot hold more. Elsewhere it is a
plain folder that is walked every half a second or slower: a command can write more before it is ended, and what is held
by deleted but open files is not seen. A walk of a hostile folder follows no link.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oxidizer.cluster.capture import Watch
from oxidizer.cluster.sandbox import Limits, Status
from oxidizer.cluster.volume import NoVolume, Volume, sweep

_EVERY_S, _SHARE = 0.5, 0.02
_MAX_DEPTH = 100


class Disk(Protocol):
    """The space of one target folder."""

    enforced: bool
    """A file system keeps the limit; else a watcher does."""

    def watch(self) -> Watch:
        """The check of one command; DISK_LIMIT where it used up the space."""
        ...

    def close(self) -> None:
        """Give the space back. Safe to call twice."""
        ...


def open_disk(folder: Path, limits: Limits, user: int, *, may_mount: bool) -> Disk:
    """The space for an empty folder that `user` writes to; a folder that holds something stays a plain one."""
    if may_mount:
        sweep()
        # Two sandboxes on one folder share the first one's space.
        if not folder.is_mount() and not any(folder.iterdir()):
            # Where there is none, the sandbox says that it only watches.
            with suppress(NoVolume, OSError):
                return Volume(folder, limits.disk_bytes, limits.inodes, user)
    return WatchedFolder(folder, limits)


class WatchedFolder:
    """A plain folder and a watcher."""

    enforced = False

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits

    def watch(self) -> Watch:
        """A walk now and then, in at most 2% of the time."""
        # The command starts with what its predecessors left, which was below the limit: the first look can wait.
        watch = Watch(check=lambda: None, every_s=_EVERY_S, due_s=time.monotonic() + _EVERY_S)

        def check() -> Status | None:
            started_s = time.monotonic()
            over = usage(self._folder, self._limits.disk_bytes, self._limits.inodes).over
            watch.every_s = max(_EVERY_S, (time.monotonic() - started_s) / _SHARE)
            return Status.DISK_LIMIT if over else None

        watch.check = check
        return watch

    def close(self) -> None:
        """The folder is the caller's."""


@dataclass
class Usage:
    """What a walk has seen so far, and the most that it may see."""

    most_bytes: int
    most_inodes: int
    bytes: int = 0
    inodes: int = 0
    too_deep: bool = False
    """A nest deeper than 100 folders, which cargo never makes."""

    @property
    def over(self) -> bool:
        """There is more than there may be."""
        return self.too_deep or self.bytes > self.most_bytes or self.inodes > self.most_inodes


def usage(folder: Path, most_bytes: int, most_inodes: int) -> Usage:
    """Bytes on disk and entries below a folder, up to the first figure above the most."""
    found = Usage(most_bytes, most_inodes)
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return found
    _walk(top, found, _MAX_DEPTH)
    return found


def _walk(directory: int, found: Usage, depth: int) -> None:
    """Count what is below an open directory, which is closed here."""
    below = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    found.bytes += entry.stat(follow_symlinks=False).st_blocks * 512
                    found.inodes += 1
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.name)
                except FileNotFoundError:
                    continue
                if found.over:
                    return
        found.too_deep = bool(below) and depth == 0
        for name in below:
            if found.over:
                return
            try:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            except OSError:
                continue  # gone, or swapped for something else, since we saw it
            _walk(inner, found, depth - 1)
    except FileNotFoundError:
        pass
    finally:
        os.close(directory)
