"""What tests assert: assertions that a patch removes, makes trivial, skips, or fits to what the code does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from oxidizer.cluster.tricks.aliases import imports, macros, split
from oxidizer.cluster.tricks.piece import NUMBERS, STRINGS, Piece, Word, closing
from oxidizer.cluster.tricks.trick import Fact, TrickName

ASSERTS = re.compile(r"(?:debug_|prop_|static_|const_)?assert\w*|panic|unreachable")
_MACROS = frozenset(
    {
        "assert", "assert_eq", "assert_ne", "assert_matches", "debug_assert", "debug_assert_eq", "debug_assert_ne",
        "matches", "panic", "todo", "unimplemented", "unreachable", "prop_assert", "prop_assert_eq", "test",
    }
)  # fmt: skip
"""Names that nobody else's macro may take."""
_KNOWN = frozenset(
    {"std", "core", "alloc", "pretty_assertions", "similar_asserts", "proptest", "tokio", "more_asserts"}
)
_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "!", "&&", "||"})
_CONDITIONAL = frozenset(
    {
        "if_expression", "match_arm", "while_expression", "for_expression", "loop_expression", "closure_expression",
        "async_block", "gen_block", "const_block", "function_item", "macro_definition",
    }
)  # fmt: skip
LEAVING = frozenset({"return", "break", "continue"})
_LEAVES = re.compile(rb"\b(?:return|break|continue)\b")
_LITERALS = STRINGS | NUMBERS | {"char_literal", "true", "false", "boolean_literal"}
_SUFFIX = re.compile(r"_|(?<=[\d._])(?:[iu](?:8|16|32|64|128|size)|f(?:32|64))$")
_HEX_SUFFIX = re.compile(r"_|[iu](?:8|16|32|64|128|size)$")


@dataclass(frozen=True)
class Assertion:
    """One call of an asserting macro in a test."""

    name: str
    words: tuple[Word, ...]
    """Those between its brackets."""
    word: Word
    depth: int
    """How many conditions, loops and closures it stands in."""

    @cached_property
    def text(self) -> str:
        """Its words, in one way of writing them, without a last comma."""
        texts = [w.text for w in self.words]
        return " ".join([self.name, *(texts[:-1] if texts[-1:] == [","] else texts)])

    @cached_property
    def literals(self) -> Counter[str]:
        """The values that it names: what it says when it fails aside."""
        return literals(self._said)

    @property
    def comparisons(self) -> Counter[str]:
        """How it compares."""
        found = Counter(w.text for w in self._said if w.text in _COMPARISONS)
        implied = "==" if self.name.endswith("_eq") else "!=" if self.name.endswith("_ne") else ""
        return found + Counter([implied] if implied else [])

    @property
    def parts(self) -> list[list[Word]]:
        """Its arguments."""
        return split(self.words)

    @property
    def _said(self) -> list[Word]:
        count = 2 if self.name.endswith(("_eq", "_ne", "_matches")) else 1
        if self.name in ("panic", "unreachable"):
            return []
        return [word for part in self.parts[:count] for word in part]

    @property
    def is_trivial(self) -> bool:
        """It holds whatever the code does."""
        parts = [[w.text for w in part] for part in self.parts]
        if self.name.endswith(("_eq", "_ne")) and len(parts) >= 2:
            same = _bare(parts[0]) == _bare(parts[1]) and self.name.endswith("_eq")
            return same or all(_is_constant(part) for part in self.parts[:2])
        if not self.name.endswith("assert") or not parts:
            return False
        return holds(self.parts[0])


def assertions(piece: Piece) -> dict[str, list[Assertion]]:
    """The assertions of tests and of what helps them, by the function that they stand in."""
    found: dict[str, list[Assertion]] = {}
    words = piece.words
    for at, word in enumerate(words[:-2]):
        if words[at + 1].text != "!" or words[at + 2].text not in ("(", "[", "{") or not piece.is_test(word.owner):
            continue
        if ASSERTS.fullmatch(word.text):
            inside = tuple(words[at + 3 : closing(words, at + 2)])
            found.setdefault(word.owner, []).append(Assertion(word.text, inside, word, _depth(piece, word)))
    return found


