"""The replacements that a text asks for: search/replace blocks, or the hunks of a unified diff, among prose."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from oxidizer.datasets.task.answer import NO_END
from oxidizer.datasets.task.errors import ForbiddenPath, Unparsable
from oxidizer.datasets.task.names import named

_HEAD = re.compile(r"(<{7,}) SEARCH\s*")
_OLD_NAME, _NEW_NAME = (re.compile(rf"{re.escape(sign * 3)} ([^\t\r]+)[\t\r]?.*") for sign in "-+")
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@.*", re.DOTALL)
_MOVED = re.compile(r"(?:rename|copy) (?:from|to) .*|(?:new|deleted) file mode .*|Binary files .*|GIT binary patch\s*")
_NO_MOVE = (
    "The diff at line {} of the answer makes, moves or takes away a file; it may only change lines of those shown."
)


@dataclass(frozen=True)
class Replacement:
    """Whole lines of a file become others."""

    file: str
    old: bytes
    new: bytes
    line: int | None = None
    """The line that the old ones start at, as a hunk says; None of a block."""


def replacements(text: str, files: Collection[str]) -> list[Replacement]:
    """All that a text asks for; `files` are the names that it may have meant.

    Raises Unparsable, and ForbiddenPath where a diff makes, moves or takes away a file.
    """
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise Unparsable("The answer is not text: it holds half of a character.") from e
    lines = text.split("\n")
    if any(_HEAD.fullmatch(line) for line in lines):
        return list(_blocks(lines, files))
    if found := list(_hunks(lines, files)):
        return found
    raise Unparsable("The answer holds neither a search/replace block nor a unified diff.")


def _blocks(lines: list[str], files: Collection[str]) -> Iterator[Replacement]:
    at, above, file = 0, 0, ""
    while at < len(lines):
        head = _HEAD.fullmatch(lines[at])
        if head is None:
            at += 1
            continue
        size = len(head[1])
        middle = _next(lines, at + 1, "=" * size)
        end = _next(lines, middle + 1, ">" * size + " REPLACE") if middle is not None else None
        if middle is None or end is None:
            raise Unparsable(f"The block at line {at + 1} of the answer has no `{'=' * size}` or no `REPLACE` line.")
        if (second := _next(lines, middle + 1, "=" * size)) is not None and second < end:
            raise Unparsable(f"The block at line {at + 1} of the answer has two `{'=' * size}` lines.")
        _no_diff(lines, above, at)
        file = _file(lines[above:at], files, at) or file or (next(iter(files)) if len(files) == 1 else "")
        if not file:
            raise Unparsable(f"The block at line {at + 1} of the answer has no file's name above it.")
        yield Replacement(file, _side(lines[at + 1 : middle]), _side(lines[middle + 1 : end]))
        at = above = end + 1
    _no_diff(lines, above, at)


def _no_diff(lines: list[str], start: int, stop: int) -> None:
    """Raises Unparsable where lines between blocks are some of a diff, which would be left aside like prose."""
    for i in range(start, stop):
        pair = _OLD_NAME.fullmatch(lines[i]) and i + 1 < stop and _NEW_NAME.fullmatch(lines[i + 1])
        if pair or _HUNK.fullmatch(lines[i]) or lines[i].startswith("diff --git "):
            raise Unparsable(f"The answer holds blocks and, at line {i + 1}, a diff; write all of it in one format.")


def _next(lines: list[str], at: int, mark: str) -> int | None:
    return next((i for i in range(at, len(lines)) if lines[i].rstrip() == mark), None)


def _file(above: list[str], files: Collection[str], at: int) -> str:
    """The file that is named right above line `at`, if any. Raises Unparsable where one shown and another are."""
    found = named(above, files)
    if len(found) > 1 and not set(found).isdisjoint(files):
        raise Unparsable(f"Right above line {at + 1} of the answer are several files' names; write only one there.")
    return next(iter(found), "")


def _side(lines: list[str]) -> bytes:
    if lines and lines[-1].rstrip() == NO_END.rstrip():
        return "\n".join(lines[:-1]).encode()
    return "".join(f"{line}\n" for line in lines).encode()


def _hunks(lines: list[str], files: Collection[str]) -> Iterator[Replacement]:
    at, above, file, opened = 0, 0, "", False
    while at < len(lines):
        old, new = (_OLD_NAME.fullmatch(lines[at]), _NEW_NAME.fullmatch(lines[at + 1])) if at + 1 < len(lines) else (
            None, None)  # fmt: skip
        if old and new:
            file = _agreed(old[1].strip(), new[1].strip(), at)
            at, above, opened = at + 2, at + 2, False
        elif header := _HUNK.fullmatch(lines[at]):
            if not file or _file(lines[above:at], files, at) not in ("", file):
                raise Unparsable(f"The hunk at line {at + 1} of the answer has no `---` and `+++` lines above it.")
            one, at = _hunk(lines, at, header, file)
            above = at
            yield one
        else:
            if opened and _MOVED.fullmatch(lines[at]):
                raise ForbiddenPath(_NO_MOVE.format(at + 1))
            if lines[at].startswith("diff --git "):
                file, opened = "", True
            opened = opened and bool(lines[at].strip())
            at += 1


def _agreed(old: str, new: str, at: int) -> str:
    """The name that both lines above a hunk give. Raises ForbiddenPath."""
    bare = (old.removeprefix("a/"), new.removeprefix("b/"))
    if old != new and bare[0] != bare[1]:
        raise ForbiddenPath(_NO_MOVE.format(at + 1))
    return (new if old == new else bare[1]).removeprefix("./")


def _hunk(lines: list[str], at: int, header: re.Match[str], file: str) -> tuple[Replacement, int]:
    """A hunk, and the line after it. Raises Unparsable where it has not the lines that its head counts."""
    where = at + 1
    left = {"-": int(header[2] or 1), "+": int(header[4] or 1)}
    sides: dict[str, list[str]] = {"-": [], "+": []}
    last, at = "", at + 1
    while at < len(lines):
        line = lines[at]
        # An empty line is an empty line of context whose blank was lost.
        kind = line[:1] if line.rstrip("\r") else " "
        if kind == "\\" and last:
            for sign in "-+" if last == " " else last:
                sides[sign][-1] = sides[sign][-1].removesuffix("\n")
        elif not any(left.values()):
            break
        elif kind in (" ", "-", "+"):
            for sign in "-+" if kind == " " else kind:
                sides[sign].append(f"{line[1:] if line[:1] == kind else line}\n")
                left[sign] -= 1
            last = kind
        else:
            break
        at += 1
    goes_on = at < len(lines) and lines[at][:1] in ("-", "+") and not lines[at].startswith("--- ")
    if any(left.values()) or goes_on:
        raise Unparsable(f"The hunk at line {where} of the answer has not as many lines as its head says.")
    old, new = ("".join(sides[sign]).encode() for sign in "-+")
    return Replacement(file, old, new, int(header[1])), at
