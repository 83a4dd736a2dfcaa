"""A move: the edits of Cargo.toml and Cargo.lock after which the same code stands on something else."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate

from oxidizer.cluster.edits import Edit


class Immovable(Exception):
    """The crate cannot be moved so; a stable word for figures."""


@dataclass(frozen=True)
class Move:
    """One change of what a crate stands on."""

    kind: str
    name: str
    """What moves from where to where, e.g. `edition 2018 to 2021`."""
    cause: str
    """Half a sentence for explanations, e.g. `the crate moved from edition 2018 to 2021`."""
    edits: tuple[Edit, ...]
    """Of Cargo.toml and Cargo.lock."""
    key: str = ""
    """Of a dependency, what the manifest calls it."""
    now: str = ""
    """... and what it requires of it."""


def line_edits(file: str, old: bytes, new: bytes) -> tuple[Edit, ...]:
    """The edits that make one text of another, in whole lines; lines that stay part two edits."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, before))]
    return tuple(
        Edit(file, starts[i], starts[j], b"".join(after[k:m]))
        for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        if tag != "equal"
    )
