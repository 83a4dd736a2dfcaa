"""A template: an edit said without a crate's own words, by anchors and patterns, so that it can be made elsewhere.

    replace P with "&" P
    insert "mut" before P.def
    replace P with <similar>

A pattern is atoms in a row: a literal token, a word that the diagnostic quotes, the text at an anchor, a hole for a
name of a kind, or alone a graft (`holes.py`). Templates are plain tuples, so that they are hashed often and cheaply; as
text they are JSON lists of the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

AtomKind = Literal["literal", "quoted", "anchor", "hole", "graft"]
Operation = Literal["replace", "before", "behind", "everywhere"]
HOLES = ("similar", "local", "variable", "field", "method", "function", "type", "path")
_KINDS, _OPERATIONS = frozenset(get_args(AtomKind)), frozenset(get_args(Operation))


class Atom(NamedTuple):
    """One part of a pattern."""

    kind: AtomKind
    value: str
    """The token, the name of the quotation or of the anchor, the kind of the hole; "" for a graft."""


class Part(NamedTuple):
    """What is done at one place."""

    operation: Operation
    anchor: str
    pattern: tuple[Atom, ...]
    """What comes there; nothing where the place is emptied."""


Template = tuple[Part, ...]


def to_plain(template: Template) -> list[Any]:
    """As JSON has it."""
    return [[part.operation, part.anchor, [list(atom) for atom in part.pattern]] for part in template]


def from_plain(plain: Sequence[Any]) -> Template:
    """The template of JSON's lists. Raises ValueError for what is none."""
    try:
        parts = []
        for operation, anchor, pattern in plain:
            atoms = tuple(Atom(kind, value) for kind, value in pattern)
            known = operation in _OPERATIONS and all(a.kind in _KINDS for a in atoms)
            known = known and all(a.value in HOLES for a in atoms if a.kind == "hole")
            if not known or not all(isinstance(word, str) for word in (anchor, *(a.value for a in atoms))):
                raise ValueError(f"{plain!r} is no template")
            parts.append(Part(operation, anchor, atoms))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{plain!r} is no template") from error
    return tuple(parts)


def anchors_of(template: Template) -> frozenset[str]:
    """The anchors without which a template says nothing."""
    own = {part.anchor for part in template}
    return frozenset(own | {a.value for part in template for a in part.pattern if a.kind == "anchor"})


def quotations_of(template: Template) -> frozenset[str]:
    """The quotations that a template takes words from."""
    return frozenset(a.value for part in template for a in part.pattern if a.kind == "quoted")


def in_words(template: Template) -> str:
    """For a person to read."""
    return "; ".join(_part_in_words(part) for part in template)


def _part_in_words(part: Part) -> str:
    new = " ".join(_atom_in_words(atom) for atom in part.pattern)
    if part.operation == "everywhere":
        return f"rename what {part.anchor} says, in all of its function, to {new}"
    if part.operation == "replace":
        return f"replace {part.anchor} with {new}" if new else f"take {part.anchor} away"
    return f"insert {new} {part.operation} {part.anchor}"


def _atom_in_words(atom: Atom) -> str:
    match atom.kind:
        case "literal":
            return f'"{atom.value}"'
        case "hole":
            return f"<{atom.value}>"
        case "graft":
            return "<what stands elsewhere between the same neighbours>"
    return atom.value
