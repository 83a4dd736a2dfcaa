"""What became of cargo's work on a crate, told apart as finely as crater does.

A cause is a fact about the crate under our limits. Trouble with the machine is none: it raises SandboxUnavailable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.room import ROOM_BYTES, free_bytes
from oxidizer.cluster.sandbox import RunResult, SandboxUnavailable, Status


class Cause(StrEnum):
    """Why a unit, or one command of it, came to nothing."""

    BROKEN_MANIFEST = "broken_manifest"
    MISSING_DEPENDENCY = "missing_dependency"
    NEEDS_NEWER_RUST = "needs_newer_rust"
    COMPILE_ERROR = "compile_error"
    DEPENDENCY_COMPILE_ERROR = "dependency_compile_error"
    BUILD_SCRIPT_FAILED = "build_script_failed"
    DEPENDENCY_BUILD_SCRIPT_FAILED = "dependency_build_script_failed"
    LINK_ERROR = "link_error"
    ICE = "ice"
    TIMEOUT = "timeout"
    SILENT = "silent"
    OOM = "oom"
    OUTPUT_LIMIT = "output_limit"
    NO_SPACE = "no_space"
    NETWORK_NEEDED = "network_needed"
    NO_TARGETS = "no_targets"
    NO_TESTS = "no_tests"
    TESTS_DO_NOT_COMPILE = "tests_do_not_compile"
    NOT_INSTALLED = "not_installed"
    FORGED = "forged"
    """Code of the crate spoke in the compiler's, cargo's or libtest's name, or ended one of them."""
    UNSTABLE_BUILD = "unstable_build"
    """Compiled again, the same source shows something else."""
    UNKNOWN = "unknown"


_BY_STATUS = {
    Status.TIMEOUT: Cause.TIMEOUT,
    Status.SILENT: Cause.SILENT,
    Status.OOM: Cause.OOM,
    Status.OUTPUT_LIMIT: Cause.OUTPUT_LIMIT,
    Status.DISK_LIMIT: Cause.NO_SPACE,
}

# cargo has no JSON for its own failures: the words of cargo 1.8x-1.9x, first match wins. Among them is whatever a crate
# prints: no pattern may look for its end from each of its beginnings.
_CARGO_SAYS: tuple[tuple[re.Pattern[str], Cause], ...] = tuple(
    (re.compile(words), cause)
    for words, cause in (
        (r"requires rustc \d|is not supported by the following package|feature `[^`]+` is required|"
         r"edition\d+` is required|supported edition values are .{0,200} but `\d{4}` is unknown|"
         r"lock file version .* requires", Cause.NEEDS_NEWER_RUST),
        (r"(?s)\A(?=.*failed to load manifest for dependency )(?=.*No such file)", Cause.MISSING_DEPENDENCY),
        (r"failed to parse manifest|failed to load manifest|can't find `?\w+`? (?:bin|lib)|invalid type|"
         r"no targets specified in the manifest|unknown feature|does not (?:have|contain) (?:the|this|these) feature",
         Cause.BROKEN_MANIFEST),
        (r"no matching package|failed to select a version|failed to load source for dependency|failed to get `|"
         r"unable to update|attempting to make an HTTP request|needs to be updated but --(?:frozen|locked|offline)|"
         r"can't be updated in offline mode", Cause.MISSING_DEPENDENCY),
        (r"no library targets found|no bin target|found no targets", Cause.NO_TARGETS),
        (r"no such (?:sub)?command: `|is not installed for the toolchain", Cause.NOT_INSTALLED),
    )
)  # fmt: skip
_NETWORK = re.compile(
    r"could not resolve host|network is unreachable|failed to lookup address|temporary failure in name resolution|"
    r"dns error|name or service not known|no route to host",
    re.IGNORECASE,
)
_BUILD_SCRIPT = re.compile(r"failed to run custom build command for `([\w-]+) v")
_PANICKED = re.compile(r"thread 'rustc'(?: \(\d+\))? panicked")
_LINKER = re.compile(r"linking with `[^`]+` failed|linker `[^`]+` not found")
_FULL = re.compile(r"No space left on device|os error 28")


def classify(run: RunResult, package: str, diagnostics: Iterable[Diagnostic], finished: bool) -> Cause | None:
    """The cause of a failed cargo command on `package`; None where it did its work.

    `diagnostics` are those of all packages; `finished` says that cargo ran to its end. Raises SandboxUnavailable where
    the host, not the crate, is short of space, or the sandbox lost what cargo said.
    """
    if stopped := classify_status(run):
        return stopped
    if run.ok and finished:
        return None
    if run.ok:
        raise SandboxUnavailable("cargo ended well, and its last message is missing: the sandbox lost its output")
    errors = [d for d in diagnostics if d.is_error]
    text = run.stderr.decode("utf-8", "replace")
    # The compiler and the linker say it in a message of their own.
    if _FULL.search(text) or any(_FULL.search(d.message) for d in errors):
        # A crate can fill what the sandbox gives it; only a host without room is trouble of ours.
        if free_bytes() < ROOM_BYTES:
            raise SandboxUnavailable("the host's disk is full: free some space, or choose another scratch folder")
        return Cause.NO_SPACE
    if any(d.is_ice for d in errors) or _PANICKED.search(text):
        return Cause.ICE
    if script := _BUILD_SCRIPT.search(text):
        return _build_script(script[1] == package, text)
    if any(_LINKER.search(d.message) for d in errors):
        return Cause.LINK_ERROR
    if errors:
        own = all(d.package == package for d in errors)
        return Cause.COMPILE_ERROR if own else Cause.DEPENDENCY_COMPILE_ERROR
    return next((cause for pattern, cause in _CARGO_SAYS if pattern.search(text)), Cause.UNKNOWN)


def classify_status(run: RunResult) -> Cause | None:
    """The cause where the sandbox ended the command."""
    return _BY_STATUS.get(run.status)


def _build_script(own: bool, text: str) -> Cause:
    if _NETWORK.search(text):
        return Cause.NETWORK_NEEDED
    return Cause.BUILD_SCRIPT_FAILED if own else Cause.DEPENDENCY_BUILD_SCRIPT_FAILED


def last_words(run: RunResult, most: int = 300) -> str:
    """The end of what a command said, in one line, for a person."""
    text = run.stderr.decode("utf-8", "replace").strip() or run.stdout.decode("utf-8", "replace").strip()
    errors = [line for line in text.splitlines() if line.startswith(("error", "Caused by"))]
    return " ".join(" ".join(errors[-3:] or text.splitlines()[-3:]).split())[:most]
