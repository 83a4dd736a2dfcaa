"""What this process may do: its effective capabilities."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_SYS_ADMIN = 21


def held() -> frozenset[int]:
    """The capabilities that are in effect, by the kernel's numbers."""
    status = Path("/proc/self/status").read_text()
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    return frozenset(number for number in range(64) if effective >> number & 1)


def may_mount() -> bool:
    """Whether this process is root with CAP_SYS_ADMIN."""
    return os.geteuid() == 0 and _SYS_ADMIN in held()


def handed_on(capabilities: Iterable[int]) -> list[str]:
    """Options by which setpriv gives capabilities to a program of another user; for proofs."""
    names = ",".join(f"+cap_{number}" for number in sorted(capabilities))
    return [f"--inh-caps={names}", f"--ambient-caps={names}"]
