"""Follows a running command: reads all it prints and tells when it must end (time, silence, output, disk, memory).

Promised: memory held is bounded by `output_bytes`; a process that keeps the output open after the command ended does
not hold us up; a walk of a hostile target folder follows no link. Not promised: exact instants (checks come every
10-100 ms, the disk every 2 s or slower), and disk that is held by deleted but open files is not seen.
"""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oxidizer.cluster.sandbox import Status

STDOUT, STDERR = 1, 2
_CHUNK = 1 << 16
_FIRST_TICK_S, _LAST_TICK_S = 0.01, 0.1
_DISK_EVERY_S, _DISK_SHARE = 2.0, 0.02
_ENTRY_BYTES = 4096
_MAX_DEPTH = 100


class Source(Protocol):
    """Something that can be waited for and read without blocking."""

    def fileno(self) -> int:
        """The descriptor to wait for."""
        ...

    def read(self) -> list[tuple[int, bytes]] | None:
        """What is there now as (stream, bytes) pairs, None at the end; BlockingIOError if nothing is there yet."""
        ...


class Pipe:
    """The reading end of a pipe, all of one stream."""

    def __init__(self, descriptor: int, stream: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor, self._stream = descriptor, stream

    def fileno(self) -> int:
        """The pipe's descriptor."""
        return self._descriptor

    def read(self) -> list[tuple[int, bytes]] | None:
        """One chunk, or None when every writer is gone."""
        data = os.read(self._descriptor, _CHUNK)
        return [(self._stream, data)] if data else None


@dataclass
class Watch:
    """A check that is made every `every_s` seconds; a status that it returns ends the command."""

    check: Callable[[], Status | None]
    every_s: float = 0.0
    due_s: float = 0.0


class Capture:
    """The output of one command and the bounds that it must keep."""

    def __init__(
        self, sources: Sequence[Source], *, wall_s: float, silence_s: float, output_bytes: int, watches: Sequence[Watch]
    ) -> None:
        self.stdout, self.stderr = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()
        for source in sources:
            self._selector.register(source, selectors.EVENT_READ)
        self._room = output_bytes
        self._silence_s = silence_s
        self._started_s = self._heard_s = time.monotonic()
        self._deadline_s = self._started_s + wall_s
        self._watches = watches
        self._flooded = False

    @property
    def wall_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started_s

    def follow(self, ended: Callable[[], bool]) -> Status | None:
        """Read until `ended()` is true; None then, or the reason why the command must be ended now."""
        tick_s = _FIRST_TICK_S
        while not ended():
            if (status := self._verdict()) is not None:
                return status
            tick_s = _FIRST_TICK_S if self._pump(tick_s) else min(2 * tick_s, _LAST_TICK_S)
        return None

    def drain(self, grace_s: float = 0.0) -> Status | None:
        """Read what is still on its way, at most `grace_s` seconds after the last byte."""
        while self._selector.get_map() and not self._flooded and self._pump(grace_s):
            pass
        return Status.OUTPUT_LIMIT if self._flooded else None

    def close(self) -> None:
        """Stop watching; the descriptors stay the caller's."""
        self._selector.close()

    def _verdict(self) -> Status | None:
        now_s = time.monotonic()
        if self._flooded:
            return Status.OUTPUT_LIMIT
        if now_s >= self._deadline_s:
            return Status.TIMEOUT
        if now_s - self._heard_s >= self._silence_s:
            return Status.SILENT
        for watch in self._watches:
            if now_s >= watch.due_s:
                status = watch.check()
                watch.due_s = time.monotonic() + watch.every_s
                if status is not None:
                    return status
        return None

    def _pump(self, timeout_s: float) -> bool:
        """Read once from whatever is ready; whether anything was."""
        if not self._selector.get_map():
            time.sleep(timeout_s)
            return False
        ready = self._selector.select(timeout_s)
        for key, _ in ready:
            source: Source = key.fileobj  # type: ignore[assignment]  # only sources are registered
            try:
                parts = source.read()
            except BlockingIOError:
                continue
            if parts is None:
                self._selector.unregister(source)
                continue
            for stream, data in parts:
                self._keep(stream, data)
        return bool(ready)

    def _keep(self, stream: int, data: bytes) -> None:
        self._heard_s = time.monotonic()
        kept = data[: self._room]
        self._room -= len(kept)
        self._flooded = self._flooded or len(kept) < len(data)
        (self.stderr if stream == STDERR else self.stdout).extend(kept)


def disk_watch(folder: Path, limit_bytes: int) -> Watch:
    """Watch that `folder` stays below `limit_bytes`, spending at most 2% of the time on looking."""
    # The command starts with what its predecessors left, which was below the limit: the first look can wait.
    watch = Watch(check=lambda: None, every_s=_DISK_EVERY_S, due_s=time.monotonic() + _DISK_EVERY_S)

    def check() -> Status | None:
        started_s = time.monotonic()
        used = disk_usage(folder, limit_bytes)
        watch.every_s = max(_DISK_EVERY_S, (time.monotonic() - started_s) / _DISK_SHARE)
        return Status.DISK_LIMIT if used > limit_bytes else None

    watch.check = check
    return watch


def disk_usage(folder: Path, enough: int) -> int:
    """Bytes on disk below `folder`, at least 4 KiB an entry so that inodes are bounded too.

    Stops at the first figure above `enough`. A nest deeper than 100 folders, which cargo never makes, counts as that.
    """
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return 0
    return _usage(top, enough, _MAX_DEPTH)


def _usage(directory: int, enough: int, depth: int) -> int:
    """Like `disk_usage` below an open directory, which is closed here."""
    total, below = 0, []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    total += max(entry.stat(follow_symlinks=False).st_blocks * 512, _ENTRY_BYTES)
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.name)
                except FileNotFoundError:
                    continue
                if total > enough:
                    return total
        for name in below:
            if depth == 0:
                return enough + 1
            try:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            except OSError:
                continue  # gone, or swapped for something else, since we saw it
            total += _usage(inner, enough - total, depth - 1)
            if total > enough:
                return total
    except FileNotFoundError:
        pass
    finally:
        os.close(directory)
    return total
