"""The two forms of the seccomp list say the same, and its numbers are the kernel's."""

import errno
import json
import re
import struct
from pathlib import Path

import pytest

from oxidizer.cluster.seccomp import CLONE, DENIED, IOCTL, SOCKETS, UNCOUNTED, Call, bpf, docker_profile

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEW_USER, SIGCHLD = 0x10000000, 17
EPERM, ENOSYS, EAFNOSUPPORT = errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT


def run_bpf(program: bytes, machine: str, number: int, *arguments: int) -> int:
    """What the filter returns for a call: the six instructions that ours uses, as the kernel runs them."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<iIQ6Q", number, AUDIT[machine], 0, *padded)
    code = list(struct.iter_unpack("<HBBI", program))
    here, accumulator = 0, 0
    while True:
        operation, if_true, if_false, value = code[here]
        here += 1
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
        here += if_true if holds else if_false


def run_profile(profile: str, name: str, *arguments: int) -> int:
    """What Docker's JSON says for a call, as libseccomp reads it: 64-bit comparisons, any rule that matches."""
    for rule in json.loads(profile)["syscalls"]:
        if name in rule["names"] and all(holds(test, arguments) for test in rule["args"]):
            return REFUSE | int(rule["errnoRet"])
    return ALLOW


def holds(test: dict[str, int | str], arguments: tuple[int, ...]) -> bool:
    index, value, second = int(test["index"]), int(test["value"]), int(test["valueTwo"])
    given = arguments[index] if index < len(arguments) else 0
    return {
        "SCMP_CMP_EQ": given == value,
        "SCMP_CMP_GT": given > value,
        "SCMP_CMP_MASKED_EQ": given & value == second,
    }[str(test["op"])]


CASES = [
    *((call, (), call.errno) for call in DENIED),
    (CLONE, (SIGCHLD,), 0),
    (CLONE, (0x3D0F00,), 0),  # a thread
    (CLONE, (NEW_USER | SIGCHLD,), EPERM),
    (CLONE, (0x00020000,), EPERM),
    *((call, (family,), 0) for call in SOCKETS for family in (1, 2, 10, 16)),
    *((call, (family,), EAFNOSUPPORT) for call in SOCKETS for family in (0, 3, 9, 11, 15, 17, 30, 40, 44)),
    (IOCTL, (0, 0x5401), 0),
    (IOCTL, (0, 0x5412), EPERM),
    (IOCTL, (0, 0x541C), EPERM),
    (IOCTL, (0, 0x1_0000_5412), EPERM),  # the kernel reads 32 bits
]


@pytest.mark.parametrize("machine", AUDIT)
@pytest.mark.parametrize(("call", "arguments", "refused"), CASES)
def test_both_forms_agree(machine: str, call: Call, arguments: tuple[int, ...], refused: int) -> None:
    expected = REFUSE | refused if refused else ALLOW
    number = getattr(call, machine)
    if number is not None:
        assert run_bpf(bpf(machine=machine), machine, number, *arguments) == expected
    assert run_profile(docker_profile(machine), call.name, *arguments) == expected


def test_ordinary_calls_are_allowed() -> None:
    denied = {call.x86_64 for call in DENIED}
    for number in set(range(340)) - denied - {call.x86_64 for call in SOCKETS}:
        assert run_bpf(bpf(machine="x86_64"), "x86_64", number) == ALLOW


def test_another_architecture_is_killed_and_x32_is_unknown() -> None:
    program = bpf(machine="x86_64")
    assert run_bpf(program, "aarch64", 0) == KILL
    assert run_bpf(program, "x86_64", 0x40000000) == REFUSE | ENOSYS


@pytest.mark.parametrize("call", UNCOUNTED, ids=lambda call: call.name)
def test_memory_that_belongs_to_no_process_is_denied_on_demand(call: Call) -> None:
    assert call.x86_64 is not None
    assert run_bpf(bpf(machine="x86_64"), "x86_64", call.x86_64) == ALLOW
    assert run_bpf(bpf(uncounted=False, machine="x86_64"), "x86_64", call.x86_64) == REFUSE | ENOSYS


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(ValueError, match="x86_64 and aarch64"):
        bpf(machine="s390x")


@pytest.mark.parametrize(
    ("header", "machine"),
    [("x86_64-linux-gnu/asm/unistd_64.h", "x86_64"), ("asm-generic/unistd.h", "aarch64")],
)
def test_numbers_are_the_kernels(header: str, machine: str) -> None:
    file = Path("/usr/include", header)
    if not file.exists():
        pytest.skip(f"{file} is not installed (linux-libc-dev)")
    known: dict[str, int] = {}
    for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", file.read_text()):
        known.setdefault(name, int(number))
    for call in (*DENIED, *UNCOUNTED, CLONE, *SOCKETS, IOCTL):
        if call.name in known:
            assert getattr(call, machine) == known[call.name], call.name
