"""Mutants as branches of one program: each a single edit, none in another (see `schemata.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oxidizer.cluster.edits import Edit, apply
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.syntax import COMMENTS, parse


def apart(mutants: Sequence[Mutant]) -> list[int]:
    """The numbers of mutants none of which lies in another, the earlier ones first."""
    taken: dict[str, list[tuple[int, int]]] = {}
    kept = []
    for number, mutant in enumerate(mutants):
        edit = mutant.edits[0]
        lies = taken.setdefault(edit.file, [])
        if all(edit.end <= start or end <= edit.start for start, end in lies):
            lies.append((edit.start, edit.end))
            kept.append(number)
    return kept


def as_branch(mutant: Mutant, read: Callable[[str], bytes]) -> Mutant | None:
    """The mutant as one edit: of all statements of the smallest block around its edits, which can be a branch.

    None where no block of its region holds them.
    """
    if {e.file for e in mutant.edits} != {mutant.file}:
        return None
    source, start, end = read(mutant.file), mutant.edits[0].start, mutant.edits[-1].end
    node = parse(source).root_node.descendant_for_byte_range(start, end)
    while node is not None and mutant.start < node.start_byte:
        inside = [c for c in node.named_children if c.type not in COMMENTS] if node.type == "block" else []
        # Comments before and behind them stay where they are: one would swallow the end of the branch.
        if inside and inside[0].start_byte <= start and end <= inside[-1].end_byte:
            first, last = inside[0].start_byte, inside[-1].end_byte
            own = [Edit(e.file, e.start - first, e.end - first, e.replacement) for e in mutant.edits]
            return replace(mutant, edits=(Edit(mutant.file, first, last, apply(source[first:last], own)),))
        node = node.parent
    return None
