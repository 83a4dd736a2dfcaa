"""A campaign over repositories: which pull requests each has, cut into units that share a target."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from oxidizer.cluster.backends import choose_backend
from oxidizer.cluster.promises import promises_named
from oxidizer.cluster.rundir import Json, RunDirectory
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.datasets.records import canonical
from oxidizer.datasets.sealed import is_sealed
from oxidizer.miners.campaign import Plan
from oxidizer.miners.pulls.archive.reading import Archive, ArchiveError, read_archive
from oxidizer.miners.pulls.begun import Begun, begun, keep
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.mirror import Mirror
from oxidizer.miners.pulls.repositories import Looked, Named, RepositoriesError, looked_at, opened, read_repositories
from oxidizer.miners.pulls.unit import SCHEMAS, MinePulls, told_pull
from oxidizer.miners.pulls.wording import archived
from oxidizer.miners.recipe import Pulls, Recipe
from oxidizer.miners.work import NodePlan

Say = Callable[[str], None]
"""Told in a few words what is being done."""
_NO_DAY = 253_402_300_800
"""The second after which there are no days: clocks of some who made commits were wrong by thousands of years."""


@dataclass(frozen=True)
class PullPlan(Plan):
    """One campaign over repositories."""

    what: ClassVar[str] = "units of pull requests"
    clones: str = ""
    archive: str | None = None
    """Where the archive is that the words are from."""
    new: tuple[str, ...] = ()
    """Repositories that are named and that the run was not begun with."""
    told: Json = field(default_factory=dict)
    """What run.json says of the repositories and of the archive; empty for a run that goes on."""

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """The tables that a unit leaves."""
        return SCHEMAS

    def work(self, sysroot: str | None, share: Share, run: str) -> NodePlan:
        """The work on the units."""
        return MinePulls(
            self.recipe, self.miners, self.seed, self.backend, sysroot, self.toolchain.version, share, run=run,
            accepted=self.accepted, sealed=self.sealed, cache=self.clones,
        )  # fmt: skip

    @property
    def asked(self) -> Json:
        """What decides the tuples, beside the toolchain."""
        return {
            "list": self.list_file.name,
            "crates": [*(f"{u['crate']} {u['version']} {u['unit']}" for u in self.units), *self.new],
            "miners": list(self.miners), "seed": self.seed, "sealed": self.sealed, "archive": self.archive,
            "recipe": self.recipe.asked(self.miners),
        }  # fmt: skip

    def begin(self, run: RunDirectory) -> Json:
        """Keep the units beside the run. Raises OSError."""
        if self.told:
            keep(run, self.units)
        return self.told


def plan_pulls(
    repositories: Path, recipe: Recipe, *, archive: str | None, seed: int, sandbox: str, toolchain: str | None = None,
    accept_weaker: Sequence[str] = (), sealed: bool = False, clones: Path | None = None,
    run: RunDirectory | None = None, say: Say = lambda text: None,
) -> PullPlan:  # fmt: skip
    """Open every repository, find its pull requests, and read what the archive says of them; of a `run` that was begun
    go on with what it was begun with.

    Raises RepositoriesError, ToolchainMissing, ValueError, OSError, SandboxUnavailable.
    """
    accepted = promises_named(accept_weaker)
    found = find_toolchain(toolchain)
    folder = clones or default_clones()
    named = read_repositories(repositories)
    units: tuple[Json, ...]
    new: tuple[str, ...] = ()
    told: Json = {}
    if earlier := begun(run) if run else None:
        units, new = earlier.go_on(named), _new(earlier, named)
    else:
        units, told = _begun(repositories, named, folder, archive, recipe.pulls, seed, found, sealed, say)
    return PullPlan(
        repositories, units, (), recipe, seed, ("pull-requests",), found, choose_backend(sandbox, found.sysroot),
        accepted, sealed, clones=str(folder), archive=_place(archive), new=new, told=told,
    )  # fmt: skip


def default_clones() -> Path:
    """Where clones are kept: `oxidizer/clones` in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "oxidizer" / "clones"


def _begun(
    path: Path, named: list[Named], clones: Path, archive: str | None, caps: Pulls, seed: int, toolchain: Toolchain,
    sealed: bool, say: Say,
) -> tuple[tuple[Json, ...], Json]:  # fmt: skip
    """The units of all repositories, and what run.json says of them."""
    mirrors = []
    for at, (one, mirror) in enumerate(opened(named, clones), 1):
        mirrors.append((one, mirror))
        say(f"{mirror.name} is there, {at} of {len(named)} repositories")
    if not sealed:
        _check_unsealed(path, [mirror for _, mirror in mirrors])
    words = _archive(archive, [mirror.name for _, mirror in mirrors], say) if archive else None
    units: list[Json] = []
    rows = []
    for at, (one, mirror) in enumerate(mirrors, 1):
        say(f"looking for pull requests in {mirror.name}, {at} of {len(mirrors)} repositories")
        made, row = _looked(looked_at(one, mirror), words, caps, seed, toolchain)
        units += made
        rows.append(row)
    if not units:
        raise RepositoriesError(f"{path}: no repository has a pull request that landed")
    read = {"place": _place(archive), "counts": dict(sorted(words.counts.items()))} if words else None
    return tuple(units), {"repositories": rows, "archive": read}


