"""A candidate in numbers for the ranker: what speaks for it, how likely its code is, where it is, what it changes."""

from __future__ import annotations

from zlib import crc32

from oxidizer.serve.policies.templates.anchors import Place
from oxidizer.serve.policies.templates.candidates import Candidate, Reason
from oxidizer.serve.policies.templates.holes import around, distance
from oxidizer.serve.policies.templates.scene import Scene, Suggestion
from oxidizer.serve.policies.templates.tokens import words

NAMES = (
    "any_right", "best", "second", "reasons", "suggestions", "applicability", "rank", "graft_rank", "hole_rank",
    "likelihood", "likelihood_gain", "inserted", "deleted", "edits", "distance", "inside", "spelling", "locals",
    "quoted", "as_suggested", "elsewhere", "placeholder", "diagnostics", "code", "node", "first_new", "first_old",
    "offers", "only_deletes", "only_inserts", "lint", "spread",
)  # fmt: skip
"""The columns, in order."""
CATEGORIES = ("code", "node", "first_new", "first_old")
"""Columns whose numbers are names."""
_SURE = {"MachineApplicable": 3, "MaybeIncorrect": 2, "HasPlaceholders": 1, "Unspecified": 1}
_NONE = 99
_FAR = 500
_BUCKETS = 61
_PLACEHOLDERS = frozenset({b"todo!", b"unimplemented!", b"unreachable!", b"panic!"})


def features(scene: Scene, candidate: Candidate) -> list[float]:
    """A candidate's row, in the order of `NAMES`."""
    best = sorted((reason.worth for reason in candidate.reasons), reverse=True)[:8]
    missed = 1.0
    for worth in best:
        missed *= 1 - worth
    new = [word for edit in candidate.edits for word in words(edit.replacement)]
    old = [word for edit in candidate.edits for word in words(_old(scene, edit.file, edit.start, edit.end))]
    first = candidate.edits[0]
    place = Place(first.file, first.start, first.end)
    likely, before = _likelihoods(scene, place, words(first.replacement))
    marked = scene.anchors.places.get("P")
    far, inside = _position(place, marked)
    target = scene.prompt.target
    suggested = [r for r in candidate.reasons if isinstance(r.by, Suggestion)]
    return [
        1 - missed, best[0], best[1] if len(best) > 1 else 0.0, len(candidate.reasons), len(suggested),
        max((_SURE.get(r.by.applicability, 1) for r in suggested if isinstance(r.by, Suggestion)), default=0),
        min(r.rank for r in candidate.reasons), _rank(candidate.reasons, "graft"), _rank(candidate.reasons, "hole"),
        likely, likely - before, len(new), len(old), len(candidate.edits), far, inside,
        distance(new[0], old[0], 4) if len(new) == len(old) == 1 else 9,
        len(new) == 1 and new[0] in scene.fillers.locals(first.file, first.start),
        sum(word in new for word in set(scene.anchors.quoted.values())), _as_suggested(scene, candidate, new),
        marked is None or any(edit.file != marked.file for edit in candidate.edits),
        not _PLACEHOLDERS.isdisjoint(new), len(scene.prompt.diagnostics), _bucket(target.code or "-", 997),
        _bucket(scene.anchors.node.type if scene.anchors.node else ""), _bucket(new[0] if new else b""),
        _bucket(old[0] if old else b""), len(scene.suggestions), bool(old) and not new, bool(new) and not old,
        not target.is_compile_error, candidate.edits[-1].end - first.start,
    ]  # fmt: skip


def _old(scene: Scene, file: str, start: int, end: int) -> bytes:
    return scene.text(Place(file, start, end))


def _likelihoods(scene: Scene, place: Place, new: tuple[bytes, ...]) -> tuple[float, float]:
    """How likely the tokens around a place are with what comes there, and with what is there: the mean logarithm."""
    file = scene.view.file(place.file)
    assert file is not None
    left, right = around(file, place)
    now, then = ([*left, *middle, *right] for middle in (new, words(scene.text(place))))
    return _mean(scene, now), _mean(scene, then)


def _mean(scene: Scene, said: list[bytes]) -> float:
    if len(said) < 3:
        return 0.0
    each = [scene.view.likelihood(*said[at - 2 : at + 1]) for at in range(2, len(said))]
    return sum(each) / len(each)


def _position(place: Place, marked: Place | None) -> tuple[int, bool]:
    """How many bytes behind the marked region an edit is (below 0 before it), and whether it lies inside of it."""
    if marked is None or marked.file != place.file:
        return 0, False
    if marked.start <= place.start <= marked.end:
        return 0, place.end <= marked.end
    far = place.start - (marked.end if place.start > marked.end else marked.start)
    return max(-_FAR, min(_FAR, far)), False


def _rank(reasons: list[Reason], kind: str) -> int:
    """The best rank among the templates with such a part."""
    ranks = [
        reason.rank
        for reason in reasons
        if not isinstance(reason.by, Suggestion)
        and any(atom.kind == kind for part in reason.by for atom in part.pattern)
    ]
    return min(ranks, default=_NONE)


def _as_suggested(scene: Scene, candidate: Candidate, new: list[bytes]) -> int:
    """2 where a tool suggests the same words there, 1 where it suggests others, else 0."""
    found = 0
    for suggestion in scene.suggestions:
        for edit in suggestion.edits:
            if any(e.file == edit.file and edit.start <= e.end and e.start <= edit.end for e in candidate.edits):
                found = max(found, 2 if list(words(edit.replacement)) == new else 1)
    return found


def _bucket(word: str | bytes, buckets: int = _BUCKETS) -> int:
    return crc32(word.encode() if isinstance(word, str) else word) % buckets
