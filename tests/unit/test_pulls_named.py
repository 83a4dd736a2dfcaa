"""The tests of a file by their names, and what of a file is there for them."""

from oxidizer.cluster.outline import test_spans as spans_of_tests
from oxidizer.miners.pulls.named import changed_doctests, doctest_items
from oxidizer.miners.pulls.named import test_items as items_of


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
