"""What each line of a file is part of: code, tests, an example in documentation, or its prose."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from oxidizer.cluster.outline import test_spans
from oxidizer.miners.pulls.examples import documentation

Mark = Literal["source", "test", "example", "prose"]


@dataclass(frozen=True)
class Marked:
    """A file by its lines."""

    lines: tuple[bytes, ...]
    """With their ends."""
    marks: tuple[Mark, ...]
    neutral: tuple[bool, ...]
    """Lines that go with those around them: blank ones, and comments of a manifest."""

    def __post_init__(self) -> None:
        assert len(self.lines) == len(self.marks) == len(self.neutral)

    @property
    def kinds(self) -> frozenset[Mark]:
        """The marks of the lines that say something."""
        return frozenset(mark for mark, neutral in zip(self.marks, self.neutral, strict=True) if not neutral)


def lines_of(source: bytes) -> tuple[bytes, ...]:
    """As git counts lines: each ends with a line feed, the last one maybe without."""
    parts = source.split(b"\n")
    return tuple(part + b"\n" for part in parts[:-1]) + ((parts[-1],) if parts[-1] else ())


def mark_rust(source: bytes) -> Marked:
    """The lines of a Rust file. A line that tests share with other code is source."""
    lines = lines_of(source)
    marks: list[Mark] = ["source"] * len(lines)
    docs = documentation(source)
    _set(marks, docs.rows, "prose")
    for example in docs.examples:
        _set(marks, range(example.first, example.last + 1), "example")
    starts = _starts(lines)
    for start, end in test_spans(source):
        _set(marks, _rows(source, starts, start, end), "test")
    return Marked(lines, tuple(marks), tuple(not line.strip() for line in lines))


def _set(marks: list[Mark], rows: Sequence[int] | frozenset[int], mark: Mark) -> None:
    for row in rows:
        if row < len(marks):
            marks[row] = mark


def _starts(lines: Sequence[bytes]) -> list[int]:
    found, at = [], 0
    for line in lines:
        found.append(at)
        at += len(line)
    return found


def _rows(source: bytes, starts: Sequence[int], start: int, end: int) -> range:
    """The rows that a span has for itself."""
    first, last = bisect_right(starts, start) - 1, bisect_right(starts, max(start, end - 1)) - 1
    stop = source.find(b"\n", end)
    behind = source[end : stop if stop >= 0 else len(source)].strip()
    shared_end = bool(behind) and not behind.startswith((b"//", b",", b";")) and source[end - 1 : end] != b"\n"
    return range(first + bool(source[starts[first] : start].strip()), last + 1 - shared_end)
