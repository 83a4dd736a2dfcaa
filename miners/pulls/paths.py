"""Names in trees: which may become files, whatever file system they land on."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from oxidizer.miners.pulls.plumbing import GitError

PATH_BYTES = 4000
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\]+")
# What some file systems take for `.git`: dots and spaces at the end, streams, short names, letters that they ignore.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DOT_GIT = re.compile(r"(?:\.git|git~\d+)(?:[ .]*|:.*)", re.IGNORECASE)


def check_path(path: bytes) -> None:
    """Raises GitError where a path is no plain name of a file below a folder."""
    check_plain(path)
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        raise GitError("path_not_utf8", f"{shown(path)} is not UTF-8") from None


def check_plain(path: bytes) -> None:
    """Raises GitError (`hostile_path`) for a path that leads elsewhere, or into git's own; its bytes may be any."""
    parts = path.decode("utf-8", "surrogateescape").split("/")
    if len(path) > PATH_BYTES or any(_is_hostile(part) for part in parts):
        raise GitError("hostile_path", f"{shown(path)} is no name that a file of a crate needs")


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
                raise GitError("case_collision", f"{shown(part)} and {shown(other)} are one on some file systems")
            spelled[folded] = part


def _folded(path: bytes) -> str:
    return unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape")).casefold()


def shown(path: bytes) -> str:
    """A path for a person: whatever it is made of, on one line."""
    return ascii(path[:80].decode("utf-8", "backslashreplace"))
