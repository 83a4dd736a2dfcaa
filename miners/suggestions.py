"""The first miner: what the tools themselves suggest, applied, re-checked and tested.

One harvest with every lint of the recipe finds the candidates. Each lint is then proven under its own probe, the
default groups plus that lint, on the source and on the fix. Independent fixes share runs; a sample is judged alone too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.outcome import Cause, classify_status, last_words
from oxidizer.cluster.together import packs, prove_probe, prove_tests, waves
from oxidizer.cluster.verdict import TEST_REASONS, Reason, Trial, Verdict, stopped_verdict
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from oxidizer.miners.candidates import Candidate, Selection, select
from oxidizer.miners.explain import explain
from oxidizer.miners.mined import Mined
from oxidizer.miners.recipe import Recipe
from oxidizer.miners.tuples import Unit, diag_fix, reject


@dataclass(frozen=True)
class Attempt:
    """A candidate on its way: the trial under the lint's own probe, and the verdict so far."""

    candidate: Candidate
    trial: Trial
    probe: tuple[str, ...]
    verdict: Verdict


class SuggestionMiner:
    """Mines one crate on its workbench."""

    def __init__(
        self, bench: Workbench, unit: Unit, recipe: Recipe, seed: int, meter: MeteredSandbox, targets: Sequence[str]
    ) -> None:
        self.bench, self.unit, self.recipe, self.seed, self.meter = bench, unit, recipe, seed, meter
        self.command = ("clippy", *targets, *bench.cargo.features, "--")
        self.lineage = ("miner:suggestions", f"recipe:{recipe.fingerprint}")

    def mine(self) -> Mined:
        """All tuples and rejects of the crate."""
        mined = Mined()
        with self.meter.stage("harvest"):
            selection = self._harvest()
        mined.harvested = len(selection.chosen) + selection.skipped.total()
        mined.candidates, mined.skipped = len(selection.chosen), selection.skipped
        with self.meter.stage("prove"):
            attempts = self._prove(selection.chosen)
        proven = [a for a in attempts if a.verdict.green]
        mined.proven = len(proven)
        with self.meter.stage("test"):
            tested = self._test(proven)
        with self.meter.stage("audit"):
            audited = self._audit(tested)
        mined.audited = sum(a.verdict.audited for a in audited)
        mined.agreed = sum(a.verdict.audited and a.verdict.green for a in audited)
        for stage, group in (("probe", [a for a in attempts if not a.verdict.green]), ("test", audited)):
            for attempt in group:
                self._keep(attempt, mined, stage)
        return mined

    def _harvest(self) -> Selection:
        lints = [f"clippy::{name}" for name in (*self.recipe.groups, *self.recipe.restriction)] + list(
            self.recipe.rustc
        )
        build = self.bench.observe([*self.command, *(word for lint in lints for word in ("-W", lint))])
        if classify_status(build.run) or not build.finished or build.forged:
            # What it would have shown is not known: the crate is beyond our limits, not without lessons.
            raise UnfitCrate(
                build.cause or Cause.UNKNOWN,
                f"the harvest did not end: {', '.join(build.forged) or last_words(build.run)}",
            )
        # Other members of the workspace are units of their own.
        own = [d for d in build.diagnostics if d.package == build.package]
        return select(own, self.bench.read, self.recipe, self.seed)

    def _prove(self, chosen: Sequence[Candidate]) -> list[Attempt]:
        by_lint: dict[str, list[Candidate]] = {}
        for candidate in chosen:
            by_lint.setdefault(candidate.lint, []).append(candidate)
        self.bench.foresee([self._probe(lint) for lint in by_lint])
        return [attempt for lint, group in by_lint.items() for attempt in self._prove_lint(lint, group)]

    def _probe(self, lint: str) -> tuple[str, ...]:
        return (*self.command, "-W", lint)

    def _prove_lint(self, lint: str, group: Sequence[Candidate]) -> list[Attempt]:
        probe = self._probe(lint)
        source = self.bench.observe(probe)
        stopped = stopped_verdict(source)
        shown = {d.place: d for d in source.diagnostics}
        attempts, trials = [], {}
        for candidate in group:
            trial = Trial(candidate.fix.edits, shown.get(candidate.diagnostic.place, candidate.diagnostic))
            if stopped:
                verdict = stopped
            elif candidate.diagnostic.place not in shown:
                verdict = Verdict(False, Reason.NOT_SHOWN, "the lint alone does not show it")
            elif (refused := self.bench.screen(trial)[1]) is not None:
                verdict = refused
            else:
                trials[id(trial)] = (candidate, trial)
                continue
            attempts.append(Attempt(candidate, trial, probe, verdict))
        for wave in waves([trial for _, trial in trials.values()], self.bench.read):
            for trial, verdict in prove_probe(self.bench, wave, probe):
                attempts.append(Attempt(trials[id(trial)][0], trial, probe, verdict))
        return attempts

    def _test(self, proven: Sequence[Attempt]) -> list[Attempt]:
        if not self.bench.baseline.passing:
            return list(proven)
        of = {id(a.trial): a for a in proven}
        tested = []
        # What the tool is not sure of fails more often: it must not drag the rest into bisection.
        groups = ([a.trial for a in proven if a.candidate.sure is sure] for sure in (True, False))
        for pack in (pack for group in groups for pack in packs(group)):
            for trial, verdict in prove_tests(self.bench, pack):
                attempt = of[id(trial)]
                scope = verdict.scope if attempt.verdict.scope == "alone" else attempt.verdict.scope
                told = replace(verdict, scope=scope, more=attempt.verdict.more, flags=attempt.verdict.flags)
                tested.append(replace(attempt, verdict=told))
        return tested

    def _audit(self, tested: Sequence[Attempt]) -> list[Attempt]:
        """Judge a sample alone; where a fix proves to have leaned on its group, judge all alone that shared with it."""
        audited = [self._alone(a) if self._sampled(a) else a for a in tested]
        failed = [a for a in audited if a.verdict.audited and not a.verdict.green]
        # Runs of tests are shared by all lints, those of a probe by one.
        every = any(a.verdict.reason in TEST_REASONS for a in failed)
        doubtful = {a.probe for a in failed}
        return [self._alone(a) if (every or a.probe in doubtful) and self._leans(a) else a for a in audited]

    def _leans(self, attempt: Attempt) -> bool:
        return attempt.verdict.green and attempt.verdict.scope == "together" and not attempt.verdict.audited

    def _sampled(self, attempt: Attempt) -> bool:
        place = f"{self.seed}\0{self.unit.crate}\0{attempt.candidate.diagnostic.place}"
        draw = int.from_bytes(hashlib.sha256(place.encode("utf-8", "surrogateescape")).digest()[:4], "big") / 2**32
        return self._leans(attempt) and draw < self.recipe.audit_share

    def _alone(self, attempt: Attempt) -> Attempt:
        verdict = self.bench.judge(attempt.trial, attempt.probe)
        return replace(attempt, verdict=replace(verdict, scope=attempt.verdict.scope, audited=True))

    def _keep(self, attempt: Attempt, mined: Mined, stage: str) -> None:
        candidate, trial = attempt.candidate, attempt.trial
        if not attempt.verdict.green:
            applicability = candidate.fix.applicability
            mined.rejects.append(
                reject(
                    self.bench,
                    self.unit,
                    trial,
                    attempt.verdict,
                    attempt.probe,
                    stage=stage,
                    applicability=applicability,
                )
            )
            return
        explanation = explain(trial.target, candidate.fix.message, trial.edits, self.bench.read, self.unit.tools)
        mined.tuples.append(
            diag_fix(
                self.bench, self.unit, trial, attempt.verdict, attempt.probe, origin="suggestion", operator=None,
                trivial=candidate.sure, explanation=explanation, lineage=self.lineage,
            )
        )  # fmt: skip
