"""Attributes that silence, hide, ignore or link: `allow`, `cfg`, `ignore`, `no_mangle` and their kin."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from oxidizer.cluster.tricks.aliases import split
from oxidizer.cluster.tricks.piece import STRINGS, Attribute, Piece, Word, closing, plainly
from oxidizer.cluster.tricks.trick import Fact, TrickName

LEVELS = {"allow": 0, "expect": 0, "warn": 1, "deny": 2, "forbid": 3}
"""`expect` hides as `allow` does."""
_LINKING = frozenset(
    {
        "link", "link_name", "link_args", "no_mangle", "export_name", "link_section", "ctor", "dtor", "used", "naked",
        "panic_handler", "global_allocator", "linkage", "no_main", "test_runner", "reexport_test_harness_main",
    }
)  # fmt: skip
_LINKING_MACROS = frozenset({"global_asm", "asm", "naked_asm", "llvm_asm"})
TRIGGER = re.compile(
    rb"allow|derived|expect\b(?<!\.expect)|cfg|ignore|should_panic|asm|main|test_runner"
    rb"|clippy|rustfmt|hidden|deprecated|extern|\$|paste|\[\s*<|"
    + "|".join(sorted(w for w in _LINKING if w not in ("test_runner", "no_main"))).encode()
)
"""Words without one of which no attribute is of interest. That each begins with a certain letter makes it quick."""
_HARMLESS = frozenset(
    {
        "derive", "doc", "inline", "must_use", "repr", "serde", "non_exhaustive", "track_caller", "cold", "deprecated",
        "warn", "deny", "forbid",
    }
)  # fmt: skip
"""Attributes that take no code away, whatever decides whether they stand."""
_LOOKED_OVER = re.compile(
    r"clippy ::.*|rustfmt(?: ::|_skip).*|doc \( (?:.* , )?(?:hidden\b|\$)|deprecated\b|automatically_derived\b"
)
"""Attributes for which lints, or rustfmt, pass over what they stand on."""
_NEVER = frozenset({"any ( )", "not ( all ( ) )", "false"})


def facts(piece: Piece, tests: Collection[str]) -> Iterator[Fact]:
    """What a patch may not bring of attributes. `tests` are the items that are tests."""
    for attribute in piece.attributes:
        yield from _facts(attribute, piece.in_test or attribute.owner in tests)
        if _is_made(attribute, piece.words):
            shown = f"`#[{attribute.text.replace(' ', '')}]`"
            yield Fact((TrickName.HIDDEN_CODE,), "made", attribute.owner, attribute.at, f"has a macro make {shown}")
    yield from _calls(piece, tests)
    if b"extern" in piece.text:
        yield from _exported(piece)


def _facts(attribute: Attribute, on_test: bool) -> Iterator[Fact]:
    head, owner, at = attribute.head, attribute.owner, attribute.at
    shown = f"`#[{attribute.text.replace(' ', '')}]`" + (f" on `{owner}`" if owner else "")
    if head in LEVELS or head == "cfg_attr":
        # What is allowed on a condition is not allowed always.
        when = " at times" if head == "cfg_attr" else ""
        for level, lint in levels(attribute):
            if LEVELS[level] == 0:
                names, said = (TrickName.SILENCED_LINT,), f"allows `{lint}`" + (f" on `{owner}`" if owner else "")
                yield Fact(names, f"allow {lint}{when}", owner, at, said)
    if head == "cfg" and (predicate := _inside(attribute.words)):
        name = TrickName.IGNORED_TEST if on_test else TrickName.HIDDEN_CODE
        yield Fact((name,), f"cfg {predicate}", owner, at, f"leaves code out by {shown}")
    if head == "cfg_attr":
        words = {w.text for w in attribute.words if w.kind == "identifier"}
        if "ignore" in words:
            yield Fact((TrickName.IGNORED_TEST,), "ignore", owner, at, f"ignores a test by {shown}")
        elif not any(LEVELS.get(w) == 0 for w in words) and not _is_harmless(attribute):
            name = TrickName.IGNORED_TEST if on_test else TrickName.HIDDEN_CODE
            yield Fact((name,), f"cfg_attr {attribute.text}", owner, at, f"changes code by {shown}")
    if head == "ignore":
        yield Fact((TrickName.IGNORED_TEST,), "ignore", owner, at, f"ignores the test `{owner}`")
    if head == "should_panic":
        yield Fact((TrickName.EXPECTED_PANIC,), "should_panic", owner, at, f"has the test `{owner}` fail to pass")
    for part in _parts(attribute):
        if found := _LOOKED_OVER.match(part):
            what = f"allow {found[0]}"
            yield Fact((TrickName.SILENCED_LINT,), what, owner, at, f"keeps complaints from `{owner}` by {shown}")
    if head in _LINKING:
        yield Fact((TrickName.LINKED_CODE,), f"link {head}", owner, at, f"reaches the linker by {shown}")


def _calls(piece: Piece, tests: Collection[str]) -> Iterator[Fact]:
    words = piece.words
    for at, word in enumerate(words[:-2]):
        if words[at + 1].text != "!" or words[at + 2].text not in ("(", "[", "{"):
            continue
        if word.text in _LINKING_MACROS:
            names = (TrickName.LINKED_CODE,)
            yield Fact(names, f"{word.text}!", word.owner, word.at, f"writes machine code by `{word.text}!`")
        if word.text in ("cfg", "cfg_if"):
            inside = plainly(words[at + 3 : piece.group(at + 2)])
            name = TrickName.IGNORED_TEST if piece.in_test or word.owner in tests else TrickName.HIDDEN_CODE
            yield Fact((name,), f"{word.text}! {inside}", word.owner, word.at, f"leaves code out by `{word.text}!`")


def _exported(piece: Piece) -> Iterator[Fact]:
    """Functions with a body and another language's way of being called: what the linker may take for another one."""
    words = piece.words
    for at, word in enumerate(words[:-3]):
        name = at + 2 + (words[at + 1].kind in STRINGS)
        if word.text == "extern" and words[name - 1].text == "fn" and words[name].text != "(":
            opens = next((w.text for w in words[name:] if w.text in ("{", ";")), ";")
            if opens == "{":
                shown = f"offers `{words[name].text}` to other languages"
                yield Fact((TrickName.LINKED_CODE,), "extern fn", word.owner, word.at, shown)


