"""One prepared crate in which edits are tried: sources, locked and fetched dependencies, a warm target.

Promises: a verdict speaks of source + edits alone. Sandboxes see the sources read-only; only the bench writes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from oxidizer.cluster.build import STALE_BUILD, Build
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.coverage import Coverage, measure_coverage
from oxidizer.cluster.diagnostics import Diagnostic, Key, counts
from oxidizer.cluster.edits import Edit, EditConflict
from oxidizer.cluster.libtest import Outcome, TestId
from oxidizer.cluster.outcome import Cause, classify_status
from oxidizer.cluster.policy import flagged, refusal, screen
from oxidizer.cluster.rustc import Invocation, record
from oxidizer.cluster.sources import Sources
from oxidizer.cluster.tricks.trick import Trick
from oxidizer.cluster.verdict import (
    GREEN,
    Reason,
    Trial,
    Verdict,
    added,
    ended_verdict,
    forged_verdict,
    mutant_verdict,
    spot,
    stopped_verdict,
)


@dataclass(frozen=True)
class Baseline:
    """The crate as it is."""

    check: Build
    clippy: Build
    passing: frozenset[TestId]
    """Tests that passed every time; what a fix must keep."""
    failing: frozenset[TestId]
    flaky: frozenset[TestId]
    tests_cause: Cause | None
    """Why no test vouches for this crate; None where one does."""
    coverage: Coverage | None
    coverage_reason: str | None
    """Why coverage is not known."""
    forged: tuple[str, ...] = ()
    """Tricks that were seen in its tests: what they say of themselves is not believed."""


class UnfitCrate(Exception):
    """The crate itself does not build under our limits: a fact about the crate, with its cause."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class Workbench(Sources):
    """A crate's sources on the host and cargo in a sandbox that shows them."""

    def __init__(self, cargo: Cargo, root: Path, *, llvm_bin: str | None = None, test_cap_s: float = 90.0) -> None:
        super().__init__(root)
        self.cargo = cargo
        self.llvm_bin = llvm_bin
        self.test_cap_s = test_cap_s
        self._source_shows: dict[tuple[str, ...], Build] = {}
        self._invocations: dict[tuple[str, ...], tuple[Invocation, ...]] = {}
        self._baseline: Baseline | None = None
        self._first: Build | None = None
        self._last_before: tuple[object, Build] | None = None
        self._last_after: tuple[object, Build] | None = None
        self.forged: Counter[str] = Counter()
        """Tricks by how many commands showed them."""

    def observe(self, args: Sequence[str], *layers: Sequence[Edit]) -> Build:
        """What a cargo command shows with the edits; for the bare source each command runs once."""
        if changed := self.texts(*layers):
            with self.showing(changed):
                return self._built_anew(args, changed)
        if tuple(args) not in self._source_shows:
            self._source_shows[tuple(args)] = build = self.cargo.build(args)
            self.forged.update(build.forged)
        return self._source_shows[tuple(args)]

    def before(self, args: Sequence[str], setup: Sequence[Edit]) -> Build:
        """As `observe`; the same code as the last time is not built again for each candidate that mends it."""
        asked = (tuple(args), tuple(setup))
        if self._last_before is None or self._last_before[0] != asked:
            self._last_before = asked, self.observe(args, setup)
        return self._last_before[1]

    def _after(self, args: Sequence[str], *layers: Sequence[Edit]) -> Build:
        """As `observe`; fixes of one move come to the same code from different sides."""
        asked = (tuple(args), self.texts(*layers))
        if self._last_after is None or self._last_after[0] != asked:
            self._last_after = asked, self.observe(args, *layers)
        return self._last_after[1]

    def _built_anew(self, args: Sequence[str], changed: Collection[str]) -> Build:
        """A build of changed files that cargo does not take from an earlier one."""
        build = self.cargo.build(args)
        if self._is_old(build, changed):
            # None of the files need be the target's; its root is.
            self.touch(build.roots)
            build = self.cargo.build(args)
            if self._is_old(build, changed):
                build = replace(build, forged=(*build.forged, STALE_BUILD))
        self.forged.update(build.forged)
        return build

    def _is_old(self, build: Build, changed: Collection[str]) -> bool:
        code = any(file.endswith(".rs") for file in changed)
        return code and build.succeeded and not build.forged and self.cargo.package not in build.anew

    def foresee(self, probes: Sequence[Sequence[str]]) -> None:
        """Have `observe` know what several commands show of the bare source: that costs less together."""
        wanted = [args for args in dict.fromkeys(map(tuple, probes)) if args not in self._source_shows]
        for args, build in zip(wanted, self.cargo.builds(wanted), strict=True):
            self._source_shows[args] = build
            self.forged.update(build.forged)

    def invocations(self, targets: Sequence[str]) -> tuple[Invocation, ...]:
        """How cargo compiles targets (`--lib`, `--bins`) of the bare source, recorded once. Raises NoInvocation."""
        if (asked := tuple(targets)) not in self._invocations:
            self._invocations[asked] = tuple(record(self.cargo, asked))
        return self._invocations[asked]

    @property
    def baseline(self) -> Baseline:
        """The crate as it is, looked at once. Raises UnfitCrate where it does not build."""
        if self._baseline is None:
            self._baseline = self._look()
        return self._baseline

    def _look(self) -> Baseline:
        check = self.cargo.check()
        self.forged.update(check.forged)
        if check.cause:
            raise UnfitCrate(check.cause, ", ".join(check.forged) or check.complaint)
        self._first = check
        self.recheck()
        clippy = self.observe(["clippy", *self.cargo.features])
        runs = [self.cargo.test(cap_s=self.test_cap_s)]
        if runs[0].results.outcomes:
            runs.append(self.cargo.test(cap_s=self.test_cap_s))
        seen = [run.results for run in runs]
        passing = frozenset.intersection(*(r.passed for r in seen))
        ever = frozenset.union(*(r.passed for r in seen))
        failing = frozenset.union(*(r.having(Outcome.FAILED, Outcome.LOST) for r in seen)) - ever
        flaky = ever - passing
        coverage, reason = (
            measure_coverage(self.cargo, self.llvm_bin, failing | flaky) if passing else (None, "no passing test")
        )
        cause = None if passing else runs[0].cause or Cause.NO_TESTS
        forged = tuple(dict.fromkeys(flag for run in runs for flag in run.flags))
        self.forged.update(forged)
        return Baseline(check, clippy, passing, failing, flaky, cause, coverage, reason, forged)

    def recheck(self) -> None:
        """Compile the source once more where strangers' code runs while building, and hold it against the first time.

        Raises UnfitCrate where it shows something else: a build script or a macro is of two minds.
        """
        if self._first is None or not self._first.guests:
            return
        self.touch(self._first.roots)
        again = self.cargo.check()
        self.forged.update(again.forged)
        if again.forged:
            raise UnfitCrate(Cause.FORGED, ", ".join(again.forged))
        if stopped := classify_status(again.run):
            raise UnfitCrate(stopped, "the source, compiled once more")
        if again.succeeded != self._first.succeeded or counts(again.diagnostics) != counts(self._first.diagnostics):
            raise UnfitCrate(Cause.UNSTABLE_BUILD, "compiled once more, the same source shows something else")

    def judge(self, trial: Trial, probe: Sequence[str], *, tests: bool = True) -> Verdict:
        """The verdict on one fix in runs of its own."""
        tricks, refused = self.screen(trial)
        if refused:
            return refused
        verdict = self.judge_probe([trial], probe)
        if verdict.green and tests:
            verdict = replace(self.judge_tests(trial.edits, setup=trial.setup), more=verdict.more)
        return flagged(verdict, tricks)

    def screen(self, trial: Trial) -> tuple[tuple[Trick, ...], Verdict | None]:
        """The tricks of a fix by the patch policy; and the verdict, where it is refused or cannot be applied."""
        try:
            source = self.read if trial.setup and not trial.moved else None
            tricks = screen(trial.edits, self.reader(trial.setup), source=source, target=trial.target)
        except (EditConflict, FileNotFoundError) as error:
            return (), Verdict(False, Reason.DOES_NOT_APPLY, str(error))
        return tricks, refusal(tricks)

    def judge_probe(self, trials: Sequence[Trial], probe: Sequence[str]) -> Verdict:
        """Whether the edits of all trials together take exactly their diagnostics away, and bring nothing new.

        Trials with a setup go alone.
        """
        return self.probe_together(trials, probe)[0]

    def probe_together(self, trials: Sequence[Trial], probe: Sequence[str]) -> tuple[Verdict, list[Trial]]:
        """As `judge_probe`, and which trials stand where something new or unmended shows (none where nothing tells)."""
        source = self.observe(probe)
        if stopped := stopped_verdict(source):
            # A probe that cannot run says nothing of the code.
            unseen = stopped.reason is Reason.DOES_NOT_COMPILE
            return replace(stopped, reason=Reason.NOT_SHOWN if unseen else stopped.reason), []
        assert len(trials) == 1 or not any(t.setup for t in trials)
        setup, edits = trials[0].setup, [edit for trial in trials for edit in trial.edits]
        try:
            before = self.before(probe, setup)
            after = self._after(probe, setup, edits)
        except (EditConflict, FileNotFoundError) as error:
            return Verdict(False, Reason.DOES_NOT_APPLY, str(error)), []
        verdict = stopped_verdict(before) or stopped_verdict(after)
        verdict = verdict or self._compare(trials, source, before, after, edits)
        return verdict, [] if verdict.green else _blamed(trials, before, after, edits)

    def _compare(
        self, trials: Sequence[Trial], source: Build, broken_code: Build, after: Build, edits: Sequence[Edit]
    ) -> Verdict:
        if broken := next((d for d in after.diagnostics if d.is_compile_error), None):
            return Verdict(False, Reason.DOES_NOT_COMPILE, f"{broken.code or 'error'}: {broken.message}")
        before, now = counts(broken_code.diagnostics), counts(after.diagnostics)
        wanted = Counter(t.target.key for t in trials)
        for key, n in wanted.items():
            if before[key] < n:
                return Verdict(False, Reason.NOT_SHOWN, f"{key[1]}: {key[2]}")
            if now[key] > before[key] - n:
                return Verdict(False, Reason.STILL_THERE, f"{key[1]}: {key[2]}")
        # Many lints have one message: what went has to be what stood at the target's own place.
        spots = {spot(d, edits) for d in after.diagnostics}
        if stuck := next((t.target for t in trials if spot(t.target, ()) in spots), None):
            return Verdict(False, Reason.STILL_THERE, f"{stuck.code}: {stuck.message}")
        # An error hides what only healthy code is told of.
        new = now - (before | counts(source.diagnostics))
        if trials[0].moved and any(d.is_compile_error for d in broken_code.diagnostics):
            new = Counter({key: n for key, n in new.items() if key[0].startswith("error")})
        if new:
            level, code, message = min(new, key=lambda key: (key[0], key[1] or "", key[2]))
            return Verdict(False, Reason.NEW_DIAGNOSTIC, f"{level} {code or ''}: {message}")
        extra = before - now - wanted
        if extra and len(trials) > 1:
            return Verdict(False, Reason.NOT_ALONE, f"{sum(extra.values())} more diagnostics went")
        if not after.succeeded and not self._checks(trials[0].setup, edits):
            return Verdict(False, Reason.DOES_NOT_COMPILE, "cargo check fails")
        return replace(GREEN, more=_vanished(extra, trials[0].target, broken_code, after, edits))

    def _checks(self, *layers: Sequence[Edit]) -> bool:
        """Denied lints fail a probe; what counts is that the compiler takes the code."""
        with self.applied(*layers):
            return self.cargo.check().ok

    def judge_mutant(self, edits: Sequence[Edit], probe: Sequence[str], codes: Sequence[str] = ()) -> Verdict:
        """What a mutant shows under a probe, in a run of its own; see `mutant_verdict` for `codes`."""
        source = self.observe(probe)
        if stopped := stopped_verdict(source):
            return replace(stopped, reason=Reason.NOT_SHOWN)
        try:
            build = self.observe(probe, edits)
        except (EditConflict, FileNotFoundError) as error:
            return Verdict(False, Reason.DOES_NOT_APPLY, str(error))
        if stopped := stopped_verdict(build):
            return stopped
        return mutant_verdict(added(build.diagnostics, source.diagnostics, edits), codes)

    def judge_tests(
        self,
        edits: Sequence[Edit],
        *,
        setup: Sequence[Edit] = (),
        only: frozenset[TestId] | None = None,
        again: bool = True,
    ) -> Verdict:
        """Whether every test that passed on the source still passes (`only` asks some of them).

        With `again`, a test fails only if it does so in two of three runs. A crate without passing tests has nothing
        to say: green.
        """
        expected = self.baseline.passing if only is None else only
        changed = self.texts(setup, edits)
        if not expected or not changed:
            return GREEN
        with self.showing(changed):
            verdict = self._run_tests(expected, only)
            if again and verdict.broken and verdict.reason is not Reason.FORGED:
                more = (self._run_tests(verdict.broken, verdict.broken) for _ in range(2))
                return next((v for v in more if not v.green), GREEN)
        return verdict

    def _run_tests(self, expected: frozenset[TestId], only: frozenset[TestId] | None) -> Verdict:
        run = self.cargo.test(only=only or (), cap_s=self.test_cap_s)
        if stopped := stopped_verdict(run.build):
            return stopped
        if not run.compiled:
            return Verdict(False, Reason.TESTS_DO_NOT_COMPILE, run.build.complaint)
        if ended := ended_verdict(classify_status(run.run)):
            return ended
        self.forged.update(run.flags)
        gone = expected - run.results.passed
        if not set(run.flags) <= set(self.baseline.forged):
            # Whatever became of the tests: the source's own do not do that.
            return replace(forged_verdict(run.flags), broken=gone)
        if not gone:
            return GREEN
        failed = sorted(gone & run.results.having(Outcome.FAILED))
        names = ", ".join(t.name for t in (failed or sorted(gone))[:5])
        return Verdict(False, Reason.TESTS_FAIL if failed else Reason.TESTS_LOST, names, broken=gone)

    def covered(self, edits: Sequence[Edit]) -> bool | None:
        """Whether a passing test runs a line that the edits change; None: not known, or no code there."""
        coverage = self.baseline.coverage
        if coverage is None:
            return None
        told = {coverage.runs(e.file, *self._lines(e)) for e in edits}
        return True if True in told else False if False in told else None

    def _lines(self, edit: Edit) -> tuple[int, int]:
        text = self.read(edit.file)
        return text.count(b"\n", 0, edit.start) + 1, text.count(b"\n", 0, max(edit.start, edit.end - 1)) + 1


def _vanished(
    extra: Counter[Key], target: Diagnostic, source: Build, after: Build, edits: Sequence[Edit]
) -> tuple[Diagnostic, ...]:
    """The source's diagnostics beside the target that the edits took away."""
    now = {spot(d, edits) for d in after.diagnostics}
    return tuple(d for d in source.diagnostics if extra[d.key] and d.place != target.place and spot(d, ()) not in now)


def _blamed(trials: Sequence[Trial], source: Build, after: Build, edits: Sequence[Edit]) -> list[Trial]:
    """The trials where something new or unmended shows, or where more than their own went."""
    before = {spot(d, ()) for d in source.diagnostics}
    now = {spot(d, edits) for d in after.diagnostics}
    changed = (now ^ before) - {spot(t.target, ()) for t in trials}
    return [
        trial
        for trial in trials
        if spot(trial.target, ()) in now
        or any(e.file == file and e.start <= at <= e.end for _, file, at in changed for e in trial.edits)
    ]
