"""Patch Tree Search: candidates for many broken codes of one crate, judged together, and those that change what the
compiler says tried further.

Each round takes the next candidates of every task that is not mended yet, has them judged in few runs of the compiler,
and has what compiles proven alone, by the tool's own probe, as every record is: only that counts. Where the first
candidates are spent, the best failures that changed the diagnostics become prompts of their own, to a depth. What the
patch policy refuses (placeholders, silenced lints, deleted items ..) is never tried.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from oxidizer.cluster.diagnostics import Diagnostic, Key, counts
from oxidizer.cluster.edits import Edit, apply, by_file
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.serve.judging.ground import Ground
from oxidizer.serve.judging.mutant import difference
from oxidizer.serve.judging.shared import Shown
from oxidizer.serve.judging.task import Task
from oxidizer.serve.policies.prompt import Policy, Prompt, Sample

_ROUNDS = (1, 4, 8, 16, 32)
"""Where a round ends, in candidates of a task: few at first, since most are mended by the first."""


@dataclass(frozen=True)
class Budget:
    """How far a search goes. Raises ValueError at construction."""

    candidates: int = 64
    """Of one task, of all depths together."""
    depth: int = 2
    """1: only candidates for the code as it is."""
    beam: int = 3
    """Failures of a task that are tried further."""
    each: int = 8
    """Candidates for each of those."""

    def __post_init__(self) -> None:
        if min(self.candidates, self.depth, self.beam, self.each) < 1:
            raise ValueError("a search has at least one candidate, one depth, one failure and one candidate for it")

    @property
    def first(self) -> int:
        """Candidates for the code as it is, half of all at least: the rest is kept for what they leave."""
        if self.depth == 1:
            return self.candidates
        return max((self.candidates + 1) // 2, self.candidates - self.beam * self.each)


@dataclass
class Try:
    """One candidate, judged."""

    sample: Sample
    edits: tuple[Edit, ...]
    """Of the task's code, with all that led to it."""
    depth: int
    parent: int | None
    """The number of the try that it goes on from."""
    verdict: str = "untried"
    """green; red; refused by the patch policy; refuted: it compiles in a shared run, and is not green alone; compiles:
    in a shared run, beside the one that is green; unseen.
    """
    detail: str = ""
    shown: Shown | None = None


@dataclass
class Hunt:
    """The search for one task: its tries in order."""

    task: Task
    prompt: Prompt
    tries: list[Try] = field(default_factory=list)
    propose_s: float = 0.0
    found: int | None = None
    """The number of the first try that is green."""

    @property
    def is_open(self) -> bool:
        """Not mended yet."""
        return self.found is None


def search(
    ground: Ground, prompts: Sequence[tuple[Task, Prompt]], policy: Policy, budget: Budget
) -> list[Hunt]:  # fmt: skip
    """The search for each task, in order. Raises SandboxUnavailable."""
    hunts = [Hunt(task, prompt) for task, prompt in prompts]
    for hunt in hunts:
        began = time.perf_counter()
        (samples,) = policy.propose([hunt.prompt], budget.first)
        hunt.propose_s = time.perf_counter() - began
        hunt.tries = [Try(sample, sample.edits, 1, None) for sample in samples]
    _judge_all(ground, hunts)
    for depth in range(2, budget.depth + 1):
        for hunt in hunts:
            if hunt.is_open and (left := budget.candidates - len(hunt.tries)) > 0:
                hunt.tries += _further(ground, hunt, policy, budget, depth)[:left]
        _judge_all(ground, hunts)
    return hunts


def _judge_all(ground: Ground, hunts: Sequence[Hunt]) -> None:
    """Judge what is untried, round by round, until a task is mended or has nothing left."""
    start = 0
    done = {id(hunt): sum(one.verdict != "untried" for one in hunt.tries) for hunt in hunts}
    for end in (*_ROUNDS, 1 << 30):
        asked = []
        for hunt in hunts:
            if hunt.is_open:
                base = done[id(hunt)]
                asked += [(hunt, at) for at in range(base + start, min(base + end, len(hunt.tries)))]
        _judge(ground, asked)
        start = end


