"""One running Docker container: commands in it, their output, and its certain end.

Its main process reads from a stream that we hold: when this worker dies, however it dies, the daemon closes the stream,
the main process ends, and with it all in the container.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException

from oxidizer.cluster import cgroup
from oxidizer.cluster.capabilities import handed_on
from oxidizer.cluster.capture import Capture, Watch, unread_bytes
from oxidizer.cluster.disk import Disk
from oxidizer.cluster.gauge import Gauge, GroupGauge, Meter
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import USER_ID, RunResult, SandboxUnavailable, Status
from oxidizer.cluster.terms import Terms

LIFE_S = 24 * 3600
# Ends when our stream does. The shell is process 1 and collects orphans; `timeout` is for a daemon that loses streams.
MAIN = f"timeout -s KILL {LIFE_S} cat >/dev/null; exit 0"
LINGER = "sleep 90 & sleep 90 & wait"
"""The same where leftovers shall outlive us: a moment longer than they do."""
OWN_PROCESSES = 3
"""The shell, timeout and cat."""
TROUBLE = (DockerException, requests.RequestException, OSError)
"""What the client raises when the daemon, not a command, is the cause."""


def cause_of(error: BaseException) -> str:
    """What went wrong, in the system's words where it was the system that said so, and not the client's around them."""
    inner = error
    while (inside := inner.__cause__ or inner.__context__) is not None:
        inner = inside
    return inner.strerror if isinstance(inner, OSError) and inner.strerror else str(error)


# A command finds its scratch folders empty, whatever the one before left there.
_FRESH = """
scratch="/tmp /box/home /dev/shm"
clear() { find $scratch -mindepth 1 -delete; }
{ clear || { chmod -R 700 $scratch; clear; }; } 2>/dev/null
exec "$@"
"""
_ROOTS_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
"""What Docker leaves to root where nobody says otherwise, by the kernel's numbers."""
_CHUNK, _FULL_BYTES = 1 << 18, 16 << 10
_LOOK_S, _HELD_S = 0.25, 0.1
_END_S, _DYING_S = 15.0, 0.1
_KILLED = 128 + signal.SIGKILL


class Container:
    """A running container and the stream that keeps it alive."""

    def __init__(self, client: docker.DockerClient, name: str, terms: Terms, disk: Disk) -> None:
        self._api, self._name, self._terms, self._disk = client.api, name, terms, disk
        self._started_s = time.monotonic()
        self._fresh = True
        self._stream: _Stream | None = None
        self._life: Any = None
        try:
            self._life = self._api.attach_socket(name, params={"stdin": 1, "stream": 1})
            self._api.start(name)
            self._pid = _pid_here(self._api, name)
            self._gauge: Gauge = _group_gauge(self._pid) or DaemonGauge(self._api, name)
        except BaseException:
            self.remove()
            raise

    @property
    def age_s(self) -> float:
        """Seconds since the container was made."""
        return time.monotonic() - self._started_s

    def shows(self, device: int, inside: str) -> bool:
        """Whether what is mounted at `inside` is the file system of that number, as far as can be seen from here."""
        wanted = f"{os.major(device)}:{os.minor(device)}"
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self._pid}/mountinfo").read_text().splitlines():
                _, _, number, _, where, *_ = line.split()
                if where == inside:
                    return number == wanted
        return False

    def run(self, argv: Sequence[str], cwd: str, wall_s: float, silence_s: float) -> RunResult:
        """Run one command and count what is left; the caller removes the container where that is called for."""
        meter = Meter(self._gauge, OWN_PROCESSES)
        stream = self._stream = self._execute(argv, cwd)
        capture = Capture(
            [stream],
            wall_s=wall_s,
            silence_s=silence_s,
            output_bytes=self._terms.limits.output_bytes,
            watches=[Watch(meter.look, every_s=meter.every_s), self._disk.watch()],
        )
        with contextlib.closing(capture):
            status = capture.follow(stream.ended)
            leftovers = meter.leftovers() if status is None else 0
            # What the command wrote may still be under way. The stream ends, unless somebody is left who holds it.
            status = status or capture.drain(grace_s=_HELD_S if leftovers else _END_S)
            elapsed_s = capture.wall_s
        if meter.oom:
            status = Status.OOM
        if status is None and stream.exit_code in (126, 127) and capture.stdout.startswith(b"OCI runtime exec failed"):
            raise SandboxUnavailable(f"Docker could not start a command: {capture.stdout.decode(errors='replace')}")
        if status is None and stream.exit_code == _KILLED and self._died():
            raise SandboxUnavailable("a container died with the command in it; look for what kills processes here")
        if status is None and leftovers == 0:
            stream.close()
            self._stream = None
        return RunResult(
            status=status or (Status.OK if stream.exit_code == 0 else Status.FAILED),
            exit_code=stream.exit_code if status is None else None,
            stdout=bytes(capture.stdout),
            stderr=bytes(capture.stderr),
            wall_s=elapsed_s,
            cpu_s=meter.cpu_s,
            peak_bytes=meter.peak_bytes,
            leftovers=leftovers,
        )

    def remove(self) -> None:
        """Kill and remove the container. The daemon kills slowly while output is unread, so that is read meanwhile."""
        reader = None
        if self._stream is not None:
            reader = threading.Thread(target=self._stream.discard, daemon=True)
            reader.start()
        try:
            self._api.remove_container(self._name, force=True, v=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # gone already, or going by itself
                raise SandboxUnavailable(f"Docker cannot remove a sandbox ({error}); restart the daemon") from error
        except TROUBLE:
            pass  # no daemon: its containers end with their streams, which are closed below
        finally:
            if reader is not None and self._stream is not None:
                reader.join(_END_S)
                self._stream.close()
            if self._life is not None:
                _close(self._life)

    def leave(self) -> None:
        """Forget the container, whatever runs in it."""
        if self._stream is not None:
            self._stream.close()
        if self._life is not None:
            _close(self._life)

    def _died(self) -> bool:
        """Whether the container ended under its command, which then looks as if it had failed: nobody of ours is left.

        The kernel kills all at once, and takes a moment.
        """
        deadline_s = time.monotonic() + _DYING_S
        is_late = False
        while (there := self._gauge.processes()) == OWN_PROCESSES and not is_late:
            time.sleep(0.005)
            # One look more, if the moment passed while we stood still.
            is_late = time.monotonic() > deadline_s
        return there < OWN_PROCESSES

    def _execute(self, argv: Sequence[str], cwd: str) -> _Stream:
        command = list(argv) if self._fresh else ["sh", "-c", _FRESH, "fresh", *argv]
        self._fresh = False
        user = host_user(self._terms)
        if not self._terms.keeps(Promise.CAPABILITIES):
            # The daemon gives them to root alone.
            options = handed_on(_ROOTS_CAPABILITIES)
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *options, *command]
            user = 0
        name = self._api.exec_create(self._name, command, user=f"{user}:{user}", workdir=cwd)["Id"]
        return _Stream(self._api, name)


