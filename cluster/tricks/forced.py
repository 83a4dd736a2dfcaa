"""What a patch forces on the code around it: other names, and other arguments where a function takes others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from oxidizer.cluster.tricks.items import Item, items
from oxidizer.cluster.tricks.piece import Word, closing, plainly
from oxidizer.cluster.tricks.region import Change

_OPENS = frozenset({"unwrap", "expect", "?"})
_ADAPTS = frozenset(
    {
        "&", "*", "mut", ".", ",", "(", ")", "::", "as", "Some", "Ok", "Box", "Rc", "Arc", "String", "new", "from",
        "clone", "cloned", "copied", "to_string", "to_owned", "to_vec", "into", "iter", "as_str", "as_ref", "as_mut",
        "as_slice", "as_bytes", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64",
    }
)  # fmt: skip
"""Words by which a value is given or taken in another form."""


@dataclass
class Forced:
    """What a patch changes of names and of how functions are called."""

    names: dict[str, str] = field(default_factory=dict)
    """Old names and the new ones that stand for them, each with what both are told by."""
    calls: dict[str, bool] = field(default_factory=dict)
    """The functions and types that are called otherwise, and whether their value comes unwrapped now."""

    def allows(self, old: Sequence[Word], new: Sequence[Word]) -> bool:
        """The words are the same but for what is forced."""
        was, now = ([self.names.get(w.text, w.text) for w in words] for words in (old, new))
        if was == now or _plain(was) == _plain(now):
            return True
        if not self.calls:
            return False
        before, after = list(self._near(old)), list(self._near(new))
        known = set(was)
        for tag, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            if not all(self._may_go(old[n], n, before) for n in range(a, b)):
                return False
            if not all(_may_come(new[n], n, after, known) for n in range(c, d)):
                return False
        return True

    def _near(self, words: Sequence[Word]) -> Iterator[tuple[range, range, bool]]:
        """The statements that call what is called otherwise, and the arguments there."""
        for at, word in enumerate(words[:-1]):
            if word.text in self.calls and words[at + 1].text in ("(", "{"):
                ends = (";", "{", "}")
                start = next((n + 1 for n in range(at - 1, -1, -1) if words[n].text in ends), 0)
                close = closing(words, at + 1)
                end = next((n for n in range(close + 1, len(words)) if words[n].text in ends), len(words))
                yield range(start, end), range(at + 2, close), self.calls[word.text]

    def _may_go(self, word: Word, at: int, near: Sequence[tuple[range, range, bool]]) -> bool:
        return any(
            at in arguments or (at in statement and (word.text in _ADAPTS or (opened and word.text in _OPENS)))
            for statement, arguments, opened in near
        )


def _may_come(word: Word, at: int, near: Sequence[tuple[range, range, bool]], known: set[str]) -> bool:
    fits = word.text in _ADAPTS or word.text in _OPENS
    named = word.kind in ("identifier", "type_identifier", "field_identifier") and word.text in known
    return any(at in statement and (fits or (at in arguments and named)) for statement, arguments, _ in near)


def _plain(texts: Sequence[str]) -> str:
    return plainly([Word(text, 0, "", "") for text in texts])


def forced(changes: Sequence[Change]) -> Forced:
    """What a patch forces on the tests."""
    found = Forced()
    regions = [region for change in changes for region in change.regions]
    before = [i for region in regions for i in items(region.before) if not i.is_test]
    after = [i for region in regions for i in items(region.after) if not i.is_test]
    old, new = {i.key for i in before}, {i.key for i in after}
    homes = {(i.group, i.parent) for i in before if i.key not in new}
    for item in (*before, *after):
        if (item.group, item.parent) in homes and item.key not in old & new:
            found.names[item.name] = f"{item.group} of {item.parent}"
    come = {(i.group, i.parent, found.names.get(i.name, i.name)): i for i in after}
    for item in before:
        other = come.get((item.group, item.parent, found.names.get(item.name, item.name)))
        if other is not None and (was := _taken(item)) != (now := _taken(other)):
            lost = not {"Option", "Result"}.isdisjoint(was) and {"Option", "Result"}.isdisjoint(now)
            found.calls[item.name] = found.calls[other.name] = lost
    return found


def _taken(item: Item) -> tuple[str, ...]:
    """What a function takes and gives, what a type holds."""
    body = item.node.child_by_field_name("body") if item.node.type == "function_item" else None
    if item.group not in ("value", "type") or item.node.type in ("const_item", "static_item"):
        return ()
    name = item.node.child_by_field_name("name")
    start, end = name.end_byte if name is not None else item.start, body.start_byte if body is not None else item.end
    return tuple(w.text for w in item.code.words if start <= w.at < end)
