"""Edits: byte-ranged replacements in named files, refused on overlap; git-style unified diffs from and back to them."""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby, pairwise

from unidiff.patch import Hunk, PatchSet

CONTEXT_LINES = 3


class EditConflict(ValueError):
    """Two edits touch the same bytes, or an edit lies outside its file."""


@dataclass(frozen=True, order=True)
class Edit:
    """Replace bytes [start, end) of a file (relative to the source's root)."""

    file: str
    start: int
    end: int
    replacement: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise EditConflict(f"{self.file}: no such range {self.start}..{self.end}")

    def touches(self, other: Edit) -> bool:
        """The two cannot both be applied: they overlap, or meet where one of them inserts."""
        if self.file != other.file:
            return False
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


def conflict(edits: Iterable[Edit]) -> tuple[Edit, Edit] | None:
    """The first two edits that cannot both be applied."""
    ordered = sorted(edits)
    return next(((a, b) for a, b in pairwise(ordered) if a.touches(b)), None)


def by_file(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """Edits by file, each list in order."""
    return {file: list(group) for file, group in groupby(sorted(edits), key=lambda e: e.file)}


def apply(source: bytes, edits: Sequence[Edit]) -> bytes:
    """One file's text with all its edits applied at once. Raises EditConflict."""
    if clash := conflict(edits):
        raise EditConflict(f"{clash[0].file}: edits overlap at byte {clash[1].start}")
    parts, at = [], 0
    for edit in sorted(edits):
        if edit.end > len(source):
            raise EditConflict(f"{edit.file}: {edit.end} is beyond the end of the file ({len(source)} bytes)")
        parts += [source[at : edit.start], edit.replacement]
        at = edit.end
    return b"".join([*parts, source[at:]])


def inverse(edits: Sequence[Edit], read: Callable[[str], bytes]) -> tuple[Edit, ...]:
    """The edits that take edits back: of the edited files, to what `read` gives. Raises EditConflict."""
    back = []
    for file, group in by_file(edits).items():
        source, shift = read(file), 0
        apply(source, group)
        for edit in _joined(group):
            start = edit.start + shift
            old = source[edit.start : edit.end]
            back.append(Edit(file, start, start + len(edit.replacement), old))
            shift += len(edit.replacement) - len(old)
    return tuple(back)


def _joined(group: Iterable[Edit]) -> list[Edit]:
    """One file's edits, in order, neighbours that meet as one: else one would be put back where another ends."""
    joined: list[Edit] = []
    for edit in group:
        if joined and joined[-1].end == edit.start:
            before = joined.pop()
            edit = Edit(edit.file, before.start, edit.end, before.replacement + edit.replacement)
        joined.append(edit)
    return joined


def map_back(offset: int, edits: Sequence[Edit]) -> int:
    """The place in the source of a byte offset in the edited file; inside a replacement: where the edit starts."""
    shift = 0
    for edit in sorted(edits):
        start = edit.start + shift
        if offset < start:
            break
        if offset < start + len(edit.replacement):
            return edit.start
        shift += len(edit.replacement) - (edit.end - edit.start)
    return offset - shift


def unified_diff(edits: Iterable[Edit], read: Callable[[str], bytes]) -> str:
    """A git-style diff of the edits against the files that `read` gives; foreign bytes as surrogate escapes.

    Format: the unified format as `git apply -p1` reads it, three lines of context.
    """
    return "".join(_file_diff(file, read(file), group) for file, group in by_file(edits).items())


def from_diff(diff: str, read: Callable[[str], bytes]) -> list[Edit]:
    """The edits that a git-style diff of changed files makes. Raises ValueError where it does not fit the files."""
    edits = []
    for patched in PatchSet(io.StringIO(diff, newline="\n")):
        source = read(patched.path)
        _, starts = _split(source)
        for hunk in patched:
            first = max(0, hunk.source_start - (1 if hunk.source_length else 0))
            old, new = (b"".join(_side(hunk, sign)) for sign in "-+")
            start = starts[first]
            if source[start : start + len(old)] != old:
                raise ValueError(f"the diff does not fit {patched.path} at line {first + 1}")
            edits.append(trimmed(Edit(patched.path, start, start + len(old), new), old))
    return edits


def _side(hunk: Hunk, sign: str) -> list[bytes]:
    """The lines of the old (`-`) or the new (`+`) side of a hunk."""
    lines: list[bytes] = []
    mine = False
    for line in hunk:
        if line.line_type == "\\" and mine:
            # "No newline at end of file" speaks of the line before it.
            lines[-1] = lines[-1].removesuffix(b"\n")
        elif line.line_type != "\\":
            mine = line.line_type in (" ", sign)
            lines += [line.value.encode("utf-8", "surrogateescape")] if mine else []
    return lines


def trimmed(edit: Edit, old: bytes) -> Edit:
    """The same edit without the context lines that it replaces by themselves."""
    before, after = lines_of(old), lines_of(edit.replacement)
    head, tail = _common(before, after)
    start = edit.start + sum(map(len, before[:head]))
    end = edit.end - sum(map(len, before[len(before) - tail :]))
    return Edit(edit.file, start, end, b"".join(after[head : len(after) - tail]))


def _common(before: Sequence[bytes], after: Sequence[bytes]) -> tuple[int, int]:
    """How many lines two texts share at their head and, of the rest, at their tail."""
    most = min(len(before), len(after))
    head = next((i for i in range(most) if before[i] != after[i]), most)
    tail = next((i for i in range(most - head) if before[-1 - i] != after[-1 - i]), most - head)
    return head, tail


def lines_of(text: bytes) -> list[bytes]:
    """Lines with their ends; only `\\n` ends a line, as git sees it."""
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


@lru_cache(maxsize=16)
def _split(source: bytes) -> tuple[list[bytes], list[int]]:
    """The lines of a file and where they start, its end included; one file is asked for by diff after diff."""
    lines = lines_of(source)
    return lines, [0, *accumulate(map(len, lines))]


@dataclass(frozen=True)
class _Change:
    """Lines [first, last) of the old file become `new`."""

    first: int
    last: int
    new: list[bytes]


def _changes(source: bytes, edits: Sequence[Edit]) -> list[_Change]:
    """The edits as replaced runs of whole lines, in order; edits on one line make one change."""
    lines, starts = _split(source)
    runs: list[tuple[int, int, list[Edit]]] = []
    for edit in sorted(edits):
        first = _line_of(starts, edit.start)
        last = min(_line_of(starts, edit.end) + 1, len(lines))
        if runs and first < runs[-1][1]:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]), [*runs[-1][2], edit])
        else:
            runs.append((first, last, [edit]))
    changes = []
    for first, last, group in runs:
        base = starts[first]
        shifted = [Edit(e.file, e.start - base, e.end - base, e.replacement) for e in group]
        old, new = lines[first:last], lines_of(apply(source[base : starts[last]], shifted))
        if last < len(lines) and new and not new[-1].endswith(b"\n"):
            # The edit ate the line's end: the next line belongs to the change.
            new, last = lines_of(b"".join([*new, lines[last]])), last + 1
            old = lines[first:last]
        head, tail = _common(old, new)
        if old != new:
            changes.append(_Change(first + head, last - tail, new[head : len(new) - tail]))
    return changes


