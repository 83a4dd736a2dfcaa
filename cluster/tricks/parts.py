"""Names that macros put together: a word here, a `!` there, and nothing that stands in the code is what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from oxidizer.cluster.tricks.aliases import split
from oxidizer.cluster.tricks.endings import EXITS, PANIC, PANICS, UNFINISHED, UNFINISHED_MACROS
from oxidizer.cluster.tricks.piece import Piece, Word, closing
from oxidizer.cluster.tricks.trick import Fact, TrickName

_MODULES = frozenset(module for module, _ in EXITS)
_FUNCTIONS = frozenset(function for _, function in EXITS)
_STANDARD = frozenset({"std", "core"})
_OPENING = frozenset({"(", "[", "{"})
_BEHIND_NAME = frozenset({"::", "!", ":", "=", ".", "=>"})
_READERS = frozenset(
    {
        "println", "print", "eprintln", "eprint", "format", "write", "writeln", "vec", "dbg", "matches", "assert",
        "assert_eq", "assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne", "panic", "unreachable",
        "format_args", "cfg", "macro_rules",
    }
)  # fmt: skip
"""Macros that make no names of what they are given."""


def facts(piece: Piece) -> Iterator[Fact]:
    """Macros that could make one that panics or exits of their parts, and calls that hand them such parts."""
    words = piece.words
    for at, word in enumerate(words[:-2]):
        if words[at + 1].text == "!" and words[at + 2].text in _OPENING:
            yield from _given(word, words[at + 3 : closing(words, at + 2)])
        if word.text in ("macro_rules!", "macro_rules"):
            name = at + 1 + (words[at + 1].text == "!")
            if name + 1 < len(words) and words[name + 1].text in _OPENING:
                for rule in split(words[name + 2 : closing(words, name + 1)], ";"):
                    yield from _joined(rule, piece.text)
        if word.text == "::" and words[at + 1].text == "[" and at and words[at - 1].text in _MODULES:
            yield _exit(words[at - 1], "a name that is put together")
    yield from _paths(words)


def _given(name: Word, given: Sequence[Word]) -> Iterator[Fact]:
    """What a macro is handed in parts."""
    if name.text in _READERS:
        return
    texts = [w.text for w in given]
    for n, word in enumerate(given):
        before, behind = (texts[n - 1] if n else ""), (texts[n + 1] if n + 1 < len(given) else "")
        if word.text in "!#" and behind in ("", ",", ";", ")") and before not in ("->", "<"):
            yield Fact(UNFINISHED, "parts", word.owner, word.at, f"hands `{name.text}!` a call in parts")
        if word.kind != "identifier" or before in (".", "fn", "::") or behind in _BEHIND_NAME:
            continue
        if word.text in UNFINISHED_MACROS | PANICS:
            names = UNFINISHED if word.text in UNFINISHED_MACROS else PANIC
            yield Fact(
                names, f"{word.text} handed", word.owner, word.at, f"hands `{name.text}!` the name `{word.text}`"
            )
        elif word.text in _FUNCTIONS and not _MODULES.isdisjoint(texts):
            yield _exit(word, f"the parts that `{name.text}!` is given")


def _joined(rule: Sequence[Word], text: bytes) -> Iterator[Fact]:
    """A rule that puts tokens side by side that were not."""
    arrow = next((n for n, w in enumerate(rule) if w.text == "=>"), None)
    if arrow is None:
        return
    taken, given = rule[:arrow], rule[arrow + 1 :]
    kinds = {a.text: c.text for a, b, c in zip(taken, taken[1:], taken[2:], strict=False) if b.text == ":"}
    beside = {(a.text, d.text) for a, b, d in zip(taken, taken[1:], taken[3:], strict=False) if b.text == ":"}
    for a, b in pairwise(given):
        both = [kinds.get(a.text), kinds.get(b.text)]
        if "tt" in both and set(both) <= {"tt", "ident"} and (a.text, b.text) not in beside:
            yield Fact(UNFINISHED, "parts", a.owner, a.at, f"`{a.owner}!` puts together what it is given in parts")
    # `$($t:tt),*`, and then `$($t)*`. A tree has no word for what stands between the bracket and the star.
    parted = {
        name.text
        for name, colon, kind, close, star in zip(*(taken[n:] for n in range(5)), strict=False)
        if (colon.text, kind.text, close.text) == (":", "tt", ")") and text[close.at + 1 : star.at].strip()
    }
    for opening, name, close, star in zip(*(given[n:] for n in range(4)), strict=False):
        beside_itself = (opening.text, close.text) == ("(", ")") and not text[close.at + 1 : star.at].strip()
        if name.text in parted and beside_itself and star.text in ("*", "+"):
            yield Fact(UNFINISHED, "parts", name.owner, name.at, f"`{name.owner}!` puts together what it is given")


def _paths(words: Sequence[Word]) -> Iterator[Fact]:
    """Paths with a name that a macro is given, which may be that of an exit."""
    for at, word in enumerate(words[:-2]):
        if words[at + 1].text != "::" or (at and words[at - 1].text == "::"):
            continue
        path = [word]
        while (n := at + 2 * len(path)) < len(words) and words[n - 1].text == "::":
            path.append(words[n])
        made = [w.kind == "metavariable" and w.text != "$crate" for w in path]
        if any(made) and _may_exit([w.text for w in path], made):
            yield _exit(word, f"`{'::'.join(w.text for w in path)}`, whatever that is")


def _may_exit(path: Sequence[str], made: Sequence[bool]) -> bool:
    if made[-2] and made[-1]:
        return len(path) > 2 and path[-3] in _STANDARD
    return path[-2] in _MODULES if made[-1] else made[-2] and path[-1] in _FUNCTIONS


def _exit(word: Word, shown: str) -> Fact:
    return Fact((TrickName.EARLY_EXIT,), "exit", word.owner, word.at, f"may end the process by {shown}")
