"""Whose a stage is, told in its folder: what a dead harness left, the next one removes.

Its mounts lie in a namespace of their own and go with the last process in it; processes are known by the stage's token
in their environment. Not promised: folders without such a file, and what another host's or user's harness left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from oxidizer.cluster.labels import Label, Standing
from oxidizer.cluster.mounts import detach, loops_below, mounts_below, unmount

PLACE, PREFIX = Path("/tmp"), "ch"
TOKEN = "OXIDIZER_CHAOS"
"""The variable that every process of a stage has."""
_FILE = "owner.json"
_END_S, _DAEMON_S = 20.0, 60.0


def claim(folder: Path, token: str) -> None:
    """Say that a stage is this process's."""
    (folder / _FILE).write_text(json.dumps({"token": token, "label": Label.own().plain}))


def sweep(say: Callable[[str], None], place: Path = PLACE) -> None:
    """Remove the stages of this user's harnesses that are dead. Raises OSError where one stays."""
    for file in sorted(place.glob(f"{PREFIX}*/{_FILE}")):
        if {file.lstat().st_uid, file.parent.lstat().st_uid} != {os.geteuid()}:
            continue
        told = json.loads(file.read_text() or "{}")
        label = Label.of_plain(told.get("label"))
        if label is not None and label.standing() is Standing.DEAD:
            _remove(file.parent, told["token"])
            say(f"removed {file.parent}, which a harness left that is dead ({label.owner})")


def _remove(folder: Path, token: str) -> None:
    if (folder / "d.sock").exists() and shutil.which("docker"):
        _remove_containers(folder)
    deadline_s = time.monotonic() + _END_S
    while left := _of(token):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline_s:
            raise OSError(f"processes {left[:5]} of a dead harness cannot be killed")
        time.sleep(0.05)
    for mount in mounts_below(folder):
        unmount(mount)
    for loop in loops_below(folder):
        detach(loop, folder)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _FILE:
            path.unlink()
    (folder / _FILE).unlink()
    folder.rmdir()


def _remove_containers(folder: Path) -> None:
    """Of a daemon that outlived its harness. One that does not answer is killed, and its containers end by that."""
    argv = ["docker", "-H", f"unix://{folder}/d.sock"]
    with suppress(subprocess.TimeoutExpired):
        names = subprocess.run([*argv, "ps", "-aq"], capture_output=True, text=True, check=False, timeout=_DAEMON_S)
        for name in names.stdout.split():
            subprocess.run([*argv, "rm", "-f", name], capture_output=True, check=False, timeout=_DAEMON_S)


def _of(token: str) -> list[int]:
    """The processes of a stage that live."""
    found, mark = [], f"{TOKEN}={token}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found
