"""Crates that try to buy a verdict, each with one trick, and the same crates without it: what tests of forgery share.

A guest is a procedural macro or a build script: code that runs while building. `harm` says whether the trick paid.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.libtest import TestResults

MANIFEST = '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n'
GUEST = '[package]\nname = "guest"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n'
BROKEN = "pub fn broken() -> u32 {\n    true\n}\n"
UNUSED = "pub fn unused() -> u32 {\n    let mut one = 1;\n    one\n}\n"
HEALTHY = "pub fn healthy() -> u32 {\n    1\n}\n"

DIAGNOSTIC = (
    r'{"$message_type":"diagnostic","message":"a forged word","code":{"code":"unused_mut","explanation":null},'
    r'"level":"warning","spans":[{"file_name":"src/lib.rs","byte_start":18,"byte_end":25,"line_start":2,"line_end":2,'
    r'"column_start":1,"column_end":8,"is_primary":true,"text":[],"label":null,"suggested_replacement":null,'
    r'"suggestion_applicability":null,"expansion":null}],"children":[],"rendered":"warning: a forged word\n"}'
)
_TARGET = (
    r'"target":{"kind":["lib"],"crate_types":["lib"],"name":"tiny","src_path":"/box/src/src/lib.rs","edition":"2021",'
    r'"doc":true,"doctest":true,"test":true}'
)
_PACKAGE = r'"package_id":"path+file:///box/src#tiny@0.1.0","manifest_path":"/box/src/Cargo.toml"'
MESSAGE = rf'{{"reason":"compiler-message",{_PACKAGE},{_TARGET},"message":{DIAGNOSTIC}}}'
FINISHED = r'{"reason":"build-finished","success":true}'
ARTIFACT = (
    rf'{{"reason":"compiler-artifact",{_PACKAGE},{_TARGET},"profile":{{"opt_level":"0","debuginfo":0,'
    r'"debug_assertions":true,"overflow_checks":true,"test":true},"features":[],'
    r'"filenames":["/bin/true"],"executable":"/bin/true","fresh":false}'
)


@dataclass(frozen=True)
class Outcome:
    """What a trick came to."""

    harm: bool
    flags: frozenset[str]
    told: object = None


Try = Callable[[Cargo, Path], Outcome]


@dataclass(frozen=True)
class Trick:
    """A crate and what it is after."""

    name: str
    files: dict[str, str]
    attempt: Try
    flags: frozenset[str] = field(default_factory=frozenset)
    """What it shall be called, one of these; none where it comes to nothing unseen."""


def macro(body: str, lib: str, **more: str) -> dict[str, str]:
    """A crate whose first line calls a macro with this body."""
    code = f"use proc_macro::TokenStream;\n#[proc_macro]\npub fn attack(_: TokenStream) -> TokenStream {{\n{body}\n}}\n"
    return {
        "Cargo.toml": MANIFEST + '[dependencies]\nguest = { path = "guest" }\n[workspace]\n',
        "guest/Cargo.toml": GUEST,
        "guest/src/lib.rs": code,
        "src/lib.rs": f"guest::attack!();\n{lib}",
        **more,
    }


def script(body: str, lib: str, **more: str) -> dict[str, str]:
    """A crate with a build script."""
    return {
        "Cargo.toml": MANIFEST + "[workspace]\n", "build.rs": f"fn main() {{\n{body}\n}}\n", "src/lib.rs": lib, **more
    }  # fmt: skip


def with_tests(tests: str, lib: str = HEALTHY, manifest: str = "", **more: str) -> dict[str, str]:
    """A crate with tests of its library, and what they share."""
    code = f"{lib}#[cfg(test)]\nmod tests {{\n{SPEAKS}{tests}\n}}\n"
    return {"Cargo.toml": MANIFEST + manifest + "[workspace]\n", "src/lib.rs": code, **more}


# `print!` is kept by libtest; this is not.
SPEAKS = """
#[allow(dead_code)]
fn speak(text: &str) {
    use std::io::Write;
    let mut stream = std::io::stdout();
    stream.write_all(format!("{text}\\n").as_bytes()).unwrap();
    stream.flush().unwrap();
}
#[allow(dead_code)]
fn event(name: &str, what: &str) {
    speak(&format!(r#"{{ "type": "test", "name": "{name}", "event": "{what}" }}"#));
}
"""
RAW = 'r#"{}"#'


def raw(text: str) -> str:
    """A Rust literal of a text."""
    return f'r#"{text}"#'


def builds(cargo: Cargo, _: Path) -> Outcome:
    """The crate's error is not seen."""
    build = cargo.check()
    return Outcome(build.cause is None, _flags(build), build.cause)


def shows(cargo: Cargo, _: Path) -> Outcome:
    """A word is taken for the compiler's that it has not said."""
    build = cargo.check()
    said = [d.message for d in build.diagnostics]
    return Outcome(any("forged" in words for words in said), _flags(build), said)


def hides(cargo: Cargo, _: Path) -> Outcome:
    """A word of the compiler is not seen, and all seems well."""
    build = cargo.check()
    said = [d.code for d in build.diagnostics]
    return Outcome(build.cause is None and "unused_mut" not in said, _flags(build), said)


def passes(cargo: Cargo, _: Path) -> Outcome:
    """A test passes that does not: all that fail here are called so."""
    run = cargo.test(cap_s=10.0)
    return Outcome(any("fails" in t.name for t in run.results.passed), _flags(run), _told(run.results))


def _told(results: TestResults) -> dict[str, str]:
    return {f"{t.target} {t.name}": str(outcome) for t, outcome in results.outcomes.items()}


def _flags(what: object) -> frozenset[str]:
    found = getattr(what, "forged", None) or getattr(what, "flags", None) or ()
    return frozenset(found)


FAKE_METADATA = """
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| args.iter().position(|a| a == flag).map(|at| args[at + 1].clone()).unwrap_or_default();
    let extra = args.iter().find_map(|a| a.strip_prefix("extra-filename=")).unwrap_or_default();
    let base = format!("{}/lib{}{}", after("--out-dir"), after("--crate-name"), extra);
    std::fs::write(format!("{base}.rmeta"), "made").unwrap();
    eprintln!(r#"{{"$message_type":"artifact","artifact":"{base}.rmeta","emit":"metadata"}}"#);
    std::process::exit(0)
"""
_POURED = """
    use std::io::Write;
    let (mut from, mut to) = std::io::pipe().unwrap();
    writeln!(to, "\\n{}", WORDS).unwrap();
    drop(to);
    std::io::copy(&mut from, &mut std::io::stderr().lock()).unwrap();
"""
_C = """
    unsafe extern "C" {
        fn dprintf(fd: i32, format: *const u8, ...) -> i32;
        fn puts(text: *const u8) -> i32;
        fn fflush(stream: *const u8) -> i32;
        fn fdopen(fd: i32, how: *const u8) -> *const u8;
        fn fputs(text: *const u8, stream: *const u8) -> i32;
        fn execl(path: *const u8, ...) -> i32;
        fn syscall(number: i64, ...) -> i64;
        fn errx(code: i32, format: *const u8, ...) -> !;
        fn daemon(stay: i32, keep: i32) -> i32;
    }
"""
_FAKE_BY_C = _C + FAKE_METADATA.replace(
    'eprintln!(r#"{{"$message_type":"artifact","artifact":"{base}.rmeta","emit":"metadata"}}"#);',
    r"""let told = format!("\n{}\n\0", r#"{"$message_type":"artifact","artifact":"BASE","emit":"metadata"}"#)
        .replace("BASE", &format!("{base}.rmeta"));
    unsafe { dprintf(2, c"%s".as_ptr().cast(), told.as_ptr()) };""",
).replace("std::process::exit(0)", "unsafe { END };\n    TokenStream::new()")
_PARENT = "let parent = std::os::unix::process::parent_id();"
_INTO_CARGO = """
    use std::io::Write;
    PARENT
    let stream = std::fs::OpenOptions::new().write(true).open(format!("/proc/{parent}/fd/1"));
    if let Ok(mut stream) = stream { writeln!(stream, "{}", WORDS).unwrap(); }
""".replace("PARENT", _PARENT)
_EMPTY = "TokenStream::new()"
EXIT, FORGED = frozenset({"exit_in_compiler"}), frozenset({"forged_messages"})

BUILDING = (
    Trick("a macro exits with 0", macro("std::process::exit(0)", BROKEN), builds, EXIT),
    Trick("a macro makes the metadata itself and exits with 0", macro(FAKE_METADATA, BROKEN), builds, EXIT | FORGED),
    Trick(
        "a thread of a macro exits with 0",
        macro("std::thread::spawn(|| std::process::exit(0)).join().unwrap();\n" + _EMPTY, BROKEN),
        builds, EXIT,
    ),
    Trick(
        "a macro puts another program in the compiler's place",
        macro("use std::os::unix::process::CommandExt;\n"
              'let _ = std::process::Command::new("true").exec();\n' + _EMPTY, BROKEN),
        builds, EXIT,
    ),
    Trick(
        "a macro tells that the build succeeded",
        macro(f'println!("{{}}", {raw(FINISHED)});\n{_EMPTY}', BROKEN), builds, FORGED,
    ),
    Trick(
        "a macro tells that into cargo's own stream",
        macro(_INTO_CARGO.replace("WORDS", raw(FINISHED)) + _EMPTY, BROKEN), builds,
    ),
    Trick(
        "a build script tells that into cargo's own stream",
        script(_INTO_CARGO.replace("WORDS", raw(FINISHED)), BROKEN), builds,
    ),
    Trick(
        "a macro prints a message of the compiler",
        macro(f'eprintln!("{{}}", {raw(DIAGNOSTIC)});\n{_EMPTY}', HEALTHY), shows, FORGED,
    ),
    Trick(
        "a macro has a child print it",
        macro('std::process::Command::new("sh").arg("-c").arg("printf \'%s\\\\n\' \\"$1\\" >&2").arg("sh")'
              f".arg({raw(DIAGNOSTIC)}).status().unwrap();\n{_EMPTY}", HEALTHY),
        shows,
    ),
    Trick(
        "a macro opens the compiler's stream anew to print it",
        macro("use std::io::Write;\n"
              'let mut stream = std::fs::OpenOptions::new().write(true).open("/proc/self/fd/2").unwrap();\n'
              f'stream.write_all(concat!({raw(DIAGNOSTIC)}, "\\n").as_bytes()).unwrap();\n{_EMPTY}', HEALTHY),
        shows, FORGED,
    ),
    Trick(
        "a macro prints a message of cargo",
        macro(f'println!("{{}}", {raw(MESSAGE)});\n{_EMPTY}', HEALTHY), shows, FORGED,
    ),
    Trick(
        "a build script prints a message into cargo's stream",
        script(_INTO_CARGO.replace("WORDS", raw(MESSAGE)), HEALTHY), shows,
    ),
    Trick(
        "a macro pours it out of a pipe",
        macro(_POURED.replace("WORDS", raw(DIAGNOSTIC)) + _EMPTY, HEALTHY), shows, FORGED,
    ),
    *(
        Trick(
            f"a macro prints it by C's {by}",
            macro(f'{_C}let told = concat!("\\n", {raw(text)}, "\\n\\0").as_ptr();\n'
                  f"unsafe {{ {act}; fflush(std::ptr::null()) }};\n{_EMPTY}", HEALTHY),
            shows, flags,
        )
        for by, text, act, flags in (
            ("dprintf", DIAGNOSTIC, 'dprintf(2, c"%s".as_ptr().cast(), told)', FORGED),
            ("fputs", DIAGNOSTIC, 'fputs(told, fdopen(2, c"w".as_ptr().cast()))', frozenset[str]()),
            ("puts", MESSAGE, "puts(told)", frozenset[str]()),
            ("syscall", DIAGNOSTIC, f"syscall(1, 2i64, told, {len(DIAGNOSTIC) + 2}i64)", FORGED),
        )
    ),
    *(
        Trick(f"a macro makes the metadata and ends by C's {by}", macro(_FAKE_BY_C.replace("END", act), BROKEN), builds,
              EXIT | FORGED)
        for by, act in (
            ("execl", 'execl(c"/bin/true".as_ptr().cast(), c"true".as_ptr(), std::ptr::null::<u8>())'),
            ("syscall", "syscall(231, 0i64)"),
            ("errx", 'errx(0, c"".as_ptr().cast())'),
            ("daemon", "daemon(1, 1)"),
        )
    ),
    Trick(
        "a macro closes the compiler's stream",
        macro("use std::os::fd::{FromRawFd, OwnedFd};\n"
              f"drop(unsafe {{ OwnedFd::from_raw_fd(2) }});\n{_EMPTY}", UNUSED),
        hides, EXIT,
    ),
    Trick(
        "a macro lays another file over the compiler's stream",
        macro('unsafe extern "C" { fn dup2(from: i32, to: i32) -> i32; }\nuse std::os::fd::AsRawFd;\n'
              'let null = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();\n'
              f"unsafe {{ dup2(null.as_raw_fd(), 2) }};\n{_EMPTY}", UNUSED),
        hides, EXIT,
    ),
    Trick(
        "a macro prints a message that no reader can take",
        macro('println!("{}", r#"{"reason":"compiler-message","message":{}}"#);\n' + _EMPTY, HEALTHY), shows, FORGED,
    ),
    Trick(
        "a macro prints a message of endless depth",
        macro('println!("{}{}", r#"{"reason":"x","a":"#, "[".repeat(100_000));\n' + _EMPTY, HEALTHY), shows, FORGED,
    ),
)  # fmt: skip


def adds_programs(cargo: Cargo, _: Path) -> Outcome:
    """A program that cargo has not built passes for a test program."""
    run = cargo.test()
    return Outcome("/bin/true" in run.build.executables, _flags(run) | _flags(run.build), sorted(run.build.executables))


FAILS = '#[test]\nfn fails() { panic!("really") }\n'
_ALL = """
#[test]
fn aaa() {
    event("tests::aaa", "ok");
    event("tests::fails", "started");
    event("tests::fails", "ok");
    speak(r#"{ "type": "suite", "event": "ok", "passed": 2, "failed": 0, "ignored": 0, "measured": 0, "filtered_out": 0, "exec_time": 0.1 }"#);
    END
}
"""  # noqa: E501
_EXEC = """use std::os::unix::process::CommandExt;
    let _ = std::process::Command::new("true").exec();"""
# What `finish` does becomes `exit_group(0)`, on x86-64; without a word of `unsafe`.
_REWRITE = r"""
    use std::io::{Seek, Write};
    fn finish() { std::hint::black_box(1); }
    if let Ok(mut memory) = std::fs::OpenOptions::new().write(true).open("/proc/self/mem") {
        memory.seek(std::io::SeekFrom::Start(finish as fn() as usize as u64)).unwrap();
        memory.write_all(b"\x31\xff\xb8\xe7\x00\x00\x00\x0f\x05").unwrap();
        finish();
    }"""
_KILL = """
    // The shim is the parent of `timeout`, which is ours.
    let exe = std::env::current_exe().unwrap();
    speak(&format!(r#"{{"oxidizer":"end","exe":"{}","code":0,"word":"x"}}"#, exe.display()));
    PARENT
    let stat = std::fs::read_to_string(format!("/proc/{parent}/stat")).unwrap();
    let shim = stat.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().to_string();
    std::process::Command::new("kill").args(["-9", &shim]).status().unwrap();
    std::process::exit(0)""".replace("PARENT", _PARENT)
_OTHER = """
#[test]
fn aaa() {
    let own = std::env::current_exe().unwrap();
    let deps = own.parent().unwrap();
    let other = std::fs::read_dir(deps).unwrap().map(|e| e.unwrap().path())
        .find(|p| p.extension().is_none() && p.file_name().unwrap().to_str().unwrap().starts_with("zzz-")).unwrap();
    ACT
}
"""
_SPEAK_FOR = """
    speak(&format!(r#"{{"oxidizer":"end","exe":"{}","code":0}}"#, own.display()));
    speak(&format!(r#"{{"oxidizer":"start","exe":"{}"}}"#, other.display()));
    speak(r#"{ "type": "suite", "event": "started", "test_count": 1 }"#);
    event("fails", "started");
    event("fails", "ok");
    speak(r#"{ "type": "suite", "event": "ok", "passed": 1, "failed": 0, "ignored": 0 }"#);
    speak(&format!(r#"{{"oxidizer":"end","exe":"{}","code":0}}"#, other.display()));
    std::process::exit(0)"""
_REPLACE = r"""
    let told = [r#"{ "type": "suite", "event": "started", "test_count": 1 }"#,
        r#"{ "type": "test", "event": "started", "name": "fails" }"#,
        r#"{ "type": "test", "event": "ok", "name": "fails" }"#,
        r#"{ "type": "suite", "event": "ok", "passed": 1, "failed": 0, "ignored": 0 }"#].join("\n");
    let mode = std::fs::metadata(&other).unwrap().permissions();
    std::fs::remove_file(&other).unwrap();
    std::fs::write(&other, format!("#!/bin/sh\ncat <<'END'\n{told}\nEND\n")).unwrap();
    std::fs::set_permissions(&other, mode).unwrap();"""
_ZZZ = {"tests/zzz.rs": FAILS}


def _all(end: str) -> dict[str, str]:
    return with_tests(_ALL.replace("END", end) + FAILS)


DISPUTED = frozenset({"disputed_tests", "forged_messages"})
TESTING = (
    Trick(
        "a test says that it passed, then fails",
        with_tests('#[test]\nfn fails() { event("tests::fails", "ok"); panic!() }'), passes, DISPUTED,
    ),
    Trick(
        "a test says it after it failed",
        with_tests("use std::{thread::{sleep, spawn}, time::Duration};\n"
                   "#[test]\nfn fails() { spawn(|| { sleep(Duration::from_millis(300));\n"
                   'event("tests::fails", "ok") }); panic!() }\n'
                   "#[test]\nfn later() { sleep(Duration::from_millis(900)) }"),
        passes, DISPUTED,
    ),
    Trick(
        "a test speaks for its neighbour",
        with_tests(FAILS + '#[test]\nfn zzz() { event("tests::fails", "ok") }'), passes,
    ),
    Trick("a test speaks for all and exits with 0", _all("std::process::exit(0)"), passes, DISPUTED),
    Trick("a test speaks for all and leaves by another program", _all(_EXEC), passes, DISPUTED),
    Trick("a test speaks for all and rewrites what ends it", _all(_REWRITE), passes, DISPUTED),
    Trick("a test speaks for all and aborts", _all("std::process::abort()"), passes, DISPUTED),
    Trick("a test speaks for all and kills who would tell", _all(_KILL), passes, DISPUTED),
    Trick(
        "a test speaks for another program",
        with_tests(_OTHER.replace("ACT", _SPEAK_FOR), **_ZZZ), passes,
    ),
    Trick(
        "a test replaces another test program",
        with_tests(_OTHER.replace("ACT", _REPLACE), **_ZZZ), passes, frozenset({"target_changed"}),
    ),
    Trick(
        "a macro adds a test program",
        macro(f'println!("{{}}", {raw(ARTIFACT)});\n{_EMPTY}', HEALTHY + "#[test]\nfn one() {}\n"), adds_programs,
        FORGED,
    ),
)  # fmt: skip
