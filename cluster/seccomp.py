"""System calls that no build, test or Miri run needs: one table, as BPF (bubblewrap) and as Docker's JSON profile.

A deny list: what it does not name is allowed, since crates' tests may use any ordinary call. It closes what has opened
kernels before: io_uring, userfaultfd, bpf, keyctl, ptrace, nested namespaces, mounts, modules, socket families other
than Unix, IPv4, IPv6 and netlink. Calls of another architecture (`int 0x80`, x32) end the process or fail.
"""

from __future__ import annotations

import errno
import json
import platform
import struct
from dataclasses import dataclass

_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C


@dataclass(frozen=True)
class Call:
    """A system call by its numbers; None where the architecture has no such call. `gone` answers ENOSYS, else EPERM."""

    name: str
    x86_64: int | None
    aarch64: int | None
    gone: bool = False

    @property
    def errno(self) -> int:
        """What the call fails with. Programs take another road at ENOSYS, as on an older kernel."""
        return errno.ENOSYS if self.gone else errno.EPERM


DENIED = (
    Call("ptrace", 101, 117),
    Call("syslog", 103, 116),
    Call("personality", 135, 92),
    Call("ustat", 136, None),
    Call("sysfs", 139, None),
    Call("vhangup", 153, 58),
    Call("pivot_root", 155, 41),
    Call("_sysctl", 156, None),
    Call("adjtimex", 159, 171),
    Call("chroot", 161, 51),
    Call("acct", 163, 89),
    Call("settimeofday", 164, 170),
    Call("mount", 165, 40),
    Call("umount2", 166, 39),
    Call("swapon", 167, 224),
    Call("swapoff", 168, 225),
    Call("reboot", 169, 142),
    Call("sethostname", 170, 161),
    Call("setdomainname", 171, 162),
    Call("iopl", 172, None),
    Call("ioperm", 173, None),
    Call("init_module", 175, 105),
    Call("delete_module", 176, 106),
    Call("quotactl", 179, 60),
    Call("nfsservctl", 180, 42),
    Call("lookup_dcookie", 212, 18),
    Call("clock_settime", 227, 112),
    Call("mbind", 237, 235),
    Call("set_mempolicy", 238, 237),
    Call("get_mempolicy", 239, 236),
    Call("kexec_load", 246, 104),
    Call("add_key", 248, 217),
    Call("request_key", 249, 218),
    Call("keyctl", 250, 219),
    Call("migrate_pages", 256, 238),
    Call("unshare", 272, 97),
    Call("move_pages", 279, 239),
    Call("perf_event_open", 298, 241),
    Call("fanotify_init", 300, 262),
    Call("name_to_handle_at", 303, 264),
    Call("open_by_handle_at", 304, 265),
    Call("clock_adjtime", 305, 266),
    Call("setns", 308, 268),
    Call("process_vm_readv", 310, 270),
    Call("process_vm_writev", 311, 271),
    Call("kcmp", 312, 272),
    Call("finit_module", 313, 273),
    Call("kexec_file_load", 320, 294),
    Call("bpf", 321, 280),
    Call("userfaultfd", 323, 282, gone=True),
    Call("io_uring_setup", 425, 425, gone=True),
    Call("io_uring_enter", 426, 426, gone=True),
    Call("io_uring_register", 427, 427, gone=True),
    Call("open_tree", 428, 428),
    Call("move_mount", 429, 429),
    Call("fsopen", 430, 430),
    Call("fsconfig", 431, 431),
    Call("fsmount", 432, 432),
    Call("fspick", 433, 433),
    # Its flags are behind a pointer, where a filter cannot look; libc falls back to clone.
    Call("clone3", 435, 435, gone=True),
    Call("pidfd_getfd", 438, 438, gone=True),
    Call("process_madvise", 440, 440),
    Call("mount_setattr", 442, 442),
    Call("quotactl_fd", 443, 443),
    Call("memfd_secret", 447, 447),
    Call("set_mempolicy_home_node", 450, 450),
    Call("statmount", 457, 457, gone=True),
    Call("listmount", 458, 458, gone=True),
    Call("lsm_set_self_attr", 460, 460),
    Call("open_tree_attr", 467, 467),
)
UNCOUNTED = (Call("memfd_create", 319, 279, gone=True), Call("shmget", 29, 194, gone=True))
"""What holds memory that belongs to no process: denied only where no control group counts it."""

