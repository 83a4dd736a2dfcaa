"""cargo in a sandbox: check, clippy, test, miri and fmt, each with a typed outcome.

JSON messages, never scraped text, but where a tool has none (rustfmt --check, miri).
"""

from __future__ import annotations

import json
import re
import secrets
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from oxidizer.cluster.diagnostics import Diagnostic, distinct, parse_diagnostic, relative
from oxidizer.cluster.libtest import TestId, TestResults, read_results
from oxidizer.cluster.outcome import Cause, classify, classify_status
from oxidizer.cluster.sandbox import SHIMS, SOURCE, RunResult, Sandbox, Status

_JSON = ("--message-format=json", "--frozen")
_IN_TURN = 16
"""Commands in one of the sandbox, at most: a limit that ends it costs them all."""


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

    @property
    def ok(self) -> bool:
        """Everything compiled and no lint was denied."""
        return self.cause is None

    @cached_property
    def cause(self) -> Cause | None:
        """Why the build failed; what is run after it has no say. Raises SandboxUnavailable: the machine is at fault."""
        if self.finished and self.succeeded:
            return classify_status(self.run)
        return classify(self.run, self.package, (*self.diagnostics, *self.foreign), self.finished)


@dataclass(frozen=True)
class Formatting:
    """What `cargo fmt --check` asks for: the places, by file, where a change begins."""

    run: RunResult
    hunks: dict[str, list[int]]


@dataclass(frozen=True)
class UndefinedBehaviour:
    """What miri found, where."""

    kind: str
    message: str
    file: str
    line: int
    column: int


@dataclass(frozen=True)
class TestRun:
    """What `cargo test` came to. Where the tests do not build, there are no results."""

    __test__ = False

    build: Build
    results: TestResults

    @property
    def compiled(self) -> bool:
        """The tests were built."""
        return self.build.finished and self.build.succeeded

    @property
    def cause(self) -> Cause | None:
        """Why there are no, or not all, results; None where every test spoke."""
        if not self.compiled:
            cause = self.build.cause
            return Cause.TESTS_DO_NOT_COMPILE if cause in (Cause.COMPILE_ERROR, Cause.UNKNOWN) else cause
        stopped = classify_status(self.build.run)
        return stopped or (None if self.results.outcomes else Cause.NO_TESTS)


