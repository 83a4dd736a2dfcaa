"""What the suite itself sees: what a crate left, what of the host changed, and what that means for a cell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.promises import Promise
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from tests.hostile import trial
from tests.hostile.case import LIMITS, Case, Evidence
from tests.hostile.good import GOOD
from tests.hostile.grounds import clear_grounds
from tests.hostile.host import Host
from tests.hostile.stage import Stage
from tests.hostile.strays import strays
from tests.hostile.trial import Outcome, by_worker_of, open_box, prove

# It says nothing of where it comes from, by no argument, variable or folder.
_NAMELESS = "cd /; for n in 1 2 3; do setsid sleep 30 </dev/null >/dev/null 2>&1 & done; sleep 0.3"


@pytest.mark.parametrize("backend", [pytest.param("docker", marks=pytest.mark.docker), "bubblewrap", "bubblewrap-user"])
def test_whatever_a_crate_leaves_is_seen_and_ended(backend: str, ground: Path, toolchain: Toolchain) -> None:
    stage = Stage(GOOD, ground / "on", toolchain)
    mounts = stage.mounts(backend)

    def leave() -> None:
        with open_box(backend, mounts, LIMITS, Promise.ENDS) as box:
            box.run(["bash", "-c", _NAMELESS])

    with stage:
        by_worker_of(backend, stage, mounts, leave)
        found = stage.leavings(patience_s=0.0)
        assert sum(words.startswith("process") for words in found) >= 3, found
        stage.clear()
        assert stage.leavings() == []


_OUTSIDE: dict[str, Callable[[Path], dict[str, Any]]] = {
    "stands in it": lambda folder: {"args": ["sleep", "30"], "cwd": folder},
    "has it in a variable": lambda folder: {"args": ["sleep", "30"], "env": {"PLACE": f"{folder}/target"}},
    "has it for an argument": lambda folder: {"args": ["sh", "-c", "sleep 30; :", folder]},
}


@pytest.mark.parametrize("way", _OUTSIDE)
def test_a_process_outside_of_every_sandbox_is_seen(way: str, tmp_path: Path) -> None:
    process = subprocess.Popen(**_OUTSIDE[way](tmp_path), start_new_session=True)
    try:
        assert process.pid in strays(tmp_path)
        assert strays(tmp_path / "other") == []
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert strays(tmp_path) == []


def test_what_changes_on_the_machine_is_seen(tmp_path: Path) -> None:
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel").mkdir(parents=True)
    for name in ("etc", "bin", "lib"):
        (tmp_path / name).mkdir()
    for name in ("etc/hosts", "bin/rustc", *(f"proc/sys/kernel/{n}" for n in ("core_pattern", "modprobe"))):
        (tmp_path / name).write_text("x")
    host = Host(tmp_path, tmp_path)
    assert host.changes() == []
    before = (tmp_path / "etc/hosts").stat()
    (tmp_path / "etc/hosts").write_text("y")
    os.utime(tmp_path / "etc/hosts", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "usr/local/bin/evil").touch()
    (tmp_path / "lib/evil.so").touch()
    (tmp_path / "proc/sys/kernel/modprobe").write_text("/box/target/evil")
    named = ["etc/hosts", "lib/evil.so", "usr/local/bin/evil"]
    assert host.changes() == [*(str(tmp_path / name) for name in named), "the setting modprobe"]
    assert host.changes() == []


# A harness with a crate at work, that is killed.
_HARNESS = """
import subprocess, sys, time
from pathlib import Path
from oxidizer.cluster.scratch import scratch
with scratch("hostile", root=Path(sys.argv[1])) as folder:
    subprocess.Popen(["sleep", "60"], cwd=folder, stdout=subprocess.DEVNULL)
    print(folder, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_harness_left_goes_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "none-somebody's-abcd").mkdir()
    (tmp_path / "none-somebody's-abcd/file").touch()
    harness = subprocess.Popen([sys.executable, "-c", _HARNESS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert harness.stdout is not None
    left = Path(harness.stdout.readline().strip())
    with scratch("hostile", root=tmp_path) as ours:
        clear_grounds(tmp_path)
        assert left.is_dir(), "its harness lives"
        harness.send_signal(signal.SIGKILL)
        harness.wait()
        assert strays(left)
        clear_grounds(tmp_path)
        assert not left.exists()
        assert strays(left) == []
        assert ours.is_dir()
    assert (tmp_path / "none-somebody's-abcd/file").exists()


@pytest.mark.parametrize("changed", [(), ("sources",)])
def test_a_cell_that_is_weaker_may_not_change_the_host(
    changed: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toolchain: Toolchain
) -> None:
    """No crate of ours changes a host whose promises are on: the evidence is given."""
    case = Case("weak", Promise.MEMORY, {}, weaker={"bubblewrap": "it is known"})

    def strike(*how: object) -> Evidence:
        return Evidence(None, None, None, "harm", 0, None, changed=changed if how[-1] is None else ())  # type: ignore[arg-type]

    monkeypatch.setattr(trial, "strike", strike)
    if changed:
        with pytest.raises(AssertionError, match="sources"):
            prove(case, "bubblewrap", tmp_path, toolchain)
    else:
        assert prove(case, "bubblewrap", tmp_path, toolchain).outcome is Outcome.WEAKER
