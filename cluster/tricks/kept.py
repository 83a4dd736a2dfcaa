"""What a test keeps where a diagnostic or the mistake stands in it: what else makes it fail, and on what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from oxidizer.cluster.tricks.aliases import imports
from oxidizer.cluster.tricks.asked import Asked
from oxidizer.cluster.tricks.assertions import ASSERTS, LEAVING, literals
from oxidizer.cluster.tricks.piece import Word, closing
from oxidizer.cluster.tricks.trick import Fact, TrickName

_FAILS = frozenset({"unwrap", "expect", "unwrap_err", "expect_err"})
_EQUAL = frozenset({"==", "!=", "<=", ">="})
_DECIDES = frozenset({"if", "match", "while", "for", "loop", "||", "&&", "async"})
_BINDS = frozenset({"let", "fn", "const", "static"})
_PLAIN_MACROS = frozenset(
    {
        "vec", "format", "print", "println", "eprint", "eprintln", "dbg", "write", "writeln", "matches", "concat",
        "format_args", "line", "file", "column", "include_str", "include_bytes", "env",
    }
)  # fmt: skip
"""Macros that run what they are given."""
_OPENING = ("(", "[", "{")
Mark = tuple[str, str]
"""A kind, and which of it."""


def weaker(
    old: Sequence[Word], new: Sequence[Word], source: Sequence[Word] | None, asked: Asked, owner: str
) -> Iterator[Fact]:  # fmt: skip
    """The tricks that a test's new words play on its old ones, outside of what is asked.

    What the source has is fine; what it does not have need not be kept.
    """
    lost, come = _changed(old, new, asked)
    if source is not None:
        has, meant = Counter(m for m, _ in _marks(new)), Counter(m for m, _ in _marks(source))
        lost, come = lost & (meant - has), come & (has - meant)
    at = new[0].at if new else 0
    for (_, what), name, text in (
        *((m, TrickName.REMOVED_ASSERTION, "fails no more by `{}`") for m in lost if m[0] == "fails"),
        *((m, TrickName.CHANGED_EXPECTATION, "expects something else than `{}`") for m in lost if m[0] == "value"),
        *((m, TrickName.CHANGED_TEST, "calls `{}` no more") for m in lost if m[0] == "calls"),
        *((m, TrickName.CHANGED_EXPECTATION, "says `{}`, which it did not") for m in come if m[0] == "value"),
        *((m, TrickName.SKIPPED_ASSERTION, "hangs on `{}`, which it did not") for m in come if m[0] == "decides"),
    ):
        yield Fact((name,), "", owner, at, f"`{owner}` {text.format(what)}")
    # A method or a field is whose it is, and macros have names of their own.
    ends = Word("", 0, "", "")
    near = zip([ends, *old], old, [*old[1:], ends], strict=False)
    free = (w for was, w, then in near if was.text != "." and then.text != "!")
    said = {w.text for w in free if not asked.touches(w.at, w.at + len(w.text), widely=False)}
    for bound in _bound(new) - _bound(old) - (_bound(source) if source is not None else set()):
        if bound in said:
            yield Fact((TrickName.CHANGED_TEST,), "", owner, at, f"`{bound}` means something else in `{owner}`")


def _changed(old: Sequence[Word], new: Sequence[Word], asked: Asked) -> tuple[Counter[Mark], Counter[Mark]]:
    """The marks that went and those that came, but for the asked."""
    gone, came = Counter[Mark](), Counter[Mark]()
    was, now = _by_word(old), _by_word(new)
    matcher = SequenceMatcher(None, [w.text for w in old], [w.text for w in new], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        for widely, kinds in ((False, ("fails", "decides")), (True, ("value", "calls"))):
            if not _is_asked(old, a, b, asked, widely):
                gone.update(m for n in range(a, b) for m in was[n] if m[0] in kinds)
                came.update(m for n in range(c, d) for m in now[n] if m[0] in kinds)
                if a == b and _is_more(new, c, d):
                    came -= Counter(m for n in range(c, d) for m in now[n] if m[0] == "value" and "value" in kinds)
    return gone - came, came - gone


def _is_more(words: Sequence[Word], start: int, end: int) -> bool:
    """What came are statements of their own that set nothing that was there."""
    texts = [w.text for w in words[start:end]]
    before = words[start - 1].text if start else "{"
    whole = (before in (";", "{", "}") and texts[-1] in (";", "}")) or texts[0] == ";"
    return whole and ("let" in texts[:2] or not any(text.endswith("=") and text != "==" for text in texts))


def _is_asked(old: Sequence[Word], a: int, b: int, asked: Asked, widely: bool) -> bool:
    if not old:
        return False
    if a < b:
        return asked.touches(old[a].at, old[b - 1].at + len(old[b - 1].text), widely=widely)
    at = old[a].at if a < len(old) else old[-1].at + len(old[-1].text)
    behind = old[a - 1].at + len(old[a - 1].text) if a else at
    return asked.touches(behind, at, widely=widely)


def _by_word(words: Sequence[Word]) -> list[list[Mark]]:
    found: list[list[Mark]] = [[] for _ in words]
    for mark, at in _marks(words):
        found[at].append(mark)
    return found


def _marks(words: Sequence[Word]) -> Iterator[tuple[Mark, int]]:
    """What counts of a test's words, each with the number of its word: what it asserts with is compared elsewhere."""
    asserted = -1
    for at, word in enumerate(words):
        before = words[at - 1].text if at else ""
        after = words[at + 1].text if at + 1 < len(words) else ""
        if (word.text in _FAILS and before == ".") or word.text == "?" or (word.text == "Err" and after == "("):
            # One way to fail is as good as another.
            yield ("fails", "Err" if word.text == "Err" else "unwrap"), at
            if word.text.startswith("expect") and after == "(":
                asserted = max(asserted, closing(words, at + 1))
        elif word.text in LEAVING or word.text in _DECIDES:
            yield ("decides", word.text), at
        elif after == "!" and word.kind == "identifier" and at + 2 < len(words) and words[at + 2].text in _OPENING:
            if ASSERTS.fullmatch(word.text):
                asserted = max(asserted, closing(words, at + 2))
            elif word.text not in _PLAIN_MACROS:
                yield ("decides", f"{word.text}!"), at
        elif after == "(" and before not in (".", "fn", "!", "#", "[") and word.text[:1].islower():
            yield ("calls", word.text), at
        elif at > asserted and word.text in _EQUAL:
            yield ("value", word.text), at
        elif at > asserted:
            yield from ((("value", value), at) for value in literals([word]))


def _bound(words: Sequence[Word]) -> set[str]:
    """The names that words give to something: variables, functions, constants, what is brought in."""
    found = {one.alias for one in imports(words)}
    for at, word in enumerate(words):
        if word.text in _BINDS:
            stops = ("=", ";", ":", "(", "{") if word.text != "let" else ("=", ";", ":")
            end = next((n for n in range(at + 1, len(words)) if words[n].text in stops), len(words))
            found |= {w.text for w in words[at + 1 : end] if w.kind == "identifier"}
    # `_` names nothing, and a pattern's `Some` was there.
    return {name for name in found if name[:1].islower()}
