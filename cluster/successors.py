"""What the registry holds beside the version that a list names: later versions of a crate, and locks for them.

Asked for as cargo does, by requirements: nothing but cargo reads the registry's index. No crate code runs. What is
found is the registry's state of the day.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from oxidizer.cluster.cargohome import open_sources
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import fetch_published
from oxidizer.cluster.registry import FetchError, run_cargo, stub_of
from oxidizer.cluster.toolchain import Toolchain

_SERIES = 12
"""Series that are asked for before the newest one."""


def numbers(version: str) -> tuple[int, int, int]:
    """The three numbers of a version; what it or a requirement leaves out is 0."""
    major, minor, patch, *_ = [*map(int, re.findall(r"\d+", re.split(r"[-+]", version)[0])), 0, 0, 0]
    return major, minor, patch


def is_compatible(old: str, new: str) -> bool:
    """Cargo takes one of two versions for the other: they agree in their first number that is not 0."""
    one, other = numbers(old), numbers(new)
    first = next((n for n, number in enumerate(one) if number), 2)
    return one[: first + 1] == other[: first + 1]


def newest(toolchain: Toolchain, name: str, requirement: str) -> str | None:
    """The newest version of a crate that meets a requirement; None where there is none. Raises RegistryUnavailable."""
    with stub_of(name, requirement) as manifest:
        try:
            run_cargo(toolchain, ("generate-lockfile",), manifest)
        except FetchError:
            return None
        locked = tomllib.loads(manifest.with_name("Cargo.lock").read_text("utf-8"))["package"]
    return next((str(p["version"]) for p in locked if p["name"] == name and p.get("source")), None)


def series_after(version: str, last: str) -> Iterator[str]:
    """Requirements for the series between a version and the newest one, the nearest first.

    A series is what an author calls minor: the rest of the version's own, then `1.3`, `1.4`, ..., `2`.
    """
    major, minor, _ = numbers(version)
    top = numbers(last)
    yield f">{version}, <{major}.{minor + 1}.0"
    if top[0] == major:
        yield from (f"~{major}.{n}" for n in range(minor + 1, top[1] + 1))
    else:
        yield f">={major}.{minor + 1}.0, <{major + 1}.0.0"
        yield from (f"^{n}" for n in range(major + 1, top[0] + 1))


def later_versions(toolchain: Toolchain, name: str, version: str) -> Iterator[str]:
    """Later versions of a crate, the last of each series, the nearest first. Raises RegistryUnavailable."""
    last = newest(toolchain, name, f">{version}")
    if last is None:
        return
    seen = set[str]()
    for requirement in list(series_after(version, last))[:_SERIES]:
        found = newest(toolchain, name, requirement)
        if found and found not in seen:
            seen.add(found)
            yield found
    if last not in seen:
        yield last


def fetch_version(toolchain: Toolchain, name: str, version: str, root: Path) -> None:
    """Unpack a published version at `root`, which is made. Raises FetchError, RegistryUnavailable."""
    fetch_published(CrateSpec(name, version), toolchain, root)


def relock(toolchain: Toolchain, root: Path) -> bytes:
    """Have cargo change the lock of a prepared tree to what its manifest says now, and fetch that; the new lock.

    Raises FetchError where there is no such lock, RegistryUnavailable.
    """
    run_cargo(toolchain, ("fetch", "--target", toolchain.host), root / "Cargo.toml")
    lock = (root / "Cargo.lock").read_bytes()
    open_sources(lock)
    return lock


def fetch_locked(toolchain: Toolchain, root: Path) -> None:
    """Fetch what the lock of a tree names, as it is. Raises FetchError, RegistryUnavailable."""
    run_cargo(toolchain, ("fetch", "--target", toolchain.host, "--locked"), root / "Cargo.toml")
