"""How many workers a machine or a cluster holds, and what each of them gets."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from oxidizer.cluster import session as sessions
from oxidizer.cluster.session import local_share

GB = 10**9
Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """Makes this machine look like another one; `files` are its control files and what is in them."""

    def become(cores: int, memory_bytes: int, files: Mapping[str, str] | None = None) -> None:
        sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": memory_bytes // 4096}
        monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
        monkeypatch.setattr(sessions, "_GROUPS", tmp_path)
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)

    return become


@pytest.mark.parametrize(
    ("cores", "memory_bytes", "workers"),
    [
        (2, 24 * GB, 2),
        (64, 512 * GB, 64),
        (64, 64 * GB, 8),  # memory, not CPUs, is what runs out
        (1, 4 * GB, 1),  # less than one worker asks for: one, with what there is
    ],
)
def test_a_machine_holds_what_fits(machine: Machine, cores: int, memory_bytes: int, workers: int) -> None:
    machine(cores, memory_bytes)
    count, share = local_share(1.0, int(6.4 * GB), None)
    assert count == workers
    assert share.cpus == 1.0
    assert share.memory_bytes <= 6.4 * GB
    assert count * share.memory_bytes <= 0.8 * memory_bytes


def test_half_a_cpu_a_worker_makes_twice_the_workers(machine: Machine) -> None:
    machine(4, 512 * GB)
    assert local_share(0.5, GB, None)[0] == 8
    assert local_share(4.0, GB, None)[0] == 1
    assert local_share(16.0, GB, None)[0] == 1


def test_workers_by_word_share_what_there_is(machine: Machine) -> None:
    machine(2, 10 * GB)
    count, share = local_share(1.0, 6 * GB, 4)
    assert count == 4
    assert 1.9 * GB < share.memory_bytes <= 2 * GB


def test_a_container_is_a_smaller_machine(machine: Machine) -> None:
    machine(64, 512 * GB, {"cpu.max": "400000 100000\n", "memory.max": f"{40 * GB}\n"})
    count, share = local_share(1.0, int(6.4 * GB), None)
    assert (count, share.memory_bytes) == (4, int(6.4 * GB))


def test_a_container_of_the_older_kind_is_too(machine: Machine) -> None:
    cpu = {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}
    machine(64, 512 * GB, {**cpu, "memory/memory.limit_in_bytes": f"{40 * GB}\n"})
    assert local_share(1.0, int(6.4 * GB), None)[0] == 5
    machine(64, 512 * GB, {**cpu, "cpu/cpu.cfs_quota_us": "300000\n"})
    assert local_share(1.0, int(6.4 * GB), None)[0] == 3


def test_no_limit_is_no_limit(machine: Machine) -> None:
    machine(8, 512 * GB, {"cpu.max": "max 100000\n", "memory.max": "max\n"})
    assert local_share(1.0, GB, None)[0] == 8
