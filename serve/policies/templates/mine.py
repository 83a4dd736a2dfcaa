"""Templates of one fix: its edits, the least tokens that change, said by anchors and patterns in every way that fits.

In the manner of Getafix (Bader et al., 2019), with anchors in the place of an anti-unified tree. Of the ways only those
are kept by which the scene alone gives the fix back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product

from oxidizer.cluster.edits import Edit
from oxidizer.serve.policies.templates.anchors import Place, nearest
from oxidizer.serve.policies.templates.holes import distance, wanted_word
from oxidizer.serve.policies.templates.index import kind_of
from oxidizer.serve.policies.templates.instances import instances
from oxidizer.serve.policies.templates.outcome import Outcome, TokenEdit, outcome, token_edits
from oxidizer.serve.policies.templates.scene import Scene
from oxidizer.serve.policies.templates.template import Atom, Operation, Part, Template
from oxidizer.serve.policies.templates.tokens import COMMON, IDENTIFIER, joined, words

PARTS = 3
"""Places that a template changes, at most."""
_LONGEST = 14
"""Tokens of a pattern."""
_LOOKED_AT = 3
"""Instances of a template among which the fix has to be."""
_WAYS, _PLACES, _PATTERNS = 24, 4, 4
_COPIED = 40
"""Bytes of an anchor's text that stands in a pattern."""
_GRAFTED = 8
Spot = tuple[Operation, str]


def mine(scene: Scene, edits: Sequence[Edit]) -> list[Template]:
    """The templates of a fix of the scene's prompt; none where no anchors say it."""
    wanted = outcome(scene.view, edits)
    changed = token_edits(scene.view, wanted)
    if not changed or len(changed) > PARTS:
        return []
    ways: list[list[Part]] = []
    for edit in changed:
        spots = _spots(scene, edit)[: _PLACES if len(changed) == 1 else PARTS]
        patterns = _patterns(scene, edit)[:_PATTERNS]
        if not spots or not patterns:
            return []
        ways.append([Part(*spot, pattern) for pattern in patterns for spot in spots])
    found = dict.fromkeys(islice(product(*ways), _WAYS))
    return [template for template in found if gives(scene, template, wanted)]


def gives(scene: Scene, template: Template, wanted: Outcome) -> bool:
    """One of the template's first instances in the scene comes to just that."""
    return any(outcome(scene.view, one.edits) == wanted for one in instances(scene, template)[:_LOOKED_AT])


def _spots(scene: Scene, edit: TokenEdit) -> list[Spot]:
    """The anchors by which an edit's place can be said, the simplest first."""
    file = scene.view.file(edit.file)
    assert file is not None
    low = high = edit.start
    if edit.inserts:
        # Blanks are nobody's: an insertion before them is one behind them.
        while low > 0 and file.text[low - 1 : low].isspace():
            low -= 1
        while high < len(file.text) and file.text[high : high + 1].isspace():
            high += 1
    found: dict[str, Operation] = {}
    for name, place in scene.anchors.places.items():
        if place.file != edit.file:
            continue
        if edit.inserts and low <= place.start <= high:
            found[name] = "before"
        elif edit.inserts and place.end > place.start and low <= place.end <= high:
            found[name] = "behind"
        elif not edit.inserts and (place.start, place.end) == (edit.start, edit.end):
            found[name] = "replace"
    return [(found[name], name) for name in nearest(list(found))]


def _patterns(scene: Scene, edit: TokenEdit) -> list[tuple[Atom, ...]]:
    """The ways to say what is inserted, those with the least of the crate's own words last."""
    if not edit.said:
        return [()]
    copies = _copies(scene, edit.file)
    found: list[tuple[Atom, ...]] = []
    if len(edit.said) > 1 and (whole := joined(edit.said)) in copies:
        found.append((Atom("anchor", copies[whole]),))
    rows: list[tuple[Atom, ...]] = [()]
    for at in range(len(edit.said)):
        rows = [(*row, atom) for row in rows for atom in _atoms(scene, edit, at, copies)][:_PATTERNS]
    found += [row for row in rows if len(row) <= _LONGEST and sum(a.kind == "hole" for a in row) <= 2]
    if len(edit.said) <= _GRAFTED:
        found.append((Atom("graft", ""),))
    return list(dict.fromkeys(found))


def _copies(scene: Scene, file: str) -> dict[bytes, str]:
    """The simplest anchor by the text that stands there."""
    found: dict[bytes, list[str]] = {}
    for name, place in scene.anchors.places.items():
        if place.file == file and 0 < place.end - place.start < _COPIED:
            found.setdefault(scene.text(place), []).append(name)
    return {text: nearest(names)[0] for text, names in found.items()}


def _atoms(scene: Scene, edit: TokenEdit, at: int, copies: dict[bytes, str]) -> list[Atom]:
    """The ways to say one token, at most two."""
    token = edit.said[at]
    literal = Atom("literal", token.decode("utf-8", "surrogateescape"))
    own = IDENTIFIER.match(token) is not None and token not in COMMON
    if not own and not (token.startswith(b"'") and not token.endswith(b"'")):
        return [literal]
    found = [Atom("quoted", name) for name, word in scene.anchors.quoted.items() if word == token][:1]
    if token in copies:
        found.append(Atom("anchor", copies[token]))
    if own:
        old = scene.text(Place(edit.file, edit.start, edit.end))
        near = wanted_word(old, scene.marked)
        if near and distance(near, token) <= 2:
            found.insert(0, Atom("hole", "similar"))
        found.append(Atom("hole", _hole(scene, edit, at)))
    return found[:2] or [literal]


def _hole(scene: Scene, edit: TokenEdit, at: int) -> str:
    """The kind of hole that a name comes from."""
    file = scene.view.file(edit.file)
    assert file is not None
    before = words(file.text[max(0, edit.start - 60) : edit.start])[-1:]
    behind = words(file.text[edit.end : edit.end + 60])[:1]
    said = [*before, *edit.said, *behind]
    kind = kind_of(said, at + len(before)) or "variable"
    return "local" if kind == "variable" and edit.said[at] in scene.fillers.locals(edit.file, edit.start) else kind
