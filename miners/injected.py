"""The miner of injected bugs: operators break healthy code, the compiler says what it sees, the inverse is the fix.

"After" is the crate as published, proven once by the baseline; what is judged here is the broken code. Mutants share
runs of the compiler where their complaints cannot meet; a sample of what they prove is judged again alone, by cargo.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from oxidizer.cluster.batch import BatchChecker, Effort, NotBatchable
from oxidizer.cluster.branches import apart, as_branch
from oxidizer.cluster.edits import inverse
from oxidizer.cluster.lints import read_lints
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.nursery import Nursery, body_region, stops
from oxidizer.cluster.policy import LESSON, screen
from oxidizer.cluster.rustc import Invocation, NoInvocation, Rustc
from oxidizer.cluster.schemata import Schemata
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets.records import DiagFix
from oxidizer.miners.audit import Auditor
from oxidizer.miners.explain import explain_mistake
from oxidizer.miners.mined import Mined
from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.mix import Broken, choose, sample
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.bases import ManifestOperator
from oxidizer.miners.operators.operator import Code, Route
from oxidizer.miners.recipe import Recipe
from oxidizer.miners.suggested import suggested
from oxidizer.miners.told import Told
from oxidizer.miners.tuples import Unit, diag_fix, reject

SHARED = frozenset({Route.BODY, Route.ITEM})
ALONE = frozenset({Route.CRATE, Route.SYNTAX})
_RARE = 2
"""Mutants of one code, of all that were tried in a crate, up to which the code is rare there."""
_MOST = 24
"""Errors that one mistake may show; from more nobody learns, and they would fill the record."""
_PER_FUNCTION = 4
"""Mistakes of syntax tried per outermost function: those of one function share no run."""
_NAMES = 8
"""Failing tests that a tuple names, and its probe runs."""


class InjectedMiner:
    """Mines one crate on its workbench."""

    def __init__(
        self, bench: Workbench, unit: Unit, recipe: Recipe, seed: int, meter: MeteredSandbox, targets: Sequence[str]
    ) -> None:
        self.bench, self.unit, self.recipe, self.seed, self.meter = bench, unit, recipe, seed, meter
        self.targets = targets
        self.mix = recipe.injected
        self.lineage = ("miner:injected", f"recipe:{recipe.fingerprint}")
        chosen = set(self.mix.operators) or {operator.name for operator in operators()}
        self.operators = [operator for operator in operators() if operator.name in chosen]
        self.told = Told({operator.name: Counter() for operator in self.operators})
        self.unminded: list[Broken] = []
        """What the compiler did not mind in a shared run."""
        lints = read_lints(unit.tools / "clippy-driver")
        self.loud = frozenset(lint.name for lint in lints.values() if lint.default_level != "allow")
        """The lints that every probe shows."""
        self.denied = frozenset(lint.name for lint in lints.values() if lint.default_level in ("deny", "forbid"))
        """... and those that are errors where nobody asks for them."""

    def mine(self) -> Mined:
        """All tuples of the crate."""
        mined = Mined()
        with self.meter.stage("record"):
            try:
                invocations = self.bench.invocations(self.targets)
            except NoInvocation as error:
                self.told.unrecorded = str(error)
                mined.injection = self.told.account()
                return mined
        red: list[Broken] = []
        claimed: set[str] = set()
        for invocation in invocations:
            red += self._target(invocation, claimed, mined)
        # After all that calls the compiler with what cargo built for the crate as it is.
        red += self._manifest(invocations, mined)
        mined.skipped += self.told.untried
        mined.proven = len(red)
        kept = choose(red, self.mix, self.seed)
        mined.unkept += self.told.chosen(red, kept, self.mix)
        with self.meter.stage("audit"):
            kept = self._audited(kept, mined)
        with self.meter.stage("records"):
            codes = Counter(broken.code for broken in red)
            lessons: dict[str, DiagFix] = {}
            for broken in kept:
                # Where tests show it, there is no code to be rare.
                lesson = self._tuple(broken, rare=not broken.verdict.broken and codes[broken.code] <= _RARE)
                if lesson.id in lessons:
                    mined.unkept["the same lesson"] += 1
                    self.told.leave([broken.mistake], "the same lesson")
                    continue
                lessons[lesson.id] = lesson
                self.told.count(broken.mistake, "kept")
            mined.tuples += lessons.values()
        mined.injection = self.told.account()
        return mined

    def _target(self, invocation: Invocation, claimed: set[str], mined: Mined) -> Iterator[Broken]:
        """What the mutants of one target show; a file belongs to the first target that is made of it."""
        checker = BatchChecker(self.bench, Rustc(self.bench.cargo, invocation))
        with self.meter.stage("sites"):
            try:
                live = checker.live([file for file in self._files() if file not in claimed])
            except NotBatchable as error:
                self.told.unshared[" ".join(invocation.flags)] = str(error)
                yield from self._by_cargo(invocation, claimed, mined)
                return
            claimed |= live
            found = _distinct(m for file in sorted(live) for m in mistakes(self._code(file), self.operators))
        for mistake in found:
            self.told.count(mistake, "proposed")
        mined.harvested += len(found)
        yield from self._shared(checker, invocation, found, mined)
        yield from self._lints(invocation, found, mined)
        left = yield from self._syntax(checker, invocation, found, mined)
        yield from self._alone(checker, invocation, left, mined)
        if invocation.flags == ("--lib",):
            yield from self._behaviour(checker.rustc, found, mined)
        else:
            self.told.untry([m for m in found if m.route is Route.BEHAVIOUR], "code of a program")

    def _by_cargo(self, invocation: Invocation, claimed: set[str], mined: Mined) -> Iterator[Broken]:
        """A few mutants, alone, of a target whose compiler cannot be had without cargo."""
        files = [file for file in self._files() if file not in claimed]
        found = [m for file in files for m in mistakes(self._code(file), self.operators)]
        errors = [m for m in found if m.route in SHARED | ALONE]
        for mistake in errors:
            self.told.count(mistake, "proposed")
        mined.harvested += len(errors)
        tried = sample(errors, self.mix, self.seed, self.mix.alone_without_batch)
        self.told.drawn(errors, tried, self.mix.tried_per_function)
        probe = ("check", *invocation.flags, *self.bench.cargo.features)
        verdicts = [self.bench.judge_mutant(m.site.edits, probe) for m in tried]
        yield from self._red(tried, verdicts, probe, mined)

    def _files(self) -> list[str]:
        root = self.bench.root
        return sorted(str(path.relative_to(root)) for path in root.rglob("*.rs") if path.is_file())

    def _code(self, file: str) -> Code:
        return Code(file, self.bench.read(file))

    def _shared(
        self, checker: BatchChecker, invocation: Invocation, found: Sequence[Mistake], mined: Mined
    ) -> Iterator[Broken]:
        offered = [m for m in found if m.route in SHARED]
        tried = sample(offered, self.mix, self.seed, self.mix.tried_errors)
        self.told.drawn(offered, tried, self.mix.tried_per_function)
        with self.meter.stage("batch"):
            verdicts = checker.judge([m.mutant for m in tried])
        probe = ("check", *invocation.flags, *self.bench.cargo.features)
        yield from self._red(tried, verdicts, probe, mined)
        self._note(checker, tried, "batch")

    def _lints(self, invocation: Invocation, found: Sequence[Mistake], mined: Mined) -> Iterator[Broken]:
        offered = [m for m in found if m.route is Route.LINT]
        tried = sample(offered, self.mix, self.seed, self.mix.tried_lints)
        self.told.drawn(offered, tried, self.mix.tried_per_function)
        if not tried:
            return
        lints = sorted({code for m in tried for code in m.operator.codes})
        checker = BatchChecker(self.bench, Rustc(self.bench.cargo, invocation, lints))
        with self.meter.stage("lints"):
            try:
                verdicts = checker.judge([m.mutant for m in tried])
            except NotBatchable as error:
                self.told.unlinted[" ".join(invocation.flags)] = str(error)
                self.told.untry(tried, "clippy alone does not take the source")
                return
        probe = ("clippy", *invocation.flags, *self.bench.cargo.features, "--", "-W")
        yield from self._red(tried, verdicts, probe, mined)
        self._note(checker, tried, "lints")

    def _syntax(
        self, checker: BatchChecker, invocation: Invocation, found: Sequence[Mistake], mined: Mined
    ) -> Generator[Broken, None, list[Mistake]]:
        """Mistakes of syntax that share runs; returns all mistakes that need runs of their own."""
        alone = [m for m in found if m.route in ALONE]
        stopping = [m for m in alone if m.route is Route.SYNTAX and stops(m.mutant, self.bench.read)]
        apart = {id(m) for m in stopping}
        bodied = [b for m in alone if id(m) not in apart and (b := self._in_body(m)) is not None]
        mix = replace(self.mix, tried_per_function=_PER_FUNCTION)
        tried = sample([*stopping, *bodied], mix, self.seed, self.mix.tried_syntax)
        self.told.drawn([*stopping, *bodied], tried, _PER_FUNCTION)
        nursery, planted = Nursery(checker), [m for m in tried if id(m) in apart]
        shared = [m for m in tried if id(m) not in apart]
        with self.meter.stage("syntax"):
            verdicts = nursery.judge([m.mutant for m in planted])
            more = checker.judge([m.mutant for m in shared])
        self._note(checker, shared, "syntax")
        self.told.runs += Counter(
            {"nursery shared": nursery.effort.runs, "nursery undecided": nursery.effort.undecided}
        )
        told = [(m, v) for m, v in zip(planted, verdicts, strict=True) if v is not None]
        told += zip(shared, more, strict=True)
        probe = ("check", *invocation.flags, *self.bench.cargo.features)
        yield from self._red([m for m, _ in told], [v for _, v in told], probe, mined)
        elsewhere = {m.site.edits for m in (*stopping, *bodied)}
        undecided = [m for m, v in zip(planted, verdicts, strict=True) if v is None]
        return [m for m in alone if m.site.edits not in elsewhere] + undecided

    def _in_body(self, mistake: Mistake) -> Mistake | None:
        """A mistake of syntax with the function whose body alone it changes for its region."""
        if mistake.route is not Route.SYNTAX:
            return None
        region = body_region(mistake.mutant, self.bench.read)
        return region and replace(mistake, region=region)

    def _alone(
        self, checker: BatchChecker, invocation: Invocation, found: Sequence[Mistake], mined: Mined
    ) -> Iterator[Broken]:
        mix = replace(self.mix, tried_per_function=self.mix.tried_alone)
        tried = sample(found, mix, self.seed, self.mix.tried_alone)
        self.told.drawn(found, tried, mix.tried_per_function)
        with self.meter.stage("alone"):
            verdicts = [checker.alone(m.mutant) for m in tried]
        self.told.runs["syntax alone"] += sum(m.route is Route.SYNTAX for m in tried)
        yield from self._red(tried, verdicts, ("check", *invocation.flags, *self.bench.cargo.features), mined)

    def _behaviour(self, rustc: Rustc, found: Sequence[Mistake], mined: Mined) -> Iterator[Broken]:
        """Changes that compile, on the crate's own tests: those made for them, and what the compiler did not mind."""
        changes = [m for m in found if m.route is Route.BEHAVIOUR]
        if not any(not test.is_doctest for test in self.bench.baseline.passing):
            self.told.untry(changes, "no test to fail")
            return
        offered = [m for m in changes if not m.is_const]
        self.told.untry([m for m in changes if m.is_const], "code that may run at compile time")
        drawn = sample(offered, self.mix, self.seed, self.mix.tried_tests)
        self.told.drawn(offered, drawn, self.mix.tried_per_function)
        built = [(m, m.mutant) for m in drawn]
        minded = {id(b.mistake) for b in self.unminded if not b.mistake.is_const}
        survivors = sample([m for m in found if id(m) in minded], self.mix, self.seed, len(minded))
        branches = ((m, as_branch(m.mutant, self.bench.read)) for m in survivors)
        built += [(m, branch) for m, branch in branches if branch is not None]
        # Those made for the tests come first, and the others keep out of their way.
        tried = [built[n] for n in apart([mutant for _, mutant in built])]
        chosen = {id(m) for m in drawn} & {id(m) for m, _ in tried}
        self.told.untry([m for m in drawn if id(m) not in chosen], "in the way of another change")
        tried = tried[: len(chosen) + self.mix.tried_survivors]
        with self.meter.stage("behaviour"):
            verdicts = Schemata(self.bench, rustc, [mutant for _, mutant in tried]).judge()
        for mistake, _ in tried[len(chosen) :]:
            # What the compiler said of it is not the last word.
            self.told.retry(mistake, str(Reason.COMPILES))
            mined.candidates -= 1
            mined.unproven[str(Reason.COMPILES)] -= 1
        mistaken = [mistake for mistake, _ in tried]
        yield from self._red(
            mistaken, verdicts, ("test", "--no-fail-fast", "--tests", *self.bench.cargo.features), mined
        )

    def _manifest(self, invocations: Sequence[Invocation], mined: Mined) -> Iterator[Broken]:
        """Mistakes in the package's Cargo.toml and in what it inherits of its workspace's, by cargo alone: the first
        target that complains shows them.
        """
        file = posixpath.normpath(posixpath.join(self.unit.member, "Cargo.toml"))
        # The source's own folder is the workspace's root, or the package's where there is no workspace.
        code = Code(file, self.bench.read(file), self._code("Cargo.toml"))
        found = _distinct(mistakes(code, self.operators))
        for mistake in found:
            self.told.count(mistake, "proposed")
        mined.harvested += len(found)
        mix = replace(self.mix, tried_per_function=self.mix.tried_manifest)
        probes = [("check", *invocation.flags, *self.bench.cargo.features) for invocation in invocations]
        tried = sample(found, mix, self.seed, self.mix.tried_manifest)
        self.told.drawn(found, tried, mix.tried_per_function)
        with self.meter.stage("manifest"):
            for mistake in tried:
                verdict, probe = Verdict(False, Reason.COMPILES), probes[0]
                for probe in probes:
                    verdict = self.bench.judge_mutant(mistake.site.edits, probe)
                    if verdict.reason is not Reason.COMPILES:
                        break
                yield from self._red([mistake], [verdict], probe, mined)

    def _red(
        self, tried: Sequence[Mistake], verdicts: Sequence[Verdict], probe: tuple[str, ...], mined: Mined
    ) -> Iterator[Broken]:
        for mistake, verdict in zip(tried, verdicts, strict=True):
            self.told.count(mistake, "tried")
            mined.candidates += 1
            why = None if verdict.green and verdict.target else str(verdict.reason)
            if why is None and mistake.route is Route.LINT:
                verdict, why = self._as_probed(mistake, verdict, probe)
            if why is None:
                self.told.count(mistake, "red")
                why = self._unfit(mistake, verdict)
            if verdict.reason is Reason.COMPILES and verdict.scope == "batch" and not mistake.lints:
                self.unminded.append(Broken(mistake, verdict, probe))
            if why is not None:
                mined.unproven[why] += 1
                self.told.leave([mistake], why)
                continue
            assert verdict.target is not None
            own = (*probe, verdict.target.code or "") if mistake.route is Route.LINT else probe
            if verdict.broken:
                some = frozenset(sorted(verdict.broken)[:_NAMES])
                verdict, own = replace(verdict, broken=some), (*probe, "--", "--exact", *sorted({t.name for t in some}))
            broken = Broken(mistake, verdict, own)
            trial = self._trial(broken)
            yield replace(broken, suggested=suggested(trial.target, trial.edits, self.bench.reader(trial.setup)))

    def _as_probed(self, mistake: Mistake, verdict: Verdict, probe: tuple[str, ...]) -> tuple[Verdict, str | None]:
        """What a lint's own probe shows, which turns on the target's lint alone; and why that is no lesson."""
        assert verdict.target is not None
        code = verdict.target.code
        if code is None or code not in mistake.lints:
            return verdict, "another lint than the mistake's"
        verdict = replace(verdict, more=tuple(d for d in verdict.more if d.code in {*self.loud, code}))
        if any(d.code in self.denied for d in verdict.more):
            # The shared run asks for what other operators aim at, which makes warnings of its errors.
            verdict = self.bench.judge_mutant(mistake.site.edits, (*probe, code), (code,))
            if verdict.target is None or verdict.target.code != code:
                return verdict, "alone, another lint"
        return verdict, None

    def _unfit(self, mistake: Mistake, verdict: Verdict) -> str | None:
        """Why the errors that a mistake shows are no lesson of this package; None where they are."""
        assert verdict.target is not None
        assert verdict.target.primary is not None
        operator, edits = mistake.operator, mistake.site.edits
        if screen(inverse(edits, self.bench.read), self.bench.reader(edits), policy=LESSON):
            return "the fix silences"
        if len(verdict.more) >= (operator.most if isinstance(operator, ManifestOperator) else _MOST):
            return "too many errors of one mistake"
        # Members that do not need each other fail in any order, and have licences of their own.
        if isinstance(operator, ManifestOperator) and self._package_of(verdict.target.primary.file) != self.unit.member:
            return "errors of another package"
        return None

    def _package_of(self, file: str) -> str:
        """The folder of the package that a source file lies in; "" for a file from elsewhere."""
        homes = (f for f in PurePosixPath(file).parents if (self.bench.root / f / "Cargo.toml").is_file())
        return str(next(homes, ""))

    def _note(self, checker: BatchChecker, tried: Sequence[Mistake], route: str) -> None:
        effort = checker.effort
        self.told.runs += Counter({f"{route} shared": effort.runs, f"{route} alone": effort.alone})
        self.told.runs[f"{route} divided"] += effort.poisoned
        self.told.noted(route, {m.mutant: m.operator.name for m in tried}, effort.poisons)
        checker.effort = Effort()

    def _audited(self, kept: Sequence[Broken], mined: Mined) -> list[Broken]:
        """What an audit leaves of what is kept; the rest is told of."""
        found = Auditor(self.bench, self.mix, self.seed, self.unit.crate).audit(kept, self.unminded)
        mined.audited, mined.agreed = found.sampled, found.agreed
        self.told.distrust, self.told.runs["audits reworded"] = found.distrust, found.reworded
        self.told.runs["audits of what compiles"] = found.unminded
        mined.unkept["shared run not trusted"] += len(found.untried)
        self.told.leave([broken.mistake for broken in found.untried], "shared run not trusted")
        for broken, objection in found.refuted:
            self.told.leave([broken.mistake], "refuted by the audit")
            verdict = Verdict(False, Reason.REFUTED, objection)
            mined.rejects.append(
                reject(
                    self.bench, self.unit, self._trial(broken), verdict, broken.probe, stage="audit",
                    tool="test" if broken.verdict.broken else None, applicability=None,
                )
            )  # fmt: skip
        return found.sound

    def _trial(self, broken: Broken) -> Trial:
        setup, target = broken.mistake.site.edits, broken.verdict.target
        assert target is not None
        return Trial(inverse(setup, self.bench.read), target, setup)

    def _tuple(self, broken: Broken, *, rare: bool) -> DiagFix:
        mistake, verdict = broken.mistake, broken.verdict
        trial = self._trial(broken)
        explanation = explain_mistake(
            trial.target, mistake, trial.edits, self.bench.reader(trial.setup), by_tests=bool(verdict.broken)
        )
        return diag_fix(
            self.bench, self.unit, trial, verdict, broken.probe, origin="injected", operator=mistake.operator.name,
            tool="test" if verdict.broken else None, failing=verdict.broken,
            trivial=broken.is_trivial, given=broken.suggested is not None, explanation=explanation,
            lineage=self.lineage, rare=rare,
        )  # fmt: skip


def _distinct(found: Iterable[Mistake]) -> list[Mistake]:
    """Each change of the source once: two operators can make the same."""
    return list({mistake.site.edits: mistake for mistake in reversed(list(found))}.values())[::-1]
