"""cargo in a sandbox: check, clippy, test, miri and fmt, each with a typed outcome.

JSON messages, never scraped text, but where a tool has none (rustfmt --check, miri).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from oxidizer.cluster.build import Build, read_build
from oxidizer.cluster.diagnostics import relative
from oxidizer.cluster.door import BEHIND
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.outcome import Cause, classify
from oxidizer.cluster.sandbox import SHIMS, SOURCE, TARGET, RunResult, Sandbox
from oxidizer.cluster.testrun import Command, TestRun, run_tests
from oxidizer.cluster.turns import run_in_turn

_RUNNER = f'target."cfg(all())".runner=["{SHIMS}/test-runner"]'
_LIBTEST = ("-Z", "unstable-options", "--format", "json")
_DISCARD = 'cd "$1" && chmod -R u+rwX . ; rm -rf debug .rustc_info.json oxidizer-batch'
_JSON = ("--message-format=json", "--frozen")
_IN_TURN = 16
"""Commands in one of the sandbox, at most: a limit that ends it costs them all."""


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
        self.discarded = 0
        """How often the target was thrown away: what was built before is gone."""

    def build(self, args: Sequence[str], **env: str) -> Build:
        """Any compiling command with its exact arguments, e.g. `["clippy", "--lib", "--", "-W", "unused_imports"]`."""
        return read_build(self._run(_with(args, _JSON), env), self.package)

    def builds(self, commands: Sequence[Sequence[str]]) -> list[Build]:
        """As `build` of each in turn, several in one command of the sandbox, which takes longer to start than cargo.

        The seconds and bytes of a `run` are then those of all that shared it, and so are its scratch folders.
        """
        found: list[Build] = []
        for first in range(0, len(commands), _IN_TURN):
            group = commands[first : first + _IN_TURN]
            words = [shlex.join(["cargo", *_with(args, _JSON)]) for args in group]
            runs = run_in_turn(self.sandbox, words, env=self._env({}), cwd=self.folder)[1] if len(group) > 1 else []
            # Where a limit ended them, each goes by itself, with limits of its own.
            found += [read_build(run, self.package) for run in runs] or [self.build(args) for args in group]
        return found

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
        skips = [word for test in sorted(skip) for word in ("--skip", test.filter)]
        named = [*skips, *sorted({test.filter for test in only})]
        # A doctest's name carries a line: only a part of it is known.
        exact = ["--exact"] if named and not any(test.is_doctest for test in (*only, *skip)) else []
        return run_tests(self, Command((*selection, *self.features), (*exact, *named), env))

    def test_programs(self, *, cap_s: float, **env: str) -> TestRun:
        """Unit and integration tests of code that lints have no say on: instrumented, with `env` for its instrument."""
        env |= {"OXIDIZER_TEST_TIMEOUT_S": str(int(cap_s)), "RUST_TEST_THREADS": str(self.jobs)}
        env["RUSTC_WORKSPACE_WRAPPER"] = f"{SHIMS}/quiet-rustc"
        return run_tests(self, Command(("--tests", *self.features), (), env))

    def run_tests(self, selection: Sequence[str], libtest: Sequence[str], env: Mapping[str, str]) -> RunResult:
        """`cargo test` alone, with words for libtest; see `testrun.py`, which makes results of it."""
        args = ["test", "--no-fail-fast", *selection, *_JSON, "--config", _RUNNER, "--", *_LIBTEST, *libtest]
        return self._run(args, env)

    def discard(self) -> None:
        """Have all built again: tests changed what was built."""
        self.discarded += 1
        self.sandbox.run(["sh", "-c", _DISCARD, "sh", TARGET])

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

    def _run(self, args: Sequence[str], env: Mapping[str, str]) -> RunResult:
        return self.sandbox.run(["cargo", *args], env=self._env(env), cwd=self.folder)

    def _env(self, env: Mapping[str, str]) -> dict[str, str]:
        return {"CARGO_BUILD_JOBS": str(self.jobs), **BEHIND, **env}


def _with(args: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Our flags go before the `--` that ends cargo's own."""
    cut = args.index("--") if "--" in args else len(args)
    return [*args[:cut], *ours, *args[cut:]]


def _selection(only: Collection[TestId]) -> list[str]:
    """The cheapest selection of targets that holds the wanted tests."""
    kinds = {test.is_doctest for test in only}
    return {frozenset({True}): ["--doc"], frozenset({False}): ["--tests"]}.get(frozenset(kinds), [])


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
