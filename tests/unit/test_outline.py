"""What a place is part of: the items around it, and whether they are there for tests alone."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.outline import enclosing_item, is_example_file, is_test_attribute, is_test_code, is_test_file
from oxidizer.cluster.syntax import ITEMS, parse

SOURCES = [p.read_bytes() for p in sorted((Path(__file__).parent.parent / "crates").rglob("*.rs"))]


@pytest.mark.parametrize(
    "attribute",
    ["#[test]", "#[ test ]", "#[tokio::test]", '#[tokio::test(flavor = "x")]', "#[bench]", "#[rstest]", "#[quickcheck]",
     "#[cfg(test)]", "#[ cfg ( test ) ]", "#![cfg(test)]", '#[cfg(all(test, feature = "a"))]', "#[cfg(doctest)]",
     '#[cfg(all(any(unix, windows), all(not(miri), test)))]', "#[cfg(any(test, fuzzing))]", "#[cfg(all(test,))]",
     "#[wasm_bindgen_test]", "#[::core::prelude::v1::test]"],
)  # fmt: skip
def test_attributes_of_tests(attribute: str) -> None:
    assert is_test_attribute(attribute)


@pytest.mark.parametrize(
    "attribute",
    ["#[cfg(not(test))]", '#[cfg(any(test, feature = "std"))]', '#[cfg(feature = "test")]', "#[cfg(any())]",
     "#[cfg(all())]", "#[cfg(all(unix, not(test)))]", "#[cfg_attr(test, derive(Debug))]", "#[contest]", "#[cfg()]",
     "#[cfg(all(not(all(test, unix)), unix))]", '#[doc = "#[test]"]', "#[test::case]", "#[cfg", "", "#[cfg(test",
     '#[cfg(test = "a")]', '#[cfg(feature = r#"a", test"#)]'],
)  # fmt: skip
def test_attributes_of_other_code(attribute: str) -> None:
    assert not is_test_attribute(attribute)


CONDITIONS = st.recursive(
    st.sampled_from(["test", "unix", 'feature = "test"', 'feature = "std"']),
    lambda inner: st.tuples(st.sampled_from(["all", "any", "not"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)


def written(tree: object) -> str:
    if isinstance(tree, str):
        return tree
    word, parts = tree  # type: ignore[misc]
    return f"{word}({', '.join(map(written, parts[:1] if word == 'not' else parts))})"


def holds(tree: object, on: frozenset[str]) -> bool:
    """Whether a build with these conditions has the code."""
    if isinstance(tree, str):
        return tree in on
    word, parts = tree  # type: ignore[misc]
    values = [holds(part, on) for part in parts]
    return not values[0] if word == "not" else all(values) if word == "all" else any(values)


@settings(deadline=None)
@given(CONDITIONS, st.frozensets(st.sampled_from(["unix", 'feature = "test"', 'feature = "std"'])))
def test_no_build_for_users_has_what_is_called_test_code(tree: object, on: frozenset[str]) -> None:
    if is_test_attribute(f"#[cfg({written(tree)})]"):
        assert not holds(tree, on)


@settings(deadline=None)
@given(st.text(alphabet='#![]()=,"r cfgtestanyall\\', max_size=60))
def test_no_attribute_raises(text: str) -> None:
    is_test_attribute("#[cfg(" + text)


def test_long_words_cost_little() -> None:
    began = time.monotonic()
    for text in ("#[cfg(" + "all(" * 50_000, "#[cfg(" + 'r#"' * 50_000, "#[" + " " * 100_000 + "cfg"):
        is_test_attribute(text)
    documentation = b"/// ```" + b" " * 60_000 + b"x\n///" + b" \t" * 30_000 + b"\n/// 1\nfn f() {}"
    is_test_code(documentation, len(documentation) - 12, len(documentation) - 11)
    assert time.monotonic() - began < 3


CODE = b"""\
//! Words 10.
//! ```
//! let a = 11;
//! ```

/// Words 20.
///
/// ```should_panic, edition2021
/// let a = 21;
/// ```
/// ```text
/// 22
/// ```
pub fn live() { let a = 23; }

impl<T: Ord> Ord for Heap<T> {
    fn cmp(&self) -> u8 { fn inner() { 30; } 31 }
    #[cfg(test)]
    fn only() { 32; }
}

pub trait Named { const N: u8 = 40; fn name(&self) { 41; } }

