"""Rust in tokens with their places, and tokens put together to text again.

Lexical, and of bytes: any text has tokens, broken code too, and places are those of diagnostics and edits. Comments are
no tokens. A macro's name has its `!`. Not promised: comments within comments, which end where the inner one does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    rb"""
      (?P<comment>//[^\n]*+|/\*.*?(?:\*/|\Z))
    | (?P<token>
        b?r(?P<hashes>\#*)".*?(?:"(?P=hashes)|\Z)
      | [bc]?"(?:\\.|[^"\\])*+"?
      | b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]{1,10}\}|.)|[^'\\\n]|[^\x00-\x7f]{2,4})'
      | '[A-Za-z_]\w*+
      | (?:r\#)?[A-Za-z_]\w*+(?:!(?![=]))?
      | [0-9]\w*+(?:\.[0-9]\w*+)?
      | => | -> | :: | \.\.= | \.\.\. | \.\. | && | \|\| | == | != | <= | >= | [-+*/%&|^]=
      | [^\x00-\x7f]++
      | \S
      )
    """,
    re.VERBOSE | re.DOTALL,
)
IDENTIFIER = re.compile(rb"(?:r#)?[A-Za-z_]\w*\Z")
_WORD = re.compile(rb"\w")
_LIFETIME_AT_END = re.compile(rb"'\w+\Z")
KEYWORDS = frozenset(
    b"as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move"
    b" mut pub ref return self Self static struct super trait true type unsafe use where while".split()
)
COMMON = KEYWORDS | frozenset(
    b"clone unwrap Some None Ok Err iter iter_mut into_iter as_ref as_mut as_str to_string to_owned into as_bytes"
    b" collect usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char str String Vec Option Result Box"
    b" Copy Clone Debug Default PartialEq Eq Hash PartialOrd Ord Sized Send Sync get get_mut len push as_ptr"
    b" as_mut_ptr todo! panic! _".split()
)
"""Words that mean the same in every crate: a template may say them outright."""
_CLOSE_BEFORE = frozenset({b")", b"]", b",", b";", b".", b"?", b"(", b"[", b"::", b":", b">"})
_CLOSE_BEHIND = frozenset({b"(", b"[", b".", b"::", b"&", b"!", b"<", b"*", b"#"})


@dataclass(frozen=True)
class Tokens:
    """A text's tokens, in order: what they say, and where they begin and end, in bytes."""

    said: tuple[bytes, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.said)


def tokens(text: bytes) -> Tokens:
    """The tokens of a text with their places."""
    found = [(m["token"], *m.span()) for m in _TOKEN.finditer(text) if m["token"] is not None]
    said, starts, ends = zip(*found, strict=True) if found else ((), (), ())
    return Tokens(said, starts, ends)


@lru_cache(maxsize=16384)
def words(text: bytes) -> tuple[bytes, ...]:
    """What the tokens of a short text say."""
    return tuple(m["token"] for m in _TOKEN.finditer(text) if m["token"] is not None)


def is_name(token: bytes) -> bool:
    """The token is a crate's own word: neither a keyword nor one of those that all crates use."""
    return IDENTIFIER.match(token) is not None and token not in COMMON


def joined(pieces: Sequence[bytes]) -> bytes:
    """Tokens, or pieces of text, as one text, with blanks where people put them; its tokens are theirs."""
    parts: list[bytes] = []
    for at, piece in enumerate(pieces):
        if at and _apart(words(pieces[at - 1]), words(piece)):
            parts.append(b" ")
        parts.append(piece)
    return b"".join(parts)


def _apart(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    if not one or not other:
        return False
    left, right = one[-1], other[0]
    # Without a blank the two could be read as something else.
    return words(left + right) != (left, right) or not (
        right in _CLOSE_BEFORE or left in _CLOSE_BEHIND or right == b"<"
    )


def glued(text: bytes, start: int, end: int, new: bytes) -> bytes:
    """What takes the place of bytes [start, end) of a text, with the blanks that keep it apart from its neighbours."""
    before, behind = text[max(0, start - 1) : start], text[end : end + 1]
    if not new:
        return b" " if _WORD.match(before) and _WORD.match(behind) else b""
    if _WORD.match(before) and _WORD.match(new[:1]):
        new = b" " + new
    if _WORD.match(behind) and (_WORD.match(new[-1:]) or _LIFETIME_AT_END.search(new)):
        new += b" "
    return new
