"""The embedded sandbox: one bubblewrap per command, in control groups where we may make them.

As root the command gets a uid of its own, no capability and a control group. As an ordinary user, or a root without
CAP_SYS_ADMIN (a pod), it runs in a user namespace, and a watcher bounds memory instead of a group (weaker: it looks
every 0.1 s). The host's /usr is visible,
read-only, since the C tool chain is there; nothing else of the host is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from oxidizer.cluster import cgroup, seccomp
from oxidizer.cluster.command import INIT, Command
from oxidizer.cluster.sandbox import (
    CARGO_HOME,
    ENVIRONMENT,
    ETC,
    HOME_BYTES,
    HOSTNAME,
    SHIMS,
    SHM_BYTES,
    SOURCE,
    TARGET,
    TOOLCHAIN,
    USER_ID,
    Limits,
    Mounts,
    RunResult,
    SandboxUnavailable,
)

# Joins the control groups named before `--`, so that nothing of the command is ever outside them.
_JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 97; shift; done; shift; exec "$@"'
_CAP_SYS_ADMIN = 21
_HIDDEN = ("kcore", "keys", "timer_list", "sched_debug", "latency_stats")
_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")


class BubblewrapSandbox:
    """Runs each command in a fresh bubblewrap; only the target folder lasts."""

    name = "bubblewrap"

    def __init__(self, mounts: Mounts, limits: Limits, *, privileged: bool | None = None) -> None:
        """`privileged` (default: what this process may do) tells whether to use root's way."""
        self._tools = self.check()
        self._mounts, self._limits, self.target = mounts, limits, mounts.target
        self._privileged = _may_mount() if privileged is None else privileged
        mounts.give_target(USER_ID if self._privileged else os.geteuid())
        self._group = cgroup.create(limits) if self._privileged else None
        self._closed = False

    @staticmethod
    def check() -> dict[str, str]:
        """The programs that this needs, by name; SandboxUnavailable where one is missing."""
        return {tool: _tool(tool) for tool in ("bwrap", "setpriv", "prlimit", "env", "sh")}

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = SOURCE,
        wall_s: float | None = None,
        silence_s: float | None = None,
    ) -> RunResult:
        """Run a command; see `Sandbox.run`."""
        if self._closed:
            raise ValueError("this sandbox is closed; open a new one")
        with self._start(argv, {**ENVIRONMENT, **(env or {})}, cwd) as command:
            return command.follow(
                self._limits.wall_s if wall_s is None else wall_s,
                self._limits.silence_s if silence_s is None else silence_s,
            )

    def close(self) -> None:
        """End whatever runs and remove the control group. Safe to call twice."""
        self._closed = True
        if self._group is not None:
            group, self._group = self._group, None
            group.kill()
            group.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _start(self, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> Iterator[Command]:
        with contextlib.ExitStack() as stack:
            files = [(path, _memory_file(stack, data)) for path, data in self._files().items()]
            filters = _memory_file(stack, seccomp.bpf(memfd=self._group is not None))
            ours, theirs = socket.socketpair()
            stack.enter_context(ours)
            with theirs:
                process = subprocess.Popen(
                    [*self._join(), *self._bwrap(files, filters, cwd), *self._inside(argv, env)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=[filters, *(descriptor for _, descriptor in files)],
                    env={},  # what bubblewrap is given stands in its /proc entry
                    cwd="/",
                    start_new_session=True,
                )
            command = Command(process, ours, self._group, self._limits, self._mounts.target)
            try:
                yield command
            finally:
                command.end()

    def _files(self) -> dict[str, bytes]:
        return {**ETC, **self._mounts.files}

    def _join(self) -> list[str]:
        if self._group is None:
            return []
        return [self._tools["sh"], "-c", _JOIN, "join", *self._group.join_files(), "--"]

    def _bwrap(self, files: list[tuple[str, int]], filters: int, cwd: str) -> list[str]:
        command = [self._tools["bwrap"], *_NAMESPACES, "--hostname", HOSTNAME, "--die-with-parent", "--new-session"]
        command += ["--clearenv", "--as-pid-1", "--cap-drop", "ALL", "--seccomp", str(filters)]
        if self._privileged:
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
                command += ["--cap-add", capability]
        else:
            command += ["--unshare-user", "--disable-userns", "--uid", str(USER_ID), "--gid", str(USER_ID)]
        return [*command, *_system(), *self._folders(), *_small_files(files), "--remount-ro", "/", "--chdir", cwd, "--"]

    def _folders(self) -> list[str]:
        mounts = self._mounts
        shown = [(mounts.source, SOURCE), (mounts.toolchain, TOOLCHAIN), (mounts.shims, SHIMS)]
        shown += [(mounts.registry, f"{CARGO_HOME}/registry"), (mounts.git, f"{CARGO_HOME}/git")]
        owner = ["--perms", "1777"] if self._privileged else ["--perms", "0700"]
        command = ["--size", str(self._limits.tmp_bytes), "--perms", "1777", "--tmpfs", "/tmp"]
        for folder in ("/box", "/opt", CARGO_HOME):
            command += ["--perms", "0755", "--dir", folder]
        command += ["--size", str(HOME_BYTES), *owner, "--tmpfs", ENVIRONMENT["HOME"]]
        for host, inside in shown:
            if host is not None:
                command += ["--ro-bind", str(host), inside]
        return [*command, "--bind", str(mounts.target), TARGET]

    def _inside(self, argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
        limits = self._limits
        command = [self._tools["sh"], "-c", INIT, "init"]
        if self._privileged:
            ids = [f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"]
            command += [self._tools["setpriv"], *ids, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        command += [self._tools["prlimit"], f"--nofile={limits.open_files}", f"--fsize={limits.file_bytes}"]
        command += ["--core=0", "--memlock=65536", "--msgqueue=0"]
        if self._group is None:
            # The watcher judges what is resident; this bounds one process between two looks.
            command += [f"--nproc={limits.processes}", f"--data={2 * limits.memory_bytes}"]
        return [*command, self._tools["env"], "-i", *(f"{key}={value}" for key, value in env.items()), *argv]


def _system() -> list[str]:
    """The host's /usr and what little of /etc, /proc and /dev a compiler needs."""
    command = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        folder = Path("/", name)
        if folder.is_symlink():
            command += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            command += ["--ro-bind", str(folder), str(folder)]
    command += ["--perms", "0755", "--dir", "/etc"]
    for file in ("/etc/alternatives", "/etc/ld.so.cache"):
        command += ["--ro-bind-try", file, file]
    command += ["--proc", "/proc", "--dev", "/dev"]
    command += ["--size", str(SHM_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    for name in _HIDDEN:
        if Path("/proc", name).exists():
            command += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return command


def _small_files(files: list[tuple[str, int]]) -> list[str]:
    command = []
    for path, descriptor in files:
        command += ["--perms", "0444", "--ro-bind-data", str(descriptor), path]
    return command


def _memory_file(stack: contextlib.ExitStack, data: bytes) -> int:
    """A descriptor, closed with the stack, that reads as `data`."""
    descriptor = os.memfd_create("oxidizer")
    stack.callback(os.close, descriptor)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _may_mount() -> bool:
    """Whether this process is root with CAP_SYS_ADMIN."""
    status = Path("/proc/self/status").read_text()
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    return os.geteuid() == 0 and bool(effective >> _CAP_SYS_ADMIN & 1)


def _tool(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin")
    if found is None:
        package = "bubblewrap" if name == "bwrap" else "util-linux, coreutils and dash"
        raise SandboxUnavailable(f"{name} is not installed: install {package}, or use --sandbox docker")
    return found
