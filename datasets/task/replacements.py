"""The replacements that a text asks for: search/replace blocks, or the hunks of a unified diff, among prose."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from oxidizer.datasets.task.answer import NO_END
from oxidizer.datasets.task.errors import Unparsable

_HEAD = re.compile(r"(<{7,}) SEARCH\s*")
_OLD_NAME, _NEW_NAME = (re.compile(rf"{re.escape(sign * 3)} ([^\t\r]+)[\t\r]?.*") for sign in "-+")
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@.*", re.DOTALL)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,}).*")


@dataclass(frozen=True)
class Replacement:
    """Whole lines of a file become others."""

    file: str
    old: bytes
    new: bytes
    line: int | None = None
    """The line that the old ones start at, as a hunk says; None of a block."""


def replacements(text: str, files: Collection[str]) -> list[Replacement]:
    """All that a text asks for; `files` are the names that it may have meant. Raises Unparsable."""
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise Unparsable("The answer is not text: it holds half of a character.") from e
    lines = text.split("\n")
    if any(_HEAD.fullmatch(line) for line in lines):
        return list(_blocks(lines, files))
    if found := list(_hunks(lines)):
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
        file = _name(lines[above:at], files) or file
        if not file:
            raise Unparsable(f"The block at line {at + 1} of the answer has no file's name above it.")
        yield Replacement(file, _side(lines[at + 1 : middle]), _side(lines[middle + 1 : end]))
        at = above = end + 1


def _next(lines: list[str], at: int, mark: str) -> int | None:
    return next((i for i in range(at, len(lines)) if lines[i].rstrip() == mark), None)


def _name(above: list[str], files: Collection[str]) -> str:
    """The file that the last line above a block names, fences and empty lines left aside; of one shown, that."""
    said = next((line for line in reversed(above) if line.strip() and not _FENCE.fullmatch(line)), "")
    bare = said.strip().strip("*`#: ").removeprefix("./")
    if bare in files:
        return bare
    if bare and not re.search(r"\s", bare) and re.search(r"[./\\]", bare.rstrip(".")):
        return bare
    return next(iter(files)) if len(files) == 1 else ""


def _side(lines: list[str]) -> bytes:
    if lines and lines[-1].rstrip() == NO_END.rstrip():
        return "\n".join(lines[:-1]).encode()
    return "".join(f"{line}\n" for line in lines).encode()


def _hunks(lines: list[str]) -> Iterator[Replacement]:
    at, file = 0, ""
    while at < len(lines):
        old, new = (_OLD_NAME.fullmatch(lines[at]), _NEW_NAME.fullmatch(lines[at + 1])) if at + 1 < len(lines) else (
            None, None)  # fmt: skip
        if old and new:
            file = _stripped(new[1])
            at += 2
        elif (header := _HUNK.fullmatch(lines[at])) and file:
            one, at = _hunk(lines, at, header, file)
            yield one
        elif header:
            raise Unparsable(f"The hunk at line {at + 1} of the answer has no `---` and `+++` lines above it.")
        else:
            at += 1


def _stripped(name: str) -> str:
    return name.strip().removeprefix("b/").removeprefix("./")


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
