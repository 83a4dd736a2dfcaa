"""Ends in place of code: macros that panic, calls that end the process, loops that never end.

By any path, through `use .. as`, and through macros of the file's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from oxidizer.cluster.tricks.aliases import Aliases, imports
from oxidizer.cluster.tricks.piece import Piece, Word
from oxidizer.cluster.tricks.trick import Fact, TrickName

_UNFINISHED = frozenset({"todo", "unimplemented"})
_PANICS = frozenset({"panic", "unreachable"})
_PANIC_CALLS = frozenset({"panic_any", "resume_unwind", "unreachable_unchecked", "always_abort"})
_UNWRAPS = frozenset({"unwrap", "expect", "unwrap_unchecked", "unwrap_err", "expect_err"})
_EXITS = frozenset(
    {
        ("process", "exit"), ("process", "abort"), ("intrinsics", "abort"), ("intrinsics", "unreachable"),
        ("libc", "exit"), ("libc", "_exit"), ("libc", "abort"), ("libc", "quick_exit"), ("unistd", "_exit"),
        ("ExitCode", "exit_process"), ("process", "CommandExt"), ("CommandExt", "exec"),
    }
)  # fmt: skip
_EXIT_MODULES = frozenset(module for module, _ in _EXITS)
_WAYS_OUT = frozenset(
    {"break_expression", "return_expression", "try_expression", "await_expression", "yield_expression"}
)
_OPEN = frozenset({"closure_expression"})
_DEPTH = 4
_ASSERTS = frozenset({"assert", "debug_assert"})
UNFINISHED = (TrickName.UNFINISHED_CODE, TrickName.PLACEHOLDER)
PANIC = (TrickName.PANIC_IN_PLACE, TrickName.PLACEHOLDER)
BEHIND = (TrickName.PLACEHOLDER,)
EXIT = (TrickName.EARLY_EXIT,)


def macros_that_end(piece: Piece, names: Aliases) -> Iterator[Fact]:
    """Calls of macros that panic or exit. `names` are the file's."""
    for word in _called(piece.words):
        kind = _kind(word.text, names)
        shown = f"`{word.text}!` in `{word.owner}`" if word.owner else f"`{word.text}!`"
        if kind in _UNFINISHED:
            yield _fact(UNFINISHED, f"{kind}!", word, f"leaves code to be written: {shown}")
        elif kind in _PANICS:
            there, where = (PANIC, "in place") if in_place(piece, word) else (BEHIND, "behind")
            yield _fact(there, f"{kind}!|{where}", word, f"panics for code: {shown}")
        elif kind in _ASSERTS and _is_false(piece, word):
            yield _fact(PANIC, f"{kind}!(false)", word, f"panics for code: {shown}")
        elif kind == "exit":
            yield _fact(EXIT, "exit", word, f"ends the process by {shown}")
        elif word.kind == "metavariable":
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
    if last in _UNFINISHED | _PANICS or depth == _DEPTH or (body := names.macros.get(last)) is None or not body:
        return last
    # A macro of the file's own that does nothing else.
    for word in _called(body[:8]):
        inner = _kind(word.text, names, depth + 1)
        if inner in _UNFINISHED | _PANICS | {"exit"} and _begins(body, word):
            return inner
    if any(_is_exit(path, names) and word.at == body[0].at for path, word in _paths(body)):
        return "exit"
    return last


def _begins(body: Sequence[Word], word: Word) -> bool:
    """Nothing but a path and brackets stands before a word."""
    before = [w.text for w in body if w.at < word.at]
    return all(text in ("std", "core", "::", "{", "$crate", "(") for text in before)


def in_place(piece: Piece, word: Word) -> bool:
    """A panic stands where a value or a body should: anywhere but in a closure or in what an `if` guards."""
    at: Node | None = piece.root.descendant_for_byte_range(word.at, word.at + 1)
    while at is not None and (parent := at.parent) is not None:
        if parent.type in _OPEN:
            return False
        if parent.type == "if_expression" and parent.child_by_field_name("consequence") == at:
            condition = parent.child_by_field_name("condition")
            return condition is not None and condition.type == "boolean_literal"
        if parent.type in ("else_clause", "match_arm", "function_item"):
            return True
        at = parent
    return True


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
    if len(real) == 1 and any(glob[-1:] and (glob[-1], real[0]) in _EXITS for glob in names.globs):
        return True
    return real[-2:] in _EXITS


