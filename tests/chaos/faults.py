"""The faults: each is made ready by the campaign's own course, strikes once, and is mended after a while.

None of them touches anything but the campaign's processes and the stage's own mounts, network, registry, clock and
daemon.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from tests.chaos.campaign import Campaign

_REST_BYTES = 16 << 20
"""What a file system may need for itself while it is filled at once; written byte by byte."""


class Missed(Exception):
    """There was nothing to hit any more when the fault struck; it is tried again."""


class Fault(ABC):
    """A kind of trouble. `flavour` names the sort of campaign that it needs."""

    kind: ClassVar[str]
    flavour: ClassVar[str] = "bubblewrap"
    lasts_s: ClassVar[float] = 0.0
    within_s: ClassVar[float] = 1.5
    """It strikes at a chance moment of so many seconds after it could."""
    ends: ClassVar[bool] = False
    """It ends the command, which has to be given again."""
    cheap: ClassVar[bool] = False
    """It has its place in the short pass."""

    def __init__(self, campaign: Campaign, chance: random.Random) -> None:
        self.campaign, self.stage, self.chance = campaign, campaign.stage, chance

    def ready(self) -> bool:
        """Whether it could strike now: a crate is at work."""
        return bool(self.campaign.workers())

    @abstractmethod
    def strike(self) -> str:
        """Do it; says what was hit. Raises Missed."""

    def mend(self) -> None:  # noqa: B027  # most mend themselves
        """Take it back, where it does not mend itself."""

    def _kill(self, pids: list[int], number: signal.Signals = signal.SIGKILL) -> str:
        if not pids:
            raise Missed
        pid = self.chance.choice(pids)
        try:
            os.kill(pid, number)
        except ProcessLookupError as error:
            raise Missed from error
        return f"process {pid}"


class DriverKilled(Fault):
    """`kill -9` of the command itself."""

    kind, ends, cheap = "driver", True, True

    def strike(self) -> str:
        process = self.campaign.process
        assert process is not None
        return self._kill([process.pid])


class DriverStopped(Fault):
    """SIGTERM, as a machine that shuts down sends it."""

    kind, ends = "stopped command", True

    def strike(self) -> str:
        process = self.campaign.process
        assert process is not None
        return self._kill([process.pid], signal.SIGTERM)


class WorkerKilled(Fault):
    """`kill -9` of a process of Ray that has a crate at work."""

    kind, cheap = "Ray worker", True

    def strike(self) -> str:
        return self._kill(self.campaign.workers())


class ActorKilled(Fault):
    """`kill -9` of the actor that counts how often each unit was begun."""

    kind = "actor"

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"ray::_Starts"))


class RayletKilled(Fault):
    """`kill -9` of the daemon that starts workers and holds what they return."""

    kind, ends = "raylet", True

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"\S*/raylet\b"))


class GcsKilled(Fault):
    """`kill -9` of the daemon that knows the cluster."""

    kind, ends = "gcs", True

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"\S*/gcs_server\b"))


class WorkerPaused(Fault):
    """A worker stands still for some seconds."""

    kind, lasts_s = "paused worker", 4.0

    def strike(self) -> str:
        self._pids = self.campaign.workers()[:1]
        return self._kill(self._pids, signal.SIGSTOP)

    def mend(self) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class SandboxKilled(Fault):
    """`kill -9` of a bubblewrap with all in it."""

    kind, cheap = "bubblewrap", True

    def ready(self) -> bool:
        return bool(self.campaign.called(r"\S*bwrap "))

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"\S*bwrap "))


class DiskFull(Fault):
    """A sized file system is full to the last byte for a while."""

    lasts_s = 6.0

    @property
    @abstractmethod
    def mount(self) -> Path:
        """What is filled."""

    def strike(self) -> str:
        ballast = self.mount / "ballast"
        free = os.statvfs(self.mount)
        most = max(4096, free.f_bavail * free.f_frsize - _REST_BYTES)
        subprocess.run(["fallocate", "-l", str(most), ballast], check=False, capture_output=True)
        with suppress(OSError), (self.mount / "ballast.rest").open("wb", buffering=0) as rest:
            while True:
                rest.write(bytes(4096))
        return str(self.mount.name)

    def mend(self) -> None:
        for name in ("ballast", "ballast.rest"):
            (self.mount / name).unlink(missing_ok=True)


class ScratchFull(DiskFull):
    """No room where crates are built."""

    kind, cheap = "full scratch", True

    @property
    def mount(self) -> Path:
        return self.stage.scratch


class RunFull(DiskFull):
    """No room in the run directory."""

    kind = "full run directory"

    @property
    def mount(self) -> Path:
        return self.stage.runs


class RunReadOnly(Fault):
    """The run directory takes nothing for a while."""

    kind, lasts_s, cheap = "read-only run", 6.0, True

    def strike(self) -> str:
        deadline_s = time.monotonic() + 5
        while subprocess.run(["mount", "-o", "remount,ro", self.stage.runs], capture_output=True).returncode:
            if time.monotonic() > deadline_s:
                raise Missed  # a file was being written all the while
        return str(self.stage.runs.name)

    def mend(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", self.stage.runs], check=True)


class RegistryGone(Fault):
    """Nobody answers where crates are fetched."""

    kind, lasts_s = "registry", 6.0

    def strike(self) -> str:
        self.stage.close_registry()
        return self.stage.registry.url

    def mend(self) -> None:
        self.stage.open_registry()


class NetworkGone(Fault):
    """No network at all, loopback included, for some seconds."""

    kind, lasts_s = "network", 4.0

    def strike(self) -> str:
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        return "lo"

    def mend(self) -> None:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class AttemptTorn(Fault):
    """The command is killed while a worker writes a file, and half of that file is lost."""

    kind, within_s, ends = "half-written file", 0.0, True

    def strike(self) -> str:
        process = self.campaign.process
        assert process is not None
        attempt = self._await(0)
        writers = self.campaign.called("ray::MapWorker")
        for pid in [process.pid, *writers]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return _cut(attempt)

    def _await(self, which: int) -> Path:
        """Such a file, once there is one."""
        deadline_s = time.monotonic() + 20
        while (found := self.campaign.half_committed()[which]) is None:
            if time.monotonic() > deadline_s or self.campaign.ended() is not None:
                raise Missed
            time.sleep(0.001)
        return found


class TableTorn(AttemptTorn):
    """A worker is killed in the middle of a commit, and half of a table under its final name is lost."""

    kind, ends, cheap = "half-committed unit", False, True

    def strike(self) -> str:
        table = self._await(1)
        # Who commits has no crate at work any more: it is one of all.
        for pid in self.campaign.called("ray::MapWorker"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        if (table.parent / "unit.json").exists():
            raise Missed  # it was quicker
        return _cut(table)


def _cut(file: Path) -> str:
    with suppress(FileNotFoundError):
        os.truncate(file, file.stat().st_size // 2)
    return file.name


class ClockStepped(Fault):
    """The clock of the command and its workers is set, and later set back."""

    kind, flavour, lasts_s = "clock", "clock", 4.0

    def strike(self) -> str:
        step_s = self.chance.choice((3600, -3600, 86400, -86400, 31536000))
        self.stage.set_clock(step_s)
        for pid in self.campaign.called(r"\S*bwrap |\S*/opt/rust/|\S*rustc "):
            with suppress(OSError):
                assert "clock.so" not in Path("/proc", str(pid), "maps").read_text(), "the clock reached a sandbox"
        return f"{step_s:+} s"

    def mend(self) -> None:
        self.stage.set_clock(0)


class ContainerKilled(Fault):
    """`kill -9` of a container's first process."""

    kind, flavour = "container", "docker"

    def strike(self) -> str:
        pids = [pid for name in self.stage.containers() if (pid := self.stage.process_of(name))]
        return self._kill(pids)


class DaemonKilled(Fault):
    """`kill -9` of dockerd, which is started again some seconds later."""

    kind, flavour, lasts_s = "dockerd", "docker", 3.0

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
    DriverKilled, WorkerKilled, ActorKilled, RayletKilled, GcsKilled, SandboxKilled, ScratchFull, RunFull, RunReadOnly,
    RegistryGone, NetworkGone, AttemptTorn, TableTorn, WorkerPaused, DriverStopped, ClockStepped, ContainerKilled,
    DaemonKilled,
)  # fmt: skip
