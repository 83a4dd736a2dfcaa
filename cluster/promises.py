"""What a sandbox promises, one name each, and how well a promise stands on a machine.

The names are public: a campaign that may run where a promise is weaker says so by them (`--accept-weaker memory`).
`standings.py` finds out how they stand; `terms.py` can switch one off, to prove that a test would notice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Promise(StrEnum):
    """One promise of a sandbox, in the order of the design's table."""

    NETWORK = "network"
    """No network: not the host's loopback, not a name, not a neighbour."""
    HOST_FILES = "host-files"
    """No file of the host is readable but the distribution's own in /usr."""
    READ_ONLY = "read-only"
    """Nothing is writable but the target folder and the scratch folders."""
    ENVIRONMENT = "environment"
    """No variable of the worker's environment arrives."""
    USER = "user"
    """On the host a command is a user of its own, so no other's files are open to it and no other's processes."""
    PROCESSES_HIDDEN = "process-view"
    """Processes outside are not seen."""
    MEMORY = "memory"
    """Memory, swap included, stays below a limit; what goes beyond is killed."""
    PROCESSES = "processes"
    """There are never more processes than a limit."""
    CPU = "cpu"
    """A command has no more than its share of the processors."""
    WALL = "wall-time"
    """A command ends at the latest after a time."""
    SILENCE = "silence"
    """A command that prints nothing for a time is ended."""
    OUTPUT = "output"
    """A command that prints more than a limit is ended, and no more than that is kept."""
    OPEN_FILES = "open-files"
    """A process has no more open files than a limit."""
    FILE_SIZE = "file-size"
    """No file grows beyond a limit."""
    DISK = "disk"
    """The target folder holds no more bytes than a limit."""
    INODES = "inodes"
    """The target folder holds no more files and folders than a limit."""
    SCRATCH = "scratch"
    """/tmp, the home and /dev/shm have a size, and each command finds them empty."""
    ENDS = "ends"
    """Nothing outlives a command, nor a worker that is killed."""
    CAPABILITIES = "capabilities"
    """A command has no capability and can get none."""
    NO_NEW_PRIVILEGES = "no-new-privileges"
    """No program gives more privileges than its caller has: set-user-id bits mean nothing."""
    SYSTEM_CALLS = "system-calls"
    """The system calls that no build needs are refused (see `seccomp.py`)."""
    COLLECTION = "collection"
    """What is collected from a target folder is the crate's own: regular files below it, of bounded size, no links."""


DISPENSABLE = frozenset({Promise.USER, Promise.CPU})
"""What a campaign can do without where somebody says so: others stand between the same harm and the host."""


class Level(StrEnum):
    """How well a promise stands. WEAKER: the harm is seen and ended, but only after it began."""

    KEPT = "kept"
    WEAKER = "weaker"
    ABSENT = "absent"


@dataclass(frozen=True)
class Standing:
    """How one promise stands on this machine."""

    promise: Promise
    level: Level
    how: str
    """What keeps it, or what is lost; one sentence."""
    remedy: str = ""
    """How to have it kept; empty where it is."""

    @property
    def acceptable(self) -> bool:
        """Whether a campaign may run so where somebody accepts it."""
        return self.level is not Level.ABSENT or self.promise in DISPENSABLE


def promise_named(name: str) -> Promise:
    """The promise of a name. Raises ValueError that says the nearest."""
    known = [promise.value for promise in Promise]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise ValueError(f"no promise of a sandbox is called {name!r}; {hint}")
    return Promise(name)


def promises_named(names: Iterable[str]) -> frozenset[Promise]:
    """The promises of names, of which several may stand in one text, with commas. Raises ValueError."""
    return frozenset(promise_named(name.strip()) for text in names for name in text.split(","))


def not_accepted(standings: Iterable[Standing], accepted: Iterable[Promise]) -> list[Standing]:
    """The standings that keep a campaign from running: not kept, and either not accepted or not to be accepted."""
    known = frozenset(accepted)
    return [
        standing
        for standing in standings
        if standing.level is not Level.KEPT and not (standing.promise in known and standing.acceptable)
    ]