def compared(before: Piece, after: Piece, source: Piece | None, asked: Sequence[int]) -> Iterator[Fact]:
    """The tricks that the assertions after play on those before. `asked` are places before of which a tool complains:
    what it says of an assertion may be mended in it.
    """
    now, healthy = assertions(after), assertions(source) if source is not None else None
    renamed = _renamed(before, after)
    for was_in, old in assertions(before).items():
        owner = renamed.get(was_in, was_in)
        if owner not in after.owners and was_in in before.tests and owner not in after.tests:
            continue  # it went as a whole: another trick
        own = now.get(owner, [])
        fine = Counter(a.text for a in healthy.get(owner, [])) if healthy is not None else Counter[str]()
        wanted = min(len(old), len(healthy.get(owner, []))) if healthy is not None else len(old)
        at = own[0].word.at if own else next((w.at for w in after.words if w.owner == owner), 0)
        gone, new = _unpaired(old, own)
        if len(own) < wanted and not any(_is_asked(a, asked) for a in gone):
            yield Fact((TrickName.REMOVED_ASSERTION,), "", owner, at, f"takes an assertion out of `{owner}`")
        for was, now_is in zip(gone, new, strict=False):
            if not fine[now_is.text]:
                fair = _is_asked(was, asked) or _is_put_plainer(before, was, now_is, asked)
                yield from _weaker(was, now_is, owner, fair)
        if healthy is None or _depths(own) != _depths(healthy.get(owner, [])):
            yield from _skipped(before, after, old, own, (was_in, owner))
    yield from _expected(before, after, source, asked)


def _renamed(before: Piece, after: Piece) -> dict[str, str]:
    """Tests and what helps them under their new names, in the order in which they stand."""
    gone = [o for o in _in_order(before) if o not in after.owners]
    come = [o for o in _in_order(after) if o not in before.owners]
    return dict(zip(gone, come, strict=False))


def _in_order(code: Piece) -> list[str]:
    """The functions that assert, or are tests."""
    return list(dict.fromkeys([*code.tests, *assertions(code)]))


def _unpaired(old: Sequence[Assertion], new: Sequence[Assertion]) -> tuple[list[Assertion], list[Assertion]]:
    """Those that stand on one side only."""
    gone, come = Counter(a.text for a in old), Counter(a.text for a in new)
    left, right = gone - come, come - gone
    return _taken(old, left), _taken(new, right)


def _taken(found: Sequence[Assertion], wanted: Counter[str]) -> list[Assertion]:
    taken = []
    for one in found:
        if wanted[one.text] > 0:
            wanted[one.text] -= 1
            taken.append(one)
    return taken


def _weaker(was: Assertion, now: Assertion, owner: str, asked: bool) -> Iterator[Fact]:
    if now.is_trivial and not was.is_trivial:
        text = f"`{now.name}!` in `{owner}` holds whatever the code does"
        yield Fact((TrickName.TRIVIAL_ASSERTION,), "", owner, now.word.at, text)
    elif now.name.startswith("debug_") and not was.name.startswith("debug_"):
        text = f"`{now.name}!` in `{owner}` asserts in some builds only"
        yield Fact((TrickName.SKIPPED_ASSERTION,), "", owner, now.word.at, text)
    elif not asked and (was.literals != now.literals or was.comparisons != now.comparisons):
        text = f"`{now.name}!` in `{owner}` expects something else"
        yield Fact((TrickName.CHANGED_EXPECTATION,), "", owner, now.word.at, text)


def _skipped(
    before: Piece, after: Piece, old: Sequence[Assertion], now: Sequence[Assertion], owners: tuple[str, str]
) -> Iterator[Fact]:
    owner = owners[1]
    if now and _returns(after, owner, now[-1].word.at) > _returns(before, owners[0], old[-1].word.at):
        text = f"`{owner}` returns before it asserts"
        yield Fact((TrickName.SKIPPED_ASSERTION,), "", owner, now[-1].word.at, text)
    else:
        gone, new = _unpaired(old, now)
        pairs = [*_alike(old, now), *zip(gone, new, strict=False)]
        deeper = next((n for o, n in pairs if n.depth > o.depth), None)
        if deeper is not None:
            text = f"`{deeper.name}!` in `{owner}` is reached only on a condition"
            yield Fact((TrickName.SKIPPED_ASSERTION,), "", owner, deeper.word.at, text)


