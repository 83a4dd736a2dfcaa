"""Where a file's module is declared, by the usual places of modules: `#[path]` and `include!` are not followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from oxidizer.cluster.outline import is_test_code
from oxidizer.miners.pulls.objects import Entry
from oxidizer.miners.pulls.places import Place, place_of
from oxidizer.miners.pulls.reader import Reader

_DEEPEST = 32
_ROOTS = ("lib.rs", "main.rs", "mod.rs")


class Modules:
    """The module tree of a commit, read as far as it is asked for."""

    def __init__(self, reader: Reader, tree: str) -> None:
        self._reader, self._tree = reader, tree
        self._entries: Mapping[bytes, Entry] | None = None

    def is_declared(self, file: str) -> bool:
        """Some file that could hold its `mod` item does."""
        return next(self._declarations(file), None) is not None

    def is_for_tests(self, file: str, depth: int = 0) -> bool:
        """The module is declared, for tests alone, or in a file that is for them."""
        if depth > _DEEPEST:
            return False
        found = list(self._declarations(file))
        return bool(found) and all(
            place_of(parent) is Place.TEST
            or is_test_code(source, *span, file=parent)
            or self.is_for_tests(parent, depth + 1)
            for parent, source, span in found
        )

    def _declarations(self, file: str) -> Iterator[tuple[str, bytes, tuple[int, int]]]:
        """The files that declare the module, with the place of the item."""
        path = PurePosixPath(file)
        folder, name = (path.parent.parent, path.parent.name) if path.name == "mod.rs" else (path.parent, path.stem)
        if path.name in _ROOTS[:2] or not name:
            return
        item = re.compile(rb"\bmod\s+(?:r#)?" + re.escape(name.encode("utf-8", "surrogateescape")) + rb"\s*;")
        for parent in (str(folder) + ".rs", *(str(folder / root) for root in _ROOTS)):
            source = self._read(parent) if parent != file else None
            match = item.search(source) if source is not None else None
            if source is not None and match is not None:
                yield parent, source, match.span()

    def _read(self, file: str) -> bytes | None:
        if self._entries is None:
            self._entries = self._reader.tree(self._tree)
        entry = self._entries.get(file.encode("utf-8", "surrogateescape"))
        return self._reader.blob(entry.oid) if entry is not None and entry.mode in (0o100644, 0o100755) else None
