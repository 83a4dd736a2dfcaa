"""Fixes laid upon fixes, told as edits of the source: a later one may change what an earlier one wrote.

Promises: `woven` loses no edit (the text it comes to is the later fixes' on top of the earlier ones'), and no two fixes
of what it gives touch each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from oxidizer.cluster.edits import Edit, apply


@dataclass(frozen=True)
class Fix:
    """Edits that belong together."""

    edits: tuple[Edit, ...]
    by: str
    """Where it comes from: `suggestion`, `unsure suggestion`, `edition lint`, `next version`."""
    code: str | None = None
    """The code of the diagnostic that it was offered for."""


def all_edits(fixes: Iterable[Fix]) -> tuple[Edit, ...]:
    """The edits of several fixes, in order."""
    return tuple(sorted(edit for fix in fixes for edit in fix.edits))


def forward(edits: Iterable[Edit], others: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits of a text as edits of the same text with `others` applied, none of which touches them."""
    return tuple(sorted(_moved(edit, others) for edit in edits))


def _moved(edit: Edit, others: Sequence[Edit]) -> Edit:
    shift = sum(_growth(o) for o in others if o.file == edit.file and o.end <= edit.start)
    return replace(edit, start=edit.start + shift, end=edit.end + shift)


def _growth(edit: Edit) -> int:
    return len(edit.replacement) - (edit.end - edit.start)


def woven(fixes: Sequence[Fix], later: Sequence[Fix], read: Callable[[str], bytes]) -> list[Fix]:
    """All fixes as such of the source that `read` gives; `later` ones are fixes of the source with `fixes` applied.

    Where a later fix touches an earlier one, they become one. The later ones must not touch each other.
    """
    woven_now, done = list(fixes), list[Edit]()
    for fix in later:
        woven_now = _with(woven_now, replace(fix, edits=forward(fix.edits, done)), read)
        done += fix.edits
    return woven_now


def _with(fixes: Sequence[Fix], later: Fix, read: Callable[[str], bytes]) -> list[Fix]:
    """One more fix, an edit after the other from the end, so that the places of those to come stay as they are."""
    kept, own, parts = list(fixes), list[Edit](), [later]
    for edit in sorted(later.edits, reverse=True):
        below: list[tuple[Edit, Fix | None]] = [(e, fix) for fix in kept for e in fix.edits if e.file == edit.file]
        below += [(e, None) for e in own if e.file == edit.file]
        touched, at = _touched(edit, sorted(below, key=lambda pair: pair[0]))
        for fix in {id(f): f for _, f, _ in touched if f is not None}.values():
            kept.remove(fix)
            own += fix.edits
            parts.insert(0, fix)
        gone = [e for e, _, _ in touched]
        own = [e for e in own if e not in gone]
        own.append(_merged(edit, [(e, start) for e, _, start in touched], at, read))
    return [*kept, Fix(tuple(sorted(own)), " and ".join(dict.fromkeys(part.by for part in parts)), parts[0].code)]


def _touched(edit: Edit, below: Sequence[tuple[Edit, Fix | None]]) -> tuple[list[tuple[Edit, Fix | None, int]], int]:
    """The edits whose outcome an edit touches, each with where that outcome starts; and the shift before the first."""
    touched, shift, before = [], 0, 0
    for one, fix in below:
        start = one.start + shift
        if start + len(one.replacement) < edit.start:
            before += _growth(one)
        elif start <= edit.end:
            touched.append((one, fix, start))
        shift += _growth(one)
    return touched, before


def _merged(edit: Edit, touched: Sequence[tuple[Edit, int]], shift: int, read: Callable[[str], bytes]) -> Edit:
    """An edit and those whose outcome it touches, as one edit of the source."""
    if not touched:
        return replace(edit, start=edit.start - shift, end=edit.end - shift)
    grown = shift + sum(_growth(one) for one, _ in touched)
    start = min(touched[0][1], edit.start)
    end = max(touched[-1][1] + len(touched[-1][0].replacement), edit.end)
    first, last = start - shift, end - grown
    text = read(edit.file)[first:last]
    below = [Edit(e.file, e.start - first, e.end - first, e.replacement) for e, _ in touched]
    above = [Edit(edit.file, edit.start - start, edit.end - start, edit.replacement)]
    return Edit(edit.file, first, last, apply(apply(text, below), above))
