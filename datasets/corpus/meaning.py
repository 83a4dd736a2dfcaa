"""What code is by what it says, not by where it lies: for tests, or nothing that a person wrote to be read.

Each question can be asked of a *whole file*, and of a *record*, which holds less: the file's name, the run of whole
items around its edits, and a diff. A record cannot know what stands elsewhere in its file: that a program wrote it (but
where the run begins with the file's head, or the diff shows it), or that the module around its items is for tests (but
by the file's place). So: ask of files where there are files; ask the record always.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from tree_sitter import Node

from oxidizer.cluster.outline import Enclosing, enclosing_item, is_example_file, is_test_code, is_test_file
from oxidizer.cluster.syntax import COMMENTS, is_generated, is_manifest, parse_part

Reason = Literal["vendored", "generated", "expanded", "minified", "data"]
"""vendored: a copy of somebody else's package. generated: its head says that a program wrote it. expanded: what macros
made of code. minified: few line ends. data: a table, for the most part."""

_VENDORED = frozenset({"vendor", "vendored", "third_party", "third-party", "thirdparty", "node_modules"})
_EXPANDED = re.compile(rb"#!\[feature\(prelude_import\)\]|\bdebug_(?:struct|tuple)_fields?\w*_finish\(")
_LONG_LINE = 200
"""Mean bytes of a line, above which nobody wrote it; rustfmt ends lines at 100."""
_SHORTEST = 512
"""Bytes below which a part is too short to be told from a long line or a small table."""
_MANY = 64
"""The elements of an array that makes it a table."""
_LITERALS = frozenset({
    "integer_literal", "float_literal", "string_literal", "raw_string_literal", "char_literal", "boolean_literal",
    "negative_literal",
})  # fmt: skip
_PLAIN = _LITERALS | frozenset({
    "tuple_expression", "array_expression", "unary_expression", "reference_expression", "identifier",
    "scoped_identifier", "unit_expression", "parenthesized_expression", "type_cast_expression",
})  # fmt: skip
Row = Mapping[str, Any]


# --- whole files


def unfit(source: bytes, file: str, packages: Collection[str] = ()) -> Reason | None:
    """Why a file is nothing to learn from; None where nothing speaks against it.

    `packages` are folders of the tree that hold a package which is no member of the workspace: a copy of another one.
    """
    if _is_vendored(file, packages):
        return "vendored"
    # Cargo writes the manifest of whatever is published.
    if is_manifest(file):
        return None
    return "generated" if is_generated(source) else _unreadable(source)


# --- records


def unfit_record(row: Row) -> Reason | None:
    """As `unfit`, of a record with `file`, `code_before` and `code_after`, as far as it can know."""
    file = row["file"]
    if _is_vendored(file, ()):
        return "vendored"
    if is_manifest(file):
        return None
    before, after = _bytes(row["code_before"]), _bytes(row["code_after"])
    if is_generated(before) and _begins_file(row, before):
        return "generated"
    return _unreadable(before, _changed(before, after)) or _unreadable(after, _changed(after, before))


def unfit_files(diff: str) -> dict[str, Reason]:
    """The files of a git-style diff that nothing is to be learnt from, as far as the diff shows them.

    Raises ValueError for what is no diff.
    """
    found = {}
    for file, top, text in _shown(diff):
        reason: Reason | None = "vendored" if _is_vendored(file, ()) else None
        if reason is None and not is_manifest(file):
            reason = "generated" if top and is_generated(text) else _unreadable(text)
        if reason is not None:
            found[file] = reason
    return found


def is_test_record(row: Row) -> bool:
    """What a record changes is for tests, benches or examples alone, as far as it can know: by the file's place, or by
    what the run of items shows.
    """
    file = row["file"]
    if is_test_file(file) or is_example_file(file):
        return True
    return all(is_test_code(code, start, end) for code, start, end in _sides(row))


def record_item(row: Row) -> Enclosing:
    """The innermost item around what a record changes; its path begins at the run of items that the record shows."""
    return enclosing_item(*next(_sides(row)))


def _sides(row: Row) -> Iterator[tuple[bytes, int, int]]:
    """The code before and the code after, each with the range that the other has not; a side that lacks none is left
    out: between two items is no place in either.
    """
    before, after = _bytes(row["code_before"]), _bytes(row["code_after"])
    sides = [(before, *_changed(before, after)), (after, *_changed(after, before))]
    yield from [side for side in sides if side[1] < side[2]] or sides[:1]


def _is_vendored(file: str, packages: Collection[str]) -> bool:
    path = PurePosixPath(file)
    return not _VENDORED.isdisjoint(path.parts[:-1]) or any(path.is_relative_to(folder) for folder in packages)


def _begins_file(row: Row, before: bytes) -> bool:
    """The run of items begins with the first line of the file, as the first hunk of the diff shows it."""
    hunk = re.search(r"(?m)^@@ -1(?:,\d+)? [^\n]*\n(.*)$", row["patch_diff"])
    return hunk is not None and hunk[1][1:].encode("utf-8", "surrogateescape") == before.partition(b"\n")[0]


def _unreadable(code: bytes, change: tuple[int, int] | None = None) -> Reason | None:
    """Why nobody reads code. Beside a table there is something to read, where the `change` is there."""
    if len(code) < _SHORTEST:
        return None
    if _EXPANDED.search(code):
        return "expanded"
    lines = code.count(b"\n") + 1
    if len(code) <= _LONG_LINE * lines and code.count(b",") < _MANY:
        return None
    prose, tables = _measured(parse_part(code).root_node)
    within = change is None or any(start <= change[0] and change[1] <= end for start, end in tables)
    # A table is a table, however its lines end; a long text on one line is a text.
    if within and 2 * sum(end - start for start, end in tables) > len(code):
        return "data"
    rest = len(code) - prose - sum(end - start for start, end in tables)
    return "minified" if rest > _LONG_LINE * lines else None


def _measured(root: Node) -> tuple[int, list[tuple[int, int]]]:
    """The bytes of strings and comments, and where tables are."""
    prose, tables = 0, []
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type in COMMENTS or node.type in ("string_literal", "raw_string_literal"):
            prose += node.end_byte - node.start_byte
        elif node.type == "array_expression" and _is_table(node):
            tables.append((node.start_byte, node.end_byte))
        elif node.child_count:
            todo += node.children
    return prose, tables


def _is_table(array: Node) -> bool:
    """Many elements, and nothing in them but literals, names, and tuples and arrays of such."""
    if array.named_child_count < _MANY and not any(c.named_child_count >= _MANY for c in array.named_children):
        return False
    todo = list(array.named_children)
    while todo:
        node = todo.pop()
        if node.type in _LITERALS or node.type in COMMENTS:
            continue
        if node.type not in _PLAIN:
            return False
        if node.type not in ("scoped_identifier", "type_cast_expression"):
            todo += node.named_children
    return True


def _changed(before: bytes, after: bytes) -> tuple[int, int]:
    """The byte range of `before` that the change touches."""
    head = _shared(before, after)
    return head, len(before) - _shared(before[head:][::-1], after[head:][::-1])


def _shared(one: bytes, other: bytes) -> int:
    """The number of bytes that two texts begin with alike."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _shown(diff: str) -> list[tuple[str, bool, bytes]]:
    """Of each file of a diff its name, whether its first line is shown, and its lines as they are after."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        patched = PatchSet(io.StringIO(diff, newline="\n"))
    except UnidiffParseError as error:
        raise ValueError(f"not a unified diff: {error}") from error
    found = []
    for file in patched:
        lines = [line.value for hunk in file for line in hunk if line.line_type in (" ", "+")]
        top = bool(len(file)) and file[0].target_start <= 1
        found.append((file.path, top, _bytes("".join(lines))))
    return found
