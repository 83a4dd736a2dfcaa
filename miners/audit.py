"""The audit of verdicts without cargo: a sample is judged once more alone, by cargo, with the tuple's own probe; of
mutants that the compiler did not mind in a shared run too, since something may have kept it from them.

Where one proves wrong, all of its operator go through that; where too many do, a crate's shared runs are not believed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.schemata import judge_behaviour
from oxidizer.cluster.verdict import Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.mix import Broken
from oxidizer.miners.operators.operator import Route
from oxidizer.miners.recipe import Injection

_BOUND = 0.02
"""The share of audits that may disagree before a crate's shared runs are not believed at all."""
_ONCE = re.compile(
    r"note: the lint level is defined here\n(?:[ \d].*\n)*|"
    r" += note: (?:requested on the command line|`#\[\w+\(.*(?:on by default|implied by)).*\n"
)
_BUILD = re.compile(r"(/build/[\w-]+)-[0-9a-f]{16}(?=/)")
_IMPLS = re.compile(
    r"(?m)^(help: the following (?:other )?types implement trait [^\n]*\n)(?:(?!note:|help:|warning:).*\n)+"
    r"|^( += help: the following (?:other )?types implement trait [^\n]*\n)(?: {4,}\S.*\n)+"
)
"""Types that implement a trait, in what rustc prints: of many it shows some, here with their places, there without."""


@dataclass
class Audited:
    """What an audit leaves, and what it found."""

    sound: list[Broken] = field(default_factory=list)
    refuted: list[tuple[Broken, str]] = field(default_factory=list)
    """With what cargo, alone, says of them."""
    untried: list[Broken] = field(default_factory=list)
    """Of a crate whose shared runs are not believed: those that were not judged alone."""
    sampled: int = 0
    agreed: int = 0
    reworded: int = 0
    """Of those that agree: of which rustc says something in other words alone, at the same place."""
    unminded: int = 0
    """Of those sampled: mutants that compile."""
    distrust: str | None = None
    """Why shared runs are not believed."""


class Auditor:
    """Judges by cargo what the compiler was asked without it."""

    def __init__(self, bench: Workbench, mix: Injection, seed: int, crate: str) -> None:
        self.bench, self.mix, self.seed, self.crate = bench, mix, seed, crate
        self._reworded = 0

    def audit(self, kept: Sequence[Broken], unminded: Sequence[Broken] = ()) -> Audited:
        """Sort out what is kept. Those `unminded` compiled in a shared run. Raises SandboxUnavailable."""
        found = Audited(unminded=sum(map(self._is_sampled, unminded)))
        self._reworded = 0
        said = {id(b): self._objection(b) for b in (*kept, *unminded) if self._is_sampled(b)}
        found.sampled, found.agreed = len(said), sum(objection is None for objection in said.values())
        wrong = found.sampled - found.agreed
        allowed = len(kept)
        if wrong > max(1, _BOUND * found.sampled):
            found.distrust = f"{wrong} of {found.sampled} audits disagree"
            allowed = self.mix.alone_without_batch
        doubtful = {b.mistake.operator.name for b in kept if said.get(id(b)) is not None}
        for broken in kept:
            unheard = broken.mistake.route is not Route.MANIFEST and id(broken) not in said
            if unheard and (found.distrust or broken.mistake.operator.name in doubtful):
                if allowed == 0:
                    found.untried.append(broken)
                    continue
                allowed -= 1
                said[id(broken)] = self._objection(broken)
            self._sort(broken, said, found)
        found.reworded = self._reworded
        return found

    def _sort(self, broken: Broken, said: dict[int, str | None], found: Audited) -> None:
        if id(broken) not in said:
            found.sound.append(broken)
        elif (objection := said[id(broken)]) is None:
            found.sound.append(replace(broken, verdict=replace(broken.verdict, audited=True)))
        else:
            found.refuted.append((broken, objection))

    def _is_sampled(self, broken: Broken) -> bool:
        draw = hashlib.sha256(f"{self.seed}\0{self.crate}\0{broken.place}".encode("utf-8", "surrogateescape"))
        share = int.from_bytes(draw.digest()[:4], "big") / 2**32
        # cargo itself has judged mistakes in manifests; all others the compiler without it.
        return broken.mistake.route is not Route.MANIFEST and share < self.mix.audit_share

    def _objection(self, broken: Broken) -> str | None:
        """What cargo, alone, says otherwise: other complaints, at other places, or tests that do not fail."""
        mistake, verdict = broken.mistake, broken.verdict
        if verdict.broken:
            failing = judge_behaviour(self.bench, mistake.site.edits, verdict.broken)
            return None if failing else "alone, not all of the tests fail"
        alone = self.bench.judge_mutant(mistake.site.edits, broken.probe, mistake.lints)
        if verdict.green == alone.green and _shown(verdict) == _shown(alone):
            self._reworded += _words(verdict) != _words(alone)
            return None
        return f"alone: {_told(alone)}; shared: {_told(verdict)}"


def comparable(rendered: str) -> str:
    """The text as a tool prints it, without what hangs on the run: who asked for a lint, which the first complaint of a
    run says, whosever it is; the folder that a build script writes to; which impls of a trait it lists.
    """
    text = _BUILD.sub(r"\1", _ONCE.sub("", rendered))
    text = _IMPLS.sub(lambda found: found[1] or found[2], text)
    # With the note goes the bar that led to it.
    return "\n".join(line for line in text.splitlines() if line.strip(" |"))


def _shown(verdict: Verdict) -> tuple[object, ...]:
    return verdict.target and _place(verdict.target), Counter(_place(d) for d in verdict.more)


def _words(verdict: Verdict) -> Counter[str]:
    return Counter(comparable(d.rendered) for d in (verdict.target, *verdict.more) if d is not None)


def _place(diagnostic: Diagnostic) -> tuple[object, ...]:
    at = diagnostic.primary
    return diagnostic.key, at and (at.file, at.byte_start, at.byte_end, at.line_start)


def _told(verdict: Verdict) -> str:
    shown = [d for d in (verdict.target, *verdict.more) if d is not None and d.primary is not None]
    lines = [f"{d.code or d.level} {d.message} at {d.primary.file}:{d.primary.line_start}" for d in shown if d.primary]
    return ", ".join(lines[:4]) or f"{verdict.reason} {verdict.detail}".strip()
