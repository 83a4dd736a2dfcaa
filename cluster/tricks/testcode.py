"""Which code is a test's: items built for tests alone, macros that hold a test, and what nothing but tests uses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

from tree_sitter import Node

from oxidizer.cluster.edits import map_back
from oxidizer.cluster.syntax import parse
from oxidizer.cluster.tricks.items import Item, items
from oxidizer.cluster.tricks.piece import COMMENTS, Piece, Word, is_for_tests, is_testing, piece
from oxidizer.cluster.tricks.region import Change, Region

_MAY_TEST = re.compile(rb"test|bench|quickcheck")
_TEST = re.compile(
    rb"#\s*\[\s*(?:\w+\s*::\s*)*(?:cfg\s*\([^\]]*\btest\b|(?:test|rstest|quickcheck|bench|test_case|wasm_bindgen_test)\b)"
)
"""An attribute of a test, or of what is built for tests."""
_MACRO = re.compile(rb"macro_rules!\s*(\w+)")
_INNER = re.compile(rb"#!\s*\[\s*cfg\s*\(\s*test\s*\)")
_HOLDERS = frozenset({"proptest", "quickcheck"})
_ROOTS = ("lib.rs", "main.rs", "mod.rs")
_ITEMS = frozenset(
    {"fn", "mod", "trait", "struct", "enum", "union", "type", "static", "macro_rules!", "macro_rules"}
)  # fmt: skip
_PRIVATE = frozenset({"value", "macro"})

Said = dict[str, list[Word]]
"""What test code says: words in order, by the item that they stand in."""


class TestCode:
    """The test code of one file that a patch changes."""

    __test__ = False

    def __init__(self, change: Change, read: Callable[[str], bytes]) -> None:
        self._change, self._read = change, read

    @cached_property
    def is_whole(self) -> bool:
        """All of the file is built for tests alone: it says so, or who names it as a module does."""
        return bool(_INNER.search(self._change.before)) or _is_declared(self._change.file, self._read)

    @cached_property
    def macros(self) -> frozenset[str]:
        """The file's own macros that write tests."""
        text, found = self._change.before, set[str]()
        for macro in _MACRO.finditer(text) if self._first_test is not None else ():
            # Its last line begins as its first one does.
            indent = text[text.rfind(b"\n", 0, macro.start()) + 1 : macro.start()]
            end = text.find(b"\n" + indent + b"}", macro.end())
            if _TEST.search(text, macro.end(), end if end >= 0 else len(text)):
                found.add(macro[1].decode())
        return frozenset(found)

    def said(self, code: Piece, tests: Collection[str]) -> Said:
        """What tests say in a piece. `tests` are the items that are tests, before or after."""
        found: Said = {}
        whole = self.is_whole or code.in_test
        for word in code.words:
            if whole or word.owner in tests:
                found.setdefault(word.owner, []).append(word)
        if not whole and (self.macros or _MAY_TEST.search(code.text)):
            for key, words in (*self._held(code, tests), *_used(code, tests)):
                found.setdefault(key, []).extend(words)
        return found

    def items(self, code: Piece) -> frozenset[str]:
        """The items of a piece that are tests, and those in them."""
        if not _MAY_TEST.search(code.text):
            return frozenset()
        tests = set(code.test_owners)
        for attribute in code.attributes:
            at = code.stands_on(attribute) if not attribute.inner and is_for_tests(attribute) else 0
            # A statement has no name of its own.
            if at and at < len(code.words) and (code.words[at].text in _ITEMS or code.words[at - 1].text == "const"):
                tests.add(attribute.owner)
        tests |= {o for o in code.owners if any(o.startswith(f"{test}::") for test in code.tests)}
        # An impl for tests has the name of the others.
        return frozenset(t for t in tests if t and not t.startswith("impl "))

    def _held(self, code: Piece, tests: Collection[str]) -> Iterator[tuple[str, list[Word]]]:
        """The calls of macros that hold or write tests."""
        words, at = code.words, 0
        testing = [a.at for a in code.attributes if is_testing(a)]
        while at + 2 < len(words):
            word, end = words[at], at + 1
            called = words[at + 1].text == "!" and words[at + 2].text in ("(", "[", "{") and word.kind == "identifier"
            if called and word.text != "macro_rules" and word.owner not in tests:
                close = code.group(at + 2)
                inside = any(words[at + 2].at < a < words[close].at for a in testing)
                if inside or word.text in self.macros or word.text in _HOLDERS:
                    yield f"{word.owner} {word.text}!", words[at : close + 1]
                    end = close + 1
            at = end

    def helpers(self, region: Region) -> Iterator[Item]:
        """Private functions, constants and macros of a region that only tests use."""
        if self.is_whole or region.before.in_test or self._first_test is None:
            return
        for item in items(region.before):
            private = item.group in _PRIVATE and not item.reach and not item.is_test
            if private and self._is_for_tests(item.name) and not self._is_of_trait(item, region):
                yield item

    def _is_of_trait(self, item: Item, region: Region) -> bool:
        """It has its name, and who uses it, from a trait."""
        home = parse(self._change.after).root_node.descendant_for_byte_range(region.start, region.start)
        for begin in (item.node, home):
            node: Node | None = begin
            while node is not None and node.type not in ("impl_item", "trait_item"):
                node = node.parent
            if node is not None and (node.type == "trait_item" or node.child_by_field_name("trait") is not None):
                return True
        return False

    def _is_for_tests(self, name: str) -> bool:
        """The name stands once outside of tests, where it is defined, and in tests."""
        outside = used = 0
        for found in re.finditer(rb"\b" + re.escape(name.encode()) + rb"\b", self._change.before):
            at = found.start()
            inside = at >= (self._first_test or 0) and any(a <= at < b for a, b in self._ranges)
            used, outside = used + inside, outside + (not inside)
            if outside > 1:
                return False
        return outside == 1 and used > 0

    @cached_property
    def _first_test(self) -> int | None:
        """Where the first test of the file before may begin."""
        found = _TEST.search(self._change.before)
        return found.start() if found is not None else None

    @cached_property
    def _ranges(self) -> list[tuple[int, int]]:
        """Where tests stand in the file before."""
        edits, after = self._change.edits, list(_ranges(parse(self._change.after).root_node))
        found = [(map_back(a, edits), map_back(b, edits)) for a, b in after]
        # The tree of the patched file is at hand; where an edit holds the begin or the end of a test, it tells nothing.
        if any(e.start <= at <= e.end for e in edits for bounds in found for at in bounds):
            return list(_ranges(parse(self._change.before).root_node))
        return found