def _line_of(starts: Sequence[int], offset: int) -> int:
    return bisect_right(starts, offset) - 1


def _file_diff(file: str, source: bytes, edits: Sequence[Edit]) -> str:
    lines, _ = _split(source)
    hunks: list[list[_Change]] = []
    for change in _changes(source, edits):
        if hunks and change.first - hunks[-1][-1].last <= 2 * CONTEXT_LINES:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    if not hunks:
        return ""
    text, grown = [f"diff --git a/{file} b/{file}\n--- a/{file}\n+++ b/{file}\n"], 0
    for hunk in hunks:
        first = max(0, hunk[0].first - CONTEXT_LINES)
        last = min(len(lines), hunk[-1].last + CONTEXT_LINES)
        body, at = [], first
        for change in hunk:
            body += [_shown(" ", line) for line in lines[at : change.first]]
            body += [_shown("-", line) for line in lines[change.first : change.last]]
            body += [_shown("+", line) for line in change.new]
            at = change.last
        body += [_shown(" ", line) for line in lines[at:last]]
        old, new = last - first, last - first + sum(len(c.new) - (c.last - c.first) for c in hunk)
        text.append(f"@@ -{_range(first, old)} +{_range(first + grown, new)} @@\n" + "".join(body))
        grown += new - old
    return "".join(text)


def _range(first: int, count: int) -> str:
    """Line numbers count from 1; an empty side names the line before it."""
    return f"{first + 1 if count else first},{count}"


def _shown(sign: str, line: bytes) -> str:
    text = line.decode("utf-8", "surrogateescape")
    return sign + text if text.endswith("\n") else f"{sign}{text}\n\\ No newline at end of file\n"
