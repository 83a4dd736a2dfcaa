"""What a crate's code says: its tokens, which follow which, its names by kind, where things are defined.

Of the files of a prompt alone. A crate with a change in one file is the index that is there with that change laid over
it, and answers as if it had been made of the changed files (a law of its own, tested): so nothing of the code that was
there before can be read out of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import log

from tree_sitter import Node, Tree

from oxidizer.cluster.syntax import NAMED, parse_part
from oxidizer.serve.policies.templates.tokens import Tokens, is_name, tokens

MOST_BYTES = 400_000
"""Of a file: a longer one, most likely generated, is not looked into."""
_OCCURRENCES = 400
"""Places that are looked at where two tokens stand side by side."""
_NO_DEFINITIONS = frozenset({"block", "attribute_item", "macro_invocation", "macro_definition", "parameters"})
Pair = tuple[bytes, bytes]


@dataclass(frozen=True)
class Definition:
    """Where something with a name is defined; `kind` is the tree's, e.g. `function_item`."""

    file: str
    start: int
    end: int
    kind: str


def kind_of(said: Sequence[bytes], at: int) -> str:
    """What kind of name a token is, by its neighbours; "" for one that is no name of the crate's own."""
    if not is_name(said[at]):
        return ""
    before = said[at - 1] if at else b""
    behind = said[at + 1] if at + 1 < len(said) else b""
    if before == b".":
        return "method" if behind in (b"(", b"::") else "field"
    if before == b"::":
        return "path"
    if said[at][:1].isupper():
        return "type"
    return "function" if behind == b"(" else "variable"


class FileIndex:
    """One file: its tokens, its tree and its definitions."""

    def __init__(self, name: str, text: bytes) -> None:
        self.name, self.text = name, text
        self.tokens, self.tree = tokens(text), parse_part(text)

    def definitions(self) -> Iterator[tuple[bytes, Definition]]:
        """Each by its name; what is defined within a body is known to that body alone, and left out."""
        todo = [self.tree.root_node]
        while todo:
            node = todo.pop()
            if node.type in NAMED and (name := node.child_by_field_name("name")) is not None:
                spelled = self.text[name.start_byte : name.end_byte]
                yield spelled, Definition(self.name, node.start_byte, node.end_byte, node.type)
            if node.type not in _NO_DEFINITIONS:
                todo += reversed(node.named_children)

    def changed(self, text: bytes) -> tuple[FileIndex, Change]:
        """The file with another text, and what is other in its tokens."""
        new = FileIndex(self.name, text)
        one, other = self.tokens.said, new.tokens.said
        most = min(len(one), len(other))
        start = next((i for i in range(most) if one[i] != other[i]), most)
        end = next((i for i in range(most - start) if one[-1 - i] != other[-1 - i]), most - start)
        return new, Change(start, len(one) - end, len(other) - end)


@dataclass(frozen=True)
class Change:
    """Tokens [start, old_end) of a file became [start, new_end)."""

    start: int
    old_end: int
    new_end: int


@dataclass
class Statistics:
    """Counts of tokens, of two and three in a row, and of names by their kinds; those of a change may be below 0."""

    ones: Counter[bytes] = field(default_factory=Counter)
    twos: Counter[Pair] = field(default_factory=Counter)
    threes: Counter[tuple[bytes, bytes, bytes]] = field(default_factory=Counter)
    kinds: dict[str, Counter[bytes]] = field(default_factory=lambda: defaultdict(Counter))
    total: int = 0

    def count(self, said: Sequence[bytes], start: int, end: int, by: int = 1) -> None:
        """Count the tokens [start, end) of a file, and all that hangs on them: `by` is 1 or -1."""
        for at in range(start, end):
            token = said[at]
            self.ones[token] += by
            self.total += by
        # What ends, or is looked at, behind the range hangs on it too.
        for at in range(max(1, start), min(len(said), end + 1)):
            self.twos[said[at - 1], said[at]] += by
        for at in range(max(2, start), min(len(said), end + 2)):
            self.threes[said[at - 2], said[at - 1], said[at]] += by
        for at in range(max(0, start - 1), min(len(said), end + 1)):
            if kind := kind_of(said, at):
                self.kinds[kind][said[at]] += by


