"""Rust code, diagnostics and diffs as coloured pieces, for a page and for a terminal alike.

A line is a list of `Piece(kind, text)`; the kinds are few and mean the same in `style.css` and in `show.py`. The text
is a stranger's: control characters, terminal escapes, text-direction marks and broken surrogates are made visible here,
and long lines and long texts are cut with a word on what is missing. Escaping for HTML is the template's job.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pygments.lexers import RustLexer
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, Punctuation, String, _TokenType

from oxidizer.cluster.visible import visible

MAX_COLUMNS = 240
MAX_LINES = 80

_KINDS: list[tuple[_TokenType, str]] = [
    (Comment.Preproc, "attribute"),
    (Comment, "comment"),
    (Keyword.Type, "type"),
    (Keyword, "keyword"),
    (Name.Function, "function"),
    (Name.Class, "type"),
    (Name.Attribute, "attribute"),
    (Name.Builtin, "type"),
    (String.Doc, "comment"),
    (String, "string"),
    (Number, "number"),
    (Literal, "string"),
    (Operator, "operator"),
    (Punctuation, "operator"),
]
_LEXER = RustLexer(stripnl=False, ensurenl=False)
_HEADER = re.compile(r"^(error|warning|note|help)(\[[^\]]{1,80}\])?(: .*)$")
_LOCATION = re.compile(r"^(\s*)(-->|:::)( .*)$")
_NUMBERED = re.compile(r"^(\s*(?:\d+|LL|\.\.\.)\s)([|+~-])(.*)$")
_GUTTER = re.compile(r"^(\s*)\|(.*)$")
_FOOTNOTE = re.compile(r"^(\s*)= (note|help|warning): (.*)$")
_FILE_LINES = ("diff --git ", "index ", "--- ", "+++ ")
_FRAME = "\0"
"""Marks a line outside a hunk, where a sign means nothing; no other line holds it once `visible` has seen the text."""
_MARKS = re.compile(r"[\^~]+|\++|(?<!\w)-+(?!\w)|[|_/\\]")


@dataclass(frozen=True)
class Piece:
    """A stretch of text and what it is: keyword, comment, caret, added, ... ("" is plain)."""

    kind: str
    text: str


Line = list[Piece]


def rust(text: str) -> Line:
    """One line of Rust, lexed on its own: a string or comment that began on an earlier line is not known here."""
    # A doc comment is one to the lexer only where its line ends.
    return [
        Piece(_kind(token), value) for token, lexed in _LEXER.get_tokens(text + "\n") if (value := lexed.strip("\n"))
    ]


def _kind(token: _TokenType) -> str:
    return next((kind for parent, kind in _KINDS if token in parent), "")


def diagnostic(rendered: str) -> list[Line]:
    """What rustc printed, with its code coloured and its carets set apart."""
    return list(_painted(visible(rendered).rstrip("\n").split("\n"), _diagnostic_line))


def _diagnostic_line(line: str) -> Line:
    if found := _HEADER.match(line):
        level, code, message = found.groups(default="")
        return [Piece(level, level + code), Piece("message", message)]
    if found := _LOCATION.match(line):
        return [Piece("gutter", found[1] + found[2]), Piece("place", found[3])]
    if found := _NUMBERED.match(line):
        number, mark, code = found.groups()
        kind = {"|": "gutter", "-": "removed"}.get(mark, "added")
        return [Piece("gutter", number), Piece(kind, mark), *rust(code)]
    if found := _FOOTNOTE.match(line):
        return [Piece("gutter", found[1] + "= "), Piece(found[2], found[2]), Piece("remark", f": {found[3]}")]
    if found := _GUTTER.match(line):
        return [Piece("gutter", found[1] + "|"), *_annotation(found[2])]
    return [Piece("", line)]


def _annotation(text: str) -> Line:
    """The line under the code: marks first, then the label, which is prose and not marks."""
    label = re.search(r"[A-Za-z`].*$", text)
    marks, prose = (text[: label.start()], label.group()) if label else (text, "")
    pieces, at = [], 0
    for mark in _MARKS.finditer(marks):
        pieces += [Piece("", marks[at : mark.start()])] if mark.start() > at else []
        pieces.append(Piece({"-": "underline", "+": "added"}.get(mark.group()[0], "caret"), mark.group()))
        at = mark.end()
    return [*pieces, Piece("", marks[at:]), *([Piece("label", prose)] if prose else [])]


def diff(patch: str) -> list[Line]:
    """A git-style diff; that of one file goes without the lines that name the file, which the reader knows.

    The kind of a line's first piece (added, removed, context, hunk, frame) is that of the whole line.
    """
    several = patch.count("\ndiff --git ") > 0
    lines, in_hunk = [], False
    for line in visible(patch).rstrip("\n").split("\n"):
        in_hunk = line.startswith("@@") or (in_hunk and not line.startswith("diff --git "))
        if in_hunk or several or not line.startswith(_FILE_LINES):
            lines.append(line if in_hunk else _FRAME + line)
    return list(_painted(lines, _diff_line))


def _diff_line(line: str) -> Line:
    signs = {"+": "added", "-": "removed", " ": "context"}
    if line[:1] in signs:
        return [Piece(signs[line[0]], line[0]), *rust(line[1:])]
    return [Piece("hunk", line)] if line.startswith("@@") else [Piece("frame", line.removeprefix(_FRAME))]


def _painted(lines: list[str], paint: Callable[[str], Line]) -> Iterator[Line]:
    for line in lines[:MAX_LINES]:
        extra = len(line) - MAX_COLUMNS
        yield paint(line) if extra <= 0 else [*paint(line[:MAX_COLUMNS]), Piece("cut", f" … {extra:,} more characters")]
    if len(lines) > MAX_LINES:
        yield [Piece("cut", f"… {len(lines) - MAX_LINES:,} more lines")]
