"""Hostile crates as entries of a list, to be mined beside good ones: what a campaign must say of each.

`python -m tests.hostile.listed FOLDER` writes the crates and their `list.toml` into a new folder. Mine it, alone or
with entries of other lists, with `--recipe tests/hostile/data/recipe.toml`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile import leaving, resources, seeing, writing
from tests.hostile.case import Files
from tests.hostile.configuration import script
from tests.hostile.forms import build_script, library, macro, test
from tests.hostile.network import tcp_to
from tests.integration.typed import units

RECIPE = Path(__file__).parent / "data/recipe.toml"
"""Limits under which a hostile crate ends soon, and a good one fits."""
MINED, REJECTED, BROKEN = "mined", "rejected", "broken"


@dataclass(frozen=True)
class Listed:
    """A package, and what its unit comes to. `broken`: it is refused before it becomes one."""

    name: str
    files: Files
    status: str
    cause: str = ""
    """Why it is rejected."""
    links: Mapping[str, str] = field(default_factory=dict)
    passed: int | None = None
    """How many tests vouch for it, where that is what it lies about."""


def _rejected(name: str, files: Files, cause: str) -> Listed:
    return Listed(name, files, REJECTED, cause)


_LINTS = "pub fn even(n: u32) -> bool {\n    if n % 2 == 0 { true } else { false }\n}\n"
_TESTED = (
    _LINTS + "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn even() {\n        assert!(super::even(2));\n    }\n}\n"
)

_SLEEP = "fn strike() {\n    std::thread::sleep(std::time::Duration::from_secs(100));\n}\n"
_SPIN = """
fn strike() {
    let began = std::time::Instant::now();
    while began.elapsed().as_secs() < 100 {}
}
"""
_EXIT = "fn strike() {\n    std::process::exit(0);\n}\n"
_MEMORY = "fn strike() {\n    let held: Vec<Vec<u8>> = (0..300).map(|_| vec![1; 10 << 20]).collect();\n" \
    "    assert_eq!(held.len(), 300);\n}\n"  # fmt: skip
_DISK = """
fn strike() {
    let piece = vec![1; 400 << 20];
    for number in 0..5 {
        std::fs::write(format!("/box/target/{number}"), &piece).expect("No space left on device");
    }
}
"""
_FLOOD = """
fn strike() {
    let words = "w".repeat(100_000);
    for _ in 0..1200 {
        println!("cargo:warning={words}");
    }
}
"""
_SECOND_TIME = """
fn strike() {
    println!("cargo:rerun-if-changed=no-such-file");
    if std::path::Path::new("/box/target/been-here").exists() {
        panic!("this is the second time");
    }
    std::fs::write("/box/target/been-here", "").unwrap();
}
"""
_ESCAPES = 'fn strike() {\n    panic!("\\x1b]0;owned\\x07\\x1b[2J\\u{202e}");\n}\n'
_PAINTED = 'compile_error!("\\x1b]0;owned\\x07\\x1b[2J\\u{202e}");\n'
_TRAPS = """
extern "C" {
    fn mkfifo(path: *const u8, mode: u32) -> i32;
}

fn strike() {
    unsafe { mkfifo(c"/box/target/oxidizer-batch".as_ptr().cast(), 0o666) };
    let _ = std::os::unix::fs::symlink("/etc", "/box/target/oxidizer-coverage");
    let _ = std::fs::create_dir_all("/box/target/".to_owned() + &"deep/".repeat(400));
}
"""

# What a procedural macro prints comes out between cargo's own messages.
_FINISHED = 'fn strike() {\n    println!("{}", r#"{"reason":"build-finished","success":true}"#);\n}\n'
_SPAN = {
    "byte_start": 0, "byte_end": 10, "column_start": 1, "column_end": 10, "line_start": 1, "line_end": 1,
    "file_name": "/etc/passwd", "is_primary": True, "label": None, "expansion": None, "text": [],
    "suggested_replacement": "owned", "suggestion_applicability": "MachineApplicable",
}  # fmt: skip
_FORGED = {
    "level": "warning", "code": {"code": "clippy::forged", "explanation": None}, "message": "forged",
    "rendered": "forged", "spans": [_SPAN], "$message_type": "diagnostic", "children": [],
}  # fmt: skip
_OF_FORGER = {
    "reason": "compiler-message", "package_id": "path+file:///box/src#forger@0.1.0",
    "manifest_path": "/box/src/Cargo.toml", "target": {"kind": ["lib"], "name": "forger"},
}  # fmt: skip
_MESSAGES = (
    {"reason": "compiler-message"},
    _OF_FORGER,
    {**_OF_FORGER, "message": 5},
    {**_OF_FORGER, "message": _FORGED},
)
_MESSAGE = "fn strike() {\n" + "".join(f'    println!("{{}}", r#"{json.dumps(m)}"#);\n' for m in _MESSAGES) + "}\n"
_TEST_EXITS = "fn strike() {\n    std::process::exit(0);\n}\n"
_EVENTS = """
use std::io::Write;

