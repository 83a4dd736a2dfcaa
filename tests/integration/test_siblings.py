"""Candidate fixes of one function judged as its siblings: each verdict is the one that it gets alone."""

import pytest

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.siblings import judge_many
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench
from tests.conftest import OpenCrate
from tests.integration.candidates import CHECK, LIB, LINT, MANIFEST, same_as_alone, shown

OTHER = "src/other.rs"
SOURCE = """\
pub mod other;

pub struct Counter {
    total: u32,
}

impl Counter {
    pub fn method(&mut self, by: u32) -> u32 {
        self.total += by;
        return self.total;
    }
}

pub fn free(values: &[u32]) -> u32 {
    let sum: u32 = values.iter().sum();
    return sum;
}

pub fn generic<T>(values: &[T]) -> Option<T>
where
    T: Clone + Ord,
{
    let best = values.iter().max();
    return best.cloned();
}

pub const fn constant(n: u32) -> u32 {
    let twice = n * 2;
    return twice + 1;
}

pub async fn later(n: u32) -> u32 {
    let next = async { n + 1 }.await;
    return next;
}

pub fn recursive(n: u32) -> u32 {
    let rest = if n == 0 { 0 } else { recursive(n - 1) };
    return n + rest;
}

pub mod inline {
    pub fn inside(text: &str) -> String {
        let owned = text.to_lowercase();
        return owned + "!";
    }
}

pub trait Named {
    fn named(&self) -> u32;
}

impl Named for Counter {
    fn named(&self) -> u32 {
        return self.total;
    }
}

#[no_mangle]
pub extern "C" fn exported(n: u32) -> u32 {
    return n;
}
"""
OTHER_SOURCE = "pub fn other() -> u32 {\n    return 1;\n}\n"
FUNCTIONS = ("free", "method", "generic", "inside")
CANDIDATES = {
    "the right fix": "{value}",
    "a wrong type": '"text"',
    "a use after a move": "let a = vec![1]; drop(a); drop(a); {value}",
    "two borrows": "let mut a = [1]; let b = &mut a; let c = &mut a; b[0] = c[0]; {value}",
    "an unknown name": "no_such_name",
    "an unused variable": "let unused = 1; {value}",
    "what lints dislike": "let twice = {value}; twice",
    "nothing new": "return {value} ;",
    "a syntax error": "{value} + ;",
    "an open brace": "{{ {value}",
    "one brace too many": "{value} }}",
    "a second function": "{value} }} fn second() {{",
    "a silencer": "todo!()",
    "an attribute that silences": "#[allow(clippy::needless_return)] return {value};",
}
UNPARSED = ("a syntax error", "an open brace", "one brace too many", "a second function")
"""These never have siblings: one function shows that."""


@pytest.fixture(scope="module")
def bench(open_crate: OpenCrate) -> Workbench:
    cargo, root = open_crate({"Cargo.toml": MANIFEST, LIB: SOURCE, OTHER: OTHER_SOURCE})
    return Workbench(cargo, root)


def tail(function: str) -> tuple[int, str]:
    """Where a function's return stands, and its value."""
    start = SOURCE.index("return ", SOURCE.rindex(f"fn {function}"))
    return start, SOURCE[start + len("return ") : SOURCE.index(";", start)]


