"""The compiler's command lines as cargo uses them, noted by a wrapper; and what one run of the compiler came to."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from oxidizer.cluster.cargo import Build, Cargo
from oxidizer.cluster.collect import Collector
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.rustc import Invocation, NoInvocation, read_compiled, record
from oxidizer.cluster.sandbox import RunResult, Status

OWN = {"CARGO_PKG_NAME": "tiny", "CARGO_PRIMARY_PACKAGE": "1"}
PLAIN = ("--crate-name", "tiny", "src/lib.rs", "--crate-type", "lib")


def result(
    exit_code: int | None = 0, stderr: bytes = b"", stdout: bytes = b"", status: Status | None = None
) -> RunResult:
    status = status or (Status.FAILED if exit_code else Status.OK)
    return RunResult(status, exit_code, stdout, stderr, 0.1, 0.1, 1, 0)


class Noted:
    """A package whose compiler was called through the real wrapper, and whose notes are collected as from a target."""

    package = "tiny"
    features = ("--features", "a b")

    def __init__(self, shims: Path, folder: Path) -> None:
        self.wrapper, self.notes, self.cwd = shims / "record-rustc", folder / "notes", folder / "a folder"
        self.compiler = folder / "compiler"
        self.called = folder / "called"
        self.compiler.write_text(f'#!/bin/sh\nprintf "%s\\n" "$#" >>"{self.called}"\nexit 7\n')
        self.compiler.chmod(0o755)
        for made in (self.notes, self.cwd):
            made.mkdir()
        self.sandbox = self.target = self
        self.cause: Cause | None = None
        self.asked: list[str] = []

    def compile(self, args: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """What cargo does: the wrapper, the compiler, its arguments."""
        env = {
            "PATH": os.environ["PATH"],
            "OXIDIZER_NOTES": str(self.notes),
            "RUSTC_WORKSPACE_WRAPPER": "x",
            **(env or {}),
        }
        done = subprocess.run([self.wrapper, self.compiler, *args], env=env, cwd=self.cwd, check=False)
        assert done.returncode == 7, "the wrapper ends as the compiler does"

    def build(self, args: Sequence[str], **env: str) -> Build:
        self.asked = [*args]
        assert env["RUSTC_WORKSPACE_WRAPPER"].endswith("/record-rustc")
        run = result(0 if self.cause is None else 101)
        return Build(run, (), (), self.cause is None, self.cause is None, {}, self.package)

    def run(self, argv: Sequence[str]) -> RunResult:
        assert argv[0] == "mkdir"
        return result()

    def read_all(self, name: str, most_bytes: int) -> dict[str, bytes]:
        assert name == "oxidizer-batch/notes"
        return Collector(self.notes).read_all("", most_bytes)


@pytest.fixture
def noted(shims: Path, tmp_path: Path) -> Noted:
    return Noted(shims, tmp_path)


def recorded(noted: Noted) -> list[Invocation]:
    return record(cast("Cargo", noted), ["--lib", "--bins"])


def test_a_note_keeps_folder_arguments_and_environment(noted: Noted) -> None:
    noted.compile(PLAIN, OWN | {"OUT_DIR": "/box/target/out"})
    (invocation,) = recorded(noted)
    assert (invocation.flags, invocation.folder, invocation.args) == (("--lib",), str(noted.cwd), PLAIN)
    assert invocation.root == f"{noted.cwd}/src/lib.rs"
    assert dict(invocation.env).items() >= {**OWN, "OUT_DIR": "/box/target/out"}.items()
    assert not set(invocation.env) & {"PATH", "OXIDIZER_NOTES", "RUSTC_WORKSPACE_WRAPPER", "PWD"}
    assert noted.asked == ["check", "--lib", "--bins", "--features", "a b"]


ODD = ["a b", "line\nline", "\n", "ä – 日本", "", "a=b", "'\"$x\\", "trailing\n", "--emit"]


@pytest.mark.parametrize("text", ODD)
def test_any_text_in_an_environment_comes_back_as_it_was(noted: Noted, text: str) -> None:
    noted.compile(PLAIN, OWN | {"ODD": text, "LAST": text})
    (invocation,) = recorded(noted)
    assert (invocation.env["ODD"], invocation.env["LAST"]) == (text, text)


@pytest.mark.parametrize("text", ['feature="a b"', "line\nline", "cfg(größe)", "'\"$x\\", ""])
def test_any_text_in_an_argument_comes_back_as_it_was(noted: Noted, text: str) -> None:
    noted.compile((*PLAIN, "--cfg", text), OWN)
    assert recorded(noted)[0].args == (*PLAIN, "--cfg", text)


def test_bytes_that_are_no_text_come_back_as_they_were(noted: Noted) -> None:
    odd = os.fsdecode(b"\xff\xfe")
    noted.compile(PLAIN, OWN | {"ODD": odd})
    assert recorded(noted)[0].env["ODD"].encode("utf-8", "surrogateescape") == b"\xff\xfe"


DROPPED = [
    ("--emit=dep-info,metadata",), ("--emit", "dep-info,metadata"), ("--json=diagnostic-rendered-ansi",),
    ("--error-format=json",), ("--error-format", "json"), ("--out-dir", "/box/target/debug/deps"),
    ("--out-dir=/box/x",), ("--diagnostic-width=120",), ("-C", "incremental=/box/target/incremental"),
]  # fmt: skip
KEPT = [
    ("-C", "metadata=0123"), ("-C", "extra-filename=-0123"), ("-C", "embed-bitcode=no"), ("--cfg", "incremental"),
    ("--edition=2021",), ("--check-cfg", "cfg(docsrs,test)"), ("-L", "dependency=/box/target/debug/deps"),
    ("--extern", "leaf=/box/target/debug/deps/libleaf.rmeta"), ("--cap-lints", "warn"), ("-Dwarnings",),
]  # fmt: skip


@pytest.mark.parametrize("words", DROPPED)
def test_what_says_what_comes_out_is_dropped(noted: Noted, words: tuple[str, ...]) -> None:
    noted.compile(("--crate-name", "tiny", *words, *PLAIN[2:]), OWN)
    assert recorded(noted)[0].args == PLAIN


@pytest.mark.parametrize("words", KEPT)
def test_all_else_is_kept_in_its_order(noted: Noted, words: tuple[str, ...]) -> None:
    args = ("--crate-name", "tiny", *words, *PLAIN[2:])
    noted.compile(args, OWN)
    assert recorded(noted)[0].args == args


def test_an_incremental_folder_in_one_word_is_dropped(noted: Noted) -> None:
    noted.compile(("--crate-name", "tiny", "-Cincremental=/box/target/incremental", *PLAIN[2:]), OWN)
    assert recorded(noted)[0].args == PLAIN


def test_what_names_files_that_only_cargo_has_open_is_dropped(noted: Noted) -> None:
    noted.compile(PLAIN, OWN | {"CARGO_MAKEFLAGS": "-j --jobserver-auth=5,6"})
    assert "CARGO_MAKEFLAGS" not in recorded(noted)[0].env


def test_the_library_comes_before_the_programs(noted: Noted) -> None:
    for name in ("b", "a"):
        bin_args = ("--crate-name", name, f"src/bin/{name}.rs", "--crate-type", "bin")
        noted.compile(bin_args, OWN | {"CARGO_BIN_NAME": name})
    noted.compile(PLAIN, OWN)
    found = recorded(noted)
    assert [i.flags for i in found] == [("--lib",), ("--bin", "a"), ("--bin", "b")]
    assert [Path(i.root).name for i in found] == ["lib.rs", "a.rs", "b.rs"]


OTHERS = [
    (("--crate-name", "build_script_build", "build.rs"), OWN),
    (("-vV",), OWN),
    (("--crate-name", "___", "--print=cfg"), OWN),
    (("-", "--print", "file-names"), OWN),
    ((*PLAIN, "--test"), OWN),
    (PLAIN, OWN | {"CARGO_PKG_NAME": "other"}),
    (PLAIN, {"CARGO_PKG_NAME": "tiny"}),
]


@pytest.mark.parametrize(("args", "env"), OTHERS)
def test_what_is_no_target_of_the_package_is_left_out(noted: Noted, args: tuple[str, ...], env: dict[str, str]) -> None:
    noted.compile(args, env)
    assert noted.called.read_text() == f"{len(args)}\n", "the compiler is called all the same"
    with pytest.raises(NoInvocation, match="no compiler"):
        recorded(noted)
    noted.compile(PLAIN, OWN)
    assert [i.args for i in recorded(noted)] == [PLAIN]


def test_a_build_that_fails_has_no_invocation(noted: Noted) -> None:
    noted.compile(PLAIN, OWN)
    noted.cause = Cause.COMPILE_ERROR
    with pytest.raises(NoInvocation, match="failed"):
        recorded(noted)


# What a run came to.


def message(level: str = "error", code: str | None = "E0308", text: str = "words") -> bytes:
    raw: dict[str, Any] = {
        "$message_type": "diagnostic", "level": level, "code": code and {"code": code}, "message": text, "spans": [],
        "children": [], "rendered": text,
    }  # fmt: skip
    return json.dumps(raw).encode()


ARTIFACT = json.dumps({"$message_type": "artifact", "artifact": "/box/x.rmeta", "emit": "metadata"}).encode()
ICE = message("error: internal compiler error", None, "no such thing")
RUNS = {
    "metadata made": (0, [ARTIFACT], True, 0),
    "metadata made, with a warning": (0, [message("warning", "dead_code"), ARTIFACT], True, 1),
    "success without metadata": (0, [], False, 0),
    "success without metadata, with an error": (0, [message()], False, 1),
    "an error": (1, [message()], True, 1),
    "failure without an error": (1, [message("warning", "dead_code")], False, 1),
    "failure without a word": (1, [], False, 0),
    "failure though metadata was made": (1, [ARTIFACT], False, 0),
    "the compiler broke": (101, [message(), ICE], False, 2),
    "the compiler broke and hid it": (1, [message(), ICE], False, 2),
    "another exit code": (3, [message(), ARTIFACT], False, 1),
    "ended from outside": (None, [message()], False, 1),
    "noise between": (1, [b"thread panicked", b"{", b"{}", b'{"a": 1}', b"{\xff}", b"", message(), b"[1]"], True, 1),
    "the same twice, which only places tell apart": (1, [message(), message()], True, 2),
    "a summary": (1, [message(), message(code=None, text="aborting due to 1 previous error")], True, 1),
    "a note of its own": (0, [message("note", None), ARTIFACT], True, 0),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_run_has_finished_where_it_shows_what_it_came_to(case: str) -> None:
    exit_code, lines, finished, told = RUNS[case]
    compiled = read_compiled(result(exit_code, b"\n".join(lines), status=Status.OOM if exit_code is None else None))
    assert (compiled.finished, len(compiled.diagnostics)) == (finished, told)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(Status.TIMEOUT, Cause.TIMEOUT), (Status.OOM, Cause.OOM), (Status.OK, None), (Status.FAILED, None)],
)
def test_only_the_sandbox_gives_a_cause(status: Status, cause: Cause | None) -> None:
    assert read_compiled(result(None, message(), status=status)).cause is cause


@pytest.mark.parametrize("line", [b'{"spans": 1}', b'{"spans": [], "level": "error"}', b'{"spans": [{}]}'])
def test_what_only_looks_like_a_diagnostic_is_noise(line: bytes) -> None:
    """A proc macro writes where the compiler does."""
    assert read_compiled(result(0, line + b"\n" + ARTIFACT)).finished
