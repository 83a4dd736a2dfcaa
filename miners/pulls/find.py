"""Merged pull requests in a repository's history: merges, bors merges, squashes, and rebases by their pull refs.

Base is the first parent, for every kind; identity is the commit after, since numbers collide where history was
imported. A pull ref is believed only where its changes are those that landed: a head that was pushed anew afterwards,
or another repository's number, is not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, TypeVar

from oxidizer.miners.pulls.history import History, read_history
from oxidizer.miners.pulls.objects import Commit, GitError, Objects

Kind = Literal["merge", "bors", "squash", "rebase"]

_MERGES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"Merge pull request #(\d{1,9})\b", re.IGNORECASE), "merge"),
    (re.compile(r"(?:Auto merge of|Rollup merge of|Merge) #(\d{1,9})\b", re.IGNORECASE), "bors"),
)
_BATCH = re.compile(r"Merge #\d+ #\d+", re.IGNORECASE)
_ROLLUP = re.compile(rb"\A[^\n]*\n\s*Rollup of \d+ pull requests")
_SQUASH = re.compile(r"\(#(\d{1,9})\)$")


@dataclass(frozen=True)
class Pull:
    """A pull request that landed."""

    kind: Kind
    number: int | None
    """None where it is not this repository's."""
    before: str
    """The commit that it landed on."""
    head: str | None
    """The newest commit of its author's branch; None where that is not known any more."""
    after: str
    time_s: int
    """When it landed: UTC seconds."""
    stacked: bool
    """It landed in another pull request's branch, and with that one on the main line."""


@dataclass(frozen=True)
class Found:
    """What a repository's history has of pull requests."""

    pulls: list[Pull]
    """Sorted by time, then by the commit after."""
    left: Counter[str]
    """What was left out, by reason: pull refs that did not land, and landed changes that are no single pull request."""
    odd: Counter[str] = field(default_factory=Counter)
    """What was taken with a doubt: heads and numbers that were not believed."""


def find_pulls(objects: Objects, head: str) -> Found:
    """All pull requests that landed in the history of `head`. Raises GitError where that is not whole."""
    history = read_history(objects, head)
    return _Search(objects, history).find()


