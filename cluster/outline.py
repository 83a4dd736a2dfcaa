"""What a place in a Rust file is part of: the items around it, and whether they are there for tests alone.

Read off the syntax of one file. Not seen from there: that a file's module is declared for tests elsewhere (its usual
places and names are known), and what macros make of their arguments.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Node

from oxidizer.cluster.syntax import COMMENTS, ITEMS, parse
from oxidizer.cluster.tricks.piece import TESTING, name_of, under

_TEST_FOLDERS = frozenset({"tests", "benches"})
_TEST_FILES = frozenset({"tests.rs", "test.rs"})
_TESTING_MACROS = frozenset({"proptest", "quickcheck"})
_FOR_TESTS = frozenset({"test", "doctest", "fuzzing"})
"""Conditions that no build of a package for its users has."""
_ATTRIBUTES = frozenset({"attribute_item", "inner_attribute_item"})
_MAY_TEST = re.compile(rb"test|bench|quickcheck|fuzzing|```")
_HEAD = re.compile(r"#\s*!?\s*\[\s*(?:unsafe\s*\(\s*)?((?:::)?\w+(?:\s*::\s*\w+)*)\s*")
_TOKEN = re.compile(r'r(#*)".*?"\1|"(?:\\.|[^"\\])*"|\w+|[(),]', re.DOTALL)
_DEEPEST = 64
_LONGEST = 2000
"""No honest attribute has more characters."""
_FENCES = (b"```", b"~~~")
_RUST = re.compile(rb"rust|should_panic|no_run|ignore.*|compile_fail|edition\d+|test_harness|E\d{4}")
"""What the words behind a fence are where rustdoc takes its block for Rust."""
_KINDS = {
    "function_item": "function", "function_signature_item": "function", "struct_item": "struct", "enum_item": "enum",
    "union_item": "union", "trait_item": "trait", "impl_item": "impl", "mod_item": "module", "const_item": "const",
    "static_item": "static", "type_item": "type", "associated_type": "type", "macro_definition": "macro",
    "macro_invocation": "invocation", "use_declaration": "use", "extern_crate_declaration": "use",
    "foreign_mod_item": "foreign",
}  # fmt: skip


@dataclass(frozen=True)
class Enclosing:
    """The innermost item around a place."""

    kind: str
    """function, method, struct, enum, union, trait, impl, module, const, static, type, macro, invocation, use, foreign;
    file where there is none."""
    path: str
    """The names from the outermost item on: `inner::impl Ord for Key::cmp`; "" for a file and for what has no name."""


def enclosing_item(source: bytes, start: int, end: int) -> Enclosing:
    """The innermost item that holds a byte range whole, its attributes and documentation counted to it."""
    items = _around(source, start, end)
    if not items:
        return Enclosing("file", "")
    path = ""
    for item in items:
        path = under(path, name_of(item))
    kind = _KINDS[items[-1].type]
    inside = items[-2].type if len(items) > 1 else ""
    return Enclosing("method" if kind == "function" and inside in ("impl_item", "trait_item") else kind, path)


def is_test_file(file: str) -> bool:
    """A file of tests or benches by its place."""
    path = PurePosixPath(file)
    return path.name in _TEST_FILES or not _TEST_FOLDERS.isdisjoint(path.parts[:-1])


def is_example_file(file: str) -> bool:
    """A file of a package's examples by its place."""
    folders = PurePosixPath(file).parts[:-1]
    return "examples" in folders and "src" not in folders[: folders.index("examples")]


def is_test_code(source: bytes, start: int, end: int, file: str = "") -> bool:
    """All code in a byte range is for tests, benches or examples alone: by the file's place, or by the syntax around it
    or, for a range of whole items, in it. Documentation is where the range lies in one of its examples.
    """
    if is_test_file(file) or is_example_file(file):
        return True
    if not _MAY_TEST.search(source):
        return False
    root = parse(source).root_node
    if _says_inside(root):
        return True
    smallest = _smallest(root, start, end)
    if _in_example(source, _documentation(smallest), start, end) or _all_for_tests(smallest, start, end):
        return True
    node: Node | None = _owner(smallest)
    while node is not None:
        if _is_for_tests(node):
            return True
        node = node.parent
    return False


