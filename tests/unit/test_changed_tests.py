"""What a fix may do to tests: nothing, unless the diagnostic or the mistake stands there, or the fix forces it."""

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, apply, inverse
from oxidizer.cluster.policy import names, refusal, screen
from tests.unit.test_tricks import at, reader, smallest, whole

LIB = "src/lib.rs"
CODE = b"""\
pub fn worth() -> u32 {
    return 1;
}

pub fn twice(n: &u32, loudly: bool) -> Option<u32> {
    let _ = loudly;
    n.checked_mul(2)
}

macro_rules! done { () => { return }; }

pub fn nothing() {
    done!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: u32, b: u32) {
        assert_eq!(a, b);
    }

    #[test]
    fn holds() {
        let spoken = 7;
        assert_eq!(worth(), 1);
        check(worth(), 1);
        twice(&spoken, true).unwrap();
        assert_eq!(twice(&1, false), Some(2));
    }

    #[test]
    fn gives() -> Result<(), String> {
        let spoken = 1;
        if worth() == spoken { Ok(()) } else { Err("no".into()) }
    }
}
"""
ASSERT = b"        assert_eq!(worth(), 1);\n"
CHECK = b"        check(worth(), 1);\n"
OPENED = b"twice(&spoken, true).unwrap();"
GIVEN = b'if worth() == spoken { Ok(()) } else { Err("no".into()) }'
HOLDS = CODE[CODE.index(b"    #[test]\n    fn holds") : CODE.index(b"\n    #[test]\n    fn gives")]
SWALLOWED = (
    b"    macro_rules! t { (#[$t:ident] fn $n:ident() $b:block) => { #[$t] fn $n() {} }; }\n    t! {\n"
    + HOLDS
    + b"    }\n"
)
GUTTED = {
    "swallowed by a macro": (ASSERT, b"        let _ = stringify!({ assert_eq!(worth(), 1) });\n"),
    "behind false": (ASSERT, b"        let _ = false && { assert_eq!(worth(), 1); true };\n"),
    "behind true": (ASSERT, b"        let _ = true || { assert_eq!(worth(), 1); true };\n"),
    "a block is left": (ASSERT, b"        'a: { break 'a; assert_eq!(worth(), 1); }\n"),
    "a loop is left": (ASSERT, b"        loop { break; assert_eq!(worth(), 1); }\n"),
    "for what is there": (ASSERT, b"        let Some(_) = Some(1) else { assert_eq!(worth(), 1); return };\n"),
    "left by a macro": (ASSERT, b"        done!();\n" + ASSERT),
    "a whole test in a macro": (HOLDS, SWALLOWED),
    "by another name": (ASSERT, b"        let worth = || 1;\n" + ASSERT),
    "by a function of its own": (ASSERT, b"        fn worth() -> u32 { 1 }\n" + ASSERT),
    "by what it brings in": (ASSERT, b"        use other::one as worth;\n" + ASSERT),
    "a check is gone": (CHECK, b""),
    "a check is only named": (CHECK, b"        let _ = check;\n"),
    "a check is for another value": (CHECK, b"        check(worth(), 2);\n"),
    "an operand is another": (ASSERT, b"        assert_eq!(other(), 1);\n"),
    "nothing is opened": (OPENED, b"twice(&spoken, true).unwrap_or(0);"),
    "thrown away": (OPENED, b"let _ = twice(&spoken, true);"),
    "always well": (GIVEN, b"let _ = spoken;\n        Ok(())"),
    "leaves first": (GIVEN, b"return Ok(());\n        " + GIVEN),
}
"""Tests that say less, some of them with all of their words in sight."""


def patched(old: bytes, new: bytes, text: bytes = CODE) -> bytes:
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


def refused(
    before: bytes, after: bytes, target: Diagnostic | None = None, file: str = LIB, beside: bytes = b""
) -> set[tuple[str, ...]]:  # fmt: skip
    """The names, with the smallest edit and with the whole file."""
    found = set()
    for cut in (smallest, whole):
        tricks = screen(cut(file, before, after), reader({LIB: beside, file: before}), target=target)
        found.add(names(tricks) if refusal(tricks) else ())
    return found


