"""Where a case plays: a host in small, with secrets, other people's folders and services, and what shows on it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from docker.errors import DockerException

from oxidizer.cluster.docker import connect
from oxidizer.cluster.sandbox import Mounts, SandboxUnavailable
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import content_hash
from tests.hostile.case import Case
from tests.hostile.services import Services
from tests.hostile.strays import end_strays, strays

OTHERS = "another unit's sources"
METADATA = "169.254.169.254"
_SHIMS = Path(__file__).resolve().parents[2] / "cluster/shims"
_NEW_NETWORK = 0x40000000
_serial = iter(range(1 << 30))


class Stage:
    """One run's host. Its folder holds all that it has; nothing else of the machine is touched."""

    def __init__(self, case: Case, folder: Path, toolchain: Toolchain) -> None:
        self.case, self.folder, self.toolchain = case, folder, toolchain
        self._groups = _groups()
        self.token = f"{os.getpid()}x{next(_serial)}"
        self.services = Services(folder / "docker.sock", f"hostile-{self.token}")
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        for name in ("src", "cargo/registry/cache", "shims", "elsewhere", "scratch", "target"):
            (folder / name).mkdir(parents=True)
        (folder / "secret").write_text(f"secret-{self.token}")
        (folder / "elsewhere/report").write_text(f"secret-{self.token}")
        (folder / "cargo/registry/cache/one-1.0.0.crate").write_text("one")
        for shim in _SHIMS.iterdir():
            shutil.copy(shim, folder / "shims")
        for name, text in case.files.items():
            (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "src" / name).write_text(self._filled(text))
        if case.plain_target:
            (folder / "target/kept").touch()  # a folder that holds something stays what it is
        # What keeps a crate from writing shall be the mount, not the modes of files.
        for path in [p for name in ("src", "cargo", "shims") for p in (folder / name, *(folder / name).rglob("*"))]:
            path.chmod(0o777 if path.is_dir() else 0o666 | path.stat().st_mode & 0o111)
        (folder / "cargo/registry/private").write_text(f"private-{self.token}")
        (folder / "cargo/registry/private").chmod(0o600)

    def __enter__(self) -> Stage:
        self.services.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.services.close()

    @property
    def words(self) -> Mapping[str, str]:
        """What `@word@` in a crate's files stands for."""
        return {
            "crate": self.case.name,
            "token": self.token,
            "secret": str(self.folder / "secret"),
            "elsewhere": str(self.folder / "elsewhere"),
            "socket": str(self.folder / "docker.sock"),
            "tcp": str(self.services.tcp),
            "tcp6": str(self.services.tcp6),
            "udp": str(self.services.udp),
            "free": str(self.services.free),
            "interface": interface() or "none",
            "abstract": self.services.abstract,
        }

    def _filled(self, text: str) -> str:
        for word, value in self.words.items():
            text = text.replace(f"@{word}@", value)
        return text

    def mounts(self, backend: str) -> Mounts:
        """What the case's sandbox shows. Docker has the toolchain in its image, known by the true one."""
        return Mounts(
            source=self.folder / "src", target=self.folder / "target",
            toolchain=self.toolchain.sysroot if backend == "docker" else self._toolchain,
            registry=self.folder / "cargo/registry", shims=self.folder / "shims",
            files={"/cargo/config.toml": b"# ours\n"},
        )  # fmt: skip

    @cached_property
    def _toolchain(self) -> Path:
        """The toolchain; for a case that writes there a tree of hard links, in which new names do no harm."""
        if "/opt/rust" not in "".join(self.case.files.values()):
            return self.toolchain.sysroot
        tree = self.folder / "toolchain"
        shutil.copytree(self.toolchain.sysroot, tree, copy_function=os.link, ignore=shutil.ignore_patterns("share"))
        for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
            folder.chmod(0o777)
        return tree

    def said(self) -> str:
        """What the crate says in the target folder, of a regular file only."""
        try:
            descriptor = os.open(self.folder / "target/said", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return ""
        with os.fdopen(descriptor) as file:
            return file.read(200).strip()

    def facts(self) -> dict[str, object]:
        """What must be the same before and after: files by content, and what of us is on the machine."""
        folder = self.folder
        return {
            "sources": _tree(folder / "src"),
            "registry": _tree(folder / "cargo"),
            "shims": _tree(folder / "shims"),
            OTHERS: _tree(folder / "elsewhere"),
            "toolchain": sorted(p.name for p in (self._toolchain / "bin").iterdir()),
            "compiler": sorted(_stamps(self._toolchain / "lib/rustlib")),
            "folder": sorted(p.name for p in folder.iterdir() if p.name != "target"),
            "secret": (folder / "secret").read_text(),
        }

    def leavings(self, patience_s: float = 5.0) -> list[str]:
        """What is on the machine that should be gone once the sandbox is closed; the kernel may hold some a moment."""
        deadline_s = time.monotonic() + patience_s
        while (found := self._leavings()) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        return found

    def _leavings(self) -> list[str]:
        mounts = Path("/proc/self/mounts").read_text().count(str(self.folder))
        found = [f"{mounts} mounts"] if mounts else []
        found += [f"process {pid}" for pid in strays(self.folder)]
        for loop in Path("/sys/block").glob("loop*/loop/backing_file"):
            with contextlib.suppress(OSError):
                found += [f"{loop.parts[3]}"] if loop.read_text().startswith(str(self.folder)) else []
        found += [f"group {group}" for group in sorted(_groups() - self._groups)]
        return found + [f"container {name}" for name in containers(self.folder)]

    def clear(self) -> None:
        """End what a run without its promise left: processes and containers that show our folder."""
        end_strays(self.folder)
        for group in _groups() - self._groups:
            deadline_s = time.monotonic() + 5
            while group.exists() and time.monotonic() < deadline_s:
                with contextlib.suppress(OSError):
                    for pid in (group / "cgroup.procs").read_text().split():
                        os.kill(int(pid), 9)
                    group.rmdir()
                time.sleep(0.01)
        remove_containers(self.folder)
        shutil.rmtree(self.folder / "target", ignore_errors=True)


def _tree(folder: Path) -> tuple[str, list[str]]:
    """The content of a tree's files, and the names of all that is there: links and their like have no content."""
    return content_hash(folder), sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The files below, each with its size and the moment of its last change: contents of a gigabyte are not read."""
    for path in folder.rglob("*"):
        now = path.lstat()
        yield str(path), now.st_size, now.st_mtime_ns


def _groups() -> set[Path]:
    """The control groups that this process made for sandboxes."""
    return set(Path("/sys/fs/cgroup").glob(f"*/**/oxidizer-*{os.getpid()}-*"))


def containers(folder: Path) -> list[str]:
    """Containers that show the folder or what is below it."""
    try:
        client = connect()
    except SandboxUnavailable:
        return []
    with contextlib.closing(client):
        found = client.api.containers(all=True)
        return [c["Id"] for c in found if any(str(folder) in m.get("Source", "") for m in c["Mounts"])]


def remove_containers(folder: Path) -> None:
    """Remove those containers, whatever runs in them."""
    for name in containers(folder):
        with contextlib.suppress(DockerException), contextlib.closing(connect()) as client:
            client.api.remove_container(name, force=True)


def processes_with(argument: str) -> list[int]:
    """Processes of the host that have exactly this argument."""
    wanted, found = argument.encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def interface() -> str | None:
    """An interface of this network by which it is told from a new one, which has `lo` alone."""
    return next((name for name in sorted(name for _, name in socket.if_nameindex()) if name != "lo"), None)


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """This thread, and what it starts, is in a new network namespace, whose loopback has the metadata address too."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as before:
        if libc.unshare(_NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "no network namespace of our own")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            subprocess.run(["ip", "address", "add", f"{METADATA}/32", "dev", "lo"], check=True)
            yield
        finally:
            if libc.setns(before.fileno(), _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "there is no way back to the network")
