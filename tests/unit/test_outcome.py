"""Causes that a small crate cannot bring about here, from the tools' own words; the others are in test_cargo.py."""

import pytest

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.outcome import Cause, classify, last_words
from oxidizer.cluster.sandbox import RunResult, SandboxUnavailable, Status


def run(stderr: str, status: Status = Status.FAILED, code: int | None = 101) -> RunResult:
    return RunResult(status, code, b"", stderr.encode(), 1.0, 1.0, 1, 0)


SAID = [
    ("thread 'rustc' panicked at compiler/rustc_middle/src/x.rs:1:2:\nno entry found", Cause.ICE),
    ("thread 'rustc' (4711) panicked at compiler/rustc_middle/src/x.rs:1:2:\nno entry found", Cause.ICE),
    ("error: cannot install package `x 1.0.0`, it requires rustc 1.99 or newer", Cause.NEEDS_NEWER_RUST),
    ("error: rustc 1.95.0 is not supported by the following package:\n  a@1.0.0", Cause.NEEDS_NEWER_RUST),
    ("  feature `edition2027` is required", Cause.NEEDS_NEWER_RUST),
    ("error: failed to parse lock file\nCaused by:\n  lock file version `9` was found, but this version of Cargo does "
     "not understand this lock file\nlock file version 9 requires `-Znext-lockfile-bump`", Cause.NEEDS_NEWER_RUST),
    ("error: no matching package named `nope` found\nlocation searched: registry", Cause.MISSING_DEPENDENCY),
    ("error: failed to select a version for the requirement `serde = \"^9999\"`", Cause.MISSING_DEPENDENCY),
    ("error: failed to download `a v1.0.0`\nCaused by:\n  attempting to make an HTTP request, but --frozen was "
     "specified", Cause.MISSING_DEPENDENCY),
    ("error: the package 'a' does not contain this feature: x", Cause.BROKEN_MANIFEST),
    ("error: no such command: `miri`", Cause.NOT_INSTALLED),
    ("error: 'cargo-miri' is not installed for the toolchain 'stable'.", Cause.NOT_INSTALLED),
    ("error: something new", Cause.UNKNOWN),
    ("", Cause.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("words", "cause"), SAID)
def test_words(words: str, cause: Cause) -> None:
    assert classify(run(words), "a", (), finished=False) is cause


@pytest.mark.parametrize(
    "words",
    [
        "error: failed to write /box/target/debug/deps/a.rmeta: No space left on device (os error 28)",
        "/usr/bin/ld: final link failed: No space left on device",
    ],
)
def test_a_full_host_is_no_label_and_a_full_sandbox_is(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert classify(run(words), "a", (), finished=False) is Cause.NO_SPACE
    monkeypatch.setattr("oxidizer.cluster.outcome.free_bytes", lambda: 0)
    with pytest.raises(SandboxUnavailable, match="disk is full"):
        classify(run(words), "a", (), finished=False)


def test_a_full_sandbox_is_no_compile_error() -> None:
    message = "failed to write /box/target/debug/deps/a.d: No space left on device (os error 28)"
    error = Diagnostic("error", None, message, (), (), "", "a")
    assert classify(run("error: could not compile `a`"), "a", [error], finished=True) is Cause.NO_SPACE


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (Status.TIMEOUT, Cause.TIMEOUT), (Status.SILENT, Cause.SILENT), (Status.OOM, Cause.OOM),
        (Status.OUTPUT_LIMIT, Cause.OUTPUT_LIMIT), (Status.DISK_LIMIT, Cause.NO_SPACE),
    ],
)  # fmt: skip
def test_what_the_sandbox_ended(status: Status, cause: Cause) -> None:
    """... goes before all that was said until then."""
    assert classify(run("No space left on device", status, None), "a", (), finished=False) is cause


def test_whose_error_it_is() -> None:
    own, other = (Diagnostic("error", "E0308", "no", (), (), "", package) for package in ("a", "b"))
    warning = Diagnostic("warning", "unused_mut", "no", (), (), "", "b")
    assert classify(run(""), "a", [own, warning], finished=True) is Cause.COMPILE_ERROR
    assert classify(run(""), "a", [own, other], finished=True) is Cause.DEPENDENCY_COMPILE_ERROR
    assert classify(run("", Status.OK, 0), "a", [warning], finished=True) is None
    script = "error: failed to run custom build command for `b v1.0.0`"
    assert classify(run(script), "a", [], finished=True) is Cause.DEPENDENCY_BUILD_SCRIPT_FAILED
    assert classify(run(script), "b", [], finished=True) is Cause.BUILD_SCRIPT_FAILED


def test_an_ending_without_its_end_is_trouble_of_the_sandbox() -> None:
    with pytest.raises(SandboxUnavailable, match="lost its output"):
        classify(run("", Status.OK, 0), "a", (), finished=False)


def test_last_words() -> None:
    assert last_words(run("warning: x\nerror: no\n  detail\nCaused by:\n  y\n")) == "error: no Caused by:"
    assert last_words(run("one\ntwo")) == "one two"
    assert len(last_words(run("error: " + "x" * 1000))) == 300
