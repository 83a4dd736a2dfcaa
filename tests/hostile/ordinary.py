"""Work done by an ordinary user: in a process that was root's, and can never be again."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TypeVar

from oxidizer.cluster.capabilities import may_mount

T = TypeVar("T")
USER = 10002
_NEW_MOUNTS = 0x20000
_MOST_S, _LAST_S = 400.0, 5.0


def as_ordinary(work: Callable[[], T], own: Path, needed: Sequence[Path]) -> T:
    """What `work` returns, which has to be picklable; who is no root that may mount does it himself.

    The folder `own` is made over to the user. He may read the trees `needed`, and the interpreter's, wherever they lie.
    AssertionError where the work fails, or does not come to its end.
    """
    if not may_mount():
        return work()
    give(own)
    ours, its = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_told, args=(work, own, needed, its))
    process.start()
    its.close()
    failure, result = "the user's process died, or does not end", None
    try:
        # What it started may hold the other end of the pipe when it is gone.
        wait([ours, process.sentinel], _MOST_S)
        if ours.poll():
            failure, result = ours.recv()
    except EOFError:
        pass
    finally:
        ours.close()
        process.join(_LAST_S)
        process.kill()
        process.join()
    assert failure is None, failure
    return result  # type: ignore[no-any-return]  # it came through a pipe


def give(own: Path) -> None:
    """Make a folder over to the user, its content too; nothing through links, and no file that has another name."""
    for _, _, files, folder in os.fwalk(own):
        os.fchown(folder, USER, USER)
        for name in files:
            if os.stat(name, dir_fd=folder, follow_symlinks=False).st_nlink == 1:
                os.chown(name, USER, USER, dir_fd=folder, follow_symlinks=False)


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
    trees = {path.resolve() for path in needed}
    for tree in (tree for tree in trees if trees.isdisjoint(tree.parents)):
        first = next((p for p in reversed(tree.parents) if not p.stat().st_mode & 0o001), None)
        if first is not None:
            closed.setdefault(first, []).append(tree)
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "no mount namespace of our own")
    # Nothing goes out; what others unmount is unmounted here too.
    _mount("--make-rslave", "/")
    for folder, inside in closed.items():
        kept = Path(tempfile.mkdtemp(dir="/tmp"))
        try:
            _mount("-t", "tmpfs", "-o", "mode=755", "none", kept)
            for tree in inside:
                place = kept / tree.relative_to(folder)
                place.mkdir(parents=True)
                _mount("--rbind", tree, place)
            _mount("--rbind", kept, folder)
        finally:
            subprocess.run(["umount", "--recursive", kept], check=True)
            kept.rmdir()


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)
