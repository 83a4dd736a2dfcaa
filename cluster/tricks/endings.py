"""Ends in place of code: macros that panic, calls that end the process, what cannot be unwrapped.

By any path, through `use .. as`, and through macros of the file's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oxidizer.cluster.tricks.aliases import Aliases, imports, split
from oxidizer.cluster.tricks.piece import NUMBERS, STRINGS, Piece, Word, closing
from oxidizer.cluster.tricks.places import Place, place
from oxidizer.cluster.tricks.trick import Fact, TrickName

UNFINISHED_MACROS = frozenset({"todo", "unimplemented"})
PANICS = frozenset({"panic", "unreachable"})
_PANIC_CALLS = frozenset({"panic_any", "resume_unwind", "unreachable_unchecked", "always_abort"})
_UNWRAPS = frozenset({"unwrap", "expect", "unwrap_unchecked", "unwrap_err", "expect_err"})
EXITS = frozenset(
    {
        ("process", "exit"), ("process", "abort"), ("intrinsics", "abort"), ("intrinsics", "unreachable"),
        ("libc", "exit"), ("libc", "_exit"), ("libc", "abort"), ("libc", "quick_exit"), ("unistd", "_exit"),
        ("ExitCode", "exit_process"), ("process", "CommandExt"), ("CommandExt", "exec"),
    }
)  # fmt: skip
_EXIT_MODULES = frozenset(module for module, _ in EXITS)
_DEPTH = 4
_NAMES = frozenset({"identifier", "field_identifier", "type_identifier", "metavariable"})
_ASSERTS = frozenset(
    {"assert", "assert_eq", "assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne"}
)  # fmt: skip
_SIGNS = frozenset({"==", "!=", "<", ">", "<=", ">=", "!", "+", "-", "*", "/", "%", "&&", "||", "&", "(", ")"})
UNFINISHED = (TrickName.UNFINISHED_CODE, TrickName.PLACEHOLDER)
PANIC = (TrickName.PANIC_IN_PLACE, TrickName.PLACEHOLDER)
BEHIND = (TrickName.PLACEHOLDER,)
EXIT = (TrickName.EARLY_EXIT,)


def macros_that_end(piece: Piece, names: Aliases) -> Iterator[Fact]:
    """Calls of macros that panic or exit. `names` are the file's."""
    for word in _called(piece.words):
        kind = _kind(word.text, names)
        shown = f"`{word.text}!` in `{word.owner}`" if word.owner else f"`{word.text}!`"
        if kind in UNFINISHED_MACROS:
            yield _fact(UNFINISHED, f"{kind}!", word, f"leaves code to be written: {shown}")
        elif kind in PANICS:
            where = place(piece, word)
            # What is an arm may move to be another; what all calls come to, nothing makes up for.
            what = f"{kind}! alone" if where is Place.ALONE else f"{kind}!|{where}"
            yield _fact(BEHIND if where is Place.BEHIND else PANIC, what, word, f"panics for code: {shown}")
        elif kind in _ASSERTS and _fails(piece, word, kind):
            yield _fact(PANIC, f"{kind}!(false)", word, f"panics for code: {shown}")
        elif kind == "exit":
            yield _fact(EXIT, "exit", word, f"ends the process by {shown}")
        elif word.kind == "metavariable" or word.text in ("]", ")", ">"):
            yield _fact(UNFINISHED, f"{word.text}!", word, f"calls whichever macro it is given: {shown}")


def _fact(names: tuple[TrickName, ...], what: str, word: Word, sentence: str) -> Fact:
    return Fact(names, what, word.owner, word.at, sentence)


def _called(words: Sequence[Word]) -> Iterator[Word]:
    """The names of macros that are called."""
    for at, word in enumerate(words[:-2]):
        if words[at + 1].text == "!" and words[at + 2].text in ("(", "[", "{") and word.text != "macro_rules":
            yield word


def _kind(name: str, names: Aliases, depth: int = 0) -> str:
    """What a macro comes to: `todo`, `panic`, .., `exit`, else its own name."""
    real = names.path((name,))
    last = real[-1] if real else name
    if last in UNFINISHED_MACROS | PANICS or depth == _DEPTH or (body := names.macros.get(last)) is None or not body:
        return last
    # A macro of the file's own that does nothing else.
    for word in _called(body[:8]):
        inner = _kind(word.text, names, depth + 1)
        if inner in UNFINISHED_MACROS | PANICS | {"exit"} and _begins(body, word):
            return inner
    if any(_is_exit(path, names) and word.at == body[0].at for path, word in _paths(body)):
        return "exit"
    return last


def _begins(body: Sequence[Word], word: Word) -> bool:
    """Nothing but a path and brackets stands before a word."""
    before = [w.text for w in body if w.at < word.at]
    return all(text in ("std", "core", "::", "{", "$crate", "(") for text in before)


