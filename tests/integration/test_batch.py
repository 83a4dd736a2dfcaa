"""Mutants judged in shared runs of the compiler: each verdict is the one that cargo gives it alone, or nobody's."""

from dataclasses import replace
from hashlib import sha256

import pytest

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.layout import Influence, Mutant
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.injected import SHARED
from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code, Route
from tests.conftest import OpenCrate
from tests.integration.batches import (
    CODES,
    HEALTHY,
    LIB,
    MISTAKES,
    PACKAGE,
    Bench,
    codes,
    start,
    start_broken,
    told,
)  # fmt: skip

# Every operator on a crate with code of many kinds.


@pytest.fixture(scope="module")
def broken(open_crate: OpenCrate) -> Bench:
    return start_broken(open_crate)


def found(broken: Bench, *routes: Route) -> list[Mistake]:
    """One mistake of each operator, stable and from all over the crate."""
    root = broken.bench.root
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*.rs"))
    wanted = [operator for operator in operators() if operator.route in routes]
    all_of = [m for file in files for m in mistakes(Code(file, broken.bench.read(file)), wanted)]
    drawn = sorted(all_of, key=lambda m: sha256(repr((m.operator.name, m.site.edits)).encode()).digest())
    return list({m.operator.name: m for m in drawn}.values())


@pytest.mark.parametrize("share", range(5))
def test_errors_of_every_operator_are_those_that_the_compiler_shows_alone(broken: Bench, share: int) -> None:
    """Each operator that finds something here, in shared runs of a fifth of them; a few are asked of cargo too."""
    checker = broken.use(broken.invocations[0])
    tried = found(broken, Route.BODY, Route.ITEM)[share::5]
    mutants, before = [m.mutant for m in tried], checker.effort.runs
    verdicts = checker.judge(mutants)
    assert checker.effort.runs - before < len(tried), "runs are shared"
    assert sum(v.green for v in verdicts) > len(tried) // 2
    assert sum(v.scope == "batch" for v in verdicts) > len(tried) // 2
    assert len({code for code in codes(verdicts) if code}) > 10, "mutants of many kinds"
    for mistake, mutant, verdict in zip(tried, mutants, verdicts, strict=True):
        assert told(verdict) == told(checker.alone(mutant)), mistake.operator.name
    for mutant, verdict in list(zip(mutants, verdicts, strict=True))[:9]:
        assert told(verdict) == told(broken.alone(mutant)), "as cargo shows it"


def test_lints_of_twenty_operators_are_those_that_clippy_shows_alone(broken: Bench) -> None:
    tried = found(broken, Route.LINT)[:20]
    assert len(tried) == 20
    broken.use(broken.invocations[0], sorted({code for m in tried for code in m.operator.codes}))
    verdicts = broken.same_as_alone([m.mutant for m in tried])
    assert sum(v.green for v in verdicts) > len(tried) // 2
    assert sum(v.scope == "batch" for v in verdicts) > len(tried) // 2


# Crates and mutants that spoil a shared run.


@pytest.fixture(scope="module")
def spoiled(open_crate: OpenCrate) -> Bench:
    """A crate of two files with something for every poison."""
    return start(open_crate, HEALTHY + FRAGILE, **{"src/far.rs": HEALTHY})


FRAGILE = """\
mod far;

pub fn four(n: u32) -> u32 {
    macro_rules! twice {
        ($name:ident) => {
            $name + $name
        };
    }
    twice!(n)
}

pub const A: usize = 4;

pub const B: [u8; A] = [0; A];

pub fn five() {
    let _ = 5;
}
"""
POISONS = [
    ("twice!(n)", "twice!(1)", None),
    ("$name + $name", "$name + ;", None),
    ("usize = 4", "usize = B.len()", "E0391"),
    ("let _ = 5;", 'compile_error!("x");', None),
    ("let _ = 5;", "no_such_macro!();", None),
    ("let _ = 5;", "let _ = 5 }", None),
    ("let _ = 5;", "{ let _ = 5;", None),
    ("let _ = 5;", 'let _ = "5;', "E0765"),
    ("let _ = 5;", "/* let _ = 5;", "E0758"),
]


