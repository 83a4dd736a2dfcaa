"""The shape of a repository's history: the main line, what landed with each of its commits, and the pull refs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from oxidizer.miners.pulls.objects import GitError, Objects

_PULL = re.compile(r"refs/pull/(\d{1,9})/head")


@dataclass(frozen=True)
class History:
    """Commits by their ids alone, in memory: about 500 bytes each."""

    main: tuple[str, ...]
    """The main line, oldest first: HEAD's first parents."""
    parents: dict[str, tuple[str, ...]]
    """Of every commit that HEAD or a pull ref reaches."""
    order: dict[str, int]
    """Children before parents."""
    landed: dict[str, int]
    """Commits of HEAD's history → the place in `main` of the first commit that reaches them."""
    pulls: dict[int, str]
    """Number → head of each pull ref that can be read."""
    broken: tuple[int, ...] = ()
    """Numbers of pull refs with a commit missing."""
    place: dict[str, int] = field(default_factory=dict)
    """Commits of the main line → their place in it."""

    def own(self, head: str) -> list[str]:
        """The commits of a pull request that HEAD's history does not have, oldest first."""
        found = {commit for commit in self._walk(head, len(self.main)) if commit not in self.landed}
        return sorted(found, key=self.order.__getitem__, reverse=True)

    def base(self, head: str, place: int) -> str | None:
        """The best common ancestor of a commit and the main line at a place; None where there is none."""
        common = [commit for commit in self._walk(head, place) if self.landed.get(commit, place + 1) <= place]
        return min(common, key=self.order.__getitem__, default=None)

    def _walk(self, head: str, place: int) -> Iterator[str]:
        """A commit and its ancestors, no further than to what the main line has at a place."""
        rest, seen = [head], {head}
        while rest:
            commit = rest.pop()
            yield commit
            if self.landed.get(commit, place + 1) > place:
                new = [parent for parent in self.parents[commit] if parent not in seen]
                seen.update(new)
                rest += new


def read_history(objects: Objects, head: str) -> History:
    """The history of `head` and of all pull refs. Raises GitError where that of `head` is not whole."""
    refs = objects.refs()
    pulls = {int(match[1]): oid for name, oid in refs.items() if (match := _PULL.fullmatch(name))}
    parents, broken = _reachable(objects, head, pulls)
    main = [head]
    while parents[main[-1]]:
        main.append(parents[main[-1]][0])
    main.reverse()
    return History(
        main=tuple(main), parents=parents, order={commit: at for at, commit in enumerate(parents)},
        landed=_landed(main, parents), pulls={n: oid for n, oid in sorted(pulls.items()) if n not in broken},
        broken=tuple(sorted(broken)), place={commit: at for at, commit in enumerate(main)},
    )  # fmt: skip


def _reachable(objects: Objects, head: str, pulls: dict[int, str]) -> tuple[dict[str, tuple[str, ...]], set[int]]:
    """Parents of all commits, and the pull refs that are broken."""
    broken = {number for number, oid in pulls.items() if objects.kind(oid) != "commit"}
    whole = [oid for number, oid in pulls.items() if number not in broken]
    try:
        return _parents(objects, [head, *whole]), broken
    except GitError:
        # One by one, since git says of the first that is broken only.
        parents = _parents(objects, [head])
        broken |= {number for number, oid in pulls.items() if number not in broken and not _is_whole(objects, oid)}
        whole = [oid for number, oid in pulls.items() if number not in broken]
        return (_parents(objects, [head, *whole]) if whole else parents), broken


def _is_whole(objects: Objects, oid: str) -> bool:
    try:
        objects.run("rev-list", "--count", oid)
    except GitError:
        return False
    return True


def _parents(objects: Objects, tips: list[str]) -> dict[str, tuple[str, ...]]:
    listed = objects.run("rev-list", "--topo-order", "--parents", "--stdin", stdin="\n".join([*tips, ""]).encode())
    lines = (line.split() for line in listed.decode().splitlines())
    return {line[0]: tuple(line[1:]) for line in lines}


def _landed(main: list[str], parents: dict[str, tuple[str, ...]]) -> dict[str, int]:
    landed: dict[str, int] = {}
    for place, commit in enumerate(main):
        rest = [commit]
        while rest:
            if (commit := rest.pop()) not in landed:
                landed[commit] = place
                rest += parents[commit]
    return landed
