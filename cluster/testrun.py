"""One run of a package's tests: built first, then run as they were built, and looked at again where it was in doubt.

Promises: nothing of a test's code runs before all is built; what tests change of it is noticed from outside, makes
their run void and is thrown away. A test whose outcome is not told as libtest tells it (see `libtest.py`) is run again
among its like, at last alone in a process of its own; if that does not settle it, it is lost, never passed. A program
that hangs or aborts takes no test with it that can speak without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from oxidizer.cluster.build import DISPUTED_TESTS, FORGED_MESSAGES, TARGET_CHANGED, Build, behind_build, read_build
from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.guard import Look, differences, look
from oxidizer.cluster.libtest import Outcome, TestId, TestResults, read_listed, read_results
from oxidizer.cluster.outcome import Cause, classify_status
from oxidizer.cluster.sandbox import TARGET, RunResult

if TYPE_CHECKING:
    from oxidizer.cluster.cargo import Cargo

_LIBTEST = b"RUST_TEST_SHUFFLE"
"""What stands in every program with libtest's harness, which reads that variable."""
_PROGRAM_BYTES = 1 << 30


@dataclass(frozen=True)
class TestRun:
    """What `cargo test` came to. Where the tests do not build, there are no results."""

    __test__ = False

    build: Build
    run: RunResult
    """The command in which the tests ran; of tests that do not build, the build's."""
    results: TestResults
    flags: tuple[str, ...] = ()
    """Tricks that were seen while the tests ran."""

    @property
    def compiled(self) -> bool:
        """The tests were built."""
        return self.build.finished and self.build.succeeded and not self.build.forged

    @property
    def cause(self) -> Cause | None:
        """Why there are no, or not all, results; None where every test spoke."""
        if not self.compiled:
            cause = self.build.cause
            return Cause.TESTS_DO_NOT_COMPILE if cause in (Cause.COMPILE_ERROR, Cause.UNKNOWN) else cause
        stopped = classify_status(self.run)
        return stopped or (None if self.results.outcomes else Cause.FORGED if self.flags else Cause.NO_TESTS)


@dataclass(frozen=True)
class Command:
    """A way to call `cargo test`: what is built, what the programs are told, and the environment of both."""

    selection: tuple[str, ...]
    libtest: tuple[str, ...]
    env: Mapping[str, str]
    alone: int = 16
    """Tests in doubt that get a process each, at most."""
    to_the_end: bool = False
    """Where a program ends before its time, the tests that it did not come to are looked for."""

    @property
    def documents(self) -> bool:
        """Only doctests, which nothing can be built of before they run."""
        return "--doc" in self.selection

    def among(self, tests: Collection[TestId]) -> Command:
        """The same with no tests but these, of executables."""
        names = sorted({test.name for test in tests})
        kept = [word for word in self.selection if word not in ("--tests", "--doc")]
        return replace(self, selection=(*kept, "--tests"), libtest=("--exact", *names))


def run_tests(cargo: Cargo, command: Command) -> TestRun:
    """Build and run. Raises SandboxUnavailable."""
    build = None
    if not command.documents:
        build = cargo.build(["test", "--no-run", *command.selection], **command.env)
        if not (build.finished and build.succeeded) or build.forged or classify_status(build.run):
            return TestRun(build, build.run, TestResults({}))
    first = _run(cargo, command, build)
    ended = classify_status(first.run)
    unsure = first.results.doubted or (command.to_the_end and first.results.crashed)
    return _second_look(cargo, command, first) if unsure and not ended else first


def _run(cargo: Cargo, command: Command, build: Build | None) -> TestRun:
    """The tests as they are built."""
    with Watch(cargo) as watch:
        run = cargo.run_tests(command.selection, command.libtest, command.env)
    again = read_build(run, cargo.package, tests=True)
    build = build or again
    if not (again.finished and again.succeeded) or again.forged:
        # Built a moment ago, it cannot be built: a build script that is of two minds, or words that are not cargo's.
        return TestRun(again, run, TestResults({}))
    voided = watch.settle(again)
    if voided:
        return TestRun(build, run, TestResults({}), (TARGET_CHANGED,))
    executables = {**again.executables, **build.executables}
    results = _read(cargo, run, executables)
    flags = (FORGED_MESSAGES,) if results.forged else ()
    return TestRun(replace(build, executables=executables), run, results, flags)


