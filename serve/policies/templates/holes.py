"""What fills a template's holes: names of the crate that fit, and what stands elsewhere between the same tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tree_sitter import Node

from oxidizer.serve.policies.templates.anchors import Place
from oxidizer.serve.policies.templates.index import CrateView, FileIndex, token_at, token_before
from oxidizer.serve.policies.templates.tokens import IDENTIFIER, KEYWORDS, joined

SIMILAR, LOCAL, NAMED, GRAFTS = 4, 10, 5, 5
"""Fillers of a hole, at most, by its kind."""
_FARTHEST = 2
"""Mistakes between two words that are similar."""
_LONGEST_GRAFT = 7
"""Tokens."""
_HAND_NEAR = 0.8
"""What a local variable's logarithm of likelihood is raised by: names of elsewhere are rarely meant."""
_FUNCTION_FAR = 4000
"""Bytes around a place in which bindings are sought where no function is seen around it."""
_BOUND = re.compile(
    rb"(?:\blet\s+(?:mut\s+)?|\bmut\s+|\bfor\s+|\||[(,]\s?|\bref\s+)\(?([a-z_]\w*)(?=\s?[:=),|]|\s+in\b)"
)


def distance(one: bytes, other: bytes, most: int = _FARTHEST) -> int:
    """The mistakes between two words, a swap of neighbours as one (optimal string alignment); `most` + 1 for more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    earlier: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        now = [i]
        for j, right in enumerate(other, 1):
            best = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, earlier[j - 2] + 1)
            now.append(best)
        if min(now) > most:
            return most + 1
        earlier, row = row, now
    return min(row[-1], most + 1)


class Fillers:
    """Fills the holes of one prompt."""

    def __init__(self, view: CrateView, function: Node | None) -> None:
        self.view = view
        self.function = function
        self._found: dict[tuple[object, ...], list[bytes]] = {}
        self._locals: dict[str, list[bytes]] = {}

    def hole(self, kind: str, place: Place, near: bytes | None) -> list[bytes]:
        """Names for a hole at a place, the likeliest first; `near` is the word that a similar one is sought for."""
        key = (kind, near) if kind == "similar" else (kind, place)
        if key not in self._found:
            file = self.view.file(place.file)
            found = self._similar(near) if kind == "similar" else self._fitting(kind, place, file) if file else []
            self._found[key] = found
        return self._found[key]

    def grafts(self, place: Place) -> list[bytes]:
        """What stands elsewhere in the crate between the tokens around a place, the most frequent first."""
        key = ("graft", place)
        if key not in self._found:
            file = self.view.file(place.file)
            self._found[key] = self._grafts(place, file) if file else []
        return self._found[key]

    def locals(self, file: str, at: int) -> list[bytes]:
        """Names that are bound in the function around the prompt's first region, `self` among them."""
        if file not in self._locals:
            found = self.view.file(file)
            text = found.text if found else b""
            if self.function is not None and self.function.end_byte <= len(text):
                text = text[self.function.start_byte : self.function.end_byte]
            else:
                text = text[max(0, at - _FUNCTION_FAR) : at + _FUNCTION_FAR]
            names = dict.fromkeys(name for name in _BOUND.findall(text) if name not in KEYWORDS)
            self._locals[file] = [*names, b"self"]
        return self._locals[file]

    def _similar(self, near: bytes | None) -> list[bytes]:
        if not near:
            return []
        once, found = self.view.once, []
        for name in {*self.view.names(), *KEYWORDS}:
            if abs(len(name) - len(near)) <= _FARTHEST and name != near:
                far = distance(near, name)
                if far <= _FARTHEST:
                    found.append((far, -once(name), name))
        return [name for _, _, name in sorted(found)[:SIMILAR]]

    def _fitting(self, kind: str, place: Place, file: FileIndex) -> list[bytes]:
        left, right = around(file, place)
        bound = self.locals(place.file, place.start)
        if kind == "local":
            return self._likeliest(bound, left, right, bound)[:LOCAL]
        return self._likeliest(self.view.of_kind(kind), left, right, bound)[:NAMED]

    def _likeliest(
        self, names: Iterable[bytes], left: Sequence[bytes], right: Sequence[bytes], bound: Sequence[bytes]
    ) -> list[bytes]:
        rated = []
        for name in names:
            rate = self.view.likelihood(left[0], left[1], name) + (_HAND_NEAR if name in bound else 0.0)
            if right:
                rate += self.view.likelihood(left[1], name, right[0])
            rated.append((-rate, name))
        return [name for _, name in sorted(rated)]

    def _grafts(self, place: Place, file: FileIndex) -> list[bytes]:
        said = file.tokens.said
        first, last = token_before(file.tokens, place.start), token_at(file.tokens, place.end)
        left, right, own = said[max(0, first - 3) : first], said[last : last + 2], said[first:last]
        if len(left) < 2 or not right:
            return []
        found: Counter[tuple[bytes, ...]] = Counter()
        for there, at in self.view.behind(left[-2], left[-1]):
            if there is file.tokens and at == first:
                continue
            if (graft := _between(there.said, at, left, right)) is not None and graft[0] != own:
                found[graft[0]] += graft[1]
        best = sorted(found.items(), key=lambda pair: (-pair[1], len(pair[0]), pair[0]))
        return [joined(graft) for graft, _ in best[:GRAFTS]]


def _between(
    said: Sequence[bytes], at: int, left: Sequence[bytes], right: Sequence[bytes]
) -> tuple[tuple[bytes, ...], int] | None:
    """The tokens from `at` to the first that is `right`, and how much speaks for them: neighbours that are the same."""
    for end in range(at, min(at + _LONGEST_GRAFT + 1, len(said))):
        if said[end] == right[0]:
            same = 2 * (len(right) > 1 and said[end + 1 : end + 2] == (right[1],))
            same += 2 * (len(left) > 2 and at > 2 and said[at - 3] == left[-3])
            return tuple(said[at:end]), 1 + same
    return None


def around(file: FileIndex, place: Place) -> tuple[tuple[bytes, bytes], tuple[bytes, ...]]:
    """The two tokens before a place, empty where there are none, and at most two behind it."""
    first, last = token_before(file.tokens, place.start), token_at(file.tokens, place.end)
    left = file.tokens.said[max(0, first - 2) : first]
    one, other = (b"", b"", *left)[-2:]
    return (one, other), file.tokens.said[last : last + 2]


def wanted_word(text: bytes, marked: bytes) -> bytes | None:
    """The word that a similar one is sought for: what stands at the place, else what the diagnostic marks."""
    return next((word for word in (text, marked) if IDENTIFIER.match(word)), None)
