"""New `unsafe`: blocks, functions, impls, and what is declared to lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from oxidizer.cluster.tricks.piece import STRINGS, Piece
from oxidizer.cluster.tricks.trick import Fact, TrickName

WRAPPING = frozenset({"block", "fn"})
"""What a complaint that `unsafe` is missing may ask for."""
_WORDS = frozenset({"fn", "impl", "trait", "extern"})


def facts(piece: Piece) -> Iterator[Fact]:
    """Every `unsafe`, and every block of foreign functions."""
    words = piece.words
    for at, word in enumerate(words):
        following = [w.text for w in words[at + 1 : at + 4]]
        if word.text == "unsafe" and not (at and words[at - 1].text in ("[", ",") and following[:1] == ["("]):
            kind = next((f for f in following if f in _WORDS), "block") if following[:1] != ["{"] else "block"
            yield Fact((TrickName.NEW_UNSAFE,), kind, word.owner, word.at, _told(kind, word.owner))
        elif word.text == "extern":
            rest = words[at + 1 : at + 3]
            opens = [w.text for w in rest if w.kind not in STRINGS][:1] == ["{"]
            if opens and not (at and words[at - 1].text == "unsafe"):
                yield Fact((TrickName.NEW_UNSAFE,), "extern", word.owner, word.at, "declares foreign functions")


def _told(kind: str, owner: str) -> str:
    return f"a new `unsafe` {'block' if kind == 'block' else f'`{kind}`'}" + (f" in `{owner}`" if owner else "")