def trials(bench: Workbench, function: str, *, broken: bool) -> dict[str, Trial]:
    """Candidates for a function by what they are: of its lint or, with a setup, of an error."""
    start, value = tail(function)
    statement = f"return {value};"
    setup: tuple[Edit, ...] = ()
    probe, code = LINT, "clippy::needless_return"
    if broken:
        spoilt = f"let spoilt: () = 1u8; return {value};"
        setup, probe, code = (Edit(LIB, start, start + len(statement), spoilt.encode()),), CHECK, "E0308"
        statement = spoilt
    target = shown(bench, probe, code, start, *setup)
    whole = start, start + len(statement)
    names = [name for name in CANDIDATES if function == "free" or name not in UNPARSED]
    new = {name: CANDIDATES[name].format(value=value).encode() for name in names}
    return {name: Trial((Edit(LIB, *whole, text),), target, setup) for name, text in new.items()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_candidates_for_a_lint_are_judged_as_alone(bench: Workbench, function: str) -> None:
    tried = trials(bench, function, broken=False)
    named = dict(zip(tried, same_as_alone(bench, list(tried.values()), LINT), strict=True))
    assert named["the right fix"].green
    assert named["a wrong type"].reason is Reason.DOES_NOT_COMPILE
    assert named["an unused variable"].reason is Reason.NEW_DIAGNOSTIC
    assert named["nothing new"].reason is Reason.STILL_THERE
    assert (named["a silencer"].reason, named["a silencer"].flags) == (Reason.TRICK, ("unfinished_code",))
    assert named["an attribute that silences"].flags == ("silenced_lint",)
    shared = [name for name, verdict in named.items() if verdict.scope == "batch"]
    assert {"the right fix", "a wrong type", "an unused variable", "nothing new"} <= set(shared)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_candidates_for_an_error_are_judged_as_alone(bench: Workbench, function: str) -> None:
    tried = trials(bench, function, broken=True)
    named = dict(zip(tried, same_as_alone(bench, list(tried.values()), CHECK), strict=True))
    assert (named["the right fix"].green, named["the right fix"].scope) == (True, "batch")
    assert named["a wrong type"].reason is Reason.DOES_NOT_COMPILE
    assert named["an unused variable"].reason is Reason.NEW_DIAGNOSTIC


# Where a function can have no sibling.


def change(old: str, new: str, file: str = LIB, start: int = 0) -> Edit:
    text = SOURCE if file == LIB else OTHER_SOURCE
    at = text.index(old, start)
    return Edit(file, at, at + len(old), new.encode())


def fallback(bench: Workbench, function: str, *edits: tuple[Edit, ...]) -> list[Verdict]:
    target = shown(bench, LINT, "clippy::needless_return", tail(function)[0])
    return same_as_alone(bench, [Trial(each, target) for each in edits], LINT)


@pytest.mark.parametrize("function", ["named", "exported", "recursive", "constant", "later"])
def test_what_others_see_into_or_calls_itself_is_judged_alone(bench: Workbench, function: str) -> None:
    start, value = tail(function)
    statement = f"return {value};"
    right, wrong = (change(statement, new, start=start) for new in (value, '"text"'))
    verdicts = fallback(bench, function, (right,), (wrong,))
    assert [v.green for v in verdicts] == [True, False]
    assert {v.scope for v in verdicts} == {"alone"}


def test_a_changed_signature_is_judged_alone_beside_siblings(bench: Workbench) -> None:
    body = change("return sum;", "sum")
    inner = change("let sum: u32", "let sum: u64")
    outer = change("-> u32 {\n    let sum", "-> u64 {\n    let sum")
    spelt = change("-> u32 {\n    let sum", "-> core::primitive::u32 {\n    let sum")
    verdicts = fallback(bench, "free", (body,), (spelt, body), (inner, body), (outer, body))
    assert [(v.green, v.scope) for v in verdicts] == [
        (True, "batch"), (True, "alone"), (False, "batch"), (False, "alone"),
    ]  # fmt: skip


def test_edits_in_two_files_or_functions_are_judged_alone(bench: Workbench) -> None:
    body = change("return sum;", "sum")
    far = change("return 1;", "1", OTHER)
    near = change("return twice + 1;", "twice + 1")
    verdicts = fallback(bench, "free", (body, near), (body,))
    assert [(v.green, v.scope) for v in verdicts] == [(True, "alone"), (True, "batch")]
    verdicts = fallback(bench, "free", (body, far), (body,))
    assert [v.green for v in verdicts] == [True, True]
    assert verdicts[0].scope == "alone"


def test_edits_that_do_not_apply_are_refused_and_take_no_other_along(bench: Workbench) -> None:
    body = change("return sum;", "sum")
    clash, far = (body, change("sum;", "")), (Edit(LIB, 1 << 20, 1 << 20, b""),)
    verdicts = fallback(bench, "free", (body,), clash, far)
    assert [v.reason for v in verdicts] == [None, Reason.DOES_NOT_APPLY, Reason.DOES_NOT_APPLY]
    assert judge_many(bench, [], LINT) == []


# What tells a sibling from the function itself.

ODD = """\
/// Strict.
#[warn(missing_docs)]
pub mod strict {
    /// Documented.
    pub fn documented(n: u32) -> u32 {
        return n;
    }
}

/// Lenient.
#[allow(unused_variables)]
pub fn lenient(n: u32) -> u32 {
    return n;
}

/// Two complaints of one message.
pub fn twofold(n: u32) -> u32 {
    if n == 0 {
        return 1;
    } else {
        return n;
    }
}

/// Recursive.
pub fn deep(n: u32) -> u32 {
    let rest = if n == 0 { 0 } else { deep(n - 1) };
    return n + rest;
}

/// Marked.
#[inline]
#[must_use]
pub fn marked(n: u32) -> u32 {
    return n;
}
"""


CASES = [
    pytest.param("fn marked", "return n;", "n", True, id="attributes"),
    pytest.param("fn documented", "return n;", "n", True, id="documentation"),
    pytest.param(
        "fn lenient", "return n;", "let unused = 1; n", True,
        id="an attribute that allows",
    ),
    pytest.param(
        "fn twofold", "return n;", "n", False,
        id="two complaints, the other one mended",
    ),
    pytest.param(
        "fn deep", "return n + rest;", "deep(n + rest)", False,
        id="a call of itself",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def odd(open_crate: OpenCrate) -> Workbench:
    cargo, root = open_crate({"Cargo.toml": MANIFEST, LIB: ODD})
    return Workbench(cargo, root)


@pytest.mark.parametrize(("near", "old", "new", "green"), CASES)
def test_a_sibling_is_what_the_function_would_be(odd: Workbench, near: str, old: str, new: str, green: bool) -> None:
    after = ODD.index(near)
    start = ODD.index(old, after)
    target = shown(odd, LINT, "clippy::needless_return", after)
    trial = Trial((Edit(LIB, start, start + len(old), new.encode()),), target)
    verdicts = same_as_alone(odd, [trial, trial], LINT)
    assert [v.green for v in verdicts] == [green, green]


def test_a_warning_that_the_broken_code_has_is_not_new(odd: Workbench) -> None:
    start = ODD.index("return n;", ODD.index("fn marked"))
    setup = (Edit(LIB, start, start + len("return n;"), b"let spoilt: () = (1u8); n"),)
    target = shown(odd, CHECK, "E0308", start, *setup)
    assert "unused_parens" in {d.code for d in odd.observe(CHECK, setup).diagnostics}
    at = start + len("let spoilt: ")
    trial = Trial((Edit(LIB, at, at + 2, b"u8"), Edit(LIB, at + 12, at + 13, b"_ = spoilt; n")), target, setup)
    same_as_alone(odd, [trial, trial], CHECK)


def test_candidates_in_a_program_beside_a_library(open_crate: OpenCrate) -> None:
    main = 'fn main() {\n    println!("{}", twice(2));\n}\n\nfn twice(n: u32) -> u32 {\n    return n * 2;\n}\n'
    cargo, root = open_crate({"Cargo.toml": MANIFEST, LIB: OTHER_SOURCE, "src/main.rs": main})
    bench, probe = Workbench(cargo, root), ("clippy", "--lib", "--bins", "--", "-W", "clippy::needless_return")
    at = main.index("return")
    target = next(d for d in bench.observe(probe).diagnostics if d.primary and d.primary.file == "src/main.rs")
    fixes = [
        Trial((Edit("src/main.rs", at, at + len("return n * 2;"), new),), target) for new in (b"n * 2", b"n * true")
    ]
    verdicts = same_as_alone(bench, fixes, probe)
    assert [(v.green, v.scope) for v in verdicts] == [(True, "batch"), (False, "batch")]


OTHER_PROBES = [
    ("clippy", "--lib"),
    ("clippy", "--lib", "--", "-D", "clippy::needless_return"),
    ("clippy", "--lib", "--", "-Wclippy::implicit_return"),
    ("clippy",),
    ("check", "--lib", "--all-features"),
]


@pytest.mark.parametrize("probe", OTHER_PROBES, ids=" ".join)
def test_a_probe_of_another_form_is_judged_alone(bench: Workbench, probe: tuple[str, ...]) -> None:
    start, value = tail("free")
    whole, target = (start, start + len(f"return {value};")), shown(bench, LINT, "clippy::needless_return", start)
    texts = (value, f"return {value} + 0;", f"return {value} ;", f"let twice = {value}; twice")
    fixes = [Trial((Edit(LIB, *whole, text.encode()),), target) for text in texts]
    assert {v.scope for v in same_as_alone(bench, fixes, probe)} == {"alone"}
