"""Texts that a program could print to be taken for cargo or a test runner, ways to write past it, and files from
elsewhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from oxidizer.cluster.tricks.piece import STRINGS, Piece, Word, closing
from oxidizer.cluster.tricks.trick import Fact, TrickName

_MESSAGE = re.compile(
    r'\{+\s*"(?:reason|type)"\s*:|"reason"\s*:\s*"(?:compiler-|build-)|"type"\s*:\s*"(?:test|suite|doctest)"|"event"\s*:\s*"(?:ok|started|failed)"'
    r"|test result: |^test .* \.\.\. (?:ok|ignored)|\"\$message_type\""
)
_STREAM = re.compile(
    r"^/(?:dev/(?:std(?:out|err)|fd/|tty)|proc/(?:(?:thread-)?self|\d+|\{[^}]*\})(?:/task/[^/]*)?/(?:fd|mem))"
)
_STREAM_IN_PARTS = re.compile(r"(?:^|/)(?:thread-)?self/(?:task/[^/]*/)?(?:fd|mem)(?:/|$)")
_DESCRIPTORS = frozenset({"from_raw_fd", "from_raw_handle", "borrow_raw", "into_raw_fd", "FromRawFd", "BorrowedFd"})
_INCLUDES = frozenset({"include", "include_str", "include_bytes"})
_ENVIRONMENT = frozenset({"env", "option_env"})
_ESCAPES = re.compile(r"\\(x[0-7][0-9a-fA-F]|u\{[0-9a-fA-F_]{1,7}\}|\n\s*|.)", re.DOTALL)


def facts(piece: Piece, file: str, package: str) -> Iterator[Fact]:
    """What a patch may not bring of texts. `package` is the folder of the file's package."""
    yield from _outside(piece, file, package)
    strings = [w for w in piece.words if w.kind in STRINGS]
    for word in strings:
        text = meaning(word.text)
        # Other quotes are soon replaced.
        if _MESSAGE.search(text) or _MESSAGE.search(text.replace("'", '"')):
            yield _forged(word, f"says what cargo or a test runner says: {word.text[:40]}")
        if _STREAM.match(text) or _STREAM_IN_PARTS.search(text):
            yield _forged(word, f"names an open stream, or memory, by its file: {word.text[:40]}")
    # Cut in parts it is the same message.
    for at, word in enumerate(piece.words[:-2]):
        if word.text == "concat" and piece.words[at + 1].text == "!":
            inside = piece.words[at + 2 : closing(piece.words, at + 2)] if piece.words[at + 2].text in "([{" else []
            parts = [w for w in inside if w.kind in STRINGS]
            whole = "".join(meaning(w.text) for w in parts)
            if _MESSAGE.search(whole) and not any(_MESSAGE.search(meaning(w.text)) for w in parts):
                yield _forged(word, "puts together what cargo or a test runner says")
    for parts in _statements(piece.words):
        path = re.sub("/+", "/", "/".join(meaning(w.text) for w in parts))
        if len(parts) > 1 and (_STREAM.match(path) or _STREAM_IN_PARTS.search(path)):
            yield _forged(parts[0], f"puts together the name of an open stream, or of memory: {path[:40]}")
    for word in piece.words:
        if word.text in _DESCRIPTORS:
            yield _forged(word, f"writes to a descriptor by its number: `{word.text}`")


def _statements(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The texts of each statement that has any."""
    found: list[Word] = []
    for word in words:
        if word.kind in STRINGS:
            found.append(word)
        elif word.text in (";", "{", "}") and found:
            yield found
            found = []
    if found:
        yield found


def meaning(literal: str) -> str:
    """What a string literal says; of a format, with doubled braces as they are written."""
    body = re.sub(r'^[bc]?r?#*"|"#*$', "", literal)
    if literal.lstrip("bc").startswith("r"):
        return body
    return _ESCAPES.sub(_unescaped, body)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) == 3:
        return chr(int(code[1:], 16))
    if code.startswith("u{"):
        number = int(code[2:-1].replace("_", "") or "0", 16)
        return chr(number) if number < 0x110000 else ""
    return {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}.get(code, "" if code[0] == "\n" else code)


def _forged(word: Word, sentence: str) -> Fact:
    return Fact((TrickName.FORGED_OUTPUT,), word.text, word.owner, word.at, sentence)


def _outside(piece: Piece, file: str, package: str) -> Iterator[Fact]:
    words = piece.words
    for at, word in enumerate(words[:-2]):
        if words[at + 1].text != "!" or words[at + 2].text not in ("(", "[", "{"):
            continue
        inside = words[at + 3 : closing(words, at + 2)]
        if word.text in _INCLUDES and not _is_within(inside, file, package):
            yield _foreign(word, f"takes in a file from outside the crate by `{word.text}!`")
        elif word.text in _ENVIRONMENT and not any(meaning(w.text).startswith("CARGO_") for w in inside[:1]):
            yield _foreign(word, f"takes in the build's environment by `{word.text}!`")
    for attribute in piece.attributes:
        named = attribute.head == "path" and [w.text for w in attribute.words[1:2]] == ["="]
        if named and not _is_within(attribute.words[2:], file, package):
            yield _foreign(attribute.words[0], "has a module outside the crate by `#[path]`")


def _foreign(word: Word, sentence: str) -> Fact:
    return Fact((TrickName.OUTSIDE_FILE,), word.text, word.owner, word.at, sentence)


def _is_within(words: Sequence[Word], file: str, package: str) -> bool:
    """One literal path, of a file in the package."""
    parts = [w for w in words if w.text != ","]
    if len(parts) != 1 or parts[0].kind not in STRINGS:
        # Where cargo puts what the build script made is the crate's own too.
        return [w.text for w in parts[:4]] == ["concat", "!", "(", "env"] and any(w.text == '"OUT_DIR"' for w in parts)
    path = meaning(parts[0].text)
    if posixpath.isabs(path):
        return False
    home = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return posixpath.relpath(home, package or ".").split("/")[0] != ".."
