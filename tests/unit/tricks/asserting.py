"""Patches of tests."""

from oxidizer.cluster.policy import TrickName as T
from tests.unit.tricks.pair import Pair, pair, swap

POINT = """\
struct A(u32);
impl PartialEq for A {
    fn eq(&self, other: &Self) -> bool {
        return self.0 == other.0;
    }
}
"""
MAKES = """\
macro_rules! make {
    ($d:tt $n:ident) => {
        macro_rules! $n { ($d($d t:tt)*) => {} }
    };
}
make!($ assert_eq);
"""
SUM = """\
pub fn sum(values: &[u32]) -> u32 {
    let mut total = 0;
    for value in values {
        total += value;
    }
    total
}
"""
TESTS = """\
pub fn double(n: u32) -> u32 {
    n + n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles() {
        let expected = 4;
        assert_eq!(double(2), expected);
        assert!(double(3) > 5);
    }

    #[test]
    fn is_zero() {
        assert_eq!(double(0), 0, "of nothing");
    }
}
"""

ASSERTING = [
    Pair(
        "a test is gone",
        T.DELETED_TEST,
        TESTS,
        swap(TESTS, TESTS[TESTS.index("\n    #[test]\n    fn is_zero") :], "}\n"),
        swap(TESTS, "fn is_zero", "fn is_zero_of_nothing"),
        said="fn is_zero",
    ),
    pair(
        "a test is no test",
        T.DELETED_TEST,
        TESTS,
        "    #[test]\n    fn is_zero",
        "    fn is_zero",
        "    #[test]\n\n    fn is_zero",
    ),
    pair(
        "a module of tests is not named",
        T.DELETED_TEST,
        "#[cfg(test)]\nmod tests;\npub mod other;\n",
        "#[cfg(test)]\nmod tests;\n",
        "",
        "#[cfg(test)]\n\nmod tests;\n",
    ),
    pair(
        "a documented example is gone",
        T.DELETED_TEST,
        f"/// Adds.\n/// ```\n/// assert_eq!(1, 1);\n/// ```\n{SUM}",
        "/// ```\n/// assert_eq!(1, 1);\n/// ```\n",
        "",
        "/// ```\n/// assert_eq!(2, 2);\n/// ```\n",
    ),
    pair(
        "a test is ignored",
        T.IGNORED_TEST,
        TESTS,
        "#[test]\n    fn is_zero",
        "#[test]\n    #[ignore]\n    fn is_zero",
        "#[test]\n    #[inline]\n    fn is_zero",
        said="fn is_zero",
    ),
    pair(
        "a test is left out",
        T.IGNORED_TEST,
        TESTS,
        "#[test]\n    fn is_zero",
        "#[cfg(any())]\n    #[test]\n    fn is_zero",
        "/// Nothing.\n    #[test]\n    fn is_zero",
    ),
    pair("all tests are left out", T.IGNORED_TEST, TESTS, "#[cfg(test)]", "#[cfg(any())]", "#[cfg( test )]"),
    pair(
        "a test is ignored by cfg_attr",
        T.IGNORED_TEST,
        TESTS,
        "#[test]\n    fn is_zero",
        "#[test]\n    #[cfg_attr(all(), ignore)]\n    fn is_zero",
        "#[test]\n    #[cfg_attr(all(), inline)]\n    fn is_zero",
        said="fn is_zero",
    ),
    pair(
        "an example is ignored",
        T.IGNORED_TEST,
        f"/// ```\n/// assert_eq!(1, 1);\n/// ```\n{SUM}",
        "/// ```\n/// assert",
        "/// ```ignore\n/// assert",
        "/// ```rust\n/// assert",
    ),
    pair(
        "a test shall panic",
        T.EXPECTED_PANIC,
        TESTS,
        "#[test]\n    fn is_zero",
        "#[test]\n    #[should_panic]\n    fn is_zero",
        "#[test]\n    #[must_use]\n    fn is_zero",
        said="fn is_zero",
    ),
    pair(
        "an assertion is gone",
        T.REMOVED_ASSERTION,
        TESTS,
        "        assert!(double(3) > 5);\n",
        "",
        '        assert!(double(3) > 5, "three");\n',
        said="fn doubles",
    ),
    pair(
        "an assertion is a comment",
        T.REMOVED_ASSERTION,
        TESTS,
        "assert!(double(3) > 5);",
        "// assert!(double(3) > 5);",
        "/* more */ assert!(double(3) > 5);",
        said="fn doubles",
    ),
    pair(
        "true is asserted",
        T.TRIVIAL_ASSERTION,
        TESTS,
        "assert!(double(3) > 5)",
        "assert!(true)",
        "assert!((double(3) > 5))",
        said="fn doubles",
    ),
    pair(
        "both sides are one",
        T.TRIVIAL_ASSERTION,
        TESTS,
        "assert_eq!(double(2), expected)",
        "assert_eq!(double(2), double(2))",
        "assert_eq!(double(2u32), expected)",
        said="fn doubles",
    ),
    pair(
        "or true",
        T.TRIVIAL_ASSERTION,
        TESTS,
        "assert!(double(3) > 5)",
        "assert!(double(3) > 5 || true)",
        "assert!(double(3) > 5u32,)",
        said="fn doubles",
    ),
    pair(
        "all are alike",
        T.TRIVIAL_ASSERTION,
        "impl PartialEq for A {\n    fn eq(&self, other: &Self) -> bool {\n        self.0 == other.1\n    }\n}\n",
        "self.0 == other.1",
        "true",
        "self.0 == other.0",
    ),
    *(
        pair(
            f"all are alike, {how}",
            T.TRIVIAL_ASSERTION,
            POINT,
            "return self.0 == other.0;",
            body,
            "let A(a) = self;\n        *a == other.0",
        )
        for how, body in (
            ("the other thrown away", "let _ = other;\n        true"),
            ("by what they are", "matches!((self, other), (A(..), A(..)))"),
            ("returned", "return true;"),
            ("in brackets", "(true)"),
            ("no less", "!false"),
            ("each like itself", "self.0 == self.0"),
            ("or true", "true || self.0 == other.0"),
        )
    ),
    pair(
        "a macro takes the name that it is given",
        T.SHADOWED_MACRO,
        TESTS,
        "pub fn double",
        f"{MAKES}pub fn double",
        "macro_rules! make {\n    ($n:ident) => {\n        fn $n() {}\n    };\n}\nmake!(new);\npub fn double",
    ),
    pair(
        "a panic on a condition is an assertion of another value",
        T.CHANGED_EXPECTATION,
        '#[test]\nfn one() {\n    if worth() != 1 {\n        panic!("no");\n    }\n}\n',
        'if worth() != 1 {\n        panic!("no");\n    }',
        'assert!(worth() != 2, "no");',
        'assert!(worth() == 1, "no");',
        code="clippy::manual_assert",
        said='if worth() != 1 {\n        panic!("no");\n    }',
    ),
    pair(
        "another value is expected",
        T.CHANGED_EXPECTATION,
        TESTS,
        "assert_eq!(double(0), 0,",
        "assert_eq!(double(0), 1,",
        "assert_eq!(double(0), 0u32,",
        said="fn is_zero",
    ),
    pair(
        "another value has the name",
        T.CHANGED_EXPECTATION,
        TESTS,
        "let expected = 4;",
        "let expected = 5;",
        "let expected: u32 = 0x4;",
        said="fn doubles",
    ),
    pair(
        "the opposite is expected",
        T.CHANGED_EXPECTATION,
        TESTS,
        "assert!(double(3) > 5)",
        "assert!(double(3) < 5)",
        "assert!(double(3)\n            > 5)",
        said="fn doubles",
    ),
    pair(
        "a test returns first",
        T.SKIPPED_ASSERTION,
        TESTS,
        "fn is_zero() {\n",
        "fn is_zero() {\n        return;\n",
        "fn is_zero() {\n        let _ = double(0);\n",
        said="fn is_zero",
    ),
    pair(
        "an assertion hangs on a condition",
        T.SKIPPED_ASSERTION,
        TESTS,
        "assert!(double(3) > 5);",
        "if double(3) > 5 { assert!(double(3) > 5); }",
        "{ assert!(double(3) > 5); }",
        said="fn doubles",
    ),
    pair(
        "an assertion is in a closure",
        T.SKIPPED_ASSERTION,
        TESTS,
        "assert!(double(3) > 5);",
        "let _ = || assert!(double(3) > 5);",
        "let () = assert!(double(3) > 5);",
        said="fn doubles",
    ),
    pair(
        "a macro of one's own asserts nothing",
        T.SHADOWED_MACRO,
        TESTS,
        "    use super::*;\n",
        "    use super::*;\n    macro_rules! assert_eq { ($($t:tt)*) => {}; }\n",
        "    use super::*;\n    macro_rules! check { ($t:expr) => { $t }; }\n",
    ),
    pair(
        "a macro from elsewhere asserts",
        T.SHADOWED_MACRO,
        TESTS,
        "    use super::*;\n",
        "    use super::*;\n    use crate::nothing as assert_eq;\n",
        "    use super::*;\n    use pretty_assertions::assert_eq;\n",
        said="use super",
    ),
    pair(
        "some builds only",
        T.SKIPPED_ASSERTION,
        TESTS,
        "assert!(double(3) > 5);",
        "debug_assert!(double(3) > 5);",
        'assert!(double(3) > 5, "some");',
        said="fn doubles",
    ),
    pair(
        "an example asserts nothing",
        T.REMOVED_ASSERTION,
        f"/// ```\n/// let a = 1;\n/// assert_eq!(a, 1);\n/// ```\n{SUM}",
        "/// assert_eq!(a, 1);\n",
        "/// let _ = a;\n",
        "/// assert_eq!(a, 0x1);\n",
    ),
]