@pytest.mark.parametrize(("old", "new", "code"), POISONS)
def test_what_silences_the_compiler_silences_only_itself(spoiled: Bench, old: str, new: str, code: str | None) -> None:
    own, far = spoiled.mutants(*MISTAKES), spoiled.mutants(*MISTAKES, file="src/far.rs")
    verdicts = spoiled.same_as_alone([*own, spoiled.mutant(old, new), *far])
    assert codes(verdicts) == [*CODES, code, *CODES]
    assert all(v.green for v in verdicts)


def test_a_proc_macro_that_ends_the_compiler_takes_no_other_mutant_along(open_crate: OpenCrate) -> None:
    exits = """\
#[proc_macro]
pub fn same(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    if input.to_string().contains("leave") {
        std::process::exit(0);
    }
    input
}
"""
    files = {
        "Cargo.toml": f'{PACKAGE}[dependencies]\nexits = {{ path = "exits" }}\n[workspace]\nmembers = ["exits"]\n',
        "exits/Cargo.toml": f"{PACKAGE.replace('tiny', 'exits')}[lib]\nproc-macro = true\n", "exits/src/lib.rs": exits,
        LIB: HEALTHY + "pub fn four(stay: u32) -> u32 {\n    exits::same!(stay + 1)\n}\n",
    }  # fmt: skip
    cargo, root = open_crate(files)
    bench = Bench(Workbench(cargo, root))
    leave = bench.mutant("stay + 1", "leave + 1")
    healthy = bench.mutants(*MISTAKES)
    *verdicts, left = bench.checker.judge([*healthy, leave])
    assert not left.green
    assert codes(verdicts) == CODES
    assert [told(v) for v in verdicts] == [told(v) for v in bench.same_as_alone(healthy)]
    assert bench.checker.effort.poisoned > 0


def test_lines_that_mutants_remove_move_nobody_else(open_crate: OpenCrate) -> None:
    bench = start(open_crate, HEALTHY + HEALTHY.replace("two", "five").replace("one", "four").replace("three", "six"))
    changes = [
        ("values\n        .iter()\n        .count()", "values.cuont()"),
        MISTAKES[0],
        ("let owned = text", "let owend = text"),
    ]
    source = bench.bench.read(LIB)
    second = source.index(b"pub fn four")
    later = []
    for old, new in (("values\n        .iter()\n        .count()", "valeus.iter().count()"), MISTAKES[2]):
        at = source.index(old.encode(), second)
        begin, end = source.rindex(b"pub fn", 0, at), source.index(b"\n}", at) + 2
        later.append(Mutant((Edit(LIB, at, at + len(old), new.encode()),), LIB, begin, end))
    verdicts = bench.same_as_alone([*bench.mutants(*changes), *later])
    assert codes(verdicts) == ["E0599", "E0308", "E0425", "E0425", "E0425"]
    lines = [v.target.primary.line_start for v in verdicts if v.target and v.target.primary]
    assert lines == [6, 2, 13, 20, 27]


@pytest.mark.parametrize("level", ["deny", "forbid"])
def test_warnings_that_are_errors_hide_nothing(open_crate: OpenCrate, level: str) -> None:
    bench = start(open_crate, f"#![{level}(warnings)]\n" + HEALTHY + "pub fn four() {\n    let _four = 4;\n}\n")
    verdicts = bench.same_as_alone([*bench.mutants(*MISTAKES), bench.mutant("let _four", "let four")])
    assert codes(verdicts)[:3] == CODES
    bench.use(bench.invocations[0], ["clippy::len_zero"])
    lints = [
        replace(bench.mutant("let _four = 4", "let four = 4"), codes=("unused_variables",)),
        replace(bench.mutant("let owned", "let mut owned"), codes=("unused_mut",)),
        replace(bench.mutant("    1\n", "    true\n"), codes=("unused_mut",)),
    ]  # fmt: skip
    assert codes(bench.same_as_alone(lints)) == ["unused_variables", "unused_mut", None]


