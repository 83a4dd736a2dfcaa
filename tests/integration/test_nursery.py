"""Mistakes of syntax that share a command, or a run: each verdict is that of a run of its own, or there is none."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import pytest

from oxidizer.cluster.batch import BatchChecker
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.nursery import Nursery, body_region, stops
from oxidizer.cluster.rustc import Rustc
from oxidizer.cluster.verdict import Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.mistakes import mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code, Route
from tests.conftest import OpenCrate
from tests.integration.batches import HEALTHY, LIB, MANIFEST, Bench, codes, start_broken, told

FAR = "src/deep/far.rs"
ROOT = """\
#!/usr/bin/env run
#![allow(dead_code)]
mod deep;
#[path = "odd name.rs"]
mod odd;
include!("put.in");
"""
LAID_OUT = {
    LIB: ROOT + HEALTHY,
    "src/deep/mod.rs": "//! Deep.\n#![allow(unused)]\nmod far;\n" + HEALTHY,
    FAR: "\ufeff// A mark in front.\n" + HEALTHY.replace("\n", "\r\n"),
    "src/odd name.rs": HEALTHY,
    "src/put.in": "pub fn put() -> u32 {\n    (4)\n}\n",
}  # fmt: skip
POISONS = [
    ("1\n", "(1\n"), ("    1\n}", "    1\n"), ("    1\n}", "    1\n}}"), (".count()", ".count())"),
    (".count()", ".count("), (".count()", ".count(]"), ("values: &[u32]", "values: &[u32"), ("1\n", '"1\n'),
    ("1\n", "/* 1\n"), ("1\n", 'r#"1\n'), ("1\n", "b'1\n"), ("1\n", "'日本\n"), ("1\n", "'\n"), ("1\n", 'c"1\n'),
]  # fmt: skip


def as_if_alone(bench: Bench, mutants: Sequence[Mutant]) -> list[Verdict | None]:
    """The nursery's verdicts, after holding each against the whole compiler's, word by word."""
    verdicts = Nursery(bench.checker).judge(mutants)
    for mutant, verdict in zip(mutants, verdicts, strict=True):
        if verdict is not None:
            assert verdict.scope == "batch"
            assert replace(verdict, scope="alone") == bench.checker.alone(mutant), mutant.edits
            assert told(verdict) == told(bench.alone(mutant)), mutant.edits
    return verdicts


@pytest.fixture(scope="module")
def laid_out(open_crate: OpenCrate) -> Bench:
    cargo, root = open_crate({"Cargo.toml": MANIFEST, **LAID_OUT})
    return Bench(Workbench(cargo, root))


@pytest.mark.parametrize("file", [LIB, "src/deep/mod.rs", FAR, "src/odd name.rs"])
def test_what_swallows_the_rest_of_any_file_is_told_as_alone(laid_out: Bench, file: str) -> None:
    ends = (lambda text: text.replace("\n", "\r\n")) if file == FAR else str
    mutants = [laid_out.mutant(ends(old), ends(new), file) for old, new in POISONS]
    verdicts = as_if_alone(laid_out, mutants)
    judged = [v for v in verdicts if v is not None]
    assert len(judged) > len(POISONS) - 4
    assert all(v.green and v.target and v.target.primary and v.target.primary.file == file for v in judged)
    assert {"E0765", "E0758", "E0748", "E0763", None} & set(codes(judged)) >= {"E0765", "E0758", "E0748", None}


def test_what_the_compiler_goes_on_after_is_left_undecided(laid_out: Bench) -> None:
    """It mends what a body lacks and drops a module that it cannot read; then it complains of more."""
    after = laid_out.mutants(("let owned", "lte owned"), ("    1\n", "    true\n"))
    module = laid_out.mutant("pub fn two", "pbu fn two", FAR)
    nursery = Nursery(laid_out.checker)
    assert nursery.judge([*after, module]) == [None, None, None]
    assert (nursery.effort.runs, nursery.effort.undecided) == (1, 3)


def test_the_root_that_cannot_be_read_is_told_as_alone(laid_out: Bench) -> None:
    (verdict,) = as_if_alone(laid_out, [laid_out.mutant("pub fn two", "pbu fn two")])
    assert verdict is not None
    assert verdict.green


def test_an_included_file_is_judged_in_its_place(laid_out: Bench) -> None:
    mutant = laid_out.mutant("(4)", "(4", "src/put.in")
    (verdict,) = as_if_alone(laid_out, [mutant])
    assert verdict is not None
    assert verdict.target is not None
    assert verdict.target.primary is not None
    assert verdict.target.primary.file == "src/put.in"


def test_more_mutants_than_one_command_takes_stay_in_their_order(laid_out: Bench) -> None:
    one, other = laid_out.mutant(".count()", ".count("), laid_out.mutant("1\n", '"1\n', FAR.replace("far", "mod"))
    healthy = laid_out.mutant("let owned", "let  owned")
    verdicts = Nursery(laid_out.checker).judge([one, healthy, other] * 20)
    alone = [laid_out.checker.alone(m) for m in (one, other)]
    assert [v and replace(v, scope="alone") for v in verdicts] == [alone[0], None, alone[1]] * 20


def test_where_the_command_cannot_do_its_work_nothing_is_believed(laid_out: Bench) -> None:
    mutant, cargo = laid_out.mutant(".count()", ".count("), laid_out.bench.cargo
    for change in ({"folder": "/box/src/nowhere"}, {"args": ()}, {"args": ("src/nowhere.rs",)}):
        target = replace(laid_out.invocation, **change)
        checker = BatchChecker(laid_out.bench, Rustc(cargo, target))
        checker._source = laid_out.checker.source
        assert Nursery(checker).judge([mutant]) == [None]


@pytest.mark.parametrize("edition", ["2015", "2018", "2021", "2024"])
def test_each_edition_is_told_as_alone(open_crate: OpenCrate, edition: str) -> None:
    lib = 'pub fn one() {\n    let _f = "x";\n    let _ = (1, 2);\n}\n'
    cargo, root = open_crate({"Cargo.toml": MANIFEST.replace("2021", edition), LIB: lib})
    bench = Bench(Workbench(cargo, root))
    changes = [('"x"', 'k"x'), ('"x"', 'k#x"'), ("(1, 2)", "(1, 2"), ("(1, 2)", 'c"1'), ("(1, 2)", '#"1"#)')]
    assert all(v is not None for v in as_if_alone(bench, bench.mutants(*changes)))


def test_a_member_of_a_workspace_is_told_as_alone(open_crate: OpenCrate) -> None:
    cargo, root = open_crate(
        {"Cargo.toml": '[workspace]\nmembers = ["tiny"]\nresolver = "2"\n',
         "tiny/Cargo.toml": MANIFEST.replace("[workspace]\n", ""), "tiny/src/lib.rs": HEALTHY},
        member="tiny",
    )  # fmt: skip
    bench = Bench(Workbench(cargo, root))
    (verdict,) = as_if_alone(bench, [bench.mutant(".count()", ".count(", "tiny/src/lib.rs")])
    assert verdict is not None


@pytest.fixture(scope="module")
def broken(open_crate: OpenCrate) -> Bench:
    return start_broken(open_crate)


def offered(broken: Bench) -> list[Mutant]:
    """Two mistakes of each operator of syntax, stable and from all over the crate."""
    root, wanted = broken.bench.root, [operator for operator in operators() if operator.route is Route.SYNTAX]
    files = sorted(str(path.relative_to(root)) for path in root.rglob("*.rs"))
    found = [m for file in files for m in mistakes(Code(file, broken.bench.read(file)), wanted)]
    drawn = sorted(found, key=lambda m: sha256(repr((m.operator.name, m.site.edits)).encode()).digest())
    first = {m.operator.name: m for m in drawn}
    second = {m.operator.name: m for m in drawn if m is not first[m.operator.name]}
    return [Mutant(m.site.edits, m.file, *m.region) for m in (*first.values(), *second.values())]


def test_operators_that_break_delimiters_are_told_as_alone(broken: Bench) -> None:
    tried = [m for m in offered(broken) if stops(m, broken.bench.read)]
    verdicts = as_if_alone(broken, tried)
    assert len(tried) >= 6
    assert sum(v is not None and v.green for v in verdicts) > len(tried) // 2


def test_operators_whose_mistake_stays_in_a_body_share_runs(broken: Bench) -> None:
    """The parser mends a body, and what comes after it complains of that body alone."""
    read = broken.bench.read
    some = [m for m in offered(broken) if not stops(m, read)]
    tried = [replace(m, start=at[0], end=at[1]) for m in some if (at := body_region(m, read))]
    checker = broken.use(broken.invocations[0])
    verdicts = broken.same_as_alone(tried)
    assert len(tried) >= 15
    assert sum(v.scope == "batch" for v in verdicts) > len(tried) // 2
    for mutant, verdict in zip(tried, verdicts, strict=True):
        assert replace(verdict, scope="alone") == checker.alone(mutant), mutant.edits