class Cargo:
    """cargo commands on one package in one sandbox. `features` are the flags that every command carries."""

    def __init__(
        self, sandbox: Sandbox, package: str, *, member: str = ".", features: Sequence[str] = (), jobs: int = 1
    ) -> None:
        self.sandbox = sandbox
        self.package = package
        self.folder = SOURCE if member == "." else f"{SOURCE}/{member}"
        self.features = list(features)
        self.jobs = jobs

    def build(self, args: Sequence[str], **env: str) -> Build:
        """Any compiling command with its exact arguments, e.g. `["clippy", "--lib", "--", "-W", "unused_imports"]`."""
        return _read_build(self._run(_with(args, _JSON), env), self.package)

    def builds(self, commands: Sequence[Sequence[str]]) -> list[Build]:
        """As `build` of each in turn, several in one command of the sandbox, which takes longer to start than cargo.

        The seconds and bytes of a `run` are then those of all that shared it, and so are its scratch folders.
        """
        found: list[Build] = []
        for first in range(0, len(commands), _IN_TURN):
            group = commands[first : first + _IN_TURN]
            runs = self._in_turn(group) if len(group) > 1 else []
            # Where a limit ended them, each goes by itself, with limits of its own.
            found += [_read_build(run, self.package) for run in runs] or [self.build(args) for args in group]
        return found

    def _in_turn(self, group: Sequence[Sequence[str]]) -> list[RunResult]:
        """What each command came to; none where not all ended by themselves."""
        mark = secrets.token_hex(16).encode()
        words = [shlex.join(["cargo", *_with(args, _JSON)]) for args in group]
        run = self._start([f"{SHIMS}/in-turn", mark.decode(), *words], {})
        *outputs, _ = re.split(rb"\n%s (\d+)\n" % mark, run.stdout)
        texts, codes = outputs[::2], [int(code) for code in outputs[1::2]]
        errors = run.stderr.split(b"\n%s\n" % mark)
        if not run.ok or len(codes) != len(group):
            return []
        return [
            replace(run, status=Status.FAILED if code else Status.OK, exit_code=code, stdout=text, stderr=error)
            for text, code, error in zip(texts, codes, errors, strict=False)
        ]

    def check(self) -> Build:
        """`cargo check` with the features."""
        return self.build(["check", *self.features])

    def test(
        self,
        *,
        only: Collection[TestId] = (),
        skip: Collection[TestId] = (),
        cap_s: float = 90.0,
        coverage: str | None = None,
    ) -> TestRun:
        """The package's tests, doctests included; each executable to its end and for at most `cap_s` seconds.

        `only` narrows to some tests, and may run others whose names contain theirs. `coverage` is a pattern for raw
        profiles (LLVM_PROFILE_FILE): the package is built instrumented, doctests are left out.
        """
        env = {"OXIDIZER_TEST_TIMEOUT_S": str(int(cap_s)), "RUST_TEST_THREADS": str(self.jobs)}
        env["RUSTDOC"] = f"{SHIMS}/rustdoc"
        if coverage:
            env |= {"LLVM_PROFILE_FILE": coverage, "RUSTC_WORKSPACE_WRAPPER": f"{SHIMS}/coverage-rustc"}
        selection = ["--tests"] if coverage else _selection(only)
        runner = f'target."cfg(all())".runner=["{SHIMS}/test-runner"]'
        skips = [word for test in sorted(skip) for word in ("--skip", test.filter)]
        named = [*skips, *sorted({test.filter for test in only})]
        # A doctest's name carries a line: only a part of it is known.
        exact = ["--exact"] if named and not any(test.is_doctest for test in (*only, *skip)) else []
        libtest = ["-Z", "unstable-options", "--format", "json", *exact, *named]
        build = self.build(
            ["test", "--no-fail-fast", *selection, *self.features, "--config", runner, "--", *libtest], **env
        )
        lines = build.run.stdout.decode("utf-8", "replace").splitlines()
        return TestRun(build, read_results(lines, build.executables, self.package))

    def test_programs(self, *, cap_s: float, **env: str) -> TestRun:
        """Unit and integration tests of code that lints have no say on: instrumented, with `env` for its instrument."""
        env |= {"OXIDIZER_TEST_TIMEOUT_S": str(int(cap_s)), "RUST_TEST_THREADS": str(self.jobs)}
        env["RUSTC_WORKSPACE_WRAPPER"] = f"{SHIMS}/quiet-rustc"
        runner = f'target."cfg(all())".runner=["{SHIMS}/test-runner"]'
        args = ["test", "--no-fail-fast", "--tests", *self.features, "--config", runner]
        build = self.build([*args, "--", "-Z", "unstable-options", "--format", "json"], **env)
        lines = build.run.stdout.decode("utf-8", "replace").splitlines()
        return TestRun(build, read_results(lines, build.executables, self.package))

    def format_check(self) -> Formatting:
        """What rustfmt would change."""
        run = self._run(["fmt", "--", "--check"], {})
        return Formatting(run, read_format_check(run.stdout.decode("utf-8", "replace")))

    def formatted(self, file: str, edition: str) -> str | None:
        """A file of the source as rustfmt would write it; None where rustfmt cannot."""
        # Through standard input, so that the file's modules stay out of it; the folder is where it looks for settings.
        script = 'exec rustfmt --edition "$1" <"$2"'
        run = self.sandbox.run(["sh", "-c", script, "sh", edition, f"{SOURCE}/{file}"], cwd=self.folder)
        return run.stdout.decode("utf-8") if run.ok else None

    def miri(self, *args: str) -> tuple[RunResult, list[UndefinedBehaviour], Cause | None]:
        """The package's tests under miri: what it found, or the cause why it could not look."""
        run = self._run(["miri", "test", "--frozen", *self.features, *args], {"MIRIFLAGS": "-Zmiri-disable-isolation"})
        found = read_miri(run.stderr.decode("utf-8", "replace"))
        return run, found, None if found or run.ok else classify(run, self.package, (), finished=False)

    def _run(self, args: Sequence[str], env: dict[str, str]) -> RunResult:
        return self._start(["cargo", *args], env)

    def _start(self, argv: Sequence[str], env: dict[str, str]) -> RunResult:
        return self.sandbox.run(argv, env={"CARGO_BUILD_JOBS": str(self.jobs), **env}, cwd=self.folder)