class _Search:
    def __init__(self, objects: Objects, history: History) -> None:
        self.objects, self.history = objects, history
        self.left: Counter[str] = Counter(missing_object=len(history.broken))
        self.odd: Counter[str] = Counter()
        self.malformed: set[str] = set()
        self.patches = objects.patch_ids(history.main[-1])
        """Stable patch-id → commits of HEAD's history."""
        self.patch_of = _turned(self.patches)

    def find(self) -> Found:
        merges = list(self._merges())
        squashes = self._with_heads(list(self._squashes()))
        rebases = self._rebases(merges, squashes)
        # A rebase whose commits all bear its number looks like as many squashes.
        inside = {commit for pull in rebases for commit in self._between(pull)}
        squashes = [pull for pull in squashes if pull.after not in inside]
        pulls = self._originals([*self._numbered(merges), *squashes, *rebases])
        self.left["malformed_commit"] = len(self.malformed)
        return Found(sorted(pulls, key=lambda pull: (pull.time_s, pull.after)), +self.left, +self.odd)

    def _merges(self) -> Iterator[Pull]:
        """Merge commits that tell a number, anywhere in HEAD's history."""
        for oid in self.history.landed:
            parents = self.history.parents[oid]
            if len(parents) < 2:
                continue
            commit = self._read(oid)
            kind, number = _merged(commit.subject) if commit else (None, 0)
            if commit is None or kind is None:
                continue
            if reason := _not_one(commit):
                self.left[reason] += 1
                continue
            yield Pull(kind, number, parents[0], parents[1], oid, commit.commit_s, oid not in self.history.place)

    def _squashes(self) -> Iterator[Pull]:
        """Plain commits of the main line that tell a number at the end of their subject."""
        for oid in self.history.main:
            parents = self.history.parents[oid]
            if len(parents) > 1:
                continue
            commit = self._read(oid)
            if commit and (match := _SQUASH.search(commit.subject)):
                if parents:
                    yield Pull("squash", int(match[1]), parents[0], None, oid, commit.commit_s, False)
                else:
                    self.left["no_parent"] += 1

    def _read(self, oid: str) -> Commit | None:
        """A commit; None, and counted once, where it is malformed: old histories hold such."""
        try:
            return self.objects.commit(oid)
        except GitError as error:
            if error.cause != "malformed_commit":
                raise
            self.malformed.add(oid)
            return None

    def _numbered(self, merges: list[Pull]) -> list[Pull]:
        """The merges, without the numbers that are other repositories'."""
        return [self._believed(pull, self.history.pulls.get(pull.number or 0)) for pull in merges]

    def _believed(self, pull: Pull, ref: str | None) -> Pull:
        """The pull request without its number, where the pull ref of that number cannot be what landed."""
        if not self.history.pulls or ref == pull.head:
            return pull
        head = self._read(ref) if ref else None
        is_later = head is not None and head.author_s > pull.time_s
        # What was merged into a branch may have been merged in a fork, which counts for itself.
        if is_later or pull.stacked:
            self.odd["number_elsewhere"] += 1
            return replace(pull, number=None)
        self.odd["head_differs" if ref else "no_pull_ref"] += 1
        return pull

    def _with_heads(self, squashes: list[Pull]) -> list[Pull]:
        """The squashes, with the heads whose whole change is what landed."""
        heads = {pull.after: self.history.pulls.get(pull.number or 0) for pull in squashes}
        pairs = {}
        for pull in squashes:
            head = heads[pull.after]
            base = self.history.base(head, self.history.place[pull.before]) if head else None
            if head and base:
                pairs[pull.after] = (base, head)
        patches, _ = _salvage(self.objects.change_ids, list(pairs.values()))
        same = {after for after, pair in pairs.items() if patches.get(pair, "") == self.patch_of.get(after)}
        return [
            replace(pull, head=heads[pull.after]) if pull.after in same else self._believed(pull, heads[pull.after])
            for pull in squashes
        ]

    def _rebases(self, merges: list[Pull], squashes: list[Pull]) -> list[Pull]:
        """Pull requests that only their refs tell of: each of their patches lies on main, one after the other."""
        own = self._unexplained(merges, squashes)
        patch_of, broken = self._patches_of(own)
        self.left["missing_object"] += len(broken)
        taken = {pull.after: pull.number for pull in [*merges, *squashes]}
        found = []
        # The branch that others were stacked on comes first; of two that are alike, the later one landed.
        for number in sorted(own.keys() - broken, key=lambda n: (len(own[n]), -n)):
            wanted = [(commit, patch_of[commit]) for commit in own[number] if commit in patch_of]
            pull = self._rebased(number, wanted, taken)
            if isinstance(pull, Pull):
                found.append(pull)
                taken |= dict.fromkeys(self._between(pull), number)
            else:
                self.left[pull] += 1
        return found

    def _unexplained(self, merges: list[Pull], squashes: list[Pull]) -> dict[int, list[str]]:
        """Number → commits, oldest first, of the pull refs that no merge and no single squash tells of."""
        numbers, heads = {pull.number for pull in merges}, {pull.head for pull in merges}
        squashed = Counter(pull.number for pull in squashes)
        own = {}
        for number, head in self.history.pulls.items():
            if number in numbers or head in heads or squashed[number] == 1:
                continue
            if head in self.history.landed:
                self.left["fast_forward"] += 1
            else:
                own[number] = self.history.own(head)
        return own

    def _patches_of(self, own: dict[int, list[str]]) -> tuple[dict[str, str], set[int]]:
        """Commit → stable patch-id, and the numbers of the pull refs of which a file is missing."""
        main = f"^{self.history.main[-1]}"
        heads = list(dict.fromkeys(commits[-1] for commits in own.values()))
        patch_of, broken = _salvage(lambda some: _turned(self.objects.patch_ids(*some, main)), heads)
        return patch_of, {number for number, commits in own.items() if commits[-1] in broken}

    def _rebased(self, number: int, wanted: list[tuple[str, str]], taken: dict[str, int | None]) -> Pull | str:
        """The pull request, rebased; or why it is none."""
        if not wanted:
            return "no_change"
        there = [(commit, self._landed(patch)) for commit, patch in wanted]
        if not all(copy for _, copy in there):
            return "partly_landed" if any(copy for _, copy in there) else "not_landed"
        new = [(commit, copy) for commit, copy in there if copy and taken.get(copy, number) == number]
        if not new:
            return "landed_otherwise"
        read = {oid: self._read(oid) for pair in new for oid in pair}
        times = {oid: commit.commit_s for oid, commit in read.items() if commit}
        if len(times) < len(read):
            return "malformed_commit"
        if any(times[copy] < times[commit] for commit, copy in new):
            return "copied_from_main"
        copies = sorted({copy for _, copy in new}, key=self.history.order.__getitem__, reverse=True)
        if not self.history.parents[copies[0]]:
            return "no_parent"
        if any(self.history.parents[b] != (a,) for a, b in pairwise(copies)):
            return "interleaved"
        after = copies[-1]
        return Pull(
            "rebase", number, self.history.parents[copies[0]][0], self.history.pulls[number], after, times[after],
            after not in self.history.place,
        )  # fmt: skip

    def _landed(self, patch: str) -> str | None:
        """The oldest commit with a patch: of the main line, where that has one."""
        commits = self.patches.get(patch, [])
        return min(commits, key=lambda c: (c not in self.history.place, -self.history.order[c]), default=None)

    def _between(self, pull: Pull) -> Iterator[str]:
        """The commits from before to after, along first parents."""
        commit = pull.after
        while commit != pull.before:
            yield commit
            commit = self.history.parents[commit][0]

    def _originals(self, pulls: list[Pull]) -> list[Pull]:
        """The pull requests without those that change nothing, and without copies of what the main line had before."""
        patches = self.objects.change_ids((pull.before, pull.after) for pull in pulls)
        first: dict[str, str] = {}
        for commit in self.history.main:
            patch = self.patch_of.get(commit)
            if patch:
                first.setdefault(patch, commit)
        kept = []
        for pull in sorted(pulls, key=lambda p: (p.stacked, self.history.landed[p.after], p.time_s, p.after)):
            patch = patches.get((pull.before, pull.after))
            if patch is None:
                self.left["no_change"] += 1
            elif self._is_copy(pull, first.setdefault(patch, pull.after)):
                self.left["cherry_pick"] += 1
            else:
                kept.append(pull)
        return kept

    def _is_copy(self, pull: Pull, original: str) -> bool:
        if original == pull.after:
            return False
        return pull.stacked or self.history.landed[original] < self.history.landed[pull.after]


