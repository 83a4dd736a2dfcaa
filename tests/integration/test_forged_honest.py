"""Crates that do openly what tricks do in secret: nothing of them is called a forgery, and nothing of them is lost."""

import pytest

from oxidizer.cluster.libtest import CUSTOM_HARNESS
from oxidizer.cluster.workbench import Workbench
from tests.conftest import OpenCrate
from tests.integration.forgeries import HEALTHY, MANIFEST, UNUSED, macro, raw, script, with_tests

_EMPTY = "TokenStream::new()"
EVENT = '{ "type": "test", "name": "tests::other", "event": "ok" }'

BUILT = {
    "a macro that warns in words": macro('eprintln!("warning: attack is deprecated");\n' + _EMPTY, UNUSED),
    "a macro that prints JSON of its own": macro(
        'println!("{}", r#"{"tokens": 3}"#); eprintln!("{}", r#"{"level": "warning", "message": "mine"}"#);\n' + _EMPTY,
        UNUSED,
    ),
    "a macro with threads and children": macro(
        "std::thread::spawn(|| ()).join().unwrap();\n"
        'assert!(std::process::Command::new("true").status().unwrap().success());\n'
        'let said = std::process::Command::new("echo").arg("hello").output().unwrap();\n'
        'assert_eq!(said.stdout, b"hello\\n");\n' + _EMPTY,
        UNUSED,
    ),
    "a macro that looks at its environment": macro(
        'assert!(std::env::var_os("LD_PRELOAD").is_none() && std::env::var_os("OXIDIZER_DOOR").is_none());\n'
        'assert!(std::fs::read_to_string("/proc/self/status").unwrap().contains("rustc"));\n' + _EMPTY,
        UNUSED,
    ),
    "a build script that prints": script(
        'println!("cargo::warning=mind the gap");\nprintln!("{}", r#"{"reason":"build-finished","success":false}"#);\n'
        'eprintln!("no JSON");\nassert!(std::env::var_os("LD_PRELOAD").is_none());',
        UNUSED,
    ),
    "a build script that runs each time": script('println!("cargo::rerun-if-changed=nowhere");', UNUSED),
}


@pytest.mark.parametrize("name", BUILT)
def test_honest_guests(open_crate: OpenCrate, name: str) -> None:
    cargo, root = open_crate(BUILT[name])
    bench = Workbench(cargo, root)
    baseline = bench.baseline
    assert [d.code for d in baseline.check.diagnostics] == ["unused_mut"]
    assert baseline.check.guests == {"tiny" if "script" in name else "guest"}
    bench.recheck()
    assert not bench.forged


