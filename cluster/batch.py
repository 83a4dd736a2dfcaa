"""Many mutants judged in few runs of the compiler, each verdict as if it had been judged alone.

One run holds one mutant in every region that can complain only of itself; each diagnostic goes back to its mutant by
the bytes it stands at. A sentinel behind every changed file shows that nothing silenced the rest. Where it is missing,
or something complains that nobody owns, the group is divided until the culprit is alone. What shows another mutant's
code is judged again by itself. Not promised: mutants whose effect leaves their region, which only a judgement alone can
tell, so callers audit a sample (`miners/injected.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from oxidizer.cluster.diagnostics import Diagnostic, distinct
from oxidizer.cluster.layout import Entangled, Layout, Mutant, Rounds
from oxidizer.cluster.outcome import Cause, last_words
from oxidizer.cluster.rustc import Compiled, Rustc
from oxidizer.cluster.verdict import Reason, Verdict, added, forged_verdict, mutant_verdict, spot
from oxidizer.cluster.workbench import Workbench

_FICKLE = frozenset({"E0282", "E0283", "E0284"})
"""Codes of one complaint, of which rustc chooses by the errors that it has told already."""
_CIRCULAR = "E0391"
"""A circle is told from where the compiler enters it, which hangs on what it remembers."""
_GENERIC_BOUND, _POLYMORPHISM = "making the bound lifetime-generic", "information on higher-ranked polymorphism"
"""Advice, and the note that goes with the first such advice of a run."""
_FEW, _FEW_SHARE = 4, 1 / 10
"""Mutants of a run up to which it costs less to start from what the compiler remembers: so many, or that share of the
widest run, in which most functions have one.
"""
_ENTANGLED = Verdict(False, detail="shows code that another mutant changes")


class NotBatchable(Exception):
    """The crate cannot be judged in batches; the message says why."""


@dataclass(frozen=True)
class Poison:
    """What spoiled a shared run."""

    seen: str
    """What was seen there: an error that nobody owns, a compiler that did not finish, silent sentinels."""
    culprits: tuple[Mutant, ...]
    """The mutants that did it, as far as their own runs tell them from those beside them; none where only several
    together did.
    """


@dataclass
class Effort:
    """What a checker did."""

    runs: int = 0
    """Runs that several mutants shared."""
    alone: int = 0
    """Mutants that had to be judged by themselves."""
    poisoned: int = 0
    """Shared runs that showed nothing of some mutants, and were divided."""
    poisons: list[Poison] = field(default_factory=list)
    """Of the smallest of these."""


class BatchChecker:
    """Judges mutants of one target: of its compile errors or, where its compiler has lints, of its lints."""

    def __init__(self, bench: Workbench, rustc: Rustc) -> None:
        self.bench, self.rustc = bench, rustc
        self.effort = Effort()
        self._wary = True
        """What rustc words by the errors that it has told already stays undecided."""
        self._widest = 0
        self._rounds = Rounds((), bench.read)
        self._source: tuple[Diagnostic, ...] | None = None
        self._live: frozenset[str] | None = None

    @property
    def source(self) -> tuple[Diagnostic, ...]:
        """What the source itself shows. Raises NotBatchable."""
        if self._source is None:
            # What is run alone later starts from this one; with an error the compiler would keep nothing.
            compiled = self.rustc.run(incremental=True)
            if not compiled.finished or any(d.is_compile_error for d in compiled.diagnostics):
                raise NotBatchable(f"the compiler alone does not take the source: {_words(compiled)}")
            self._source = compiled.diagnostics
        return self._source

    def live(self, files: Sequence[str]) -> frozenset[str]:
        """Those of the files that the target is made of: their sentinels complain. Raises NotBatchable."""
        if self._live is None:
            layout = Layout((), self.bench.read, self._sentinel, files)
            with self.bench.showing(layout.texts):
                compiled = self.rustc.run()
            self._live = frozenset(_Shares(layout, compiled, self.source, self._signal).awake)
            if not self._live:
                raise NotBatchable(f"no file of the target shows its sentinel: {_words(compiled)}")
        return self._live

    def judge(self, mutants: Sequence[Mutant]) -> list[Verdict]:
        """The verdict on each mutant, in their order. Raises NotBatchable, SandboxUnavailable."""
        found: dict[int, Verdict] = {}
        self._rounds, new, again = Rounds(mutants, self.bench.read), list(range(len(mutants))), list[int]()
        self._wary = True
        while new:
            # What showed another's code has, later, other neighbours.
            group = set(self._rounds.next([*new, *again]))
            found |= self._judge({n: mutants[n] for n in sorted(group)})
            again = [n for n in again if n not in group] + [n for n in new if n in group and found[n] is _ENTANGLED]
            new = [n for n in new if n not in group]
        # Among the few that are left hardly any stand in each other's way.
        self._wary, left, before = False, sorted(n for n, verdict in found.items() if verdict is _ENTANGLED), 0
        while left and (not before or 2 * len(left) < before):
            waiting, before = left, len(left)
            while waiting:
                group = set(self._rounds.next(waiting))
                found |= self._judge({n: mutants[n] for n in sorted(group)})
                waiting = [n for n in waiting if n not in group]
            left = [n for n in left if found[n] is _ENTANGLED]
        return [self.alone(mutants[n]) if found[n] is _ENTANGLED else found[n] for n in range(len(mutants))]

    def alone(self, mutant: Mutant) -> Verdict:
        """The verdict on one mutant in a run of its own. Raises NotBatchable."""
        source = self.source
        self.effort.alone += 1
        with self.bench.applied(mutant.edits):
            compiled = self._compiled_again()
        self.bench.forged.update(compiled.forged)
        return _stopped(compiled) or mutant_verdict(
            added(distinct(compiled.diagnostics), distinct(source), mutant.edits), mutant.codes
        )

    def _compiled_again(self) -> Compiled:
        """A run that starts from what the compiler remembers of the source."""
        compiled = self.rustc.run(incremental=True)
        return self.rustc.run() if any(d.code == _CIRCULAR for d in compiled.diagnostics) else compiled

    def _judge(self, group: dict[int, Mutant]) -> dict[int, Verdict]:
        numbers = list(group)
        if len(numbers) == 1:
            return {numbers[0]: self.alone(group[numbers[0]])}
        layout = Layout([group[n] for n in numbers], self.bench.read, self._sentinel)
        self._widest = max(self._widest, len(group))
        with self.bench.showing(layout.texts):
            # Where most of the crate is as it was, the compiler remembers most of it.
            few = len(group) <= max(_FEW, _FEW_SHARE * self._widest)
            compiled = self._compiled_again() if few else self.rustc.run()
        self.effort.runs += 1
        shares = _Shares(layout, compiled, self.source, self._signal)
        if self.rustc.lints and shares.breaking and compiled.finished:
            # An error hides every lint, the sentinel's too: what has one is judged, the others are asked again.
            done = {numbers[i]: mutant_verdict(shares.of[i], group[numbers[i]].codes) for i in shares.breaking}
            return done | self._judge_rest(group, set(done))
        if shares.silenced:
            return self._divided(group, numbers, shares)
        verdicts = {}
        for index, number in enumerate(numbers):
            own = self._apart(layout, numbers, index, shares.of[index])
            fickle = self._wary and any(_is_fickle(d) for d in shares.of[index])
            missed = self.rustc.lints and not shares.named.isdisjoint(self._dropped(group[number]))
            if fickle or missed or _lacks_note(shares.of[index]) or own is None:
                verdicts[number] = _ENTANGLED
            else:
                verdicts[number] = replace(mutant_verdict(own, group[number].codes), scope="batch")
        return verdicts

    def _apart(
        self, layout: Layout, numbers: Sequence[int], index: int, shown: Sequence[Diagnostic]
    ) -> list[Diagnostic] | None:
        """A mutant's diagnostics as they are without the others; None where one shows them, which parts it from that
        one.
        """
        try:
            return [layout.alone(diagnostic, index) for diagnostic in shown]
        except Entangled as entangled:
            if entangled.other is not None:
                self._rounds.part(numbers[index], numbers[entangled.other])
            return None

    def _dropped(self, mutant: Mutant) -> set[str]:
        """The words that a mutant takes away."""
        words = (re.findall(rb"\w+", self.bench.read(e.file)[e.start : e.end]) for e in mutant.edits)
        return {word.decode("utf-8", "replace") for found in words for word in found}

    def _divided(self, group: dict[int, Mutant], numbers: list[int], shares: _Shares) -> dict[int, Verdict]:
        self.effort.poisoned += 1
        noted = len(self.effort.poisons)
        if 0 < len(shares.silencing) < len(numbers) // 2:
            suspects = {numbers[i] for i in shares.silencing}
            alone = {n: self.alone(group[n]) for n in suspects}
            verdicts = alone | self._judge_rest(group, suspects)
        else:
            parts = [{n: group[n] for n in part} for part in in_two(group)]
            verdicts = {n: verdict for part in parts for n, verdict in self._judge(part).items()}
            alone = {n: verdicts[n] for part in parts if len(part) == 1 for n in part}
        culprits = [n for n in sorted(alone) if _is_loud(alone[n], group[n])]
        if len(self.effort.poisons) == noted:
            # No smaller run was spoiled: it is one of those judged alone, or it takes several.
            culprits = culprits or sorted(alone)
        elif not culprits:
            return verdicts
        self.effort.poisons.append(Poison(shares.seen, tuple(group[n] for n in culprits)))
        return verdicts

    def _judge_rest(self, group: dict[int, Mutant], done: set[int]) -> dict[int, Verdict]:
        rest = {n: mutant for n, mutant in group.items() if n not in done}
        return self._judge(rest) if rest else {}

    @property
    def _signal(self) -> str:
        """The code of the sentinel's complaint."""
        return "dead_code" if self.rustc.lints else "E0308"

    def _sentinel(self, number: int) -> bytes:
        # No underscore in front, which would say that it is meant to be unused.
        name = f"oxidizer_sentinel_{number}"
        if self.rustc.lints:
            return f"#[warn(dead_code)] fn {name}() {{}}".encode()
        return f"#[allow(dead_code)] fn {name}() {{ let _: () = 0u8; }}".encode()


