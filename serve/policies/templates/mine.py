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
from oxidizer.serve.policies.templates.index import kind_of, token_at, token_before
from oxidizer.serve.policies.templates.instances import instances
from oxidizer.serve.policies.templates.outcome import Outcome, TokenEdit, outcome, token_edits
from oxidizer.serve.policies.templates.scene import Scene
from oxidizer.serve.policies.templates.template import Atom, Operation, Part, Template
from oxidizer.serve.policies.templates.tokens import COMMON, IDENTIFIER, is_name, joined, words

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
_WIDEST, _WHOLES = 40, 4
"""Tokens of a place that is written anew, and such places that are tried, the smallest first."""
Spot = tuple[Operation, str]


def mine(scene: Scene, edits: Sequence[Edit]) -> list[Template]:
    """The templates of a fix of the scene's prompt; none where no anchors say it."""
    wanted = outcome(scene.view, edits)
    changed = token_edits(scene.view, wanted)
    found = [*_least(scene, changed), *_renaming(scene, changed), *_whole(scene, wanted)]
    return [template for template in dict.fromkeys(found) if gives(scene, template, wanted)]


def _least(scene: Scene, changed: Sequence[TokenEdit]) -> list[Template]:
    """Templates that change just what changes."""
    if not changed or len(changed) > PARTS:
        return []
    ways: list[list[Part]] = []
    for edit in changed:
        spots = _spots(scene, edit)[: _PLACES if len(changed) == 1 else PARTS]
        patterns = _patterns(scene, edit)[:_PATTERNS]
        ways.append([Part(*spot, pattern) for pattern in patterns for spot in spots])
    return list(islice(product(*ways), _WAYS))


def _renaming(scene: Scene, changed: Sequence[TokenEdit]) -> list[Template]:
    """Templates that change one word wherever its function says it."""
    texts = {scene.text(Place(edit.file, edit.start, edit.end)) for edit in changed}
    if len(changed) < 2 or len(texts) != 1 or len({edit.said for edit in changed}) != 1:
        return []
    places = {(edit.file, edit.start, edit.end): edit for edit in changed}
    found: list[Template] = []
    for name in nearest([n for n, p in scene.anchors.places.items() if (p.file, p.start, p.end) in places])[:_PLACES]:
        place = scene.anchors.places[name]
        edit = places[place.file, place.start, place.end]
        found += [(Part("everywhere", name, pattern),) for pattern in _patterns(scene, edit)[:_PATTERNS]]
    return found


def _whole(scene: Scene, wanted: Outcome) -> list[Template]:
    """Templates that write a whole place anew, of its parts: what is swapped, or taken out of what is around it."""
    if len(wanted) != 1:
        return []
    made = wanted[0]
    file = scene.view.file(made.file)
    assert file is not None
    around: dict[tuple[int, int], list[str]] = {}
    for name, place in scene.anchors.places.items():
        if place.file == made.file and place.end > place.start:
            first, last = token_at(file.tokens, place.start), token_before(file.tokens, place.end)
            if first <= made.start and made.end <= last and last - first <= _WIDEST:
                around.setdefault((first, last), []).append(name)
    found: list[Template] = []
    for (first, last), names in sorted(around.items(), key=lambda one: one[0][1] - one[0][0])[:_WHOLES]:
        said = (*file.tokens.said[first : made.start], *made.said, *file.tokens.said[made.end : last])
        if pattern := _of_parts(scene, made.file, said):
            found += [(Part("replace", name, pattern),) for name in nearest(names)[:2]]
    return found


def _of_parts(scene: Scene, file: str, said: Sequence[bytes]) -> tuple[Atom, ...]:
    """Tokens by the longest anchors that say them, literals between; nothing where words of the crate are left."""
    copies = {words(text): name for text, name in _copies(scene, file).items() if words(text)}
    longest = max(map(len, copies), default=0)
    atoms: list[Atom] = []
    at = 0
    while at < len(said):
        size = next((n for n in range(min(longest, len(said) - at), 0, -1) if tuple(said[at : at + n]) in copies), 0)
        if size and (size > 1 or is_name(said[at])):
            atoms.append(Atom("anchor", copies[tuple(said[at : at + size])]))
            at += size
        elif is_name(said[at]):
            return ()
        else:
            atoms.append(Atom("literal", said[at].decode("utf-8", "surrogateescape")))
            at += 1
    return tuple(atoms) if len(atoms) <= _LONGEST else ()


def gives(scene: Scene, template: Template, wanted: Outcome) -> bool:
    """One of the template's first instances in the scene comes to just that."""
    return any(outcome(scene.view, one.edits) == wanted for one in instances(scene, template)[:_LOOKED_AT])


def _spots(scene: Scene, edit: TokenEdit) -> list[Spot]:
    """The anchors by which an edit's place can be said, the simplest first. Blanks around it do not matter."""
    file = scene.view.file(edit.file)
    assert file is not None
    said = file.tokens
    # Tokens [first, last) are replaced; where there are none, they come before `first`.
    last = token_before(said, edit.end)
    first = last if edit.inserts else token_at(said, edit.start)
    found: dict[str, Operation] = {}
    for name, place in scene.anchors.places.items():
        if place.file != edit.file:
            continue
        begin, end = token_at(said, place.start), token_before(said, place.end)
        if edit.inserts and (begin if end > begin else max(begin, end)) == first:
            found[name] = "before"
        elif edit.inserts and end == first and end > begin:
            found[name] = "behind"
        elif not edit.inserts and (begin, end) == (first, last):
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
