"""What cargo would build of dependencies from the registry, and under which key a build of it can be shared.

Read from cargo's own unit graph (`--unit-graph`), which compiles nothing. A key covers all that decides a unit: package
and checksum, target, features, profile, mode, and the keys of what it needs; two units of one key are the same build.
Left out is whatever has a part that is not from the registry somewhere below it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_REGISTRY = "registry+"
_KINDS = frozenset({"lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro", "custom-build"})
_MODES = frozenset({"build", "check", "run-custom-build"})


class NoUnitGraph(ValueError):
    """What cargo printed is no unit graph that we know."""


@dataclass(frozen=True)
class Unit:
    """One thing that cargo makes of a package: a library, a build script, or the run of one."""

    key: str
    """Names the build: 64 hex digits."""
    shape: str
    """As the key, for `check` and `build` alike."""
    package: str
    """cargo's package id."""
    name: str
    version: str
    kind: str
    """The target's: `lib`, `proc-macro`, `custom-build`."""
    mode: str
    """`build`, `check` or `run-custom-build`."""
    features: tuple[str, ...]
    profile: str
    """The settings of the compiler, as canonical JSON."""
    needs: frozenset[str]
    """The keys of the units that it is made with."""

    @property
    def is_library(self) -> bool:
        """It is what other packages are compiled against, a procedural macro too."""
        return self.kind != "custom-build"

    @property
    def is_guest(self) -> bool:
        """Its code runs while something is built."""
        return self.kind == "proc-macro" or self.mode == "run-custom-build"


@dataclass(frozen=True)
class UnitGraph:
    """The units of dependencies, by key, and on which side of the build they are wanted."""

    units: Mapping[str, Unit]
    """... each behind those that it is made with."""
    target: frozenset[str]
    """Those that become part of programs."""
    host: frozenset[str]
    """Those that run while building, and what is linked into them."""

    def __or__(self, other: UnitGraph) -> UnitGraph:
        return UnitGraph({**self.units, **other.units}, self.target | other.target, self.host | other.host)

    def closure(self, keys: Iterable[str]) -> frozenset[str]:
        """The keys of all that the units are made with, themselves included."""
        return frozenset().union(*(self._closures[key] for key in keys))

    def in_order(self, keys: Collection[str]) -> list[str]:
        """These units, each behind those that it is made with."""
        return [key for key in self.units if key in keys]

    def guests(self, keys: Iterable[str]) -> frozenset[str]:
        """Whose code has run when the units are made."""
        return frozenset(key for key in self.closure(keys) if self.units[key].is_guest)

    @cached_property
    def _closures(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for key, unit in self.units.items():
            found[key] = frozenset({key}).union(*(found[need] for need in unit.needs))
        return found


def read_unit_graph(text: bytes, lock: bytes, base: str) -> UnitGraph:
    """The dependencies in a graph that cargo printed; `base` names what else decides builds. Raises NoUnitGraph."""
    try:
        graph = json.loads(text)
        if graph["version"] != 1:
            raise NoUnitGraph(f"a unit graph of version {graph['version']}")
        return _read(graph["units"], graph["roots"], _checksums(lock), base)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, RecursionError) as error:
        raise NoUnitGraph(f"not a unit graph: {error!r}") from error


def registry_packages(lock: bytes) -> int:
    """How many packages of registries a lock file names."""
    return len(_checksums(lock))


def _checksums(lock: bytes) -> dict[tuple[str, str, str], str]:
    packages = tomllib.loads(lock.decode()).get("package", [])
    return {(p["source"], p["name"], p["version"]): p["checksum"] for p in packages if "checksum" in p}


def _read(
    units: list[dict[str, Any]], roots: list[int], checksums: Mapping[tuple[str, str, str], str], base: str
) -> UnitGraph:
    read: dict[int, Unit] = {}
    for index in _bottom_up(units, roots):
        if unit := _unit(units[index], read, checksums, base):
            read[index] = unit
    sides = _sides(units, roots)
    by_key = {unit.key: unit for unit in read.values()}
    target, host = (frozenset(read[i].key for i in side if i in read) for side in sides)
    return UnitGraph(by_key, target, host)


def _bottom_up(units: list[dict[str, Any]], roots: list[int]) -> Iterator[int]:
    """Each unit once, behind those that it needs. A circle, of which cargo makes none, is a ValueError."""
    state: dict[int, bool] = {}
    pending = [(root, False) for root in roots]
    while pending:
        index, done = pending.pop()
        if done:
            state[index] = True
            yield index
        elif index not in state:
            state[index] = False
            pending.append((index, True))
            for dependency in units[index]["dependencies"]:
                needed = dependency["index"]
                if state.get(needed) is False:
                    raise ValueError("a circle")
                if needed not in state:
                    pending.append((needed, False))


def _unit(
    told: dict[str, Any], read: Mapping[int, Unit], checksums: Mapping[tuple[str, str, str], str], base: str
) -> Unit | None:
    source, name, version = _named(told["pkg_id"], told["target"]["name"])
    checksum = checksums.get((source, name, version))
    needed = [(read.get(d["index"]), d) for d in told["dependencies"]]
    (kind, *_) = told["target"]["kind"]
    if not source.startswith(_REGISTRY) or checksum is None or any(unit is None for unit, _ in needed):
        return None
    if kind not in _KINDS or told["mode"] not in _MODES:
        return None
    profile = {key: value for key, value in told["profile"].items() if key != "name"}
    own = [base, told["pkg_id"], checksum, told["target"], sorted(told["features"]), profile, told["platform"]]
    ways = [(unit, [d["extern_crate_name"], d.get("public"), d.get("noprelude")]) for unit, d in needed if unit]
    return Unit(
        key=_digest([*own, told["mode"], sorted([unit.key, *way] for unit, way in ways)]),
        shape=_digest([*own, sorted([unit.shape, *way] for unit, way in ways)]),
        package=told["pkg_id"], name=name, version=version,
        kind=kind if kind in ("proc-macro", "custom-build") else "lib", mode=told["mode"],
        features=tuple(sorted(told["features"])), profile=json.dumps(profile, sort_keys=True),
        needs=frozenset(unit.key for unit, _ in ways),
    )  # fmt: skip


def _named(package: str, target: str) -> tuple[str, str, str]:
    """Source, name and version of a package id; the name may be the address's last part."""
    source, _, tail = package.partition("#")
    name, at, version = tail.rpartition("@")
    return source, name if at else source.rpartition("/")[2] or target, version if at else tail


def _sides(units: list[dict[str, Any]], roots: list[int]) -> tuple[set[int], set[int]]:
    """The units that are reached for the target and those that are reached for the host, by index."""
    seen: set[tuple[int, bool]] = set()
    pending = [(root, False) for root in roots]
    while pending:
        index, host = pending.pop()
        kinds = units[index]["target"]["kind"]
        # The run of a build script is its package's; what the script is made of is the host's.
        host = host or "proc-macro" in kinds or (kinds == ["custom-build"] and units[index]["mode"] == "build")
        if (index, host) not in seen:
            seen.add((index, host))
            pending += [(dependency["index"], host) for dependency in units[index]["dependencies"]]
    return {i for i, host in seen if not host}, {i for i, host in seen if host}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
