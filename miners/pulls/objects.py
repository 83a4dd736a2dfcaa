"""What git keeps, as far as pull requests need it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """What a tree holds at a path."""

    mode: int
    """0o100644, 0o100755, 0o120000 (symlink), 0o160000 (submodule)."""
    oid: str


@dataclass(frozen=True)
class Change:
    """A path whose entry differs between two trees; a rename is one path that goes and one that comes."""

    path: bytes
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True)
class Hunk:
    """A run of lines that differs, numbered from 0; where a count is 0, the place between two lines."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
