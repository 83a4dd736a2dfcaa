"""A crate's own later versions: what they stand on, and how their code differs. History without git."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from oxidizer.cluster.fetch import PreparedCrate
from oxidizer.cluster.registry import FetchError
from oxidizer.cluster.successors import fetch_version, later_versions
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.miners.migration.fixes import Fix
from oxidizer.miners.migration.move import line_edits
from oxidizer.miners.operators.manifest import EDITIONS

NEXT = "next version"
_BYTES = 1 << 18
"""Longer files are nobody's to compare."""
_ELSEWHERE = frozenset({"path", "git", "registry", "registry-index", "workspace"})
"""How a dependency says that it comes from somewhere else."""


@dataclass(frozen=True)
class Successor:
    """One later version, unpacked."""

    version: str
    root: Path

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Its Cargo.toml; empty where that is not to be read."""
        try:
            return tomllib.loads((self.root / "Cargo.toml").read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    @property
    def edition(self) -> str:
        """Its edition."""
        package = self.manifest.get("package")
        found = package.get("edition") if isinstance(package, dict) else None
        return found if found in EDITIONS else EDITIONS[0]

    @property
    def requirements(self) -> dict[str, str]:
        """What it requires of its dependencies, by their keys."""
        return requirements(self.manifest)

    def hunks(self, old: Path) -> list[Fix]:
        """How its Rust files differ from those of the same names in an older tree, each run of lines a fix."""
        found = []
        for path in sorted(old.rglob("*.rs")):
            file = path.relative_to(old).as_posix()
            other = self.root / file
            if path.is_file() and other.is_file() and max(path.stat().st_size, other.stat().st_size) < _BYTES:
                found += [Fix((edit,), NEXT) for edit in line_edits(file, path.read_bytes(), other.read_bytes())]
        return found


def requirements(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The requirements of a manifest's plain dependencies of the public registry, by key."""
    listed = manifest.get("dependencies")
    found = {}
    for name, value in listed.items() if isinstance(listed, dict) else ():
        if isinstance(value, dict) and not _ELSEWHERE.isdisjoint(value):
            continue
        asked = value.get("version") if isinstance(value, dict) else value
        if isinstance(asked, str):
            found[name] = asked
    return found


def successors(crate: PreparedCrate, toolchain: Toolchain, folder: Path, most: int) -> Iterator[Successor]:
    """Later versions of a published crate, unpacked below `folder`, the nearest first, `most` at most.

    Raises RegistryUnavailable.
    """
    if crate.source != "registry" or crate.member != "." or not most:
        return
    for number, version in enumerate(later_versions(toolchain, crate.name, crate.version)):
        if number == most:
            return
        root = folder.resolve() / f"{crate.name}-{version}"
        try:
            fetch_version(toolchain, crate.name, version, root)
        except FetchError:
            continue
        yield Successor(version, root)


class Later:
    """A crate's later versions, fetched when they are first asked for."""

    def __init__(self, crate: PreparedCrate, toolchain: Toolchain, folder: Path, most: int) -> None:
        self._crate, self._toolchain, self._folder, self._most = crate, toolchain, folder, most
        self._hunks: dict[str, list[Fix]] = {}

    @cached_property
    def versions(self) -> tuple[Successor, ...]:
        """The nearest first. Raises RegistryUnavailable."""
        return tuple(successors(self._crate, self._toolchain, self._folder, self._most))

    def hunks(self, successor: Successor) -> list[Fix]:
        """How its code differs from the crate's."""
        if successor.version not in self._hunks:
            self._hunks[successor.version] = successor.hunks(self._crate.root)
        return self._hunks[successor.version]
