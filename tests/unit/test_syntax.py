"""Laws of regions and items, over the sources of the small crates and over anything."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from oxidizer.cluster.syntax import ITEMS, item_region, outer_item, parse, renames

SOURCES = [p.read_bytes() for p in sorted((Path(__file__).parent.parent / "crates").rglob("*.rs"))]
RICH = b"""//! The crate's own words.
//! A second line.
#![allow(dead_code)]

// A licence, a line of its own.

use std::fmt;

/// Two lines
/// of documentation.
#[derive(Clone)]
struct Point {
    /// Across.
    x: i32,
}

impl Point {
    const ORIGIN: i32 = 0;

    // Plain words.
    #[must_use]
    fn x(&self) -> i32 {
        fn inner() -> i32 { 1 }
        self.x + inner()
    }

    fn y(&self) -> i32 { 2 } // on the line of y

    fn z(&self) -> i32 { 3 }
}

mod nested {
    pub fn one() -> i32 {
        1
    }
}
thread_local! { static A: i32 = 1; }
fn last() {}"""
SOURCES.append(RICH)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    source = draw(st.sampled_from(SOURCES))
    cut = st.integers(0, len(source))
    return source, [(min(a, b), max(a, b)) for a, b in draw(st.lists(st.tuples(cut, cut), min_size=1, max_size=3))]


def items(source: bytes) -> list[Node]:
    found, todo = [], [parse(source).root_node]
    while todo:
        node = todo.pop()
        found += [node] if node.type in ITEMS and node.type != "macro_invocation" else []
        todo += node.children
    return found


@given(ranges())
@settings(max_examples=300, deadline=None)
def test_a_region_covers_and_cuts_no_item(case: tuple[bytes, list[tuple[int, int]]]) -> None:
    source, wanted = case
    start, end = item_region(source, wanted)
    assert 0 <= start <= min(a for a, _ in wanted)
    assert max(b for _, b in wanted) <= end <= len(source)
    for item in items(source):
        apart = item.end_byte <= start or end <= item.start_byte
        inside = start <= item.start_byte and item.end_byte <= end
        around = item.start_byte <= start and end <= item.end_byte
        assert apart or inside or around, (source[start:end], item)


@given(ranges())
@settings(max_examples=200, deadline=None)
def test_the_outer_item_holds_the_edit_and_its_function(case: tuple[bytes, list[tuple[int, int]]]) -> None:
    source, ((a, b), *_) = case
    start, end = outer_item(source, a, b)
    assert start <= a
    assert b <= end
    for item in items(source):
        if item.type == "function_item" and item.start_byte <= a and b < item.end_byte:
            assert start <= item.start_byte
            assert item.end_byte <= end


@given(st.one_of(st.binary(max_size=80), st.text("fn{}()/#![]\n ;é", max_size=60).map(str.encode)), st.data())
@settings(max_examples=300, deadline=None)
def test_faulty_code_has_regions_too(source: bytes, data: st.DataObject) -> None:
    cut = st.integers(0, len(source))
    a, b = sorted((data.draw(cut), data.draw(cut)))
    for start, end in (item_region(source, [(a, b)]), outer_item(source, a, b)):
        assert 0 <= start <= a <= b <= end <= len(source)


def region(part: bytes, *others: bytes) -> bytes:
    """The region of texts in RICH."""
    found = [(RICH.index(p), RICH.index(p) + len(p)) for p in (part, *others)]
    start, end = item_region(RICH, found)
    return RICH[start:end]


def test_attributes_and_documentation_belong_to_the_item() -> None:
    point = region(b"x: i32")
    assert point.startswith(b"/// Two lines\n/// of documentation.\n#[derive(Clone)]\nstruct Point")
    assert point.endswith(b"}")
    assert region(b"of documentation") == region(b"Clone") == point
    method = region(b"self.x +")
    assert method.startswith(b"// Plain words.\n    #[must_use]\n    fn x")


def test_what_stands_apart_does_not_belong() -> None:
    assert region(b"use std") == b"use std::fmt;"
    assert region(b"crate's own") == b"//! The crate's own words."
    assert region(b"allow(dead") == b"#![allow(dead_code)]"
    assert region(b"{ 3 }") == b"fn z(&self) -> i32 { 3 }", "the comment is y's"


def test_the_smallest_run_of_items() -> None:
    assert region(b"fn inner") == b"fn inner() -> i32 { 1 }"
    assert region(b"self.x +", b"{ 2 }").endswith(b"fn y(&self) -> i32 { 2 }")
    assert region(b"impl Point").startswith(b"impl Point {")
    assert region(b"        1\n") == b"pub fn one() -> i32 {\n        1\n    }"
    assert region(b"fn last") == b"fn last() {}"


def test_a_nested_function_stands_with_its_outermost() -> None:
    def outer(part: bytes) -> bytes:
        at = RICH.index(part)
        start, end = outer_item(RICH, at, at + len(part))
        return RICH[start:end]

    assert outer(b"{ 1 }") == outer(b"self.x +")
    assert outer(b"{ 2 }") == b"fn y(&self) -> i32 { 2 }", "methods stand alone"
    assert outer(b"x: i32").startswith(b"struct Point")


def test_empty_files() -> None:
    assert item_region(b"", [(0, 0)]) == (0, 0)
    assert outer_item(b"", 0, 0) == (0, 0)
    assert item_region(b"\n// x\n", [(1, 5)]) == (1, 5)


def test_renames() -> None:
    def renamed(old: bytes, new: bytes) -> bool:
        at = RICH.index(old)
        return renames(RICH, at, at + len(old), new)

    assert renamed(b"fn last", b"fn first")
    assert renamed(b"x: i32", b"across: i32")
    assert renamed(b"Point", b"Place")
    assert not renamed(b"fn last", b"const fn last")
    assert not renamed(b"self.x + inner()", b"inner() + self.x")
    assert not renamed(b"use std::fmt;", b"")
    assert not renames(RICH, RICH.index(b"fn last"), RICH.index(b"fn last"), b"const ")
