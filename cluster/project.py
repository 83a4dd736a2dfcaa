"""A whole workspace in one sandbox, as it stands: what of it compiles, and what its tests come to.

For trees of the past: warnings are never errors (`--cap-lints`), and where test programs abort, they are built without
debug assertions (checks of `unsafe` code that the authors' compiler did not make), overflow still checked. Where they
run long, they may be built with optimisation, which changes neither.

Two targets of one package and name, a library and a program, are one to whoever reads: a test passes if it passes in
both.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from oxidizer.cluster.build import Build
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.door import BEHIND
from oxidizer.cluster.libtest import Outcome, TestId
from oxidizer.cluster.outcome import Cause, classify_status
from oxidizer.cluster.sandbox import SHIMS, SOURCE, TARGET, RunResult, Sandbox
from oxidizer.cluster.testrun import Command, Watch, run_tests

_WITHOUT_ASSERTIONS = {
    "CARGO_PROFILE_DEV_DEBUG_ASSERTIONS": "false", "CARGO_PROFILE_DEV_OVERFLOW_CHECKS": "true",
}  # fmt: skip
OPTIMISED = {"CARGO_PROFILE_DEV_OPT_LEVEL": "1"}
"""What tests that compute for long are built with."""
_ALONE = 64
_NOTED_BYTES = 4 << 20
_WORD = re.compile(r"(?:\\ |\S)+")
_TYPED_S = 300.0


@dataclass(frozen=True)
class Side:
    """One tree's tests, once: by what they came to, or why they did not."""

    build: Build
    outcomes: Mapping[TestId, Outcome] = field(default_factory=lambda: MappingProxyType({}))
    cause: Cause | None = None
    """Why not all of it has results; None where all do."""
    broken: frozenset[tuple[str, str]] = frozenset()
    """The test targets that do not compile, by package and name."""
    flags: tuple[str, ...] = ()
    """Tricks that were seen: nothing of this side is to be believed."""
    run_s: float = 0.0
    """How long the tests ran, wall time."""
    cpu_s: float = 0.0
    """What they computed."""
    crashed: tuple[str, ...] = ()
    """The programs that ended before their time."""

    @property
    def compiled(self) -> bool:
        """All tests were built."""
        return self.build.finished and self.build.succeeded and not self.build.forged

    @property
    def passed(self) -> frozenset[TestId]:
        """The tests that passed."""
        return frozenset(test for test, outcome in self.outcomes.items() if outcome is Outcome.PASSED)

    @property
    def failed(self) -> frozenset[TestId]:
        """The tests that failed, or that ended their program each time."""
        return frozenset(test for test, o in self.outcomes.items() if o in (Outcome.FAILED, Outcome.LOST))