def _is_made(attribute: Attribute, words: Sequence[Word]) -> bool:
    """Nobody can read off it what it is: a macro puts the name together.

    What a macro takes as a whole attribute, it is given as one.
    """
    path = attribute.words[2:] if attribute.text.startswith("unsafe (") else attribute.words
    end = next((n for n, w in enumerate(path) if w.text in ("(", "=", "{") or (n and w.text == "[")), len(path))
    path = path[:end]
    made = [w for w in path if w.text[:1] in ("$", "[") and w.text != "$crate"]
    if not made or [w.text for w in path[1:2]] == [":"]:
        return False
    taken = [n for n, w in enumerate(words[:-1]) if w.text == made[0].text and words[n + 1].text == ":"]
    whole = all([w.text for w in (*words[n - 2 : n], *words[n + 2 : n + 4])] == ["#", "[", "meta", "]"] for n in taken)
    return len(path) > 1 or not taken or not whole


def calls(piece: Piece, name: str) -> Iterator[tuple[Word, int]]:
    """The calls of a macro: the word of its name, and the byte offset of its last bracket."""
    words = piece.words
    for at, word in enumerate(words[:-2]):
        if word.text == name and words[at + 1].text == "!" and words[at + 2].text in ("(", "[", "{"):
            yield word, words[piece.group(at + 2)].at


def levels(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """The lint levels that an attribute sets, each with its lint: `allow`, `dead_code`."""
    words = attribute.words
    for at, word in enumerate(words[:-1]):
        if word.text in LEVELS and words[at + 1].text == "(":
            path: list[str] = []
            for other in (*words[at + 2 : closing(words, at + 1)], Word(",", 0, ",", "")):
                if other.text != ",":
                    path.append(other.text)
                elif path:
                    if "=" not in path:
                        yield word.text, "".join(path)
                    path = []


def raised(piece: Piece) -> Iterator[Fact]:
    """Lints that the code asks for, `warn` and above: what a patch may not take away."""
    for attribute in piece.attributes:
        for level, lint in levels(attribute):
            if LEVELS[level] > 0:
                names, owner = (TrickName.SILENCED_LINT,), attribute.owner
                yield Fact(names, f"{level} {lint}", owner, attribute.at, f"no longer has `{lint}` told by `{level}`")


def lowered(fact: Fact, kept: Sequence[Fact]) -> bool:
    """Whether nothing that is kept asks for the lint as loudly."""
    level, lint = fact.what.split(" ", 1)
    return not any(
        other.owner == fact.owner and (words := other.what.split(" ", 1))[1] == lint
        and LEVELS[words[0]] >= LEVELS[level]
        for other in kept
    )  # fmt: skip


def never(fact: Fact) -> bool:
    """A predicate that holds nowhere."""
    return fact.what.partition(" ")[2] in _NEVER


def _inside(words: Sequence[Word]) -> str:
    """What stands in an attribute's first bracket."""
    at = next((n for n, w in enumerate(words) if w.text == "("), None)
    return plainly(words[at + 1 : closing(words, at)]) if at is not None else ""


def _is_harmless(attribute: Attribute) -> bool:
    """A `cfg_attr` of attributes that take no code away."""
    begin = next((n for n, w in enumerate(attribute.words) if w.text == "("), len(attribute.words) - 1)
    given = split(attribute.words[begin + 1 : closing(attribute.words, begin)])[1:]
    return all(part[0].text in _HARMLESS for part in given)


def _parts(attribute: Attribute) -> list[str]:
    """The attribute, or those that a `cfg_attr` gives."""
    if attribute.head != "cfg_attr":
        return [attribute.text]
    inside = attribute.words[2 : closing(attribute.words, 1)] if len(attribute.words) > 2 else ()
    return [plainly(part) for part in split(inside)[1:]]
