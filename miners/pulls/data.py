"""Which files that are no Rust a tree's tests alone read: data of theirs, wherever it lies.

A file is read where a string names it, or where none does, its folder. Without it a test fails for no fault of the
source. Not seen from there: paths that a program puts together.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import PurePosixPath

from oxidizer.miners.pulls.marks import lines_of, mark_rust
from oxidizer.miners.pulls.modules import Modules
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

_WORDS = frozenset({".md", ".markdown", ".rst", ".adoc"})
"""Documents for people, which code shows to them at most."""


class Data:
    """What the Rust files of a commit read."""

    def __init__(self, reader: Reader, tree: str, modules: Modules) -> None:
        self._reader, self._tree, self._modules = reader, tree, modules

    def is_for_tests(self, file: str) -> bool:
        """Some test names the file or its folder, and no other code does."""
        path = PurePosixPath(file)
        if path.suffix.lower() in _WORDS or not path.suffix:
            return False
        readers = self._readers(rb'[/"]%s"' % _bytes(path.name))
        if not readers and path.parent.name:
            readers = self._readers(rb'[/"]%s[/"]' % _bytes(path.parent.name))
        return readers == {"test"}

    def _readers(self, pattern: bytes) -> set[str]:
        """Who has a string with these words: `test`, `source`."""
        named = re.compile(pattern)
        return {who for file, source in self._sources.items() for who in self._naming(file, source, named)}

    def _naming(self, file: str, source: bytes, named: re.Pattern[bytes]) -> set[str]:
        if not named.search(source):
            return set()
        if place_of(file) is Place.TEST or self._modules.is_for_tests(file):
            return {"test"}
        marks = zip(lines_of(source), mark_rust(source).marks, strict=True)
        return {"test" if mark in ("test", "example") else "source" for line, mark in marks if named.search(line)}

    @cached_property
    def _sources(self) -> dict[str, bytes]:
        files = {name_of(path): entry for path, entry in self._reader.tree(self._tree).items()}
        return {
            file: self._reader.blob(entry.oid)
            for file, entry in files.items()
            if file.endswith(".rs") and entry.mode in (0o100644, 0o100755)
        }


def _bytes(name: str) -> bytes:
    return re.escape(name.encode("utf-8", "surrogateescape"))
