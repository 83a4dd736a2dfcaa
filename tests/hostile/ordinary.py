"""Work done by an ordinary user: in a process that was root's, and can never be again."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from oxidizer.cluster.capabilities import may_mount

T = TypeVar("T")
USER = 10002
_NEW_MOUNTS = 0x20000


def as_ordinary(work: Callable[[], T], own: Path, needed: Sequence[Path]) -> T:
    """What `work` returns, which has to be picklable; whoever is no root does it himself.

    The folder `own` is made over to the user, folders in it that others may write to as they are. He may read the trees
    `needed`, and the interpreter's, wherever they lie. AssertionError where the work fails.
    """
    if not may_mount():
        return work()
    give(own)
    ours, its = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_told, args=(work, own, needed, its))
    process.start()
    its.close()
    try:
        failure, result = ours.recv()
    except EOFError:
        failure, result = "the user's process died", None
    process.join()
    assert failure is None, failure
    return result  # type: ignore[no-any-return]  # it came through a pipe


def give(own: Path) -> None:
    """Make a folder over to the user, its content too; nothing through links, and no file that has another name."""
    for folder, _, files in os.walk(own):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if path.is_dir() or path.lstat().st_nlink == 1:
                os.chown(path, USER, USER, follow_symlinks=False)


def become_ordinary(own: Path, needed: Sequence[Path]) -> None:
    """This process is the user's from now on, with a scratch folder in `own`."""
    _open_ways([*needed, Path(sys.base_prefix), Path(sys.prefix)])
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ["OXIDIZER_SCRATCH"] = str(own / "scratch")


def _told(work: Callable[[], T], own: Path, needed: Sequence[Path], end: Connection) -> None:
    try:
        become_ordinary(own, needed)
        end.send((None, work()))
    except BaseException:
        end.send((traceback.format_exc(), None))


def _open_ways(needed: Sequence[Path]) -> None:
    """In this process's own view of the file system, trees in folders that are their owner's alone can be reached."""
    closed: dict[Path, list[Path]] = {}
    for tree in {path.resolve() for path in needed}:
        first = next((p for p in reversed(tree.parents) if not p.stat().st_mode & 0o001), None)
        if first is not None:
            closed.setdefault(first, []).append(tree)
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "no mount namespace of our own")
    _mount("--make-rprivate", "/")
    for folder, trees in closed.items():
        kept = Path(tempfile.mkdtemp())
        _mount("-t", "tmpfs", "-o", "mode=755", "none", kept)
        for tree in trees:
            place = kept / tree.relative_to(folder)
            place.mkdir(parents=True)
            _mount("--rbind", tree, place)
        _mount("--rbind", kept, folder)
        _mount("--make-rprivate", folder)
        subprocess.run(["umount", "--recursive", kept], check=True)
        shutil.rmtree(kept)


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)
