"""A change of a tree as an agent makes it: what it reads, and the calls of `edit`.

The calls on one file may be made one after the other or all at once, on the file as it was read: each text that is
replaced is there exactly once, before any of them and at its turn, and after the last one the file is byte for byte
the new one. What no such call can do (bits of the mode, links, submodules, bytes that are no text) is NotShown. Locks
are left out: cargo writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from oxidizer.cluster.edits import apply, lines_of
from oxidizer.datasets.task import NotShown, read_calls
from oxidizer.datasets.task.answer import calls, occurrences
from oxidizer.datasets.task.errors import AnswerError
from oxidizer.datasets.task.lesson import Lesson, as_bytes
from oxidizer.datasets.task.pieces import Change as Lines
from oxidizer.datasets.task.pieces import Piece
from oxidizer.datasets.task.reading import NEVER
from oxidizer.datasets.task.tools import arguments_of, readable
from oxidizer.miners.pulls.objects import Change, Entry, Hunk
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

_FILES = (0o100644, 0o100755)
_AROUND = 30
"""Lines that are read on each side of what changes in a file that is too long to be read whole."""

Call = dict[str, str]


@dataclass(frozen=True)
class Edited:
    """How one file becomes another."""

    file: str
    before: bytes | None
    """None where there is none."""
    after: bytes | None
    calls: tuple[Call, ...] = ()
    """Of the tool `edit`."""

    @property
    def is_long(self) -> bool:
        """It is too long to be read whole at once."""
        before = lines_of(self.before or b"")
        return readable(before) < len(before)

    @property
    def needs_more(self) -> bool:
        """`edit` alone cannot do it: the file goes, or comes empty."""
        return not self.calls

    def reads(self) -> Iterator[tuple[dict[str, object], str]]:
        """The calls of `read` that show what the edits replace, with their answers. Raises NotShown."""
        lines = lines_of(self.before or b"")
        for first, last in self._windows(len(lines)):
            at = first
            while at <= last:
                shown = readable(lines[at - 1 : last])
                if not shown:
                    raise NotShown("too_large", f"line {at} of {self.file} is longer than what is shown at once")
                text = b"".join(lines[at - 1 : at - 1 + shown]).decode()
                if at + shown <= last:
                    end = "" if text.endswith("\n") else "\n"
                    text += f"{end}… (lines {at + shown} to {last} are not shown)"
                yield {"path": self.file, "start_line": at, "end_line": last}, text
                at += shown

    def _windows(self, count: int) -> list[tuple[int, int]]:
        """The runs of lines to be read, by their numbers."""
        if self.after is None or not count:
            return []
        if not self.is_long:
            return [(1, count)]
        joined: list[tuple[int, int]] = []
        for first, last in sorted(self._replaced()):
            first, last = max(1, first - _AROUND), min(count, last + _AROUND)
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((first, last))
        return joined

    def _replaced(self) -> Iterator[tuple[int, int]]:
        assert self.before is not None
        for call in self.calls:
            old = call["old_text"].encode()
            first = self.before.count(b"\n", 0, self.before.index(old)) + 1
            yield first, first + old.removesuffix(b"\n").count(b"\n")


def edited(reader: Reader, changes: Iterable[Change]) -> list[Edited]:
    """How each file of a change is edited, in order of their names. Raises NotShown."""
    files = [change for change in changes if place_of(name_of(change.path)) is not Place.LOCK]
    return [_edited(reader, change) for change in sorted(files, key=lambda change: change.path)]


def _edited(reader: Reader, change: Change) -> Edited:
    file = name_of(change.path)
    as_bytes(file)
    if not NEVER.isdisjoint(part.lower() for part in file.split("/")):
        raise NotShown("forbidden_path", f"{file} may not be edited")
    if any(side and side.mode not in _FILES for side in (change.old, change.new)):
        raise NotShown("no_change_of_text", f"{file} is a link or a submodule")
    if len({side.mode for side in (change.old, change.new) if side}) > 1 or (
        change.old is None and change.new and change.new.mode != _FILES[0]
    ):
        raise NotShown("no_change_of_text", f"{file} gets or loses a bit of its mode")
    before, after = _text(reader, file, change.old), _text(reader, file, change.new)
    hunks = reader.hunks(change.old.oid, change.new.oid) if change.old and change.new and before and after else ()
    return Edited(file, before, after, tuple(edit_calls(file, before, after, hunks)))


def _text(reader: Reader, file: str, entry: Entry | None) -> bytes | None:
    if entry is None:
        return None
    text = reader.blob(entry.oid)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotShown("not_text", f"{file} is not UTF-8") from error
    if b"\0" in text:
        raise NotShown("not_text", f"{file} is binary")
    return text


def edit_calls(file: str, before: bytes | None, after: bytes | None, hunks: Sequence[Hunk]) -> list[Call]:
    """The calls of `edit` that make `after` of `before`; none where a file goes or comes empty. Raises NotShown."""
    if after is None or before == after or not (before or after):
        return []
    if not before:
        return [_call(file, "", after.decode())]
    if not after:
        return [_call(file, before.decode(), "")]
    new = lines_of(after)
    lines = [
        Lines(h.old_start + 1, h.old_start + h.old_count + 1, tuple(new[h.new_start : h.new_start + h.new_count]))
        for h in hunks
    ]
    whole = Piece(file, 1, before)
    for tried in (lines, [_spanning(before, new, lines)]):
        found = calls(Lesson((whole,), {file: tuple(tried)}))
        for ordered in (found, found[::-1]):
            if _in_turn(before, ordered) == after == _at_once(file, before, ordered):
                return ordered
    raise NotShown("not_unique", f"no edits make the new {file} one after the other")


def _spanning(before: bytes, new: Sequence[bytes], lines: Sequence[Lines]) -> Lines:
    """All changes of lines as one, from the first to the last."""
    first, stop = min(c.first for c in lines), max(c.stop for c in lines)
    behind = len(lines_of(before)) + 1 - stop
    return Lines(first, stop, tuple(new[first - 1 : len(new) - behind]))


def _in_turn(text: bytes, ordered: Sequence[Call]) -> bytes | None:
    """What calls give one after the other; None where one of them finds its text not exactly once."""
    for call in ordered:
        old = call["old_text"].encode()
        if occurrences(text, old) != 1:
            return None
        text = text.replace(old, call["new_text"].encode())
    return text


def _at_once(file: str, text: bytes, made: Sequence[Call]) -> bytes | None:
    """What calls give all at once; None where two of them touch the same lines, or one is refused."""
    try:
        return apply(text, read_calls([arguments_of(call) for call in made], {file: text}))
    except AnswerError:
        return None


def _call(file: str, old: str, new: str) -> Call:
    return {"path": file, "old_text": old, "new_text": new}
