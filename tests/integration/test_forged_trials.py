"""Tricks that want more than one command: results of an earlier build, minds that change, neighbours in a shared run,
and fixes that speak for the tests that judge them.
"""

from pathlib import Path

import pytest

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.verdict import Trial
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from tests.conftest import OpenCrate
from tests.integration.batches import Bench
from tests.integration.forgeries import (
    DIAGNOSTIC,
    HEALTHY,
    SPEAKS,
    UNUSED,
    Outcome,
    Trick,
    macro,
    raw,
    script,
    with_tests,
)

LIB, CHECK = "src/lib.rs", ("check",)
_FUTURE = """
    let future = std::time::SystemTime::now() + std::time::Duration::from_secs(1 << 28);
    for unit in std::fs::read_dir("/box/target/debug/.fingerprint").unwrap() {
        for file in std::fs::read_dir(unit.unwrap().path()).unwrap() {
            let file = std::fs::OpenOptions::new().append(true).open(file.unwrap().path()).unwrap();
            file.set_modified(future).unwrap();
        }
    }
"""
_REMEMBERED = f"""
    for unit in std::fs::read_dir("/box/target/debug/.fingerprint").unwrap() {{
        let unit = unit.unwrap().path();
        std::fs::write(unit.join("output-lib-tiny"), concat!({raw(DIAGNOSTIC)}, "\\n")).unwrap();
    }}
"""


def breaks(bench: Workbench) -> tuple[Edit, ...]:
    """The healthy function's value becomes a wrong one."""
    at = bench.read(LIB).index(b"    1\n") + 4
    return (Edit(LIB, at, at + 1, b"true"),)


def takes_old_for_new(cargo: Cargo, root: Path) -> Outcome:
    """A build of broken code shows what the healthy code showed."""
    bench = Workbench(cargo, root)
    bench.observe(CHECK)
    cargo.test()
    build = bench.observe(CHECK, breaks(bench))
    return Outcome(build.cause is None, frozenset(getattr(build, "forged", ())), build.cause)


def shows_what_tests_left(cargo: Cargo, _: Path) -> Outcome:
    """A build repeats words that a test put where cargo keeps what the compiler said."""
    cargo.check()
    run = cargo.test()
    said = [d.message for d in cargo.check().diagnostics]
    return Outcome("a forged word" in said, frozenset(getattr(run, "flags", ())), said)


def mends_by_itself(cargo: Cargo, root: Path) -> Outcome:
    """A comment takes a complaint away, since the build script lets it go when asked again."""
    bench = Workbench(cargo, root)
    try:
        (target,) = bench.baseline.check.diagnostics
        at = bench.read(LIB).index(b"}\n")
        verdict = bench.judge_probe([Trial((Edit(LIB, at, at, b"// a comment\n"),), target)], CHECK)
    except UnfitCrate as error:
        return Outcome(False, frozenset({str(error.cause)}))
    return Outcome(verdict.green, frozenset(getattr(verdict, "flags", ())), verdict)


_SECOND_TIME = """
    let count = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("../count");
    let runs = std::fs::read_to_string(&count).map_or(0, |text| text.len());
    std::fs::write(&count, "x".repeat(runs + 1)).unwrap();
    println!("cargo::rustc-check-cfg=cfg(quiet)");
    if runs > 0 { println!("cargo::rustc-cfg=quiet"); }
"""
_PROGRAM = {"src/main.rs": "guest::attack!();\nfn main() {}\n"}
_QUIET = "#![cfg_attr(quiet, allow(unused_mut))]\n"
_OF_PROGRAM = {**macro(_FUTURE + "TokenStream::new()", HEALTHY), **_PROGRAM, LIB: HEALTHY}
TRICKS = (
    Trick(
        "a macro gives what cargo remembers times to come",
        _OF_PROGRAM, takes_old_for_new, frozenset({"stale_build"}),
    ),
    Trick(
        "a test gives what cargo remembers times to come",
        with_tests(f"#[test]\nfn one() {{\n{_FUTURE}}}\n"), takes_old_for_new,
    ),
    Trick(
        "a test writes what cargo remembers that the compiler said",
        with_tests(f"#[test]\nfn one() {{\n{_REMEMBERED}}}\n"), shows_what_tests_left,
    ),
    Trick(
        "a build script says something else the second time",
        script(_SECOND_TIME, _QUIET + UNUSED), mends_by_itself, frozenset({"unstable_build"}),
    ),
)  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS, ids=[trick.name for trick in TRICKS])
def test_tricks_of_several_commands(open_crate: OpenCrate, trick: Trick) -> None:
    outcome = trick.attempt(*open_crate(trick.files))
    assert not outcome.harm, outcome
    assert outcome.flags >= trick.flags, outcome