def _with(args: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Our flags go before the `--` that ends cargo's own."""
    cut = args.index("--") if "--" in args else len(args)
    return [*args[:cut], *ours, *args[cut:]]


def _selection(only: Collection[TestId]) -> list[str]:
    """The cheapest selection of targets that holds the wanted tests."""
    kinds = {test.is_doctest for test in only}
    return {frozenset({True}): ["--doc"], frozenset({False}): ["--tests"]}.get(frozenset(kinds), [])


def _messages(stdout: bytes) -> Iterator[dict[str, Any]]:
    for line in stdout.splitlines():
        if line.startswith(b'{"reason"'):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _read_build(run: RunResult, asked: str) -> Build:
    own: list[Diagnostic] = []
    foreign: list[Diagnostic] = []
    executables: dict[str, tuple[str, str]] = {}
    finished = succeeded = False
    for message in _messages(run.stdout):
        match message["reason"]:
            case "compiler-message":
                local = message["manifest_path"].startswith(SOURCE + "/")
                package = package_name(message["package_id"])
                (own if local else foreign).append(parse_diagnostic(message["message"], package))
            case "compiler-artifact" if message.get("executable") and message["profile"]["test"]:
                package = package_name(message["package_id"])
                executables[message["executable"]] = (package, message["target"]["name"])
            case "build-finished":
                finished, succeeded = True, message["success"]
                break  # what follows is the tests' own output
    return Build(run, distinct(own), distinct(foreign), finished, succeeded, executables, asked)


def package_name(package_id: str) -> str:
    """The name in a package id specification, e.g. `path+file:///box/src#smallvec@1.13.2` or `...src/foo#0.1.0`."""
    url, _, tail = package_id.partition("#")
    return tail.partition("@")[0] if "@" in tail else url.rstrip("/").rpartition("/")[2]


def read_format_check(stdout: str) -> dict[str, list[int]]:
    """Where `cargo fmt -- --check` asks for a change: the first lines of its hunks, by file."""
    hunks: dict[str, set[int]] = {}
    # A module of two targets is shown twice.
    for match in re.finditer(r"^Diff in (.+?)(?::| at line )(\d+):$", stdout, re.MULTILINE):
        hunks.setdefault(relative(match[1]), set()).add(int(match[2]))
    return {file: sorted(lines) for file, lines in hunks.items()}


_MIRI = re.compile(
    r"^error: (?:(?P<kind>Undefined Behavior|unsupported operation|memory leaked|deadlock)[^:\n]*:? ?)?"
    r"(?P<message>(?(kind).*|the evaluated program deadlocked))\n"
    r" +--> (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)",
    re.MULTILINE,
)


def read_miri(stderr: str) -> list[UndefinedBehaviour]:
    """What miri reports while it interprets; it has no JSON for that."""
    return [
        UndefinedBehaviour(m["kind"] or "deadlock", m["message"], relative(m["file"]), int(m["line"]), int(m["column"]))
        for m in _MIRI.finditer(stderr)
    ]
