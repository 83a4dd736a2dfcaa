"""What a cargo command that compiles came to, read from cargo's JSON on standard output, which strangers may write to.

Promises: nothing that stands there makes the reader fail, and a build that says of itself what cargo and the compiler
do not say (two ends, a unit made twice or made of nothing, words against the exit code, a note of the door) is never
a success: `forged` names what was seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from oxidizer.cluster.diagnostics import Diagnostic, distinct, parse_diagnostic, relative
from oxidizer.cluster.outcome import Cause, classify, classify_status, last_words
from oxidizer.cluster.sandbox import SOURCE, RunResult

FORGED_MESSAGES = "forged_messages"
"""Words that pass for the compiler's, cargo's or libtest's, and are not."""
EXIT_IN_COMPILER = "exit_in_compiler"
"""Code of a stranger ended the compiler."""
STALE_BUILD = "stale_build"
"""cargo took an old result for one of the code as it is now."""
DISPUTED_TESTS = "disputed_tests"
"""Tests of which more than one outcome was told, or that ended their program."""
TARGET_CHANGED = "target_changed"
"""Tests changed what was built: a test program, or what later builds take."""
BUILD_ENVIRONMENT = "build_environment"
"""A build script sets what decides which programs and libraries cargo runs, or what ours take from there."""

NOTES = frozenset({FORGED_MESSAGES, EXIT_IN_COMPILER})
"""What the door notes while compiling."""
_GUESTS = frozenset({"proc-macro", "custom-build"})
_RULING = re.compile(
    r"LD_.*|PATH|OXIDIZER_.*|CLIPPY_ARGS|CLIPPY_CONF_DIR|LLVM_PROFILE_FILE|GCC_EXEC_PREFIX|COMPILER_PATH|LIBRARY_PATH"
    r"|GLIBC_TUNABLES|GCONV_PATH"
)
"""What no `cargo::rustc-env` may set: cargo hands it to the compiler, the linker and the tests, in front of ours."""


@dataclass(frozen=True)
class Build:
    """What one cargo command that compiles came to."""

    run: RunResult
    diagnostics: tuple[Diagnostic, ...]
    """Errors and warnings of the packages in the source tree, each place once."""
    foreign: tuple[Diagnostic, ...]
    """Those of dependencies from elsewhere."""
    finished: bool
    """cargo ran to its end; what it shows is all there is to show."""
    succeeded: bool
    """... and everything was built."""
    executables: dict[str, tuple[str, str]]
    """(package, target) of each test executable, by its path inside the sandbox."""
    package: str
    """The package that was asked for."""
    anew: frozenset[str] = frozenset()
    """The packages of which something was compiled in this command, not remembered from an earlier one."""
    made: frozenset[str] = frozenset()
    """The names of these packages and of what was compiled of them, as crates are named."""
    roots: tuple[str, ...] = ()
    """The root files of what was built of the package, relative to the source's root."""
    outputs: tuple[tuple[str, str], ...] = ()
    """What was built of packages in the source tree: each root file, relative to the source's root, and the path of
    what came of it inside the sandbox.
    """
    guests: frozenset[str] = frozenset()
    """The packages whose build script or procedural macro runs while building."""
    forged: tuple[str, ...] = ()
    """What was seen that cargo and the compiler do not say by themselves."""
    broken: frozenset[tuple[str, str]] = frozenset()
    """The targets, by package and name, in which the compiler told of an error."""

    @property
    def ok(self) -> bool:
        """Everything compiled and no lint was denied."""
        return self.cause is None

    @property
    def complaint(self) -> str:
        """The first error in one line; where none was told, cargo's last words."""
        error = next((d for d in (*self.diagnostics, *self.foreign) if d.is_error), None)
        if error is None:
            return last_words(self.run)
        at = f" at {error.primary.file}:{error.primary.line_start}" if error.primary else ""
        return f"{error.code or 'error'}: {error.message}{at}".replace("\n", " ")[:300]

    @cached_property
    def cause(self) -> Cause | None:
        """Why the build failed; what is run after it has no say. Raises SandboxUnavailable: the machine is at fault."""
        if self.forged:
            return classify_status(self.run) or Cause.FORGED
        if self.finished and self.succeeded:
            return classify_status(self.run)
        return classify(self.run, self.package, (*self.diagnostics, *self.foreign), self.finished)


