"""What in a tree no sandbox and no record can hold: names that are no plain ones, submodules, LFS pointers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from oxidizer.miners.pulls.objects import FILE, LINK, PROGRAM, SUBMODULE, Change, Entry, GitError, Objects

PATH_BYTES = 4000
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\]+")
# What some file systems take for `.git`: dots and spaces at the end, streams, short names, letters that they ignore.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DOT_GIT = re.compile(r"(?:\.git|git~\d+)(?:[ .]*|:.*)", re.IGNORECASE)
_LFS = b"version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024


def check_tree(tree: Mapping[bytes, Entry]) -> None:
    """Raises GitError for a tree whose files cannot all be laid out by their names.

    Causes: `path_not_utf8`, `hostile_path`, `case_collision`, `odd_mode`. Links and submodules are no trouble here.
    """
    for path, entry in tree.items():
        check_path(path)
        if entry.mode not in (FILE, PROGRAM, LINK, SUBMODULE, 0o100664):
            raise GitError("odd_mode", f"{_shown(path)} has mode {entry.mode:o}")
    check_spelling(tree)


def check_path(path: bytes) -> None:
    """Raises GitError where a path is no plain name of a file below a folder."""
    try:
        parts = path.decode("utf-8").split("/")
    except UnicodeDecodeError:
        raise GitError("path_not_utf8", f"{_shown(path)} is not UTF-8") from None
    if len(path) > PATH_BYTES or any(_is_hostile(part) for part in parts):
        raise GitError("hostile_path", f"{_shown(path)} is no name that a file of a crate needs")


def _is_hostile(part: str) -> bool:
    plain = _IGNORED.sub("", part)
    return part in ("", ".", "..") or not _PLAIN.fullmatch(part) or bool(_DOT_GIT.fullmatch(plain))


def check_spelling(paths: Iterable[bytes]) -> None:
    """Raises GitError (`case_collision`) where two paths, or folders of theirs, are one on some file systems."""
    spelled: dict[str, bytes] = {}
    for path in paths:
        parts = path.split(b"/")
        for end in range(len(parts), 0, -1):
            part = b"/".join(parts[:end])
            if (other := spelled.get(folded := _folded(part))) == part:
                break  # and so all folders above it
            if other is not None:
                raise GitError("case_collision", f"{_shown(part)} and {_shown(other)} are one on some file systems")
            spelled[folded] = part


def _folded(path: bytes) -> str:
    return unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape")).casefold()


def check_changes(objects: Objects, changes: Iterable[Change]) -> None:
    """Raises GitError for a change whose content is elsewhere: `submodule`, `lfs_pointer`; or `too_large`."""
    for change in changes:
        for entry in (change.old, change.new):
            if entry is None:
                continue
            if entry.mode == SUBMODULE:
                raise GitError("submodule", f"{_shown(change.path)} is a submodule: what it holds is elsewhere")
            if objects.size(entry.oid) <= _POINTER_BYTES and is_lfs_pointer(objects.blob(entry.oid)):
                raise GitError("lfs_pointer", f"{_shown(change.path)} is in Git LFS: what it holds is elsewhere")


def is_lfs_pointer(content: bytes) -> bool:
    """Whether a file only says where its content is, in the form of Git LFS."""
    return len(content) <= _POINTER_BYTES and content.startswith(_LFS) and b"\noid sha256:" in content


def _shown(path: bytes) -> str:
    """A path for a person: whatever it is made of, on one line."""
    return ascii(path[:80].decode("utf-8", "backslashreplace"))
