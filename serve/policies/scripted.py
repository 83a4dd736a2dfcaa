"""Policies that learn nothing: what the tools suggest, no change, chance, and the recorded fix.

They are what a learned policy is measured against, and the fakes with which every loop is tested.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic, Fix
from oxidizer.cluster.edits import Edit
from oxidizer.serve.policies.prompt import Prompt, Sample
from oxidizer.serve.policies.templates.tokens import tokens

_ORDER = (MACHINE_APPLICABLE, "MaybeIncorrect", "Unspecified", "HasPlaceholders")
"""How sure a tool is of what it suggests, the surest first."""


class Suggestions:
    """What the tools themselves suggest, the surest first. The probability is no more than an order."""

    def __init__(self, *, sure: bool = False) -> None:
        """With `sure`, only what a tool would have `cargo fix` apply."""
        self.sure = sure

    @property
    def name(self) -> str:
        """`suggestions`, or `suggestions-sure`."""
        return "suggestions-sure" if self.sure else "suggestions"

    def propose(self, prompts: Sequence[Prompt], n: int) -> list[list[Sample]]:
        """At most `n` samples a prompt."""
        return [self._propose(prompt)[:n] for prompt in prompts]

    def _propose(self, prompt: Prompt) -> list[Sample]:
        found = [fix for diagnostic in prompt.diagnostics for fix in _in(prompt, diagnostic)]
        if self.sure:
            found = [fix for fix in found if fix.applicability == MACHINE_APPLICABLE]
        found.sort(key=lambda fix: _ORDER.index(fix.applicability) if fix.applicability in _ORDER else len(_ORDER))
        once = {fix.edits: fix for fix in reversed(found)}
        return [
            Sample(fix.edits, 1 / (2 + at), f"suggestion: {fix.message}")
            for at, fix in enumerate(fix for fix in found if once[fix.edits] is fix)
        ]


def _in(prompt: Prompt, diagnostic: Diagnostic) -> Iterable[Fix]:
    return [fix for fix in diagnostic.fixes() if all(edit.file in prompt.files for edit in fix.edits)]


class NoChange:
    """Proposes nothing: what is green then was never broken."""

    name = "no-change"

    def propose(self, prompts: Sequence[Prompt], n: int) -> list[list[Sample]]:
        """No samples."""
        return [[] for _ in prompts]


class RandomEdit:
    """Takes away, doubles or swaps tokens near what the diagnostic marks, by a seed: what chance alone mends."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @property
    def name(self) -> str:
        """With the seed."""
        return f"random-{self.seed}"

    def propose(self, prompts: Sequence[Prompt], n: int) -> list[list[Sample]]:
        """`n` samples a prompt where there are as many; the same for the same seed and prompt."""
        return [self._propose(prompt, n) for prompt in prompts]

    def _propose(self, prompt: Prompt, n: int) -> list[Sample]:
        at = prompt.target.primary
        if at is None or at.file not in prompt.files:
            return []
        draw = random.Random(f"{self.seed} {at.file} {at.byte_start} {prompt.target.message}")
        text = prompt.files[at.file]
        start = text.rfind(b"\n", 0, at.byte_start) + 1
        end = text.find(b"\n", at.byte_end)
        found = tokens(text[start : end if end >= 0 else len(text)])
        edits = [Edit(at.file, start + a, start + b, b"") for a, b in zip(found.starts, found.ends, strict=True)]
        edits += [
            Edit(at.file, start + found.starts[i], start + found.ends[i + 1], found.said[i + 1] + b" " + found.said[i])
            for i in range(len(found) - 1)
            if found.said[i] != found.said[i + 1]
        ]
        edits += [Edit(at.file, edit.end, edit.end, b" " + text[edit.start : edit.end]) for edit in edits[: len(found)]]
        drawn = draw.sample(edits, min(n, len(edits)))
        return [Sample((edit,), 1 / (1 + len(edits)), "chance") for edit in drawn]


class Gold:
    """Answers with recorded fixes: the ceiling of every loop, and the proof that it can be reached."""

    name = "gold"

    def __init__(self, fixes: Iterable[tuple[Prompt, Sequence[Edit]]]) -> None:
        # A prompt is kept beside its fix, so that no other one gets its place in memory.
        self._fixes = {id(prompt): (prompt, tuple(edits)) for prompt, edits in fixes}

    def propose(self, prompts: Sequence[Prompt], n: int) -> list[list[Sample]]:
        """The prompt's own fix; nothing for a prompt that is not among those with one."""
        known = [self._fixes.get(id(prompt)) for prompt in prompts]
        return [[Sample(found[1], 1.0, "gold")][:n] if found else [] for found in known]