def _ranges(node: Node) -> Iterator[tuple[int, int]]:
    marked = False
    for child in node.named_children:
        if child.type == "attribute_item":
            text = child.text or b""
            attributes = piece(text, False).attributes if _MAY_TEST.search(text) else []
            marked = marked or any(is_testing(a) or is_for_tests(a) for a in attributes)
        elif child.type not in COMMENTS:
            if marked:
                yield child.start_byte, child.end_byte
            elif child.type == "mod_item" and (body := child.child_by_field_name("body")) is not None:
                yield from _ranges(body)
            marked = False


def _used(code: Piece, tests: Collection[str]) -> Iterator[tuple[str, list[Word]]]:
    """What is brought in for tests alone."""
    for attribute in code.attributes:
        if not attribute.inner and is_for_tests(attribute) and attribute.owner not in tests:
            at = attribute.end
            if [w.text for w in code.words[at : at + 1]] in (["use"], ["extern"]):
                end = next((n for n in range(at, len(code.words)) if code.words[n].text == ";"), len(code.words))
                yield f"{attribute.owner} use", code.words[at:end]


def _is_declared(file: str, read: Callable[[str], bytes]) -> bool:
    """Some file above names it, or the module that it lies in, as one for tests."""
    folder, name = posixpath.split(file)
    module = name.removesuffix(".rs")
    if module == "mod":
        folder, module = posixpath.split(folder)
    if name in ("lib.rs", "main.rs") or not folder or not module:
        return False
    named = rb"\bmod\s+" + re.escape(module.encode()) + rb"\s*;"
    pattern = re.compile(rb"#\s*\[\s*cfg\s*\(([^\]]*)\)\s*\]\s*(?:pub\s*(?:\([^)]*\))?\s*)?" + named)
    for parent in (*(posixpath.join(folder, root) for root in _ROOTS), f"{folder}.rs"):
        try:
            text = read(parent)
        except OSError:
            continue
        if (found := pattern.search(text)) is not None:
            words = re.findall(rb"\w+", found[1])
            return b"test" in words and b"not" not in words
        if re.search(named, text):
            return parent != file and _is_declared(parent, read)
    return False
