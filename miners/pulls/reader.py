"""What this package asks of a repository: the contents of trees, and where two texts differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from oxidizer.miners.pulls.objects import Entry, Hunk


class Reader(Protocol):
    """Git's objects, or what stands in for them."""

    def blob(self, oid: str) -> bytes:
        """The content of a file."""
        ...

    def hunks(self, old_oid: str, new_oid: str) -> Sequence[Hunk]:
        """Where two files differ, in order, without context."""
        ...

    def tree(self, oid: str) -> Mapping[bytes, Entry]:
        """All files below a tree, by path."""
        ...
