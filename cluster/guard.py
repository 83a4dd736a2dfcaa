"""What later commands take from the target folder, and whether tests have changed any of it.

Looked at from the host, between commands, when nothing of the crate runs. A file is known by its number, size and
times; the time of its last change no program in a sandbox can set. In memory (tmpfs) a write through a mapping leaves
no time: there the content counts too.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

Look = Mapping[str, tuple[object, ...]]
"""What identifies each file, by its path inside the target."""

_TAKEN = ("debug", ".rustc_info.json", "oxidizer-batch")
"""Where cargo and the compiler look for what earlier commands left; all else in a target is nobody's."""
_MOST = 200_000
"""Files, at most: a target with more is never the same as before."""
_OPEN = frozenset({"oxidizer-batch/seen"})
"""Where tests write for us."""
_LISTED = re.compile(r"debug/(?:examples/)?[^/]+\.d")
"""What was made of which files, for other build tools: cargo writes it anew each time and never reads it."""


def look(target: Path) -> Look:
    """All that later commands may take. What cannot be looked at is told apart from what can."""
    read = _is_memory(target)
    found: dict[str, tuple[object, ...]] = {}
    for name in _TAKEN:
        if os.path.lexists(target / name):
            found |= islice(_files(target, name, read), _MOST - len(found))
    return found if len(found) < _MOST else {**found, "": (object(),)}


def differences(before: Look, after: Look) -> list[str]:
    """The files that are new, gone or changed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _files(target: Path, name: str, read: bool) -> Iterator[tuple[str, tuple[object, ...]]]:
    pending = [name]
    while pending:
        path = pending.pop()
        try:
            about = os.lstat(target / path)
            if stat.S_ISDIR(about.st_mode):
                pending += [f"{path}/{entry}" for entry in os.listdir(target / path) if f"{path}/{entry}" not in _OPEN]
                continue
            if _LISTED.fullmatch(path):
                continue
            content = _content(target / path) if read and stat.S_ISREG(about.st_mode) else b""
        except OSError as error:
            yield path, ("not readable", error.errno)
            continue
        yield path, (about.st_ino, about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns, content)


def _content(path: Path) -> bytes:
    # Without following a link that takes the file's place meanwhile; nobody writes, so a pipe is no danger.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()


def _is_memory(folder: Path) -> bool:
    """Whether the folder lies in a file system of memory alone."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        kinds = [line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == number]
    return "tmpfs" in kinds
