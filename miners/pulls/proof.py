"""What the tests say of a change on both of its sides: A is after, B before, X is B with the test part laid on.

A test passes from fail to pass where it fails on X and passes on A, twice each. Where X does not compile, B has to
(else old rot would pass for evidence), and so has X but for its tests: then the tests whose own text the change wrote,
in the targets that failed, are what fails before. Where nothing but tests changed, nothing fails before but by chance.
Trouble with the sandbox raises SandboxUnavailable; whatever else stands in the way is `Unproven`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from oxidizer.cluster.build import Build
from oxidizer.cluster.libtest import Outcome, TestId
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.project import Project, Side
from oxidizer.miners.pulls.ground import Ground, Unproven
from oxidizer.miners.pulls.split import Split
from oxidizer.miners.pulls.written import written_tests

Evidence = Literal["test", "compile_error"]
_STOPPED = frozenset({Cause.TIMEOUT, Cause.SILENT, Cause.OOM, Cause.OUTPUT_LIMIT, Cause.NO_SPACE})


@dataclass(frozen=True)
class Trees:
    """The three trees of a change, by git's hashes; `mixed` is X."""

    before: str
    mixed: str
    after: str
    time_s: int
    """When it was merged (UTC seconds)."""


@dataclass(frozen=True)
class Proof:
    """What was seen of a change that was built and tested on both sides."""

    evidence: Evidence | None
    fail_to_pass: frozenset[TestId]
    pass_to_pass: frozenset[TestId]
    flaky: frozenset[TestId]
    mixed: Build | None = None
    """Of X, where it does not compile and that is the evidence."""


class Prover:
    """Proves changes of one repository, one after the other, on its ground."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def prove(self, trees: Trees, split: Split, changed: Collection[str]) -> Proof:
        """The proof of a change: some of its `changed` files, if there are any, has to be compiled.

        Raises Unproven, SandboxUnavailable.
        """
        project, first = self.ground.ready(trees.after, trees.time_s)
        if changed and not project.compiled(first.build, changed):
            raise Unproven("not_built", f"no test is built of {', '.join(sorted(changed)[:3])}")
        again = project.test()
        for side in (first, again):
            _unforged(side, "after")
        passing = first.passed & again.passed
        flaky = (first.passed | again.passed) - passing
        examples = self._examples(project, split)
        if not passing and not examples:
            raise Unproven("no_tests", "no test of the tree after passes twice" if flaky else "it has none that passes")
        self.ground.show(trees.mixed)
        mixed = project.test()
        if not mixed.compiled:
            return self._by_compiler(project, trees, split, mixed, passing, flaky, first.failed & again.failed)
        _believe(mixed, "before, with the tests of the change")
        worse = mixed.passed & first.failed & again.failed
        # Code that is the same on both sides passes or fails on one by chance.
        by_chance = not split.holds_source
        if worse and not by_chance:
            raise Unproven("breaks_tests", f"{_names(worse)} pass without the change, and fail with it")
        suspects = passing & mixed.failed
        failing = frozenset[TestId]()
        if not by_chance:
            failing = self.still_failing(project, suspects) | self._failing_examples(project, trees, examples)
        kept = (passing & mixed.passed) - failing
        if not failing and not kept:
            raise Unproven("no_tests", "no test is on both sides")
        return Proof("test" if failing else None, failing, kept, flaky | worse | (suspects - failing))

    def still_failing(self, project: Project, suspects: frozenset[TestId]) -> frozenset[TestId]:
        """Those that fail once more. One whose end was not seen counts where it was ended by itself, not by a clock."""
        if not suspects:
            return suspects
        again = project.test(suspects)
        failing = {test for test in suspects if again.outcomes.get(test) is Outcome.FAILED}
        lost = sorted(test for test in suspects if again.outcomes.get(test) is Outcome.LOST)
        return frozenset(failing | {test for test in lost if self._aborts(project, test)})

    def _aborts(self, project: Project, test: TestId) -> bool:
        side = project.test([test])
        return side.outcomes.get(test) is Outcome.LOST and side.run_s < project.cap_s

    def _by_compiler(
        self, project: Project, trees: Trees, split: Split, mixed: Side, passing: frozenset[TestId],
        flaky: frozenset[TestId], failed: frozenset[TestId],
    ) -> Proof:  # fmt: skip
        """X does not compile: what that proves."""
        _believe(mixed, "before, with the tests of the change")
        if not mixed.broken:
            raise Unproven(str(mixed.cause), "before, with the tests of the change, it is not built")
        if not split.holds_source:
            raise Unproven("tests_do_not_build", f"before, and only tests changed: {mixed.build.complaint}")
        if trees.mixed == trees.before:
            raise Unproven("before_does_not_build", mixed.build.complaint)
        own = project.build()
        self.ground.show(trees.before)
        before = project.test()
        _believe(before, "before")
        if not before.compiled:
            raise Unproven("before_does_not_build", before.build.complaint)
        if not own.ok:
            raise Unproven("tests_break_source", f"tests apart, before with those of the change: {own.complaint}")
        broken = [test for test in passing if (test.package, test.target) in mixed.broken]
        written = written_tests(split.tests, broken, self.ground.home)
        if not written:
            raise Unproven(
                "no_written_test",
                f"before, with the tests of the change, {_targets(mixed.broken)} do not compile, "
                "and no test there is one that the change wrote",
            )
        if worse := (before.passed & failed) - written:
            raise Unproven("breaks_tests", f"{_names(worse)} pass without the change, and fail with it")
        return Proof("compile_error", written, (passing & before.passed) - written, flaky, mixed.build)

    def _examples(self, project: Project, split: Split) -> frozenset[TestId]:
        """The documentation examples that pass after, where the change is about some."""
        if not split.doctests:
            return frozenset()
        found = project.document(self.ground.packages_of({item.file for item in split.doctests}))
        return frozenset(test for test, outcome in found.items() if outcome is Outcome.PASSED)

    def _failing_examples(
        self, project: Project, trees: Trees, passing: frozenset[TestId]
    ) -> frozenset[TestId]:  # fmt: skip
        """Those of them that fail before, twice, and pass after once more."""
        failing = self.examples_that(project, passing, Outcome.FAILED)
        failing = self.examples_that(project, failing, Outcome.FAILED)
        if failing:
            self.ground.show(trees.after)
        return self.examples_that(project, failing, Outcome.PASSED)

    def examples_that(
        self, project: Project, examples: frozenset[TestId], outcome: Outcome
    ) -> frozenset[TestId]:  # fmt: skip
        """Those of some documentation examples that come to an outcome."""
        found = project.document({test.package for test in examples})
        return frozenset(test for test in examples if found.get(test) is outcome)


def _believe(side: Side, which: str) -> None:
    """Raises Unproven where what a side says cannot be taken for its word."""
    _unforged(side, which)
    if side.cause in _STOPPED:
        raise Unproven(str(side.cause), which)


def _unforged(side: Side, which: str) -> None:
    """Raises Unproven where tricks were seen."""
    if side.flags:
        raise Unproven("forged", f"{which}: {', '.join(side.flags)}")


def _names(tests: Collection[TestId]) -> str:
    return ", ".join(test.name for test in sorted(tests)[:3]) + (" ..." if len(tests) > 3 else "")


def _targets(broken: Collection[tuple[str, str]]) -> str:
    return ", ".join(sorted(name for _, name in broken)[:3]) + (" ..." if len(broken) > 3 else "")
