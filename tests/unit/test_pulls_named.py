"""The tests of a file by their names, and what of a file is there for them."""

import pytest

from oxidizer.cluster.outline import test_spans as spans_of_tests
from oxidizer.miners.pulls.named import TestItem, changed_doctests, doctest_items
from oxidizer.miners.pulls.named import test_items as items_of
from tests.unit.made_changes import divided


def test_examples_are_named_as_rustdoc_does() -> None:
    source = """//! ```
//! top();
//! ```
mod inner {
    impl<'a, T: Clone> Stack<'a, T> {
        /// ```
        /// a();
        /// ```
        /// and
        /// ```should_panic
        /// b();
        /// ```
        #[inline]
        pub fn push(&mut self) {}
    }
    /// ~~~
    /// c();
    /// ~~~
    struct Field {
        /**
         * ```
         * d();
         * ```
         */
        x: u8,
    }
}
"""
    found = doctest_items(source.encode())
    assert list(found) == [" #1", "inner::Stack<'a,T>::push #1", "inner::Stack<'a,T>::push #2", "inner::Field #1",
                           "inner::Field::x #1"]  # fmt: skip
    assert b"d();" in found["inner::Field::x #1"]


def test_tests_are_named_as_libtest_does() -> None:
    source = """
#[tokio::test]
async fn top() {}
mod a {
    mod r#b { #[test] #[should_panic] fn c() {} fn helper() {} }
    proptest! { #[test] fn p(x in 0..3) { check(x); } }
    quickcheck! { fn q(x: u8) -> bool { true } }
    req! { simple, b"GET", |r| { r.ok() } }
    cases! { one: 1 => 2, two: 2 => 3 }
    #[cfg(test)]
    fn not_one() {}
}
"""
    assert list(items_of(source.encode())) == ["top", "a::b::c", "a::p", "a::q", "a::simple", "a::one", "a::two"]


def test_spans_take_what_leads_them_along() -> None:
    source = b"fn a() {}\n// far\n\n// near\n#[inline]\n#[test]\nfn t() {}\nfn b() {\n    #[cfg(test)]\n    x();\n}\n"
    assert [source[a:b].split(b"\n")[0] for a, b in spans_of_tests(source)] == [b"// near", b"#[cfg(test)]"]
    assert spans_of_tests(b"#![cfg(test)]\nfn a() {}\n") == [(0, 24)]
    assert spans_of_tests(b"fn a() {}\n") == []


def test_an_example_that_only_moved_has_not_changed() -> None:
    old = {"a #1": b"one", "a #2": b"two"}
    assert {item.path for item in changed_doctests("f", old, {"a #1": b"new", "a #2": b"one", "b #1": b"two"})} == {
        "a #1",
        "b #1",
    }


BODY = """use super::*;

#[test]
fn works() {
    assert_eq!(one(1, 2), 3);
}

cases! { first: 1 => 2, second: 2 => 3 }
"""
INLINE = f"pub fn one() {{}}\n#[cfg(test)]\nmod test {{\n{BODY}}}\n"


@pytest.mark.parametrize(
    "after",
    [
        {"src/lib.rs": INLINE.replace("mod test", "mod tests")},
        {"src/lib.rs": "pub fn one() {}\n#[cfg(test)]\nmod tests;\n", "src/tests.rs": BODY},
        {"src/lib.rs": "pub fn one() {}\n", "tests/all.rs": BODY},
        {"src/lib.rs": INLINE.replace("one(1, 2), 3", "\n        one(\n1, 2,\n),\n3, // why\n    ")},
    ],
    ids=["renamed", "in a file of its own", "outside", "laid out anew"],
)
def test_a_test_that_moves_or_is_laid_out_anew_is_not_written(after: dict[str, str]) -> None:
    _, found, between = divided({"src/lib.rs": INLINE}, after)
    assert sum(text.count(b"works") for _, text in between.values()) in (1, 2)
    assert found.tests == frozenset()


@pytest.mark.parametrize(("old", "new"), [("3)", "4)"), ("#[test]", "#[test]\n#[ignore]"), ("works", "works_well")])
def test_a_test_of_other_tokens_or_another_name_is_written(old: str, new: str) -> None:
    after = INLINE.replace(old, new, 1).replace("mod test", "mod tests")
    _, found, _ = divided({"src/lib.rs": INLINE}, {"src/lib.rs": after})
    assert found.tests == {TestItem("src/lib.rs", "tests::works_well" if new == "works_well" else "tests::works")}


def test_a_case_behind_the_last_one_is_the_only_new_one() -> None:
    after = INLINE.replace("2 => 3", "2 => 3, third: 3 => 4")
    _, found, _ = divided({"src/lib.rs": INLINE}, {"src/lib.rs": after})
    assert {item.path for item in found.tests} == {"test::third"}