def _paths(words: Sequence[Word]) -> Iterator[tuple[tuple[str, ...], Word]]:
    """The paths that stand in code, each with its first word."""
    at = 0
    while at < len(words):
        if (
            words[at].kind in ("identifier", "crate", "self", "metavariable", "type_identifier")
            or words[at].text == "$crate"
        ):
            first, path = at, [words[at].text]
            while at + 2 < len(words) and words[at + 1].text == "::" and words[at + 2].text[:1].isidentifier():
                at += 2
                path.append(words[at].text)
            if first == 0 or words[first - 1].text not in (".", "fn"):
                yield tuple(path), words[first]
        at += 1


def _is_exit(path: tuple[str, ...], names: Aliases) -> bool:
    real = names.path(path)
    if len(real) == 1 and any(glob[-1:] and (glob[-1], real[0]) in EXITS for glob in names.globs):
        return True
    return real[-2:] in EXITS


def calls_that_end(piece: Piece, names: Aliases) -> Iterator[Fact]:
    """Mentions of functions that end the process or panic, called or handed on, and what brings them in."""
    for path, word in _paths(piece.words):
        shown = f"`{'::'.join(path)}`"
        if path[-1] in _PANIC_CALLS:
            yield _fact((TrickName.PANIC_IN_PLACE,), path[-1], word, f"panics for code: {shown}")
        elif _is_exit(path, names):
            yield _fact(EXIT, "exit", word, f"ends the process by {shown}")
    for one in imports(piece.words):
        if one.path[-2:] in EXITS or (one.alias == "*" and one.path[-1:] and one.path[-1] in _EXIT_MODULES):
            yield _fact(EXIT, f"use {one.path[-1]}", one.word, f"brings in `{'::'.join(one.path)}`")


def unwraps(piece: Piece) -> Iterator[Fact]:
    """Values that are unwrapped and cannot be: `None.unwrap()`."""
    words = piece.words
    empty = {words[at + 1].text for at, word in enumerate(words[:-1]) if word.text == "let" and _is_let_none(words, at)}
    for at, word in enumerate(words[2:-2], 2):
        if word.text not in _UNWRAPS:
            continue
        before = words[at - 1].text
        of_nothing = before == "." and (_is_nothing(words, at - 2) or _is_name(words, at - 2, empty))
        if of_nothing or (before == "::" and words[at + 1].text == "(" and words[at + 2].text in ("None", "Err")):
            yield _fact((TrickName.PANIC_IN_PLACE,), "unwrap", word, f"panics for code: `{word.text}` of nothing")


def _is_let_none(words: Sequence[Word], at: int) -> bool:
    """`let name = None;`, with or without its type."""
    end = next((n for n in range(at, len(words)) if words[n].text in (";", "{")), len(words))
    return [w.text for w in words[max(at + 2, end - 2) : end]] == ["=", "None"] and words[at + 1].kind == "identifier"


def _is_name(words: Sequence[Word], at: int, names: set[str]) -> bool:
    return words[at].text in names and (at == 0 or words[at - 1].text not in (".", "::"))


def _is_nothing(words: Sequence[Word], at: int) -> bool:
    """A value that ends at a word is `None`, `None::<T>` or `Err(..)` by itself."""
    if words[at].text == ">":
        return words[_generic(words, at)].text == "None"
    if words[at].text == ")":
        depth, last = 0, at
        while at > 0:
            depth += (words[at].text == ")") - (words[at].text == "(")
            if depth == 0:
                break
            at -= 1
        called = words[_generic(words, at - 1) if words[at - 1].text == ">" else at - 1]
        if called.kind in _NAMES or called.text in (")", "]", "!", "?"):
            return called.text == "Err"
        return words[at + 1].text == "None" and (last - at == 2 or words[at + 2].text in ("as", "::"))
    return words[at].text == "None"


def _generic(words: Sequence[Word], at: int) -> int:
    """The number of the word whose generic arguments end at a word."""
    depth = 0
    while at > 0:
        depth += {">": 1, ">>": 2, "<": -1}.get(words[at].text, 0)
        if depth <= 0:
            break
        at -= 1
    return max(0, at - 2)


def _fails(piece: Piece, word: Word, kind: str) -> bool:
    """What is asserted is made of constants, and not plainly true."""
    at = next(n for n, other in enumerate(piece.words) if other is word)
    given = split(piece.words[at + 3 : closing(piece.words, at + 2)])
    both = given[: 1 if kind.endswith("assert") else 2]
    if not both or not all(_is_literal(w) for part in both for w in part):
        return False
    sides = [[w.text for w in part] for part in both]
    if len(sides) == 2:
        return (sides[0] == sides[1]) == kind.endswith("ne")
    (told,) = sides
    if len(told) == 3 and told[0].isdecimal() and told[2].isdecimal():
        a, b = int(told[0]), int(told[2])
        return not {"==": a == b, "!=": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}.get(told[1], False)
    return told != ["true"] and (len(told) != 3 or told[1] != "==" or told[0] != told[2])


def _is_literal(word: Word) -> bool:
    return word.kind in NUMBERS | STRINGS | {"char_literal"} or word.text in _SIGNS | {"true", "false"}
