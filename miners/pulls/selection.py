"""Which pull requests are left out before anything is built, each with a stable word for its reason.

Judged by the trees alone: what a change holds and how large it is. The licence is judged by `terms.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from oxidizer.datasets.corpus.meaning import unfit
from oxidizer.datasets.corpus.tokens import toml_tokens
from oxidizer.miners.pulls.layout import rust_tokens
from oxidizer.miners.pulls.marks import lines_of
from oxidizer.miners.pulls.objects import Change, Entry
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

Reason = Literal[
    "empty", "submodule", "too_many_files", "too_large", "lock_only", "ci_only", "docs_only", "binary_only",
    "version_bump", "manifest_only", "no_rust", "too_many_lines", "vendored", "generated", "token_equal",
]  # fmt: skip
"""In the order in which they are looked for."""

_SUBMODULE = 0o160000
_VERSION = re.compile(r"\d+(?:\.\d+){1,2}(?:-[0-9A-Za-z.]+)?")


@dataclass(frozen=True)
class Limits:
    """The largest change that is taken."""

    files: int = 60
    lines: int = 3000
    """Added and deleted together, of all files that are text."""
    diff_bytes: int = 1 << 20


def why_left(reader: Reader, changes: Sequence[Change], diff_bytes: int, limits: Limits | None = None) -> Reason | None:
    """Why a pull request is left out; None where it is taken. What the reader raises goes through."""
    limits = limits or Limits()
    sizes: tuple[tuple[Reason, bool], ...] = (
        ("empty", not changes),
        ("submodule", any(_SUBMODULE in _modes(change) for change in changes)),
        ("too_many_files", len(changes) > limits.files),
        ("too_large", diff_bytes > limits.diff_bytes),
    )
    too_much = next((reason for reason, holds in sizes if holds), None)
    if too_much is not None:
        return too_much
    texts = [_Text(reader, change) for change in changes]
    return next((reason for reason, holds in _rules(limits) if holds(texts)), None)


def _rules(limits: Limits) -> tuple[tuple[Reason, Callable[[Sequence[_Text]], bool]], ...]:
    """What is asked of all files of a change, the cheapest first."""
    return (
        ("lock_only", _only(Place.LOCK)),
        ("ci_only", _only(Place.CI, Place.LOCK)),
        ("docs_only", _only(Place.DOCS, Place.CI, Place.LOCK)),
        ("binary_only", lambda texts: all(text.is_binary for text in texts)),
        ("version_bump", lambda texts: any(t.holds_code for t in texts) and all(t.moves_version for t in texts)),
        ("manifest_only", _only(Place.MANIFEST, Place.DOCS, Place.CI, Place.LOCK)),
        ("no_rust", lambda texts: not any(text.is_rust for text in texts)),
        ("too_many_lines", lambda texts: sum(text.changed for text in texts) > limits.lines),
        ("vendored", lambda texts: _unfit(texts) == {"vendored"}),
        ("generated", lambda texts: None not in _unfit(texts)),
        ("token_equal", lambda texts: all(text.is_token_equal for text in texts)),
    )


def _only(*places: Place) -> Callable[[Sequence[_Text]], bool]:
    return lambda texts: all(text.place in places for text in texts)


def _unfit(texts: Sequence[_Text]) -> set[str | None]:
    """Why nothing is to be learnt from each Rust file; None where it is."""
    return {text.unfit for text in texts if text.is_rust}


class _Text:
    """One changed file, read as far as it is asked for."""

    def __init__(self, reader: Reader, change: Change) -> None:
        self._reader, self._change = reader, change
        self.file = name_of(change.path)
        self.place = place_of(self.file)
        self.is_rust = self.file.endswith(".rs")
        self.holds_code = self.is_rust or self.place is Place.MANIFEST

    @cached_property
    def sides(self) -> tuple[bytes, bytes]:
        """Its content before and after; of what is not there, nothing."""
        old, new = (self._content(side) for side in (self._change.old, self._change.new))
        return old, new

    @property
    def is_binary(self) -> bool:
        return any(b"\0" in side[:8000] for side in self.sides)

    @property
    def changed(self) -> int:
        """The lines that are added or deleted; none of what is binary."""
        if self.is_binary:
            return 0
        old, new = self._change.old, self._change.new
        if old is None or new is None:
            return sum(len(lines_of(side)) for side in self.sides)
        return sum(h.old_count + h.new_count for h in self._reader.hunks(old.oid, new.oid)) if old.oid != new.oid else 0

    @property
    def unfit(self) -> str | None:
        return unfit(self.sides[1] or self.sides[0], self.file)

    @property
    def is_token_equal(self) -> bool:
        """The same to the compiler, or nothing to it."""
        if not self.holds_code:
            return self.place in (Place.DOCS, Place.CI, Place.LOCK)
        return self._is_there_twice and self._tokens[0] == self._tokens[1]

    @property
    def moves_version(self) -> bool:
        """Nothing but numbers of versions differs in code; beside it, what goes with a release."""
        if not self.holds_code:
            return self.place in (Place.DOCS, Place.CI, Place.LOCK)
        if not self._is_there_twice or len(self._tokens[0]) != len(self._tokens[1]):
            return False
        return not self.is_token_equal and _masked(self._tokens[0]) == _masked(self._tokens[1])

    @property
    def _is_there_twice(self) -> bool:
        return self._change.old is not None and self._change.new is not None

    @cached_property
    def _tokens(self) -> tuple[Sequence[str], ...]:
        if self.is_rust:
            return tuple(rust_tokens(side) for side in self.sides)
        return tuple(toml_tokens(side.decode("utf-8", "surrogateescape")) for side in self.sides)

    def _content(self, entry: Entry | None) -> bytes:
        return self._reader.blob(entry.oid) if entry is not None else b""


def _masked(words: Sequence[str]) -> list[str]:
    """Words without the numbers of versions that stand in strings and documentation."""
    return [_VERSION.sub("0", word) if word[:1] in "\"'/r" else word for word in words]


def _modes(change: Change) -> set[int]:
    return {side.mode for side in (change.old, change.new) if side is not None}
