"""A template made into edits in a scene."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oxidizer.cluster.edits import Edit, conflict
from oxidizer.serve.policies.templates.anchors import Place
from oxidizer.serve.policies.templates.holes import wanted_word
from oxidizer.serve.policies.templates.index import token_at, token_before
from oxidizer.serve.policies.templates.scene import Scene
from oxidizer.serve.policies.templates.template import Atom, Part, Template
from oxidizer.serve.policies.templates.tokens import IDENTIFIER, joined

MOST = 12
"""Ways to fill a template's holes, at most."""
_LONGEST_TEXT = 60
"""Bytes of an anchor's text that is copied to elsewhere."""


@dataclass(frozen=True)
class Instance:
    """A template's edits, and how far down the lists of fillers they were found: 0 with the likeliest everywhere."""

    edits: tuple[Edit, ...]
    rank: int


def instances(scene: Scene, template: Template) -> list[Instance]:
    """All that a template can mean in a scene, the likeliest first; nothing where an anchor is not there."""
    found: list[tuple[tuple[Edit, ...], int]] = [((), 0)]
    for part in template:
        place = _place(scene, part)
        if place is None:
            return []
        everywhere = uses(scene, place) if part.operation == "everywhere" else [place]
        grown = [
            ((*edits, *(scene.edit(there, new) for there in everywhere)), rank + r)
            for new, r in _texts(scene, part, place)
            for edits, rank in found
        ]
        found = sorted(grown, key=lambda pair: pair[1])[:MOST]
    # Edits that overlap, or meet where one inserts, have no one meaning.
    return [Instance(tuple(sorted(edits)), rank) for edits, rank in found if conflict(edits) is None]


def _place(scene: Scene, part: Part) -> Place | None:
    place = scene.anchors.places.get(part.anchor)
    if place is None or part.operation in ("replace", "everywhere"):
        return place
    at = place.start if part.operation == "before" else place.end
    return Place(place.file, at, at)


def uses(scene: Scene, place: Place) -> list[Place]:
    """All the places in the function around a word, or in its file, that say the same word."""
    file = scene.view.file(place.file)
    word = scene.text(place)
    if file is None or not IDENTIFIER.match(word):
        return []
    node = file.tree.root_node.descendant_for_byte_range(place.start, place.end)
    while node is not None and node.type != "function_item":
        node = node.parent
    start, end = (node.start_byte, node.end_byte) if node is not None else (0, len(file.text))
    said = file.tokens
    return [
        Place(place.file, said.starts[at], said.ends[at])
        for at in range(token_at(said, start), token_before(said, end))
        if said.said[at] == word
    ]


def _texts(scene: Scene, part: Part, place: Place) -> Iterator[tuple[bytes, int]]:
    """What can come to a place, and the rank of each."""
    if part.pattern and part.pattern[0].kind == "graft":
        yield from ((graft, rank) for rank, graft in enumerate(scene.fillers.grafts(place)))
        return
    near = wanted_word(scene.text(place), scene.marked)
    rows: list[tuple[tuple[bytes, ...], int]] = [((), 0)]
    for atom in part.pattern:
        choices = _choices(scene, atom, place, near)
        grown = [((*row, choice), rank + r) for row, rank in rows for r, choice in enumerate(choices)]
        rows = sorted(grown, key=lambda pair: pair[1])[:MOST]
    yield from ((joined(row), rank) for row, rank in rows)


def _choices(scene: Scene, atom: Atom, place: Place, near: bytes | None) -> Sequence[bytes]:
    match atom.kind:
        case "literal":
            return [atom.value.encode("utf-8", "surrogateescape")]
        case "quoted":
            return [scene.anchors.quoted[atom.value]] if atom.value in scene.anchors.quoted else []
        case "anchor":
            there = scene.anchors.places.get(atom.value)
            text = scene.text(there) if there and there.end - there.start <= _LONGEST_TEXT else b""
            return [text] if text else []
        case "hole":
            return scene.fillers.hole(atom.value, place, near)
    return []
