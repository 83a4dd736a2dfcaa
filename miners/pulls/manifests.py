"""Which lines of a manifest are there for tests: `[dev-dependencies]`, `[[test]]`, `[[bench]]`, `[[example]]`.

Two things are read beyond the tables. What a package inherits for its tests alone from `[workspace.dependencies]` goes
with the tests there too. A dependency that moves from tests to all code is source: without it the old tests, which
still name it, would not build.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.cluster.syntax import parse_toml
from oxidizer.miners.pulls.marks import Mark, Marked, lines_of

_FOR_TESTS = frozenset({"dev-dependencies", "dev_dependencies"})
_FOR_ALL = frozenset({"dependencies", "build-dependencies", "build_dependencies"})
_TARGETS = frozenset({"test", "bench", "example"})
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_TABLES = frozenset({"table", "table_array_element"})


@dataclass(frozen=True)
class Row:
    """A key with its value, or the head of a table."""

    path: tuple[str, ...]
    """From the manifest's root on; of an array of tables, the first part in double brackets: `[[test]]`."""
    first: int
    """The row that it begins in, from 0."""
    last: int
    text: str
    """The value; of a table's head nothing."""

    @property
    def for_tests(self) -> bool:
        """It is part of a table that is there for tests."""
        return self.path[0] in {f"[[{name}]]" for name in _TARGETS} or self._after(_FOR_TESTS) is not None

    @property
    def development(self) -> str | None:
        """The dependency of tests that it speaks of."""
        return self._after(_FOR_TESTS) or None

    @property
    def dependency(self) -> str | None:
        """The dependency of all code that it speaks of."""
        return self._after(_FOR_ALL) or None

    @property
    def shared(self) -> str | None:
        """The dependency that it offers to the workspace's members."""
        return self.path[2] if self.path[:2] == ("workspace", "dependencies") and len(self.path) > 2 else None

    @property
    def inherits(self) -> bool:
        """It takes a dependency as the workspace has it."""
        return self.path[-1] == "workspace" or "workspace" in self.text.replace("=", " ").split('"')[0].split("{")[-1]

    def _after(self, tables: Collection[str]) -> str | None:
        """What comes behind the name of a table at the root or of a target; "" where nothing does."""
        at = 2 if self.path[0] == "target" else 0
        if len(self.path) <= at or self.path[at] not in tables:
            return None
        return self.path[at + 1] if len(self.path) > at + 1 else ""


def rows_of(source: bytes) -> list[Row]:
    """All keys and heads of tables of a manifest, in order."""
    found: list[Row] = []
    for node in parse_toml(source).root_node.children:
        if node.type in _TABLES:
            found += _of_table(node)
        elif node.type == "pair":
            found.append(_pair((), node))
    return found


def inherited(source: bytes) -> tuple[set[str], set[str]]:
    """What a manifest takes from its workspace: for tests, and for all code."""
    rows = [row for row in rows_of(source) if row.inherits]
    return {row.development for row in rows if row.development}, {row.dependency for row in rows if row.dependency}


def promoted(old: bytes, new: bytes) -> frozenset[str]:
    """Dependencies that were there for tests alone and now are for all code."""
    before, after = rows_of(old), rows_of(new)
    left = {row.development for row in before} - {row.development for row in after}
    came = {row.dependency for row in after} - {row.dependency for row in before}
    return frozenset(name for name in left & came if name)


def mark_manifest(source: bytes, shared: Collection[str] = (), kept: Collection[str] = ()) -> Marked:
    """The lines of a manifest. `shared`: what tests alone inherit; `kept`: what `promoted` finds, which is source."""
    lines = lines_of(source)
    marks: list[Mark] = ["source"] * len(lines)
    for row in rows_of(source):
        tests = (row.for_tests and row.development not in kept) or row.shared in shared
        for at in range(row.first, min(row.last + 1, len(lines))):
            marks[at] = "test" if tests else "source"
    neutral = tuple(not line.strip() or line.lstrip().startswith(b"#") for line in lines)
    return Marked(lines, tuple(_lean(marks, neutral)), neutral)


def _lean(marks: list[Mark], neutral: tuple[bool, ...]) -> Iterator[Mark]:
    """Lines that say nothing are of the table above them."""
    last: Mark = "source"
    for mark, silent in zip(marks, neutral, strict=True):
        last = last if silent else mark
        yield last


def _of_table(table: Node) -> Iterator[Row]:
    head = next((child for child in table.children if child.type in _KEYS), None)
    path = _key(head) if head is not None else ("",)
    if table.type == "table_array_element":
        path = (f"[[{path[0]}]]", *path[1:])
    row = table.start_point[0]
    yield Row(path, row, row, "")
    for child in table.children:
        if child.type == "pair":
            yield _pair(path, child)


def _pair(path: tuple[str, ...], pair: Node) -> Row:
    text = (pair.children[-1].text or b"").decode("utf-8", "replace")
    return Row((*path, *_key(pair.children[0])), pair.start_point[0], pair.end_point[0], text)


def _key(node: Node) -> tuple[str, ...]:
    if node.type == "dotted_key":
        return tuple(part for child in node.children if child.type in _KEYS for part in _key(child))
    return ((node.text or b"").decode("utf-8", "replace").strip("\"'"),)
