"""Crates of strangers who mean harm, really built: each does it where one promise is broken, and none where it holds.

After each the next unit, a good crate, is checked and tested in this same worker (of an ordinary user, in another of
his), on the same backend: it comes to what it always comes to.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.toolchain import Toolchain
from tests.hostile import archives, configuration
from tests.hostile.archives import Archive, prove_archive
from tests.hostile.case import BACKENDS, Case, Group
from tests.hostile.configuration import Steering
from tests.hostile.good import check_next_unit
from tests.hostile.ordinary import USER, as_ordinary
from tests.hostile.preparing import prove_steering
from tests.hostile.stage import METADATA
from tests.hostile.suite import CRATES
from tests.hostile.table import Tell, cell
from tests.hostile.trial import prove, replace

pytestmark = pytest.mark.machine
# Where no harm can be shown, whatever the machine.
_VOID = {
    "docker": {
        "kernel_settings", "metadata_service", "planted_in_the_root", "planted_subcommand", "poisoned_configuration",
        "report_is_a_hard_link",
    },
    "bubblewrap": {
        "kernel_settings", "neighbour_killed", "planted_in_the_root", "poisoned_configuration",
        "report_is_a_hard_link", "set_user_id",
    },
    "bubblewrap-user": {
        "file_given_to_root", "mount_in_a_namespace", "neighbour_killed", "neighbours_memory", "neighbours_target",
        "raw_socket", "report_is_a_device", "report_is_a_hard_link", "set_user_id", "user_namespace",
        "user_namespace_by_clone", "user_namespace_by_clone3",
    },
}  # fmt: skip
# Where that hangs on the machine: its kernel's sockets, its network.
_VOID_SOMEWHERE = {"kernel_crypto", "netlink", "vsock"}


def _marks(case: Case | Steering, backend: str) -> list[pytest.MarkDecorator]:
    marks = [] if backend in case.quick else [pytest.mark.hostile_full]
    if isinstance(case, Case) and case.machine:
        reason = f"it names system calls by {case.machine}'s numbers"
        marks.append(pytest.mark.skipif(platform.machine() != case.machine, reason=reason))
    if isinstance(case, Steering) and case.needs_rustup:
        marks.append(pytest.mark.rustup)
    return [*marks, pytest.mark.docker] if backend == "docker" else marks


def _cells() -> list[object]:
    cells = []
    for backend in BACKENDS:
        for group, cases in CRATES.items():
            for case in cases:
                marks, name = _marks(case, backend), f"{backend}-{group}-{case.name}"
                cells.append(pytest.param(group, case, backend, marks=marks, id=name))
    return cells


@pytest.mark.parametrize(("group", "case", "backend"), _cells())
def test_case(
    group: Group, case: Case, backend: str, ground: Path, toolchain: Toolchain, record_property: Tell
) -> None:
    row = prove(case, backend, ground, toolchain)
    check_next_unit(backend, ground / "next", toolchain)
    record_property(*cell(replace(row, group=group.value)))


@pytest.mark.parametrize(
    ("case", "backend"),
    [
        pytest.param(case, backend, marks=_marks(case, backend), id=f"{backend}-configuration-{case.name}")
        for backend in BACKENDS
        for case in configuration.CASES
    ],
)
def test_steering(case: Steering, backend: str, ground: Path, toolchain: Toolchain, record_property: Tell) -> None:
    row = prove_steering(case, backend, ground, toolchain)
    check_next_unit(backend, ground / "next", toolchain)
    record_property(*cell(row))


@pytest.mark.parametrize("case", archives.CASES, ids=lambda case: f"preparer-archives-{case.name}")
def test_archive(case: Archive, ground: Path, toolchain: Toolchain, record_property: Tell) -> None:
    """No sandbox is after an archive: the next unit is a good archive, unpacked by the same process."""
    record_property(*cell(prove_archive(case, ground, toolchain)))


@pytest.mark.skipif(not may_mount(), reason="whoever runs this is the ordinary user already")
def test_the_ordinary_user_is_one(ground: Path, toolchain: Toolchain) -> None:
    """He owns what was made over to him, reaches the toolchain, and has no say over root's files or processes."""
    (ground / "own").mkdir()
    (ground / "roots").write_text("secret")
    (ground / "roots").chmod(0o600)

    def look() -> list[object]:
        (ground / "own/file").touch()
        found: list[object] = [os.getresuid(), os.getgroups(), os.access(toolchain.bin / "rustc", os.X_OK)]
        found += [os.access(ground / "roots", os.R_OK), (ground / "own/file").stat().st_uid]
        with pytest.raises(PermissionError):
            os.kill(os.getppid(), 0)
        with pytest.raises(PermissionError):
            os.setuid(0)
        return found

    found = as_ordinary(look, ground / "own", [toolchain.sysroot])
    assert found == [(USER, USER, USER), [], True, False, USER]
    with pytest.raises(AssertionError, match="his own failure"):
        as_ordinary(lambda: pytest.fail("his own failure"), ground / "own", [toolchain.sysroot])


