"""Where chaos plays: mounts, network, registry, clock and Docker daemon of its own; nothing of the machine's is hit.

To be used inside namespaces of its own (`python -m tests.chaos` sees to that): the mounts are in no other process's
sight, and the only network is a loopback that can be taken down. Everything lies below one short folder, and goes with
it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from oxidizer.cluster.mounts import mounts_below, unmount
from tests.chaos import owner
from tests.chaos.crates import write_crates
from tests.integration.small_registry import Registry

ROOT = Path(__file__).resolve().parents[2]
SCRATCH_BYTES, RUNS_BYTES = 3 << 30, 256 << 20
_READY_S = 60.0


class Stage:
    """The place, ready to play in; to be closed."""

    def __init__(self, names: Sequence[str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=owner.PREFIX, dir=owner.PLACE))
        self.token = secrets.token_hex(8)
        owner.claim(self.folder, self.token)
        self.folder.chmod(0o755)
        self.set_clock(0)
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", self.folder / "clock.so", Path(__file__).parent / "clock.c"],
            check=True,
        )
        self.daemon: subprocess.Popen[bytes] | None = None
        self.scratch, self.runs = self._mount("scratch", SCRATCH_BYTES), self._mount("runs", RUNS_BYTES)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.registry = Registry()
        self.list_file, self.recipe, self.units = write_crates(self.folder / "own", self.registry, names)

    def environment(self, *, faked_clock: bool = False) -> dict[str, str]:
        """What a command of this stage runs with."""
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "RUSTUP_HOME", "PYTHONPATH")}
        own = {
            "OXIDIZER_SCRATCH": str(self.scratch), "RAY_TMPDIR": str(self.folder), owner.TOKEN: self.token,
            "CARGO_HOME": str(self.folder / "cargo"), "CARGO_NET_RETRY": "0", "COLUMNS": "200",
            "DOCKER_HOST": f"unix://{self.folder}/d.sock", "RAY_USAGE_STATS_ENABLED": "0",
        }  # fmt: skip
        faked = {"LD_PRELOAD": f"{self.folder}/clock.so", "OXIDIZER_CLOCK": f"{self.folder}/clock"}
        return {**kept, **own, **(faked if faked_clock else {})}

    def set_clock(self, step_s: int) -> None:
        """Put the clock of campaigns that have a faked one so many seconds off the machine's."""
        descriptor = os.open(self.folder / "clock", os.O_RDWR | os.O_CREAT)
        os.pwrite(descriptor, struct.pack("=q", step_s), 0)
        os.close(descriptor)

    def forget_downloads(self) -> None:
        """An empty CARGO_HOME: every crate has to fetch what it needs."""
        home = self.folder / "cargo"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        mirror = f'[source.mirror]\nregistry = "sparse+{self.registry.url}/"\n'
        (home / "config.toml").write_text(f'[source.crates-io]\nreplace-with = "mirror"\n{mirror}')

    def close_registry(self) -> None:
        """From now on nobody listens at the registry's address."""
        self.registry.server.shutdown()
        self.registry.server.server_close()

    def open_registry(self) -> None:
        """The registry is back, at the same address."""
        old = self.registry.server
        server = ThreadingHTTPServer(("127.0.0.1", old.server_port), old.RequestHandlerClass)
        self.registry.server = server
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def start_daemon(self) -> None:
        """A Docker daemon whose data, socket and files are the stage's own, without any network."""
        (self.folder / "docker.json").write_text("{}")
        self.daemon = subprocess.Popen(
            [
                "dockerd", f"--data-root={self.folder}/docker", f"--exec-root={self.folder}/x",
                f"--host=unix://{self.folder}/d.sock", f"--pidfile={self.folder}/d.pid", "--bridge=none",
                "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
                f"--config-file={self.folder}/docker.json",
            ],
            stdout=(self.folder / "dockerd.log").open("ab"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, owner.TOKEN: self.token}, start_new_session=True,
        )  # fmt: skip
        deadline_s = time.monotonic() + _READY_S
        while self._docker("info").returncode:
            if time.monotonic() > deadline_s or self.daemon.poll() is not None:
                raise RuntimeError(f"a Docker daemon of our own does not start:\n{self._daemon_said()}")
            time.sleep(0.2)

    def load_image(self, tag: str) -> None:
        """Copy the toolchain's image from the machine's daemon; that one is only read."""
        with subprocess.Popen(["docker", "save", tag], stdout=subprocess.PIPE) as saved:
            loaded = self._docker("load", "-q", stdin=saved.stdout)
        if saved.returncode or loaded.returncode:
            raise RuntimeError(f"the image {tag} cannot be copied: {loaded.stderr.decode(errors='replace').strip()}")

    def containers(self) -> list[str]:
        """The ids of all containers of our own daemon."""
        return self._docker("ps", "-aq", "--no-trunc").stdout.decode().split()

    def process_of(self, container: str) -> int | None:
        """Process 1 of a container, as this machine numbers it."""
        told = self._docker("inspect", "-f", "{{.State.Pid}}", container).stdout.decode().strip()
        return int(told) if told.isdigit() and int(told) else None

    def own_pids(self) -> set[int]:
        """The processes of the stage itself: this one, its daemon and that one's helpers."""
        found = {os.getpid(), os.getppid()}
        if self.daemon is not None:
            found.add(self.daemon.pid)
            with_containerd = self.folder / "x/containerd/containerd.pid"
            if with_containerd.exists():
                found.add(int(with_containerd.read_text()))
        return found

    def close(self) -> None:
        """End the daemon, unmount, and remove the folder."""
        if self.daemon is not None:
            for container in self.containers():
                self._docker("rm", "-f", container)
            self.daemon.terminate()
            self.daemon.wait(30)
            # What a daemon that was killed forgot.
            for entry in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if f"{self.folder}/x/".encode() in (entry / "cmdline").read_bytes():
                        os.kill(int(entry.name), signal.SIGKILL)
        self.close_registry()
        # Ours, and what a daemon mounts: its own data folder, and network namespaces where it was killed.
        for mount in mounts_below(self.folder):
            _free(mount)
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _mount(self, name: str, size_bytes: int) -> Path:
        """A file system of a size, in a sparse file."""
        image, place = self.folder / f"{name}.img", self.folder / name
        place.mkdir()
        with image.open("wb") as file:
            file.truncate(size_bytes)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, place], check=True)
        (place / "lost+found").rmdir()
        return place

    def _docker(self, *args: str, **how: object) -> subprocess.CompletedProcess[bytes]:
        argv = ["docker", "-H", f"unix://{self.folder}/d.sock", *args]
        return subprocess.run(argv, capture_output=True, check=False, timeout=300, **how)  # type: ignore[call-overload, no-any-return]

    def _daemon_said(self) -> str:
        return "\n".join((self.folder / "dockerd.log").read_text(errors="replace").splitlines()[-15:])


def _free(mount: Path) -> None:
    """Unmount; who was killed a moment ago may still be in there."""
    deadline_s = time.monotonic() + 20
    while True:
        try:
            return unmount(mount)
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)


def oxidizer(*args: object) -> list[str]:
    """The command, as a list of arguments."""
    return [sys.executable, "-c", "from oxidizer.cli import main; main()", *map(str, args)]


def own_namespaces(argv: Sequence[str]) -> list[str]:
    """How to start a program in mount and network namespaces of its own; ValueError where that cannot be."""
    if os.geteuid() != 0:
        raise ValueError("only root can mount sized file systems and take a network down: run as root")
    for tool in ("unshare", "ip", "mkfs.ext4", "losetup", "fallocate"):
        if shutil.which(tool) is None:
            raise ValueError(f"{tool} is not installed: apt-get install util-linux iproute2 e2fsprogs")
    return ["unshare", "--mount", "--net", "--propagation", "private", "--", *argv]


def toolchain_image() -> str | None:
    """The toolchain image that the machine's own daemon holds; None without one."""
    if shutil.which("docker") is None:
        return None
    done = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "oxidizer-toolchain"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return next(iter(done.stdout.split()), None)
