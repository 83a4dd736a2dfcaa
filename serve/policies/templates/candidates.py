"""All that templates and tools propose for a scene, each outcome once, and nothing that the parser cannot read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from oxidizer.cluster.edits import Edit, apply, by_file, conflict
from oxidizer.cluster.syntax import ITEMS, errors, parse_part
from oxidizer.serve.policies.templates.counts import Counts
from oxidizer.serve.policies.templates.index import FileIndex
from oxidizer.serve.policies.templates.instances import instances
from oxidizer.serve.policies.templates.outcome import Outcome, outcome
from oxidizer.serve.policies.templates.scene import Scene, Suggestion
from oxidizer.serve.policies.templates.template import Template

MOST = 96
"""Candidates of a scene that are ranked."""
_FARTHER = 0.6
"""How much less each step down a list of fillers is worth."""


@dataclass(frozen=True)
class Reason:
    """What proposes a candidate."""

    by: Template | Suggestion
    precision: float
    rank: int
    """How far down the lists of fillers."""

    @property
    def worth(self) -> float:
        """The precision, less with each step down."""
        return self.precision / (1 + _FARTHER * self.rank)


@dataclass
class Candidate:
    """Edits with all that speaks for them."""

    edits: tuple[Edit, ...]
    outcome: Outcome
    reasons: list[Reason] = field(default_factory=list)

    @property
    def worth(self) -> float:
        """That of its best reason."""
        return max(reason.worth for reason in self.reasons)

    @property
    def best(self) -> Reason:
        """The reason that speaks most for it."""
        return max(self.reasons, key=lambda reason: reason.worth)


def candidates(scene: Scene, counts: Counts, most: int = MOST) -> list[Candidate]:
    """At most so many, those with the best reasons first."""
    found: dict[Outcome, Candidate] = {}

    def add(edits: tuple[Edit, ...], reason: Reason) -> None:
        made = outcome(scene.view, edits)
        if made:
            found.setdefault(made, Candidate(edits, made)).reasons.append(reason)

    for suggestion in scene.suggestions:
        if conflict(suggestion.edits) is None:
            add(suggestion.edits, Reason(suggestion, counts.reliability(scene.keys, suggestion.name), 0))
    for template in counts.candidates(scene.keys):
        precision = counts.precision(scene.keys, template)
        for one in instances(scene, template):
            add(one.edits, Reason(template, precision, one.rank))
    ranked = sorted(found.values(), key=lambda candidate: (-candidate.worth, candidate.edits))
    kept: list[Candidate] = []
    for candidate in ranked:
        if len(kept) == most:
            break
        if is_readable(scene, candidate.edits):
            kept.append(candidate)
    return kept


def is_readable(scene: Scene, edits: Sequence[Edit]) -> bool:
    """The parser finds nothing wrong in what is edited; where it does already, no more, or for a mistake of syntax
    less.
    """
    for name, group in by_file(edits).items():
        file = scene.view.file(name)
        if file is None:
            return False
        if file.tree.root_node.has_error:
            made, before = errors(apply(file.text, group)), scene.errors(name)
            if made > before or (made == before and scene.prompt.target.code is None):
                return False
            continue
        start, end = _item(file, group[0].start, group[-1].end)
        moved = [Edit(name, e.start - start, e.end - start, e.replacement) for e in group]
        if parse_part(apply(file.text[start:end], moved)).root_node.has_error:
            return False
    return True


def _item(file: FileIndex, start: int, end: int) -> tuple[int, int]:
    """The smallest item around bytes of a file that can be read by itself, or the whole file."""
    node = file.tree.root_node.descendant_for_byte_range(start, end)
    while node is not None and node.parent is not None:
        if node.type in ITEMS and node.parent.type in ("source_file", "declaration_list"):
            return node.start_byte, node.end_byte
        node = node.parent
    return 0, len(file.text)
