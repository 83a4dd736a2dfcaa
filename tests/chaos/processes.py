"""What strikes a campaign's processes: killed, stopped or paused, alone or in the middle of a file."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from oxidizer.cluster.labels import began
from tests.chaos.crates import SILENCE_S
from tests.chaos.fault import Fault, Missed, bites

_FIRST_S = 0.5
"""A worker goes on so long before its sandbox does."""


class DriverKilled(Fault):
    """`kill -9` of the command itself."""

    kind, row, ends, cheap = "driver", "`kill -9` of the command", (137,), True

    def strike(self) -> str:
        process = self.campaign.process
        assert process is not None
        return self._kill([process.pid])


class DriverStopped(Fault):
    """SIGTERM, as a machine that shuts down sends it, or Ctrl-C. How the command ends tells that it came."""

    kind, row = "stopped command", "SIGTERM, Ctrl-C"
    ends: tuple[int, ...] = (143, 130)

    def strike(self) -> str:
        process = self.campaign.process
        assert process is not None
        number = self.chance.choice((signal.SIGTERM, signal.SIGINT))
        self.ends = (128 + number,)
        return f"{self._kill([process.pid], number)}, {number.name}"


class WorkerKilled(Fault):
    """`kill -9` of a process of Ray that has a crate at work."""

    kind, row = "worker", "`kill -9` of a Ray worker with a crate at work"
    takes_a_try, cheap = True, True

    def strike(self) -> str:
        return self._kill(self.campaign.workers())


class ActorKilled(Fault):
    """`kill -9` of the actor that counts how often each unit was begun."""

    kind, row = "actor", "`kill -9` of an actor"

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"ray::_Starts"))


class RayletKilled(Fault):
    """`kill -9` of the daemon that starts workers and holds what they return."""

    kind, row, ends = "raylet", "`kill -9` of the raylet or of the GCS", (1,)

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"\S*/raylet\b"))


class GcsKilled(Fault):
    """`kill -9` of the daemon that knows the cluster."""

    kind, row, ends = "gcs", "`kill -9` of the raylet or of the GCS", (1,)

    def strike(self) -> str:
        return self._kill(self.campaign.called(r"\S*/gcs_server\b"))


class WorkerPaused(Fault):
    """A worker stands still for longer than a command may be silent, and with it what runs in its sandbox.

    But for tests: their time is measured inside.
    """

    kind, row, lasts_s = "paused worker", "a paused worker (SIGSTOP), alone or with its sandbox", SILENCE_S + 4.0

    def ready(self) -> bool:
        return bool(self._busy())

    def strike(self) -> str:
        told = self._kill(self._busy(), signal.SIGSTOP)
        worker = int(told.split()[1])
        self._stopped = [worker]
        bites(lambda: _stat(worker)[0] == "T", f"{told} goes on")
        if worker not in self._busy():
            self.mend()
            raise Missed  # its command had just ended
        below = {pid: line for pid, line in self.campaign.family(worker) if pid != worker}
        if any(line.startswith("timeout ") for line in below.values()):
            return told
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        self._stopped += below
        return f"{told} and its sandbox"

    def mend(self) -> None:
        for pid in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            # The worker looks before the others have said anything.
            time.sleep(_FIRST_S if pid == self._stopped[0] else 0.0)

    def _busy(self) -> list[int]:
        """The workers whose sandbox runs a command."""
        above = {int(_stat(pid)[1]) for pid in self.campaign.called(r"\S*bwrap ")}
        return [pid for pid in self.campaign.workers() if pid in above]


def _stat(pid: int) -> list[str]:
    """What the kernel tells of a process from its state on; zeros where there is none."""
    with suppress(OSError):
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return ["0", "0"]


class SandboxKilled(Fault):
    """`kill -9` of a bubblewrap with all in it."""

    kind, row = "bubblewrap", "`kill -9` of bubblewrap, or of a container"
    may_end = frozenset({1})
    takes_a_try, cheap = True, True

    def ready(self) -> bool:
        return bool(self._boxes())

    def strike(self) -> str:
        # The command itself has sandboxes only before it has workers.
        self.may_end = frozenset() if self.campaign.called("ray::MapWorker") else self.may_end
        return self._kill(self._boxes())

    def _boxes(self) -> list[int]:
        return self.campaign.called(r"\S*bwrap ")


class AttemptTorn(Fault):
    """The command is killed while a worker writes a file, and half of that file is lost."""

    kind, row = "half-written file", "`kill -9` of the command while a file is half written"
    ends: tuple[int, ...] = (137,)
    within_s = 0.0

    def strike(self) -> str:
        process = self.campaign.process
        assert process is not None
        # Known beforehand: such a file lives for some milliseconds.
        writers = self.campaign.called("ray::MapWorker")
        attempt = self._await(0)
        _kill_all([*writers, process.pid])
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

    kind, row, ends = "half-committed unit", "`kill -9` of the workers while a unit is half committed", ()
    takes_a_try, cheap = True, True

    def strike(self) -> str:
        # Who commits has no crate at work any more: it is one of all.
        writers = self.campaign.called("ray::MapWorker")
        table = self._await(1)
        _kill_all(writers)
        if (table.parent / "unit.json").exists():
            raise Missed  # it was quicker
        return _cut(table)


def _kill_all(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        bites(lambda pid=pid: began(pid) is None, f"process {pid} outlives kill -9")  # type: ignore[misc]  # no default


def _cut(file: Path) -> str:
    try:
        os.truncate(file, file.stat().st_size // 2)
    except FileNotFoundError as error:
        raise Missed from error  # it had got its name, or was dropped
    return file.name


class ContainerKilled(SandboxKilled):
    """`kill -9` of a container's first process."""

    kind, flavour, cheap = "container", "docker", False

    def ready(self) -> bool:
        return bool(self.campaign.workers())

    def _boxes(self) -> list[int]:
        return [pid for name in self.stage.containers() if (pid := self.stage.process_of(name))]


KINDS: tuple[type[Fault], ...] = (
    DriverKilled, DriverStopped, WorkerKilled, ActorKilled, RayletKilled, GcsKilled, WorkerPaused, SandboxKilled,
    AttemptTorn, TableTorn, ContainerKilled,
)  # fmt: skip