class _Shares:
    """The diagnostics of one shared run: those of each mutant, by its index in the layout."""

    def __init__(self, layout: Layout, compiled: Compiled, source: Sequence[Diagnostic], signal: str) -> None:
        self.of: list[list[Diagnostic]] = [[] for _ in layout.mutants]
        self.awake: set[str] = set()
        """The files whose sentinels complain."""
        strays: list[Diagnostic] = []
        known = Counter(spot(d, ()) for d in source)
        for diagnostic in compiled.diagnostics:
            at = diagnostic.primary
            place = (
                (diagnostic.key, at.file, layout.source_place(at.file, at.byte_start)) if at else spot(diagnostic, ())
            )
            known[place] -= 1
            if known[place] >= 0:
                continue
            owner = layout.owner(diagnostic)
            if isinstance(owner, int):
                self.of[owner].append(diagnostic)
            elif owner is None and diagnostic.code == signal and at:
                self.awake.add(at.file)
            else:
                strays.append(diagnostic)
        self.of = [list(distinct(own)) for own in self.of]
        self.named = {word for d in strays for word in re.findall(r"`(\w+)`", d.message)}
        """What lints name elsewhere: what a mutant mentions no more, nobody else may."""
        silent = sorted(set(layout.texts) - self.awake)
        self.silenced = any(d.is_compile_error for d in strays) or not compiled.finished or bool(silent)
        self.breaking = [i for i, own in enumerate(self.of) if any(d.is_compile_error for d in own)]
        # Errors without a code stop the compiler early: those that have one are most likely the culprits.
        early = {i: d for i, own in enumerate(self.of) for d in own if d.is_error and d.code is None}
        self.silencing = list(early)
        circles = [d for own in self.of for d in own if d.code == _CIRCULAR]
        self.seen = _seen([*early.values(), *circles], [d for d in strays if d.is_compile_error], compiled, silent)
        """What shows that something silenced the rest; "" where nothing does."""


