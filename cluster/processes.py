"""What a tree of processes uses, read from /proc: for hosts where we may not make a control group."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """One look at a tree; a process that ended meanwhile is not in it."""

    processes: int
    threads: int
    resident_bytes: int
    cpu_s: float


@dataclass(frozen=True)
class Tree:
    """A process and all below it."""

    root: int

    def figures(self) -> Figures:
        """Count the tree, its memory that is not page cache, and its CPU time (of ended children too)."""
        children, ticks, threads = _processes()
        found, rest = [], [self.root] if self.root in ticks else []
        while rest:
            pid = rest.pop()
            found.append(pid)
            rest += children.get(pid, [])
        seconds = _TICK_S * sum(ticks[pid] for pid in found)
        return Figures(len(found), sum(threads[pid] for pid in found), sum(map(_resident_bytes, found)), seconds)


def _processes() -> tuple[dict[int, list[int]], dict[int, int], dict[int, int]]:
    """Children by parent, CPU ticks and threads by process, of all that live."""
    children: dict[int, list[int]] = {}
    ticks, threads = {}, {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = Path("/proc", name, "stat").read_bytes()
        except OSError:
            continue
        # The command's name, in parentheses, may hold anything; fields are counted behind it.
        fields = stat[stat.rindex(b")") + 2 :].split()
        if fields[0] == b"Z":
            continue
        children.setdefault(int(fields[1]), []).append(int(name))
        ticks[int(name)] = sum(map(int, fields[11:15]))
        threads[int(name)] = int(fields[17])
    return children, ticks, threads


def _resident_bytes(pid: int) -> int:
    total = 0
    try:
        for line in Path("/proc", str(pid), "status").read_text().splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
    except OSError:
        pass
    return total
