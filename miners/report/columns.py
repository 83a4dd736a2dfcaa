"""All tuples of a run as columns of one Arrow table: what is counted over 100,000 of them makes no object for each.

The columns are flat and few; a `TupleFacts` is made of a row only where somebody looks at it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute as pc

SHORTEST_ID = 8
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("unit", pa.string()),
        ("crate", pa.string()),
        ("version", pa.string()),
        ("class_", pa.string()),
        ("origin", pa.string()),
        ("operator", pa.string()),
        ("tool", pa.string()),
        ("code", pa.string()),
        ("message", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("applicability", pa.string()),
        ("scope", pa.string()),
        ("audited", pa.bool_()),
        ("covered", pa.bool_()),
        ("flags", pa.string()),
        ("tests_after", pa.string()),
        ("difficulty", pa.int64()),
        ("patch_lines", pa.int64()),
        ("changed_lines", pa.int64()),
        ("code_bytes", pa.int64()),
        ("shown_bytes", pa.int64()),
    ]
)
READ = [
    "id",
    "crate",
    "version",
    "class",
    "origin",
    "operator",
    "file",
    "trivial",
    "difficulty",
    "patch_diff",
    "code_before",
    "tests.after",
    "verdict.scope",
    "verdict.audited",
    "verdict.covered",
    "verdict.flags.list.element",
    "error.tool",
    "error.code",
    "error.message",
    "error.rendered",
    "error.span.line_start",
    "error.suggestions.list.element.applicability",
]
"""The columns of a `diag_fix` table that these are made of."""


@dataclass(frozen=True)
class TupleFacts:
    """One tuple, as far as figures and lists need it."""

    id: str
    unit: str
    crate: str
    version: str
    class_: str
    origin: str
    operator: str | None
    tool: str
    code: str | None
    message: str
    file: str
    line: int
    applicability: str
    """Of the tool's own first suggestion; "none" where it has none."""
    scope: str
    audited: bool
    covered: bool | None
    flags: str
    """The verdict's, with commas."""
    tests_after: str
    difficulty: int
    patch_lines: int
    """Of the whole diff."""
    changed_lines: int
    """Added and removed."""
    code_bytes: int
    """Of `code_before`."""
    shown_bytes: int
    """What the diagnostic and the diff take."""

    @property
    def name(self) -> str:
        """The code, or the tool where it gives none (rustfmt)."""
        return self.code or self.tool


class Columns(Sequence[TupleFacts]):
    """All tuples of a run, in the order of its units."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    @classmethod
    def of(cls, parts: Iterable[pa.Table]) -> Columns:
        """The tuples of several units, each as `flat` made it."""
        return cls(pa.concat_tables([SCHEMA.empty_table(), *parts]).combine_chunks())

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, at: int) -> TupleFacts: ...

    @overload
    def __getitem__(self, at: slice) -> list[TupleFacts]: ...

    def __getitem__(self, at: int | slice) -> TupleFacts | list[TupleFacts]:
        if isinstance(at, slice):
            return self.at(range(len(self))[at])
        return self.at([range(len(self))[at]])[0]

    def __iter__(self) -> Iterator[TupleFacts]:
        return iter(_facts(self.table))

    def at(self, places: Sequence[int]) -> list[TupleFacts]:
        """The tuples at some places, in that order."""
        return _facts(self.table.take(pa.array(places, pa.int64())))

    def values(self, name: str) -> list[Any]:
        """One column."""
        return list(self.table[name].to_pylist())

    @property
    def id_length(self) -> int:
        """How much of an id tells all tuples apart."""
        ids = set(self.values("id"))
        longest = max(map(len, ids), default=SHORTEST_ID)
        return next((n for n in range(SHORTEST_ID, longest) if len({one[:n] for one in ids}) == len(ids)), longest)

    def counts(self, *names: str) -> Counter[Any]:
        """How often each value of a column comes, or each combination of the values of several."""
        table = self.table.group_by(list(names), use_threads=False).aggregate([([], "count_all")])
        keys = [table[name].to_pylist() for name in names]
        counts = table["count_all"].to_pylist()
        return Counter(dict(zip(keys[0] if len(keys) == 1 else zip(*keys, strict=True), counts, strict=True)))


def _facts(table: pa.Table) -> list[TupleFacts]:
    return [TupleFacts(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def flat(unit: str, table: pa.Table) -> pa.Table:
    """The columns of one unit's tuples, from those of its `diag_fix` table that `READ` names."""
    error, verdict = table["error"], table["verdict"]
    patch = table["patch_diff"]
    rendered = pc.struct_field(error, "rendered")
    suggested = pc.fill_null(_first(pc.struct_field(error, "suggestions")), "none")
    found = {
        "id": table["id"],
        "unit": pa.array([unit] * table.num_rows, pa.string()),
        "crate": table["crate"],
        "version": table["version"],
        "class_": table["class"],
        "origin": table["origin"],
        "operator": table["operator"],
        "tool": pc.struct_field(error, "tool"),
        "code": pc.struct_field(error, "code"),
        "message": pc.struct_field(error, "message"),
        "file": table["file"],
        "line": pc.struct_field(error, ["span", "line_start"]),
        "applicability": pc.if_else(table["trivial"], "MachineApplicable", suggested),
        "scope": pc.struct_field(verdict, "scope"),
        "audited": pc.struct_field(verdict, "audited"),
        "covered": pc.struct_field(verdict, "covered"),
        "flags": pc.binary_join(pc.struct_field(verdict, "flags"), ", "),
        "tests_after": pc.struct_field(table["tests"], "after"),
        "difficulty": table["difficulty"],
        "patch_lines": pc.count_substring(patch, "\n"),
        "changed_lines": _changed_lines(patch),
        "code_bytes": pc.binary_length(table["code_before"]),
        "shown_bytes": pc.add(pc.binary_length(patch), pc.binary_length(rendered)),
    }
    return pa.table([_whole(found[field.name]).cast(field.type) for field in SCHEMA], schema=SCHEMA)


def _whole(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _first(suggestions: Any) -> Any:
    """The applicability of each list's first; null where the list is empty."""
    lists = _whole(suggestions)
    lengths = pc.list_value_length(lists)
    first = pc.if_else(pc.greater(lengths, 0), lists.offsets[:-1], pa.scalar(None, pa.int32()))
    return pc.struct_field(lists.values, "applicability").take(first)


def _changed_lines(patch: Any) -> Any:
    """Lines that a diff adds or removes: each file's `---` and `+++` look like two of them."""
    signs = pc.add(pc.count_substring(patch, "\n+"), pc.count_substring(patch, "\n-"))
    files = pc.count_substring_regex(patch, r"(?m)^diff --git ")
    return pc.subtract(signs, pc.multiply(files, 2))