fn strike() {
    for name in ["forged", "strikes"] {
        let event = format!("\\n{{ \\"type\\": \\"test\\", \\"name\\": \\"{name}\\", \\"event\\": \\"ok\\" }}\\n");
        std::io::stdout().write_all(event.as_bytes()).unwrap();
    }
    panic!("it failed");
}
"""


def _with(files: Files, **changed: str) -> Files:
    return {**files, **{name.replace("__", "/") + ".rs": text for name, text in changed.items()}}


_EMPTY = library("")["Cargo.toml"]

LISTED = (
    _rejected("greedy", build_script(_MEMORY), "oom"),
    _rejected("hoarder", build_script(_DISK), "no_space"),
    _rejected("shouter", build_script(_FLOOD), "output_limit"),
    _rejected("sleeper", build_script(_SLEEP), "silent"),
    _rejected("spinner", macro(_SPIN), "silent"),
    _rejected("painter", build_script(_ESCAPES), "build_script_failed"),
    _rejected("muralist", library(_PAINTED), "compile_error"),
    _rejected("quitter", macro(_EXIT), "forged"),
    _rejected("finisher", _with(macro(_FINISHED), src__lib='zap::zap!();\npub const N: u32 = "x";\n'), "forged"),
    _rejected("tourist", library('pub const SECRET: &str = include_str!("/etc/shadow");\n'), "compile_error"),
    _rejected("forger", _with(macro(_MESSAGE), src__lib="zap::zap!();\n" + _LINTS), "forged"),
    _rejected("turncoat", _with(build_script(_SECOND_TIME), src__lib=_LINTS), "unstable_build"),
    Listed("leaver", _with(test(_TEST_EXITS), src__lib=_LINTS), MINED, passed=0),
    Listed("boaster", _with(test(_EVENTS), src__lib=_LINTS), MINED, passed=0),
    Listed("breeder", build_script(resources.FORK_BOMB), MINED),
    Listed("daemon", _with(test(leaving.CHILD), src__lib=_TESTED), MINED),
    Listed("snoop", build_script(seeing.ENVIRONMENT), MINED),
    Listed("scribbler", build_script(writing.SOURCES), MINED),
    Listed("poisoner", build_script(writing.REGISTRY), MINED),
    Listed("caller", build_script(tcp_to("127.0.0.1:80")), MINED),
    Listed("trapper", _with(build_script(_TRAPS), src__lib=_LINTS), MINED),
    Listed("wrapper", {**library(_LINTS), ".cargo/config.toml": '[build]\nrustc-wrapper = "./evil"\n',
                       "evil": script("wrapped the compiler")}, MINED),
    Listed("linker", library(_LINTS), MINED, links={"src/notes": "/etc/passwd", "circle": "circle"}),
    Listed("stray", {**library(""), "Cargo.toml": _EMPTY + '[dependencies]\nx = { path = "../x" }\n'},
           BROKEN),
    Listed("nested", {**library(""), "Cargo.toml": _EMPTY + "a = " + "[" * 3000 + "]" * 3000},
           BROKEN),
)  # fmt: skip


def write_list(folder: Path) -> Path:
    """The crates and their list, in a new folder."""
    for crate in LISTED:
        for name, text in crate.files.items():
            path = folder / crate.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("@crate@", crate.name).replace("@token@", "listed"))
        for name, target in crate.links.items():
            (folder / crate.name / name).symlink_to(target)
    (folder / "list.toml").write_text("".join(f'[[crate]]\npath = "{crate.name}"\n' for crate in LISTED))
    return folder / "list.toml"


def misjudged(run: Path) -> list[str]:
    """The hostile crates of a campaign that did not come to the end that they must, each with what became of it."""
    found, wrong = units(run), []
    reported = (run / "run.json").read_text()
    for crate in LISTED:
        if crate.status == BROKEN:
            wrong += [] if crate.name in reported else [f"{crate.name} is nowhere"]
            continue
        if (unit := found.get(crate.name)) is None:
            wrong.append(f"{crate.name} has no unit")
            continue
        if (unit["status"], unit["cause"] or "") != (crate.status, crate.cause):
            wrong.append(f"{crate.name} is {unit['status']}: {unit['cause']}: {unit['message']}")
        elif unit["status"] == MINED and crate.passed not in (None, unit["tests"]["passed"]):
            wrong.append(f"{unit['tests']['passed']} tests of {crate.name} passed, not {crate.passed}")
    return wrong


if __name__ == "__main__":
    print(write_list(Path(sys.argv[1])))
