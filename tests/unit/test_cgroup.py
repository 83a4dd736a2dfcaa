"""Control groups of this machine, and the file formats of version 2, which this machine may not have."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from oxidizer.cluster import cgroup
from oxidizer.cluster.cgroup import Cgroup
from oxidizer.cluster.labels import Label
from oxidizer.cluster.leftovers import sweep
from oxidizer.cluster.sandbox import Limits

LIMITS = Limits(memory_bytes=64 << 20, processes=7, cpus=1.5)


@pytest.fixture
def group() -> Cgroup:
    made = cgroup.create(LIMITS)
    if made is None:
        pytest.skip("this process may not make control groups")
    return made


def test_a_group_holds_counts_and_kills(group: Cgroup) -> None:
    script = "for f; do echo $$ >$f; done; exec sleep 99"
    process = subprocess.Popen(["sh", "-c", script, "sh", *group.join_files()])
    while group.processes() != [process.pid]:
        assert process.poll() is None
    assert cgroup.of_process(process.pid) == group
    assert group.resident_bytes() >= 0
    assert group.cpu_s() >= 0
    assert group.oom_kills() == 0
    group.kill()
    assert process.wait() == -9
    group.remove()
    assert not any(folder.exists() for folder in group.folders.values())
    assert group.processes() == []


def test_a_group_bears_its_makers_label(group: Cgroup) -> None:
    assert (replace(Label.own(), host=""), group) in list(cgroup.labelled())
    group.remove()
    assert group not in [other for _, other in cgroup.labelled()]


def test_groups_of_killed_workers_are_swept(group: Cgroup) -> None:
    """With what still lives in them; a living worker's and one with somebody else's name stay."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    token = replace(Label.own(), pid=dead.pid).token
    stale = Cgroup({key: path.with_name(f"oxidizer-{token}-0") for key, path in group.folders.items()}, group.unified)
    other = group.folders["memory"].with_name("oxidizer-somebody-0")
    for folder in {*stale.folders.values(), other}:
        folder.mkdir()
    with subprocess.Popen(
        ["sh", "-c", "for f; do echo $$ >$f; done; exec sleep 99", "sh", *stale.join_files()]
    ) as left:
        while stale.processes() != [left.pid]:
            assert left.poll() is None
        sweep()
        assert left.wait() == -9
    assert not stale.is_there
    assert group.is_there
    assert other.exists()
    other.rmdir()
    group.remove()


def test_version_2_is_read(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n")
    (tmp_path / "memory.stat").write_text("anon 4096\nfile 999999\nshmem 8192\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    group = Cgroup(dict.fromkeys(("memory", "pids", "cpu", "cpuacct"), tmp_path), unified=True)
    assert (group.oom_kills(), group.resident_bytes(), group.cpu_s()) == (2, 12288, 1.5)
    assert group.processes() == [os.getpid()]
    assert group.join_files() == [str(tmp_path / "cgroup.procs")]