def _seen(early: Sequence[Diagnostic], strays: Sequence[Diagnostic], compiled: Compiled, silent: Sequence[str]) -> str:
    told = []
    if compiled.forged:
        told.append(f"words that are not the compiler's: {', '.join(compiled.forged)}")
    elif not compiled.finished:
        told.append(f"the compiler did not finish: {compiled.cause or f'exit status {compiled.run.exit_code}'}")
    told += [f"an error that nobody owns: {d.code or 'no code'}: {d.message}" for d in strays[:1]]
    told += [f"an early error: {d.code or 'no code'}: {d.message}" for d in early[:1]] if silent else []
    more = f" and of {len(silent) - 1} more" if len(silent) > 1 else ""
    told += [f"silent sentinel of {silent[0]}{more}"] if silent else []
    return "; ".join(told)


def in_two(group: Mapping[int, Mutant]) -> tuple[list[int], list[int]]:
    """Those that most likely spoil the run, and the rest: of imports, of names that others say, of what is run.

    Where all are suspected alike, the first half and the second. Neither part is empty where there are two mutants.
    """
    about = {n: mutant.influence for n, mutant in group.items()}
    for suspects in (
        [n for n, own in about.items() if own.imports],
        [n for n, own in about.items() if any(not name.endswith("()") for name in own.spoils)],
        [n for n, own in about.items() if own.spoils],
    ):
        if 0 < len(suspects) < len(group):
            return suspects, [n for n in group if n not in suspects]
    numbers = list(group)
    return numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]


