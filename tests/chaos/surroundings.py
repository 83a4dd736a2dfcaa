"""What strikes a campaign's surroundings: its disks, network, clock and Docker daemon, all of them the stage's own."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from abc import abstractmethod
from pathlib import Path

from tests.chaos.fault import Fault, Missed, bites

_REST_BYTES = 16 << 20
"""What a file system may need for itself while it is filled at once; written byte by byte."""


class DiskFull(Fault):
    """A sized file system is full to the last byte for a while."""

    lasts_s, may_end = 6.0, frozenset({3})

    @property
    @abstractmethod
    def mount(self) -> Path:
        """What is filled."""

    def strike(self) -> str:
        ballast = self.mount / "ballast"
        free = os.statvfs(self.mount)
        most = max(4096, free.f_bavail * free.f_frsize - _REST_BYTES)
        subprocess.run(["fallocate", "-l", str(most), ballast], check=False, capture_output=True)
        try:
            with (self.mount / "ballast.rest").open("wb", buffering=0) as rest:
                while True:
                    rest.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        return str(self.mount.name)

    def mend(self) -> None:
        for name in ("ballast", "ballast.rest"):
            (self.mount / name).unlink(missing_ok=True)


class ScratchFull(DiskFull):
    """No room where crates are built."""

    kind, row, cheap = "full scratch", "scratch disk full for a while", True

    @property
    def mount(self) -> Path:
        return self.stage.scratch


class RunFull(DiskFull):
    """No room in the run directory."""

    kind, row, may_end = "full run directory", "run directory full or read-only for a while", frozenset({1, 3})

    @property
    def mount(self) -> Path:
        return self.stage.runs


class RunReadOnly(Fault):
    """The run directory takes nothing for a while."""

    kind, row, may_end = "read-only run", "run directory full or read-only for a while", frozenset({1, 3})
    lasts_s, cheap = 6.0, True

    def strike(self) -> str:
        deadline_s = time.monotonic() + 5
        while subprocess.run(["mount", "-o", "remount,ro", self.stage.runs], capture_output=True).returncode:
            if time.monotonic() > deadline_s:
                raise Missed  # a file was being written all the while
        bites(lambda: bool(os.statvfs(self.stage.runs).f_flag & os.ST_RDONLY), "the run directory can be written to")
        return str(self.stage.runs.name)

    def mend(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", self.stage.runs], check=True)


class RegistryGone(Fault):
    """Nobody answers where crates are fetched."""

    kind, row, may_end = "registry", "registry or the whole network gone", frozenset({3})
    lasts_s = 6.0

    def strike(self) -> str:
        self.stage.close_registry()
        bites(self._is_gone, "the registry answers")
        return self.stage.registry.url

    def _is_gone(self) -> bool:
        """Nobody takes a connection, here or where the campaign is: it has the same network."""
        try:
            socket.create_connection(("127.0.0.1", self.stage.registry.server.server_port), timeout=0.2).close()
        except OSError:
            return True
        return False

    def mend(self) -> None:
        self.stage.open_registry()


class NetworkGone(RegistryGone):
    """No network at all, loopback included, for some seconds."""

    kind, lasts_s = "network", 4.0

    def strike(self) -> str:
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        bites(self._is_gone, "the registry answers")
        return "lo"

    def mend(self) -> None:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class ClockStepped(Fault):
    """The clock of the command and its workers is set, and later set back."""

    kind, row, flavour, lasts_s = "clock", "clock set forwards or backwards", "clock", 4.0

    def strike(self) -> str:
        step_s = self.chance.choice((3600, -3600, 86400, -86400, 31536000))
        self.stage.set_clock(step_s)
        tell = [sys.executable, "-c", "import time; print(time.time())"]
        told = subprocess.run(tell, env=self.stage.environment(faked_clock=True), capture_output=True, check=True)
        assert abs(float(told.stdout) - time.time() - step_s) < 60, "the clock is not set"
        process = self.campaign.process
        assert process is not None
        for pid in [process.pid, *self.campaign.called("ray::MapWorker")]:
            loaded = self._loaded(pid)
            assert loaded is None or loaded >= {"clock.so", "clock"}, f"process {pid} has the machine's clock"
        for pid in self.campaign.called(r"\S*bwrap |\S*/opt/rust/|\S*rustc "):
            assert not self._loaded(pid), "the clock reached a sandbox"
        return f"{step_s:+} s"

    def _loaded(self, pid: int) -> set[str] | None:
        """The stage's own files that a process has in its memory; None where it is ending."""
        try:
            maps = Path("/proc", str(pid), "maps").read_text()
        except OSError:
            return None
        inside = f"{self.stage.folder}/"
        return {line.partition(inside)[2] for line in maps.splitlines() if inside in line} if maps else None

    def mend(self) -> None:
        self.stage.set_clock(0)


class DaemonKilled(Fault):
    """`kill -9` of dockerd, which is started again some seconds later."""

    kind, row, flavour, lasts_s = "dockerd", "`kill -9` of dockerd", "docker", 3.0
    may_end = frozenset({3})

    def strike(self) -> str:
        daemon = self.stage.daemon
        assert daemon is not None
        daemon.kill()
        daemon.wait()
        return f"process {daemon.pid}"

    def mend(self) -> None:
        # Left by the killed: a number that a zombie may still have.
        for name in ("d.pid", "x/containerd/containerd.pid"):
            (self.stage.folder / name).unlink(missing_ok=True)
        self.stage.start_daemon()


KINDS: tuple[type[Fault], ...] = (
    ScratchFull, RunFull, RunReadOnly, RegistryGone, NetworkGone, ClockStepped, DaemonKilled
)  # fmt: skip