def read_build(run: RunResult, asked: str, *, tests: bool = False) -> Build:
    """The build that a command came to. With `tests`, test programs spoke after it, and the exit code is theirs."""
    reading = _Reading()
    for line in run.stdout.splitlines():
        if line.startswith(b'{"reason"'):
            try:
                reading.note(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                reading.seen.append(FORGED_MESSAGES)
            if tests and reading.ends:
                break
    if not tests and run.exit_code is not None and reading.ends[:1] not in ([], [run.exit_code == 0]):
        reading.seen.append(FORGED_MESSAGES)
    return Build(
        run, distinct(reading.own), distinct(reading.foreign), bool(reading.ends), reading.ends[:1] == [True],
        reading.executables, asked, frozenset(reading.anew), frozenset(reading.made),
        tuple(dict.fromkeys(reading.roots.get(asked, ()))), tuple(reading.outputs), frozenset(reading.guests),
        tuple(dict.fromkeys(reading.seen)), frozenset(reading.broken),
    )  # fmt: skip


def behind_build(run: RunResult) -> Iterator[str]:
    """The lines that came after cargo had built: those of test programs."""
    lines = iter(run.stdout.splitlines())
    for line in lines:
        if line.startswith(b'{"reason":"build-finished"'):
            break
    return (line.decode("utf-8", "replace") for line in lines)


@dataclass
class _Reading:
    """cargo's messages while they are read."""

    own: list[Diagnostic] = field(default_factory=list)
    foreign: list[Diagnostic] = field(default_factory=list)
    executables: dict[str, tuple[str, str]] = field(default_factory=dict)
    ends: list[bool] = field(default_factory=list)
    anew: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    roots: dict[str, list[str]] = field(default_factory=dict)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)

    def note(self, message: Mapping[str, Any]) -> None:
        """Read a message. Raises what malformed ones bring about."""
        if self.ends:
            self.seen.append(FORGED_MESSAGES)
        match message["reason"]:
            case "compiler-message":
                self._told(message)
            case "compiler-artifact":
                self._artifact(message)
            case "build-script-executed":
                if any(_RULING.fullmatch(name) for name, _ in message["env"]):
                    self.seen.append(BUILD_ENVIRONMENT)
            case "build-finished":
                self.ends.append(message["success"] is True)

    def _told(self, message: Mapping[str, Any]) -> None:
        said = message["message"]
        if "oxidizer" in said:
            self.seen.append(said["oxidizer"] if said["oxidizer"] in NOTES else FORGED_MESSAGES)
            return
        local = message["manifest_path"].startswith(SOURCE + "/")
        diagnostic = parse_diagnostic(said, package_name(message["package_id"]))
        (self.own if local else self.foreign).append(diagnostic)
        if diagnostic.is_error:
            self.broken.add((diagnostic.package, str(message["target"]["name"])))

    def _artifact(self, message: Mapping[str, Any]) -> None:
        target, package = message["target"], package_name(message["package_id"])
        unit = json.dumps([message[key] for key in ("package_id", "target", "profile", "features", "filenames")])
        if unit in self.units:
            self.seen.append(FORGED_MESSAGES)
        self.units.add(unit)
        if not message["filenames"]:
            # cargo believes the compiler's exit code, and lists what is there.
            self.seen.append(EXIT_IN_COMPILER)
        if target["src_path"].startswith(SOURCE + "/"):
            root = relative(target["src_path"])
            self.roots.setdefault(package, []).append(root)
            self.outputs += [(root, str(name)) for name in message["filenames"]]
        if not message["fresh"]:
            self.anew.add(package)
            self.made |= {name.replace("-", "_") for name in (package, str(target["name"]))}
        if not _GUESTS.isdisjoint(target["kind"]):
            self.guests.add(package)
        if message.get("executable") and message["profile"]["test"]:
            self.executables[str(message["executable"])] = (package, str(target["name"]))


def package_name(package_id: str) -> str:
    """The name in a package id specification, e.g. `path+file:///box/src#smallvec@1.13.2` or `...src/foo#0.1.0`."""
    url, _, tail = package_id.partition("#")
    return tail.partition("@")[0] if "@" in tail else url.rstrip("/").rpartition("/")[2]
