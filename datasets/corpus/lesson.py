"""What of a row is compared: the lesson (an edit in its surroundings), the code that it lies in, and an exact key.

All three are of tokens, so that comments, layout, file names, crates and versions do not matter, but names in the code
do. Where the edit changes no token (rustfmt, lints of comments), layout and comments are the lesson and count. Rows
are `diag_fix`, `reject`, `pr_pair` and `pr_unproven` records as plain dicts, with the fields of `datasets/records/`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Final

from unidiff.patch import PatchSet

from oxidizer.datasets.corpus.pulls import is_pull, patch_of
from oxidizer.datasets.corpus.tokens import layout_tokens, tokens, toml_tokens
from oxidizer.datasets.records import canonical

SURROUNDINGS: Final = 16
"""Tokens before and after each change that belong to a lesson."""
_MATCHED = 400 * 400
_BREAK = "…"

Read = Callable[[str], Sequence[str]]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Side:
    """One piece of a file before and after, as text."""

    file: str
    before: str
    after: str


def lesson_tokens(row: Row, *, surroundings: int = SURROUNDINGS) -> list[str]:
    """The tokens that an edit removes (`-`), adds (`+`) and leaves around it, each said to be of this tool and code.

    So lessons of two codes are never near each other. A row without a patch gives the tokens of its diagnostic.
    """
    pieces = _pieces(row)
    read = _reader(row, pieces)
    shown = [token for piece in pieces for token in _edit(*_both(read, piece), surroundings)]
    if not shown:
        shown = [f" {token}" for token in tokens(_message(row))]
    name = _name(row)
    return [f"{name}{token}" for token in shown]


def code_tokens(row: Row) -> list[str]:
    """The tokens of the items that the edit lies in, as they are when mended: alike for all bugs of one function.

    A `reject` holds no items: there it is what the patch shows of the file, and nothing without a patch. Of a pull
    request it is what the diff shows of all files.
    """
    pieces = _pieces(row)
    shown = pieces if is_pull(row) else pieces[:1]
    return [token for piece in shown for token in _of(piece.file)(piece.after)]


def broken_tokens(row: Row) -> list[str]:
    """The tokens of the code before the edit, where the row has it."""
    if is_pull(row):
        return [token for piece in _pieces(row) for token in _of(piece.file)(piece.before)]
    return tokens(row.get("code_before") or "")


def content_key(row: Row) -> str:
    """32 hex digits, the same for two rows exactly if they are one lesson: tool, code, and the tokens of both sides.

    Both sides are of whole items, so that a lesson is another one where the rest of its function differs: that is for
    `lesson_tokens` to find. Keys of `reject` rows also tell why they were rejected, and are never those of lessons.
    """
    pieces = _pieces(row)
    read = _reader(row, pieces)
    sides = [[_kind(piece.file), *_both(read, piece)] for piece in pieces]
    said = [] if pieces else tokens(_message(row))
    why = [row["stage"], row["reason"]] if row["type"] == "reject" else []
    return hashlib.sha256(canonical([_name(row), why, sides, said])).hexdigest()[:32]


def _name(row: Row) -> str:
    """The tool and the code, which a row may have without a diagnostic."""
    error = row.get("error") or {}
    tool, code = (error.get(key) or row.get(key) or "" for key in ("tool", "code"))
    return f"{tool}:{code}"


def _message(row: Row) -> str:
    return str((row.get("error") or {}).get("message") or row.get("detail") or "")


def _pieces(row: Row) -> list[_Side]:
    """What is edited: the whole items of the first file where the row has them, and the hunks of all other files.

    A lock file follows from the manifest; it counts where nothing else is edited.
    """
    patch = patch_of(row)
    whole = [_Side(row["file"], row["code_before"], row["code_after"])] if row.get("code_after") is not None else []
    if whole and "\ndiff --git " not in patch:
        return whole
    known = {piece.file for piece in whole}
    found = whole + [side for side in _hunks(patch) if side.file not in known]
    return [piece for piece in found if not _is_lock(piece.file)] or found


def _hunks(patch: str) -> Iterator[_Side]:
    for file in PatchSet(io.StringIO(patch, newline="\n")):
        for hunk in file:
            before = "".join(line.value for line in hunk if line.line_type in (" ", "-"))
            after = "".join(line.value for line in hunk if line.line_type in (" ", "+"))
            yield _Side(file.path, before, after)


def _is_lock(file: str) -> bool:
    return file.rpartition("/")[2] == "Cargo.lock"


def _kind(file: str) -> str:
    """How files are called that are read alike."""
    name = file.rpartition("/")[2]
    return "toml" if name == "Cargo.lock" else name.rpartition(".")[2]


def _of(file: str) -> Read:
    return _BY_KIND.get(_kind(file), _as_laid_out)


@lru_cache(maxsize=8)
def _as_rust(text: str) -> tuple[str, ...]:
    """One row is asked for its lesson, its code and its key, each of the same texts."""
    return tuple(tokens(text))


@lru_cache(maxsize=8)
def _as_toml(text: str) -> tuple[str, ...]:
    return tuple(toml_tokens(text))


@lru_cache(maxsize=8)
def _as_laid_out(text: str) -> tuple[str, ...]:
    return tuple(layout_tokens(text))


_BY_KIND: Mapping[str, Read] = {"rs": _as_rust, "toml": _as_toml}


def _reader(row: Row, pieces: Sequence[_Side]) -> Callable[[str], Read]:
    """How each file is read: by its layout where the lesson is nothing else."""
    seen = any(_of(piece.file)(piece.before) != _of(piece.file)(piece.after) for piece in pieces)
    return _of if seen and (row.get("error") or {}).get("tool") != "rustfmt" else lambda _: _as_laid_out


def _both(read: Callable[[str], Read], piece: _Side) -> tuple[Sequence[str], Sequence[str]]:
    return read(piece.file)(piece.before), read(piece.file)(piece.after)


def _edit(before: Sequence[str], after: Sequence[str], surroundings: int) -> Iterator[str]:
    """The changed tokens by their signs, and those around them; a break where some are left out."""
    end = 0
    changes = list(_changes(before, after))
    for number, (start, stop, new) in enumerate(changes):
        around = max(end, start - surroundings)
        if around > end and number:
            yield _BREAK
        yield from (f" {token}" for token in before[around:start])
        yield from (f"-{token}" for token in before[start:stop])
        yield from (f"+{token}" for token in new)
        ahead = changes[number + 1][0] if number + 1 < len(changes) else len(before)
        end = min(stop + surroundings, ahead)
        yield from (f" {token}" for token in before[stop:end])


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, Sequence[str]]]:
    """Runs of tokens that become others. Where too much differs to be matched, all from first to last is one run."""
    most = min(len(before), len(after))
    head = next((n for n in range(most) if before[n] != after[n]), most)
    tail = next((n for n in range(most - head) if before[-1 - n] != after[-1 - n]), most - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(old) * len(new) > _MATCHED:
        yield head, head + len(old), new
        return
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield head + i, head + j, new[k:m]
