"""What a command uses while it runs: places to read it from, and one meter over them."""

from __future__ import annotations

import time
from typing import Protocol

from oxidizer.cluster.cgroup import Cgroup
from oxidizer.cluster.processes import Tree
from oxidizer.cluster.sandbox import Limits, Status

_LEFTOVER_GRACE_S = 0.1


class Gauge(Protocol):
    """Figures of a sandbox, to be asked at most every `every_s` seconds."""

    every_s: float

    def processes(self) -> int:
        """How many live."""
        ...

    def oom_kills(self) -> int:
        """How many were killed for want of memory since the sandbox was made."""
        ...

    def cpu_s(self) -> float:
        """CPU seconds since the sandbox was made."""
        ...

    def resident_bytes(self) -> int:
        """Memory in use now that is not page cache."""
        ...


class GroupGauge:
    """Read from a control group of this host: quick and exact."""

    every_s = 0.05

    def __init__(self, group: Cgroup) -> None:
        self._group = group
        self.oom_kills, self.cpu_s, self.resident_bytes = group.oom_kills, group.cpu_s, group.resident_bytes

    def processes(self) -> int:
        """How many live in the group."""
        return len(self._group.processes())


class TreeGauge:
    """Read from /proc, where there is no control group.

    A tree above its limit of memory counts as a kill; so does one of too many processes, threads counted as a control
    group counts them, since the kernel does not hold the processes of a root without privileges to their limit.
    """

    every_s = 0.0

    def __init__(self, tree: Tree, limits: Limits, own_processes: int) -> None:
        self._tree, self._memory_bytes = tree, limits.memory_bytes
        self._processes = limits.processes + own_processes
        self._oom_kills, self._cpu_s = 0, 0.0

    def processes(self) -> int:
        """How many live in the tree."""
        return self._tree.figures().processes

    def oom_kills(self) -> int:
        """One, once the tree was seen above its limit."""
        return self._oom_kills

    def cpu_s(self) -> float:
        """The most seen: a process takes its figures with it."""
        self._cpu_s = max(self._cpu_s, self._tree.figures().cpu_s)
        return self._cpu_s

    def resident_bytes(self) -> int:
        """Memory of the tree now."""
        figures = self._tree.figures()
        self._cpu_s = max(self._cpu_s, figures.cpu_s)
        if figures.resident_bytes > self._memory_bytes or figures.threads > self._processes:
            self._oom_kills = 1
        return figures.resident_bytes


class Meter:
    """The figures of one command, from the making of the meter on."""

    def __init__(self, gauge: Gauge, own_processes: int) -> None:
        self._gauge, self._own_processes = gauge, own_processes
        self._oom_before, self._cpu_before_s = gauge.oom_kills(), gauge.cpu_s()
        self.every_s = gauge.every_s
        self.peak_bytes = 0

    def look(self) -> Status | None:
        """Take a sample; OOM if a process was killed for want of memory."""
        self.peak_bytes = max(self.peak_bytes, self._gauge.resident_bytes())
        return Status.OOM if self.oom else None

    @property
    def oom(self) -> bool:
        """Whether a process of the command was killed for want of memory."""
        return self._gauge.oom_kills() > self._oom_before

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the command so far."""
        return self._gauge.cpu_s() - self._cpu_before_s

    def leftovers(self) -> int:
        """Processes beside the sandbox's own that are still there a moment after the command."""
        deadline_s = time.monotonic() + _LEFTOVER_GRACE_S
        is_late = False
        while (count := self._gauge.processes() - self._own_processes) > 0 and not is_late:
            time.sleep(0.002)
            # One look more, if the moment passed while we stood still.
            is_late = time.monotonic() > deadline_s
        return max(0, count)