def test_spans(source: bytes) -> list[tuple[int, int]]:
    """The byte ranges of all that is in a file for tests alone, outermost, each with what leads it: attributes and the
    comments right above.
    """
    hints = [match.start() for match in _MAY_TEST.finditer(source)]
    if not hints:
        return []
    root = parse(source).root_node
    return [(0, len(source))] if _says_inside(root) else sorted(_spans(root, hints))


def opens_rust(words: bytes) -> bool:
    """What stands behind a fence in documentation makes its block an example that rustdoc compiles."""
    return all(_RUST.fullmatch(word) for word in re.split(rb"[,\s{}]+", words) if word)


def is_testing_macro(name: str) -> bool:
    """Functions in this macro's braces are tests, whatever stands on them."""
    return name.rpartition(":")[2] in _TESTING_MACROS


def is_test_attribute(attribute: str) -> bool:
    """`#[..]` makes what it stands on a test or a bench, or keeps it for builds of tests: `cfg(all(test, ..))` does,
    `cfg(not(test))` and `cfg(any(test, ..))` with something else do not.
    """
    head = _HEAD.match(attribute) if len(attribute) <= _LONGEST else None
    if head is None:
        return False
    path = "".join(head[1].split())
    if path != "cfg":
        return path.rpartition(":")[2] in TESTING
    words = [match[0] for match in _TOKEN.finditer(attribute, head.end())]
    return _needs_test(words)


def _needs_test(words: Sequence[str]) -> bool:
    """The condition of a `cfg`, from its opening bracket on, holds in builds of tests alone."""
    # A stack of (operator, what its parts came to); strings and the names before them are no conditions.
    stack: list[tuple[str, list[bool]]] = [("all", [])]
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word == "(":
            stack.append((words[at - 1] if at else "all", []))
            if len(stack) > _DEEPEST:
                return False
        elif word == ")":
            operator, parts = stack.pop()
            if not stack:
                return parts == [True]
            stack[-1][1].append(
                any(parts) if operator == "all" else bool(parts) and all(parts) if operator == "any" else False
            )
            if len(stack) == 1:
                return any(stack[0][1])
        elif word != "," and following != "(":
            stack[-1][1].append(word in _FOR_TESTS and not following.startswith(('"', "r")))
    return False


def _around(source: bytes, start: int, end: int) -> list[Node]:
    """The items that hold a range, outermost first."""
    node: Node | None = _owner(_smallest(parse(source).root_node, start, end))
    found: list[Node] = []
    while node is not None:
        if node.type in ITEMS and (node.type != "macro_invocation" or _is_item(node)):
            found.append(node)
        node = node.parent
    return found[::-1]


def _owner(node: Node) -> Node:
    """What a node of an attribute or of documentation speaks of, which comes behind it; any other node itself."""
    leading: Node | None = node
    while leading is not None and leading.type not in COMMENTS and leading.type not in _ATTRIBUTES:
        leading = leading.parent
    if leading is None or leading.type == "inner_attribute_item" or _has_marker(leading, "inner_doc_comment_marker"):
        return node
    after: Node | None = leading
    while after is not None and (after.type == "attribute_item" or after.type in COMMENTS):
        after = after.next_named_sibling
    return after or node


def _is_item(invocation: Node) -> bool:
    home = invocation.parent
    if home is not None and home.type == "expression_statement":
        home = home.parent
    return home is not None and home.type in ("source_file", "declaration_list")


def _smallest(root: Node, start: int, end: int) -> Node:
    return root.descendant_for_byte_range(start, max(start, end - 1)) or root


def _is_for_tests(node: Node) -> bool:
    """A node that attributes before it or inside of it, or the macro that it is in, make one for tests."""
    before = node.prev_named_sibling if node.type != "macro_invocation" else None
    while before is not None and (before.type == "attribute_item" or before.type in COMMENTS):
        if before.type == "attribute_item" and is_test_attribute(_text(before)):
            return True
        before = before.prev_named_sibling
    return _is_test_inside(node)