def test_every_group_and_backend_is_in_the_quick_part() -> None:
    quick = {(group, backend) for group, cases in CRATES.items() for case in cases for backend in case.quick}
    quick |= {(Group.CONFIGURATION, backend) for case in configuration.CASES for backend in case.quick}
    # Archives meet no backend, and are all quick.
    assert {group for group, _ in quick} == set(Group) - {Group.ARCHIVES}
    assert {backend for _, backend in quick} == set(BACKENDS)


def test_nothing_is_sent_to_the_metadata_address_from_the_machines_own_network() -> None:
    """Docker's daemon has no other network to lend: whoever connects there may not run without the promise."""
    cases = [case for group in CRATES.values() for case in group]
    senders = [case for case in cases if f"{METADATA}:80" in "".join(case.files.values()) and "TcpStream" in str(case)]
    assert senders
    assert all(case.own_network and "docker" in case.not_run for case in senders)


def test_names_are_unique_and_void_cases_are_known_by_name() -> None:
    cases = [case for group in CRATES.values() for case in group]
    names = [case.name for case in (*cases, *configuration.CASES, *archives.CASES)]
    assert Counter(names).most_common(1)[0][1] == 1
    assert len(names) >= 80
    void = {b: {case.name for case in cases if b in {**case.void, **case.not_run}} - _VOID_SOMEWHERE for b in BACKENDS}
    assert void == _VOID


def test_cases_that_name_calls_by_number_run_where_these_are_the_numbers() -> None:
    numbered = {case.name for group in CRATES.values() for case in group if case.machine}
    assert numbered == {
        "io_uring", "ptrace", "key_left_behind", "bpf", "userfaultfd", "user_namespace", "user_namespace_by_clone",
        "user_namespace_by_clone3", "perf", "memory_of_a_process", "other_numbers",
    }  # fmt: skip
    (case,) = [case for case in CRATES[Group.KERNEL] if case.name == "perf"]
    (mark,) = [mark for mark in _marks(case, "bubblewrap") if mark.name == "skipif"]
    assert mark.args == (platform.machine() != "x86_64",)


_LO_ALONE = """
from tests.hostile.stage import own_network
with own_network():
    from tests.hostile.network import CASES
(netlink,) = [case for case in CASES if case.name == "netlink"]
print(netlink.void)
"""


@pytest.mark.skipif(not may_mount(), reason="without root there is no network to make")
def test_a_machine_without_interfaces_cannot_tell_of_them(root: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LO_ALONE], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert "no interface but lo" in told


def test_what_is_missing_for_the_full_suite_is_an_error(root: Path) -> None:
    """What is not played is not seen to fail."""
    missing = {**os.environ, "DOCKER_HOST": "unix:///nowhere", "RUSTUP_PROXY": "/nowhere"}
    full = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        "--collect-only",
        "--hostile-full",
        __file__,
    ]

    def collected(*without: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*full, "--hostile-full", __file__, *without],
            cwd=root,
            env=missing,
            capture_output=True,
            text=True,
            check=False,
        )

    refused = collected()
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert all(f"(--without {mean})" in refused.stderr for mean in ("docker", "rustup")), refused.stderr
    left = collected("--without", "docker", "--without", "rustup")
    assert left.returncode == 0, left.stdout + left.stderr
    assert "[bubblewrap-resources-fork_bomb]" in left.stdout
    assert "[docker-" not in left.stdout
    assert "toolchain_file" not in left.stdout
