"""The file that names repositories, one a line, and what is found of each when it is looked at for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from oxidizer.cluster.scratch import scratch
from oxidizer.miners.pulls.find import Found, find_pulls
from oxidizer.miners.pulls.mirror import Mirror, called, open_mirror
from oxidizer.miners.pulls.objects import GitError, Objects


class RepositoriesError(ValueError):
    """A file of repositories that cannot be used. The message names the line and the way out."""


@dataclass(frozen=True)
class Named:
    """One line that names a repository."""

    where: str
    """The file and the line, for a person."""
    source: str
    """An address, which may hold a password, or an absolute folder."""
    name: str
    """`<org>/<name>`."""


@dataclass(frozen=True)
class Looked:
    """A repository that was opened and whose history was read."""

    named: Named
    mirror: Mirror
    found: Found
    refs: dict[str, str]
    """Name → commit, as they were when its pull requests were found."""


def read_repositories(path: Path) -> list[Named]:
    """The repositories of a file of addresses and folders, one a line; `#` begins a comment.

    Raises RepositoriesError for an empty file, for what is no repository and for one that is named twice.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoriesError(
            f"{path} cannot be read ({error}): give a text file with one repository a line"
        ) from error
    named: list[Named] = []
    for number, line in enumerate(lines, 1):
        source = line.partition(" #")[0].strip()
        if source and not source.startswith("#"):
            named.append(_named(path, number, source, named))
    if not named:
        raise RepositoriesError(f"{path} names no repository: write a git URL or a local mirror on each line")
    return named


def _named(path: Path, number: int, source: str, before: list[Named]) -> Named:
    where, local = f"{path}: line {number}", path.parent / source
    # A folder that is named relative to the file.
    source = str(local.resolve()) if "://" not in source and local.is_dir() else source
    try:
        named = Named(where, source, called(source))
    except GitError as error:
        raise RepositoriesError(f"{where}: {error.cause}: {error}") from error
    for one in before:
        if one.name.lower() == named.name.lower():
            line = one.where.rpartition(": ")[2]
            raise RepositoriesError(f"{where}: {named.name} is the repository of {line} too: name it once")
    return named


def opened(named: list[Named], clones: Path) -> Iterator[tuple[Named, Mirror]]:
    """Each repository, brought up to date. Raises RepositoriesError for the first that cannot be read."""
    for one in named:
        try:
            yield one, open_mirror(one.source, clones)
        except GitError as error:
            raise RepositoriesError(f"{one.where}: {error.cause}: {error}") from error


def looked_at(named: Named, mirror: Mirror) -> Looked:
    """What its history has of pull requests. Raises RepositoriesError where that cannot be read to its end."""
    try:
        with scratch("look") as folder, Objects(mirror.git_dir, folder) as objects:
            return Looked(named, mirror, find_pulls(objects, mirror.head), objects.refs())
    except GitError as error:
        raise RepositoriesError(
            f"{named.where}: {error.cause}: the history of {mirror.name} cannot be read: {error}. Mend it "
            f"(`git fsck` in {mirror.git_dir} tells more), or leave it out"
        ) from error
