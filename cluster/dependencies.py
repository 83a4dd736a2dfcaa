"""Built dependencies that crates share: placed in a crate's target before anything of a stranger has run in it.

cargo takes them as its own earlier work where its fingerprints say that they are just what it would build now, and
builds them itself where not: an entry that does not fit costs time, never a verdict. A crate has copies of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.filler import Filler, NotFilled
from oxidizer.cluster.lots import Lot, lots
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.placed import Placed
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.sandbox import ENVIRONMENT, Limits, Mounts, RunResult, SandboxUnavailable
from oxidizer.cluster.shelf import Damaged, Shelf, ShelfRefused
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.turns import run_in_turn
from oxidizer.cluster.unitgraph import NoUnitGraph, UnitGraph, read_unit_graph, registry_packages

LEAST_PACKAGES = 3
"""A crate with fewer dependencies builds them itself: that is quicker."""
_FORM = 1
_GRAPH = "--unit-graph", "-Z", "unstable-options", "--frozen"
# What the compiler says of itself under RUSTC_BOOTSTRAP is not for later commands.
_ASIDE = {"RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": "/tmp/unit-graph"}
_TOOLS = "cc --version; ld --version; ldd --version"


@dataclass(frozen=True)
class CacheTerms:
    """Where the shared builds are, and how much they may be."""

    folder: str
    """`~` stands for the home of whoever works."""
    most_bytes: int = 8 << 30

    def open(self) -> Shelf:
        """The shelf on this machine. Raises ShelfRefused, OSError."""
        return Shelf(Path(self.folder).expanduser(), self.most_bytes)


def cache_terms(folder: str) -> CacheTerms:
    """The terms for a folder as a person names it."""
    return CacheTerms(folder if folder.startswith("~") else os.path.abspath(folder))


@dataclass
class Account:
    """What the cache did for one crate."""

    state: str = "used"
    """`used`; `few`: not worth it; `no graph`: cargo did not tell; `trouble`: the cache could not be read or filled."""
    units: int = 0
    """Units of dependencies that can be shared."""
    taken: int = 0
    """... that were there."""
    built: int = 0
    """... that were built for the cache now."""
    damaged: int = 0
    """Entries that were refused."""
    unfilled: list[str] = field(default_factory=list)
    """Why lots gave nothing, each reason once."""
    fill_cpu_s: float = 0.0
    saved_cpu_s: float = 0.0
    """What building those that were there took once, by estimate."""
    host_cpu_s: float = 0.0
    """This process's own time, in and between the commands."""

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


class DependencyCache:
    """The shared builds, for the crates of one worker."""

    def __init__(self, terms: CacheTerms, backend: str, limits: Limits, toolchain: Toolchain) -> None:
        self.terms, self.backend, self.limits, self.toolchain = terms, backend, limits, toolchain
        self._failed: set[str] = set()
        """Units that were tried for the cache and gave nothing."""

    def provide(self, cargo: Cargo, mounts: Mounts, lock: bytes, meter: MeteredSandbox) -> Account:
        """Place what can be shared in the target of cargo's sandbox, in which nothing of the crate has run yet.

        `meter` is that sandbox, and bears the cost. Raises SandboxUnavailable where it fails.
        """
        account, began_s = Account(), time.process_time()
        if registry_packages(lock) < LEAST_PACKAGES:
            account.state = "few"
            return account
        try:
            shelf = self.terms.open()
            graph = self._graph(cargo, lock)
            account.units = len(graph.units)
            self._place(shelf, graph, mounts, lock, meter, account)
        except NoUnitGraph:
            account.state = "no graph"
        except (OSError, ShelfRefused) as error:
            # Half an entry would be taken for a whole one; nothing of a stranger has run there.
            shutil.rmtree(meter.target.folder / "debug", ignore_errors=True)
            account.state, account.unfilled = "trouble", [str(error)]
        account.host_cpu_s = time.process_time() - began_s
        return account

    def _graph(self, cargo: Cargo, lock: bytes) -> UnitGraph:
        """What `cargo check` and `cargo test` build. Raises NoUnitGraph."""
        words = [shlex.join(["cargo", command, *_GRAPH, *cargo.features]) for command in ("check", "test")]
        _, runs = run_in_turn(cargo.sandbox, [*words, _TOOLS], env=_ASIDE, cwd=cargo.folder)
        if not runs or not runs[0].ok:
            raise NoUnitGraph("cargo printed none")
        base = self._base(runs[2])
        graphs = [read_unit_graph(run.stdout, lock, base) for run in runs[:2] if run.ok]
        return graphs[0] | graphs[1] if len(graphs) > 1 else graphs[0]

    def _base(self, tools: RunResult) -> str:
        """What decides each build beside the unit itself."""
        told = [_FORM, self.toolchain.version, self.toolchain.host, self.backend, sorted(ENVIRONMENT.items())]
        return hashlib.sha256(json.dumps(told).encode() + tools.stdout).hexdigest()

    def _place(
        self, shelf: Shelf, graph: UnitGraph, mounts: Mounts, lock: bytes, meter: MeteredSandbox, account: Account
    ) -> None:
        """Raises OSError, SandboxUnavailable."""
        target = _Target(meter.target.folder, shelf, account)
        missing = {key for key in graph.units if not target.take(key)}
        filler = Filler(shelf, lambda source, made: self._open(mounts, source, made, meter), self._env)
        for lot in lots(graph, missing - self._failed):
            before_s = meter.cpu_s
            try:
                self._fill(filler, lot, lock, target)
            except (NotFilled, SandboxUnavailable) as error:
                # What the machine is to blame for is tried again.
                self._failed |= lot.members if isinstance(error, NotFilled) else set()
                account.unfilled = list(dict.fromkeys([*account.unfilled, str(error)]))
            account.fill_cpu_s += meter.cpu_s - before_s
        if missing:
            shelf.tidy()

    def _fill(self, filler: Filler, lot: Lot, lock: bytes, target: _Target) -> None:
        """Place what a lot gives. Raises NotFilled, SandboxUnavailable, OSError."""
        with filler.shelf.making(lot.members, self.limits.wall_s) as is_ours:
            # Somebody else may have been at it until now.
            left = [key for key in lot.graph.in_order(lot.members) if not target.take(key)]
            if left and is_ours:
                filler.fill(lot, lock)
                for key in left:
                    target.take(key, built=True)

    @property
    def _env(self) -> dict[str, str]:
        return {"CARGO_BUILD_JOBS": str(max(1, int(self.limits.cpus)))}

    @contextmanager
    def _open(self, mounts: Mounts, source: Path, target: Path, meter: MeteredSandbox) -> Iterator[MeteredSandbox]:
        shown = replace(mounts, source=source, target=target, git=None)
        with meter.beside(RoomySandbox(open_sandbox(self.backend, shown, self.limits))) as sandbox:
            try:
                yield sandbox
            finally:
                meter.charge(sandbox)


class _Target:
    """A crate's target folder while it is given what there is."""

    def __init__(self, folder: Path, shelf: Shelf, account: Account) -> None:
        self._placed, self._shelf, self._account = Placed(folder), shelf, account

    def take(self, key: str, *, built: bool = False) -> bool:
        """Place an entry; whether there is one that fits. `built`: it was made for this crate. Raises OSError."""
        try:
            entry = self._shelf.get(key)
        except Damaged:
            self._account.damaged += 1
            return False
        if entry is None or not self._placed.fits(entry):
            return False
        self._placed.place(key, entry)
        if built:
            self._account.built += 1
        else:
            self._account.taken += 1
            self._account.saved_cpu_s += entry.cpu_s
        return True
