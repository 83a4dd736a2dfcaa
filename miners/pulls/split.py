"""A change divided into its test part and its source part by syntax.

The files of the test part, laid on the tree before, give the tree in between: old source with new tests. What stays is
the source part: its files, as they are after, laid on that tree give the tree after. Locks and submodules are in none.
What is neither Rust nor a manifest is source where code that is no test's names it; what nobody names is with the tests
where no line of source changes. Not promised: that the tree in between builds. Where a file of it is no Rust or TOML
any more, though it was before and is after, the change is Unsplittable.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from oxidizer.cluster.syntax import parse
from oxidizer.miners.pulls.data import Data, How
from oxidizer.miners.pulls.manifests import inherited, mark_manifest, promoted
from oxidizer.miners.pulls.marks import lines_of, mark_rust
from oxidizer.miners.pulls.modules import Modules
from oxidizer.miners.pulls.named import (
    Known,
    TestItem,
    changed_doctests,
    doctest_items,
    known_as,
    test_items,
    written_items,
)
from oxidizer.miners.pulls.objects import Change, Entry, Hunk
from oxidizer.miners.pulls.pieces import Pieces, divide
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

SYMLINK, SUBMODULE = 0o120000, 0o160000
_CODE = frozenset({Place.TEST, Place.RUST, Place.MANIFEST})
_OTHER = frozenset({Place.OTHER, Place.DOCS})
_PROSE = frozenset({".md", ".markdown", ".rst", ".adoc", ""})
_TRY = re.compile(rb"\btry!")
Cause = Literal["does_not_parse"]
Laid = tuple[int, bytes] | None
"""Mode and content of a file that is laid on a tree; None where it is taken away."""


class Unsplittable(Exception):
    """Test part and source part hang together: a stable cause, and the file."""

    def __init__(self, cause: Cause, file: str) -> None:
        super().__init__(f"{file}: old source with new tests {cause.replace('_', ' ')}")
        self.cause, self.file = cause, file


@dataclass(frozen=True)
class Split:
    """The test part of a change, and how much of it that is."""

    files: Mapping[bytes, Laid]
    """What the test part lays on the tree before."""
    source_lines: int = 0
    """Changed lines of Rust and manifests that stay with the source part."""
    others: int = 0
    """Other files that stay with the source part, but for words to people and what runs checks."""
    tests: frozenset[TestItem] = frozenset()
    """The tests in the tree in between that were added or changed, other than by being moved or laid out anew."""
    doctests: frozenset[TestItem] = frozenset()
    """The same of documentation examples."""

    @property
    def holds_source(self) -> bool:
        """Something is left to the source part that a test can depend on."""
        return bool(self.source_lines or self.others)


def split(reader: Reader, before: str, after: str, changes: Sequence[Change]) -> Split:
    """Divide the changes between two trees. Raises Unsplittable; what the reader raises goes through."""
    return _Splitter(reader, before, after, sorted(changes, key=lambda change: change.path)).all()


class _Splitter:
    def __init__(self, reader: Reader, before: str, after: str, changes: Sequence[Change]) -> None:
        self.reader, self.changes = reader, changes
        self.modules, self.modules_before = Modules(reader, after), Modules(reader, before)
        self.data, self.data_before = Data(reader, after, self.modules), Data(reader, before, self.modules_before)

    def all(self) -> Split:
        """What all files give to the parts."""
        places = [(change, name_of(change.path), self._place(change)) for change in self.changes]
        code = _sum(self.of(*placed) for placed in places if placed[2] in _CODE)
        others = (self._other(*placed, bool(code.source_lines)) for placed in places if placed[2] in _OTHER)
        return _sum([code, *others])

    def of(self, change: Change, file: str, place: Place) -> Split:
        """What one file of code gives to the parts."""
        if place is Place.TEST:
            return self._whole(change, file)
        if _is(SYMLINK, change):
            return Split({}, others=1)
        return self._rust(change, file) if place is Place.RUST else self._manifest(change, file)

    def _place(self, change: Change) -> Place:
        """What a file is there for, by the modules and packages of its tree too."""
        file = name_of(change.path)
        if _is(SUBMODULE, change):
            return Place.LOCK
        modules = self.modules if change.new is not None else self.modules_before
        if file.endswith(".rs") and not _is(SYMLINK, change):
            return Place.TEST if modules.is_for_tests(file) else Place.RUST
        folder, _, name = file.rpartition("/")
        return Place.MANIFEST if name == "Cargo.toml" and modules.has_source(folder) else place_of(file)

    def _other(self, change: Change, file: str, place: Place, with_source: bool) -> Split:
        """A file that is neither Rust nor a manifest; `with_source`: lines of source change too."""
        named = (self.data if change.new is not None else self.data_before).named(file)
        of_tests, of_code = named.reader == "tests", place is Place.OTHER
        if place is Place.OTHER:
            of_tests = of_tests or (named.reader is None and not with_source)
        elif _is_prose(file):
            # Words to people change for many reasons; only what tests could not be built without goes with them.
            of_tests = of_tests and named.tests is How.FILE and change.old is None
        else:
            of_code = named.reader == "code" and named.code > How.WORD
        return self._whole(change, file) if of_tests else Split({}, others=int(of_code))

    def _whole(self, change: Change, file: str) -> Split:
        """A file that is there for tests."""
        laid = _entry(self.reader, change.new)
        is_rust = laid is not None and file.endswith(".rs") and laid[0] != SYMLINK
        return Split({change.path: laid}, tests=self._written(file, laid[1]) if laid and is_rust else frozenset())

    def _rust(self, change: Change, file: str) -> Split:
        old, new = self._texts(change)
        if b"\0" in old or b"\0" in new:
            return Split({}, others=1)
        if change.old is None or change.new is None:
            return self._one_sided(change, file, old or new)
        pieces = divide(mark_rust(old), mark_rust(new), self._hunks(change))
        between = pieces.between
        if between not in (old, new) and _is_rust(old) and _is_rust(new) and not _is_rust(between):
            raise Unsplittable("does_not_parse", file)
        laid = self._laid(change, pieces)
        if between == old:
            return laid
        doctests = changed_doctests(file, doctest_items(old), doctest_items(between))
        return replace(laid, tests=self._written(file, between), doctests=doctests)

    def _one_sided(self, change: Change, file: str, text: bytes) -> Split:
        """A file that comes or goes: with the tests where it holds nothing else."""
        marked = mark_rust(text)
        lines = len(marked.lines)
        if marked.kinds == {"test"}:
            return self._whole(change, file)
        if "test" in marked.kinds and change.new is not None and self.modules_before.is_declared(file):
            # The old source names the module already: what of the file is tests can stand alone.
            own = [line for line, mark in zip(marked.lines, marked.marks, strict=True) if mark == "test"]
            content = b"".join(own)
            return Split(
                {change.path: (change.new.mode, content)}, lines - len(own), tests=self._written(file, content)
            )
        return Split({}, source_lines=lines)

    def _manifest(self, change: Change, file: str) -> Split:
        old, new = self._texts(change)
        if change.old is None or change.new is None:
            return Split({}, source_lines=len(lines_of(old or new)))
        kept, shared = promoted(old, new), self.shared
        pieces = divide(mark_manifest(old, shared, kept), mark_manifest(new, shared, kept), self._hunks(change))
        if _is_toml(old) and _is_toml(new) and not _is_toml(pieces.between):
            raise Unsplittable("does_not_parse", file)
        return self._laid(change, pieces)

    def _laid(self, change: Change, pieces: Pieces) -> Split:
        """What a file gives that both parts may have a share in. A new mode stays with the source part."""
        assert change.old is not None
        between = pieces.between
        files: dict[bytes, Laid] = {}
        if between != pieces.before:
            files[change.path] = (change.old.mode, between)
        return Split(files, pieces.source_lines)

    def _written(self, file: str, text: bytes) -> frozenset[TestItem]:
        return written_items(file, test_items(text), self.known)

    @cached_property
    def known(self) -> frozenset[Known]:
        """The tests of all files that change, as they were before."""
        old = (_entry(self.reader, change.old) for change in self.changes if change.path.endswith(b".rs"))
        return frozenset(
            known_as(path, text)
            for entry in old if entry is not None
            for path, text in test_items(entry[1]).items()
        )  # fmt: skip

    @cached_property
    def shared(self) -> frozenset[str]:
        """What members of the workspace inherit for their tests alone, as far as their manifests change."""
        tests, code = set[str](), set[str]()
        for change in self.changes:
            if change.new is not None and place_of(name_of(change.path)) is Place.MANIFEST:
                for_tests, for_all = inherited(self._texts(change)[1])
                tests, code = tests | for_tests, code | for_all
        return frozenset(tests - code)

    def _texts(self, change: Change) -> tuple[bytes, bytes]:
        old, new = ((_entry(self.reader, side) or (0, b""))[1] for side in (change.old, change.new))
        return old, new

    def _hunks(self, change: Change) -> Sequence[Hunk]:
        assert change.old is not None
        assert change.new is not None
        return self.reader.hunks(change.old.oid, change.new.oid) if change.old.oid != change.new.oid else []


def _sum(parts: Iterable[Split]) -> Split:
    """All files together."""
    found = list(parts)
    return Split(
        {path: laid for part in found for path, laid in part.files.items()},
        sum(part.source_lines for part in found),
        sum(part.others for part in found),
        frozenset().union(*(part.tests for part in found)),
        frozenset().union(*(part.doctests for part in found)),
    )


def _is(mode: int, change: Change) -> bool:
    return any(side is not None and side.mode == mode for side in (change.old, change.new))


def _is_prose(file: str) -> bool:
    """A document for people, which code shows to them at most."""
    return PurePosixPath(file).suffix.lower() in _PROSE


def _entry(reader: Reader, entry: Entry | None) -> Laid:
    return (entry.mode, reader.blob(entry.oid)) if entry is not None and entry.mode != SUBMODULE else None


def _is_rust(text: bytes) -> bool:
    # To the grammar `try` is a keyword, as it is since 2018; before it was a macro.
    return not parse(text).root_node.has_error or not parse(_TRY.sub(b"tri!", text)).root_node.has_error


def _is_toml(text: bytes) -> bool:
    try:
        tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True
