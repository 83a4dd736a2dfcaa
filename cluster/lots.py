"""What is built in one sandbox for the shared cache: packages whose users all run the same strangers' code anyway.

A lot's guests are the build scripts and macros that run while it is built. Two packages share a lot only where their
guests are the same: so whatever a guest does there to a neighbour's build, it could do to each user of that neighbour.
A package below which nothing runs is never built beside something that does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from oxidizer.cluster.unitgraph import Unit, UnitGraph

Wanted = dict[tuple[str, str], tuple[str, ...]]
"""Features by name and version of a package."""


class Unfit(Exception):
    """No one manifest asks for just these packages."""


@dataclass
class Lot:
    """Packages that are built together, and all that has to be asked for to have them built like that."""

    graph: UnitGraph
    members: set[str] = field(default_factory=set)
    """The keys of the units that are taken from it."""
    target: Wanted = field(default_factory=dict)
    host: Wanted = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    """The compiler's settings on each side, `target` and `host`, as JSON."""

    def add(self, keys: Collection[str]) -> None:
        """Take in units and all that they need. Raises Unfit, and is as before, where they ask for something else."""
        target, host, profiles = dict(self.target), dict(self.host), dict(self.profiles)
        sides = [("target", self.graph.target, target), ("host", self.graph.host, host)]
        for unit in (self.graph.units[key] for key in self.graph.closure(keys)):
            for side, where, wanted in sides:
                # A build script comes with its package.
                if unit.key not in where or not unit.is_library:
                    continue
                if wanted.setdefault((unit.name, unit.version), unit.features) != unit.features:
                    raise Unfit(f"{unit.name} {unit.version} in two ways")
                if profiles.setdefault(side, unit.profile) != unit.profile:
                    raise Unfit(f"{unit.name} {unit.version} has settings of its own")
        self.target, self.host, self.profiles = target, host, profiles
        self.members |= set(keys)

    @property
    def macros(self) -> set[tuple[str, str]]:
        """The procedural macros among them, by name and version."""
        units = (self.graph.units[key] for key in self.graph.closure(self.members))
        return {(unit.name, unit.version) for unit in units if unit.kind == "proc-macro"}

    @property
    def seeds(self) -> frozenset[str]:
        """What has to be there before, from other lots."""
        return self.graph.closure(self.members) - self.members

    @property
    def units(self) -> list[Unit]:
        """The units that are taken from it."""
        return [self.graph.units[key] for key in sorted(self.members)]

    def roots(self, mode: str) -> list[Unit]:
        """The libraries that cargo is asked to `check` or to `build`; all else that is wanted comes with them."""
        return [u for u in self.units if u.is_library and u.mode == mode and (u.key in self.graph.target or u.is_guest)]

    @property
    def needs_script(self) -> bool:
        """Something is wanted for build scripts alone, by none that is built here."""
        roots = [unit.key for mode in ("check", "build") for unit in self.roots(mode)]
        return not self.members <= self.graph.closure(roots)


def lots(graph: UnitGraph, missing: Collection[str]) -> Iterator[Lot]:
    """The lots that make what is missing, those first that others need."""
    found: dict[frozenset[str], list[Lot]] = defaultdict(list)
    packages = sorted(_packages(graph), key=lambda keys: (len(graph.closure(keys)), sorted(keys)))
    for keys in packages:
        wanted = {key for key in keys if key in missing}
        if wanted:
            _settle(graph, wanted, found[graph.guests(keys)])
    for _, same in sorted(found.items(), key=lambda item: (len(item[0]), sorted(item[0]))):
        yield from same


def _settle(graph: UnitGraph, keys: set[str], beside: list[Lot]) -> None:
    """Put units into the first lot that takes them, else into one of their own; settings of their own fit none."""
    for lot in [*beside, Lot(graph)]:
        try:
            lot.add(keys)
        except Unfit:
            continue
        if lot not in beside:
            beside.append(lot)
        return


def _packages(graph: UnitGraph) -> Iterable[set[str]]:
    """The units of each package that are made for one another: its library, however made, and its build script."""
    found: dict[str, set[str]] = defaultdict(set)
    for unit in graph.units.values():
        if unit.is_library:
            found[unit.shape] |= {key for key in graph.closure([unit.key]) if graph.units[key].package == unit.package}
    return found.values()
