"""An answer read back: a model's text, or its call of the tool `edit`, as edits of the files that it was shown.

Strict: what cannot be read, does not apply, could be meant for two places, is for a forbidden file or changes nothing
is an error of its own. Prose around the edits and fences of code are left aside. All edits of an answer are meant for
the code as it was shown, not one after another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from oxidizer.cluster.edits import Edit, conflict, lines_of, trimmed
from oxidizer.datasets.task.answer import occurrences
from oxidizer.datasets.task.errors import Ambiguous, ChangesNothing, DoesNotApply, ForbiddenPath, Unparsable
from oxidizer.datasets.task.pieces import BLANKS, Piece, Place, places
from oxidizer.datasets.task.replacements import Replacement, replacements

NEVER = frozenset({".git", ".cargo"})
_SHOWN = 80
_NAMED = 8


def read_answer(text: str, files: Mapping[str, bytes], shown: Sequence[Piece] = ()) -> list[Edit]:
    """The edits that an answer makes to `files`, which maps the names to what they hold.

    `shown` are the pieces that the model saw: of their files, an edit is sought in them alone, and no other file may be
    edited. Without any, all of each file was shown. Raises AnswerError, each kind its own type, and ValueError where
    `shown` is not what `files` hold.
    """
    return _edits(in_text(text, _pieces(files, shown)), files)


def read_call(arguments: str, files: Mapping[str, bytes], shown: Sequence[Piece] = ()) -> list[Edit]:
    """The edit that a call of the tool `edit` makes; `arguments` is a JSON string. As `read_answer`."""
    return read_calls([arguments], files, shown)


def read_calls(calls: Sequence[str], files: Mapping[str, bytes], shown: Sequence[Piece] = ()) -> list[Edit]:
    """The edits of all calls of `edit` in one message. As `read_answer`."""
    return _edits(in_calls(calls, _pieces(files, shown)), files)


def in_text(text: str, pieces: Sequence[Piece]) -> list[tuple[Place, bytes]]:
    """Each place in some pieces that an answer replaces, and what by. Raises AnswerError."""
    return [_placed(one, pieces) for one in replacements(text, sorted({piece.file for piece in pieces}))]


def in_calls(calls: Sequence[str], pieces: Sequence[Piece]) -> list[tuple[Place, bytes]]:
    """The same of calls of `edit`. Raises AnswerError."""
    return [_called(arguments, pieces) for arguments in calls]


def _pieces(files: Mapping[str, bytes], shown: Sequence[Piece]) -> list[Piece]:
    for piece in shown:
        start_of(piece, files)
    return list(shown) or [Piece(file, 1, text) for file, text in files.items()]


def start_of(piece: Piece, files: Mapping[str, bytes]) -> int:
    """The byte of its file at which a piece starts. Raises ValueError where the file does not hold it there."""
    if piece.file in files:
        source = files[piece.file]
        lines = lines_of(source)[: piece.line - 1]
        at = sum(map(len, lines))
        found = at if piece.whole else source.find(piece.text, at)
        if source.startswith(piece.text, found) and len(lines) == piece.line - 1 and b"\n" not in source[at:found]:
            return found
    raise ValueError(f"{piece.file} does not hold the piece shown of it at line {piece.line}")


def _edits(found: Sequence[tuple[Place, bytes]], files: Mapping[str, bytes]) -> list[Edit]:
    edits = []
    for place, new in found:
        at = start_of(place.piece, files)
        old = place.piece.text[place.start : place.end]
        if old == new:
            raise ChangesNothing(f"The edit of {place.piece.file} at line {place.line} leaves the code as it is.")
        edits.append(trimmed(Edit(place.piece.file, at + place.start, at + place.end, new), old))
    if clash := conflict(edits):
        raise DoesNotApply(f"Two edits of {clash[0].file} touch the same lines; make them one.")
    return sorted(edits)


def _allowed(path: str, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces of a file that may be edited."""
    parts = path.split("/")
    if path.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", path) or ".." in parts:
        raise ForbiddenPath(f"{_quoted(path)} lies outside of the crate; name a file relative to its root.")
    if not NEVER.isdisjoint(part.lower() for part in parts):
        raise ForbiddenPath(f"{_quoted(path)} may not be edited.")
    if own := [piece for piece in pieces if piece.file == path]:
        return own
    names = sorted({piece.file for piece in pieces})
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} others" if len(names) > _NAMED else "")
    raise ForbiddenPath(f"{_quoted(path)} is not among the files shown; these may be edited: {named}.")


def _placed(one: Replacement, pieces: Sequence[Piece]) -> tuple[Place, bytes]:
    """Where a replacement belongs, and the text that goes there."""
    own = _allowed(one.file, pieces)
    found = places(own, one.old)
    if len(found) > 1 and one.line is not None:
        found = [place for place in found if place.line == one.line] or found
    if not found:
        what = f"the lines from {_quoted(_first(one.old))} on" if one.old else "an empty text"
        raise DoesNotApply(f"{one.file} does not hold {what} as the answer has them; copy them as they are shown.")
    if len(found) > 1:
        where = " and ".join(str(place.line) for place in found[:3])
        raise Ambiguous(f"What shall be replaced is in {one.file} more than once, at lines {where}; take more lines.")
    return found[0], _as_there(one, found[0])


def _as_there(one: Replacement, place: Place) -> bytes:
    """The new text with the ends of lines that the file has there."""
    old = place.piece.text[place.start : place.end]
    new = one.new
    ends = old if b"\n" in old else place.piece.text
    end = b"\r\n" if ends[: ends.find(b"\n") + 1].endswith(b"\r\n") else b"\n"
    if not place.exact or (b"\n" not in old and b"\r" not in new):
        new = b"".join(
            line.rstrip(b"\r\n") + end if line.endswith(b"\n") else line.rstrip(b"\r") for line in lines_of(new)
        )
        if new and one.old[:1] not in (b" ", b"\t") and place.start and place.piece.text[place.start - 1] in BLANKS:
            new = new.lstrip(BLANKS)
    if not old.endswith(b"\n") and one.old.endswith(b"\n") and new.endswith(b"\n"):
        return new.removesuffix(b"\n").removesuffix(b"\r")
    return new


def _called(arguments: str, pieces: Sequence[Piece]) -> tuple[Place, bytes]:
    names = ("path", "old_text", "new_text")
    try:
        given = json.loads(arguments)
        path, old, new = (given[name] for name in names)
        old, new = old.encode(), new.encode()
        extra = set(given) - set(names)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as e:
        raise Unparsable("The arguments of `edit` are a JSON object of three texts: path, old_text, new_text.") from e
    if extra or not isinstance(path, str):
        raise Unparsable("The arguments of `edit` are a JSON object of three texts: path, old_text, new_text.")
    own = _allowed(path.removeprefix("./"), pieces)
    if not old:
        raise DoesNotApply("old_text is empty; take it from the code shown.")
    counts = [occurrences(piece.text, old) for piece in own]
    if sum(counts) > 1:
        raise Ambiguous(f"old_text is in {path} {sum(counts)} times; take more of the text around it.")
    if not sum(counts):
        raise DoesNotApply(f"{path} does not hold old_text, from {_quoted(_first(old))} on; copy it as it is shown.")
    piece = own[counts.index(1)]
    at = piece.text.index(old)
    return Place(piece, at, at + len(old)), new


def _first(text: bytes) -> str:
    return next((line for line in text.decode("utf-8", "replace").splitlines() if line.strip()), "")


def _quoted(text: str) -> str:
    text = text.strip()
    return f"`{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}`"
