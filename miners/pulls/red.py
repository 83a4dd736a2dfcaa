"""Commits of a branch that may not compile, and be mended by the next one: about one in fifty is so.

Whoever mends the commit before mostly says it; those commits are tried first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.objects import Commit, Objects
from oxidizer.miners.pulls.wording import plain

_MENDS = re.compile(
    r"\b(?:fix(?:es|ed|up)?|repair\w*|build\w*|compil\w*|forg[eo]t\w*|miss(?:ed|ing)|typos?|oops|brok\w*|break\w*|errors?"
    r"|warnings?|imports?|ci|travis|borrow\w*|lifetimes?|bounds?|address\w*|nits?)\b",
    re.IGNORECASE,
)
_COMMITS = 30
_SUBJECT = 100


@dataclass(frozen=True)
class Step:
    """Two commits of a branch, one after the other."""

    earlier: Commit
    later: Commit

    @property
    def subject(self) -> str:
        """What the earlier one says of itself, in a line."""
        return (plain(self.earlier.message).splitlines() or [""])[0].strip()[:_SUBJECT]


def steps_of(objects: Objects, pull: Pull) -> list[Step]:
    """The steps of the author's branch, what sounds like a mend first, then in their order. Raises GitError."""
    if pull.head is None:
        return []
    said = objects.run(
        "rev-list", "--first-parent", "--reverse", f"--max-count={_COMMITS}", pull.head, f"^{pull.before}"
    )
    own = [objects.commit(oid) for oid in said.decode().split()]
    return sorted(_steps(own), key=lambda step: not _MENDS.search(step.later.subject))


def _steps(own: list[Commit]) -> Iterator[Step]:
    for earlier, later in pairwise(own):
        # What a merge brings is nobody's mend.
        if later.parents == (earlier.oid,) and later.tree != earlier.tree:
            yield Step(earlier, later)
