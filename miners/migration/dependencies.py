"""The moves of dependencies: requirements of Cargo.toml, and what cargo makes of Cargo.lock for them.

First those that the crate's own later versions made, one at a time and as they were made, then each dependency's next
series. Only cargo runs here, with network, and no crate code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tree_sitter import Node

from oxidizer.cluster.edits import Edit, apply
from oxidizer.cluster.registry import FetchError
from oxidizer.cluster.successors import is_compatible, newest, numbers, relock
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.migration.move import Move, line_edits
from oxidizer.miners.migration.successors import Successor, requirements
from oxidizer.miners.operators.operator import Code
from oxidizer.miners.operators.toml import Dependency, dependencies, value_of

_LOCK = "Cargo.lock"
_PLAIN = re.compile(r"[\^=~]?\s*\d[\w.+-]*")
"""A requirement of one version, not of a range."""
_SERIES_TRIED = 6
_TOGETHER = 4
"""More dependencies moved at once are no lesson of any."""


@dataclass(frozen=True)
class Step:
    """A dependency's key, and the requirement that it moves to."""

    key: str
    package: str
    now: str
    to: str


def dependency_moves(
    bench: Workbench, manifest: str, toolchain: Toolchain, later: Sequence[Successor], most: int
) -> Iterator[Move]:
    """`most` moves at most of a crate's dependencies. Raises RegistryUnavailable."""
    yield from islice(_moves(bench, manifest, toolchain, later), most)


def _moves(bench: Workbench, manifest: str, toolchain: Toolchain, later: Sequence[Successor]) -> Iterator[Move]:
    tried = set[tuple[tuple[str, tuple[int, int, int]], ...]]()
    for group in steps(bench.read(manifest), toolchain, later):
        where = tuple((step.key, numbers(step.to)) for step in group)
        if where not in tried and (move := _move(bench, manifest, toolchain, group)) is not None:
            yield move
        tried.add(where)


def _move(bench: Workbench, manifest: str, toolchain: Toolchain, group: Sequence[Step]) -> Move | None:
    """The move of a dependency, or of some at once; None where the manifest or cargo has no way."""
    text = bench.read(manifest)
    edits = [requirement_edit(manifest, text, step.key, step.to) for step in group]
    written = [edit for edit in edits if edit is not None]
    if len(written) < len(edits) or (lock := _locked(bench, manifest, toolchain, written)) is None:
        return None
    name = ", ".join(f"{step.package} {step.now} to {step.to}" for step in group)
    cause = " and ".join(f"`{step.package}` moved from {step.now} to {step.to}" for step in group)
    locked = line_edits(_LOCK, bench.read(_LOCK), lock)
    return Move("dependency", name, cause, (*sorted(written), *locked), group[0].key, group[0].now)


def steps(manifest: bytes, toolchain: Toolchain, later: Sequence[Successor]) -> Iterator[tuple[Step, ...]]:
    """The requirements to move to: those of later versions first, one by one and where a version moved several at once
    (they name each other's types) also those together; then each dependency's next series.
    """
    document = tomllib.loads(manifest.decode())
    now = {key: asked for key, asked in requirements(document).items() if _PLAIN.fullmatch(asked.strip())}
    for successor in later:
        moved = [
            Step(key, _package(document, key), now[key], asked)
            for key, asked in sorted(successor.requirements.items())
            if key in now and _PLAIN.fullmatch(asked.strip()) and is_newer(now[key], asked)
        ]
        if 1 < len(moved) <= _TOGETHER:
            yield tuple(moved)
        yield from ((step,) for step in moved)
    for key, asked in sorted(now.items()):
        package = _package(document, key)
        if (to := _next_series(toolchain, package, asked)) is not None:
            yield (Step(key, package, asked, to),)


def is_newer(now: str, to: str) -> bool:
    """A requirement asks for versions that another does not allow, and that come later."""
    return numbers(to) > numbers(now) and not is_compatible(now, to)


def _next_series(toolchain: Toolchain, package: str, asked: str) -> str | None:
    """The nearest later series that cargo takes for another one and that has a version."""
    last = newest(toolchain, package, "*")
    if last is None or not is_newer(asked, last):
        return None
    major, minor, _ = numbers(asked)
    for n in range(1, _SERIES_TRIED):
        to = f"{major + n}.0" if major else f"0.{minor + n}"
        if is_compatible(to, last):
            break
        if newest(toolchain, package, f"^{to}") is not None:
            return to
    return ".".join(map(str, numbers(last)[:2]))


def _package(document: Mapping[str, Any], key: str) -> str:
    listed = document.get("dependencies")
    told = listed.get(key) if isinstance(listed, dict) else None
    name = told.get("package") if isinstance(told, dict) else None
    return name if isinstance(name, str) else key


def requirement_edit(manifest: str, text: bytes, key: str, to: str) -> Edit | None:
    """The edit of a manifest that has a dependency ask for another version; None where it says none."""
    code = Code(manifest, text)
    for table in (node for node in code.root.children if node.type == "table"):
        for dependency in dependencies(table, code):
            if dependency.name == key and (value := _version_of(dependency)) is not None:
                return code.replace(value, f'"{to}"')
    return None


def _version_of(dependency: Dependency) -> Node | None:
    if "version" in dependency.settings:
        return dependency.settings["version"]
    if not dependency.is_table and (value := value_of(dependency.node)).type == "string":
        return value
    return None


def _locked(bench: Workbench, manifest: str, toolchain: Toolchain, edits: Sequence[Edit]) -> bytes | None:
    """The lock that cargo makes for the edited manifest; None where there is none."""
    try:
        with bench.showing({manifest: apply(bench.read(manifest), edits), _LOCK: bench.read(_LOCK)}):
            lock = relock(toolchain, bench.root)
    except FetchError:
        return None
    return lock if lock != bench.read(_LOCK) else None