# A fix that speaks for the tests.

RETURNS = """pub fn value() -> u32 {
    return 1;
}
"""
VALUE = """#[test]
fn holds() { assert_eq!(super::value(), 1) }
#[test]
fn stays() { assert!(super::value() > 0) }
"""
# An `allow` would be refused before any test runs.
_WORDS = SPEAKS.replace("#[allow(dead_code)]", "")
FORGES = (
    _WORDS
    + r"""
    for name in ["tests::holds", "tests::stays"] {
        if name != "tests::holds" { event(name, "started"); }
        event(name, "ok");
    }
    speak(r#"{ "type": "suite", "event": "ok", "passed": 2, "failed": 0, "ignored": 0 }"#);
    std::process::exit(0)
"""
)
FIXES: dict[str, tuple[str, bool]] = {
    "the fix": ("1", True),
    "another value": ("2", False),
    "it speaks for all tests and leaves": (FORGES, False),
    "it says that the test passed, and fails it": (f'{_WORDS}event("tests::holds", "ok");\n    2', False),
}


def judged(open_crate: OpenCrate, fix: str) -> Outcome:
    cargo, root = open_crate(with_tests(VALUE, RETURNS))
    bench = Workbench(cargo, root)
    probe = ("clippy", "--lib", "--", "-W", "clippy::needless_return")
    (target,) = [d for d in bench.observe(probe).diagnostics if d.code == "clippy::needless_return"]
    at = bench.read(LIB).index(b"return 1;")
    verdict = bench.judge(Trial((Edit(LIB, at, at + len(b"return 1;"), fix.encode()),), target), probe)
    return Outcome(verdict.green, frozenset(getattr(verdict, "flags", ())), verdict.reason)


@pytest.mark.parametrize("name", FIXES)
def test_a_fix_that_speaks_for_the_tests_is_refused_by_name(open_crate: OpenCrate, name: str) -> None:
    fix, is_good = FIXES[name]
    outcome = judged(open_crate, fix)
    assert outcome.harm == is_good, outcome
    assert bool(outcome.flags - {"deletion"}) == name.startswith("it "), outcome


# Neighbours in a shared run.

JEALOUS = """use proc_macro::TokenStream;

/// Knows one body of its function, and acts where there is another.
#[proc_macro_attribute]
pub fn jealous(_: TokenStream, item: TokenStream) -> TokenStream {
    if !item.to_string().contains("keep + 2") {
        ACTS
    }
    item
}
"""
SHARED = """pub fn one() -> u32 {
    1
}

pub fn two() -> u32 {
    2
}

#[guest::jealous]
pub fn five(keep: u32) -> u32 {
    keep + 2
}
"""
_ERROR = DIAGNOSTIC.replace('"unused_mut"', '"E0308"').replace('"level":"warning"', '"level":"error"')
ACTS: dict[str, str] = {
    "forges an error of its neighbour": f'eprintln!("{{}}", {raw(_ERROR)});',
    "closes the compiler's stream": (
        "use std::os::fd::{FromRawFd, OwnedFd};\ndrop(unsafe { OwnedFd::from_raw_fd(2) });"
    ),
    "tells of an end and leaves": "std::process::exit(0);",
}


def shared(open_crate: OpenCrate, act: str) -> tuple[list[bool], list[str | None]]:
    """Of a change that compiles, one that does not, and one that wakes the macro: what is green, and what is shown."""
    files = macro("", "") | {"guest/src/lib.rs": JEALOUS.replace("ACTS", act), LIB: SHARED}
    bench = Bench(Workbench(*open_crate(files)))
    mutants = bench.mutants(("    1\n", "    7\n"), ("    2\n", "    true\n"), ("keep + 2", "keep + 3"))
    verdicts = bench.checker.judge(mutants)
    return [v.green for v in verdicts], [v.target.code if v.target else None for v in verdicts]


@pytest.mark.parametrize("name", ACTS)
def test_what_one_mutant_wakes_says_nothing_of_its_neighbours(open_crate: OpenCrate, name: str) -> None:
    green, shown = shared(open_crate, ACTS[name])
    assert green[:2] == [False, True]
    assert shown[:2] == [None, "E0308"]
    assert not green[2]