@pytest.mark.parametrize("spoken", [None, b"pub fn worth", b"spoken = "], ids=["nowhere", "in the code", "in the test"])
@pytest.mark.parametrize("gutted", GUTTED)
def test_no_test_says_less_wherever_the_diagnostic_stands(gutted: str, spoken: bytes | None) -> None:
    old, new = GUTTED[gutted]
    place = CODE.rindex(b"spoken = ") if old == GIVEN else CODE.index(spoken) if spoken else 0
    if spoken == b"pub fn worth":
        place = CODE.index(spoken)
    target = at(LIB, place, "unused_variables") if spoken else None
    wrong = patched(b"return 1;", b"2")
    for before, after in ((CODE, patched(old, new)), (CODE, patched(old, new, wrong))):
        assert () not in refused(before, after, target), gutted


@pytest.mark.parametrize("gutted", GUTTED)
def test_a_mistake_elsewhere_is_no_leave_to_change_tests(gutted: str) -> None:
    """With a source: the code was broken, and the tests are as they were."""
    mistake = smallest(LIB, CODE, patched(b"return 1;", b"return 2;"))
    broken = apply(CODE, mistake)
    panic = at(LIB, broken.index(b"assert_eq!(worth"), None)
    for target in (None, panic):
        tricks = screen(smallest(LIB, broken, patched(*GUTTED[gutted], broken)), reader({LIB: broken}),
                        source=reader({LIB: CODE}), target=target)  # fmt: skip
        assert refusal(tricks) is not None, gutted
    assert screen(inverse(mistake, reader({LIB: CODE})), reader({LIB: broken}), source=reader({LIB: CODE})) == ()


def test_a_mistake_in_a_test_may_be_mended_there_and_no_more() -> None:
    mistake = smallest(LIB, CODE, patched(b"        check(worth(), 1);", b"        check(worth(), true);"))
    broken = apply(CODE, mistake)
    for new, fine in ((b"check(worth(), 1u32)", True), (b"let _ = worth", False), (b"check(worth(), 2)", False)):
        fix = smallest(LIB, broken, patched(b"check(worth(), true)", new, broken))
        tricks = screen(fix, reader({LIB: broken}), source=reader({LIB: CODE}))
        assert (refusal(tricks) is None) == fine, (new, tricks)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"let spoken = 7", b"let spoken: u32 = 7"),
        (b"let spoken = 7", b"let spoken = 7_u32"),
        (b"spoken = 7;\n", b"spoken = 7;\n        let more = worth();\n        drop(more);\n"),
        (b"twice(&spoken, true).unwrap();", b'twice(&spoken, true).expect("twice");'),
        (b"assert_eq!(worth(), 1);", b'assert_eq!(worth(), 1, "worth");'),
    ],
)
def test_where_the_diagnostic_stands_in_a_test_it_may_be_mended(old: bytes, new: bytes) -> None:
    target = at(LIB, CODE.index(b"spoken = "), "unused_variables")
    assert refused(CODE, patched(old, new), target) == {()}
    assert refused(CODE, patched(old, new)) == {("changed_test",)}


def test_what_the_diagnostic_proposes_in_a_test_is_asked_for() -> None:
    start = CODE.index(b".unwrap();")
    span = Span(LIB, start, start + 9, 1, 1, 1, 1, True, None, ".ok()", None, None)
    said = Diagnostic("help", None, "try", (span,), (), "")
    target = Diagnostic("warning", "clippy::unwrap_used", "..", (span,), (said,), "")
    assert refused(CODE, patched(b".unwrap();", b".ok();"), target) == {()}


def test_a_test_may_have_another_name_where_that_is_asked() -> None:
    prefixed = CODE.replace(b"fn holds", b"fn test_holds").replace(
        b"let spoken = 7;", b"let holds = 7;\n let spoken = holds;"
    )
    after = patched(b"fn test_holds", b"fn holds", prefixed)
    asks = at(LIB, prefixed.index(b"test_holds"), "clippy::redundant_test_prefix")
    assert refused(prefixed, after, at(LIB, 0, "clippy::redundant_test_prefix")) == {("changed_test",)}
    assert refused(prefixed, patched(b"check(worth(), 1)", b"check(worth(), 2)", after), asks) == {
        ("changed_expectation",)
    }


