"""Scratch folders of units: one each, removed when the work is done, swept when its process died before that."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))
    with (folder / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep() -> int:
    """Remove the folders of processes that are gone; says how many."""
    swept = 0
    for folder in scratch_root().glob("*/"):
        try:
            with (folder / "owner.lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
        except OSError:
            continue
    return swept
