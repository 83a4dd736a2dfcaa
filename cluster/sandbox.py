"""What every sandbox promises: the commands of an untrusted crate run, bounded, and nothing of them is left.

A sandbox shows a command the crate's sources, the toolchain and the registry, all read-only, and one writable folder,
the target. There is no network, no environment but what is given, no privilege. Time, silence, output, memory,
processes and disk are bounded. The backends are `docker.py` and `bubblewrap.py`; both pass one conformance suite.

Not promised here: protection from a kernel exploit (use gVisor as Docker's runtime for that).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

SOURCE = "/box/src"
TARGET = "/box/target"
TOOLCHAIN = "/opt/rust"
SHIMS = "/opt/oxidizer"
CARGO_HOME = "/cargo"

USER_ID = 10001
"""The user and group that a command runs as: inside always, and on the host where we are root."""
HOSTNAME = "oxidizer"
ETC: Mapping[str, bytes] = {
    "/etc/passwd": f"root:x:0:0::/:/bin/false\nbox:x:{USER_ID}:{USER_ID}::/box/home:/bin/false\n".encode(),
    "/etc/group": f"root:x:0:\nbox:x:{USER_ID}:\n".encode(),
    "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
    "/etc/resolv.conf": b"",
}
"""What a command sees of /etc, the same in every backend: one user, no names but localhost."""
HOME_BYTES = SHM_BYTES = 16 << 20

ENVIRONMENT: Mapping[str, str] = {
    "PATH": f"{TOOLCHAIN}/bin:/usr/local/bin:/usr/bin:/bin",
    "HOME": "/box/home",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "CARGO_HOME": CARGO_HOME,
    "CARGO_TARGET_DIR": TARGET,
    "CARGO_NET_OFFLINE": "true",
    "CARGO_TERM_COLOR": "never",
    "CARGO_INCREMENTAL": "0",
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "CARGO_PROFILE_TEST_DEBUG": "0",
    "RUST_BACKTRACE": "0",
}


class SandboxUnavailable(Exception):
    """The sandbox itself failed. It says nothing about the crate, is retried, and never becomes a label."""


class Status(StrEnum):
    """How a command ended. Everything but OK and FAILED was ended by the sandbox."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    SILENT = "silent"
    OOM = "oom"
    OUTPUT_LIMIT = "output_limit"
    DISK_LIMIT = "disk_limit"


@dataclass(frozen=True)
class Limits:
    """What one command may use. Defaults: docs.rs (6.4 GB, 15 minutes) and crater (5 minutes of silence)."""

    memory_bytes: int = 6_400_000_000
    cpus: float = 1.0
    processes: int = 512
    wall_s: float = 900.0
    silence_s: float = 300.0
    output_bytes: int = 256 << 20
    disk_bytes: int = 8 << 30
    file_bytes: int = 2 << 30
    open_files: int = 4096
    tmp_bytes: int = 512 << 20

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ValueError(f"limit {name} must be positive, not {value}")


@dataclass(frozen=True)
class RunResult:
    """What one command did. `exit_code` is None where the sandbox ended it."""

    status: Status
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    wall_s: float
    cpu_s: float
    peak_bytes: int
    leftovers: int
    """Processes that outlived the command and were killed."""

    @property
    def ok(self) -> bool:
        """The command ended by itself with exit code 0."""
        return self.status is Status.OK


@dataclass(frozen=True)
class Mounts:
    """The host folders that a sandbox shows, at fixed places, so that paths in diagnostics are the same everywhere."""

    source: Path
    """Read-only at /box/src. The host may change files in it between commands."""
    target: Path
    """Writable at /box/target; created if missing, owned by the sandbox's user."""
    toolchain: Path
    """A sysroot (`bin/cargo`, `lib/`), read-only at /opt/rust. Docker uses the copy in its image instead."""
    registry: Path | None = None
    """The host's `$CARGO_HOME/registry`, read-only at /cargo/registry."""
    git: Path | None = None
    """The host's `$CARGO_HOME/git`, read-only at /cargo/git."""
    shims: Path | None = None
    """Our own scripts that cargo calls, read-only at /opt/oxidizer."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Small read-only files by their absolute path inside, e.g. /cargo/config.toml."""

    def check(self) -> None:
        """Refuse, with a ValueError, a folder that is not there or that the sandbox's user could not read."""
        for folder in (self.source, self.toolchain, self.registry, self.git, self.shims):
            if folder is None:
                continue
            if not folder.is_dir():
                raise ValueError(f"there is no folder {folder} to show in a sandbox")
            if os.geteuid() == 0 and folder.stat().st_mode & 0o005 != 0o005:
                raise ValueError(f"{folder} is not readable for others, so not in a sandbox: chmod o+rx it")

    def give_target(self, user: int) -> None:
        """Make the target folder if it is missing, and `user` its owner."""
        self.target.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.target, user, user)


class Sandbox(Protocol):
    """One place to run commands in; not thread-safe. Use as a context manager."""

    name: str

    @property
    def target(self) -> Path:
        """The host's folder that commands may write to."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = SOURCE,
        wall_s: float | None = None,
        silence_s: float | None = None,
    ) -> RunResult:
        """Run a command without standard input; `env` is laid over ENVIRONMENT, times override the limits.

        Raises SandboxUnavailable when the sandbox, not the command, is the cause.
        """
        ...

    def close(self) -> None:
        """End whatever runs and remove everything but the target folder. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