def test_what_is_missing_in_a_test_may_be_given_to_it() -> None:
    broken = patched(b"    fn check(a: u32, b: u32) {\n        assert_eq!(a, b);\n    }\n\n", b"")
    given = patched(
        b"\n    #[test]\n    fn gives",
        b"\n    fn check(a: u32, b: u32) {\n        assert_eq!(a, b);\n    }\n\n    #[test]\n    fn gives",
        broken,
    )
    assert refused(broken, given, at(LIB, broken.index(b"check("), "E0425")) == {()}
    assert refused(broken, given) == {("changed_test",)}
    held = b"#[cfg(test)]\nmod tests {\n    struct A;\n    #[test]\n    fn one() {\n        drop(A::new());\n    }\n}\n"
    impl = patched(
        b"    #[test]",
        b"    impl Default for A {\n        fn default() -> Self {\n            A\n        }\n    }\n    #[test]",
        held,
    )
    assert refused(held, impl, at(LIB, held.index(b"A::new"), "E0599")) == {()}
    assert refused(held, impl) == {("changed_test",)}


# What a fix forces.


def test_other_names_may_be_followed() -> None:
    renamed = CODE.replace(b"worth()", b"value()")
    assert refused(CODE, renamed) == {()}
    assert () not in refused(CODE, patched(b"check(value(), 1)", b"check(value(), 2)", renamed))
    # To call what was there already is no renaming.
    other = CODE.replace(b"        assert_eq!(worth(), 1);", b"        assert_eq!(other(), 1);")
    more = b"pub fn other() -> u32 {\n    1\n}\n\n"
    assert () not in refused(more + CODE, more + other)
    # In other files too.
    test, lib = (
        b"use tiny::worth;\n#[test]\nfn one() {\n    assert_eq!(worth(), 1);\n}\n",
        b"pub fn worth() -> u32 {\n    1\n}\n",
    )
    texts = {LIB: lib, "tests/one.rs": test}
    edits = [e for f in texts for e in whole(f, texts[f], texts[f].replace(b"worth", b"value"))]
    assert refusal(screen(edits, reader(texts))) is None
    assert refusal(screen(edits[1:], reader(texts))) is not None


@pytest.mark.parametrize(
    ("pairs", "fine"),
    [
        ([(b"n: &u32,", b"n: u32,"), (b"twice(&spoken", b"twice(spoken"), (b"twice(&1", b"twice(1")], True),
        ([(b", loudly: bool", b""), (b"    let _ = loudly;\n", b""), (b", true)", b")")], True),
        # In an assertion a value less is another expectation.
        ([(b", loudly: bool", b""), (b"    let _ = loudly;\n", b""), (b", false)", b")")], False),
        (
            [(b"-> Option<u32>", b"-> u32"), (b"n.checked_mul(2)", b"n * 2"), (b".unwrap()", b""), (b"Some(2)", b"2")],
            True,
        ),
        ([(b"n: &u32,", b"n: u32,"), (b"twice(&spoken", b"twice(spoken"), (b"twice(&1", b"twice(2")], False),
        ([(b"n: &u32,", b"n: u32,"), (b"twice(&spoken, true).unwrap", b"twice(spoken, true).is_some")], False),
        ([(b"n: &u32,", b"n: u32,"), (b"twice(&spoken, true).unwrap()", b"twice(spoken, true)")], False),
        ([(b"n: &u32,", b"n: u32,"), (b"check(worth(), 1)", b"check(1, 1)")], False),
        ([(b"worth() -> u32", b"worth(n: u32) -> u32"), (b"assert_eq!(worth()", b"assert_eq!(worth(1)")], False),
    ],
)  # fmt: skip
def test_other_arguments_may_be_followed(pairs: list[tuple[bytes, bytes]], fine: bool) -> None:
    after = CODE
    for old, new in pairs:
        after = patched(old, new, after)
    assert (refused(CODE, after) == {()}) == fine
    assert fine or () not in refused(CODE, after)


