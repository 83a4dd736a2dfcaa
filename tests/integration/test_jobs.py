"""`ray job submit --working-dir . -- oxidizer mine ...` from a checkout, against a Ray cluster of this test's own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
LIBRARY = "pub fn twice(a: u32) -> u32 { return a * 2; }\n#[test]\nfn two() { assert_eq!(twice(1), 2); }\n"


def free_port() -> int:
    """A port that nobody listens on, below those that Ray gives to its workers."""
    for port in range(6400, 9900):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) and port != 8265:
                return port
    raise AssertionError("no free port")


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a dashboard; the cluster has two CPUs and ends with the tests."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="rj") as folder:
        dashboard = port + 1
        command = [
            BIN / "ray", "start", "--head", "--block", f"--port={port}", f"--dashboard-port={dashboard}",
            "--num-cpus=3", f"--ray-client-server-port={port + 2}", f"--dashboard-agent-listen-port={port + 3}",
            f"--temp-dir={folder}/r", "--disable-usage-stats",
        ]  # fmt: skip
        env = {**os.environ, "RAY_AUTH_MODE": "disabled", "PATH": f"{BIN}:{os.environ['PATH']}"}
        head = subprocess.Popen(
            list(map(str, command)),
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{dashboard}"
            wait_for(f"{address}/api/version")
            yield address
        finally:
            head.terminate()
            with suppress(subprocess.TimeoutExpired):
                head.wait(10)
            for pid in processes_that_name(folder):
                os.kill(pid, signal.SIGKILL)


def processes_that_name(folder: str) -> list[int]:
    """What is left of the cluster: its processes have its folder on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if folder.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_for(url: str) -> None:
    """Until the dashboard answers."""
    for _ in range(120):
        try:
            urllib.request.urlopen(url, timeout=2).read()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the dashboard does not answer")


def submitted(command: list[object], folder: Path) -> subprocess.CompletedProcess[str]:
    """The finished command; the dashboard answers some seconds before the agent that takes jobs is there."""
    for _ in range(10):
        done = subprocess.run(
            list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=240,
            env={**os.environ, "RAY_AUTH_MODE": "disabled"}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if "No available agent" not in done.stderr:
            break
        time.sleep(2)
    return done


@pytest.mark.slow
def test_a_submitted_job_mines(cluster: str, tmp_path: Path, root: Path) -> None:
    (tmp_path / "tiny/src").mkdir(parents=True)
    (tmp_path / "tiny/src/lib.rs").write_text(LIBRARY)
    (tmp_path / "tiny/Cargo.toml").write_text(
        '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n'
    )
    (tmp_path / "list.toml").write_text('[[crate]]\npath = "tiny"\n')
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[limits]\nmemory_bytes = 1_000_000_000\n")
    tmp_path.chmod(0o755)
    submit = [BIN / "ray", "job", "submit", "--address", cluster, "--working-dir", ".", "--"]
    mine = [
        "oxidizer",
        "mine",
        "--list",
        tmp_path / "list.toml",
        "--recipe",
        recipe,
        "--sandbox",
        "bubblewrap",
        "--out",
    ]
    done = submitted([*submit, *mine, tmp_path / "run"], root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mined tiny" in done.stdout
    (unit,) = (tmp_path / "run").glob("units/*/unit.json")
    assert json.loads(unit.read_text())["counts"]["kept"] > 0