def test_a_crate_without_the_standard_library_can_be_judged(open_crate: OpenCrate) -> None:
    lib = "#![no_std]\nextern crate alloc;\nuse alloc::string::{String, ToString};\n" + HEALTHY
    bench = start(open_crate, lib)
    assert bench.checker.live([LIB]) == {LIB}
    assert codes(bench.same_as_alone(bench.mutants(*MISTAKES, ("let owned", "let owend")))) == [*CODES, "E0425"]


@pytest.mark.parametrize("lead", ["", "\ufeff"])
def test_offsets_are_right_in_files_with_carriage_returns_and_a_mark(open_crate: OpenCrate, lead: str) -> None:
    lib = lead + HEALTHY.replace("\n", "\r\n")
    bench = start(open_crate, lib)
    changes = [("    1\r\n", "    true\r\n"), MISTAKES[1], ("    owned\r\n", "    ownde\r\n")]
    assert codes(bench.same_as_alone(bench.mutants(*changes))) == CODES
    joined = [("values\r\n        .iter()\r\n        .count()", "values.cuont()"), changes[2], changes[0]]
    assert codes(bench.same_as_alone(bench.mutants(*joined))) == ["E0599", "E0425", "E0308"]


def test_columns_count_characters_and_offsets_count_bytes(open_crate: OpenCrate) -> None:
    lib = (
        HEALTHY
        + 'pub fn four(größe: u32) -> u32 {\n    let _ = "日本–é"; größe\n}\npub fn five(é: u8) -> u8 { /* 日 */ é }\n'
    )
    bench = start(open_crate, lib)
    changes = [*MISTAKES, ("; größe", "; größer"), ("*/ é", '*/ "é"')]
    verdicts = bench.same_as_alone(bench.mutants(*changes))
    assert codes(verdicts) == [*CODES, "E0425", "E0308"]
    at = verdicts[3].target and verdicts[3].target.primary
    assert at
    assert (at.column_start, at.column_end) == (21, 27)
    assert bench.bench.reader(bench.mutant(*changes[3]).edits)(LIB)[at.byte_start : at.byte_end] == "größer".encode()


# What a shared run gets wrong, and so does not get.


TRAITS = """
pub trait Shape {
    fn area(&self) -> u32;
}

/// # Safety
/// None.
pub unsafe trait Raw {
    fn raw(&self) -> u32;
}

pub struct Square;

impl Shape for Square {
    fn area(&self) -> u32 {
        4
    }
}

unsafe impl Raw for Square {
    fn raw(&self) -> u32 {
        5
    }
}

pub fn area() -> u32 {
    Square.area()
}

pub fn raw() -> u32 {
    Square.raw()
}

pub fn plain(n: u32) -> u32 {
    n.to_string().len() as u32
}

pub const fn made(n: u8) -> u32 {
    n as u32
}

pub fn length() -> [u8; 4] {
    [0; made(4) as usize]
}
"""
TWICE = "let s = String::new(); drop(s); drop(s);"


@pytest.mark.parametrize(
    ("name", "at", "old", "new", "code"),
    [
        ("unsafe_impl_of_safe_trait", "impl Shape", "    Square.area()", f"    {TWICE} Square.area()", "E0382"),
        ("safe_impl_of_unsafe_trait", "unsafe impl Raw", "    Square.raw()", f"    {TWICE} Square.raw()", "E0382"),
        ("const_on_ordinary_fn", "pub fn plain", "made(4)", "plain(4)", "E0015"),
        ("conversion_in_const", "pub const fn made", "    [0;", f"    {TWICE} [0;", "E0382"),
    ],
)
def test_what_hides_the_errors_of_others_shares_no_run(
    open_crate: OpenCrate, name: str, at: str, old: str, new: str, code: str
) -> None:
    """A refused impl stops the checks of all that use the trait; a caller sees whether a function is const."""
    bench = start(open_crate, HEALTHY + TRAITS)
    source = bench.bench.read(LIB)
    wanted = [operator for operator in operators() if operator.name == name]
    (mistake,) = (m for m in mistakes(Code(LIB, source), wanted) if m.region[0] == source.index(at.encode()))
    user = bench.mutant(old, new)
    _, shared = bench.checker.judge([mistake.mutant, user])
    assert (codes([bench.alone(user)]), codes([shared])) == ([code], [None]), "it would hide the other's error"
    assert mistake.route is Route.CRATE
    assert mistake.route not in SHARED


