"""The policy's own rules: what the source has, what a diagnostic asks for, flags; and no patch makes it stumble."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster import policy
from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, EditConflict, apply, inverse
from oxidizer.cluster.policy import DEFAULT, LESSON, RECORD, Policy, TrickName, flagged, names, refusal, screen
from oxidizer.cluster.syntax import parse
from oxidizer.cluster.verdict import GREEN, Reason

LIB = "src/lib.rs"
SOURCE = b"#[warn(dead_code)]\nfn f() { g(); panic!(); }\n#[allow(unused)]\nfn g() {}\n"
POINTER = b"pub struct P(*mut u8);\n\nimpl P {\n    pub fn get(&self) -> u8 {\n        unsafe { *self.0 }\n    }\n}\n"
KIND = b"pub fn size(n: u8) -> u8 {\n    match n {\n        0 => 1,\n        _ => panic!(),\n    }\n}\n"
MANIFEST = b'[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n'


def edit(old: bytes, new: bytes, text: bytes = SOURCE, file: str = LIB) -> Edit:
    start = text.index(old)
    return Edit(file, start, start + len(old), new)


def reader(texts: Mapping[str, bytes]) -> Callable[[str], bytes]:
    def read(file: str) -> bytes:
        if file not in texts:
            raise FileNotFoundError(file)
        return texts[file]

    return read


def diagnostic(code: str | None, file: str = LIB, start: int = 0, end: int = 1) -> Diagnostic:
    span = Span(file, start, end, 1, 1, 1, 1, True, None, None, None, None)
    return Diagnostic("error", code, "what is wrong", (span,), (), "")


def lesson(*edits: Edit, text: bytes = SOURCE) -> tuple[str, ...]:
    return names(screen(edits, lambda _: text, policy=LESSON))


# What silences, as lessons are kept from it.


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"fn f", b"#[allow(dead_code)]\nfn f"),
        (b"fn f", b"#![expect(unused)] fn f"),
        (b"fn f", b"# [ cfg(any()) ] fn f"),
        (b"fn f", b"#[cfg_attr(all(), allow(dead_code))]\nfn f"),
        (b"fn g", b"#[ignore]\nfn g"),
        (b"warn", b"allow"),
        (b"g();", b"todo!();"),
        (b"g();", b"unimplemented!();"),
        (b"panic!", b"todo!"),
        (b"unused", b"dead_code"),
    ],
)
def test_silencers(old: bytes, new: bytes) -> None:
    assert len(lesson(edit(old, new))) == 1


def test_what_is_allowed_on_a_condition_is_not_allowed_always() -> None:
    def silences(old: bytes, new: bytes) -> bool:
        text = old + b"\nfn f() {}\n"
        return bool(screen([Edit("src/lib.rs", 0, len(old), new)], lambda _: text, policy=LESSON))

    assert silences(b"#[cfg_attr(clippy, allow(unused))]", b"#[allow(unused)]")
    assert not silences(b'#[cfg_attr(feature = "cargo-clippy", allow(unused))]', b"#[cfg_attr(clippy, allow(unused))]")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"#[allow(unused)]\n", b""), (b"#[allow(unused)]", b"#[expect(unused)]"), (b"g();", b""), (b"fn g", b"fn h")],
)
def test_no_silencers(old: bytes, new: bytes) -> None:
    assert lesson(edit(old, new)) == ()


def test_taking_one_away_pays_for_no_other() -> None:
    assert lesson(edit(b"#[allow(unused)]\n", b""), edit(b"fn f", b"#[allow(unused)] fn f")) == ("silenced_lint",)
    assert lesson(edit(b"#[allow(unused)]\nfn g", b"#[allow(unused)]\nfn h")) == ()


def test_edits_that_clash_or_name_no_file_are_refused() -> None:
    with pytest.raises(EditConflict):
        screen([edit(b"g();", b""), edit(b"g();", b"h();")], lambda _: SOURCE)
    with pytest.raises(FileNotFoundError):
        screen([Edit("src/nowhere.rs", 0, 0, b"x")], reader({LIB: SOURCE}))


# What the source has.


@pytest.mark.parametrize(
    ("source", "old", "new", "name"),
    [
        (POINTER, b"unsafe { *self.0 }", b"*self.0", "new_unsafe"),
        (KIND, b"        _ => panic!(),\n", b"", "panic_in_place"),
        (SOURCE, b"#[allow(unused)]\n", b"", "silenced_lint"),
    ],
)
def test_what_the_source_has_is_no_trick(source: bytes, old: bytes, new: bytes, name: str) -> None:
    mistake = [edit(old, new, source)]
    broken, back = apply(source, mistake), inverse(mistake, lambda _: source)
    assert names(screen(back, lambda _: broken)) == (name,)
    assert screen(back, lambda _: broken, source=lambda _: source) == ()
    # Beside the gold fix, in the same function, it is still none.
    more = (*back, Edit(LIB, len(broken), len(broken), b"\npub const MORE: u8 = 1;\n"))
    assert screen(more, lambda _: broken, source=lambda _: source) == ()


def test_what_the_source_has_elsewhere_is_a_trick_here() -> None:
    source = POINTER + b"\npub fn other(p: *const u8) -> u8 {\n    p as usize as u8\n}\n"
    mistake = [edit(b"p as usize as u8", b"p as u8", source)]
    broken = apply(source, mistake)
    fix = [edit(b"p as u8", b"unsafe { *p }", broken)]
    assert names(screen(fix, lambda _: broken, source=lambda _: source)) == ("new_unsafe",)


def test_the_words_of_a_source_are_no_licence_for_more_of_them() -> None:
    mistake = [edit(b"unsafe { *self.0 }", b"*self.0", POINTER)]
    broken = apply(POINTER, mistake)
    twice = [edit(b"*self.0\n", b"unsafe { let a = unsafe { *self.0 }; a }\n", broken)]
    assert names(screen(twice, lambda _: broken, source=lambda _: POINTER)) == ("new_unsafe",)


@pytest.mark.parametrize("new", [b"cfg!(any())", b'#[allow(unused)] { cfg!(feature = "serde") }'])
def test_a_misspelt_cfg_asks_for_no_more_than_another(new: bytes) -> None:
    text = b'#[allow(dead_code)]\nfn f() -> bool { cfg!(feature = "sered") }\n'
    old = b'cfg!(feature = "sered")'
    fix = [edit(b"#[allow(dead_code)]\n", b"", text), edit(old, new, text)]
    target = diagnostic("unexpected_cfgs", start=text.index(b"sered"), end=text.index(b'")'))
    assert len(names(screen(fix, lambda _: text, target=target))) == 1
    assert screen([edit(b"sered", b"serde", text)], lambda _: text, target=target) == ()


@pytest.mark.parametrize(
    ("code", "with_source", "expected"),
    [
        ("E0133", False, ()),
        ("E0308", False, ("new_unsafe",)),
        (None, False, ("new_unsafe",)),
        ("E0133", True, ("new_unsafe",)),
    ],
)
def test_new_unsafe_is_for_e0133_where_there_is_no_source(
    code: str | None, with_source: bool, expected: tuple[str, ...]
) -> None:
    safe = POINTER.replace(b"unsafe { *self.0 }", b"self.0 as u8")
    broken = POINTER.replace(b"unsafe { *self.0 }", b"*self.0")
    source = (lambda _: safe) if with_source else None
    fix = [edit(b"*self.0", b"unsafe { *self.0 }", broken)]
    assert names(screen(fix, lambda _: broken, source=source, target=diagnostic(code))) == expected
    impl = [Edit(LIB, len(broken), len(broken), b"\nunsafe impl Send for P {}\n")]
    assert names(screen(impl, lambda _: broken, target=diagnostic("E0133"))) == ("new_unsafe",)


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("missing_unsafe_on_extern", b'extern "C" { fn f(); }\n', b'unsafe extern "C" { fn f(); }\n'),
        ("unsafe_attr_outside_unsafe", b"#[no_mangle]\nfn f() {}\n", b"#[unsafe(no_mangle)]\nfn f() {}\n"),
        ("unsafe_op_in_unsafe_fn", b"unsafe fn f() { g(); h() }\n", b"unsafe fn f() { unsafe { g(); h() } }\n"),
        ("unsafe_op_in_unsafe_fn", b"unsafe fn f() { g(); h() }\n", b"unsafe fn f() { unsafe { g() }; h() }\n"),
        (
            "clippy::multiple_unsafe_ops_per_block",
            b"fn f() -> u8 { unsafe { *p() + *q() } }\n",
            b"fn f() -> u8 { let a = unsafe { *p() }; a + unsafe { *q() } }\n",
        ),
    ],
)
def test_lints_of_unsafe_code_need_none_that_is_new(code: str, before: bytes, after: bytes) -> None:
    target = diagnostic(code, end=len(before))
    assert screen([Edit(LIB, 0, len(before), after)], lambda _: before, target=target) == ()
    more = (
        after.replace(b"{ g", b"{ i(); g").replace(b"*q", b"*r").replace(b"f(); }", b"f(); }\nunsafe impl A for B {}")
    )
    if more != after:
        found = names(screen([Edit(LIB, 0, len(before), more)], lambda _: before, target=target))
        assert found == ("new_unsafe",)


def test_a_manifest_may_be_mended_where_the_mistake_was_made_in_it() -> None:
    broken = MANIFEST.replace(b'edition = "2021"\n', b"")
    back = [Edit("Cargo.toml", len(broken), len(broken), b'edition = "2021"\n')]
    other = [Edit("Cargo.toml", len(broken), len(broken), b'edition = "2024"\n')]
    tests = [Edit("Cargo.toml", len(broken), len(broken), b'edition = "2021"\nautotests = false\n')]
    lints = [Edit("Cargo.toml", len(broken), len(broken), b'edition = "2021"\n[lints.rust]\nunused = "allow"\n')]
    for edits, expected in ((back, ()), (other, ()), (tests, ("deleted_test",)), (lints, ("silenced_lint",))):
        assert names(screen(edits, lambda _: broken, source=lambda _: MANIFEST)) == expected
    assert names(screen(back, lambda _: broken)) == ("manifest_edit",)
    assert names(screen(back, lambda _: broken, source=lambda _: broken)) == ("manifest_edit",)


@pytest.mark.parametrize(
    ("file", "name"),
    [("build.rs", "build_script_edit"), ("src/lib.rs", "proc_macro_edit"), ("README.md", "foreign_file")],
)
def test_a_file_may_be_mended_where_the_diagnostic_stands_in_it(file: str, name: str) -> None:
    said = MANIFEST + (b"[lib]\nproc-macro = true\n" if file == LIB else b"")
    texts = {"Cargo.toml": said, file: b"fn f() { 1u8 }\n", "other/src/lib.rs": b"", "other/Cargo.toml": MANIFEST}
    fix = [edit(b"1u8", b"1u16", texts[file], file)]
    assert screen(fix, reader(texts), target=diagnostic("E0308", file)) == ()
    assert names(screen(fix, reader(texts), target=diagnostic("E0308", "other/src/lib.rs"))) == (name,)
    assert screen(fix, reader(texts), source=reader({**texts, file: b"fn f() { }\n"})) == ()


def test_what_runs_in_the_build_may_be_mended_where_the_diagnostic_stands_in_it() -> None:
    script = {"Cargo.toml": MANIFEST, "build.rs": b"mod a;\nmod b;\n", "a.rs": b"fn f() {}\n", "b.rs": b"", LIB: b""}
    macro = MANIFEST + b'[lib]\nproc-macro = true\n[dependencies]\nn = { path = "../n" }\n'
    needed = {"Cargo.toml": MANIFEST + b'[dependencies]\nm = { path = "m" }\n', "m/Cargo.toml": macro, LIB: b""}
    needed |= {"n/Cargo.toml": MANIFEST, "n/src/lib.rs": b"fn f() {}\n", "n/src/a.rs": b""}
    for texts, file, beside, name in (
        (script, "a.rs", "b.rs", "build_script_edit"),
        (needed, "n/src/lib.rs", "n/src/a.rs", "proc_macro_edit"),
    ):
        fix = [Edit(file, 0, 0, b"fn g() {}\n")]
        for place, expected in ((LIB, (name,)), (file, ()), (beside, ())):
            assert names(screen(fix, reader(texts), target=diagnostic("E0308", place))) == expected
        assert names(screen(fix, reader(texts))) == (name,)
        assert screen(fix, reader(texts), source=reader({**texts, file: b"fn f() { }\n"})) == ()
    # The script itself is another file than its modules.
    main = [Edit("build.rs", 0, 0, b"fn g() {}\n")]
    assert names(screen(main, reader(script), target=diagnostic("E0308", "a.rs"))) == ("build_script_edit",)


def test_a_file_has_one_name() -> None:
    texts = {"Cargo.toml": MANIFEST, "build.rs": b"", "./build.rs": b"fn f() {}\n"}
    fix = [Edit("./build.rs", 0, 0, b"fn g() {}\n")]
    assert names(screen(fix, reader(texts), target=diagnostic("E0308", LIB))) == ("foreign_file",)


# What a diagnostic asks for.


@pytest.mark.parametrize(
    ("code", "text", "old", "new"),
    [
        ("dead_code", SOURCE, b"#[allow(unused)]\nfn g() {}\n", b""),
        ("E0428", b"fn f() {}\n" + SOURCE, b"fn f() {}\n", b""),
        (
            "clippy::partialeq_ne_impl",
            b"impl PartialEq for A { fn ne(&self, o: &A) -> bool { self.0 != o.0 } }\n",
            b"fn ne(&self, o: &A) -> bool { self.0 != o.0 }",
            b"",
        ),
        ("unreachable_pub", b"pub fn f() {}\n", b"pub fn", b"pub(crate) fn"),
        ("unknown_lints", b"#[allow(dead_codes)]\nfn f() {}\n", b"dead_codes", b"dead_code"),
        ("unexpected_cfgs", b'#[cfg(feature = "sered")]\nfn f() {}\n', b"sered", b"serde"),
        ("unexpected_cfgs", b'fn f() -> bool { cfg!(feature = "sered") }\n', b"sered", b"serde"),
        (
            "clippy::bool_assert_comparison",
            b"#[test]\nfn f() { assert_eq!(g(), true); }\n",
            b"assert_eq!(g(), true)",
            b"assert!(g())",
        ),
        ("clippy::assertions_on_constants", b"#[test]\nfn f() { assert!(true); g(); }\n", b"assert!(true); ", b""),
        ("E0308", b"#[test]\nfn f() { assert_eq!(g(), 1); }\n", b"1", b'"1"'),
        (
            "clippy::needless_bool",
            b"fn f(a: bool) -> bool { if a { true } else { false } }\n",
            b"if a { true } else { false }",
            b"a",
        ),
    ],
)
def test_what_the_diagnostic_complains_of_may_go(code: str, text: bytes, old: bytes, new: bytes) -> None:
    start = text.index(old)
    span = text.index(b"fn g", start) if code == "dead_code" else start + (2 if code.startswith("un") else 0)
    target = diagnostic(code, start=span, end=start + len(old))
    found = screen([edit(old, new, text)], lambda _: text, target=target)
    assert refusal(found) is None, found
    other = diagnostic("E0308", "src/other.rs")
    if code not in ("clippy::needless_bool",):
        assert refusal(screen([edit(old, new, text)], lambda _: text, target=other)) is not None


def test_a_failed_test_asks_for_nothing_of_itself() -> None:
    text = b"#[test]\nfn f() { assert_eq!(g(), 1); }\n"
    panic = diagnostic(None, start=text.index(b"assert"), end=text.index(b";"))
    assert names(screen([edit(b"1", b"2", text)], lambda _: text, target=panic)) == ("changed_expectation",)


# Flags, and policies.


def test_flags_are_told_and_not_refused() -> None:
    for edits, flag in (
        ([edit(b"g(); ", b" ")], "deletion"),
        ([edit(b"g();", b"if x() { unreachable!() }")], "placeholder"),
        ([edit(b"fn g", b"fn h")], "renamed_item"),
    ):
        tricks = screen(edits, lambda _: SOURCE)
        assert (names(tricks), refusal(tricks)) == ((flag,), None)
        assert flagged(GREEN, tricks).flags == (flag,)
    assert screen([edit(b"panic!", b"unreachable!")], lambda _: SOURCE, policy=RECORD)[0].name == "placeholder"
    assert screen([Edit(LIB, 0, 0, b"// x\n")], lambda _: SOURCE) == ()
    assert flagged(GREEN, ()) is GREEN


def test_a_refusal_names_each_trick_and_its_place() -> None:
    tricks = screen([edit(b"g();", b"todo!();"), edit(b"fn g", b"#[cfg(any())]\nfn g")], lambda _: SOURCE)
    verdict = refusal(tricks)
    assert verdict is not None
    assert (verdict.green, verdict.reason) == (False, Reason.TRICK)
    assert verdict.flags == ("hidden_code", "unfinished_code")
    assert f"unfinished_code at {LIB}:2: " in verdict.detail
    assert f"hidden_code at {LIB}:4: " in verdict.detail


def test_a_policy_is_whole() -> None:
    assert DEFAULT.refused | DEFAULT.flagged == set(TrickName)
    with pytest.raises(ValueError, match="refused or flagged, not both: deletion"):
        Policy(refused=frozenset({TrickName.DELETION}))
    lax = Policy(refused=DEFAULT.refused - {TrickName.NEW_UNSAFE}, flagged=DEFAULT.flagged | {TrickName.NEW_UNSAFE})
    broken = POINTER.replace(b"unsafe { *self.0 }", b"*self.0")
    tricks = screen([edit(b"*self.0", b"unsafe { *self.0 }", broken)], lambda _: broken, policy=lax)
    assert (names(tricks), refusal(tricks, lax)) == (("new_unsafe",), None)


def test_the_table_says_of_each_name_what_becomes_of_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\w+) \|$", policy.__doc__ or "", re.MULTILINE))
    assert {n for n, fate in rows.items() if fate == "refused"} == {n.value for n in DEFAULT.refused}
    assert {n for n, fate in rows.items() if fate == "flag"} == {n.value for n in DEFAULT.flagged}


# Nothing makes it stumble.

MISTAKES = sorted((Path(__file__).parents[1] / "crates" / "mistakes").glob("*.rs"))
SHARDS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"#[cfg(",
            b"todo!",
            b"macro_rules! m {",
            b"}",
            b"{",
            b"use std::{process::*",
            b"assert_eq!(",
            b'r#"',
            b"/*",
            b"fn eq() {true}",
            b"#![",
            b"unsafe",
            b"loop {",
            b"'",
            b'"{\\"reason\\"',
            b"```",
            b"\xff\xfe",
            b"impl X for",
            b'#[path = ".."]',
            b"concat!(",
            b"$",
            b"|| true",
        ]
    ),
)


@st.composite
def patches(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    text = draw(st.sampled_from(MISTAKES)).read_bytes()
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6, unique=True)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [Edit(LIB, a, min(b, a + 200), b"".join(draw(st.lists(SHARDS, max_size=4)))) for a, b in pairs]


@settings(max_examples=150, deadline=None)
@given(patches())
def test_any_bytes_in_any_place_are_screened(patch: tuple[bytes, list[Edit]]) -> None:
    text, edits = patch
    broken, back = apply(text, edits), inverse(edits, lambda _: text)
    for tricks in (screen(edits, lambda _: text), screen(back, lambda _: broken)):
        assert all(t.line >= 1 and t.sentence and t.name in TrickName for t in tricks)
    # Taken back with its source, nothing is a trick; nor is anything where nothing changes.
    assert screen(back, lambda _: broken, source=lambda _: text) == ()
    assert screen([Edit(LIB, 0, len(text), text)], lambda _: text) == ()
    # It is the text that counts, not the cut of the edits.
    if not parse(broken).root_node.has_error:
        cut = names(screen([Edit(LIB, 0, len(text), broken)], lambda _: text, policy=LESSON))
        assert cut == lesson(*edits, text=text)
