"""One command in bubblewrap while it runs: its output, its bounds, its certain end, and what it left."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator

from oxidizer.cluster.capture import STDERR, STDOUT, Capture, Pipe, Watch
from oxidizer.cluster.cgroup import Cgroup
from oxidizer.cluster.disk import Disk
from oxidizer.cluster.gauge import GroupGauge, Meter, TreeGauge
from oxidizer.cluster.processes import Tree
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import RunResult, SandboxUnavailable, Status
from oxidizer.cluster.terms import Terms

INIT = 'echo started >&0; "$@" </dev/null; echo $? >&0; read -r end'
"""Process 1 inside. Its standard input is a socket to us: it tells that it runs, then the exit code, and waits until we
have counted what is left. The command does not get the socket."""
LINGER = f"{INIT}; while set -- /proc/[0-9]*; [ $# -gt 1 ]; do sleep 0.1; done"
"""The same where leftovers shall live: process 1 goes after them."""

_OWN_PROCESSES = 2  # bubblewrap itself and process 1 inside
_END_S = 10.0
_MAX_SAID = 64


class Command:
    """A started bubblewrap; `end` must be called."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        control: socket.socket,
        group: Cgroup | None,
        terms: Terms,
        disk: Disk,
    ) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process, self._group, self._terms, self._disk = process, group, terms, disk
        self._control = _Control(control)
        self._pipes = [Pipe(process.stdout.fileno(), STDOUT), Pipe(process.stderr.fileno(), STDERR)]
        gauge = GroupGauge(group) if group else TreeGauge(Tree(process.pid), terms.limits, _OWN_PROCESSES)
        self._meter = Meter(gauge, _OWN_PROCESSES)

    def follow(self, wall_s: float, silence_s: float) -> RunResult:
        """Read and watch until the end, count what is left and end it."""
        capture = Capture(
            [*self._pipes, self._control],
            wall_s=wall_s,
            silence_s=silence_s,
            output_bytes=self._terms.limits.output_bytes,
            watches=[Watch(self._meter.look, self._meter.every_s), self._disk.watch()],
        )
        with contextlib.closing(capture):
            status = capture.follow(lambda: self._control.ended)
            status = status or capture.drain()
            elapsed_s = capture.wall_s
            leftovers = self._meter.leftovers() if status is None else 0
            if leftovers and not self._terms.keeps(Promise.ENDS):
                self._leave()
            else:
                self.end()
        if self._meter.oom:
            status = Status.OOM
        exit_code = self._control.exit_code
        if status is None and exit_code is None:
            said = bytes(capture.stderr).decode(errors="replace").strip()[-500:]
            raise SandboxUnavailable(f"bubblewrap ended before its command did: {said or 'it was killed'}")
        return RunResult(
            status=status or (Status.OK if exit_code == 0 else Status.FAILED),
            exit_code=exit_code if status is None else None,
            stdout=bytes(capture.stdout),
            stderr=bytes(capture.stderr),
            wall_s=elapsed_s,
            cpu_s=max(self._meter.cpu_s, self._waited_cpu_s),
            peak_bytes=self._meter.peak_bytes,
            leftovers=leftovers,
        )

    def end(self) -> None:
        """Let process 1 end, which takes all others with it; kill where that does not help. Safe to call twice."""
        process = self._process
        if process.returncode is not None:
            return
        with _handle(process) as handle:
            if self._control.exit_code is None:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            self._control.close()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            self._waited_cpu_s = _wait(process, handle)
        if self._group is not None:
            self._group.kill()

    def _leave(self) -> None:
        """Let what the command left live on."""
        self._control.close()
        self._process.returncode, self._waited_cpu_s = 0, 0.0


class _Control:
    """The socket to process 1 inside: it says `started`, then the exit code."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._said = b""
        self.ended = False

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._connection.fileno()

    def read(self) -> list[tuple[int, bytes]] | None:
        """Listen; nothing of this is output."""
        data = self._connection.recv(4096)
        self._said = (self._said + data)[:_MAX_SAID]
        self.ended = not data or self.exit_code is not None
        return [] if data else None

    def is_full(self) -> bool:
        """Never: two short words are all that comes."""
        return False

    @property
    def exit_code(self) -> int | None:
        """The command's exit code (128 + n for signal n), once it is known."""
        lines = self._said.split(b"\n")
        return int(lines[1]) if len(lines) > 2 and lines[1].isdigit() else None

    def close(self) -> None:
        """Let process 1 go on to its end."""
        self._connection.close()


@contextlib.contextmanager
def _handle(process: subprocess.Popen[bytes]) -> Iterator[int]:
    """A descriptor of the process; unlike `Popen.kill` a signal to it never collects the process's end."""
    descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(process: subprocess.Popen[bytes], handle: int) -> float:
    """Wait for bubblewrap's end; its CPU seconds, those of its children included."""
    if not select.select([handle], [], [], _END_S)[0]:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if not select.select([handle], [], [], _END_S)[0]:
            raise SandboxUnavailable(f"bubblewrap ({process.pid}) cannot be killed; look for a stuck disk")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