# What is new among tests.


@pytest.mark.parametrize(
    ("new", "fine"),
    [
        (b"    #[test]\n    fn more() {\n        let worth = 1;\n        assert_eq!(worth, 1);\n    }\n", True),
        (b"    fn fresh() -> u32 {\n        1\n    }\n", True),
        (b"    fn twice(_: &u32, _: bool) -> Option<u32> {\n        Some(2)\n    }\n", False),
        (b"    mod worth {}\n", False),
        (b"    use crate::nothing as worth;\n", False),
        (b"    struct Fresh;\n    impl Clone for Fresh {}\n", True),
        (b"    impl Loud for u32 {}\n", False),
    ],
)  # fmt: skip
def test_new_test_code_has_names_of_its_own(new: bytes, fine: bool) -> None:
    after = patched(b"\n    #[test]\n    fn gives", new + b"\n    #[test]\n    fn gives")
    assert (refused(CODE, after) == {()}) == fine
    module = b"\n#[cfg(test)]\nmod more_tests {\n" + CODE[CODE.index(b"    use super::*") :]
    assert refused(CODE, CODE + module) == {()}


def test_a_file_for_tests_is_known_by_who_names_it() -> None:
    text = b"pub fn alike(a: u32, b: u32) -> bool {\n    a == b\n}\n"
    after = patched(b"a == b", b"true || a == b", text)
    for lib, known in (
        (b"#[cfg(test)]\nmod checks;\n", True),
        (b"#[cfg(any(test, feature = \"testing\"))]\npub(crate) mod checks;\n", True),
        (b"#[cfg(not(test))]\nmod checks;\n", False),
        (b"mod checks;\n", False),
        (b"", False),
    ):  # fmt: skip
        assert refused(text, after, file="src/checks.rs", beside=lib) == {("changed_test",) if known else ()}
    assert refused(b"#![cfg(test)]\n" + text, b"#![cfg(test)]\n" + after, file="src/any.rs") == {("changed_test",)}


def test_what_is_built_for_tests_is_a_test_and_no_more() -> None:
    marked = {
        b"#[cfg(test)]\nconst ONE: u32 = 1;\n": True,
        b"#[cfg(test)]\nstatic ONE: u32 = 1;\n": True,
        b"#[cfg(test)]\npub(crate) fn one() -> u32 {\n    1\n}\n": True,
        b"#[cfg(test)]\nmacro_rules! one {\n    () => { 1 };\n}\n": True,
        b"#[cfg(test)]\nuse one::two1 as two;\n": True,
        b"pub fn one() -> u32 {\n    #[cfg(test)]\n    log();\n    1 + 3\n}\n": False,
        b"#[cfg(not(test))]\nfn one() -> u32 {\n    1 + 3\n}\n": False,
        b"#[cfg(test)]\nimpl A {\n    fn a() {}\n}\nimpl A {\n    pub fn one() -> u32 { 1 + 3 }\n}\n": False,
    }  # fmt: skip
    for text, is_test in marked.items():
        assert refused(text, text.replace(b"1", b"2")) == {("changed_test",) if is_test else ()}, text


def test_what_a_trait_asks_for_is_no_helper_of_tests() -> None:
    text = b"impl From<A> for u32 {\n    fn from(a: A) -> u32 {\n        a.0 + 1\n    }\n}\n" + CODE.replace(
        b"check(worth(), 1)", b"check(u32::from(A(0)), 1)"
    )
    assert refused(text, patched(b"a.0 + 1", b"1 + a.0", text)) == {()}


def test_all_of_it_is_told_once() -> None:
    edits = smallest(LIB, CODE, patched(*GUTTED["by another name"]))
    (trick,) = screen(edits, reader({LIB: CODE}))
    assert (trick.name, trick.file, trick.line) == (
        "changed_test",
        LIB,
        CODE[: CODE.index(b"#[test]")].count(b"\n") + 1,
    )
    assert isinstance(edits[0], Edit)
