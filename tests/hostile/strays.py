"""Processes that belong to a stage, by what the kernel says of them: no word of their own is needed.

A command is known by what its namespace shows (the stage's folders, whatever they are called there), by where it
stands, and by what it was given. Not promised: that somebody else's process is seen where /proc hides it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

_GONE_S = 5.0


def strays(folder: Path) -> list[int]:
    """Processes of the host, but for this one, that see the folder mounted, stand in it, or have its name."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and any(_signs(process, folder)):
            found.append(int(process.name))
    return sorted(found)


def end_strays(folder: Path) -> None:
    """Kill them, and those that they make meanwhile."""
    deadline_s = time.monotonic() + _GONE_S
    while (found := strays(folder)) and time.monotonic() < deadline_s:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        time.sleep(0.02)


def _signs(process: Path, folder: Path) -> Iterator[bool]:
    # Of a mount on the folder every process of the host knows; what is mounted *from* it, a sandbox alone. Below the
    # root of a file system the folder's name may have lost its first parts.
    below = "/".join(folder.parts[-3:])
    with contextlib.suppress(OSError):
        roots = [line.split()[3] for line in (process / "mountinfo").read_text().splitlines()]
        yield any(f"{below}/" in f"{root}/" for root in roots)
    for link in ("cwd", "root"):
        with contextlib.suppress(OSError):
            yield (process / link).readlink().is_relative_to(folder)
    for words in ("environ", "cmdline"):
        with contextlib.suppress(OSError):
            yield os.fsencode(folder) + b"/" in (process / words).read_bytes().replace(b"\0", b"/")
