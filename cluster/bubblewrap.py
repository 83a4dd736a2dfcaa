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
from oxidizer.cluster.capabilities import handed_on, held, may_mount
from oxidizer.cluster.collect import Collector
from oxidizer.cluster.command import INIT, LINGER, Command
from oxidizer.cluster.disk import open_disk
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import (
    CARGO_HOME,
    ENVIRONMENT,
    ETC,
    HOSTNAME,
    SHIMS,
    SOURCE,
    TARGET,
    TOOLCHAIN,
    USER_ID,
    Limits,
    Mounts,
    RunResult,
    SandboxUnavailable,
)
from oxidizer.cluster.terms import Terms

# Joins the control groups named before `--`, so that nothing of the command is ever outside them.
_JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 97; shift; done; shift; exec "$@"'
_ON_TERMINAL = 'env --default-signal setsid --ctty --wait "$@"'
"""Process 1 inside, for a command that a person types to: keys like Ctrl-C reach what runs, and nobody else.

Whoever started us may have had such signals ignored, which would pass on.
"""
_SETTINGS = ("sys", "sysrq-trigger")
_HIDDEN = ("kcore", "keys", "timer_list", "sched_debug", "latency_stats")
_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")


class BubblewrapSandbox:
    """Runs each command in a fresh bubblewrap; only the target folder lasts."""

    name = "bubblewrap"

    def __init__(
        self, mounts: Mounts, limits: Limits, *, privileged: bool | None = None, without: Promise | None = None
    ) -> None:
        """`privileged` (default: what this process may do) tells whether to use root's way; `without` is for proofs.

        Raises ValueError for a promise that bubblewrap keeps in any case.
        """
        if without is Promise.NO_NEW_PRIVILEGES:
            raise ValueError("bubblewrap itself sets no-new-privileges: there is no sandbox of it without")
        self._tools = self.check()
        self._mounts, self._terms = mounts, Terms(limits, without)
        self._privileged = may_mount() if privileged is None else privileged
        self._user = USER_ID if self._terms.keeps(Promise.USER) else os.geteuid()
        owner = self._user if self._privileged else os.geteuid()
        mounts.give_target(owner)
        self.target = Collector(mounts.target, follow_links=not self._terms.keeps(Promise.COLLECTION))
        self._group = cgroup.create(self._terms.limits) if self._privileged else None
        self._disk = open_disk(mounts.target, self._terms.limits, owner, may_mount=self._privileged)
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
        with self._start(argv, self._terms.environment(env), cwd) as command:
            return command.follow(self._terms.wall_s(wall_s), self._terms.silence_s(silence_s))

    def attach(
        self, argv: Sequence[str], terminal: int, *, env: Mapping[str, str], cwd: str = SOURCE
    ) -> subprocess.Popen[bytes]:
        """Start a command on a terminal (a descriptor), of which nobody bounds time, silence or output."""
        with contextlib.ExitStack() as stack:
            files = [(path, _memory_file(stack, data)) for path, data in self._files().items()]
            filters = _memory_file(stack, seccomp.bpf(uncounted=self._group is not None))
            inside = self._inside(argv, self._terms.environment(env), _ON_TERMINAL)
            return subprocess.Popen(
                [*self._join(), *self._bwrap(files, filters, cwd), *inside],
                stdin=terminal, stdout=terminal, stderr=terminal, env={}, cwd="/", start_new_session=True,
                pass_fds=[filters, *(descriptor for _, descriptor in files)],
            )  # fmt: skip

    @property
    def weaker(self) -> frozenset[Promise]:
        """See `Sandbox.weaker`."""
        found = set() if self._privileged else {Promise.USER}
        found |= set() if self._disk.enforced else {Promise.DISK, Promise.INODES}
        if self._group is None:
            # The kernel holds an ordinary user to a number of processes, but not root.
            found |= {Promise.MEMORY, Promise.CPU, *([Promise.PROCESSES] if os.geteuid() == 0 else [])}
        elif not self._group.bounds_swap and cgroup.has_swap():
            found.add(Promise.MEMORY)
        return frozenset(found)

    def close(self) -> None:
        """End whatever runs, remove the control group and unmount the target. Safe to call twice."""
        self._closed = True
        group, self._group = self._group, None
        try:
            if group is not None and self._terms.keeps(Promise.ENDS):
                group.kill()
                group.remove()
        finally:
            self._disk.close()

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
            filters = _memory_file(stack, seccomp.bpf(uncounted=self._group is not None))
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
            command = Command(process, ours, self._group, self._terms, self._disk)
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
        keeps = self._terms.keeps
        command = [self._tools["bwrap"], *_NAMESPACES, "--hostname", HOSTNAME, "--new-session"]
        command += ["--clearenv", "--as-pid-1", *self._capabilities()]
        command += ["--unshare-net"] if keeps(Promise.NETWORK) else []
        command += ["--die-with-parent"] if keeps(Promise.ENDS) else []
        command += ["--seccomp", str(filters)] if keeps(Promise.SYSTEM_CALLS) else []
        if not self._privileged:
            command += ["--unshare-user", "--disable-userns", "--uid", str(self._user), "--gid", str(self._user)]
        command += [*_system(), *self._processes(), *self._folders(), *self._small_files(files)]
        command += ["--remount-ro", "/dev", "--remount-ro", "/"] if keeps(Promise.READ_ONLY) else []
        return [*command, "--chdir", cwd, "--"]

    def _capabilities(self) -> list[str]:
        """What process 1 may: of root's ways only that to another user."""
        if not self._terms.keeps(Promise.CAPABILITIES):
            return ["--cap-add", "ALL"]
        entry = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP") if self._privileged else ()
        return ["--cap-drop", "ALL", *(word for name in entry for word in ("--cap-add", name))]

    def _processes(self) -> list[str]:
        """/proc, without what it tells of the kernel's insides, and without a way to set them."""
        command = ["--proc", "/proc"] if self._terms.keeps(Promise.PROCESSES_HIDDEN) else ["--ro-bind", *2 * ["/proc"]]
        for setting in (Path("/proc", name) for name in _SETTINGS):
            # They are open to the host's root, which a command is where root has no privileges to give away (a pod):
            # bubblewrap covers only what is writable to itself, and a pattern for core dumps names a program.
            if setting.exists() and self._terms.keeps(Promise.READ_ONLY):
                command += ["--ro-bind", str(setting), str(setting)]
        for name in _HIDDEN:
            if Path("/proc", name).exists():
                command += ["--ro-bind", "/dev/null", f"/proc/{name}"]
        return command

    def _folders(self) -> list[str]:
        mounts, terms = self._mounts, self._terms
        shown = [(mounts.source, SOURCE), (mounts.toolchain, TOOLCHAIN), (mounts.shims, SHIMS)]
        shown += [(mounts.registry, f"{CARGO_HOME}/registry"), (mounts.git, f"{CARGO_HOME}/git")]
        owner = ["--perms", "1777"] if self._privileged else ["--perms", "0700"]
        command = ["--size", str(terms.shm_bytes), "--perms", "1777", "--tmpfs", "/dev/shm"]
        command += ["--size", str(terms.limits.tmp_bytes), "--perms", "1777", "--tmpfs", "/tmp"]
        for host in terms.host_folders(mounts):
            # Those that bubblewrap makes by itself are closed to others.
            above = [str(folder) for folder in reversed(host.parents)][1:]
            command += [word for folder in above for word in ("--perms", "0755", "--dir", folder)]
            command += ["--ro-bind", str(host), str(host)]
        for made in ("/box", "/opt", CARGO_HOME):
            command += ["--perms", "0755", "--dir", made]
        command += ["--size", str(terms.home_bytes), *owner, "--tmpfs", ENVIRONMENT["HOME"]]
        bind = "--ro-bind" if terms.keeps(Promise.READ_ONLY) else "--bind"
        for folder, inside in shown:
            command += [bind, str(folder), inside] if folder is not None else []
        return [*command, "--bind", str(mounts.target), TARGET]

    def _small_files(self, files: list[tuple[str, int]]) -> list[str]:
        bind = "--ro-bind-data" if self._terms.keeps(Promise.READ_ONLY) else "--bind-data"
        return [word for path, descriptor in files for word in ("--perms", "0444", bind, str(descriptor), path)]

    def _inside(self, argv: Sequence[str], env: Mapping[str, str], init: str | None = None) -> list[str]:
        limits, keeps = self._terms.limits, self._terms.keeps
        command = [self._tools["sh"], "-c", init or (INIT if keeps(Promise.ENDS) else LINGER), "init"]
        if self._privileged:
            ids = [f"--reuid={self._user}", f"--regid={self._user}", "--clear-groups"]
            capabilities = ["--inh-caps=-all", "--bounding-set=-all"]
            if not keeps(Promise.CAPABILITIES):
                capabilities = handed_on(held())
            command += [self._tools["setpriv"], *ids, "--no-new-privs", *capabilities]
        command += [self._tools["prlimit"], f"--nofile={limits.open_files}", f"--fsize={limits.file_bytes}"]
        command += ["--core=0", "--memlock=65536", "--msgqueue=0"]
        if self._group is None:
            # The watcher judges what is resident; this bounds one process between two looks.
            command += [f"--nproc={limits.processes}", f"--data={2 * limits.memory_bytes}"]
        return [*command, self._tools["env"], "-i", *(f"{key}={value}" for key, value in env.items()), *argv]


def _system() -> list[str]:
    """The host's /usr and what little of /etc and /dev a compiler needs."""
    command = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        folder = Path("/", name)
        if folder.is_symlink():
            command += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            command += ["--ro-bind", str(folder), str(folder)]
    # A container's image has a local time; without one tests of time zones fail.
    command += ["--perms", "0755", "--dir", "/etc", "--symlink", "/usr/share/zoneinfo/Etc/UTC", "/etc/localtime"]
    for file in ("/etc/alternatives", "/etc/ld.so.cache"):
        command += ["--ro-bind-try", file, file]
    # Empty, as in a container: tests ask whether there is one.
    command += ["--size", "4096", "--perms", "0555", "--tmpfs", "/sys", "--remount-ro", "/sys"]
    return [*command, "--dev", "/dev"]


def _memory_file(stack: contextlib.ExitStack, data: bytes) -> int:
    """A descriptor, closed with the stack, that reads as `data`."""
    descriptor = os.memfd_create("oxidizer")
    stack.callback(os.close, descriptor)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _tool(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin")
    if found is None:
        package = "bubblewrap" if name == "bwrap" else "util-linux, coreutils and dash"
        raise SandboxUnavailable(f"{name} is not installed: install {package}, or use --sandbox docker")
    return found
