"""A campaign over repositories: which pull requests each has, cut into units that share a target."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from oxidizer.cluster.backends import choose_backend
from oxidizer.cluster.promises import promises_named
from oxidizer.cluster.rundir import Json
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.datasets.records import canonical
from oxidizer.datasets.sealed import is_sealed
from oxidizer.miners.campaign import Plan
from oxidizer.miners.pulls.archive.reading import Archive, ArchiveError, read_archive
from oxidizer.miners.pulls.find import Pull, find_pulls
from oxidizer.miners.pulls.mirror import Mirror, open_mirror
from oxidizer.miners.pulls.objects import GitError, Objects
from oxidizer.miners.pulls.unit import SCHEMAS, MinePulls, told_pull
from oxidizer.miners.pulls.wording import archived
from oxidizer.miners.recipe import Pulls, Recipe
from oxidizer.miners.work import NodePlan


class RepositoriesError(ValueError):
    """A file of repositories that cannot be used. The message names the line and the way out."""


@dataclass(frozen=True)
class PullPlan(Plan):
    """One campaign over repositories."""

    what: ClassVar[str] = "units of pull requests"
    clones: str = ""

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
            "list": self.list_file.name, "crates": [f"{u['crate']} {u['version']} {u['unit']}" for u in self.units],
            "miners": list(self.miners), "seed": self.seed, "sealed": self.sealed,
            "recipe": self.recipe.asked(self.miners),
        }  # fmt: skip


def plan_pulls(
    repositories: Path, recipe: Recipe, *, archive: str | None, seed: int, sandbox: str, toolchain: str | None = None,
    accept_weaker: Sequence[str] = (), sealed: bool = False, clones: Path | None = None,
) -> PullPlan:  # fmt: skip
    """Open every repository, find its pull requests, and read what the archive says of them.

    Raises RepositoriesError, ToolchainMissing, ValueError, OSError, SandboxUnavailable.
    """
    accepted = promises_named(accept_weaker)
    found = find_toolchain(toolchain)
    folder = clones or default_clones()
    mirrors = list(_mirrors(repositories, folder))
    if not sealed and (kept := [mirror.name for _, mirror in mirrors if is_sealed(None, mirror.address)]):
        raise RepositoriesError(
            f"{repositories}: {', '.join(kept[:5])}: sealed, which is for evaluation alone. Leave these out, or say "
            "--sealed: their records then carry the mark, and no corpus for training takes them."
        )
    try:
        words = read_archive(archive, [mirror.name for _, mirror in mirrors]) if archive else None
    except ArchiveError as error:
        raise ValueError(str(error)) from error
    units = [unit for source, mirror in mirrors for unit in _units(source, mirror, words, recipe.pulls, seed, found)]
    if not units:
        raise RepositoriesError(f"{repositories}: no repository has a pull request that landed")
    return PullPlan(
        repositories, tuple(units), (), recipe, seed, ("pull-requests",), found, choose_backend(sandbox, found.sysroot),
        accepted, sealed, clones=str(folder),
    )  # fmt: skip


def default_clones() -> Path:
    """Where clones are kept: `oxidizer/clones` in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "oxidizer" / "clones"


def read_repositories(path: Path) -> list[tuple[int, str]]:
    """The addresses or folders of a file, one a line, each with its line; `#` begins a comment.

    Raises RepositoriesError for an empty file and for one that is named twice.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoriesError(
            f"{path} cannot be read ({error}): give a text file with one repository a line"
        ) from error
    named: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        source = line.partition(" #")[0].strip()
        if not source or source.startswith("#"):
            continue
        if source in named:
            raise RepositoriesError(f"{path}: line {number}: {source} stands in line {named[source]} already")
        named[source] = number
    if not named:
        raise RepositoriesError(f"{path} names no repository: write a git URL or a local mirror on each line")
    return [(number, source) for source, number in named.items()]


def _mirrors(path: Path, clones: Path) -> Iterator[tuple[str, Mirror]]:
    names: dict[str, int] = {}
    for number, source in read_repositories(path):
        local = path.parent / source
        # A folder that is named relative to the file.
        source = str(local.resolve()) if "://" not in source and local.is_dir() else source
        try:
            mirror = open_mirror(source, clones)
        except GitError as error:
            raise RepositoriesError(f"{path}: line {number}: {error.cause}: {error}") from error
        if mirror.name.lower() in names:
            raise RepositoriesError(
                f"{path}: line {number}: {mirror.name} is the repository of line {names[mirror.name.lower()]} too"
            )
        names[mirror.name.lower()] = number
        yield source, mirror


def _units(
    source: str, mirror: Mirror, archive: Archive | None, caps: Pulls, seed: int, toolchain: Toolchain
) -> Iterator[Json]:
    with scratch("look") as folder, Objects(mirror.git_dir, folder) as objects:
        pulls = find_pulls(objects, mirror.head).pulls
    chosen = _drawn([pull for pull in pulls if pull.time_s >= _seconds(caps.oldest)], caps.per_repository, seed)
    for first in range(0, len(chosen), caps.per_unit):
        yield _unit(source, mirror, chosen[first : first + caps.per_unit], archive, toolchain)


def _unit(source: str, mirror: Mirror, pulls: Sequence[Pull], archive: Archive | None, toolchain: Toolchain) -> Json:
    days = [datetime.fromtimestamp(pull.time_s, UTC).strftime("%Y-%m-%d") for pull in (pulls[0], pulls[-1])]
    identity = [mirror.name, [pull.after for pull in pulls], toolchain.version]
    digest = hashlib.sha256(canonical(identity)).hexdigest()[:8]
    return {
        "unit": f"{mirror.name.replace('/', '-')}-{days[0]}-{digest}", "crate": mirror.name,
        "version": "..".join(days),
        "spec": {
            "source": source, "url": mirror.address, "head": mirror.head,
            "pulls": [told_pull(pull) for pull in pulls], "words": dict(_words(mirror.name, pulls, archive)),
        },
    }  # fmt: skip


def _words(repo: str, pulls: Iterable[Pull], archive: Archive | None) -> Iterator[tuple[str, Any]]:
    """What the archive says of each pull request, by its commit after."""
    for pull in pulls if archive else ():
        assert archive is not None
        said = archive.pull(repo, pull.number) if pull.number is not None else None
        checks = [archive.checks(repo, oid) for oid in (pull.head, pull.after) if oid]
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
