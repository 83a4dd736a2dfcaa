"""What else sees a function's body: there a candidate judged among others gets the verdict that it gets alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from oxidizer.cluster.cargo import Build, Cargo
from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.rustc import Compiled, Rustc
from oxidizer.cluster.siblings import judge_many
from oxidizer.cluster.slot import find_slot
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench
from tests.conftest import OpenCrate
from tests.integration.candidates import CHECK, LIB, LINT, MANIFEST, same_as_alone, shown

SOURCE = """\
use std::cmp::max;
use std::ops::Add;

pub struct P(pub u32);
struct Log { count: u32 }
pub struct Idle;

impl Idle {
    fn one(&self) -> u32 { 1 }
    fn two(&self) -> u32 { 2 }
}

impl P {
    pub fn add(self, other: P) -> P {
        return P(self.0 + other.0);
    }
}

fn idle() -> u32 { 1 }

fn private(n: u32) -> u32 { n + 1 }

macro_rules! converts {
    () => { impl From<u16> for P { fn from(n: u16) -> P { P(n.into()) } } };
}

pub fn plain(n: u32) -> u32 {
    return n;
}

pub fn written(text: &mut String) -> usize {
    use std::fmt::Write;
    write!(text, "a");
    return text.len();
}

pub fn inner_fn(n: u32) -> u32 {
    fn helper() -> u32 { 1 }
    return n;
}

pub fn inner_impl(n: u32) -> u32 {
    impl From<u8> for P { fn from(n: u8) -> P { P(n.into()) } }
    return P::from(n as u8).0;
}

pub fn inner_macro(n: u32) -> u32 {
    converts!();
    return P::from(n as u16).0;
}

pub const fn constant(n: u32) -> u32 {
    return n;
}

pub const AT_COMPILE_TIME: u32 = constant(3);

pub fn closure(n: u32) -> impl FnOnce() -> u32 {
    let f = move || n;
    return f;
}

pub async fn later(n: u32) -> u32 {
    return n;
}

pub fn sent() -> bool {
    fn check<T: Send>(_: T) -> bool { true }
    check(closure(1)) && check(later(1))
}

pub fn helped(n: u32) -> u32 {
    return private(n);
}

pub fn imported(n: u32) -> u32 {
    return max(n, 1);
}

pub fn in_scope(n: u32) -> u32 {
    return n.add(1);
}

pub fn logged(n: u32) -> u32 {
    let mut log = Log { count: 0 };
    log.count += n;
    return log.count;
}

#[expect(unused_variables)]
pub fn hoped(n: u32) -> u32 {
    let unused = n;
    return n;
}

pub fn mutable(mut n: u32) -> u32 {
    n += 1;
    return n;
}

pub fn twofold(n: u32) -> u32 {
    if n == 0 { return 1; } else { return n; }
}

/// Panics.
pub fn panics(n: Option<u32>) -> u32 {
    return n.unwrap();
}