class Project:
    """cargo on a workspace whose root is `folder` below the sandbox's source."""

    def __init__(
        self, sandbox: Sandbox, *, folder: str = ".", features: Sequence[str] = (), jobs: int = 1, cap_s: float = 90.0
    ) -> None:
        self.cap_s = cap_s
        self.features = tuple(features)
        self._sandbox, self._folder, self._jobs = sandbox, folder, jobs
        self._cargo = self._cargo_of("")
        self.assertions = True
        """Test programs have debug assertions."""
        self.optimised = False
        """... and are built with optimisation."""

    @property
    def env(self) -> dict[str, str]:
        """The environment of every command, beside the sandbox's own."""
        shaped = ({} if self.assertions else _WITHOUT_ASSERTIONS) | (OPTIMISED if self.optimised else {})
        return {"RUSTFLAGS": "--cap-lints warn", **shaped}

    @property
    def selection(self) -> tuple[str, ...]:
        """What cargo's `test` is told to build and run: all tests but documentation examples."""
        return "--tests", *self._cargo.features

    def test(self, only: Collection[TestId] = ()) -> Side:
        """Build the tests and run them, or some of them; documentation examples apart."""
        names = sorted({test.name for test in only})
        libtest = ("--exact", *names) if names else ()
        command = Command(self.selection, libtest, self._testing(), alone=_ALONE, to_the_end=True)
        run = run_tests(self._cargo, command)
        if run.compiled:
            stopped = classify_status(run.run)
            return Side(
                run.build,
                run.results.outcomes,
                stopped or run.cause,
                flags=run.flags,
                run_s=run.run.wall_s,
                cpu_s=run.run.cpu_s,
                crashed=run.results.crashed,
            )
        if run.build.forged or classify_status(run.build.run) or not run.build.finished:
            return Side(run.build, cause=run.cause, flags=run.build.forged)
        # Cargo ends at the first target that does not compile.
        whole = self._cargo.build(["build", *self.selection, "--keep-going"], **self.env)
        return Side(run.build, cause=run.cause, broken=whole.broken | run.build.broken, flags=whole.forged)

    def document(self, packages: Collection[str]) -> dict[TestId, Outcome]:
        """What the documentation examples of packages come to; those of a package that does not build are left out."""
        found: dict[TestId, Outcome] = {}
        for package in sorted(packages):
            selection = ("--doc", "-p", package, *self.features)
            run = run_tests(self._cargo_of(package), Command(selection, (), self._testing()))
            found |= {} if run.flags else run.results.outcomes
        return found

    def compiled(self, build: Build, files: Collection[str]) -> set[str]:
        """Those of some files, relative to the sources' root, that something in a build was compiled of."""
        left = set(files) - {root for root, _ in build.outputs}
        for _, output in build.outputs:
            if left and output.startswith(f"{TARGET}/"):
                left -= self._read_for(output.removeprefix(f"{TARGET}/"))
        return set(files) - left

    def _read_for(self, output: str) -> set[str]:
        """The files that the compiler or cargo noted, in the file beside an output that make would read."""
        folder, _, name = output.rpartition("/")
        stem = name.removesuffix(".rlib").removesuffix(".rmeta").removesuffix(".so")
        for noted in dict.fromkeys((stem, stem.removeprefix("lib"))):
            try:
                text = self._sandbox.target.read(f"{folder}/{noted}.d", _NOTED_BYTES).decode("utf-8", "replace")
            except NotCollected:
                continue
            words = (word.replace("\\ ", " ") for line in text.splitlines() for word in _WORD.findall(line))
            return {self._in_source(word.rstrip(":")) for word in words}
        return set()

    def _in_source(self, path: str) -> str:
        """A path as the compiler has it, from where cargo runs it, relative to the sources' root."""
        return posixpath.normpath(posixpath.join(SOURCE, self._folder, path)).removeprefix(f"{SOURCE}/")

    def build(self) -> Build:
        """Build libraries and programs, without any test."""
        return self.check(["build", *self._cargo.features])

    def check(self, args: Sequence[str]) -> Build:
        """Any command that compiles, with the project's environment."""
        return self._cargo.build(args, **self.env)

    def typed(self, line: str) -> RunResult:
        """What a command line prints as a person types it in the root of the sources, both streams as one in `stdout`.

        For lines that run no tests: see `typed_tests`.
        """
        env = {**BEHIND, **self.typed_env, "CARGO_BUILD_JOBS": str(self._jobs)}
        return self._sandbox.run(["sh", "-c", f"exec 2>&1\n{line}"], env=env, wall_s=_TYPED_S)

    def typed_tests(self, line: str, build: Sequence[str]) -> RunResult | None:
        """The same of a line that runs tests; `build` are cargo's arguments that build them before.

        None where the tests changed what was built, which is thrown away then: their words are not to be believed.
        """
        self.check(build)
        with Watch(self._cargo) as watch:
            run = self.typed(line)
        return None if watch.settle() else run

    @property
    def typed_env(self) -> dict[str, str]:
        """What such a line's environment has beside the sandbox's own: the same builds, and tests in order."""
        return {**self.env, "RUST_TEST_THREADS": "1"}

    def _testing(self) -> dict[str, str]:
        own = {"OXIDIZER_TEST_TIMEOUT_S": str(int(self.cap_s)), "RUST_TEST_THREADS": str(self._jobs)}
        return {**self.env, **own, "RUSTDOC": f"{SHIMS}/rustdoc"}

    def _cargo_of(self, package: str) -> Cargo:
        whole = ("--workspace", *self.features)
        return Cargo(self._sandbox, package, member=self._folder, features=whole, jobs=self._jobs)
