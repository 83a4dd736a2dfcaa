"""Who reads a file that is no Rust: a tree's tests, its other code, or nobody that says so, wherever it lies.

Read off the strings of its Rust files: a path that ends in the file, or in a folder above it, or a word that is the
name of either. Not seen from there: paths that a program puts together of parts, and what no Rust reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from oxidizer.datasets.corpus.tokens import tokens
from oxidizer.miners.pulls.marks import lines_of, mark_rust
from oxidizer.miners.pulls.modules import Modules
from oxidizer.miners.pulls.places import name_of
from oxidizer.miners.pulls.reader import Reader

_STRING = re.compile(r'[bc]?r?#*"(.*?)"?#*', re.DOTALL)
_HOLE = re.compile(r"\.{0,2}|.*[{}$*?].*", re.DOTALL)
"""A part of a path that names nothing by itself."""


class How(IntEnum):
    """How closely code names a file."""

    NOT = 0
    WORD = 1
    """By a word that is the name of it or of a folder above it, and may mean anything else."""
    FOLDER = 2
    """By the path of a folder above it."""
    FILE = 3
    """By its path."""


@dataclass(frozen=True)
class Named:
    """How closely a file is named at most."""

    tests: How = How.NOT
    code: How = How.NOT
    """By all code that is no test's: build scripts are such."""

    @property
    def reader(self) -> Literal["tests", "code"] | None:
        """Who reads it. What both read is the code's, but a word that tests have too says nothing."""
        if self.code > self.tests or (self.code == self.tests and self.code > How.WORD):
            return "code"
        return "tests" if self.tests else None


class Data:
    """What the Rust files of a commit name."""

    def __init__(self, reader: Reader, tree: str, modules: Modules) -> None:
        self._reader, self._tree, self._modules = reader, tree, modules
        self._read: dict[str, list[_Text]] = {}

    def named(self, file: str) -> Named:
        """Who names a file, and how closely."""
        path = PurePosixPath(file)
        words = {*path.parts, path.stem}
        hint = re.compile(rb'["/\\](?:%s)["/.\\]' % b"|".join(sorted(map(_bytes, words))))
        found = {True: How.NOT, False: How.NOT}
        for where, source in self._sources.items():
            for text in self._texts(where, source) if hint.search(source) else ():
                found[text.is_test] = max(found[text.is_test], text.names(path))
        return Named(found[True], found[False])

    def _texts(self, file: str, source: bytes) -> list[_Text]:
        if file not in self._read:
            self._read[file] = list(_texts(file, source, self._modules.is_for_tests(file)))
        return self._read[file]

    @cached_property
    def _sources(self) -> dict[str, bytes]:
        files = {name_of(path): entry for path, entry in self._reader.tree(self._tree).items()}
        return {
            file: self._reader.blob(entry.oid)
            for file, entry in files.items()
            if file.endswith(".rs") and entry.mode in (0o100644, 0o100755)
        }


@dataclass(frozen=True)
class _Text:
    """The strings of a file that are of tests, or that are not."""

    is_test: bool
    folders: tuple[str, ...]
    """Those that the file lies in."""
    strings: frozenset[tuple[str, bool]]
    """With whether each is a path, whatever it looks like: what is included, or said in a build script."""

    def names(self, path: PurePosixPath) -> How:
        """How closely one of the strings names a file."""
        return max((self._names(path.parts, path.stem, *string) for string in self.strings), default=How.NOT)

    def _names(self, parts: tuple[str, ...], stem: str, string: str, is_path: bool) -> How:
        is_path = is_path or "/" in string or "\\" in string
        return max((self._of_run(parts, stem, run, is_path) for run in _runs(string)), default=How.NOT)

    def _of_run(self, parts: tuple[str, ...], stem: str, run: tuple[str, ...], is_path: bool) -> How:
        """What some names that follow each other in a string are to a path: part of it, or of it without its suffix."""
        for whole in (parts, (*parts[:-1], stem)):
            for at in range(len(whole) - len(run), -1, -1):
                if whole[at : at + len(run)] != run:
                    continue
                is_file = at + len(run) == len(whole)
                # One name alone may stand anywhere: it is a path from where its file lies, or from above.
                placed = len(run) > 1 or self.folders[:at] == whole[:at]
                if placed and (is_path or (is_file and whole is parts and "." in run[-1])):
                    return How.FILE if is_file else How.FOLDER
                return How.WORD
        return How.NOT


def _texts(file: str, source: bytes, is_test: bool) -> Iterator[_Text]:
    lines = lines_of(source)
    tested = [is_test or mark == "test" for mark in mark_rust(source).marks]
    path = PurePosixPath(file)
    for which in (True, False):
        own = b"".join(line for line, test in zip(lines, tested, strict=True) if test is which)
        words = tokens(own.decode("utf-8", "surrogateescape"))
        yield _Text(which, path.parts[:-1], frozenset(_strings(words, path.name == "build.rs")))


def _strings(words: Sequence[str], are_paths: bool) -> Iterator[tuple[str, bool]]:
    for at, word in enumerate(words):
        match = _STRING.fullmatch(word)
        if match is not None:
            included = at > 2 and words[at - 3].startswith("include") and words[at - 2] == "!"
            yield match[1], are_paths or included


def _runs(string: str) -> Iterator[tuple[str, ...]]:
    """The names in a string that stand one below the other."""
    run: tuple[str, ...] = ()
    for part in (*re.split(r"[/\\]+", string), ""):
        if not _HOLE.fullmatch(part):
            run = (*run, part)
        elif run:
            yield run
            run = ()


def _bytes(name: str) -> bytes:
    return re.escape(name.encode("utf-8", "surrogateescape"))
