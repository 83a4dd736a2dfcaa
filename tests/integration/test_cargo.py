"""cargo on small real crates: diagnostics with their bytes, and every cause of failure that a crate can bring about."""

from collections import Counter
from pathlib import Path

import pytest

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.libtest import CUSTOM_HARNESS, Outcome, TestId
from oxidizer.cluster.outcome import Cause, classify, last_words
from oxidizer.cluster.sandbox import SOURCE, Limits
from tests.conftest import OpenCrate

MANIFEST = '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
LIB = "pub fn one() -> i32 {\n    1\n}\n"


def tiny(lib: str = LIB, manifest: str = MANIFEST, **more: str) -> dict[str, str]:
    files = {name.replace("__", "/").replace("_rs", ".rs"): text for name, text in more.items()}
    return {"Cargo.toml": manifest, "src/lib.rs": lib, **files}


def with_dependency(lib: str, **more: str) -> dict[str, str]:
    """`tiny` and the member `leaf`, which it depends on."""
    manifest = MANIFEST.replace("[workspace]\n", '[dependencies]\nleaf = { path = "leaf" }\n[workspace]\n')
    leaf = '[package]\nname = "leaf"\nversion = "0.1.0"\nedition = "2021"\n'
    return {**tiny(LIB, manifest), "leaf/Cargo.toml": leaf, "leaf/src/lib.rs": lib, **more}


FAILING_SCRIPT = 'fn main() { panic!("I do not like this machine"); }'
DOWNLOADS = """fn main() {
    let error = std::net::TcpStream::connect("crates.example:443").unwrap_err();
    panic!("cannot download: {error}");
}
"""
NEEDS_A_LIBRARY = '#[link(name = "no_such_library_here")]\nunsafe extern "C" { fn nothing(); }\n'
CHECKED = [
    ("a sound crate", tiny(), None),
    ("an error of its own", tiny("pub fn one() -> i32 { true }"), Cause.COMPILE_ERROR),
    ("a syntax error", tiny("pub fn one( -> i32 { 1 }"), Cause.COMPILE_ERROR),
    ("a denied lint", tiny("#![deny(unused_mut)]\npub fn one() { let mut a = 1; let _ = a; }"), Cause.COMPILE_ERROR),
    ("an error of a dependency", with_dependency("pub fn two() -> i32 { true }"), Cause.DEPENDENCY_COMPILE_ERROR),
    ("a build script", tiny(build_rs=FAILING_SCRIPT), Cause.BUILD_SCRIPT_FAILED),
    (
        "a build script of a dependency",
        with_dependency(LIB, **{"leaf/build.rs": FAILING_SCRIPT}),
        Cause.DEPENDENCY_BUILD_SCRIPT_FAILED,
    ),
    ("a build script that downloads", tiny(build_rs=DOWNLOADS), Cause.NETWORK_NEEDED),
    ("a manifest that is none", tiny(manifest='[package]\nname = "tiny"\nversion = 3\n'), Cause.BROKEN_MANIFEST),
    ("no targets", {"Cargo.toml": MANIFEST}, Cause.BROKEN_MANIFEST),
    (
        "a feature that is not there",
        tiny(manifest=MANIFEST + '[features]\na = ["b"]\n'),
        Cause.BROKEN_MANIFEST,
    ),
    (
        "a newer Rust",
        tiny(manifest=MANIFEST.replace('"2021"', '"2021"\nrust-version = "1.999"')),
        Cause.NEEDS_NEWER_RUST,
    ),
    ("a newer edition", tiny(manifest=MANIFEST.replace("2021", "2051")), Cause.NEEDS_NEWER_RUST),
    (
        "a dependency that is not there",
        tiny(manifest=MANIFEST + '[dependencies]\nno-such-crate-anywhere = "1"\n'),
        Cause.MISSING_DEPENDENCY,
    ),
    (
        "a folder that is not there",
        tiny(manifest=MANIFEST + '[dependencies]\nleaf = { path = "leaf" }\n'),
        Cause.MISSING_DEPENDENCY,
    ),
]