def _is_loud(verdict: Verdict, mutant: Mutant) -> bool:
    """A mutant that is known to spoil the runs that it shares: the compiler does not finish, an error has no code or is
    a circle, or one stands outside of the mutant's region.
    """
    shown = [d for d in (verdict.target, *verdict.more) if d is not None and d.is_error]
    grown = sum(len(e.replacement) - (e.end - e.start) for e in mutant.edits if e.file == mutant.file)
    places = [d.primary for d in shown if d.primary]
    return (
        (not verdict.green and verdict.reason is not Reason.COMPILES)
        or any(d.code in (None, _CIRCULAR) for d in shown)
        or any(s.file != mutant.file or not mutant.start <= s.byte_start <= mutant.end + grown for s in places)
    )


def _is_fickle(diagnostic: Diagnostic) -> bool:
    """Others' mistakes have a say in its words: the imports of one `use` that nobody needs are told together."""
    return diagnostic.code in _FICKLE or diagnostic.message.startswith("unused imports:")


def _lacks_note(own: Sequence[Diagnostic]) -> bool:
    """Another mutant's diagnostic took the note that alone would be here."""
    advised = [d.rendered for d in own if _GENERIC_BOUND in d.rendered]
    return bool(advised) and not any(_POLYMORPHISM in text for text in advised)


def _stopped(compiled: Compiled) -> Verdict | None:
    match compiled.cause:
        case Cause.TIMEOUT | Cause.SILENT as cause:
            return Verdict(False, Reason.TIMEOUT, cause.value)
        case Cause.OOM | Cause.OUTPUT_LIMIT | Cause.NO_SPACE as cause:
            return Verdict(False, Reason.OUT_OF_LIMITS, cause.value)
    if compiled.forged:
        return forged_verdict(compiled.forged)
    if not compiled.finished:
        return Verdict(False, Reason.DOES_NOT_COMPILE, _words(compiled))
    return None


def _words(compiled: Compiled) -> str:
    error = next((d for d in compiled.diagnostics if d.is_error), None)
    return f"{error.code or 'error'}: {error.message}" if error else last_words(compiled.run)
