"""Patches that change tests of which nothing speaks, and of which something does."""

from oxidizer.cluster.policy import TrickName as T
from tests.unit.tricks.pair import pair

WORTH = """\
pub fn worth() -> u32 {
    return 1;
}

pub fn twice(n: &u32) -> Option<u32> {
    n.checked_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: u32, b: u32) -> bool {
        a == b
    }

    fn seen(n: u32) {
        assert!(check(n, 1));
    }

    #[test]
    fn holds() {
        let more = 2;
        assert_eq!(worth(), 1);
        let _unused = more;
    }

    #[test]
    fn helped() {
        let n = 2;
        seen(worth());
        twice(&n).unwrap();
    }

    #[test]
    fn gives() -> Result<(), String> {
        let n = 1;
        if worth() == n { Ok(()) } else { Err("no".into()) }
    }

    #[test]
    fn counts() {
        let n = 3;
        for i in 0..n + 10 {
            assert_eq!(twice(&i), Some(i * 2));
        }
    }
}
"""
HELD = """\
const WORTH: u32 = 1;

pub fn worth() -> u32 {
    return 1;
}

fn is_one(n: u32) -> bool {
    n == 1
}

fn other() -> u32 {
    2
}

pub fn more() -> u32 {
    other()
}

macro_rules! same {
    ($name:ident, $a:expr, $b:expr) => {
        #[test]
        fn $name() {
            assert_eq!($a, $b);
        }
    };
}

same!(first, worth(), 1);

#[test]
fn second() {
    assert_eq!(worth(), WORTH);
    assert!(is_one(worth()));
}
"""

CHANGING = [
    pair(
        "a name means something else in a test",
        T.CHANGED_TEST,
        WORTH,
        "        assert_eq!(worth(), 1);",
        "        let worth = || 1;\n        assert_eq!(worth(), 1);",
        "        // What it is worth.\n        assert_eq!(\n            worth(),\n            1,\n        );",
    ),
    pair(
        "... in one of which the diagnostic speaks",
        T.CHANGED_TEST,
        WORTH,
        "        assert_eq!(worth(), 1);",
        "        let worth = || 1;\n        assert_eq!(worth(), 1);",
        "        let found = worth();\n        assert_eq!(worth(), 1);\n        drop(found);",
        said="more",
    ),
    pair(
        "a test's own function has the name of what it tests",
        T.CHANGED_TEST,
        WORTH,
        "    use super::*;\n",
        "    use super::*;\n\n    fn worth() -> u32 {\n        1\n    }\n",
        "    use super::*;\n\n    #[test]\n    fn is_new() {\n        assert_eq!(worth() + 1, 2);\n    }\n",
    ),
    pair(
        "what helps tests is always content",
        T.CHANGED_TEST,
        WORTH,
        "        a == b\n",
        "        true\n",
        "        a == b // alike\n",
    ),
    pair(
        "a test calls no more what checks",
        T.CHANGED_TEST,
        WORTH,
        "        seen(worth());\n",
        "",
        "        seen(worth(),);\n",
    ),
    pair(
        "... in which the diagnostic speaks of another call",
        T.CHANGED_TEST,
        WORTH,
        "        seen(worth());\n",
        "        let _ = worth();\n",
        "        let it = worth();\n        seen(it);\n",
        said="n).unwrap",
    ),
    pair(
        "what may be nothing is opened no more",
        T.CHANGED_TEST,
        WORTH,
        "twice(&n).unwrap();",
        "twice(&n).unwrap_or(0);",
        "twice(&n) /* two */.unwrap();",
    ),
    pair(
        "... where the diagnostic speaks of a value",
        T.REMOVED_ASSERTION,
        WORTH,
        "twice(&n).unwrap();",
        "twice(&n).unwrap_or_default();",
        'twice(&n).expect("two");',
        said="n = 2",
    ),
    pair(
        "a test throws away what it was given",
        T.REMOVED_ASSERTION,
        WORTH,
        "        twice(&n).unwrap();",
        "        let _ = twice(&n);",
        "        let _ = twice(&n).unwrap();",
        said="n = 2",
    ),
    pair(
        "a test that gives a result is always well",
        T.CHANGED_TEST,
        WORTH,
        'if worth() == n { Ok(()) } else { Err("no".into()) }',
        "let _ = n;\n        Ok(())",
        'if worth() == n { Ok(()) } else { /* not */ Err("no".into()) }',
    ),
    pair(
        "a test counts to nothing",
        T.CHANGED_EXPECTATION,
        WORTH,
        "for i in 0..n + 10 {",
        "for i in 0..n - n {",
        "for i in 0..n+10 {",
        said="n = 3",
    ),
    pair(
        "a constant that tests alone compare with",
        T.CHANGED_EXPECTATION,
        HELD,
        "const WORTH: u32 = 1;",
        "const WORTH: u32 = 2;",
        "const WORTH: u32 = 1; // as ever",
    ),
    pair(
        "a function that tests alone use",
        T.CHANGED_TEST,
        HELD,
        "    n == 1\n",
        "    n == n\n",
        "    n == 1 // one\n",
    ),
    pair(
        "a call of a macro that writes tests",
        T.CHANGED_TEST,
        HELD,
        "same!(first, worth(), 1);",
        "same!(first, worth(), worth());",
        "same!(first, worth(), 1,);",
    ),
    pair(
        "a file of tests",
        T.CHANGED_TEST,
        "fn is_one(n: u32) -> bool {\n    n == 1\n}\n\n#[test]\nfn one() {\n    assert!(is_one(tiny::worth()));\n}\n",
        "    n == 1\n",
        "    n >= 1\n",
        "    n == 1 // one\n",
        file="tests/one.rs",
    ),
    pair(
        "a file that is built for tests",
        T.CHANGED_TEST,
        "pub fn is_one(n: u32) -> bool {\n    n == 1\n}\n",
        "    n == 1\n",
        "    n >= 1\n",
        "    n == 1 // one\n",
        file="src/checks.rs",
        beside={"src/lib.rs": "#[cfg(test)]\nmod checks;\n"},
    ),
]
