"""A target folder of a size: an ext4 image of its own, mounted over the folder through a loop device.

Promised: the file system itself refuses what goes beyond the bytes and inodes asked for; whoever died with a volume
mounted, the next one to open or sweep detaches it; the loop device goes with the mount. A volume is known by its image,
beside the folder, whose lock its process holds. Not promised: anything after a crash of the machine (there is no
journal, and nothing is flushed).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.capture import Watch
from oxidizer.cluster.mounts import mounted
from oxidizer.cluster.sandbox import SandboxUnavailable, Status

SUFFIX: Final = ".oxidizer.ext4"
"""How the name of an image ends."""

_BLOCK, _INODE = 4096, 256
_GROUP_BLOCKS = 32_768
_RESERVED_BLOCKS = 4096
"""What ext4 keeps back for itself."""
_SPARE_BLOCKS = 64
"""For the root folder, the superblock and their like."""
_FULL_BYTES = 64 << 10
_EVERY_S = 0.05
_HOST_ROOM_BYTES, _HOST_ROOM_SHARE = 256 << 20, 1 / 16
_OPTIONS = "loop,nosuid,nodev,noatime,nobarrier,noinit_itable"
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_PATIENCE_S = 30.0


class NoVolume(Exception):
    """No file system can be mounted here; the message says why."""


class Volume:
    """A mounted file system over an empty folder, until it is closed."""

    enforced = True

    def __init__(self, folder: Path, disk_bytes: int, inodes: int, user: int) -> None:
        """Room for `disk_bytes` and `inodes`, and for a hundred blocks more at most. Raises NoVolume."""
        lock, name = tempfile.mkstemp(prefix=f"{folder.name}-", suffix=SUFFIX, dir=folder.parent)
        self._folder, self._image, self._lock = folder, Path(name), lock
        self._is_mounted = False
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            os.truncate(lock, image_bytes(disk_bytes, inodes))
            layout = ["-b", str(_BLOCK), "-I", str(_INODE), "-N", str(_inodes(disk_bytes, inodes)), "-m", "0"]
            lazy = f"lazy_itable_init=1,nodiscard,root_owner={user}:{user}"
            _tool("mkfs.ext4", "-q", "-F", *layout, "-O", "^has_journal,^resize_inode", "-E", lazy, name)
            _tool("mount", "-t", "ext4", "-o", _OPTIONS, name, str(folder))
            self._is_mounted = True
            # fsck's; a command would only wonder at it.
            (folder / "lost+found").rmdir()
        except BaseException:
            self.close()
            raise
        self.device = folder.stat().st_dev

    def watch(self) -> Watch:
        """A look at what is left, and one more at the end: a command that fails for want of space ends by itself."""
        was_full = self.is_full()

        def check() -> Status | None:
            # A write that the host cannot take would be lost behind the command's back.
            if _is_short_of_room(self._image.parent):
                raise SandboxUnavailable(
                    f"the host's disk is full: free some space where {self._image.parent} lies, "
                    "or set OXIDIZER_SCRATCH to a folder elsewhere"
                )
            return Status.DISK_LIMIT if self.is_full() and not was_full else None

        return Watch(check, every_s=_EVERY_S, at_end=True)

    def is_full(self) -> bool:
        """Whether nothing more can be written, or no file made."""
        facts = os.statvfs(self._folder)
        return facts.f_bavail * facts.f_frsize < _FULL_BYTES or facts.f_favail == 0

    def close(self) -> None:
        """Unmount, and remove the image. Safe to call twice."""
        if self._lock >= 0:
            lock, self._lock = self._lock, -1
            try:
                if self._is_mounted:
                    _unmount(self._folder)
            except NoVolume as error:
                raise SandboxUnavailable(f"the target {self._folder} cannot be unmounted: {error}") from error
            finally:
                self._image.unlink(missing_ok=True)
                os.close(lock)


def image_bytes(disk_bytes: int, inodes: int) -> int:
    """The size of an image in which so much is left beside its own tables."""
    tables = -(-_inodes(disk_bytes, inodes) * _INODE // _BLOCK)
    blocks = -(-disk_bytes // _BLOCK) + tables + _SPARE_BLOCKS
    # Two bitmaps a group, and the reserve: a fiftieth, at most 16 MiB.
    blocks += 2 * (blocks // _GROUP_BLOCKS + 1)
    return (blocks + min(blocks // 49 + 1, _RESERVED_BLOCKS)) * _BLOCK


def _inodes(disk_bytes: int, inodes: int) -> int:
    """ext4 has no more inodes than blocks, and eleven are its own."""
    return min(inodes, disk_bytes // _BLOCK) + 11


def trouble(folder: Path) -> str | None:
    """Why no volume can be had in a folder; None where one can."""
    if not may_mount():
        return "this process is not root, or has no CAP_SYS_ADMIN"
    with tempfile.TemporaryDirectory(dir=folder) as mount_point:
        try:
            Volume(Path(mount_point), 1 << 20, 64, os.geteuid()).close()
        except NoVolume as error:
            return str(error)
    return None


def sweep() -> int:
    """Detach the volumes of processes that are gone; says how many."""
    left = [volume for volume in _mounted() if not volume.is_held()]
    for volume in left:
        with contextlib.suppress(NoVolume):
            _unmount(volume.folder)
        volume.image.unlink(missing_ok=True)
    return len(left)


@dataclass(frozen=True)
class Mounted:
    """A volume of anybody that this process sees."""

    folder: Path
    image: Path

    def is_held(self) -> bool:
        """Whether a living process has it."""
        try:
            with self.image.open("rb") as image:
                fcntl.flock(image, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def _mounted() -> Iterator[Mounted]:
    for device, where in mounted():
        with contextlib.suppress(OSError):
            backing = Path("/sys/dev/block", device, "loop/backing_file").read_text()
            image = Path(backing.rstrip("\n").removesuffix(" (deleted)"))
            if image.name.endswith(SUFFIX):
                yield Mounted(where, image)


def _is_short_of_room(folder: Path) -> bool:
    facts = os.statvfs(folder)
    return facts.f_bavail < min(_HOST_ROOM_BYTES / facts.f_frsize, facts.f_blocks * _HOST_ROOM_SHARE)


def _unmount(folder: Path) -> None:
    # Lazy: a container that is still going holds it a moment longer, and then the kernel lets go of all.
    _tool("umount", "--lazy", str(folder))


def _tool(name: str, *args: str) -> None:
    """Run a program of the system. Raises NoVolume."""
    program = shutil.which(name, path=_PATH)
    if program is None:
        raise NoVolume(f"{name} is not installed (apt-get install {'e2fsprogs' if 'mkfs' in name else 'mount'})")
    try:
        done = subprocess.run(
            [program, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoVolume(f"{name} does not come to its end") from error
    if done.returncode:
        raise NoVolume((done.stderr.strip() or f"{name} failed").splitlines()[0])
