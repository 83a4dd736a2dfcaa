"""All cases that run as crates in a sandbox, by group."""

from __future__ import annotations

from tests.hostile import endless, kernel, leaving, network, resources, seeing, writing
from tests.hostile.case import Case, Group

CRATES: dict[Group, tuple[Case, ...]] = {
    Group.RESOURCES: (*resources.CASES, *endless.CASES),
    Group.LEAVING: leaving.CASES,
    Group.SEEING: seeing.CASES,
    Group.WRITING: writing.CASES,
    Group.NETWORK: network.CASES,
    Group.KERNEL: kernel.CASES,
}
