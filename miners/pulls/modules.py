"""Where a file's module is declared, by the usual places of modules: `#[path]` and `include!` are not followed, and
what a macro makes of its arguments is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from oxidizer.cluster.outline import is_test_code
from oxidizer.miners.pulls.objects import Entry
from oxidizer.miners.pulls.places import Place, is_in_source, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

_ROOTS = ("lib.rs", "main.rs", "mod.rs")


class Modules:
    """The module tree of a commit, read as far as it is asked for."""

    def __init__(self, reader: Reader, tree: str) -> None:
        self._reader, self._tree = reader, tree
        self._judged: dict[str, bool] = {}

    def is_declared(self, file: str) -> bool:
        """Some file that could hold its `mod` item does."""
        return next(self._declarations(file), None) is not None

    def is_for_tests(self, file: str) -> bool:
        """A Rust file is there for tests alone: by its place, or, below `src/` and where its place says nothing, since
        its module is declared for tests alone, or in a file that is for them. Where no declaration is found, its place
        decides.
        """
        if file not in self._judged:
            self._judged[file] = self._judge(file)
        return self._judged[file]

    def _judge(self, file: str) -> bool:
        named = place_of(file) is Place.TEST
        if named and not is_in_source(file):
            return True
        found = list(self._declarations(file))
        if not found:
            # What lies below `bin` may be a program of that name.
            return named and "bin" not in PurePosixPath(file).parts
        # Whatever declares a module lies above it, so this ends.
        return all(is_test_code(source, *span) or self.is_for_tests(parent) for parent, source, span in found)

    def has_source(self, folder: str) -> bool:
        """The package in a folder has code that is no test's by its place."""
        files = (name_of(path) for path in self._files if path.endswith(b".rs"))
        return any(
            file.startswith(f"{folder}/src/") and is_in_source(file) and place_of(file) is Place.RUST for file in files
        )

    def _declarations(self, file: str) -> Iterator[tuple[str, bytes, tuple[int, int]]]:
        """The files that declare the module, with the place of each item."""
        path = PurePosixPath(file)
        folder, name = (path.parent.parent, path.parent.name) if path.name == "mod.rs" else (path.parent, path.stem)
        if path.name in _ROOTS[:2] or not name:
            return
        called = re.escape(name.encode("utf-8", "surrogateescape"))
        item = re.compile(rb"^(?!\s*//)[^\n]*?(\bmod\s+(?:r#)?%s\s*;)" % called, re.MULTILINE)
        for parent in (str(folder) + ".rs", *(str(folder / root) for root in _ROOTS)):
            source = self._read(parent) if parent != file else None
            for match in item.finditer(source) if source is not None else ():
                assert source is not None
                yield parent, source, match.span(1)

    def _read(self, file: str) -> bytes | None:
        entry = self._files.get(file.encode("utf-8", "surrogateescape"))
        return self._reader.blob(entry.oid) if entry is not None and entry.mode in (0o100644, 0o100755) else None

    @cached_property
    def _files(self) -> Mapping[bytes, Entry]:
        return self._reader.tree(self._tree)
