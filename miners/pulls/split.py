"""A change divided into its test part and its source part by syntax.

The files of the test part, laid on the tree before, give the tree in between: old source with new tests. What stays is
the source part: its files, as they are after, laid on that tree give the tree after. Locks and submodules are in none.
Not promised: that the tree in between builds. Where a file of it is no Rust or TOML any more, though it was before and
is after, the change is Unsplittable.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from oxidizer.cluster.syntax import parse
from oxidizer.miners.pulls.data import Data
from oxidizer.miners.pulls.manifests import inherited, mark_manifest, promoted
from oxidizer.miners.pulls.marks import lines_of, mark_rust
from oxidizer.miners.pulls.modules import Modules
from oxidizer.miners.pulls.named import (
    TestItem,
    changed_doctests,
    changed_items,
    doctest_items,
    test_items,
)
from oxidizer.miners.pulls.objects import Change, Entry, Hunk
from oxidizer.miners.pulls.pieces import Pieces, divide
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

FILE, PROGRAM, SYMLINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
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
    test_lines: int = 0
    """Changed lines of Rust and manifests that go with the test part, documentation apart."""
    doc_lines: int = 0
    """Changed lines of documentation examples, and of prose in one hunk with them: they go with the test part."""
    others: int = 0
    """Other files that stay with the source part, but for words to people and what runs checks."""
    mixed_hunks: int = 0
    """Hunks that were divided by line."""
    tests: frozenset[TestItem] = frozenset()
    """The tests in the tree in between whose item text was added or changed."""
    doctests: frozenset[TestItem] = frozenset()
    """The same of documentation examples."""
    manifest_tests: bool = False
    """Tables of a manifest that are there for tests are part of it."""
    notes: tuple[str, ...] = ()
    """What was decided on a file, each a stable word and the path: `new_mixed_file src/cache.rs`."""

    @property
    def holds_source(self) -> bool:
        """Something is left to the source part that a test can depend on."""
        return bool(self.source_lines or self.others)


def split(reader: Reader, before: str, after: str, changes: Sequence[Change]) -> Split:
    """Divide the changes between two trees. Raises Unsplittable; what the reader raises goes through."""
    splitter = _Splitter(reader, before, after, changes)
    return _sum(splitter.of(change) for change in sorted(changes, key=lambda change: change.path))


class _Splitter:
    def __init__(self, reader: Reader, before: str, after: str, changes: Sequence[Change]) -> None:
        self.reader, self.changes = reader, changes
        self.modules, self.modules_before = Modules(reader, after), Modules(reader, before)
        self.data = Data(reader, after, self.modules)

    def of(self, change: Change) -> Split:
        """What one file gives to the parts."""
        file = name_of(change.path)
        place = place_of(file)
        if _is(SUBMODULE, change):
            return Split({}, notes=(f"submodule {file}",))
        if place is Place.LOCK:
            return Split({}, notes=(f"lock {file}",))
        if place is Place.TEST:
            return self._whole(change, file)
        if _is(SYMLINK, change):
            return Split({}, others=1, notes=(f"symlink {file}",))
        if place is Place.RUST:
            return self._rust(change, file)
        return self._manifest(change, file) if place is Place.MANIFEST else self._other(change, file, place)

    def _other(self, change: Change, file: str, place: Place) -> Split:
        """A file that is neither Rust nor a manifest: with the tests where they alone read it."""
        if change.new is not None and place in (Place.DOCS, Place.OTHER) and self.data.is_for_tests(file):
            return self._whole(change, file)
        return Split({}, others=int(place is Place.OTHER))

    def _whole(self, change: Change, file: str) -> Split:
        """A file that is there for tests."""
        laid = _entry(self.reader, change.new)
        if not file.endswith(".rs") or _is(SYMLINK, change):
            return Split({change.path: laid}, manifest_tests=place_of(file.rpartition("/")[2]) is Place.MANIFEST)
        old, new = self._texts(change)
        tests = changed_items(file, test_items(old), test_items(new))
        return Split({change.path: laid}, test_lines=self._changed(change, old, new), tests=tests)

    def _rust(self, change: Change, file: str) -> Split:
        modules = self.modules if change.new is not None else self.modules_before
        if modules.is_for_tests(file):
            return self._whole(change, file)
        old, new = self._texts(change)
        if b"\0" in old or b"\0" in new:
            return Split({}, others=1, notes=(f"binary {file}",))
        if change.old is None or change.new is None:
            return self._one_sided(change, file, old or new)
        pieces = divide(mark_rust(old), mark_rust(new), self._hunks(change))
        between = pieces.between
        faulty = not (_is_rust(old) and _is_rust(new))
        if not faulty and between not in (old, new) and not _is_rust(between):
            raise Unsplittable("does_not_parse", file)
        laid = self._laid(change, file, pieces, "faulty_syntax" if faulty else "")
        if between == old:
            return laid
        tests = changed_items(file, test_items(old), test_items(between))
        doctests = changed_doctests(file, doctest_items(old), doctest_items(between)) if pieces.docs else frozenset()
        return replace(laid, tests=tests, doctests=doctests)

    def _one_sided(self, change: Change, file: str, text: bytes) -> Split:
        """A file that comes or goes: with the tests where it holds nothing else."""
        marked = mark_rust(text)
        word = "new" if change.old is None else "deleted"
        lines = len(marked.lines)
        if marked.kinds == {"test"}:
            return self._whole(change, file)
        if "test" not in marked.kinds:
            return Split({}, source_lines=lines)
        if change.new is not None and self.modules_before.is_declared(file):
            # The old source names the module already: what of the file is tests can stand alone.
            own = [line for line, mark in zip(marked.lines, marked.marks, strict=True) if mark == "test"]
            content = b"".join(own)
            tests = changed_items(file, {}, test_items(content))
            return Split({change.path: (change.new.mode, content)}, lines - len(own), len(own), tests=tests)
        return Split({}, source_lines=lines, notes=(f"{word}_mixed_file {file}",))

    def _manifest(self, change: Change, file: str) -> Split:
        old, new = self._texts(change)
        if change.old is None or change.new is None:
            return Split({}, source_lines=len(lines_of(old or new)))
        kept, shared = promoted(old, new), self.shared
        pieces = divide(mark_manifest(old, shared, kept), mark_manifest(new, shared, kept), self._hunks(change))
        if _is_toml(old) and _is_toml(new) and not _is_toml(pieces.between):
            raise Unsplittable("does_not_parse", file)
        return replace(self._laid(change, file, pieces), manifest_tests=bool(pieces.size("test")))

    def _laid(self, change: Change, file: str, pieces: Pieces, word: str = "") -> Split:
        """What a file gives that both parts may have a share in. A new mode stays with the source part."""
        assert change.old is not None
        assert change.new is not None
        words = [word, pieces.turned and "turned", change.old.mode != change.new.mode and "mode_changed"]
        between = pieces.between
        return Split(
            {change.path: (change.old.mode, between)} if between != pieces.before else {},
            pieces.size("source"),
            pieces.size("test"),
            pieces.docs,
            mixed_hunks=pieces.mixed,
            notes=tuple(f"{word} {file}" for word in words if word),
        )

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

    def _changed(self, change: Change, old: bytes, new: bytes) -> int:
        if change.old is None or change.new is None or _is(SYMLINK, change):
            return len(lines_of(old)) + len(lines_of(new))
        return sum(hunk.old_count + hunk.new_count for hunk in self._hunks(change))


def _sum(parts: Iterable[Split]) -> Split:
    """All files together."""
    found = list(parts)
    return Split(
        {path: laid for part in found for path, laid in part.files.items()},
        sum(part.source_lines for part in found),
        sum(part.test_lines for part in found),
        sum(part.doc_lines for part in found),
        sum(part.others for part in found),
        sum(part.mixed_hunks for part in found),
        frozenset().union(*(part.tests for part in found)),
        frozenset().union(*(part.doctests for part in found)),
        any(part.manifest_tests for part in found),
        tuple(note for part in found for note in part.notes),
    )


def _is(mode: int, change: Change) -> bool:
    return any(side is not None and side.mode == mode for side in (change.old, change.new))


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
