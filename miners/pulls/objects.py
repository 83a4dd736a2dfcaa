"""git's objects by plumbing alone: commits, trees, blobs, diffs, and new trees in a store of our own.

Everything is asked for by the ids of objects, which never change; refs are read once, when an `Objects` opens them.
Nothing of the repository runs: no hook, filter, text conversion, external diff, and nothing is fetched.
Whatever cannot be read raises GitError, whose `cause` is a word for reports.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import TracebackType

from oxidizer.miners.pulls.catfile import OBJECT_BYTES, CatFile
from oxidizer.miners.pulls.paths import check_plain
from oxidizer.miners.pulls.plumbing import Git, known, make_store, objects_folder, store_name
from oxidizer.miners.pulls.plumbing import GitError as GitError

FILE, PROGRAM, LINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
"""The modes that git gives to what a tree holds."""
FOLDER = 0o040000
DIFF_BYTES = 64 << 20
"""The longest diff that is read into memory."""
TREE_ENTRIES = 200_000
"""The most files and folders that a tree may hold."""
_DEPTH = 100
_TREES = 4096
_NOTHING = "0" * 40
_PATCH = ("-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_SIGNED = re.compile(rb"> ?(-?\d{1,15}) [+-]?\d+$")


@dataclass(frozen=True)
class Commit:
    """A commit; whoever made it is not told."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author_s: int
    """When it was written: UTC seconds. A copy keeps this one."""
    commit_s: int
    """When it came to be: UTC seconds."""
    message: bytes

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.lstrip(b"\n").split(b"\n", 1)[0].decode(errors="replace").strip()


@dataclass(frozen=True)
class Entry:
    """What stands at a path."""

    mode: int
    """One of FILE, PROGRAM, LINK and SUBMODULE; in old trees also 0o100664, which means FILE."""
    oid: str
    """A blob; for a submodule a commit of another repository."""


@dataclass(frozen=True)
class Change:
    """A path at which two trees differ."""

    path: bytes
    old: Entry | None
    """None: it is new."""
    new: Entry | None
    """None: it is gone."""