def _judge(ground: Ground, asked: Sequence[tuple[Hunt, int]]) -> None:
    fair: list[tuple[Hunt, int]] = []
    for hunt, at in asked:
        one = hunt.tries[at]
        _, refused = ground.bench.screen(Trial(one.edits, hunt.prompt.target, hunt.task.setup))
        if refused:
            one.verdict, one.detail = "refused", refused.detail
        else:
            fair.append((hunt, at))
    shown = ground.judged([(hunt.task, hunt.tries[at].edits) for hunt, at in fair])
    for (hunt, at), seen in zip(fair, shown, strict=True):
        one = hunt.tries[at]
        one.shown = seen
        if seen.unseen:
            one.verdict, one.detail = "unseen", seen.unseen
        elif not seen.is_clean:
            one.verdict = "red"
            one.detail = seen.error or f"{seen.diagnostics[0].code}: {seen.diagnostics[0].message}"
        elif not hunt.is_open:
            one.verdict = "compiles"
        else:
            # In the order of the tries: the first that is green is the one.
            verdict = prove(ground, hunt.task, one.edits)
            one.verdict = "green" if verdict.green else "refuted"
            one.detail = f"{verdict.reason}: {verdict.detail}" if verdict.reason else ""
            hunt.found = at if verdict.green else None


def prove(ground: Ground, task: Task, edits: Sequence[Edit]) -> Verdict:
    """The verdict on a fix in runs of its own, by the record's probe; tests are not run. Raises SandboxUnavailable."""
    probe = task.row["probe"]["args"]
    target = _target(ground.bench.before(probe, task.setup).diagnostics, task)
    if target is None:
        return Verdict(False, Reason.NOT_SHOWN, "the probe does not show what the shared run showed")
    return ground.bench.judge(Trial(tuple(edits), target, task.setup), probe, tests=False)


def _target(shown: Iterable[Diagnostic], task: Task) -> Diagnostic | None:
    error = task.row["error"]
    at = (error["span"]["file"], error["span"]["byte_start"])
    for one in shown:
        same = one.key == (error["level"], error["code"], error["message"])
        if same and one.primary and (one.primary.file, one.primary.byte_start) == at:
            return one
    return None


def _further(ground: Ground, hunt: Hunt, policy: Policy, budget: Budget, depth: int) -> list[Try]:
    """Candidates for the code that the best failures left: those with the fewest complaints that are others."""
    before = counts(hunt.prompt.diagnostics)
    failures = [
        (at, one, one.shown) for at, one in enumerate(hunt.tries)
        if one.verdict == "red" and one.depth == depth - 1 and one.shown is not None and _is_other(one.shown, before)
    ]  # fmt: skip
    failures.sort(key=lambda found: (len(found[2].diagnostics), found[0]))
    each: list[list[Try]] = []
    for at, one, shown in failures[: budget.beam]:
        prompt = ground.prompt(hunt.task, shown, one.edits)
        (samples,) = policy.propose([prompt], budget.each)
        laid = [(sample, together(hunt.prompt.files, one.edits, sample.edits)) for sample in samples]
        each.append([Try(sample, edits, depth, at) for sample, edits in laid if edits])
    tried = {one.edits for one in hunt.tries}
    # The first of each failure, then the second of each.
    turns = [own[turn] for turn in range(budget.each) for own in each if turn < len(own)]
    return [one for one in {one.edits: one for one in reversed(turns)}.values() if one.edits not in tried][::-1]


def _is_other(shown: Shown, before: Mapping[Key, int]) -> bool:
    return bool(shown.diagnostics) and counts(shown.diagnostics) != before


def together(files: Mapping[str, bytes], first: Sequence[Edit], then: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits, and edits of what they leave, as edits of the files as they are, one a file."""
    made = {name: apply(files[name], group) for name, group in by_file(first).items()}
    for name, group in by_file(then).items():
        made[name] = apply(made.get(name, files[name]), group)
    return tuple(edit for name in sorted(made) if (edit := difference(name, files[name], made[name])) is not None)