def test_a_macro_that_panics_is_an_error_of_the_crate(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(macro('panic!("not like this")', HEALTHY))
    build = cargo.check()
    assert (build.cause, build.forged) == ("compile_error", ())
    assert [d.message for d in build.diagnostics] == ["proc macro panicked"]


_MIMIC = """
fn main() {
    println!("{}", r#"{ "type": "suite", "event": "started", "test_count": 1 }"#);
    println!("{}", r#"{ "type": "test", "name": "mine", "event": "ok" }"#);
    std::process::exit(0)
}
"""
_BAD = "#[test] fn bad() { panic!() }"
_OWN = '[[test]]\nname = "own"\nharness = false\n'
_TEMPORARY = 'let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));'
OUTSIDE = f"""
#[test] fn writes() {{ {_TEMPORARY} std::fs::write(folder.join("x"), "x").unwrap(); }}
#[test] fn sees_no_door() {{
    assert!(std::env::vars().all(|(key, _)| key != "LD_PRELOAD" && key != "OXIDIZER_DOOR"));
}}
#[test] fn asks_a_child() {{
    let said = std::process::Command::new("sh").args(["-c", "echo hello; exit 0"]).output().unwrap();
    assert_eq!((said.status.code(), &said.stdout[..], &said.stderr[..]), (Some(0), &b"hello\\n"[..], &b""[..]));
}}
"""
DOCUMENTED = """/// ```
/// assert_eq!(tiny::healthy(), 1);
/// ```
///
/// ```should_panic
/// panic!();
/// ```
///
/// ```
/// println!("{}", r#"EVENT"#);
/// std::process::exit(0);
/// ```
""".replace("EVENT", EVENT)
_CHILD = f'std::process::Command::new("echo").arg({raw(EVENT)}).status().unwrap();'
TESTED: dict[str, tuple[dict[str, str], set[str], set[str]]] = {
    "tests that print libtest's words": (
        with_tests(f'#[test] fn one() {{ println!("{{}}", {raw(EVENT)}) }}\n#[test] fn other() {{ }}'),
        {"tests::one", "tests::other"}, set(),
    ),
    "should_panic, ignored and failing": (
        with_tests("#[test] #[should_panic] fn one() { panic!() }\n#[test] #[ignore] fn two() {}\n" + _BAD),
        {"tests::one"}, {"tests::bad"},
    ),
    "no tests": (with_tests(""), set(), set()),
    "a harness of its own": (
        with_tests("", manifest=_OWN, **{"tests/own.rs": "fn main() { std::process::exit(0) }"}),
        {CUSTOM_HARNESS}, set(),
    ),
    "a harness of its own that speaks like libtest": (
        with_tests("", manifest=_OWN, **{"tests/own.rs": _MIMIC}), {"mine"}, set()
    ),
    "tests outside": (
        with_tests("", **{"tests/outside.rs": OUTSIDE}), {"writes", "sees_no_door", "asks_a_child"}, set()
    ),
    "doctests": (
        with_tests("", lib=DOCUMENTED + HEALTHY),
        {f"src/lib.rs - healthy #{n}" for n in (1, 2, 3)}, set(),
    ),
    "doctests in one program": (
        with_tests("", lib=DOCUMENTED + HEALTHY) | {"Cargo.toml": MANIFEST.replace("2021", "2024") + "[workspace]\n"},
        {f"src/lib.rs - healthy #{n}" for n in (1, 2, 3)}, set(),
    ),
    "examples of a library of several files": (
        with_tests("#[test] fn one() {}", lib=f"mod zeta;\nmod alpha;\n{HEALTHY}", **{
            "src/zeta.rs": "", "src/alpha.rs": "", "examples/shown.rs": "fn main() { assert_eq!(tiny::healthy(), 1) }",
        }), {"tests::one"}, set(),
    ),
    "a child that speaks of another crate's test": (
        with_tests(f"#[test] fn one() {{ {_CHILD.replace('tests::other', 'elsewhere')} }}\n{_BAD}"),
        {"tests::one"}, {"tests::bad"},
    ),
    "a test that aborts": (
        with_tests("use std::{thread::sleep, time::Duration};\n"
                   "#[test] fn aborts() { sleep(Duration::from_millis(300)); std::process::abort() }\n"
                   f"{_BAD}\n#[test] fn one() {{}}"),
        {"tests::one"}, {"tests::bad", "tests::aborts"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TESTED)
def test_honest_tests(open_crate: OpenCrate, name: str) -> None:
    files, passed, other = TESTED[name]
    cargo, _ = open_crate(files)
    # With two threads a test does not wait for one that aborts.
    cargo.jobs = 2
    run = cargo.test(cap_s=10.0)
    assert run.compiled, run.build.run.stderr.decode()
    assert {t.name for t in run.results.passed} == passed
    assert {t.name for t, outcome in run.results.outcomes.items() if outcome in ("failed", "lost")} == other
    assert run.flags == (), run.run.stdout.decode()
    assert cargo.discarded == 0


def test_what_tests_add_to_a_target_is_thrown_away_and_their_word_stands(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(
        with_tests('#[test] fn adds() { std::fs::write("/box/target/debug/deps/new", "x").unwrap(); }')
    )
    run = cargo.test()
    assert ({t.name for t in run.results.passed}, run.flags, cargo.discarded) == ({"tests::adds"}, (), 1)
    assert not (cargo.sandbox.target.folder / "debug").exists()
    assert cargo.check().ok, "all is built again"