class _Stream:
    """The output of one exec: frames of a stream's number, a length and bytes."""

    def __init__(self, api: docker.APIClient, name: str) -> None:
        self._api, self._name = api, name
        self._response: Any = api.exec_start(name, socket=True)
        self._socket: socket.socket = getattr(self._response, "_sock", self._response)
        self._socket.setblocking(False)
        # What came along with the head of the daemon's answer, its reader took from the socket already.
        reader = self._response._response.raw._fp.fp
        self._early: bytes = reader.read(len(reader.peek()))
        self._rest = b""
        self._look_s = time.monotonic() + _LOOK_S
        self.finished = False
        self.exit_code: int | None = None

    def fileno(self) -> int:
        """The connection's descriptor."""
        return self._socket.fileno()

    def read(self) -> list[tuple[int, bytes]] | None:
        """The whole frames that have come. To be asked once before anything is waited for."""
        data, self._early = self._early or self._socket.recv(_CHUNK), b""
        if not data:
            self.finished = True
            return None
        came, frames, at = self._rest + data, [], 0
        while at + 8 <= len(came):
            stream, length = struct.unpack_from(">BxxxL", came, at)
            if at + 8 + length > len(came):
                break
            frames.append((stream, came[at + 8 : at + 8 + length]))
            at += 8 + length
        self._rest = came[at:]
        return frames

    def is_full(self) -> bool:
        """A socket of few bytes in many frames is full early."""
        return unread_bytes(self._socket.fileno()) >= _FULL_BYTES

    def ended(self) -> bool:
        """Whether the command is over. A process that it left may hold the stream, so the daemon is asked too."""
        if not self.finished and time.monotonic() < self._look_s:
            return False
        self._look_s = time.monotonic() + _LOOK_S
        about = self._api.exec_inspect(self._name)
        if about["Running"]:
            return False
        self.exit_code = about["ExitCode"]
        return True

    def discard(self) -> None:
        """Read and forget until the end."""
        deadline_s = time.monotonic() + _END_S
        with contextlib.suppress(OSError, ValueError):
            while (left_s := deadline_s - time.monotonic()) > 0:
                if select.select([self._socket], [], [], left_s)[0] and not self._socket.recv(1 << 16):
                    return

    def close(self) -> None:
        """Close the connection."""
        _close(self._response)


class DaemonGauge:
    """Asked from Docker's daemon, where the container's control group is not readable: some milliseconds each."""

    every_s = 1.0

    def __init__(self, api: docker.APIClient, container: str) -> None:
        self._api, self._container = api, container

    def processes(self) -> int:
        """How many live in the container."""
        return len(self._api.top(self._container)["Processes"])

    def oom_kills(self) -> int:
        """One, once the daemon has heard of any."""
        return int(self._api.inspect_container(self._container)["State"]["OOMKilled"])

    def cpu_s(self) -> float:
        """CPU seconds of the container."""
        return float(self._stats()["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def resident_bytes(self) -> int:
        """Memory of the container now, as control groups of version 1 or 2 count it."""
        stats = self._stats()["memory_stats"].get("stats", {})
        keys = ("total_rss", "total_shmem") if "total_rss" in stats else ("anon", "shmem")
        return sum(stats.get(key, 0) for key in keys)

    def _stats(self) -> dict[str, Any]:
        return dict(self._api.stats(self._container, stream=False, one_shot=True))


def _close(connection: Any) -> None:
    """Close a socket of the client and the response that holds it, which would complain later if it were left open."""
    for part in ("_response", "_sock"):
        if (holder := getattr(connection, part, None)) is not None:
            holder.close()
    connection.close()


def host_user(terms: Terms) -> int:
    """Who a command is on the host: someone of its own under root, else ourselves, who own the target folder."""
    return USER_ID if os.geteuid() == 0 and terms.keeps(Promise.USER) else os.geteuid()


def _pid_here(api: docker.APIClient, name: str) -> int | None:
    """The container's first process by its number on this machine; None where it is on another, or hidden from us."""
    pid = api.inspect_container(name)["State"]["Pid"]
    with contextlib.suppress(OSError):
        # The process must be the container's, not one that has its number here.
        if pid and name in Path(f"/proc/{pid}/cgroup").read_text():
            return int(pid)
    return None


def _group_gauge(pid: int | None) -> Gauge | None:
    group = cgroup.of_process(pid) if pid else None
    return GroupGauge(group) if group else None
