"""Processes of ours that work in a scratch folder: Ray's daemons and workers, a cargo that was at its fetch.

Known by what they are and by an argument or an open file in the folder, since a killed process leaves no list. Whoever
just looks into a folder (a shell, an editor, `tail`) is none of them.
"""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_OURS = re.compile(r"(?:\S*/)?(?:raylet|gcs_server|cargo|rustc|bwrap)\b|ray::|\S*python\S* .*/ray/|\S*/ray/\S+")
"""How the command lines of such processes begin. A worker of Ray calls itself by its task."""
_END_S = 10.0


@dataclass(frozen=True)
class Holder:
    """One process."""

    pid: int
    name: str
    """How it is called, in a word or two."""


def holders(folder: Path) -> list[Holder]:
    """Who of ours works in a folder now. Ourselves and those above us are none."""
    inside, above = str(folder.resolve()), _above()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if _OURS.match(line) and int(entry.name) not in above and (inside in line or _has_open(entry, inside)):
                found.append(Holder(int(entry.name), " ".join(line.split()[:1])[-60:]))
        except OSError:
            continue  # it ended meanwhile, or is not ours to look at
    return found


def end_holders(folder: Path) -> None:
    """Kill who of ours still works in a folder, and wait until none does. Raises OSError where one stays."""
    deadline_s = time.monotonic() + _END_S
    while left := holders(folder):
        for holder in left:
            try:
                os.kill(holder.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline_s:
            raise OSError(f"processes {[holder.pid for holder in left][:5]} in {folder} cannot be killed")
        time.sleep(0.02)


def _has_open(entry: Path, inside: str) -> bool:
    """Whether a process has a file open in a folder."""
    for descriptor in (entry / "fd").iterdir():
        try:
            if os.readlink(descriptor).startswith(inside + "/"):
                return True
        except OSError:
            continue
    return False


def _above() -> set[int]:
    found, pid = set(), os.getpid()
    while pid > 0:
        found.add(pid)
        try:
            pid = int(Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found
