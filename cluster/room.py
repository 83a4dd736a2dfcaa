"""Whether this host has room: on a full disk a compiler fails for reasons that are none of the crate's.

A failed command is believed only where the place of scratch folders had room all the while that it ran; else the
failure is the machine's (SandboxUnavailable), to be tried again. Looked at four times a second: a shorter want of room
is not seen.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from oxidizer.cluster.collect import Collector
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import SOURCE, RunResult, Sandbox, SandboxUnavailable
from oxidizer.cluster.scratch import scratch_root

ROOM_BYTES = 512 << 20
"""Less than this is no room."""
_EVERY_S = 0.25


def free_bytes() -> int:
    """What is free where this host keeps scratch folders; 0 where no more files can be made there."""
    root = scratch_root()
    disk = os.statvfs(root if root.exists() else root.parent)
    return 0 if disk.f_files and not disk.f_favail else disk.f_bavail * disk.f_frsize


class RoomySandbox:
    """A sandbox whose failures count only while the host has room; passes every command on unchanged."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner = inner
        self.name = inner.name
        self._full_s = float("-inf")
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def target(self) -> Collector:
        """Reads what commands left in the target folder."""
        return self.inner.target

    @property
    def weaker(self) -> frozenset[Promise]:
        """See `Sandbox.weaker`."""
        return self.inner.weaker

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = SOURCE,
        wall_s: float | None = None,
        silence_s: float | None = None,
    ) -> RunResult:
        """Run a command; see `Sandbox.run`."""
        began_s = time.monotonic()
        self._look()
        result = self.inner.run(argv, env=env, cwd=cwd, wall_s=wall_s, silence_s=silence_s)
        self._look()
        if not result.ok and self._full_s >= began_s:
            raise SandboxUnavailable("the host's disk is full: free some space, or choose another scratch folder")
        return result

    def close(self) -> None:
        """Close the sandbox. Safe to call twice."""
        self._closed.set()
        self._watcher.join()
        self.inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self) -> None:
        if free_bytes() < ROOM_BYTES:
            self._full_s = time.monotonic()

    def _watch(self) -> None:
        while not self._closed.wait(_EVERY_S):
            self._look()
