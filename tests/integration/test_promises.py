"""Every promise on every backend: it stands as `standings()` says, and its probe does the harm where it is off.

Three outcomes: kept, where the attempt fails; weaker, where the harm begins and the sandbox ends it; absent. To add a
promise, add a probe to `cluster/probes.py`.
"""

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.probes import LIMITS, PROBES
from oxidizer.cluster.promises import Level, Promise, Standing
from oxidizer.cluster.sandbox import Limits, Mounts, Sandbox
from oxidizer.cluster.standings import PromiseBroken, judge, require_of, scene, standings
from oxidizer.cluster.toolchain import Toolchain

BY_PROMISE = {probe.promise: probe for probe in PROBES}
AN_ORDINARY_USERS = {
    Promise.USER: Level.ABSENT,
    Promise.CPU: Level.ABSENT,
    Promise.MEMORY: Level.WEAKER,
    Promise.DISK: Level.WEAKER,
    Promise.INODES: Level.WEAKER,
    # The kernel holds nobody to a number of processes who is root outside.
    **({Promise.PROCESSES: Level.WEAKER} if os.geteuid() == 0 else {}),
}
"""What bubblewrap does not keep without root; the rest it does."""


@contextlib.contextmanager
def opened(backend: str, mounts: Mounts, limits: Limits, without: Promise | None = None) -> Iterator[Sandbox]:
    if backend == "bubblewrap-user":
        with BubblewrapSandbox(mounts, limits, privileged=False, without=without) as box:
            yield box
    else:
        with open_sandbox(backend, mounts, limits, without=without) as box:
            yield box


@pytest.fixture(scope="module")
def table(backend: str, toolchain: Toolchain) -> dict[Promise, Standing]:
    found = standings(
        backend.removesuffix("-user"),
        toolchain.sysroot,
        open_box=lambda mounts, limits: opened(backend, mounts, limits),
    )
    assert [standing.promise for standing in found] == list(Promise)
    return {standing.promise: standing for standing in found}


def expected(backend: str) -> dict[Promise, Level]:
    known = AN_ORDINARY_USERS if backend == "bubblewrap-user" or not may_mount() else {}
    return {promise: known.get(promise, Level.KEPT) for promise in Promise}


@pytest.mark.parametrize("promise", Promise)
def test_it_stands_as_is_told(table: dict[Promise, Standing], backend: str, promise: Promise) -> None:
    told = table[promise]
    assert told.level is expected(backend)[promise], told
    assert told.how
    assert bool(told.remedy) == (told.level is not Level.KEPT)


@pytest.mark.parametrize("promise", Promise)
def test_its_probe_does_the_harm_where_it_is_off(
    backend: str, promise: Promise, tmp_path: Path, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OXIDIZER_SECRET", "1")
    probe = BY_PROMISE[promise]

    def open_box(mounts: Mounts, limits: Limits) -> contextlib.AbstractContextManager[Sandbox]:
        return opened(backend, mounts, limits, promise)

    if promise is Promise.NO_NEW_PRIVILEGES and backend != "docker":
        # Bubblewrap sets it in any case: only outside of it is there a command without.
        with pytest.raises(ValueError, match="bubblewrap itself"):
            judge([probe], tmp_path, toolchain.sysroot, open_box)
        assert b"breach" in subprocess.run(["bash", "-c", probe.script], capture_output=True).stdout
        return
    # Where others work, there may be no more than its share of the processors to be had.
    found = (judge([probe], tmp_path, toolchain.sysroot, open_box)[promise] for _ in range(3))
    assert Level.ABSENT in found


@pytest.mark.parametrize("promise", [Promise.MEMORY, Promise.DISK, Promise.INODES])
@pytest.mark.parametrize("backend", ["bubblewrap-user"], indirect=True)
def test_what_is_weaker_is_ended_though_late(
    backend: str, promise: Promise, tmp_path: Path, toolchain: Toolchain
) -> None:
    probe = BY_PROMISE[promise]
    limits = Limits(**{**vars(LIMITS), **probe.limits})
    with scene(tmp_path, toolchain.sysroot, lambda m, asked: opened(backend, m, asked), limits) as around:
        result = around.box.run(["bash", "-c", probe.script])
        assert result.status is probe.ended
        over = {
            Promise.MEMORY: result.peak_bytes > limits.memory_bytes,
            Promise.DISK: b"breach" in result.stdout,
            Promise.INODES: len(list(around.target.iterdir())) > limits.inodes,
        }
        assert over[promise], "the watcher saw it only after it was done"


def test_a_sandbox_knows_what_it_only_watches(backend: str, tmp_path: Path, toolchain: Toolchain) -> None:
    with scene(tmp_path, toolchain.sysroot, lambda m, limits: opened(backend, m, limits), LIMITS) as around:
        around.box.run(["true"])
        lost = {promise for promise, level in expected(backend).items() if level is not Level.KEPT}
        assert around.box.weaker == lost
        require_of(around.box, lost)
        if lost:
            with pytest.raises(PromiseBroken, match=r"cpu, disk, inodes.*doctor --sandbox"):
                require_of(around.box, lost - {Promise.CPU, Promise.DISK, Promise.INODES})


@pytest.mark.skipif(os.geteuid() != 0, reason="this is an ordinary user")
def test_an_ordinary_user_has_what_is_said_of_him(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of ours that became one: no second user, no control group, no mount; but a number of processes."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as told:
        Path(folder).chmod(0o777)
        monkeypatch.setenv("OXIDIZER_SCRATCH", f"{folder}/scratch")
        if not (child := os.fork()):
            try:
                os.setgroups([])
                os.setresgid(10002, 10002, 10002)
                os.setresuid(10002, 10002, 10002)
                found = standings("bubblewrap", Path("/usr"))
                told.write(json.dumps({standing.promise: standing.level for standing in found}).encode())
                told.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        told.seek(0)
        lost = {promise: level for promise, level in json.load(told).items() if level != Level.KEPT}
    assert lost == {promise: level for promise, level in AN_ORDINARY_USERS.items() if promise is not Promise.PROCESSES}
