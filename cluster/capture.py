"""Follows a running command: reads all it prints and tells when it must end (time, silence, output, disk, memory).

Promised: memory held is bounded by `output_bytes`; a process that keeps the output open after the command ended does
not hold us up; where we stood still ourselves (a paused worker, a machine that swaps), the command is not charged with
it. It ran on meanwhile, so it may take longer than its limits by as much, and what it came to is taken as it is; where
it may have waited for us, nothing is known of its time, and SandboxUnavailable is raised. Not promised: exact instants
(checks come every 10-100 ms).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from oxidizer.cluster.sandbox import SandboxUnavailable, Status

STDOUT, STDERR = 1, 2
_CHUNK = 1 << 20
_PIPE_BYTES = 1 << 20
"""What a pipe may hold, the most that Linux lets anybody ask for by itself."""
_REST_S = 0.005
"""Between two reads: who writes in many small pieces is not woken, and does not wake us, for each."""
_FIRST_TICK_S, _LAST_TICK_S = 0.01, 0.1
_STILL_S = 0.5
"""Charged at most from one look to the next: who looks later stood still, or asked a daemon that is slow."""
_LONG_S = 5.0
"""Who stood still for so long may have held up a command whose output nobody read."""


class Source(Protocol):
    """Something that can be waited for and read without blocking."""

    def fileno(self) -> int:
        """The descriptor to wait for."""
        ...

    def read(self) -> list[tuple[int, bytes]] | None:
        """What is there now as (stream, bytes) pairs, None at the end; BlockingIOError if nothing is there yet."""
        ...

    def is_full(self) -> bool:
        """Whether so much is unread that who writes may have to wait."""
        ...


class Pipe:
    """The reading end of a pipe, all of one stream."""

    def __init__(self, descriptor: int, stream: int) -> None:
        os.set_blocking(descriptor, False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._descriptor, self._stream = descriptor, stream

    def fileno(self) -> int:
        """The pipe's descriptor."""
        return self._descriptor

    def read(self) -> list[tuple[int, bytes]] | None:
        """One chunk, or None when every writer is gone."""
        data = os.read(self._descriptor, _CHUNK)
        return [(self._stream, data)] if data else None

    def is_full(self) -> bool:
        """A quarter counts: pages of a full pipe may be half empty."""
        return unread_bytes(self._descriptor) >= fcntl.fcntl(self._descriptor, fcntl.F_GETPIPE_SZ) // 4


def unread_bytes(descriptor: int) -> int:
    """How much waits to be read from a pipe or a socket."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


@dataclass
class Watch:
    """A check that is made every `every_s` seconds; a status that it returns ends the command."""

    check: Callable[[], Status | None]
    every_s: float = 0.0
    due_s: float = 0.0
    at_end: bool = False
    """It is made once more when the command has ended by itself."""


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
        self._started_s = self._heard_s = self._looked_s = time.monotonic()
        self._deadline_s = self._started_s + wall_s
        self._watches = watches
        self._flooded = False

    @property
    def wall_s(self) -> float:
        """Seconds since the start, whether anybody looked or not."""
        return time.monotonic() - self._started_s

    def follow(self, ended: Callable[[], bool]) -> Status | None:
        """Read until `ended()` is true; None then, or the reason why the command must be ended now.

        Raises SandboxUnavailable where the command may have waited for us.
        """
        tick_s = _FIRST_TICK_S
        self._stood_still()
        self._read_all(self._sources())
        while True:
            if self._stood_still():
                self._pump(0.0)  # what came meanwhile may be the end
            if ended():
                break
            if (status := self._verdict()) is not None:
                return status
            ready = self._wait(tick_s)
            self._stood_still()
            self._read_all(ready)
            tick_s = _FIRST_TICK_S if ready else min(2 * tick_s, _LAST_TICK_S)
            if ready and not ended():
                time.sleep(_REST_S)
        last = (watch.check() for watch in self._watches if watch.at_end)
        return next((status for status in last if status is not None), None)

    def drain(self, grace_s: float = 0.0) -> Status | None:
        """Read what is still on its way, at most `grace_s` seconds after the last byte."""
        while self._selector.get_map() and not self._flooded and self._pump(grace_s):
            pass
        return Status.OUTPUT_LIMIT if self._flooded else None

    def close(self) -> None:
        """Stop watching; the descriptors stay the caller's."""
        self._selector.close()

    def _stood_still(self) -> bool:
        """Take the time; whether nobody had looked for a while, which the command then gets back.

        To be asked before anything is read: what is unread tells whether the command had to wait.
        """
        before_s, self._looked_s = self._looked_s, time.monotonic()
        still_s = self._looked_s - before_s - _STILL_S
        if still_s <= 0:
            return False
        self._deadline_s += still_s
        self._heard_s += still_s
        if still_s > _LONG_S and any(source.is_full() for source in self._sources()):
            raise SandboxUnavailable(
                f"this worker stood still for {still_s:.0f} s and a command may have waited for it: "
                "see what stops processes here"
            )
        return True

    def _verdict(self) -> Status | None:
        """Why the command must be ended, as of the last look at the clock."""
        now_s = self._looked_s
        if self._flooded:
            return Status.OUTPUT_LIMIT
        if now_s >= self._deadline_s:
            return Status.TIMEOUT
        if now_s - self._heard_s >= self._silence_s and not self._pump(0.0):
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
        ready = self._wait(timeout_s)
        self._read_all(ready)
        return bool(ready)

    def _wait(self, timeout_s: float) -> list[Source]:
        """What can be read, as soon as something can."""
        if not self._selector.get_map():
            time.sleep(timeout_s)
            return []
        # A wait in which we were stopped may be over without a look (signal(7)).
        found = self._selector.select(timeout_s) or self._selector.select(0.0)
        return [key.fileobj for key, _ in found]  # type: ignore[misc]  # only sources are registered

    def _sources(self) -> list[Source]:
        """Those that have not ended."""
        return [key.fileobj for key in self._selector.get_map().values()]  # type: ignore[misc]  # as above

    def _read_all(self, sources: Sequence[Source]) -> None:
        for source in sources:
            self._read(source)

    def _read(self, source: Source) -> None:
        try:
            parts = source.read()
        except BlockingIOError:
            return
        if parts is None:
            self._selector.unregister(source)
            return
        for stream, data in parts:
            self._keep(stream, data)

    def _keep(self, stream: int, data: bytes) -> None:
        self._heard_s = time.monotonic()
        kept = data[: self._room]
        self._room -= len(kept)
        self._flooded = self._flooded or len(kept) < len(data)
        (self.stderr if stream == STDERR else self.stdout).extend(kept)
