"""What edits make of a file, by its tokens alone: edits that differ in blanks, or say more than changes, are one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from oxidizer.cluster.edits import Edit, by_file
from oxidizer.serve.policies.templates.index import CrateView
from oxidizer.serve.policies.templates.tokens import tokens


class Replaced(NamedTuple):
    """Tokens [start, end) of a file, by their index, and what takes their place; both begin and end differently."""

    file: str
    start: int
    end: int
    said: tuple[bytes, ...]


Outcome = tuple[Replaced, ...]


def outcome(view: CrateView, edits: Sequence[Edit]) -> Outcome:
    """What edits come to, in each file one run of tokens; nothing where only blanks or comments change."""
    found = []
    for name, group in by_file(edits).items():
        file = view.file(name)
        if file is None:
            continue
        old = file.tokens
        # From the token before the first edit to the one behind the last: what is glued to a neighbour changes that.
        first = max(0, bisect_left(old.ends, group[0].start) - 1)
        last = min(len(old), bisect_right(old.starts, group[-1].end) + 1)
        start = min(old.starts[first], group[0].start) if first < len(old) else group[0].start
        end = max(old.ends[last - 1], group[-1].end) if last else group[-1].end
        new = tokens(_edited(file.text, start, end, group)).said
        was = old.said[first:last]
        most = min(len(was), len(new))
        head = next((i for i in range(most) if was[i] != new[i]), most)
        tail = next((i for i in range(most - head) if was[-1 - i] != new[-1 - i]), most - head)
        if was != new:
            found.append(Replaced(name, first + head, last - tail, new[head : len(new) - tail]))
    return tuple(found)


def _edited(text: bytes, start: int, end: int, edits: Sequence[Edit]) -> bytes:
    parts, at = [], start
    for edit in edits:
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    return b"".join([*parts, text[at:end]])


@dataclass(frozen=True)
class TokenEdit:
    """Tokens that take the place of bytes [start, end) of a file; with none there, they are inserted."""

    file: str
    start: int
    end: int
    said: tuple[bytes, ...]
    inserts: bool


def token_edits(view: CrateView, made: Outcome) -> list[TokenEdit]:
    """The least tokens that change, in order of file and place."""
    return [edit for replaced in made for edit in _differences(view, replaced)]


def _differences(view: CrateView, made: Replaced) -> Iterator[TokenEdit]:
    file = view.file(made.file)
    assert file is not None
    old = file.tokens
    was = old.said[made.start : made.end]
    for kind, i, j, k, m in SequenceMatcher(None, was, made.said, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        first, last = made.start + i, made.start + j
        if i < j:
            start, end = old.starts[first], old.ends[last - 1]
        else:
            start = end = old.ends[first - 1] if first else 0
        yield TokenEdit(made.file, start, end, made.said[k:m], i == j)