pub mod blocks {
    const _: () = {
        pub fn hidden(n: u32) -> u32 {
            return n;
        }
    };
}
"""
RETURN = "clippy::needless_return"
COUNTED = (*LINT, "-W", "clippy::single_call_fn")
PANICS = ("clippy", "--lib", "--", "-W", "clippy::missing_panics_doc")
NEW, STILL, BROKEN = Reason.NEW_DIAGNOSTIC, Reason.STILL_THERE, Reason.DOES_NOT_COMPILE
N, WHOLE = ("return n;", "n"), "if n == 0 { return 1; } else { return n; }"
IDLE = ("return n;", "idle() + n")
Change = tuple[str, str]
CASES: dict[str, tuple[Sequence[str], str, str, tuple[Change, ...], tuple[Reason | None, ...]]] = {
    "a target in an inner function": (
        CHECK, "dead_code", "inner_fn", (("return n;", "return n + 0;"), N), (STILL, STILL),
    ),
    "a new inner function": (LINT, RETURN, "plain", (("return n;", "fn unused() {} n"), N), (NEW, None)),
    "a new inner function of a macro": (
        LINT, RETURN, "plain", (("return n;", "assert!({ fn unused() {} true }); n"), N), (NEW, None),
    ),
    "a new static of a macro": (
        LINT, RETURN, "plain", (("return n;", "thread_local!(static UNUSED: u8 = 1); n"), N), (NEW, None),
    ),
    "a complaint that is there already": (
        LINT, RETURN, "written",
        (('"a");\n    return text.len();', '"b");\n    write!(text, "c");\n    text.len()'),
         ('write!(text, "a");\n    return text.len();', 'let _ = write!(text, "b");\n    text.len()')), (NEW, None),
    ),
    "an error in a macro of the library": (
        LINT, RETURN, "plain", (("return n;", "assert_eq!(P(n), P(1)); n"),) * 2, (BROKEN, BROKEN),
    ),
    "an inner impl": (LINT, RETURN, "inner_impl", (("return P::from(n as u8).0;", "P::from(n as u8).0"),), (None,)),
    "an impl of a macro": (
        LINT, RETURN, "inner_macro", (("return P::from(n as u16).0;", "P::from(n as u16).0"),), (None,),
    ),
    "run at compile time": (LINT, RETURN, "constant", (("return n;", "assert!(n > 5); n"), N), (BROKEN, None)),
    "a type that the body chooses": (
        LINT, RETURN, "closure",
        (("let f = move || n;\n    return f;", "let r = std::rc::Rc::new(n);\n    move || *r"),
         ("let f = move || n;\n    return f;", "move || n")),
        (BROKEN, None),
    ),
    "a future": (
        LINT, RETURN, "later",
        (("return n;", "let r = std::rc::Rc::new(n); std::future::ready(()).await; *r"), N), (BROKEN, None),
    ),
    "a helper that nobody calls any more": (
        LINT, RETURN, "helped",
        (("return private(n);", "n"), ("return private(n);", "private(n)"), ("return private(n);", "nothing")),
        (NEW, None, BROKEN),
    ),
    "an import that nobody needs any more": (
        LINT, RETURN, "imported", (("return max(n, 1);", "n"), ("return max(n, 1);", "max(n, 1)")), (NEW, None),
    ),
    "a trait that nobody needs in scope any more": (
        LINT, RETURN, "in_scope", (("return n.add(1);", "n + 1"), ("return n.add(1);", "n.add(1)")), (NEW, None),
    ),
    "a field that nobody reads any more": (
        LINT, RETURN, "logged",
        (("log.count += n;\n    return log.count;", "log.count = n;\n    n"), ("return log.count;", "log.count")),
        (NEW, None),
    ),
    "a helper that was called by nobody": (LINT, RETURN, "plain", (IDLE, N), (None, None)),
    "one of two methods that were called by nobody": (
        LINT, RETURN, "plain", (("return n;", "Idle.one() + n"), N), (NEW, None),
    ),
    "a lint that counts uses": (COUNTED, RETURN, "plain", (IDLE, IDLE, N), (NEW, NEW, None)),
    "an expected complaint": (
        LINT, RETURN, "hoped", (("let unused = n;\n    return n;", "n"), N), (NEW, None),
    ),
    "a parameter": (LINT, RETURN, "mutable", (("n += 1;\n    return n;", "n + 1"), N), (NEW, None)),
    "one complaint more": (
        LINT, RETURN, "twofold", ((WHOLE, "if n == 0 { 1 } else { n }"), N), (None, STILL),
    ),
    "a place in the words": (
        LINT, RETURN, "plain", (("return n;", "let c = || n; c.len()"), N), (BROKEN, None),
    ),
    "a complaint of the name": (
        LINT, "clippy::should_implement_trait", "add",
        (("return P(self.0 + other.0);", "P(self.0 + other.0)"),), (STILL,),
    ),
    "a complaint of the documentation": (
        PANICS, "clippy::missing_panics_doc", "panics",
        (("n.unwrap()", 'n.expect("some")'), ("n.unwrap()", "n.unwrap_or(0)")), (STILL, None),
    ),
    "more of a signature": (
        LINT, RETURN, "plain", (("{\n    return n;", "where P: Clone {\n    n"), N), (BROKEN, None),
    ),
    "a place in the words of a lint": (
        LINT, RETURN, "plain", (("return n;", "let c = || n; drop(&c); n"), N), (NEW, None),
    ),
    "a function in a block": (LINT, RETURN, "hidden", (N,), (None,)),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(open_crate: OpenCrate) -> Workbench:
    cargo, root = open_crate({"Cargo.toml": MANIFEST, LIB: SOURCE})
    return Workbench(cargo, root)


def edit(near: str, old: str, new: str) -> Edit:
    at = SOURCE.index(old, SOURCE.index(f"fn {near}("))
    return Edit(LIB, at, at + len(old), new.encode())


@pytest.mark.parametrize("case", CASES)
def test_what_sees_a_body_is_asked(bench: Workbench, case: str) -> None:
    probe, code, near, changes, reasons = CASES[case]
    target = shown(bench, probe, code, SOURCE.rindex("\n", 0, SOURCE.index(f"fn {near}(")))
    verdicts = same_as_alone(bench, [Trial((edit(near, *change),), target) for change in changes], probe)
    assert tuple(v.reason for v in verdicts) == reasons


KEPT = [
    'pub fn f() { let p: *const u8 = q; let g: fn(u8) = h; use a::b; if !(x) { println!("{}", !(y)) } }',
    "impl A<u8> { #[inline] #[must_use] /// Says.\n pub unsafe fn f<const N: u8>(a: impl Fn()) -> ! { loop {} } }",
    'mod m { mod n { #[clippy::version = "1"] pub extern fn f() -> Box<dyn Fn()> { vec![format!(""), a != b] } } }',
]
LEFT = [
    "pub const fn f() { x }",
    "pub async fn f() { x }",
    "pub fn f() -> Box<impl Fn()> { x }",
    "pub fn f() -> of![u8] { x }",
    "pub fn f(a: of![u8]) { x }",
    "fn main() { x }",
    "#[no_mangle] pub fn f() { x }",
    "#[cfg_attr(a, no_mangle)] pub fn f() { x }",
    "#[inline] #[unsafe(no_mangle)] /// Says.\n pub fn f() { x }",
    "#[allow::made] pub fn f() { x }",
    "#[made] impl A { pub fn f() { x } }",
    "#[made] mod m { impl A { pub fn f() { x } } }",
    "impl A for B { fn f() { x } }",
    "trait A { fn f() { x } }",
    "const A: () = { fn f() { x } };",
    "made! { fn f() { x } }",
    *(f"pub fn f() {{ {inner} x }}" for inner in (
        "fn g() {}", "impl A for B {}", "struct A;", "enum A {}", "union A { a: u8 }", "const A: u8 = 1;", "trait A {}",
        "static A: u8 = 1;", "mod m {}", "macro_rules! m { () => {} }", "type A = u8;", 'extern "C" { fn g(); }',
        "extern crate a;", "const { 1 };", "made!();", "a::vec![];", "r#try!(a);", "vec![made!()];", "vec![a::vec![]];",
        "vec![{ fn g() {} }];", "|| { { struct A; } };",
    )),
]  # fmt: skip


@pytest.mark.parametrize("text", [*KEPT, *LEFT])
def test_a_function_that_can_have_siblings(bench: Workbench, tmp_path: Path, text: str) -> None:
    (tmp_path / "part.rs").write_text(text)
    at = text.rindex("x") if text in LEFT else text.index("{", text.index("fn f")) + 1
    here = Span("part.rs", at, at + 1, 1, 1, 1, 1, True, None, None, None, None)
    target = Diagnostic("warning", "unused", "unused", (here,), (), "")
    found = find_slot(Workbench(bench.cargo, tmp_path), Trial((Edit("part.rs", at, at, b""),), target))
    assert (found is not None) == (text in KEPT)
    assert found is None or text[: found.broken[0]].endswith(found.lead.decode())


def test_what_else_a_fix_takes_away_is_told(bench: Workbench) -> None:
    def more(near: str, *change: str) -> list[str]:
        target = shown(bench, LINT, RETURN, SOURCE.index(f"fn {near}("))
        (verdict,) = same_as_alone(bench, [Trial((edit(near, *change),), target)], LINT)
        return [d.message for d in verdict.more]

    assert more("plain", *IDLE) == ["function `idle` is never used"]
    assert more("twofold", WHOLE, "if n == 0 { 1 } else { n }") == ["unneeded `return` statement"]


def test_a_helper_that_stays_in_use_keeps_candidates_together(bench: Workbench) -> None:
    target = shown(bench, LINT, RETURN, SOURCE.index("fn plain("))
    bodies = (
        "n",
        "n + 1",
        "private(n)",
        "max(n, 1)",
        'assert!(n > 0, "{n}"); n',
        "let p: *const u32 = &n; if p.is_null() { 0 } else { n }",
    )
    verdicts = same_as_alone(bench, [Trial((edit("plain", "return n;", new),), target) for new in bodies], LINT)
    assert {(v.green, v.scope) for v in verdicts} == {(True, "batch")}


def test_a_file_of_two_targets_is_judged_alone(open_crate: OpenCrate) -> None:
    part = "pub fn part(n: u32) -> u32 {\n    return helper(n);\n}\n\npub fn helper(n: u32) -> u32 {\n    n\n}\n"
    main = "mod part;\n\nfn main() {\n    part::part(1);\n}\n"
    cargo, root = open_crate({"Cargo.toml": MANIFEST, LIB: "pub mod part;\n", "src/main.rs": main, "src/part.rs": part})
    bench, probe = Workbench(cargo, root), ("clippy", "--lib", "--bins", "--", "-W", RETURN)
    target, at = shown(bench, probe, RETURN, 0, file="src/part.rs"), part.index("return")
    new = [Edit("src/part.rs", at, at + len("return helper(n);"), text) for text in (b"n", b"helper(n)")]
    verdicts = same_as_alone(bench, [Trial((each,), target) for each in new], probe)
    assert [(v.reason, v.scope) for v in verdicts] == [(NEW, "alone"), (None, "alone")]


def test_three_runs_of_the_compiler_and_one_of_cargo_for_each_that_is_green(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the source is known and how cargo compiles it."""
    spoilt, cargo, rustc = edit("plain", "return n;", "let spoilt: () = 1u8; n"), list[object](), list[object]()
    target = shown(bench, CHECK, "E0308", 0, spoilt)
    start = spoilt.start
    fixes = [Edit(LIB, start, start + len(spoilt.replacement), new) for new in (b"n", b"n + 1", b"n + true", b"n + 2")]
    group = [Trial((fix,), target, (spoilt,)) for fix in fixes]
    same_as_alone(bench, group, CHECK)
    build, run = Cargo.build, Rustc.run

    def counted_build(self: Cargo, args: Sequence[str], **env: str) -> Build:
        cargo.append(args)
        return build(self, args, **env)

    def counted_run(self: Rustc, *, incremental: bool = False) -> Compiled:
        rustc.append(self)
        return run(self, incremental=incremental)

    monkeypatch.setattr(Cargo, "build", counted_build)
    monkeypatch.setattr(Rustc, "run", counted_run)
    verdicts: list[Verdict] = judge_many(bench, group, CHECK)
    assert {v.scope for v in verdicts} == {"batch"}
    assert [v.audited for v in verdicts] == [v.green for v in verdicts] == [True, True, False, True]
    assert (len(cargo), len(rustc)) == (3, 3)
