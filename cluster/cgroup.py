"""Control groups, versions 1 and 2: a group of our own for one sandbox, and the figures of any group.

A group is made below our own (version 2: below the nearest group above us that may hand out controllers), so that
limits around us hold for the sandbox too. Where that is not possible (an ordinary user, a read-only mount in a pod)
`create` returns None and the caller must watch processes by itself. Version 2 is written from its documentation and
tested on its file formats only; version 1 is tested on a kernel.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from oxidizer.cluster.sandbox import Limits, SandboxUnavailable

_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
_PERIOD_US = 100_000
_NAME = re.compile(r"oxidizer-(\d+)-\d+")
_serial = itertools.count()


@dataclass(frozen=True)
class Cgroup:
    """One group: a folder per controller in version 1, the same folder for all in version 2."""

    folders: dict[str, Path]
    unified: bool

    def processes(self) -> list[int]:
        """The processes in the group."""
        try:
            return [int(line) for line in (self.folders["pids"] / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def oom_kills(self) -> int:
        """How often the kernel killed a process here for want of memory."""
        name = "memory.events" if self.unified else "memory.oom_control"
        return self._table("memory", name).get("oom_kill", 0)

    def cpu_s(self) -> float:
        """CPU seconds used here so far."""
        if self.unified:
            return self._table("cpu", "cpu.stat").get("usage_usec", 0) / 1e6
        return int((self.folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9

    def resident_bytes(self) -> int:
        """Memory in use now that is not page cache: the cache of earlier commands would hide what this one needs."""
        table = self._table("memory", "memory.stat")
        if self.unified:
            return table.get("anon", 0) + table.get("shmem", 0)
        return table.get("total_rss", 0) + table.get("total_shmem", 0)

    @property
    def bounds_swap(self) -> bool:
        """Whether what is swapped out counts too: an option of the kernel."""
        name = "memory.swap.max" if self.unified else "memory.memsw.limit_in_bytes"
        return (self.folders["memory"] / name).exists()

    def join_files(self) -> list[str]:
        """Files to write a process id to, to put it in the group."""
        return sorted({str(folder / "cgroup.procs") for folder in self.folders.values()})

    def kill(self, timeout_s: float = 10.0) -> None:
        """Kill everything in the group and wait until it is empty; SandboxUnavailable if that fails."""
        deadline_s = time.monotonic() + timeout_s
        while pids := self.processes():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline_s:
                raise SandboxUnavailable(f"processes {pids[:5]} of a sandbox cannot be killed; look for a stuck disk")
            time.sleep(0.002)

    def remove(self) -> None:
        """Remove the empty group. What the kernel still holds is swept when the next one is made."""
        for folder in set(self.folders.values()):
            _remove(folder, attempts=50)

    def _table(self, controller: str, name: str) -> dict[str, int]:
        lines = (self.folders[controller] / name).read_text().splitlines()
        return {key: int(value) for key, value in (line.split() for line in lines)}


def create(limits: Limits) -> Cgroup | None:
    """A new group with these limits below our own, or None where this process may not make one."""
    name = f"oxidizer-{os.getpid()}-{next(_serial)}"
    try:
        parents, unified = _parents()
        for parent in set(parents.values()):
            _sweep(parent)
        group = Cgroup({controller: parent / name for controller, parent in parents.items()}, unified)
        for folder in set(group.folders.values()):
            folder.mkdir()
        _limit(group, limits)
    except (OSError, LookupError):
        return None
    return group


def has_swap(swaps: Path = Path("/proc/swaps")) -> bool:
    """Whether memory can be swapped out; the first line of the table is its head."""
    return swaps.exists() and len(swaps.read_text().splitlines()) > 1


def of_process(pid: int) -> Cgroup | None:
    """The group that a process of this host is in, to read its figures; None where they are not readable."""
    try:
        folders, unified = _groups(Path(f"/proc/{pid}/cgroup"))
        group = Cgroup(folders, unified)
        group.oom_kills(), group.cpu_s(), group.resident_bytes()
    except (OSError, LookupError, ValueError):
        return None
    return group


def _limit(group: Cgroup, limits: Limits) -> None:
    quota = int(limits.cpus * _PERIOD_US)
    (group.folders["pids"] / "pids.max").write_text(str(limits.processes))
    if group.unified:
        folder = group.folders["memory"]
        (folder / "memory.max").write_text(str(limits.memory_bytes))
        _write_if_there(folder / "memory.swap.max", "0")
        (folder / "cpu.max").write_text(f"{quota} {_PERIOD_US}")
        return
    memory, cpu = group.folders["memory"], group.folders["cpu"]
    (memory / "memory.limit_in_bytes").write_text(str(limits.memory_bytes))
    _write_if_there(memory / "memory.memsw.limit_in_bytes", str(limits.memory_bytes))
    (cpu / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
    (cpu / "cpu.cfs_quota_us").write_text(str(quota))


def _write_if_there(file: Path, text: str) -> None:
    """Swap accounting is a kernel option; without it there is no such file, and often no swap."""
    if file.exists():
        file.write_text(text)


def _parents() -> tuple[dict[str, Path], bool]:
    """Where groups of ours can be made, by controller."""
    folders, unified = _groups(Path("/proc/self/cgroup"))
    if not unified:
        return folders, False
    here = folders["memory"]
    # Version 2 lets only a group without processes of its own hand out controllers: look upwards for one that does.
    for folder in (here, *here.parents):
        control = folder / "cgroup.subtree_control"
        if not control.exists():
            break
        with contextlib.suppress(OSError):
            control.write_text("+memory +pids +cpu")
        if {"memory", "pids", "cpu"} <= set(control.read_text().split()):
            return dict.fromkeys(_CONTROLLERS, folder), True
    raise LookupError("no group that hands out memory, pids and cpu")


def _groups(membership: Path) -> tuple[dict[str, Path], bool]:
    """The folders of the groups that a `/proc/<pid>/cgroup` names, and whether they are of version 2."""
    mounts = _mounts()
    paths = {}
    for line in membership.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    unified = "memory" not in paths
    keys = dict.fromkeys(_CONTROLLERS, "") if unified else {controller: controller for controller in _CONTROLLERS}
    folders = {}
    for controller, key in keys.items():
        root, mount = mounts[key]
        path = paths[key]
        folders[controller] = mount / (os.path.relpath(path, root) if path.startswith(root) else path.lstrip("/"))
    return folders, unified


def _mounts() -> dict[str, tuple[str, Path]]:
    """(root, mount point) by controller; version 2 is under the empty name."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split()[0], right.split()[1], right.split()[2]
        root, mount = left.split()[3:5]
        if kind == "cgroup2":
            found[""] = (root, Path(mount))
        elif kind == "cgroup":
            found.update(dict.fromkeys(options.split(","), (root, Path(mount))))
    return found


def _sweep(parent: Path) -> None:
    """Remove the empty groups of workers that were killed."""
    for folder in parent.glob("oxidizer-*"):
        match = _NAME.fullmatch(folder.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            _remove(folder, attempts=1)


def _remove(folder: Path, attempts: int) -> None:
    for _ in range(attempts):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
