"""Comparisons of a type with itself: an `eq` that finds any two alike makes every `assert_eq!` of them hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oxidizer.cluster.tricks.aliases import split
from oxidizer.cluster.tricks.assertions import holds
from oxidizer.cluster.tricks.piece import Piece, Word, closing
from oxidizer.cluster.tricks.trick import Fact, TrickName

_NAMES = frozenset({"eq", "ne"})
_COMPARE = frozenset(
    {
        "==", "!=", "<", ">", "<=", ">=", "eq", "ne", "cmp", "partial_cmp", "total_cmp", "eq_ignore_ascii_case",
        "ptr_eq", "discriminant", "all", "any", "is_eq", "is_ne",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Equality:
    """A function `eq` or `ne` that says whether two are alike."""

    owner: str
    word: Word
    name: str
    sides: tuple[str, ...]
    """What the two are called in it."""
    body: tuple[Word, ...]
    """Its words, without those that only throw something away."""

    @property
    def is_blind(self) -> bool:
        """It does not look at both, or finds them alike whatever they are."""
        said = {w.text for w in self.body}
        words = [w for w in self.body if w.text not in ("return", ";")]
        return not said.issuperset(self.sides) or holds(words)

    @property
    def compares(self) -> bool:
        """It holds something against something."""
        return not self.is_blind and any(w.text in _COMPARE for w in self.body)

    @property
    def fact(self) -> Fact:
        """That it is trivial."""
        text = f"`{self.name}` finds any two alike"
        return Fact((TrickName.TRIVIAL_ASSERTION,), "eq", self.owner, self.word.at, text)


def equalities(piece: Piece) -> Iterator[Equality]:
    """All of them, those in macros too."""
    words = piece.words
    for at, word in enumerate(words[:-2]):
        if word.text != "fn" or words[at + 1].text not in _NAMES or words[at + 2].text != "(":
            continue
        end = closing(words, at + 2)
        sides = tuple(_called(part) for part in split(words[at + 3 : end]))
        body = next((n for n in range(end, len(words)) if words[n].text in ("{", ";")), len(words))
        gives_bool = [w.text for w in words[end + 1 : end + 3]] == ["->", "bool"]
        if len(sides) == 2 and gives_bool and body < len(words) and words[body].text == "{":
            inside = tuple(_kept(words[body + 1 : closing(words, body)]))
            yield Equality(words[at + 1].owner, words[at + 1], words[at + 1].text, sides, inside)


def equal(piece: Piece) -> Iterator[Fact]:
    """Those that find any two alike."""
    yield from (one.fact for one in equalities(piece) if one.is_blind)


def compared(before: Piece, after: Piece, source: Piece | None) -> Iterator[Fact]:
    """Those that compared something before, and in the source, and compare nothing after."""
    was = {one.owner: one for one in equalities(before)}
    healthy = {one.owner: one for one in equalities(source)} if source is not None else was
    for one in equalities(after):
        old, meant = was.get(one.owner), healthy.get(one.owner)
        if one.is_blind or one.compares or old is None or not old.compares:
            continue
        if meant is None or meant.compares:
            yield one.fact


def _called(parameter: Sequence[Word]) -> str:
    names = [w.text for w in parameter]
    if "self" in names:
        return "self"
    colon = names.index(":") if ":" in names else len(names)
    return names[colon - 1] if colon else ""


def _kept(words: Sequence[Word]) -> Iterator[Word]:
    """Words without `let _ = ..;` and `_ = ..;`."""
    at = 0
    while at < len(words):
        begin = at + (words[at].text == "let")
        if [w.text for w in words[begin : begin + 2]] == ["_", "="]:
            at = next((n for n in range(at, len(words)) if words[n].text == ";"), len(words)) + 1
            continue
        yield words[at]
        at += 1
