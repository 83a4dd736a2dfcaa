"""The files that Rust code takes in: its modules, and what `#[path]` and `include!` name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from oxidizer.cluster.tricks.piece import STRINGS, Word, closing, piece
from oxidizer.cluster.tricks.texts import meaning

Read = Callable[[str], bytes]


def taken_in(root: str, folder: str, read: Read) -> frozenset[str]:
    """A target's root file and all that it takes in, file by file. `folder` is its package's.

    Whatever `cfg` says, and wherever a module of the name may lie: rather one file too many than one too few.
    """
    found, waiting = set[str](), [root]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        try:
            text = read(file)
        except (OSError, KeyError):
            continue
        found.add(file)
        home = posixpath.dirname(file)
        own = posixpath.join(home, posixpath.basename(file).removesuffix(".rs"))
        modules, included = _named(text)
        named = [posixpath.join(base, name) for name in modules for base in (home, own)]
        named += [posixpath.join(base, name.lstrip("/")) for name in included for base in (home, folder)]
        waiting += [name for name in map(posixpath.normpath, named) if not name.startswith(("../", "/"))]
    return frozenset(found)


@lru_cache(maxsize=64)
def _named(text: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where modules may lie, from the file's own folder or the module's; and what is included."""
    words, modules, included = piece(text, False).words, [], []
    for at, word in enumerate(words[:-2]):
        if word.text == "mod" and words[at + 2].text == ";":
            name = words[at + 1].text
            for path in {name, words[at + 1].owner.replace("::", "/") or name}:
                modules += [f"{path}.rs", f"{path}/mod.rs"]
        elif word.text == "path" and words[at + 1].text == "=" and words[at + 2].kind in STRINGS:
            outer = posixpath.dirname(word.owner.replace("::", "/"))
            modules += [posixpath.join(base, meaning(words[at + 2].text)) for base in ("", outer)]
        elif word.text == "include" and words[at + 1].text == "!" and words[at + 2].text in "([{":
            included.append("".join(_literals(words[at + 3 : closing(words, at + 2)])))
    return tuple(modules), tuple(included)


def _literals(words: Sequence[Word]) -> Iterator[str]:
    """The texts of a path that is put together, but for the names of the build's variables."""
    for at, word in enumerate(words):
        if word.kind in STRINGS and [w.text for w in words[max(0, at - 3) : at]] != ["env", "!", "("]:
            yield meaning(word.text)