def _check_unsealed(path: Path, mirrors: Sequence[Mirror]) -> None:
    if kept := [mirror.name for mirror in mirrors if is_sealed(None, mirror.address)]:
        raise RepositoriesError(
            f"{path}: {', '.join(kept[:5])}: sealed, which is for evaluation alone. Leave these out, or say "
            "--sealed: their records then carry the mark, and no corpus for training takes them."
        )


def _archive(place: str, names: Sequence[str], say: Say) -> Archive:
    try:
        return read_archive(place, names, progress=lambda done, of: say(f"archive: {done:,} of {of:,} files read"))
    except ArchiveError as error:
        raise ValueError(str(error)) from error


def _place(archive: str | None) -> str | None:
    """An archive's place as it is compared and told: whole, and without what may be a secret."""
    if archive is None:
        return None
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", archive) if "://" in archive else str(Path(archive).absolute())


def _new(earlier: Begun, named: Sequence[Named]) -> tuple[str, ...]:
    return tuple(one.name for one in named if one.name.lower() not in earlier.names)


def _looked(
    looked: Looked, archive: Archive | None, caps: Pulls, seed: int, toolchain: Toolchain
) -> tuple[list[Json], Json]:
    """A repository's units, and its row in run.json."""
    found, mirror = looked.found, looked.mirror
    dated = [pull for pull in found.pulls if pull.time_s < _NO_DAY]
    chosen = _drawn([pull for pull in dated if pull.time_s >= _seconds(caps.oldest)], caps.per_repository, seed)
    cuts = [chosen[first : first + caps.per_unit] for first in range(0, len(chosen), caps.per_unit)]
    units = [_unit(looked, pulls, archive, toolchain) for pulls in cuts]
    left = {**found.left, "impossible_time": len(found.pulls) - len(dated)}
    row = {
        "name": mirror.name, "head": mirror.head, "landed": len(found.pulls), "chosen": len(chosen),
        "told": sum(len(unit["spec"]["words"]) for unit in units),
        "left": {why: count for why, count in sorted(left.items()) if count}, "odd": dict(sorted(found.odd.items())),
    }  # fmt: skip
    return units, row


def _unit(looked: Looked, pulls: Sequence[Pull], archive: Archive | None, toolchain: Toolchain) -> Json:
    mirror = looked.mirror
    days = [datetime.fromtimestamp(pull.time_s, UTC).strftime("%Y-%m-%d") for pull in (pulls[0], pulls[-1])]
    identity = [mirror.name, [pull.after for pull in pulls], toolchain.version]
    digest = hashlib.sha256(canonical(identity)).hexdigest()[:8]
    return {
        "unit": f"{mirror.name.replace('/', '-')}-{days[0]}-{digest}", "crate": mirror.name,
        "version": "..".join(days),
        "spec": {
            "source": looked.named.source, "url": mirror.address, "head": mirror.head,
            "pulls": [told_pull(pull) for pull in pulls],
            "words": dict(_words(looked, pulls, archive)) if archive else {},
        },
    }  # fmt: skip


def _words(looked: Looked, pulls: Sequence[Pull], archive: Archive) -> Iterator[tuple[str, Any]]:
    """What the archive says of each pull request, by its commit after."""
    repo = looked.mirror.name
    for pull in pulls:
        vouched = pull.head is not None and looked.refs.get(f"refs/pull/{pull.number}/head") == pull.head
        said = archive.landed(repo, pull.after, pull.head, pull.number, is_vouched=vouched)
        # What landed counts before what was proposed.
        checks = (archive.checks(repo, oid) for oid in (pull.after, pull.head) if oid)
        if told := archived(said, next(filter(None, checks), None)):
            yield pull.after, told


def _drawn(pulls: Sequence[Pull], most: int, seed: int) -> list[Pull]:
    """At most so many, drawn over the whole history; in its order."""
    if len(pulls) <= most:
        return list(pulls)
    drawn = sorted(pulls, key=lambda pull: hashlib.sha256(f"{seed}\0{pull.after}".encode()).digest())[:most]
    return sorted(drawn, key=lambda pull: (pull.time_s, pull.after))


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