class CrateIndex:
    """A crate's files, read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.texts = {name: text for name, text in files.items() if name.endswith(".rs") and len(text) <= MOST_BYTES}
        self.files = {name: FileIndex(name, text) for name, text in self.texts.items()}
        self.counts = Statistics()
        self.places: dict[Pair, list[tuple[str, int]]] = defaultdict(list)
        self.defined: dict[bytes, list[Definition]] = defaultdict(list)
        for name, file in self.files.items():
            said = file.tokens.said
            self.counts.count(said, 0, len(said))
            for at in range(2, len(said) + 1):
                self.places[said[at - 2], said[at - 1]].append((name, at))
            for spelled, definition in file.definitions():
                self.defined[spelled].append(definition)


class CrateView:
    """A crate as its files are now: an index, and files that differ from it."""

    def __init__(self, base: CrateIndex, files: Mapping[str, bytes]) -> None:
        """`files` differ from those of `base` in texts only; one that `base` does not have is not looked into."""
        self.base = base
        self._delta = Statistics()
        self._changes: dict[str, Change] = {}
        self._files: dict[str, FileIndex] = {}
        self._defined: dict[bytes, list[Definition]] = defaultdict(list)
        self._names: list[bytes] | None = None
        for name, text in files.items():
            if name in base.files and text is not base.texts[name] and text != base.texts[name]:
                self._lay(base.files[name], text)

    def _lay(self, old: FileIndex, text: bytes) -> None:
        new, change = old.changed(text)
        self._files[old.name], self._changes[old.name] = new, change
        self._delta.count(old.tokens.said, change.start, change.old_end, -1)
        self._delta.count(new.tokens.said, change.start, change.new_end)
        for spelled, definition in new.definitions():
            self._defined[spelled].append(definition)

    def file(self, name: str) -> FileIndex | None:
        """A file as it is now; None for one that is not looked into."""
        return self._files.get(name) or self.base.files.get(name)

    def once(self, token: bytes) -> int:
        """How often a token stands in the crate."""
        return self.base.counts.ones[token] + self._delta.ones[token]

    def twice(self, one: bytes, other: bytes) -> int:
        """How often two tokens stand side by side."""
        return self.base.counts.twos[one, other] + self._delta.twos[one, other]

    def thrice(self, one: bytes, other: bytes, third: bytes) -> int:
        """How often three tokens stand side by side."""
        return self.base.counts.threes[one, other, third] + self._delta.threes[one, other, third]

    def likelihood(self, one: bytes, other: bytes, third: bytes) -> float:
        """The natural logarithm of how likely `third` stands behind two tokens: three-grams with stupid backoff (Brants
        et al., 2007), 0.4 a step.
        """
        threes, twos = self.thrice(one, other, third), self.twice(one, other)
        if threes > 0 and twos > 0:
            return log(threes / twos)
        twos, ones = self.twice(other, third), self.once(other)
        if twos > 0 and ones > 0:
            return log(0.4 * twos / ones)
        return log(0.16 * (max(0, self.once(third)) + 0.3) / (self.base.counts.total + self._delta.total + 1))

    def of_kind(self, kind: str) -> dict[bytes, int]:
        """The crate's own names of a kind, and how often each is one."""
        known, delta = self.base.counts.kinds[kind], self._delta.kinds[kind]
        both = known if not delta else {name: known[name] + delta[name] for name in [*known, *(delta - known)]}
        return {name: count for name, count in both.items() if count > 0}

    def names(self) -> list[bytes]:
        """All words of the crate that could be names, keywords among them."""
        if self._names is None:
            every = [*self.base.counts.ones, *(t for t in self._delta.ones if t not in self.base.counts.ones)]
            self._names = [t for t in every if (t[:1].isalpha() or t[:1] == b"_") and self.once(t) > 0]
        return self._names

    def definitions(self, name: bytes) -> list[Definition]:
        """Where something of that name is defined, in the order of the files' tokens."""
        known = [d for d in self.base.defined.get(name, ()) if d.file not in self._files]
        return known + self._defined.get(name, [])

    def behind(self, one: bytes, other: bytes) -> Iterator[tuple[Tokens, int]]:
        """The places behind two tokens side by side: a file's tokens, and the index of the token that stands there. At
        most 400 of them, and where there are more a change may have others among them.
        """
        return islice(self._behind((one, other)), _OCCURRENCES)

    def _behind(self, pair: Pair) -> Iterator[tuple[Tokens, int]]:
        for name, at in self.base.places.get(pair, ()):
            change = self._changes.get(name)
            if change is None:
                yield self.base.files[name].tokens, at
            elif at <= change.start:
                yield self._files[name].tokens, at
            elif at - 2 >= change.old_end:
                yield self._files[name].tokens, at + change.new_end - change.old_end
        for name, change in self._changes.items():
            now = self._files[name].tokens
            for at in range(max(2, change.start + 1), min(len(now), change.new_end + 1) + 1):
                if (now.said[at - 2], now.said[at - 1]) == pair:
                    yield now, at


def node_at(tree: Tree, start: int, end: int) -> Node | None:
    """The outermost node that covers just the bytes [start, end), or else the smallest that covers them."""
    root = tree.root_node
    node = (
        root.named_descendant_for_byte_range(start, end)
        if end > start
        else root.descendant_for_byte_range(max(start - 1, 0), end)
    )
    while (
        node is not None
        and node.parent is not None
        and (node.parent.start_byte, node.parent.end_byte) == (node.start_byte, node.end_byte)
    ):
        node = node.parent
    return node


def token_at(found: Tokens, byte: int) -> int:
    """The index of the first token that begins at a byte or behind it."""
    return bisect_left(found.starts, byte)


def token_before(found: Tokens, byte: int) -> int:
    """How many tokens end at a byte or before it."""
    return bisect_right(found.ends, byte)
