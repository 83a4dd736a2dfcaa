"""What a fix does, in words: steps in whole pieces of code, and where a step would be a fragment, its whole lines.

A step that holds no word is told with the smallest expression or statement around it that does, else with its lines.

Promised: what is quoted stands so in the broken or in the mended code, but for line breaks and where `…` cuts it. Not
promised: that every step is told, of many only the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from oxidizer.cluster.edits import Edit, by_file
from oxidizer.cluster.syntax import parse_part

_SHOWN = 100
_LINES = 140
"""The most characters of a line, or of a few, that are shown whole."""
_TOLD = 4
_WORDS = re.compile(r"\\.|\w+|\.\.[.=]?|[-=]>|::|&&|\|\||[-=!<>+*/%^&|]=|\W", re.DOTALL)
"""Words, whole operators, and single signs; but no shifts, whose signs end types as well."""
_LITERALS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'|//[^\n]*", re.DOTALL)
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_OPERATOR = r"(?:&&|\|\||<<|>>|[-+*/%^&|<>=!]=?)"
_DANGLING = re.compile(rf"(?:[;,:]|{_OPERATOR})\s|.*(?:\s{_OPERATOR}|[^=]=>)$", re.DOTALL)
_CHAIN = re.compile(r"\s*\n\s*(?=\?|\.(?!\.))")
_MARGIN = re.compile(r"^(?!where\b)[\w#]", re.MULTILINE)
"""Where an item of a file begins."""
_CLOSED = re.compile(r"^[)}\]].*", re.MULTILINE)
"""The last line of one."""


@dataclass(frozen=True)
class _Piece:
    """An edit in whole words, as texts: `old`, which begins at an offset of the broken source, becomes `new`."""

    start: int
    old: str
    new: str

    @property
    def end(self) -> int:
        return self.start + len(self.old)

    @property
    def core(self) -> tuple[int, int]:
        """Where `old` stands without the white space around it."""
        left = len(self.old) - len(self.old.lstrip())
        return (self.start + left, self.start + len(self.old.rstrip())) if self.old.strip() else (self.start, self.end)

    @property
    def is_whole(self) -> bool:
        return all(_is_whole(text.strip()) for text in (self.old, self.new))

    @property
    def has_word(self) -> bool:
        return _has_word(self.old + self.new)

    def become(self) -> str:
        """The step of a piece that is an expression or the like before and after it."""
        return f"{quoted(self.old)} becomes {quoted(self.new)}"

    def tell(self) -> str:
        """The step; "" where it lays out code anew."""
        if flat(self.old) == flat(self.new):
            return ""
        if not self.new.strip() and len(self.new) < len(self.old):
            return f"removes {quoted(self.old)}"
        if not self.old.strip():
            return f"inserts {quoted(self.new)}"
        return f"replaces {quoted(self.old)} by {quoted(self.new)}"


def steps(edits: Sequence[Edit], read: Callable[[str], bytes]) -> str:
    """What the edits of the files that `read` gives do, equal ones told once; white space only if there is no more."""
    told: Counter[str] = Counter()
    for file, group in by_file(edits).items():
        source = read(file)
        told.update(step for step in _of_file(sorted(group), source) if step)
    if not told:
        return "changes white space alone"
    shown = [step if n == 1 else f"{step} in {n} places" for step, n in told.items()]
    more = [f"and makes {len(shown) - _TOLD} more edits"] if len(shown) > _TOLD else []
    return "; ".join([*shown[:_TOLD], *more])


def flat(text: str) -> str:
    """The text on one line, the links of a chain of methods without the blank between them."""
    return " ".join(_CHAIN.sub("", text).split())


def quoted(text: str, most: int = _SHOWN) -> str:
    """The text on one line in backticks, cut where it is long."""
    text = flat(text)
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    # Markdown: a fence longer than any run of backticks inside.
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def _of_file(edits: Sequence[Edit], source: bytes) -> Iterator[str]:
    text = source.decode("utf-8", "replace")
    pieces = [_piece(edit, source, text) for edit in edits]
    for group in _by_lines([p for p in pieces if p.tell()], text):
        told = {piece.tell() for piece in group}
        if len(told) == 1 and all(piece.is_whole and piece.has_word for piece in group):
            yield from (piece.tell() for piece in group)
        elif len(group) == 1 and not group[0].has_word and (wide := _widened(group[0], text)) is not None:
            yield wide.become()
        else:
            yield _lines(group, text)


def _piece(edit: Edit, source: bytes, text: str) -> _Piece:
    """The edit, grown to whole words and without what its two sides begin and end with alike."""
    start = len(source[: edit.start].decode("utf-8", "replace"))
    end = start + len(source[edit.start : edit.end].decode("utf-8", "replace"))
    new = edit.replacement.decode("utf-8", "replace")
    if _in_word(text, start, text[start:end], new, 0):
        left = re.search(r"\w*$", text[:start])
        start, new = (left.start(), left[0] + new) if left else (start, new)
    if _in_word(text, end, text[start:end], new, -1):
        right = re.compile(r"\w*").match(text, end)
        end, new = (right.end(), new + right[0]) if right else (end, new)
    old = text[start:end]
    before, old, new = _apart(old, new)
    return _Piece(start + before, old, new)


def _widened(piece: _Piece, text: str) -> _Piece | None:
    """A piece without a word as the smallest whole expression or the like around it that has one; None if it is long.

    What is inserted goes with all that begins, else ends, where it stands: `&` with `a.b`, not with `a` alone.
    """
    (start, end), follows = piece.core, _follows(piece, text)
    is_new = not piece.old.strip()
    if is_new:
        start = len(text[:start].rstrip()) - 1 if follows else len(text) - len(text[end:].lstrip())
        end = start + 1
    found: _Piece | None = None
    for left, right in _around_it(text, max(start, 0), end):
        old = text[left:right]
        if len(flat(old)) > _SHOWN or (found and not (is_new and (left, right)[follows] == _edge(found, follows))):
            break
        new = old[: piece.start - left] + piece.new + old[piece.end - left :]
        holds = left <= piece.start and piece.end <= right
        if holds and all(_has_word(one) and _is_whole(one) for one in (old, new)):
            found = _Piece(left, old, new)
    return found


def _edge(piece: _Piece, is_end: bool) -> int:
    return piece.end if is_end else piece.start


def _follows(piece: _Piece, text: str) -> bool:
    """What is inserted belongs to what stands before it."""
    before, after = text[: piece.start][-1:], text[piece.end :][:1]
    ends = piece.new.strip()[:1] in (*";,.?:", *_BRACKETS) or not after.strip()
    return ends or ((_is_word(before) or before in _BRACKETS) and not _is_word(after))


def _around_it(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the pieces of syntax around a place stand that are read without fault, the smallest one first."""
    # To parse all of a file, which nobody asks for again, would take longer than all else that is told of it.
    begin = max((at.start() for at in _MARGIN.finditer(text, 0, start)), default=0)
    closed = _CLOSED.search(text, end)
    source = text[begin : closed.end() if closed else len(text)].encode()
    node = parse_part(source).root_node.descendant_for_byte_range(
        *(len(text[begin:at].encode()) for at in (start, end))
    )
    while node is not None and node.parent is not None:
        if node.is_named and not node.has_error:
            left = begin + len(source[: node.start_byte].decode())
            yield left, left + len(source[node.start_byte : node.end_byte].decode())
        node = node.parent