@dataclass(frozen=True)
class Hunk:
    """Lines of the old text that others of the new text stand for; lines are counted from 0 and end at b"\\n" alone."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int


class Objects:
    """The objects of a repository, and those that are made here; one for each thread."""

    def __init__(self, git_dir: Path, scratch: Path) -> None:
        self.git_dir = git_dir
        self.store = scratch / store_name(git_dir)
        """Where new objects go; another `Objects` of the same repository and scratch sees them."""
        self._git = make_store(self.store, objects_folder(git_dir))
        self._reader = CatFile(self._git)
        # Trees of one history are mostly the same.
        self._entries = lru_cache(_TREES)(lambda tree: tuple(_entries(self._reader.read(tree, "tree"), tree)))

    def __enter__(self) -> Objects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def run(self, *args: str, stdin: bytes = b"", limit: int | None = None) -> bytes:
        """What a git command in the store prints. Raises GitError where it fails or prints more than `limit` bytes."""
        return self._git.run(*args, stdin=stdin, limit=limit)

    @cached_property
    def _refs(self) -> dict[str, str]:
        lines = Git(self.git_dir).run("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        pairs = (line.decode(errors="surrogateescape").split(" ", 1) for line in lines)
        return {name: oid for oid, name in pairs}

    def refs(self) -> dict[str, str]:
        """Name → id of every ref, as they were at the first call."""
        return dict(self._refs)

    def commit(self, oid: str) -> Commit:
        """A commit, read strictly. Raises GitError, also where it is malformed."""
        head, _, message = self._reader.read(oid, "commit").partition(b"\n\n")
        lines = head.split(b"\n")
        fields: dict[bytes, list[bytes]] = defaultdict(list)
        for line in lines:
            key, _, value = line.partition(b" ")
            fields[key].append(value)
        times = [_SIGNED.search((fields[key] or [b""])[0]) for key in (b"author", b"committer")]
        if len(fields[b"tree"]) != 1 or None in times:
            raise GitError("malformed_commit", f"commit {oid} has no tree, or no time that can be read")
        author_s, commit_s = (int(time[1]) for time in times if time)
        parents = tuple(known(parent.decode(errors="replace")) for parent in fields[b"parent"])
        return Commit(oid, known(fields[b"tree"][0].decode(errors="replace")), parents, author_s, commit_s, message)

    def blob(self, oid: str, limit: int = OBJECT_BYTES) -> bytes:
        """A file's content. Raises GitError (`too_large`) where it has more than `limit` bytes."""
        return self._reader.read(oid, "blob", limit)

    def size(self, oid: str) -> int:
        """An object's size in bytes."""
        return self._reader.info(oid)[1]

    def kind(self, oid: str) -> str | None:
        """An object's type: commit, tree, blob or tag; None where it is missing."""
        try:
            return self._reader.info(oid)[0]
        except GitError as error:
            if error.cause != "missing_object":
                raise
            return None

    def tree(self, oid: str) -> dict[bytes, Entry]:
        """Everything below a tree but folders, by path. Raises GitError where one is missing, malformed or too large.

        Names are as git has them: `paths.check_tree` tells whether they may become files.
        """
        return dict(sorted((path, entry) for path, entry in self._walk(oid) if entry.mode != FOLDER))

    def folders(self, oid: str) -> list[str]:
        """The ids of a tree and of all trees below it; raises what `tree` does."""
        return list(dict.fromkeys([oid, *(entry.oid for _, entry in self._walk(oid) if entry.mode == FOLDER)]))

    def _walk(self, oid: str) -> Iterator[tuple[bytes, Entry]]:
        rest, count = [(b"", oid, 0)], 0
        while rest:
            above, tree, depth = rest.pop()
            for name, entry in self._entries(tree):
                count += 1
                if entry.mode == FOLDER:
                    rest.append((above + name + b"/", entry.oid, depth + 1))
                if depth > _DEPTH or count > TREE_ENTRIES:
                    raise GitError(
                        "too_large", f"tree {oid} is over {_DEPTH} deep or has over {TREE_ENTRIES:,} entries"
                    )
                yield above + name, entry

    def changes(self, before_tree: str, after_tree: str) -> list[Change]:
        """The paths at which two trees differ, sorted; a file that moved is one that went and one that came."""
        raw = self.run(
            "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", *_pair(before_tree, after_tree),
            limit=DIFF_BYTES,
        )  # fmt: skip
        told = raw.split(b"\0")
        return [_change(*pair) for pair in zip(told[::2], told[1::2], strict=False)]

    def diff(self, before_tree: str, after_tree: str, limit: int = DIFF_BYTES) -> bytes:
        """The complete diff of two trees. Raises GitError (`too_large`) where it has more than `limit` bytes."""
        return self.run("diff-tree", *_PATCH, *_pair(before_tree, after_tree), limit=limit)

    def hunks(self, old_oid: str, new_oid: str) -> list[Hunk]:
        """Where two blobs differ, by the histogram method."""
        said = self.run(
            "diff", "-U0", "--inter-hunk-context=0", "--diff-algorithm=histogram", "--text", "--no-color",
            "--no-ext-diff", "--no-textconv", "--no-indent-heuristic", *_pair(old_oid, new_oid), limit=4 * DIFF_BYTES,
        )  # fmt: skip
        return [_hunk(match) for match in _HUNK.finditer(said)]

    def patch_ids(self, *revisions: str) -> dict[str, list[str]]:
        """Stable patch-id → the commits that carry it, newest first, of all non-merges that `revisions` reach.

        Revisions are what `git rev-list` takes by its standard input: ids, and `^id` for what is left out.
        """
        if not revisions:
            return {}
        listed = ("rev-list", "--no-merges", "--stdin")
        shown = ("diff-tree", "--stdin", "--root", *_PATCH)
        stdin = "".join(f"{revision}\n" for revision in revisions).encode()
        said = self._git.pipe([listed, shown, ("patch-id", "--stable")], stdin)
        found: dict[str, list[str]] = {}
        for patch_id, oid in _told(said):
            found.setdefault(patch_id, []).append(oid)
        return found

    def change_ids(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """(before, after) → stable patch-id of the change between two commits; pairs without a change are left out."""
        found: dict[tuple[str, str], str] = {}
        rest = list(dict.fromkeys(pairs))
        while rest:
            # git names a change by its after alone.
            now = {after: before for before, after in reversed(rest)}
            stdin = "".join(f"{known(after)} {known(before)}\n" for after, before in now.items()).encode()
            said = self._git.pipe([("diff-tree", "--stdin", *_PATCH), ("patch-id", "--stable")], stdin)
            found |= {(now[after], after): patch_id for patch_id, after in _told(said)}
            rest = [(before, after) for before, after in rest if now[after] != before]
        return found

    def laid(self, base_tree: str, diff: bytes) -> str:
        """A new tree: a diff laid on `base_tree`. Raises GitError where it does not apply."""
        with self._index(base_tree) as env:
            if diff:
                self._git.run("apply", "--cached", "--binary", "--whitespace=nowarn", "-", stdin=diff, env=env)
            return self._git.run("write-tree", env=env).decode().strip()

    @contextmanager
    def _index(self, tree: str) -> Iterator[dict[str, str]]:
        """The environment in which git's index holds a tree."""
        with tempfile.TemporaryDirectory(dir=self.store, prefix="index-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git.run("read-tree", known(tree), env=env)
            yield env

    def with_files(self, base_tree: str, files: Mapping[bytes, tuple[int, bytes] | None]) -> str:
        """A new tree: `base_tree` with files replaced or added (mode, content), or taken away (None).

        Raises GitError (`hostile_path`) for a path that is no plain one.
        """
        for path in files:
            check_plain(path)
        gone = [b"0 %s\t%s\0" % (_NOTHING.encode(), path) for path, file in files.items() if file is None]
        there = [
            b"%o %s\t%s\0" % (file[0], self.run("hash-object", "-w", "--stdin", stdin=file[1]).strip(), path)
            for path, file in files.items()
            if file is not None
        ]
        with self._index(base_tree) as env:
            lines = b"".join([*gone, *there])
            self._git.run("update-index", "-z", "--add", "--replace", "--index-info", stdin=lines, env=env)
            return self._git.run("write-tree", env=env).decode().strip()


def _pair(a: str, b: str) -> tuple[str, str]:
    return known(a), known(b)


def _told(said: bytes) -> list[tuple[str, str]]:
    """What `git patch-id` prints: pairs of patch-id and commit."""
    pairs = (line.split() for line in said.decode().splitlines())
    return [(patch_id, oid) for patch_id, oid in pairs]


def _entries(raw: bytes, tree: str) -> Iterator[tuple[bytes, Entry]]:
    """Names and what they name in one tree object."""
    at, names = 0, set()
    while at < len(raw):
        end = raw.find(b"\0", at)
        mode, _, name = raw[at:end].partition(b" ")
        is_whole = end > 0 and len(raw) >= end + 21 and re.fullmatch(rb"[0-7]{5,6}", mode)
        if not is_whole or name in names or b"/" in name:
            raise GitError("malformed_tree", f"tree {tree} is none that git makes: `git fsck` tells more")
        names.add(name)
        yield name, Entry(int(mode, 8), raw[end + 1 : end + 21].hex())
        at = end + 21


def _change(facts: bytes, path: bytes) -> Change:
    """One change as `git diff-tree --raw -z` tells it."""
    old_mode, new_mode, old, new, _ = facts.decode().removeprefix(":").split()
    return Change(path, _side(old_mode, old), _side(new_mode, new))


def _side(mode: str, oid: str) -> Entry | None:
    return Entry(int(mode, 8), oid) if oid != _NOTHING else None


def _hunk(match: re.Match[bytes]) -> Hunk:
    """git counts lines from 1, and where none is meant, from the line before."""
    old, old_count, new, new_count = (1 if count is None else int(count) for count in match.groups())
    return Hunk(old - bool(old_count), old_count, new - bool(new_count), new_count)
