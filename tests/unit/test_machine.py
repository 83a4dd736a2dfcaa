"""What the kernel tells of itself, read from files as other machines have them."""

from pathlib import Path

import pytest

from oxidizer.cluster.cgroup import Cgroup, has_swap
from oxidizer.cluster.machine import cgroup_version, resource_limits, seccomp, user_namespaces


def test_the_version_of_control_groups(tmp_path: Path) -> None:
    assert cgroup_version(tmp_path) == "none"
    (tmp_path / "memory").mkdir()
    assert cgroup_version(tmp_path) == "version 1"
    (tmp_path / "cgroup.controllers").touch()
    assert cgroup_version(tmp_path) == "version 2"


def test_swap_is_more_than_the_head_of_a_table(tmp_path: Path) -> None:
    assert not has_swap(tmp_path / "none")
    (tmp_path / "swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n")
    assert not has_swap(tmp_path / "swaps")
    (tmp_path / "swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 8388604 0 -2\n")
    assert has_swap(tmp_path / "swaps")


@pytest.mark.parametrize(("unified", "name"), [(True, "memory.swap.max"), (False, "memory.memsw.limit_in_bytes")])
def test_swap_is_bounded_where_the_kernel_has_a_file_for_it(tmp_path: Path, unified: bool, name: str) -> None:
    group = Cgroup({"memory": tmp_path}, unified)
    assert not group.bounds_swap
    (tmp_path / name).touch()
    assert group.bounds_swap


def test_seccomp(tmp_path: Path) -> None:
    assert seccomp(tmp_path / "none") == "no filters"
    (tmp_path / "actions").write_text("kill_process kill_thread trap errno trace log allow\n")
    assert seccomp(tmp_path / "actions") == "filters"
    (tmp_path / "actions").write_text("kill_thread allow\n")
    assert seccomp(tmp_path / "actions") == "no filters that answer with an error"


def test_user_namespaces(tmp_path: Path) -> None:
    for folder in ("kernel", "user"):
        (tmp_path / folder).mkdir()
    assert user_namespaces(tmp_path) == "none"
    (tmp_path / "user/max_user_namespaces").write_text("127000\n")
    assert user_namespaces(tmp_path) == "allowed"
    (tmp_path / "kernel/apparmor_restrict_unprivileged_userns").write_text("1\n")
    assert "AppArmor" in user_namespaces(tmp_path)
    (tmp_path / "kernel/unprivileged_userns_clone").write_text("0\n")
    assert user_namespaces(tmp_path) == "forbidden (sysctl kernel.unprivileged_userns_clone=0)"
    (tmp_path / "kernel/unprivileged_userns_clone").write_text("1\n")
    (tmp_path / "user/max_user_namespaces").write_text("0\n")
    assert user_namespaces(tmp_path) == "forbidden (sysctl user.max_user_namespaces=0)"


def test_resource_limits_are_told_by_name() -> None:
    assert "open files" in resource_limits()
    assert "processes" in resource_limits()
