"""Scratch folders of units: one each, removed when the work is done, swept when its process died before that."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from oxidizer.cluster import volume

_LOCK: Final = "owner.lock"


def scratch_root() -> Path:
    """`$OXIDIZER_SCRATCH`, else a folder of this user's in the system's place for large temporary files."""
    chosen = os.environ.get("OXIDIZER_SCRATCH")
    return Path(chosen) if chosen else Path("/var/tmp") / f"oxidizer-{os.getuid()}"


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A fresh folder, readable by sandboxes, that is gone after the block."""
    root = scratch_root()
    root.mkdir(parents=True, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise PermissionError(f"{root} belongs to somebody else: set OXIDIZER_SCRATCH to a folder of your own")
    # Alone at the root: a sweep must not meet a folder that is made and not yet locked.
    with _alone(root):
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))
        lock = (folder / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            _remove(folder)


def sweep() -> int:
    """Remove the folders of processes that are gone; says how many."""
    root = scratch_root()
    if not root.is_dir():
        return 0
    with _alone(root):
        gone = [folder for folder in root.glob("*/") if not _is_owned(folder)]
    for folder in gone:
        _remove(folder)
    return len(gone)


def _remove(folder: Path) -> None:
    """Remove a folder and what is mounted in it."""
    volume.sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody else makes or looks for folders in the root inside the block."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_owned(folder: Path) -> bool:
    """Whether a living process holds the folder; without a lock file it was left by one killed while making it."""
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