#[cfg(test)]
mod tests {
    use super::*;
    const A: u8 = 50;
    /// Words 51.
    #[test]
    fn one() { 52; }
    mod deep { pub fn two() { 53; } }
}

#[cfg(not(test))]
mod real { fn three() { 60; } }

mod checks {
    #![cfg(test)]
    fn four() { 70; }
}

/// Words 80.
#[tokio::test]
async fn five() { 81; }

fn six() {
    #[cfg(test)]
    log(90);
    log(91);
}

proptest! { fn seven(a in 0..100) { 100; } }

thread_local! { static T: u8 = 110; }

/** Words.
```
let a = 120;
```
*/
static S: u8 = 121;
"""
TESTS = {11, 21, 32, 50, 51, 52, 53, 70, 80, 81, 90, 100, 120}
PLACES = {m: n for m, n in ((m, int(m[0])) for m in re.finditer(rb"\b\d\d+\b", CODE)) if n not in (2021,)}


@pytest.mark.parametrize("place", [pytest.param(m.span(), id=str(n)) for m, n in PLACES.items()])
def test_code_for_tests_is_told_by_its_syntax(place: tuple[int, int]) -> None:
    number = int(CODE[place[0] : place[1]])
    assert is_test_code(CODE, *place) == (number in TESTS)
    assert is_test_code(CODE, *place, "tests/it.rs")
    assert is_test_code(b"#![cfg(test)]\n" + CODE, place[0] + 14, place[1] + 14)


PARTS = [
    ("#[cfg(test)]\nmod tests {\n    use super::*;\n}", True),
    ("#[test]\nfn a() {}\n\n#[test]\nfn b() {}", True),
    ("#[test]\nfn a() {}\n\nfn b() {}", False),
    ("/// Words.\n#[test]\nfn a() {}", True),
    ("fn test() {}", False),
    ("// test\n", False),
    ("", False),
]


@pytest.mark.parametrize(("part", "expected"), PARTS)
def test_a_part_of_whole_items_is_told_by_what_it_holds(part: str, expected: bool) -> None:
    assert is_test_code(part.encode(), 0, len(part)) == expected


def test_an_attribute_is_of_the_item_behind_it() -> None:
    at = CODE.index(b"#[tokio")
    assert is_test_code(CODE, at, at + 9)
    assert enclosing_item(CODE, at, at + 9).path == "five"


@pytest.mark.parametrize(
    ("number", "kind", "path"),
    [
        (10, "file", ""),
        (20, "function", "live"),
        (23, "function", "live"),
        (30, "function", "impl Ord for Heap::cmp::inner"),
        (31, "method", "impl Ord for Heap::cmp"),
        (40, "const", "Named::N"),
        (41, "method", "Named::name"),
        (50, "const", "tests::A"),
        (53, "function", "tests::deep::two"),
        (91, "function", "six"),
        (110, "invocation", ""),
        (121, "static", "S"),
    ],
)
def test_the_item_around_a_place(number: int, kind: str, path: str) -> None:
    at = next(m.start() for m, n in PLACES.items() if n == number)
    found = enclosing_item(CODE, at, at + 1)
    assert (found.kind, found.path) == (kind, path)


@pytest.mark.parametrize(
    ("file", "test", "example"),
    [
        ("tests/it.rs", True, False),
        ("crates/a/tests/common/mod.rs", True, False),
        ("benches/b.rs", True, False),
        ("src/tests.rs", True, False),
        ("examples/demo.rs", False, True),
        ("a/examples/b/main.rs", False, True),
        ("src/examples/mod.rs", False, False),
        ("src/latest.rs", False, False),
    ],
)
def test_places_of_tests_and_examples(file: str, test: bool, example: bool) -> None:
    assert (is_test_file(file), is_example_file(file)) == (test, example)


@settings(deadline=None)
@given(st.data())
def test_any_range_of_any_file_has_an_answer(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(SOURCES) | st.binary(max_size=80))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(source))] * 2)))
    is_test_code(source, start, end)
    enclosing_item(source, start, end)


@pytest.mark.parametrize("source", SOURCES[:20])
def test_an_item_lies_in_itself(source: bytes) -> None:
    for node in parse(source).root_node.named_children:
        name = node.child_by_field_name("name")
        if node.type in ITEMS and name is not None:
            assert enclosing_item(source, node.start_byte, node.end_byte).path == (name.text or b"").decode()
