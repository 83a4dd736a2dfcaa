"""What a command uses while it runs: three places to read it from, one meter over them."""

from __future__ import annotations

import time
from typing import Any, Protocol

import docker

from oxidizer.cluster.cgroup import Cgroup
from oxidizer.cluster.processes import Tree
from oxidizer.cluster.sandbox import Status

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

    every_s = 0.0

    def __init__(self, group: Cgroup) -> None:
        self._group = group
        self.oom_kills, self.cpu_s, self.resident_bytes = group.oom_kills, group.cpu_s, group.resident_bytes

    def processes(self) -> int:
        """How many live in the group."""
        return len(self._group.processes())


class TreeGauge:
    """Read from /proc, where there is no control group: what is above `memory_bytes` counts as a kill."""

    every_s = 0.0

    def __init__(self, tree: Tree, memory_bytes: int) -> None:
        self._tree, self._memory_bytes = tree, memory_bytes
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
        self._oom_kills = max(self._oom_kills, int(figures.resident_bytes > self._memory_bytes))
        return figures.resident_bytes


class DaemonGauge:
    """Asked from Docker's daemon, where the container's control group is not readable: some milliseconds each."""

    every_s = 1.0

    def __init__(self, api: docker.APIClient, container: str) -> None:
        self._api, self._container = api, container

    def processes(self) -> int:
        """How many live in the container."""
        return len(self._api.top(self._container)["Processes"])

    def oom_kills(self) -> int:
        """One, once the daemon has heard of any."""
        return int(self._api.inspect_container(self._container)["State"]["OOMKilled"])

    def cpu_s(self) -> float:
        """CPU seconds of the container."""
        return float(self._stats()["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def resident_bytes(self) -> int:
        """Memory of the container now, as control groups of version 1 or 2 count it."""
        stats = self._stats()["memory_stats"].get("stats", {})
        keys = ("total_rss", "total_shmem") if "total_rss" in stats else ("anon", "shmem")
        return sum(stats.get(key, 0) for key in keys)

    def _stats(self) -> dict[str, Any]:
        return dict(self._api.stats(self._container, stream=False, one_shot=True))


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
        while (count := self._gauge.processes() - self._own_processes) > 0 and time.monotonic() < deadline_s:
            time.sleep(0.002)
        return max(0, count)
