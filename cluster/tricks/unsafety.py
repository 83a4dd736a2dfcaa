"""New `unsafe`: blocks, functions, impls, and what is declared to lie elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from oxidizer.cluster.tricks.piece import STRINGS, Piece, Word, closing
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


def rewrapped(before: Piece, after: Piece) -> frozenset[int]:
    """Where blocks stand after that hold nothing but what was unsafe before in the same item, each part of it once.

    Unsafe was what an `unsafe` block held, or an unsafe function that still is one.
    """
    had = _insides(before)
    bodies, still = dict(_bodies(before)), dict(_bodies(after))
    fine = set[int]()
    for owner, blocks in _insides(after).items():
        pool = [bodies[owner]] if owner in bodies and owner in still else [_texts(inside) for _, inside in had[owner]]
        if all(_spent(pool, _texts(inside)) for _, inside in blocks):
            fine |= {at for ats, _ in blocks for at in ats}
    return frozenset(fine)


def _insides(piece: Piece) -> dict[str, list[tuple[list[int], list[Word]]]]:
    """What the outermost `unsafe` blocks of each item hold, and where they and those in them stand."""
    found, end = defaultdict[str, list[tuple[list[int], list[Word]]]](list), 0
    for at, word in enumerate(piece.words[:-1]):
        if at >= end and word.text == "unsafe" and piece.words[at + 1].text == "{":
            end = closing(piece.words, at + 1)
            inside = piece.words[at + 2 : end]
            found[word.owner].append(([word.at, *(w.at for w in inside if w.text == "unsafe")], inside))
    return found


def _bodies(piece: Piece) -> Iterator[tuple[str, list[str]]]:
    """What unsafe functions do."""
    words = piece.words
    for at, word in enumerate(words):
        if word.text == "unsafe" and "fn" in [w.text for w in words[at + 1 : at + 4]]:
            opens = next((n for n in range(at, len(words)) if words[n].text in ("{", ";")), None)
            if opens is not None and words[opens].text == "{":
                yield word.owner, _texts(words[opens + 1 : closing(words, opens)])


def _texts(words: Sequence[Word]) -> list[str]:
    return [w.text for w in words]


def _spent(pool: list[list[str]], run: list[str]) -> bool:
    """Take a run of words out of the pool; False where it holds none."""
    for part in pool:
        for at in range(len(part) - len(run) + 1):
            if run and part[at : at + len(run)] == run:
                pool.remove(part)
                pool += [part[:at], part[at + len(run) :]]
                return True
    return False


def _told(kind: str, owner: str) -> str:
    return f"a new `unsafe` {'block' if kind == 'block' else f'`{kind}`'}" + (f" in `{owner}`" if owner else "")
