"""Names as hands write them: misspelt in haste, or new ones in a rename that was left half done.

Promised: never a keyword, never the name itself, and no word that the file has already, which could be in scope. Drawn
by the name and its place alone: the same site gives the same name in every process.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from tree_sitter import Node

from oxidizer.miners.operators.operator import Code
from oxidizer.miners.operators.scopes import words

_KEYWORDS = frozenset({
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where",
    "while", "yield",
})  # fmt: skip
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    sign: row[max(0, at - 1) : at] + row[at + 1 : at + 2] for row in _ROWS for at, sign in enumerate(row)
}  # fmt: skip
"""The keys left and right of each letter."""
_PAIRS = (
    "buf buffer", "len length", "idx index", "ptr pointer", "val value", "res result", "ctx context", "err error",
    "msg message", "num number", "src source", "dst dest", "tmp temp", "iter iterator", "elem element", "prev previous",
    "cur current", "pos position", "max maximum", "min minimum", "count total", "start begin", "end stop", "left lhs",
    "right rhs", "first head", "last tail", "key id", "name label", "path location", "data bytes", "text content",
    "input source", "output sink", "mode kind", "state status", "flags options", "config settings", "node entry",
    "item element", "list items", "char symbol", "line row", "new create", "get fetch", "set update", "push append",
    "add insert", "remove delete", "read load", "write store", "parse decode", "make build", "find search",
    "check verify", "next advance", "from with", "to into", "size extent", "width columns", "height rows",
)  # fmt: skip
_OTHER = {one: other for left, right in map(str.split, _PAIRS) for one, other in ((right, left), (left, right))}
"""What people call the same by another word."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_AROUND = {
    "lower": ("{}_value", "current_{}", "own_{}", "{}_new"),
    "upper": ("DEFAULT_{}", "{}_VALUE", "THE_{}"),
    "camel": ("Raw{}", "{}Data", "Base{}", "{}Inner"),
}
"""What is put around a name to say more, by how it is written."""


def drawn(options: Iterable[str], name: str, node: Node, code: Code) -> list[str]:
    """The options in the order in which the name at this place takes them."""
    place = f"{code.file}:{node.start_byte}:{name}:"
    return sorted(options, key=lambda option: hashlib.blake2b(f"{place}{option}".encode(), digest_size=8).digest())


def is_new(name: str, code: Code) -> bool:
    """The name can be given: it is no keyword, and no word of the file."""
    return name not in _KEYWORDS and name != "_" and words(code.source)[name] == 0


def typo(node: Node, code: Code, name: str = "") -> str:
    """A name, else the node's text, as a hasty hand writes it: letters swapped, one left out, doubled or mistaken."""
    name = name or code.text(node)
    raw, bare = ("r#", name[2:]) if name.startswith("r#") else ("", name)
    for slip in drawn(_SLIPS, name, node, code):
        if found := {new for new in _SLIPS[slip](bare) if new != bare and is_new(new, code)}:
            return raw + drawn(found, name, node, code)[0]
    return _unused(f"{name}{name[-1]}", code)


def renamed(node: Node, code: Code) -> str:
    """Another name that somebody could give to what the node names: its plural, another word, one more or one less."""
    old = code.text(node)
    for way in drawn(_WAYS, old, node, code):
        if found := {new for new in _WAYS[way](old) if new != old and is_new(new, code)}:
            return drawn(found, old, node, code)[0]
    return _unused(f"{old}_", code)


def renamed_function(node: Node, code: Code, verbs: Sequence[str]) -> str:
    """Another name for a function: as `renamed`, or with another verb before it."""
    old = code.text(node)
    head, _, rest = old.partition("_")
    bare = rest if rest and (head in verbs or head == "get") and not rest[0].isdigit() else old
    found = [new for verb in verbs if is_new(new := f"{verb}_{bare}", code) and new != old]
    found += [bare] if bare != old and is_new(bare, code) else []
    # A new verb is what a function gets most often.
    return drawn([*drawn(found, old, node, code)[:3], renamed(node, code)], old, node, code)[0]


def plural(name: str) -> str:
    """The name in plural, or in singular where it is one: what a rename often changes; never a keyword."""
    if name.lower().endswith("s") and not name.lower().endswith("ss") and len(name) > 3:
        new = name[:-1]
    else:
        new = name + ("S" if name.isupper() and len(name) > 1 else "s")
    return f"{new}_" if new in _KEYWORDS else new


def _swapped(name: str) -> Iterator[str]:
    """Two neighbours, the first letter left alone, of one case: who types fast keeps the shape of the word."""
    for at in range(1, len(name) - 1):
        one, other = name[at], name[at + 1]
        if one.isalpha() and other.isalpha() and one.isupper() == other.isupper():
            yield name[:at] + other + one + name[at + 2 :]


def _dropped(name: str) -> Iterator[str]:
    for at in range(1, len(name) if len(name) > 2 else 0):
        if name[at].isalpha():
            yield name[:at] + name[at + 1 :]


def _doubled(name: str) -> Iterator[str]:
    for at, sign in enumerate(name):
        if sign.isalpha() and (at or len(name) < 3):
            yield name[: at + 1] + name[at:]


def _mistaken(name: str) -> Iterator[str]:
    """A letter as the key beside its own; the first one only where there are few."""
    for at in range(1 if len(name) > 2 else 0, len(name)):
        for new in _BESIDE.get(name[at].lower(), ""):
            yield name[:at] + (new.upper() if name[at].isupper() else new) + name[at + 1 :]


def _worded(name: str) -> Iterator[str]:
    """One word for another."""
    for found in _WORDS.finditer(name):
        if (other := _OTHER.get(found[0].lower())) is not None:
            yield name[: found.start()] + _as(other, found[0]) + name[found.end() :]


def _as(word: str, like: str) -> str:
    """A word in the case of another one."""
    return word.upper() if like.isupper() and len(like) > 1 else word.capitalize() if like[0].isupper() else word


def _shortened(name: str) -> Iterator[str]:
    """A name of several words without its first or its last one."""
    if name.startswith("_"):
        return
    if "_" in name:
        found = [name.partition("_")[2], name.rpartition("_")[0]]
    else:
        parts = _WORDS.findall(name)
        found = ["".join(parts[1:]), "".join(parts[:-1])] if len(parts) > 1 and "".join(parts) == name else []
    yield from (new for new in found if re.fullmatch(r"[A-Za-z]\w*[A-Za-z]\w*", new))


def _longer(name: str) -> Iterator[str]:
    if not re.match("[A-Za-z]", name) or name.startswith("r#"):
        return
    kind = "upper" if name.isupper() and len(name) > 1 else "camel" if name[0].isupper() else "lower"
    yield from (form.format(name) for form in _AROUND[kind])


def _unused(name: str, code: Code) -> str:
    """The name, else with a number behind it."""
    return next(new for n in count(1) if is_new(new := name if n == 1 else f"{name}{n}", code))


_SLIPS: dict[str, Callable[[str], Iterable[str]]] = {
    "swapped": _swapped, "dropped": _dropped, "doubled": _doubled, "mistaken": _mistaken,
}  # fmt: skip
_WAYS: dict[str, Callable[[str], Iterable[str]]] = {
    "plural": lambda name: [plural(name)], "worded": _worded, "shortened": _shortened, "longer": _longer,
}  # fmt: skip