def _spans(root: Node, hints: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Only nodes in which something hints at tests are looked into."""
    todo = [root]
    while todo:
        node = todo.pop()
        found, inner, lead = [], list[Node](), list[Node]()
        for child in node.named_children:
            if child.type in COMMENTS and not _has_marker(child, "inner_doc_comment_marker"):
                lead = [*lead, child] if not lead or _follows(lead[-1], child) else [child]
            elif child.type == "attribute_item":
                lead.append(child)
            else:
                if _is_led_by_test(lead) or _is_test_inside(child):
                    found.append((_lead_start(lead, child), child.end_byte))
                elif _hinted(child, hints):
                    inner.append(child)
                lead = []
        yield from found
        todo += inner


def _is_led_by_test(lead: Sequence[Node]) -> bool:
    return any(node.type == "attribute_item" and is_test_attribute(_text(node)) for node in lead)


def _is_test_inside(node: Node) -> bool:
    if node.type == "macro_invocation":
        named = node.child_by_field_name("macro")
        return named is not None and is_testing_macro(_text(named))
    body = node.child_by_field_name("body")
    return body is not None and _says_inside(body)


def _lead_start(lead: Sequence[Node], item: Node) -> int:
    """Where an item begins with what leads it: comments only from the last blank line on."""
    first = item
    for node in reversed(lead):
        if node.type in COMMENTS and not _follows(node, first):
            break
        first = node
    return first.start_byte


def _follows(before: Node, after: Node) -> bool:
    """No blank line is between the two, and they are not on one line."""
    row, column = before.end_point
    last = row - 1 if column == 0 and row > before.start_point[0] else row
    return after.start_point[0] == last + 1


def _hinted(node: Node, hints: Sequence[int]) -> bool:
    at = bisect_left(hints, node.start_byte)
    return at < len(hints) and hints[at] < node.end_byte


def _says_inside(container: Node) -> bool:
    """Inner attributes, which come first, say that it is for tests."""
    for child in container.named_children:
        if child.type == "inner_attribute_item":
            if is_test_attribute(_text(child)):
                return True
        elif child.type not in COMMENTS:
            return False
    return False


def _all_for_tests(container: Node, start: int, end: int) -> bool:
    """A range of several whole children, with their attributes, all of which are for tests."""
    if container.type not in ("source_file", "declaration_list"):
        return False
    touched = [c for c in container.named_children if c.start_byte < max(end, start + 1) and c.end_byte > start]
    code = [c for c in touched if c.type not in COMMENTS and c.type not in _ATTRIBUTES]
    if not code and touched and touched[-1].type == "attribute_item":
        code = [after for after in [touched[-1].next_named_sibling] if after is not None]
    return bool(code) and all(map(_is_for_tests, code))


def _documentation(node: Node) -> list[Node]:
    """The run of comments that a node lies in, where it is documentation."""
    at: Node | None = node
    while at is not None and at.type not in COMMENTS:
        at = at.parent
    run: list[Node] = []
    while at is not None and at.type in COMMENTS and _is_doc(at):
        run.append(at)
        at = at.prev_named_sibling
    return run[::-1]


def _is_doc(comment: Node) -> bool:
    return _has_marker(comment, "outer_doc_comment_marker") or _has_marker(comment, "inner_doc_comment_marker")


def _has_marker(comment: Node, kind: str) -> bool:
    return any(child.type == kind for child in comment.children)


def _in_example(source: bytes, documentation: Sequence[Node], start: int, end: int) -> bool:
    """A range lies behind an opening fence of Rust and before its end."""
    if not documentation:
        return False
    opened: bytes | None = None
    at = documentation[0].start_byte
    for line in source[at:end].splitlines(keepends=True):
        words = line.lstrip(b" \t/!*")
        # The line that the range begins in is the last to look at: a fence is no code.
        if words.startswith(_FENCES):
            opened = words.strip(b"`~ \t\r\n") if opened is None else None
            if start < at + len(line):
                return False
        at += len(line)
        if start < at:
            break
    return opened is not None and opens_rust(opened)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