@pytest.mark.parametrize(("files", "cause"), [c[1:] for c in CHECKED], ids=[c[0] for c in CHECKED])
def test_every_cause_of_a_failing_check(open_crate: OpenCrate, files: dict[str, str], cause: Cause | None) -> None:
    cargo, _ = open_crate(files)
    build = cargo.check()
    assert build.cause == cause, build.run.stderr.decode()
    assert build.ok == (cause is None)
    if cause:
        assert last_words(build.run)


ENDLESS = "fn main() { std::thread::sleep(std::time::Duration::MAX) }"
HUNGRY = "fn main() { std::hint::black_box(vec![1u8; 1 << 30]); }"
BOUNDED = [
    ("memory", tiny(build_rs=HUNGRY), Limits(memory_bytes=256 << 20), Cause.OOM),
    ("time", tiny(build_rs=ENDLESS), Limits(wall_s=1.5, memory_bytes=1 << 30), Cause.TIMEOUT),
    ("silence", tiny(build_rs=ENDLESS), Limits(silence_s=1.5, memory_bytes=1 << 30), Cause.SILENT),
    (
        "output",
        tiny("".join(f"pub fn f{n}() {{ let mut a = {n}; let _ = a; }}\n" for n in range(200))),
        Limits(output_bytes=20_000, memory_bytes=1 << 30),
        Cause.OUTPUT_LIMIT,
    ),
    (
        "disk",
        tiny(build_rs='fn main() { let big = std::env::var("OUT_DIR").unwrap() + "/big";\n'
             '    std::fs::write(big, vec![1; 64 << 20]).unwrap();\n'
             '    std::thread::sleep(std::time::Duration::from_secs(20)); }'),
        Limits(disk_bytes=16 << 20, memory_bytes=1 << 30),
        Cause.NO_SPACE,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "limits", "cause"), [b[1:] for b in BOUNDED], ids=[b[0] for b in BOUNDED])
def test_limits_have_causes(open_crate: OpenCrate, files: dict[str, str], limits: Limits, cause: Cause) -> None:
    cargo, _ = open_crate(files, limits=limits)
    assert cargo.check().cause == cause


SEVERAL = [["check"], ["check", "--no-such-flag"], ["clippy", "--", "-W", "clippy::pedantic"], ["check", "--lib"]]


