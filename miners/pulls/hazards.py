"""What in a tree no sandbox and no record can hold: names that are no plain ones, submodules, LFS pointers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oxidizer.miners.pulls.objects import FILE, LINK, PROGRAM, SUBMODULE, Change, Entry, GitError, Objects
from oxidizer.miners.pulls.paths import check_path, check_spelling, shown

_LFS = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024
_MODES = (FILE, PROGRAM, LINK, SUBMODULE, 0o100664)
"""The last one is of the first years of git, and means the first."""


def check_tree(tree: Mapping[bytes, Entry]) -> None:
    """Raises GitError for a tree whose files cannot all be laid out by their names.

    Causes: `path_not_utf8`, `hostile_path`, `case_collision`, `odd_mode`. Links and submodules are no trouble here.
    """
    for path, entry in tree.items():
        check_path(path)
        if entry.mode not in _MODES:
            raise GitError("odd_mode", f"{shown(path)} has mode {entry.mode:o}")
    check_spelling(tree)


def check_changes(objects: Objects, changes: Iterable[Change]) -> None:
    """Raises GitError for a change whose content is elsewhere: `submodule`, `lfs_pointer`; or `too_large`."""
    for change in changes:
        for entry in (change.old, change.new):
            if entry is None:
                continue
            if entry.mode == SUBMODULE:
                raise GitError("submodule", f"{shown(change.path)} is a submodule: what it holds is elsewhere")
            if objects.size(entry.oid) <= _POINTER_BYTES and is_lfs_pointer(objects.blob(entry.oid)):
                raise GitError("lfs_pointer", f"{shown(change.path)} is in Git LFS: what it holds is elsewhere")


def is_lfs_pointer(content: bytes) -> bool:
    """Whether a file only says where its content is, in the form of Git LFS."""
    return len(content) <= _POINTER_BYTES and content.startswith(_LFS) and b"\noid sha256:" in content
