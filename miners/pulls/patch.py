"""The proof of a diff: laid on the tree before, where nothing else is at hand, it gives the tree after."""

from __future__ import annotations

import tempfile
from pathlib import Path

from oxidizer.miners.pulls.objects import SUBMODULE, GitError, Objects
from oxidizer.miners.pulls.plumbing import Git, make_store


def rebuilds(objects: Objects, before_tree: str, diff: bytes, after_tree: str) -> bool:
    """Whether a diff (no renames, no copies) makes `after_tree` in a store that holds only the tree before.

    Raises GitError where the trees cannot be read. A diff that git refuses, for a path or a hunk, is False.
    """
    with tempfile.TemporaryDirectory(dir=objects.store, prefix="rebuild-") as folder:
        alone = make_store(Path(folder))
        _copy(objects, before_tree, after_tree, alone)
        return _apply(alone, before_tree, diff) == after_tree


def _copy(objects: Objects, before_tree: str, after_tree: str, alone: Git) -> None:
    """Bring the folders of the tree before, and the old content of what changes, which is all that a diff may need."""
    changes = objects.changes(before_tree, after_tree)
    old = [change.old.oid for change in changes if change.old and change.old.mode != SUBMODULE]
    wanted = "".join(f"{oid}\n" for oid in dict.fromkeys([*objects.folders(before_tree), *old]))
    pack = alone.git_dir / "objects" / "pack" / "pack"
    objects.run("pack-objects", "--quiet", "--threads=1", "--window=0", str(pack), stdin=wanted.encode())


def _apply(alone: Git, before_tree: str, diff: bytes) -> str | None:
    """The tree that the diff gives; None where git refuses it."""
    env = {"GIT_INDEX_FILE": str(alone.git_dir / "index")}
    try:
        alone.run("read-tree", before_tree, env=env)
        if diff:
            alone.run("apply", "--cached", "--binary", "--whitespace=nowarn", "-", stdin=diff, env=env)
        return alone.run("write-tree", "--missing-ok", env=env).decode().strip()
    except GitError as error:
        if error.cause in ("no_git", "no_space", "timeout"):
            raise
        return None
