"""Processes of this machine, as tests look at them: who is below whom, who lives, who is gone in time."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text()
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    found, rest = list[int](), [pid]
    while rest:
        found.append(one := rest.pop())
        rest += children.get(one, [])
    return found


def command_line(pid: int) -> bytes:
    """Empty where the process is gone."""
    with contextlib.suppress(OSError):
        return Path("/proc", str(pid), "cmdline").read_bytes()
    return b""


def alive(pids: set[int]) -> set[int]:
    """Those that still run."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(pid)
    return found


def gone_within(pids: set[int], limit_s: float) -> bool:
    deadline_s = time.monotonic() + limit_s
    while alive(pids) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    return not alive(pids)


def sleepers(seconds: str) -> set[int]:
    """Processes of the host that run `sleep <seconds>`."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                found.add(int(folder.name))
    return found


def wait_until(true: Callable[[], object], limit_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