def _read(cargo: Cargo, run: RunResult, executables: Mapping[str, tuple[str, str]]) -> TestResults:
    results = read_results(behind_build(run), executables, cargo.package)
    custom = {exe for exe in results.suspects if not _is_libtest(cargo, exe)}
    return read_results(behind_build(run), executables, cargo.package, custom=custom) if custom else results


def _second_look(cargo: Cargo, command: Command, first: TestRun) -> TestRun:
    """Doubted tests again: all that were told of without those that were not, then each alone.

    To the end: the tests that a program did not come to, without those at which it ended.
    """
    results, run = first.results, first.run
    unmet: set[TestId] = set()
    crashed = bool(results.crashed) and command.to_the_end
    if results.strange or crashed:
        listing = cargo.run_tests(command.selection, (*command.libtest, "--list"), command.env)
        known = read_listed(behind_build(listing))
        if results.strange:
            results = read_results(behind_build(run), first.build.executables, cargo.package, known=known)
        unmet = _unmet(first.build, known, results) if crashed else set()
    flags, deceived = [FORGED_MESSAGES] if results.forged else [], results.forged
    outcomes, doubted = dict(results.outcomes), {*results.doubted, *unmet}
    ended = results.having(Outcome.LOST) if crashed else frozenset()
    culprits = {test for test in (*results.doubted, *ended) if not test.is_doctest}
    doubted |= ended
    for group in _groups(culprits, unmet, command.alone):
        asked = group & doubted
        while asked:
            again = _run(cargo, command.among(asked), first.build)
            flags += again.flags
            deceived = deceived or again.results.forged or again.results.strange
            # Which of several took the others along, only a process of its own tells.
            lost = again.results.having(Outcome.LOST) if len(asked) > 1 else frozenset()
            unclear = again.results.doubted | lost
            settled = {t: o for t, o in again.results.outcomes.items() if t in asked and t not in unclear}
            outcomes |= settled
            doubted -= settled.keys()
            asked = (asked & doubted) - unclear if settled and again.results.crashed else set()
    # A test can also pass and then take its program with it by honest means.
    flags += [DISPUTED_TESTS] if doubted and deceived else []
    final = replace(results, outcomes={**outcomes, **dict.fromkeys(doubted, Outcome.LOST)}, doubted=frozenset(doubted))
    return replace(first, results=final, flags=tuple(dict.fromkeys(flags)))


def _unmet(build: Build, known: Mapping[str, Collection[str]], results: TestResults) -> set[TestId]:
    """The tests that programs have and that nothing was told of."""
    listed = {TestId(*build.executables[exe], name) for exe, names in known.items() if exe in build.executables
              for name in names}  # fmt: skip
    return listed - results.outcomes.keys()


def _groups(culprits: set[TestId], unmet: set[TestId], alone: int) -> list[set[TestId]]:
    """Those that were not come to, then all at which something ended, then each by itself."""
    every = sorted(culprits) + sorted(unmet)
    return [group for group in (unmet, culprits, *({test} for test in every[:alone])) if group]


def _is_libtest(cargo: Cargo, exe: str) -> bool:
    """Whether a test program has libtest's harness; where it cannot be read, it is held to what libtest promises."""
    try:
        return _LIBTEST in cargo.sandbox.target.read(exe.removeprefix(f"{TARGET}/"), _PROGRAM_BYTES)
    except NotCollected:
        return True


class Watch:
    """What later builds take of the target, watched while tests run."""

    def __init__(self, cargo: Cargo) -> None:
        self._cargo = cargo
        self._before: Look = {}
        self.changed: list[str] = []
        """Files that are new, gone or another."""

    def __enter__(self) -> Watch:
        self._before = look(self._cargo.sandbox.target.folder)
        return self

    def __exit__(self, *_: object) -> None:
        self.changed = differences(self._before, look(self._cargo.sandbox.target.folder))

    def settle(self, build: Build | None = None) -> bool:
        """Throw the target away where it was changed; whether something that was there has changed: the run is void.

        What the same command built is not the tests' doing.
        """
        made = build.made if build else frozenset()
        changed = [path for path in self.changed if _unit(path) not in made]
        if changed:
            self._cargo.discard()
        return any(path in self._before for path in changed)


def _unit(path: str) -> str:
    """The name of the unit that a file of cargo's belongs to, e.g. of `debug/deps/libfoo_bar-0a1b2c.rlib`."""
    parts = Path(path).parts
    name = parts[2] if len(parts) > 2 else parts[-1]
    return name.partition(".")[0].rpartition("-")[0].removeprefix("lib").replace("-", "_") or name.partition(".")[0]
