"""Nothing outlives a command, a sandbox or a killed worker, on every backend; and a container that goes is no label."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from oxidizer.cluster.container import DaemonGauge
from oxidizer.cluster.docker import DockerSandbox, connect
from oxidizer.cluster.leftovers import Kind, Trace, survey, sweep
from oxidizer.cluster.sandbox import Mounts, Sandbox, SandboxUnavailable, Status
from tests.integration.boxes import LIMITS, Open, sh
from tests.integration.living import sleepers

pytestmark = pytest.mark.machine
only_docker = pytest.mark.parametrize("backend", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True)


def gone_within(seconds: str, limit_s: float) -> bool:
    deadline_s = time.monotonic() + limit_s
    while sleepers(seconds) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return not sleepers(seconds)


def test_daemons_do_not_outlive_the_command(box: Sandbox) -> None:
    seconds = f"9{os.getpid()}"
    # Both hold the output pipe, which must not hang us either.
    result = sh(box, f"setsid sleep {seconds} & (setsid sleep {seconds} &); echo done")
    assert (result.status, result.exit_code, result.stdout, result.leftovers) == (Status.OK, 0, b"done\n", 2)
    assert result.wall_s < 5
    assert gone_within(seconds, 2.0)


WORKER = """
import sys
from pathlib import Path
from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.sandbox import Limits, Mounts
backend, source, target, toolchain, seconds = sys.argv[1:]
mounts = Mounts(source=Path(source), target=Path(target), toolchain=Path(toolchain))
if backend == "bubblewrap-user":
    box = BubblewrapSandbox(mounts, Limits(), privileged=False)
else:
    box = open_sandbox(backend, mounts, Limits())
box.run(["sh", "-c", f"setsid sleep {seconds} & sleep {seconds}"])
"""


def left_by(pid: int) -> list[Trace]:
    """What a dead worker left that is still there."""
    return [trace for trace in survey().dead if trace.label.pid == pid]


def test_a_killed_worker_leaves_nothing_that_the_next_one_does_not_find(
    opened: Open, backend: str, mounts: Mounts
) -> None:
    seconds = f"8{os.getpid()}"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, backend, mounts.source, mounts.target, mounts.toolchain, seconds],
        cwd=Path(__file__).parents[2],
    )
    deadline_s = time.monotonic() + 15
    while len(sleepers(seconds)) < 2 and time.monotonic() < deadline_s:
        assert worker.poll() is None
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert gone_within(seconds, 5.0)
    if backend == "docker":
        assert containers_of(worker.pid, wanted=0) == []
    kinds = {trace.kind for trace in left_by(worker.pid)}
    assert kinds == {"docker": {Kind.FOLDER}, "bubblewrap": {Kind.GROUP}, "bubblewrap-user": set()}[backend]
    deadline_s = time.monotonic() + 5
    with opened() as living:
        # What a killed process cannot remove itself, a sweep does; the kernel may hold its group for a moment.
        while left := left_by(worker.pid):
            assert time.monotonic() < deadline_s, left
            sweep()
        assert sh(living, "echo well").stdout == b"well\n"


def containers_of(pid: int, wanted: int) -> list[str]:
    """The containers of a worker, once there are `wanted` or after 5 s."""
    client = connect()
    label = f"oxidizer.owner={socket.gethostname()}:{pid}"
    deadline_s = time.monotonic() + 5
    found = client.api.containers(all=True, filters={"label": label})
    while len(found) != wanted and time.monotonic() < deadline_s:
        time.sleep(0.1)
        found = client.api.containers(all=True, filters={"label": label})
    client.close()
    return [container["Id"] for container in found]


def test_close_twice_keeps_the_targets_folder(opened: Open, mounts: Mounts) -> None:
    with opened() as sandbox:
        assert sh(sandbox, "echo kept >/box/target/closed").ok
        assert sandbox.target.read("closed", 100) == b"kept\n"
        sandbox.close()
        sandbox.close()
        with pytest.raises(ValueError, match="closed"):
            sandbox.run(["true"])
    assert mounts.target.is_dir()


@only_docker
def test_the_daemon_tells_what_the_control_group_does(docker_image: str, mounts: Mounts) -> None:
    with DockerSandbox(mounts, LIMITS, image=docker_image) as sandbox:
        assert sandbox.run(["perl", "-e", "$i++ while $i < 1e7"]).ok
        (name,) = containers_of(os.getpid(), wanted=1)
        client = connect()
        gauge = DaemonGauge(client.api, name)
        assert (gauge.processes(), gauge.oom_kills()) == (3, 0)
        assert gauge.cpu_s() > 0.1
        assert gauge.resident_bytes() > 0
        client.close()


@only_docker
def test_a_missing_image_says_how_to_get_it(docker_image: str, mounts: Mounts) -> None:
    with pytest.raises(SandboxUnavailable, match="oxidizer image build"):
        DockerSandbox(mounts, LIMITS, image="oxidizer-toolchain:none")


@only_docker
def test_a_container_that_goes_by_itself_is_no_label(docker_image: str, mounts: Mounts) -> None:
    with DockerSandbox(mounts, LIMITS, image=docker_image) as sandbox:
        assert sandbox.run(["true"]).ok
        (name,) = containers_of(os.getpid(), wanted=1)
        client = connect()
        client.api.remove_container(name, force=True)
        client.close()
        with pytest.raises(SandboxUnavailable):
            sandbox.run(["true"])
        assert sandbox.run(["true"]).ok


@only_docker
def test_a_container_that_is_killed_with_its_command_is_no_failure_of_the_command(
    docker_image: str, mounts: Mounts
) -> None:
    """All in it is killed at once, and the daemon tells of an exit code as for any other command."""
    seconds = f"4{os.getpid()}"

    def kill() -> None:
        while not sleepers(seconds):
            time.sleep(0.02)
        (name,) = containers_of(os.getpid(), wanted=1)
        client = connect()
        os.kill(client.api.inspect_container(name)["State"]["Pid"], signal.SIGKILL)
        client.close()

    with DockerSandbox(mounts, LIMITS, image=docker_image) as sandbox:
        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(SandboxUnavailable):
            sandbox.run(["sleep", seconds])
        killer.join()
        result = sh(sandbox, "kill -9 $$")
        assert (result.status, result.exit_code) == (Status.FAILED, 137)