CLONE = Call("clone", 56, 220)
SOCKETS = (Call("socket", 41, 198), Call("socketpair", 53, 199))
IOCTL = Call("ioctl", 16, 29)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_ARCHITECTURES = {"x86_64": (0xC000003E, "SCMP_ARCH_X86_64"), "aarch64": (0xC00000B7, "SCMP_ARCH_AARCH64")}

Instruction = tuple[int, int, int, int]


def bpf(*, uncounted: bool = True, machine: str | None = None) -> bytes:
    """The filter as `struct sock_filter[]` for `machine` (default: this one); `uncounted` allows UNCOUNTED."""
    machine = _machine(machine)
    denied = DENIED if uncounted else (*DENIED, *UNCOUNTED)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine][0]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for call in denied:
        if (number := getattr(call, machine)) is not None:
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | call.errno)]
    program += _on(CLONE, machine, 0, [(_ANY_BIT, 0, 1, _NAMESPACES), _refuse(errno.EPERM)])
    # Each known family jumps over those that follow it and over the refusal.
    known = [(_EQUAL, len(_FAMILIES) - index, 0, family) for index, family in enumerate(_FAMILIES)]
    for call in SOCKETS:
        program += _on(call, machine, 0, [*known, _refuse(errno.EAFNOSUPPORT)])
    stuffing = [(_EQUAL, 1, 0, _TIOCSTI), (_EQUAL, 0, 1, _TIOCLINUX), _refuse(errno.EPERM)]
    program += _on(IOCTL, machine, 1, stuffing)
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def docker_profile(machine: str | None = None) -> str:
    """The same list as the JSON text that Docker takes as `seccomp=...`."""
    denied: dict[int, list[str]] = {}
    for call in DENIED:
        denied.setdefault(call.errno, []).append(call.name)
    rules = [_rule(names, number) for number, names in denied.items()]
    for bit in (1 << place for place in range(32) if _NAMESPACES >> place & 1):
        rules.append(_rule(["clone"], errno.EPERM, 0, "SCMP_CMP_MASKED_EQ", bit, bit))
    sockets = [call.name for call in SOCKETS]
    for family in range(max(_FAMILIES)):
        if family not in _FAMILIES:
            rules.append(_rule(sockets, errno.EAFNOSUPPORT, 0, "SCMP_CMP_EQ", family))
    rules.append(_rule(sockets, errno.EAFNOSUPPORT, 0, "SCMP_CMP_GT", max(_FAMILIES)))
    for request in (_TIOCSTI, _TIOCLINUX):
        # The kernel reads 32 bits of the request; a filter that compares 64 can be passed by.
        rules.append(_rule(["ioctl"], errno.EPERM, 1, "SCMP_CMP_MASKED_EQ", 0xFFFFFFFF, request))
    architecture = _ARCHITECTURES[_machine(machine)][1]
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "architectures": [architecture], "syscalls": rules})


def _machine(machine: str | None) -> str:
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise ValueError(f"no seccomp list for {machine}: sandboxes run on {' and '.join(_ARCHITECTURES)}")
    return machine


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _on(call: Call, machine: str, argument: int, checks: list[Instruction]) -> list[Instruction]:
    """Checks on the low 32 bits of one argument of `call`, then allow."""
    body = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), *checks, (_RETURN, 0, 0, _ALLOW)]
    return [(_EQUAL, 0, len(body), getattr(call, machine)), *body]


def _rule(
    names: list[str], number: int, argument: int | None = None, op: str = "", value: int = 0, value_two: int = 0
) -> dict[str, object]:
    test = {"index": argument, "value": value, "valueTwo": value_two, "op": op}
    return {
        "names": names,
        "action": "SCMP_ACT_ERRNO",
        "errnoRet": number,
        "args": [] if argument is None else [test],
    }
