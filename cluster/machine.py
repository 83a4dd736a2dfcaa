"""What the promises of a sandbox rest on here, as the kernel tells: control groups, seccomp, user namespaces, disk."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from oxidizer.cluster import cgroup, volume
from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.sandbox import Limits
from oxidizer.cluster.scratch import scratch


def machine_facts() -> dict[str, str]:
    """Each with what was found, in words; opens a control group and mounts a small image to know."""
    who = "root, may mount" if may_mount() else f"user {os.geteuid()}, may not mount"
    return {
        "worker": who,
        "control groups": f"{cgroup_version()}, {_groups()}",
        "swap": swap(),
        "resource limits": resource_limits(),
        "seccomp": seccomp(),
        "user namespaces": user_namespaces(),
        "disk quota": disk_quota(),
    }


def cgroup_version(mount: Path = Path("/sys/fs/cgroup")) -> str:
    """Which version of control groups is mounted for memory."""
    if (mount / "cgroup.controllers").exists():
        return "version 2"
    return "version 1" if (mount / "memory").is_dir() else "none"


def _groups() -> str:
    group = cgroup.create(Limits()) if may_mount() else None
    if group is None:
        return "not ours to divide"
    group.remove()
    return "ours to divide"


def swap() -> str:
    """Swap in words."""
    return "in use" if cgroup.has_swap() else "none"


def resource_limits() -> str:
    """The hard limits that bound what can be asked for."""
    names = {"open files": resource.RLIMIT_NOFILE, "processes": resource.RLIMIT_NPROC}
    hard = {name: resource.getrlimit(number)[1] for name, number in names.items()}
    words = [f"{'any number of' if most == resource.RLIM_INFINITY else most} {name}" for name, most in hard.items()]
    return ", ".join(words)


def seccomp(actions: Path = Path("/proc/sys/kernel/seccomp/actions_avail")) -> str:
    """Whether the kernel takes filters that answer with an error."""
    if not actions.exists():
        return "no filters"
    return "filters" if "errno" in actions.read_text().split() else "no filters that answer with an error"


def user_namespaces(kernel: Path = Path("/proc/sys")) -> str:
    """Whether an ordinary user may have one."""
    switches = ("kernel/unprivileged_userns_clone", "user/max_user_namespaces")
    for name in switches:
        file = kernel / name
        if file.exists() and int(file.read_text()) == 0:
            return f"forbidden (sysctl {name.replace('/', '.')}=0)"
    restricted = kernel / "kernel/apparmor_restrict_unprivileged_userns"
    if restricted.exists() and int(restricted.read_text()):
        return "restricted by AppArmor to programs that it names"
    return "allowed" if (kernel / switches[1]).exists() else "none"


def disk_quota() -> str:
    """What can bound a target folder."""
    with scratch("machine") as folder:
        reason = volume.trouble(folder)
    return f"a watcher ({reason})" if reason else "ext4 images by loop; memory file systems for scratch folders"