def _turned(patches: dict[str, list[str]]) -> dict[str, str]:
    """Commit → stable patch-id."""
    return {commit: patch for patch, commits in patches.items() for commit in commits}


_Asked = TypeVar("_Asked")
_Key = TypeVar("_Key")
_Told = TypeVar("_Told")


def _salvage(
    ask: Callable[[Sequence[_Asked]], dict[_Key, _Told]], items: Sequence[_Asked]
) -> tuple[dict[_Key, _Told], set[_Asked]]:
    """What git tells of all items at once, and those of which it tells nothing, since an object is missing."""
    try:
        return (ask(items) if items else {}), set()
    except GitError as error:
        if error.cause not in ("missing_object", "broken_repository"):
            raise
    if len(items) == 1:
        return {}, set(items)
    first, second = (_salvage(ask, half) for half in (items[: len(items) // 2], items[len(items) // 2 :]))
    return first[0] | second[0], first[1] | second[1]


def _merged(subject: str) -> tuple[Kind | None, int]:
    for pattern, kind in _MERGES:
        if match := pattern.match(subject):
            return kind, int(match[1])
    return None, 0


def _not_one(commit: Commit) -> str | None:
    """Why a merge commit is no single pull request."""
    if len(commit.parents) > 2:
        return "octopus"
    return "batch" if _BATCH.match(commit.subject) or _ROLLUP.match(commit.message) else None