def test_commands_in_turn_say_what_each_says_alone(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(tiny('pub fn one() -> usize {\n    let mut a = "; \'"; a.len() as u8 as usize\n}\n'))
    together, alone = cargo.builds(SEVERAL), [cargo.build(args) for args in SEVERAL]
    assert [b.cause for b in together] == [None, Cause.UNKNOWN, None, None]
    assert [(b.diagnostics, b.cause, b.run.exit_code) for b in together] == [
        (b.diagnostics, b.cause, b.run.exit_code) for b in alone
    ]
    assert [len(b.diagnostics) for b in together] == [1, 0, 3, 1]


def test_a_limit_that_ends_commands_in_turn_leaves_each_its_own(open_crate: OpenCrate) -> None:
    noisy = "".join(f"pub fn f{n}() {{ let mut a = {n}; let _ = a; }}\n" for n in range(20))
    cargo, _ = open_crate(tiny(noisy), limits=Limits(output_bytes=40_000, memory_bytes=1 << 30))
    builds = cargo.builds([["check"], ["check", "--lib"]])
    assert [b.cause for b in builds] == [None, None]
    assert sum(len(b.run.stdout + b.run.stderr) for b in builds) > 40_000


def test_a_compiler_that_breaks(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(tiny("pub fn one() -> i32 { true }"))
    build = cargo.build(["check"], RUSTC_BOOTSTRAP="1", RUSTFLAGS="-Ztreat-err-as-bug=1")
    assert build.cause is Cause.ICE, build.run.stderr.decode()


TESTED = [
    ("none", tiny(), Cause.NO_TESTS),
    ("do not compile", tiny(LIB + "#[test]\nfn t() { two(); }\n"), Cause.TESTS_DO_NOT_COMPILE),
    ("do not link", tiny(NEEDS_A_LIBRARY + "#[test]\nfn t() { unsafe { nothing() } }\n"), Cause.LINK_ERROR),
    ("pass", tiny(LIB + "#[test]\nfn t() { one(); }\n"), None),
    ("fail", tiny(LIB + "#[test]\nfn t() { panic!() }\n"), None),
]


@pytest.mark.parametrize(("files", "cause"), [t[1:] for t in TESTED], ids=[t[0] for t in TESTED])
def test_causes_of_tests(open_crate: OpenCrate, files: dict[str, str], cause: Cause | None) -> None:
    cargo, _ = open_crate(files)
    run = cargo.test()
    assert run.cause == cause, run.build.run.stderr.decode()


def test_what_tests_print_is_no_trouble_of_the_machine(open_crate: OpenCrate) -> None:
    """Only what stops a build counts: tests may speak of full disks, and print what looks like cargo's messages."""
    program = (
        'fn main() { eprintln!("No space left on device");'
        ' println!("{}", r#"{"reason":"compiler-message"}"#);'
        ' println!("{}", r#"{"reason":"build-finished","success":false}"#); std::process::exit(1) }'
    )
    files = tiny(manifest=MANIFEST + '[[test]]\nname = "own"\nharness = false\n', tests__own_rs=program)
    cargo, _ = open_crate(files)
    run = cargo.test()
    assert run.build.cause is None
    assert run.compiled
    assert run.results.outcomes == {TestId("tiny", "own", CUSTOM_HARNESS): Outcome.FAILED}


def test_targets_and_tools_that_are_not_there(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate({"Cargo.toml": MANIFEST, "src/main.rs": "fn main() {}\n"})
    assert cargo.build(["check", "--lib"]).cause is Cause.NO_TARGETS
    absent = cargo.sandbox.run(["cargo", "no-such-tool"])
    assert classify(absent, "tiny", (), finished=False) is Cause.NOT_INSTALLED


def test_miri_is_not_installed(open_crate: OpenCrate, toolchain: object) -> None:
    cargo, _ = open_crate(tiny(LIB + "#[test]\nfn t() { one(); }\n"))
    if toolchain.has_miri:  # type: ignore[attr-defined]
        pytest.skip("this toolchain has miri")
    _, found, cause = cargo.miri()
    assert (found, cause) == ([], Cause.NOT_INSTALLED)


# What a diagnostic says.


def test_bytes_and_columns(open_crate: OpenCrate) -> None:
    """A byte order mark, CRLF and characters of several bytes: offsets are those of the file as it is."""
    lib = '\ufeffpub fn f() {\r\n    let é = "ö"; let mut b = é;\r\n    let _ = b;\r\n}\r\n'
    cargo, root = open_crate(tiny(lib))
    (found,) = cargo.check().diagnostics
    (fix,) = found.fixes()
    (edit,) = fix.edits
    text = (root / "src/lib.rs").read_bytes()
    assert text[edit.start : edit.end] == b"mut "
    assert (edit.replacement, fix.applicability) == (b"", "MachineApplicable")
    at = found.primary
    assert at is not None
    assert text[at.byte_start : at.byte_end] == b"mut b"
    line = text.decode("utf-8-sig").splitlines()[at.line_start - 1]
    assert line[at.column_start - 1 : at.column_end - 1] == "mut b"


def test_lib_and_its_tests_complain_once(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(
        tiny("pub fn f() { let mut a = 1; let _ = a; }\n#[test]\nfn t() { let mut b = 1; let _ = b; }\n")
    )
    shown = cargo.build(["check", "--all-targets"]).diagnostics
    assert sorted(d.primary.line_start for d in shown if d.primary) == [1, 3]
    assert {d.code for d in shown} == {"unused_mut"}
    assert len(cargo.check().diagnostics) == 1, "replayed by a fresh build, and for one target"


def test_macros_and_generated_files_have_no_fixes(open_crate: OpenCrate) -> None:
    script = (
        'fn main() { std::fs::write(std::env::var("OUT_DIR").unwrap() + "/made.rs",'
        ' "pub fn made() { let mut a = 1; let _ = a; }").unwrap(); }'
    )
    lib = (
        'include!(concat!(env!("OUT_DIR"), "/made.rs"));\n'
        "macro_rules! m { ($e:expr) => { let mut a = $e; let _ = a; } }\npub fn f() { m!(1); }\n"
    )
    cargo, _ = open_crate(tiny(lib, build_rs=script))
    made, in_macro = sorted(cargo.check().diagnostics, key=lambda d: d.primary is not None and d.primary.in_source)
    assert made.primary is not None
    assert not made.primary.in_source
    assert made.fixes() == []
    assert in_macro.primary is not None
    assert in_macro.primary.file == "src/lib.rs"
    assert in_macro.primary.expansion is not None
    assert in_macro.primary.expansion.macro == "m!"
    assert in_macro.fixes() == []


def test_paths_are_those_of_files(open_crate: OpenCrate) -> None:
    lib = '#[path = "../shared/part.rs"]\nmod part;\npub use part::f;\n'
    cargo, root = open_crate({**tiny(lib), "shared/part.rs": "pub fn f() { let mut a = 1; let _ = a; }\n"})
    (found,) = cargo.check().diagnostics
    assert found.primary is not None
    assert found.primary.file == "shared/part.rs"
    assert (root / found.primary.file).is_file()


def test_alternatives_are_fixes_of_their_own(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(tiny("pub fn f() -> HashMap<i32, Rc<i32>> { todo!() }\npub type T = Result<Error>;\n"))
    imports = {d.message: d.fixes() for d in cargo.check().diagnostics if d.code == "E0412" or d.code == "E0425"}
    ways = {len(fixes) for fixes in imports.values()}
    assert max(ways) > 1, imports
    several = next(fixes for fixes in imports.values() if len(fixes) > 1)
    assert all(len(fix.edits) == 1 and fix.edits[0].replacement.startswith(b"use ") for fix in several)


def test_a_member_is_told_from_its_neighbours(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate(with_dependency("pub fn f() { let mut a = 1; let _ = a; }\n"))
    build = cargo.check()
    assert build.cause is None
    assert [(d.package, d.primary.file) for d in build.diagnostics if d.primary] == [("leaf", "leaf/src/lib.rs")]


# Tests of every kind.


@pytest.fixture(scope="module")
def mixed(open_crate: OpenCrate) -> tuple[Cargo, Path]:
    return open_crate("mixed")


def test_every_kind_of_test(mixed: tuple[Cargo, Path]) -> None:
    results = mixed[0].test().results
    assert Counter(results.outcomes.values()) == {Outcome.PASSED: 12, Outcome.IGNORED: 1}
    assert {t.target for t in results.outcomes} == {"mixed", "outside", "custom", "doctest"}
    assert TestId("mixed", "doctest", "src/lib.rs - half #1") in results.passed
    assert results.crashed == ()


@pytest.mark.parametrize(
    ("wanted", "also"),
    [
        (TestId("mixed", "mixed", "tests::doubles"), set()),
        (TestId("mixed", "doctest", "src/lib.rs - half #1"), {"src/lib.rs - doubled #1"}),
    ],
)
def test_only_some_tests(mixed: tuple[Cargo, Path], wanted: TestId, also: set[str]) -> None:
    ran = mixed[0].test(only=[wanted]).results.outcomes
    assert {t.name for t in ran} - {CUSTOM_HARNESS} == {wanted.name} | (also if wanted.is_doctest else set())


@pytest.mark.parametrize(
    ("variable", "lost", "crashed"),
    [("MIXED_HANG", "hangs_when_asked", ("outside",)), ("MIXED_ABORT", "aborts_when_asked", ("outside",))],
)
def test_a_test_that_never_ends_is_lost(
    mixed: tuple[Cargo, Path], monkeypatch: pytest.MonkeyPatch, variable: str, lost: str, crashed: tuple[str, ...]
) -> None:
    cargo, _ = mixed
    run = cargo.sandbox.run
    monkeypatch.setattr(cargo.sandbox, "run", lambda argv, *, env, cwd: run(argv, env={**env, variable: "1"}, cwd=cwd))
    results = cargo.test(cap_s=2.0).results
    assert results.outcomes[TestId("mixed", "outside", lost)] is Outcome.LOST
    assert results.crashed == crashed
    assert TestId("mixed", "mixed", "tests::doubles") in results.passed, "it took no other target with it"


def test_formatting(open_crate: OpenCrate) -> None:
    cargo, _ = open_crate("lints")
    assert {file: len(lines) for file, lines in cargo.format_check().hunks.items()} == {
        "src/layout.rs": 2,
        "src/lib.rs": 1,
    }
    formatted = cargo.formatted("src/layout.rs", "2021")
    assert formatted is not None
    assert "pub fn crammed(a: i32, b: i32) -> i32 {" in formatted
    assert cargo.folder == SOURCE
