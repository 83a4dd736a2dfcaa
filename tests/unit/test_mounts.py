"""Mounts and loop devices below a folder, real ones: seen, taken away with a dead process's folder, left to others."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxidizer.cluster.leftovers import Kind, survey, sweep
from oxidizer.cluster.mounts import detach, loops_below, mounts_below, unmount

HOLD = """
import subprocess, sys
from oxidizer.cluster.scratch import scratch
with scratch("sized") as folder:
    (folder / "tmp fs").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder / "tmp fs"], check=True)
    (folder / "tmp fs/inner").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder / "tmp fs/inner"], check=True)
    (folder / "image").write_bytes(bytes(1 << 20))
    subprocess.run(["losetup", "-f", folder / "image"], check=True)
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def may_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OXIDIZER_SCRATCH", str(tmp_path / "scratch"))
    (tmp_path / "try").mkdir()
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "none", tmp_path / "try"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"this user may not mount: {tried.stderr.strip()}")
    if not Path("/dev/loop-control").exists():
        pytest.skip("this kernel has no loop devices")
    unmount(tmp_path / "try")
    yield
    for mount in mounts_below(tmp_path):
        unmount(mount)
    for loop in loops_below(tmp_path):
        detach(loop, tmp_path)


def held(root: Path) -> tuple["subprocess.Popen[str]", Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_is_mounted_in_a_dead_folder_goes_with_it_and_a_living_ones_stays(root: Path) -> None:
    living, kept = held(root)
    killed, left = held(root)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert mounts_below(left) == [left / "tmp fs/inner", left / "tmp fs"]
    mine = [trace for trace in survey().dead if str(left.name) in trace.name]
    assert [trace.kind for trace in mine] == [Kind.MOUNT, Kind.MOUNT, Kind.LOOP, Kind.FOLDER]
    sweep()
    for trace in mine:
        trace.remove()  # once gone, nothing
    assert not left.exists()
    assert (mounts_below(left), loops_below(left)) == ([], [])
    assert len(mounts_below(kept)) == 2
    assert len(loops_below(kept)) == 1
    # And its owner takes all of it away itself.
    living.communicate("")
    assert not kept.exists()
    assert (mounts_below(kept), loops_below(kept)) == ([], [])


def test_a_mount_in_use_is_told_and_nothing_below_it_is_removed(root: Path) -> None:
    killed, left = held(root)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (left / "tmp fs/inner/file").touch()
    with (left / "tmp fs/inner/file").open():
        sweep()
        assert (left / "tmp fs/inner/file").exists()
        assert [trace.kind for trace in survey().dead if left.name in trace.name][-1] is Kind.FOLDER
    sweep()
    assert not left.exists()
    assert os.listdir(left.parent) == []