def _alike(old: Sequence[Assertion], now: Sequence[Assertion]) -> Iterator[tuple[Assertion, Assertion]]:
    """Those that stand on both sides, of equal ones the first with the first."""
    left = list(now)
    for one in old:
        other = next((n for n in left if n.text == one.text), None)
        if other is not None:
            left.remove(other)
            yield one, other


def _depths(found: Sequence[Assertion]) -> list[int]:
    return [a.depth for a in found]


def _returns(piece: Piece, owner: str, before: int) -> int:
    """The ways out of a function, or of a block in it, that stand before a place."""
    own = [w for w in piece.words if w.owner == owner and w.at < before]
    leaving = leaving_macros(piece)
    called = zip(own, [*own[1:], None], strict=True)
    return sum(w.text in LEAVING or (w.text in leaving and n is not None and n.text == "!") for w, n in called)


def leaving_macros(piece: Piece) -> frozenset[str]:
    """The macros defined in a piece that leave the function, or the loop, that they are called in."""
    if b"macro_rules" not in piece.text:
        return frozenset()
    found, todo = set[str](), [piece.root]
    while todo:
        node = todo.pop()
        name = node.child_by_field_name("name")
        if node.type == "macro_definition" and name is not None and _LEAVES.search(node.text or b""):
            found.add((name.text or b"").decode("utf-8", "replace"))
        todo += node.named_children
    return frozenset(found)


def _expected(before: Piece, after: Piece, source: Piece | None, asked: Sequence[int]) -> Iterator[Fact]:
    """Values with a name that an assertion compares with."""
    old, new = _bindings(before), _bindings(after)
    healthy = _bindings(source) if source is not None else {}
    for key, words in new.items():
        was = old.get(key)
        if was is None or literals(was) == literals(words) or _texts(words) == _texts(healthy.get(key, [])):
            continue
        if not any(was[0].at <= at <= was[-1].at for at in asked):
            text = f"`{key[1]}`, which a test compares with, has another value"
            yield Fact((TrickName.CHANGED_EXPECTATION,), key[1], key[0], words[0].at, text)


def _bindings(piece: Piece) -> dict[tuple[str, str], list[Word]]:
    """The values of names that an assertion of the same test says, by function and name."""
    used = {
        (owner, w.text) for owner, found in assertions(piece).items() for a in found for w in a.words
        if w.kind == "identifier"
    }  # fmt: skip
    names = {name for _, name in used}
    found: dict[tuple[str, str], list[Word]] = {}
    words = piece.words
    for at, word in enumerate(words):
        if word.text not in ("let", "const", "static") or (word.text == "let" and not piece.is_test(word.owner)):
            continue
        end = _end_of(words, at)
        equals = next((n for n in range(at, end) if words[n].text == "="), None)
        if equals is None or equals + 1 >= end:
            continue
        for name in words[at + 1 : equals]:
            local = word.text == "let" and (word.owner, name.text) in used
            if local or (word.text != "let" and piece.in_test and name.text in names):
                found[word.owner if local else "", name.text] = words[equals + 1 : end]
    return found


def _end_of(words: Sequence[Word], at: int) -> int:
    depth = 0
    for number in range(at, len(words)):
        depth += (words[number].text in ("(", "[", "{")) - (words[number].text in (")", "]", "}"))
        if depth < 0 or (words[number].text == ";" and depth == 0):
            return number
    return len(words)


def literals(words: Sequence[Word]) -> Counter[str]:
    """The values that words name, however they are written."""
    return Counter(_value(w) for w in words if w.kind in _LITERALS or w.text in ("true", "false"))


def _value(word: Word) -> str:
    if word.kind not in NUMBERS:
        return word.text
    text = (_HEX_SUFFIX if word.text.startswith("0x") else _SUFFIX).sub("", word.text)
    for read in (lambda t: int(t, 0), float):
        try:
            return str(float(read(text)))
        except (ValueError, OverflowError):
            continue
    return text


