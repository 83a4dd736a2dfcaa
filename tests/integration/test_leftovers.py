"""`oxidizer doctor --clean`: what a worker that was killed left goes, on every backend; what lives beside it stays."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from oxidizer.cluster.docker import connect, labelled
from oxidizer.cluster.labels import new_run
from oxidizer.cluster.leftovers import Kind, Trace, survey
from oxidizer.cluster.sandbox import Mounts
from tests.integration.living import sleepers, wait_until
from tests.integration.test_sandbox_ends import gone_within
from tests.integration.typed import oxidizer

pytestmark = pytest.mark.machine
WORKER = """
import sys
from pathlib import Path
from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.sandbox import Limits, Mounts
from oxidizer.cluster.scratch import scratch
backend, source, toolchain, does = sys.argv[1:]
with scratch("crate") as folder:
    (folder / "small").write_text("x")
    mounts = Mounts(source=Path(source), target=folder / "target", toolchain=Path(toolchain))
    if backend == "bubblewrap-user":
        box = BubblewrapSandbox(mounts, Limits(), privileged=False)
    else:
        box = open_sandbox(backend, mounts, Limits())
    if does == "create":
        print(box._create(), flush=True)
        sys.stdin.read()
    box.run(["sh", "-c", f"setsid sleep {does} & sleep {does}"])
"""


@pytest.fixture(autouse=True)
def scratches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OXIDIZER_SCRATCH", str(tmp_path / "scratch"))
    tmp_path.chmod(0o755)
    return tmp_path / "scratch"


@contextmanager
def worker(root: Path, run: str, backend: str, mounts: Mounts, does: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker of a run that has a crate at work, until it is ended."""
    argv = [sys.executable, "-c", WORKER, backend, str(mounts.source), str(mounts.toolchain), does]
    env = {**os.environ, "OXIDIZER_RUN": run}
    with subprocess.Popen(
        argv, cwd=root, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        try:
            if does == "create":
                assert process.stdout is not None
                assert process.stdout.readline()
            else:
                wait_until(lambda: len(sleepers(does)) == 2)
            yield process
        finally:
            process.kill()


def of(run: str, traces: list[Trace]) -> list[Trace]:
    return [trace for trace in traces if trace.label.run == run]


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_only_what_the_dead_worker_left_goes(root: Path, backend: str, mounts: Mounts, scratches: Path) -> None:
    living, dead = new_run(), new_run()
    stays, ends = f"6{os.getpid()}", f"5{os.getpid()}"
    with worker(root, living, backend, mounts, stays), worker(root, dead, backend, mounts, ends) as killed:
        kill(killed)
        assert gone_within(ends, 5.0)
        # A container goes by itself, a moment after what ran in it.
        wait_until(lambda: all(trace.kind is not Kind.CONTAINER for trace in of(dead, survey().dead)))
        left = of(dead, survey().dead)
        folders = {"docker": 2, "bubblewrap": 1, "bubblewrap-user": 1}[backend]
        assert [trace.kind for trace in left if trace.kind is Kind.FOLDER] == [Kind.FOLDER] * folders
        assert any(trace.kind is Kind.GROUP for trace in left) == (backend == "bubblewrap" and os.geteuid() == 0)
        kept = of(living, survey().spared)
        assert {trace.kind for trace in kept} - {Kind.FOLDER} == {
            "docker": {Kind.CONTAINER}, "bubblewrap": {Kind.GROUP}, "bubblewrap-user": set(),
        }[backend]  # fmt: skip

        listed = oxidizer("doctor", "--clean", "--dry-run")
        assert listed.returncode == 0
        for trace in left:
            assert f"left behind {trace.kind} {trace.name}: of run {dead}, process {killed.pid}" in listed.stdout
        assert {trace.name for trace in of(dead, survey().dead)} == {trace.name for trace in left}

        done = oxidizer("doctor", "--clean")
        assert done.returncode == 0, done.stdout
        assert len(re.findall(rf"(?m)^removed .* of run {dead}, .* which is gone$", done.stdout)) == len(left)
        assert not re.search(rf"(?m)^(removed|still there) .*{living}", done.stdout)
        for trace in kept:
            assert re.search(rf"(?m)^left alone {trace.kind} {re.escape(trace.name)}: .* which lives$", done.stdout)
        assert of(dead, list(survey().traces)) == []
        assert {trace.name for trace in of(living, survey().spared)} == {trace.name for trace in kept}
        assert len(sleepers(stays)) == 2
        assert [path.read_text() for path in scratches.glob("*/small")] == ["x"]


@pytest.mark.docker
def test_a_container_that_was_never_started_goes(root: Path, mounts: Mounts) -> None:
    """No stream ends it, since it had none yet: it would stay for ever."""
    run = new_run()
    with worker(root, run, "docker", mounts, "create") as killed:
        kill(killed)
    with closing(connect()) as client:
        assert [label.pid for label, _ in labelled(client) if label.run == run] == [killed.pid]
        assert oxidizer("doctor", "--clean").returncode == 0
        assert [label.pid for label, _ in labelled(client) if label.run == run] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_what_cannot_be_removed_is_told_and_is_a_failure(root: Path, tmp_path: Path) -> None:
    code = """
import subprocess, sys
from oxidizer.cluster.scratch import scratch
with scratch("sized") as folder:
    (folder / "mount").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder / "mount"], check=True)
    print(folder, flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        kill(process)
    with (folder / "mount/file").open("w"):
        done = oxidizer("doctor", "--clean")
        assert done.returncode == 1
        assert f"still there mount {folder}/mount: umount: {folder}/mount: target is busy" in done.stdout
        assert folder.exists()
    assert oxidizer("doctor", "--clean").returncode == 0
    assert not folder.exists()


def test_a_machine_without_a_daemon_and_without_leftovers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    done = oxidizer("doctor", "--clean")
    assert done.returncode == 0
    assert "not looked at containers: no Docker daemon answers" in done.stdout
    assert "No dead run left anything behind." in oxidizer("doctor", "--clean").stdout
    assert oxidizer("doctor", "--dry-run").returncode == 2