CALLED = """
pub fn first<'a>(values: &'a [u32], _: &str) -> &'a u32 {
    &values[0]
}

pub fn caller(mut values: Vec<u32>) -> u32 {
    values.push(1);
    *first(&values, "")
}

pub fn other(mut values: Vec<u32>) -> u32 {
    values.push(1);
    values[0]
}
"""


def test_what_calls_a_changed_function_is_told_all_of_its_own_mistakes(open_crate: OpenCrate) -> None:
    """Beside a callee whose signature is wrong, nothing is said of the loans of its caller."""
    bench = start(open_crate, HEALTHY + CALLED)
    changes = (("&'a u32", "&'b u32"), ("caller(mut", "caller("), ("other(mut", "other("))
    plain = bench.mutants(*changes)
    names = ("first", "caller", "other")
    named = [
        replace(m, influence=Influence(True, frozenset({name}), frozenset({"first"} if name == "caller" else ())))
        for m, name in zip(plain, names, strict=True)
    ]
    assert codes(bench.same_as_alone(named)) == ["E0261", "E0596", "E0596"]
    assert bench.checker.effort.runs == 1, "one of them goes by itself"
    assert codes(bench.checker.judge(plain)) == ["E0261", None, "E0596"], "it would hide the other's error"


def test_what_the_compiler_runs_is_broken_beside_nobody_who_runs_it(open_crate: OpenCrate) -> None:
    """An array whose length cannot be known ends the checks of the function that has it."""
    bench = start(open_crate, HEALTHY + TRAITS)
    source = bench.bench.read(LIB)
    wanted = [operator for operator in operators() if operator.name == "drop_cast"]
    (made,) = (m for m in mistakes(Code(LIB, source), wanted) if m.function == "made")
    user = bench.mutant("    [0;", f"    {TWICE} [0;")
    _, hidden = bench.checker.judge([replace(made.mutant, influence=Influence()), user])
    assert codes([bench.alone(user), hidden]) == ["E0382", None], "it would hide the other's error"
    user = replace(user, influence=Influence(needs=frozenset({"made()"})))
    assert codes(bench.same_as_alone([made.mutant, user, *bench.mutants(*MISTAKES)])) == ["E0308", "E0382", *CODES]


def test_a_note_that_a_run_tells_once_is_told_to_each_mutant(open_crate: OpenCrate) -> None:
    lib = "".join(f"pub fn f{n}<F: Fn(&u8) -> bool>(f: F) -> bool {{\n    f(&{n})\n}}\n\n" for n in range(3))
    bench = start(open_crate, HEALTHY + lib)
    lent = [bench.mutant(f"f{n}<F: Fn(&u8)", f"f{n}<F: Fn(&'a u8)") for n in range(3)]
    shown = [v.target.rendered if v.target else "" for v in bench.same_as_alone([*lent, *bench.mutants(*MISTAKES)])]
    assert all("more information on higher-ranked polymorphism" in text for text in shown[:3])
    assert bench.checker.effort.runs == 2, "runs are shared"


def test_each_mutant_is_told_who_asked_for_its_lint(open_crate: OpenCrate) -> None:
    bench = start(open_crate, HEALTHY)
    bench.use(bench.invocations[0], ["clippy::needless_return"])
    changes = [("    1\n", "    return 1;\n"), ("    owned\n", "    return owned;\n")]
    mutants = [replace(m, codes=("clippy::needless_return",)) for m in bench.mutants(*changes)]
    shown = [v.target.rendered if v.target else "" for v in bench.checker.judge(mutants)]
    assert shown == [v.target.rendered if v.target else "" for v in map(bench.alone, mutants)]


def test_the_compiler_alone_adds_no_complaint_about_cargo(open_crate: OpenCrate) -> None:
    bench = start(open_crate, HEALTHY)
    assert bench.bench.observe(bench.probe).diagnostics == ()
    assert bench.checker.source == ()
