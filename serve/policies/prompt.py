"""What a policy is asked and what it answers: broken code and its diagnostics in, edits with their probabilities out.

A prompt holds only what whoever has a broken crate sees. What the crate was before it broke is never in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit


@dataclass(frozen=True)
class Prompt:
    """Code with a complaint."""

    files: Mapping[str, bytes]
    """The crate's files by their names relative to its root, as they are now."""
    diagnostics: tuple[Diagnostic, ...]
    """The complaint that shall go, and behind it the others that may go with it, in the tool's order."""

    def __post_init__(self) -> None:
        if not self.diagnostics:
            raise ValueError("a prompt without a diagnostic asks for nothing")

    @property
    def target(self) -> Diagnostic:
        """The complaint that shall go."""
        return self.diagnostics[0]


@dataclass(frozen=True)
class Sample:
    """One way to mend a prompt's code."""

    edits: tuple[Edit, ...]
    """Of the prompt's files, all at once."""
    probability: float
    """That the code is mended by it, in 0..1: as calibrated as the policy is."""
    source: str
    """What it comes from, in a word or two, e.g. `template 3f2a`, `rustc: use of a similar name`."""


class Policy(Protocol):
    """Proposes edits; knows nothing of who judges them."""

    @property
    def name(self) -> str:
        """What reports call it: `name@version` for one of the registry."""
        ...

    def propose(self, prompts: Sequence[Prompt], n: int) -> list[list[Sample]]:
        """At most `n` samples a prompt, the best first; no two of a prompt make the same code."""
        ...
