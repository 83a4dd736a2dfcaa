"""Crates of strangers who mean harm, really built: each does it where one promise is broken, and none where it holds.

After each the next unit, a good crate, is checked and tested in this same worker (of an ordinary user, in another of
his), on the same backend: it comes to what it always comes to.
"""

from __future__ import annotations

import os
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
from tests.hostile.table import rows
from tests.hostile.trial import prove, replace

pytestmark = pytest.mark.machine
_VOID_AT_MOST = 24


def _marks(quick: tuple[str, ...], backend: str) -> list[pytest.MarkDecorator]:
    marks = [] if backend in quick else [pytest.mark.hostile_full]
    return [*marks, pytest.mark.docker] if backend == "docker" else marks


def _cells() -> list[object]:
    cells = []
    for backend in BACKENDS:
        for group, cases in CRATES.items():
            for case in cases:
                marks, name = _marks(case.quick, backend), f"{backend}-{group}-{case.name}"
                cells.append(pytest.param(group, case, backend, marks=marks, id=name))
    return cells


@pytest.mark.parametrize(("group", "case", "backend"), _cells())
def test_case(
    group: Group, case: Case, backend: str, ground: Path, toolchain: Toolchain, pytestconfig: pytest.Config
) -> None:
    row = prove(case, backend, ground, toolchain)
    check_next_unit(backend, ground / "next", toolchain)
    rows(pytestconfig).append(replace(row, group=group.value))


@pytest.mark.parametrize(
    ("case", "backend"),
    [
        pytest.param(case, backend, marks=_marks(case.quick, backend), id=f"{backend}-configuration-{case.name}")
        for backend in BACKENDS
        for case in configuration.CASES
    ],
)
def test_steering(
    case: Steering, backend: str, ground: Path, toolchain: Toolchain, pytestconfig: pytest.Config
) -> None:
    row = prove_steering(case, backend, ground, toolchain)
    check_next_unit(backend, ground / "next", toolchain)
    rows(pytestconfig).append(row)


@pytest.mark.parametrize("case", archives.CASES, ids=lambda case: f"preparer-archives-{case.name}")
def test_archive(case: Archive, ground: Path, toolchain: Toolchain, pytestconfig: pytest.Config) -> None:
    """No sandbox is after an archive: the next unit is a good archive, unpacked by the same process."""
    rows(pytestconfig).append(prove_archive(case, ground, toolchain))


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


def test_names_are_unique_and_few_cases_are_void() -> None:
    cases = [case for group in CRATES.values() for case in group]
    names = [case.name for case in (*cases, *configuration.CASES, *archives.CASES)]
    assert Counter(names).most_common(1)[0][1] == 1
    assert len(names) >= 80
    assert sum(len(case.void) + len(case.not_run) for case in cases) <= _VOID_AT_MOST
