"""Tokens of code: what is left of it without comments and layout, so that two ways of writing one thing are one.

They are lexical: nothing is parsed, any text has tokens, faulty code and halves of items too, and reading takes time
linear in the text. They are for comparing, not for compiling: what comes in one piece in one place and in two in
another (`>>`, `&&`, `||`) always comes in two.
"""

from __future__ import annotations

import re
import textwrap

_OPAQUE = re.compile(
    r"""
    (?=[/"'bcr])(?:
      (?P<line>//[^\n]*+)
    | (?P<block>/\*)
    | (?<!\w)[bc]?r(?P<hashes>\#*+)"
    | (?P<text>
        (?:(?<!\w)[bc])?"[^"\\]*+(?:\\.?[^"\\]*+)*+"?               # to the text's end where it is not closed
      | (?:(?<!\w)b)?'(?:[^\\'\n]|\\(?:x[0-9A-Fa-f]{2}|u\{[0-9A-Fa-f_]{1,10}\}|.))'
      )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
"""What comments, strings and characters begin with; all that is in them means nothing outside of them."""
_PLAIN = re.compile(
    r"""
    [\s\u200e\u200f\ufeff]*+
    (
      (?:r\#)?[^\W\d]\w*+
    | \.\.[.=]? | :: | -> | => | == | != | <= | [-+*/%^&|]=
    | (?<=[\w)\]?]\.)[0-9]++                                        # a field of a tuple, not half a number
    | 0[xob]\w++
    | [0-9][0-9_]*+(?:\.(?![.\w])|\.[0-9][0-9_]*+)?(?:[eE][+-]?_*[0-9][0-9_]*+)?\w*+
    | '(?:r\#)?[^\W\d]\w*+
    | \S
    | \Z                                                            # so that blanks at the end are read but once
    )
    """,
    re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_TOML = re.compile(
    r"""
      \#[^\n]*+
    | (?P<token>
        \"{3}(?:[^\\]|\\.)*?(?:\"{3,5}|\Z) | '{3}.*?(?:'{3,5}|\Z)
      | "[^"\\\n]*+(?:\\[^\n]?[^"\\\n]*+)*+"? | '[^'\n]*+'?
      | [\w.+-]++
      | \[\[ | \]\]
      | \S
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_LAYOUT = re.compile(r"\n[ \t]*+|[^\S\n]++|\w++|[^\w\s]")


def tokens(code: str) -> list[str]:
    """The tokens of Rust code, in order, without comments (documentation is one) and without what lies between.

    A string or a comment that is not closed reaches to the end of the text.
    """
    found: list[str] = []
    at = 0
    while (opaque := _OPAQUE.search(code, at)) is not None:
        start, end = opaque.span()
        found.extend(filter(None, _PLAIN.findall(code, at, start)))
        kind = opaque.lastgroup
        if kind == "block":
            end = _comment_end(code, start)
        elif kind == "hashes":
            end = _raw_end(code, end, opaque["hashes"])
        if kind in ("hashes", "text"):
            found.append(code[start:end])
        at = end
    found.extend(filter(None, _PLAIN.findall(code, at)))
    return found


def _raw_end(code: str, at: int, hashes: str) -> int:
    """Where a raw string ends whose text begins at a place."""
    end = code.find('"' + hashes, at)
    return len(code) if end < 0 else end + 1 + len(hashes)


def _comment_end(code: str, at: int) -> int:
    """Where a comment that may hold others ends."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(code, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(code)


def toml_tokens(text: str) -> list[str]:
    """The tokens of TOML without comments, blanks and the ends of lines; of any text, as `tokens`."""
    return [match[0] for match in _TOML.finditer(text) if match.lastgroup]


def layout_tokens(text: str) -> list[str]:
    """Words, signs and all that lies between them, comments included: for lessons that layout or comments are.

    How far the whole text is indented is not layout; an end of line is one token with the indentation after it.
    """
    return _LAYOUT.findall(textwrap.dedent(text).strip())
