"""What a file calls things: the names that its `use` declarations and its own macros give to others' things."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from oxidizer.cluster.syntax import naming
from oxidizer.cluster.tricks.piece import Word, closing, piece

_WORTH = re.compile(
    rb"\b(?:process|intrinsics|libc|macro_rules|hint|panicking)\b"
    rb"|\b(?:todo|unimplemented|panic|unreachable|panic_any|resume_unwind)\b(?!\s*!)|\b(?:std|core)\b(?!\s*::)"
)
_ENDINGS = frozenset(
    {
        "process", "intrinsics", "libc", "panicking", "std", "core", "todo", "unimplemented", "panic", "unreachable",
        "panic_any", "resume_unwind", "unreachable_unchecked", "exit", "abort", "hint",
    }
)  # fmt: skip
_PREFIXES = frozenset({"std", "core", "alloc", "crate", "self", "$crate", "::", ""})
_DEPTH = 5


@dataclass(frozen=True)
class Aliases:
    """The names of one file."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of things from elsewhere, by the name here: their paths."""
    globs: frozenset[tuple[str, ...]] = frozenset()
    """Modules all of whose names are here."""
    macros: dict[str, tuple[Word, ...]] = field(default_factory=dict)
    """The file's own macros: the words of what their first rule gives."""

    @cached_property
    def hide(self) -> bool:
        """Something that ends code may have another name here: one that none of its own words stands in."""
        renamed = (path for name, path in self.names.items() if name != path[-1])
        if any(not _ENDINGS.isdisjoint(path) for path in renamed):
            return True
        return any(not _ENDINGS.isdisjoint(w.text for w in body) for body in self.macros.values())

    def path(self, words: Sequence[str]) -> tuple[str, ...]:
        """A path as it is called from outside, without `std`, `core` and the like before it."""
        found = tuple(words)
        for _ in range(_DEPTH):
            while found and found[0] in _PREFIXES:
                found = found[1:]
            if not found or (other := self.names.get(found[0])) is None or other == found[:1]:
                break
            found = (*other, *found[1:])
        return found


@dataclass(frozen=True)
class Import:
    """One name that a `use` declaration brings."""

    path: tuple[str, ...]
    alias: str
    """`*` for all names of a module."""
    word: Word
    """The last word of it."""


@lru_cache(maxsize=64)
def aliases(text: bytes) -> Aliases:
    """The names of a file; of one that says nothing of the kind, none."""
    if not _WORTH.search(text):
        return Aliases()
    words = piece(b"\n".join(node.text or b"" for node in naming(text)), False).words
    found = list(imports(words))
    named = {i.alias: i.path for i in found if i.alias not in ("*", "_")}
    globs = frozenset(i.path for i in found if i.alias == "*")
    return Aliases(named, globs, {name: body for name, body, _ in macros(words)})


def imports(words: Sequence[Word]) -> Iterator[Import]:
    """What all `use` declarations bring, those in macros too."""
    for at, word in enumerate(words):
        if word.text == "use":
            end = next((n for n in range(at, len(words)) if words[n].text == ";"), len(words))
            yield from _tree(words[at + 1 : end], ())


def _tree(words: Sequence[Word], prefix: tuple[str, ...]) -> Iterator[Import]:
    for part in split(words):
        path, at = list(prefix), 0
        while at < len(part):
            word = part[at]
            if word.text == "{":
                yield from _tree(part[at + 1 : closing(part, at)], tuple(path))
                break
            if word.text == "as":
                if path and at + 1 < len(part):
                    yield Import(tuple(path), part[at + 1].text, word)
                break
            if word.text == "*":
                yield Import(tuple(path), "*", word)
                break
            if word.text not in ("::", "self"):
                path.append(word.text)
            if at + 1 == len(part) and path:
                yield Import(tuple(path), path[-1], word)
            at += 1


def split(words: Sequence[Word], by: str = ",") -> list[list[Word]]:
    """The parts between commas that stand in no bracket."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in words:
        depth += (word.text in ("(", "[", "{")) - (word.text in (")", "]", "}"))
        if word.text == by and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def macros(words: Sequence[Word]) -> Iterator[tuple[str, tuple[Word, ...], Word]]:
    """The macros that are defined: the name, what the first rule gives, and the word of the name."""
    for at, word in enumerate(words[:-2]):
        if word.text in ("macro_rules!", "macro_rules"):
            name = at + 1 + (words[at + 1].text == "!")
            arrow = next((n for n in range(name, len(words) - 1) if words[n].text == "=>"), None)
            if arrow is None or words[arrow + 1].text not in ("(", "[", "{"):
                yield words[name].text, (), words[name]
                continue
            end = closing(words, arrow + 1)
            yield words[name].text, tuple(words[arrow + 2 : end]), words[name]
