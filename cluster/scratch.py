"""Scratch folders: one each, labelled, removed when the work is done; found, when its process died before that.

A folder is its maker's as long as that process holds the lock file in it, which also bears the label. Everything that
belongs to a folder lies inside it: a sized target's image and its mount, Ray's session, small files for containers.
Only what bears a label is ever removed: a root may hold other people's folders.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from oxidizer.cluster.labels import Label, Standing
from oxidizer.cluster.mounts import detach, loops_below, mounts_below, unmount

_LOCK: Final = "owner.lock"
_NAME = re.compile(r"(?:[0-9a-f]{12}|none)-.+-[0-9a-f]{4}")
_SOCKETS_FIT_BYTES = 43
"""Ray puts sockets below its folder, and a socket's path ends at 107 bytes."""
_ATTEMPTS = 20


def scratch_root() -> Path:
    """`$OXIDIZER_SCRATCH`, else a folder of this user's in the system's place for large temporary files."""
    chosen = os.environ.get("OXIDIZER_SCRATCH")
    return Path(chosen) if chosen else Path("/var/tmp") / f"oxidizer-{os.getuid()}"


def short_root() -> Path:
    """A folder of this user's whose name is short enough for sockets below it; `$RAY_TMPDIR` decides where."""
    places = [os.environ.get("RAY_TMPDIR"), tempfile.gettempdir(), "/tmp"]
    roots = [Path(place, f"oxi-{os.getuid()}") for place in places if place]
    return next((root for root in roots if len(str(root / "0123456789ab-ray-0123")) <= _SOCKETS_FIT_BYTES), roots[-1])


@contextmanager
def scratch(name: str, *, root: Path | None = None) -> Iterator[Path]:
    """A fresh folder, readable by sandboxes, that is gone after the block, with what is mounted in it."""
    root = root or scratch_root()
    root.mkdir(parents=True, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise PermissionError(
            f"{root} belongs to somebody else: set OXIDIZER_SCRATCH (for Ray, RAY_TMPDIR) to your own"
        )
    label = Label.own()
    # Alone at the root: who looks for folders without an owner must not meet one that is made and not yet locked.
    with _alone(root):
        folder, lock = _fresh(root, f"{label.run}-{name}", label)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            empty(folder)
        os.close(lock)


@dataclass(frozen=True)
class Owned:
    """A labelled folder, and what is known of its owner."""

    folder: Path
    label: Label
    standing: Standing


def owned_folders(root: Path) -> list[Owned]:
    """The labelled folders at a root. An empty folder of ours, whose maker died before it could label it, goes."""
    if not root.is_dir() or root.stat().st_uid != os.getuid():
        return []
    with _alone(root):
        found = []
        for folder in sorted(path for path in root.iterdir() if _NAME.fullmatch(path.name) and not path.is_symlink()):
            if label := _label(folder):
                found.append(Owned(folder, label, _standing(folder, label)))
            else:
                _drop_unlabelled(folder)
        return found


def remove(owned: Owned) -> None:
    """Remove a dead process's folder, with what is mounted in it. Raises OSError where that fails; nothing if it went.

    Two that remove the same folder do not disturb each other, and a living owner's folder is never touched.
    """
    try:
        lock = (owned.folder / _LOCK).open("r+")
    except FileNotFoundError:
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else is at it, or the owner lives after all
        # Whoever held it until now may have removed the folder, and we hold a lock file without a name.
        if os.fstat(lock.fileno()).st_nlink:
            empty(owned.folder)


def empty(folder: Path) -> None:
    """Remove a folder whose lock we hold: mounts first, then the content, the label last. Raises OSError."""
    for mount in mounts_below(folder):
        unmount(mount)
    for loop in loops_below(folder):
        detach(loop, folder)
    for attempt in range(_ATTEMPTS):
        try:
            _clear(folder)
            break
        except FileNotFoundError:
            break  # who swept beside us was quicker
        except OSError:
            # A process that is just ending may still write.
            if attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(0.05)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody else makes or looks for folders in the root inside the block."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fresh(root: Path, begin: str, label: Label) -> tuple[Path, int]:
    """A new folder, labelled, and the descriptor that holds its lock. Raises OSError, and leaves nothing then."""
    while True:
        folder = root / f"{begin}-{secrets.token_hex(2)}"
        try:
            folder.mkdir(0o755)
            break
        except FileExistsError:
            continue
    folder.chmod(0o755)
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.write(lock, json.dumps(label.plain).encode())
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder, lock


def _label(folder: Path) -> Label | None:
    try:
        return Label.of_plain(json.loads((folder / _LOCK).read_text()))
    except (OSError, ValueError):
        return None


def _standing(folder: Path, label: Label) -> Standing:
    """The lock decides: it also holds where a process cannot be seen. A label of elsewhere is never dead here."""
    seen = label.standing()
    if seen is not Standing.DEAD:
        return seen
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Standing.ALIVE
    except OSError:
        pass
    return Standing.DEAD


def _drop_unlabelled(folder: Path) -> None:
    """Remove a folder that holds nothing but an empty lock file, if that."""
    with contextlib.suppress(OSError):
        left = list(folder.iterdir())
        if left == [folder / _LOCK] and left[0].stat().st_size == 0:
            left[0].unlink()
        folder.rmdir()


def _clear(folder: Path) -> None:
    """Remove all in a folder, then its label, then itself."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, onerror=_open_up)
        elif path.name != _LOCK:
            path.unlink(missing_ok=True)
    (folder / _LOCK).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()


def _open_up(remove: Callable[[str], object], path: str, error: Any) -> None:
    """A crate may have closed its own folders even to us, their owner: open them and try again."""
    closed = [
        place
        for place in (os.path.dirname(path), path)
        if os.path.isdir(place) and not os.path.islink(place) and os.stat(place).st_mode & 0o700 != 0o700
    ]
    for place in closed:
        os.chmod(place, 0o700)
    if closed and os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, onerror=_open_up)
    elif closed:
        remove(path)
    elif not isinstance(error[1], FileNotFoundError):
        raise error[1]
