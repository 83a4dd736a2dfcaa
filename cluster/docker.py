"""The sandbox in Docker: one container, kept between commands, with the toolchain of the image.

The container ends when this worker does, however that dies (see `container.py`). After anything odd (a limit, a
leftover process) it is discarded and the next command gets a fresh one; the target folder stays. Not promised: a daemon
on another machine, whose folders are not ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import docker
from docker.errors import APIError
from docker.types import LogConfig, Mount, Ulimit

from oxidizer.cluster import cgroup, seccomp
from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.collect import Collector
from oxidizer.cluster.container import LIFE_S, LINGER, MAIN, OWN_PROCESSES, TROUBLE, Container, cause_of, host_user
from oxidizer.cluster.disk import Disk, WatchedFolder, open_disk
from oxidizer.cluster.image import ImageError, image_tag
from oxidizer.cluster.labels import Label
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import (
    CARGO_HOME,
    ENVIRONMENT,
    ETC,
    HOSTNAME,
    SHIMS,
    SOURCE,
    TARGET,
    Limits,
    Mounts,
    RunResult,
    SandboxUnavailable,
    Status,
)
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.terms import Terms
from oxidizer.cluster.volume import Volume

_PERIOD_US = 100_000
_MARK = "oxidizer."
_LABEL_KEYS = ("run", "host", "place", "pid", "started")


class DockerSandbox:
    """Runs commands in a container without network; only the target folder lasts."""

    name = "docker"

    def __init__(
        self,
        mounts: Mounts,
        limits: Limits,
        *,
        image: str | None = None,
        runtime: str | None = None,
        without: Promise | None = None,
    ) -> None:
        """`image` defaults to the toolchain's own; `runtime` is Docker's, e.g. `runsc` for gVisor.

        `without` is for proofs.
        """
        self._mounts, self._terms, self._runtime = mounts, Terms(limits, without), runtime
        mounts.give_target(host_user(self._terms))
        self.target = Collector(mounts.target, follow_links=not self._terms.keeps(Promise.COLLECTION))
        self._client = connect()
        self._image = image or _image_of(mounts.toolchain)
        try:
            there = bool(self._client.images.list(name=self._image))
        except TROUBLE as error:
            raise SandboxUnavailable(f"Docker went away ({cause_of(error)}); see that the daemon runs") from error
        if not there:
            raise SandboxUnavailable(
                f"Docker has no image {self._image}: run `oxidizer image build`, or use --sandbox bubblewrap"
            )
        self._swaps = cgroup.has_swap() and not self._client.info().get("SwapLimit")
        self._kept = ExitStack()
        self._files = self._kept.enter_context(scratch("files"))
        user = host_user(self._terms)
        self._disk: Disk = open_disk(mounts.target, self._terms.limits, user, may_mount=may_mount())
        self._container: Container | None = None
        self._closed = False

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
        variables = [f"{key}={value}" for key, value in self._terms.environment(env).items()]
        wall_s = self._terms.wall_s(wall_s)
        try:
            container = self._ready(wall_s)
            command = ["/usr/bin/env", "-i", *variables, *argv]
            result = container.run(command, cwd, wall_s, self._terms.silence_s(silence_s))
        except TROUBLE as error:
            self._discard()
            raise SandboxUnavailable(
                f"Docker failed ({cause_of(error)}); see that the daemon runs and has room, or use --sandbox bubblewrap"
            ) from error
        except BaseException:
            self._discard()
            raise
        left = result.leftovers and self._terms.keeps(Promise.ENDS)
        if left or result.status not in (Status.OK, Status.FAILED):
            self._discard()
        return result

    @property
    def weaker(self) -> frozenset[Promise]:
        """See `Sandbox.weaker`; known for sure once a command has run."""
        found = set() if self._disk.enforced else {Promise.DISK, Promise.INODES}
        found |= set() if os.geteuid() == 0 else {Promise.USER}
        found |= {Promise.MEMORY} if self._swaps else set()
        return frozenset(found)

    def close(self) -> None:
        """End whatever runs and remove the container. Safe to call twice."""
        if not self._closed:
            self._closed = True
            try:
                if self._container is not None and not self._terms.keeps(Promise.ENDS):
                    self._container.leave()
                else:
                    self._discard()
            finally:
                self._disk.close()
                self._client.close()
                self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self, wall_s: float) -> Container:
        """The container, a fresh one where there is none that lives long enough."""
        if self._container is not None and self._container.age_s + wall_s > LIFE_S:
            self._discard()
        if self._container is None:
            self._container = Container(self._client, self._create(), self._terms, self._disk)
            if isinstance(self._disk, Volume) and not self._container.shows(self._disk.device, TARGET):
                self._do_without_volume()
                self._container = Container(self._client, self._create(), self._terms, self._disk)
        return self._container

    def _do_without_volume(self) -> None:
        """A daemon in a mount namespace of its own does not see what we mount."""
        self._discard()
        self._disk.close()
        self._disk = WatchedFolder(self._mounts.target, self._terms.limits)

    def _discard(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.remove()

    def _create(self) -> str:
        created = self._client.api.create_container(
            image=self._image,
            command=["sh", "-c", MAIN if self._terms.keeps(Promise.ENDS) else LINGER],
            user="0:0",
            stdin_open=True,
            environment={},
            hostname=HOSTNAME,
            working_dir="/",
            labels=_labels(),
            host_config=self._client.api.create_host_config(**self._host_config()),
        )
        return str(created["Id"])

    def _host_config(self) -> dict[str, Any]:
        limits, keeps = self._terms.limits, self._terms.keeps
        scratch = "rw,exec,nosuid,nodev,mode=1777,size="
        sizes = {"/tmp": limits.tmp_bytes, ENVIRONMENT["HOME"]: self._terms.home_bytes}
        ulimits = {"nofile": limits.open_files, "fsize": limits.file_bytes, "core": 0, "memlock": 65536, "msgqueue": 0}
        return {
            "network_mode": "none" if keeps(Promise.NETWORK) else "host",
            "pid_mode": None if keeps(Promise.PROCESSES_HIDDEN) else "host",
            "read_only": keeps(Promise.READ_ONLY),
            "cap_drop": ["ALL"] if keeps(Promise.CAPABILITIES) else [],
            "security_opt": self._security(),
            "pids_limit": limits.processes + OWN_PROCESSES,
            "mem_limit": limits.memory_bytes,
            "memswap_limit": limits.memory_bytes,
            "cpu_period": _PERIOD_US,
            "cpu_quota": int(limits.cpus * _PERIOD_US),
            "ulimits": [Ulimit(name=name, soft=value, hard=value) for name, value in ulimits.items()],
            # The machine's devices and groups are nobody's business, and no other backend shows them.
            "tmpfs": {"/sys": "ro,mode=0555,size=4k"} | {folder: f"{scratch}{size}" for folder, size in sizes.items()},
            "shm_size": self._terms.shm_bytes,
            "ipc_mode": "private",
            "log_config": LogConfig(type="none"),
            "auto_remove": True,
            "runtime": self._runtime,
            "mounts": self._binds(),
        }

    def _security(self) -> list[str]:
        kept = {
            Promise.NO_NEW_PRIVILEGES: "no-new-privileges:true",
            Promise.SYSTEM_CALLS: f"seccomp={seccomp.docker_profile()}",
        }
        options = [option for promise, option in kept.items() if self._terms.keeps(promise)]
        return options if self._terms.keeps(Promise.SYSTEM_CALLS) else [*options, "seccomp=unconfined"]

    def _binds(self) -> list[Mount]:
        mounts = self._mounts
        shown = {SOURCE: mounts.source, SHIMS: mounts.shims}
        shown |= {f"{CARGO_HOME}/registry": mounts.registry, f"{CARGO_HOME}/git": mounts.git}
        for index, (inside, data) in enumerate({**ETC, **mounts.files}.items()):
            shown[inside] = self._files / str(index)
            (self._files / str(index)).write_bytes(data)
            (self._files / str(index)).chmod(0o444)
        read_only = self._terms.keeps(Promise.READ_ONLY)
        binds = [
            Mount(inside, str(host.resolve()), type="bind", read_only=read_only)
            for inside, host in shown.items()
            if host is not None
        ]
        for folder in self._terms.host_folders(mounts):
            binds.append(Mount(str(folder), str(folder), type="bind", read_only=True))
        return [*binds, Mount(TARGET, str(mounts.target.resolve()), type="bind")]


def connect() -> docker.DockerClient:
    """A client of the daemon that the environment names; SandboxUnavailable where none answers."""
    try:
        return docker.from_env()
    except TROUBLE as error:
        raise SandboxUnavailable(
            f"no Docker daemon answers ({cause_of(error)}): start one, or use --sandbox bubblewrap"
        ) from error


def labelled(client: docker.DockerClient) -> list[tuple[Label, str]]:
    """The daemon's containers that are sandboxes, each with its maker's label and its id."""
    found = []
    for container in client.api.containers(all=True, filters={"label": "oxidizer=sandbox"}):
        told = {key.removeprefix(_MARK): text for key, text in container["Labels"].items() if key.startswith(_MARK)}
        if label := Label.of_plain({key: told.get(key) for key in _LABEL_KEYS}):
            found.append((label, str(container["Id"])))
    return found


def remove(name: str) -> None:
    """Kill and remove a container; nothing if it went by itself. Raises SandboxUnavailable, or what the client does."""
    with closing(connect()) as client:
        try:
            client.api.remove_container(name, force=True, v=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # gone already, or going by itself
                raise


def _labels() -> dict[str, str]:
    label = Label.own()
    told = {f"{_MARK}{key}": str(value) for key, value in label.plain.items()}
    return {"oxidizer": "sandbox", f"{_MARK}owner": f"{label.host}:{label.pid}", **told}


def _image_of(toolchain: Path) -> str:
    try:
        return image_tag(toolchain)
    except ImageError as error:
        raise SandboxUnavailable(str(error)) from error