def _is_asked(assertion: Assertion, asked: Sequence[int]) -> bool:
    end = assertion.words[-1].at + len(assertion.words[-1].text) if assertion.words else assertion.word.at
    return any(assertion.word.at <= at <= end for at in asked)


def _is_put_plainer(piece: Piece, was: Assertion, now: Assertion, asked: Sequence[int]) -> bool:
    """A panic in an `if` of which the diagnostic speaks is an assertion of the same values."""
    node: Node | None = piece.root.descendant_for_byte_range(was.word.at, was.word.at + 1)
    while node is not None and node.type not in ("if_expression", "function_item"):
        node = node.parent
    condition = node.child_by_field_name("condition") if node is not None else None
    if was.name != "panic" or now.name != "assert" or node is None or condition is None:
        return False
    said = [w for w in piece.words if condition.start_byte <= w.at < condition.end_byte]
    return node.start_byte in asked and literals(said) == now.literals


def _depth(piece: Piece, word: Word) -> int:
    """How much code decides whether a word is reached."""
    node: Node | None = piece.root.descendant_for_byte_range(word.at, word.at + 1)
    depth, functions = 0, 0
    while node is not None and (parent := node.parent) is not None:
        functions += parent.type == "function_item"
        depth += parent.type != "function_item" and _decides(parent, node)
        node = parent
    return depth + max(0, functions - 1)


def _decides(parent: Node, node: Node) -> bool:
    """What stands around code may keep it from being reached."""
    if parent.type == "binary_expression":
        operator = parent.child_by_field_name("operator")
        return operator is not None and operator.type in ("&&", "||") and parent.child_by_field_name("right") == node
    if parent.type == "let_declaration":
        return parent.child_by_field_name("alternative") == node
    if parent.type == "macro_invocation":
        name = parent.child_by_field_name("macro")
        return node.type == "token_tree" and name is not None and not ASSERTS.fullmatch(name_of_macro(name))
    return parent.type in _CONDITIONAL


def name_of_macro(path: Node) -> str:
    """The last part of the path by which a macro is called."""
    return (path.text or b"").decode("utf-8", "replace").rpartition(":")[2].removeprefix("r#")


def holds(words: Sequence[Word]) -> bool:
    """A condition that is true whatever the code does."""
    texts = _bare([w.text for w in words])
    if _is_constant(words):
        return True
    alternatives = split(words, "||")
    if len(alternatives) > 1:
        return any([w.text for w in part] == ["true"] for part in alternatives)
    if texts[:2] == ["matches", "!"]:
        return texts[-2:] == ["_", ")"] and texts[-3:-2] in ([","], ["|"])
    sides = split(words, "==")
    return len(sides) == 2 and _texts(sides[0]) == _texts(sides[1])


def _is_constant(words: Sequence[Word]) -> bool:
    """Nothing but literals and what stands between them."""
    return bool(words) and all(
        w.kind in _LITERALS or w.text in ("true", "false") or not re.match(r"\w|\$", w.text) for w in words
    )


def _bare(texts: Sequence[str]) -> list[str]:
    """Words without the references and brackets around them."""
    found = [t for t in texts if t != "&"]
    while found[:1] == ["("] and found[-1:] == [")"]:
        found = found[1:-1]
    return found


def _texts(words: Sequence[Word]) -> list[str]:
    return [w.text for w in words]


def shadows(piece: Piece) -> Iterator[Fact]:
    """Macros that take the name of one that tests rely on."""
    for name, _, word in macros(piece.words):
        if name in _MACROS or name.startswith("$"):
            yield Fact((TrickName.SHADOWED_MACRO,), name, "", word.at, f"defines a `{name}!` of its own")
    for one in imports(piece.words):
        if one.alias.startswith("$") or (one.alias in _MACROS and one.path[:1] and one.path[0] not in _KNOWN):
            text = f"`{one.alias}` means `{'::'.join(one.path)}`"
            yield Fact((TrickName.SHADOWED_MACRO,), one.alias, "", one.word.at, text)
