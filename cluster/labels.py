"""Who made a thing: the run it belongs to, and the process, told so that no other is taken for it.

All that we make outside of a run directory carries such a label: scratch folders in their lock file, control groups in
their name, containers in Docker's labels; mounts, loop devices and Ray's files lie inside a scratch folder. A process
is named by its number *and* the moment it began, so that a recycled number is nobody, and by the host and process
namespace in which the number counts. Not promised: that labels are secret, or that nobody forges one.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

NO_RUN = "none"
"""The run of work outside of one: tests, verify, doctor."""

_VARIABLE = "OXIDIZER_RUN"
_RUN = r"[0-9a-f]{12}|none"
_TOKEN = re.compile(rf"({_RUN})-([0-9a-f]{{8}})-(\d+)-(\d+)")


class Standing(StrEnum):
    """What is known of the process behind a label."""

    ALIVE = "alive"
    DEAD = "dead"
    ELSEWHERE = "elsewhere"
    """Another host's, or of another process namespace: it cannot be seen from here."""


@dataclass(frozen=True)
class Label:
    """A run and one process of it."""

    run: str
    """Twelve hex digits, or NO_RUN."""
    host: str
    """For a person. `place` is what decides."""
    place: str
    """Eight hex digits of the host and the process namespace in which `pid` counts."""
    pid: int
    started: int
    """When the process began, in clock ticks since the machine did."""

    @classmethod
    def own(cls) -> Label:
        """This process's, with the run that it works for."""
        started = began(os.getpid())
        assert started is not None
        return cls(working_for(), socket.gethostname(), _place(), os.getpid(), started)

    @classmethod
    def of_token(cls, text: str) -> Label | None:
        """The label in a name that `token` made; None where it is no such name. The host's name is not in it."""
        if not (found := _TOKEN.fullmatch(text)):
            return None
        run, place, pid, started = found.groups()
        return cls(run, "", place, int(pid), int(started))

    @classmethod
    def of_plain(cls, told: Any) -> Label | None:
        """The label that `plain` gave, numbers as text or not; None for anything else."""
        try:
            label = cls(**{**told, "pid": int(told["pid"]), "started": int(told["started"])})
        except (TypeError, KeyError, ValueError):
            return None
        texts = (label.run, label.host, label.place)
        return label if all(isinstance(t, str) for t in texts) and cls.of_token(label.token) else None

    @property
    def token(self) -> str:
        """The label as a part of a name."""
        return f"{self.run}-{self.place}-{self.pid}-{self.started}"

    @property
    def plain(self) -> dict[str, Any]:
        """The label as plain data."""
        return asdict(self)

    @property
    def owner(self) -> str:
        """The process, for a person."""
        return f"process {self.pid}" + (f" on {self.host}" if self.host else "")

    def standing(self) -> Standing:
        """Whether the process still lives, as far as can be seen from here. Once dead, always dead."""
        if self.place != _place():
            return Standing.ELSEWHERE
        started = began(self.pid)
        if started is not None:
            return Standing.ALIVE if started == self.started else Standing.DEAD
        return Standing.ALIVE if _is_hidden(self.pid) else Standing.DEAD


def new_run() -> str:
    """An id for a run directory that has none."""
    return secrets.token_hex(6)


def work_for(run: str) -> None:
    """From now on this process and those that it starts work for a run: what they make carries its id."""
    if not re.fullmatch(_RUN, run):
        raise ValueError(f"{run!r} is no run's id: twelve hex digits, as in run.json")
    os.environ[_VARIABLE] = run


def working_for() -> str:
    """The run that this process works for."""
    run = os.environ.get(_VARIABLE, NO_RUN)
    return run if re.fullmatch(_RUN, run) else NO_RUN


def _place() -> str:
    seen = f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    return hashlib.sha256(seen.encode()).hexdigest()[:8]


def began(pid: int) -> int | None:
    """When a process began, in clock ticks since the machine did; None where none lives under that number."""
    try:
        stat = Path("/proc", str(pid), "stat").read_bytes()
    except OSError:
        return None
    # The command's name, in parentheses, may hold anything; fields are counted behind it.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _is_hidden(pid: int) -> bool:
    """Somebody else's process that /proc does not show us (`hidepid`)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return not Path("/proc", str(pid), "stat").exists()
    except OSError:
        pass
    return False
