"""The terms on which a sandbox runs commands: all promises or, for a proof, all but one.

A test that finds a promise kept says something only if it fails where just that promise is broken: that is what
`without` is for. Nothing of the product passes it, and a test holds that. A limit that is switched off is 64 times what
was asked, so that a bomb of a few times the limit does its harm and the machine lives.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import ENVIRONMENT, HOME_BYTES, SHM_BYTES, Limits, Mounts

_LOOSE = 64
_LIMIT = {
    Promise.MEMORY: "memory_bytes",
    Promise.PROCESSES: "processes",
    Promise.CPU: "cpus",
    Promise.WALL: "wall_s",
    Promise.SILENCE: "silence_s",
    Promise.OUTPUT: "output_bytes",
    Promise.OPEN_FILES: "open_files",
    Promise.FILE_SIZE: "file_bytes",
    Promise.DISK: "disk_bytes",
    Promise.INODES: "inodes",
    Promise.SCRATCH: "tmp_bytes",
}


@dataclass(frozen=True)
class Terms:
    """What was asked of one sandbox, less the promise that it shall not keep."""

    asked: Limits
    without: Promise | None = None

    def keeps(self, promise: Promise) -> bool:
        """Whether the promise is to be kept."""
        return promise is not self.without

    @cached_property
    def limits(self) -> Limits:
        """The limits to hold commands to."""
        name = _LIMIT.get(self.without) if self.without else None
        return replace(self.asked, **{name: getattr(self.asked, name) * _LOOSE}) if name else self.asked

    def wall_s(self, asked: float | None) -> float:
        """The seconds that a command may take, where one asks for its own."""
        return self.limits.wall_s if asked is None else asked * self._times(Promise.WALL)

    def silence_s(self, asked: float | None) -> float:
        """The seconds that a command may be silent, where one asks for its own."""
        return self.limits.silence_s if asked is None else asked * self._times(Promise.SILENCE)

    @property
    def home_bytes(self) -> int:
        """The size of the home folder."""
        return HOME_BYTES * self._times(Promise.SCRATCH)

    @property
    def shm_bytes(self) -> int:
        """The size of /dev/shm."""
        return SHM_BYTES * self._times(Promise.SCRATCH)

    def environment(self, given: Mapping[str, str] | None) -> dict[str, str]:
        """A command's whole environment."""
        inherited = {} if self.keeps(Promise.ENVIRONMENT) else dict(os.environ)
        return {**inherited, **ENVIRONMENT, **(given or {})}

    def host_folders(self, mounts: Mounts) -> tuple[Path, ...]:
        """Folders of the host that a sandbox shows where they are."""
        return () if self.keeps(Promise.HOST_FILES) else (mounts.source.resolve().parent,)

    def _times(self, promise: Promise) -> int:
        return 1 if self.keeps(promise) else _LOOSE