def _has_word(text: str) -> bool:
    return re.search(r"\w", text) is not None


def _in_word(text: str, at: int, old: str, new: str, side: int) -> bool:
    """One of the two sides of an edit goes on with the word that stands right before or behind it."""
    beside = text[at - 1 : at] if side == 0 else text[at : at + 1]
    return _is_word(beside) and any(_is_word(one[side]) for one in (old, new) if one)


def _is_word(sign: str) -> bool:
    return sign == "_" or sign.isalnum()


def _apart(old: str, new: str) -> tuple[int, str, str]:
    """Two texts without what they begin and end with alike in whole words, and how much they begin with."""
    left, right = _WORDS.findall(old), _WORDS.findall(new)
    start = _shared(left, right)
    before = sum(map(len, left[:start]))
    left, right = left[start:], right[start:]
    end = _shared(left[::-1], right[::-1])
    return before, "".join(left[: len(left) - end]), "".join(right[: len(right) - end])


def _shared(left: Sequence[str], right: Sequence[str]) -> int:
    """How many words two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _by_lines(pieces: Sequence[_Piece], text: str) -> Iterator[list[_Piece]]:
    """The pieces, those that share a line together."""
    group: list[_Piece] = []
    for piece in pieces:
        if group and "\n" in text[group[-1].core[1] : piece.core[0]]:
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _lines(group: Sequence[_Piece], text: str) -> str:
    """What becomes of the lines around some pieces."""
    start = text.rfind("\n", 0, group[0].start) + 1
    end = text.find("\n", group[-1].end)
    end = len(text) if end < 0 else end
    while start and not _has_word(text[start:end] + "".join(piece.new for piece in group)):
        start = text.rfind("\n", 0, start - 1) + 1
    new, at = "", start
    for piece in group:
        new += text[at : piece.start] + piece.new
        at = piece.end
    new += text[at:end]
    left, right = text[start:end].split("\n"), new.split("\n")
    left, right = _trimmed(left, right)
    old, new = "\n".join(left), "\n".join(right)
    if not old.strip() or not new.strip():
        return f"removes {quoted(old, _LINES)}" if old.strip() else f"inserts {quoted(new, _LINES)}"
    return "{} becomes {}".format(*(quoted(one, _LINES) for one in _around(flat(old), flat(new))))


def _trimmed(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Lines without those that they begin and end with alike, as long as a word is left."""
    for _ in range(2):
        kept = _shared([line.strip() for line in left], [line.strip() for line in right])
        while kept and not _has_word("".join((*left[kept:], *right[kept:]))):
            kept -= 1
        left, right = left[kept:][::-1], right[kept:][::-1]
    return left, right


def _around(old: str, new: str) -> tuple[str, str]:
    """Two long texts from shortly before the first word in which they differ."""
    before = _apart(old, new)[0]
    cut = old.rfind(" ", 0, max(0, before - _LINES // 4)) + 1
    return (old, new) if max(len(old), len(new)) <= _LINES or not cut else (f"… {old[cut:]}", f"… {new[cut:]}")


def _is_whole(text: str) -> bool:
    """The brackets of a text match, and it begins and ends with no sign that belongs to what stands beside it."""
    if _DANGLING.match(text):
        return False
    bare, opened = _LITERALS.sub("", text), []
    for sign in bare:
        if sign in "([{":
            opened.append(sign)
        elif sign in _BRACKETS and (not opened or opened.pop() != _BRACKETS[sign]):
            return False
    return not opened and '"' not in bare