def calls_that_end(piece: Piece, names: Aliases) -> Iterator[Fact]:
    """Mentions of functions that end the process or panic, called or handed on, and what brings them in."""
    for path, word in _paths(piece.words):
        shown = f"`{'::'.join(path)}`"
        if path[-1] in _PANIC_CALLS:
            yield _fact((TrickName.PANIC_IN_PLACE,), path[-1], word, f"panics for code: {shown}")
        elif _is_exit(path, names):
            yield _fact(EXIT, "exit", word, f"ends the process by {shown}")
    for one in imports(piece.words):
        if one.path[-2:] in _EXITS or (one.alias == "*" and one.path[-1:] and one.path[-1] in _EXIT_MODULES):
            yield _fact(EXIT, f"use {one.path[-1]}", one.word, f"brings in `{'::'.join(one.path)}`")


def unwraps(piece: Piece) -> Iterator[Fact]:
    """Values that are unwrapped and cannot be: `None.unwrap()`."""
    words = piece.words
    for at, word in enumerate(words[2:], 2):
        if word.text in _UNWRAPS and words[at - 1].text == "." and _is_nothing(words, at - 2):
            yield _fact((TrickName.PANIC_IN_PLACE,), "unwrap", word, f"panics for code: `{word.text}` of nothing")


def _is_nothing(words: Sequence[Word], at: int) -> bool:
    """A value that ends at a word is `None`, `None::<T>` or `Err(..)` by itself."""
    if words[at].text == ">":
        while at > 0 and words[at].text != "<":
            at -= 1
        return at > 1 and words[at - 2].text == "None"
    if words[at].text == ")":
        depth, last = 0, at
        while at > 0:
            depth += (words[at].text == ")") - (words[at].text == "(")
            if depth == 0:
                break
            at -= 1
        return words[at - 1].text == "Err" or (last - at == 2 and words[at + 1].text == "None")
    return words[at].text == "None"


def _is_false(piece: Piece, word: Word) -> bool:
    at = next(n for n, other in enumerate(piece.words) if other is word)
    return piece.words[at + 3 : at + 4] != [] and piece.words[at + 3].text == "false"


def endless_loops(piece: Piece) -> Iterator[Fact]:
    """Loops without a way out."""
    todo = [piece.root]
    while todo:
        node = todo.pop()
        todo += node.named_children
        condition = node.child_by_field_name("condition") if node.type == "while_expression" else None
        endless = node.type == "loop_expression" or (condition is not None and condition.text == b"true")
        if endless and not _has_way_out(node):
            yield _endless(piece, node.start_byte)
    # In macros there are no expressions.
    for a, b, c in zip(piece.words, piece.words[1:], piece.words[2:], strict=False):
        if (a.text, b.text, c.text) == ("loop", "{", "}") and _in_macro(piece, a):
            yield _endless(piece, a.at)


def _endless(piece: Piece, at: int) -> Fact:
    owner = next((w.owner for w in piece.words if w.at >= at), "")
    return Fact((TrickName.ENDLESS_LOOP,), "loop", owner, at, f"loops for ever in `{owner}`")


def _in_macro(piece: Piece, word: Word) -> bool:
    node = piece.root.descendant_for_byte_range(word.at, word.at + 1)
    return node is not None and node.parent is not None and node.parent.type == "token_tree"


def _has_way_out(node: Node) -> bool:
    todo = list(node.named_children)
    while todo:
        at = todo.pop()
        if at.type in _WAYS_OUT:
            return True
        # A macro may hold any of them.
        if at.type == "macro_invocation" and any(w in (at.text or b"") for w in (b"break", b"return", b"?")):
            return True
        if at.type not in ("closure_expression", "function_item", "async_block"):
            todo += at.named_children
    return False
