"""What fixes teach of templates: which were seen, how often each could be applied, and how often it was right.

All that is counted of one fix hangs on that fix alone: its keys, the anchors and words of its scene, the templates that
give it back. So counts are additive, in any order: learning from more fixes is counting them too, and leaving a crate
out is taking its own away.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from oxidizer.serve.policies.templates.scene import ANY, Keys, Scene
from oxidizer.serve.policies.templates.template import Template, anchors_of, quotations_of

K = TypeVar("K")
NEAR = (9, 3, 1)
"""What a template's support counts for by the level of the key under which it was seen, the closest first; any code's
counts for nothing.
"""
PRIOR = 0.01
"""How often a template is right of which nothing is known."""
SMOOTHING = (4, 4, 2, 2)
"""How many applications the wider level's word counts for, by level, the closest first."""
MOST, USUAL = 260, 40
"""Templates that are tried in one scene: those seen under its keys, and those that mend most of all codes."""
_CRATES, _FIXES = 2, 3
"""A template is kept that stands behind fixes of so many crates, or behind so many fixes."""


@dataclass(frozen=True)
class Example:
    """What is counted of one proven fix."""

    id: str
    crate: str
    keys: Keys
    anchors: frozenset[str]
    quoted: frozenset[str]
    templates: tuple[Template, ...]
    """Those that give the fix back."""
    suggestions: tuple[tuple[str, bool], ...]
    """What the tools proposed, and whether it was the fix."""


@dataclass
class Tally:
    """Of one template under one key."""

    applied: int = 0
    right: int = 0


class Counts:
    """The tallies of many fixes."""

    def __init__(self) -> None:
        self.tallies: dict[str, dict[Template, Tally]] = defaultdict(dict)
        self.suggestions: dict[str, dict[str, Tally]] = defaultdict(dict)

    def candidates(self, keys: Keys) -> list[Template]:
        """The templates that are worth a try in a scene, the best supported first."""
        found: dict[Template, int] = defaultdict(int)
        for weight, key in zip(NEAR, keys, strict=False):
            for template, tally in self.tallies.get(key, {}).items():
                if tally.right > 0:
                    found[template] += weight * tally.right
        near = heapq.nsmallest(MOST, found, key=lambda template: (-found[template], template))
        return [*near, *(template for template in self.usual if template not in found)]

    @cached_property
    def usual(self) -> list[Template]:
        """The templates that mend most, whatever the code."""
        every = self.tallies.get(ANY, {})
        return heapq.nsmallest(USUAL, every, key=lambda template: (-every[template].right, template))

    def precision(self, keys: Keys, template: Template) -> float:
        """How often a template is right where it can be applied: smoothed counts, backing off to wider keys."""
        return _backed_off([self.tallies.get(key, {}).get(template) for key in keys])

    def reliability(self, keys: Keys, suggestion: str) -> float:
        """The same of a tool's suggestion."""
        return _backed_off([self.suggestions.get(key, {}).get(suggestion) for key in keys])

    def without(self, own: Counts) -> Counts:
        """These counts less some that are among them."""
        less = Counts()
        for key, tallies in self.tallies.items():
            less.tallies[key] = _less(tallies, own.tallies.get(key, {}))
        for key, named in self.suggestions.items():
            less.suggestions[key] = _less(named, own.suggestions.get(key, {}))
        return less


def _less(tallies: dict[K, Tally], own: dict[K, Tally]) -> dict[K, Tally]:
    kept = dict(tallies)
    for name, tally in own.items():
        if (whole := tallies.get(name)) is not None:
            kept[name] = Tally(whole.applied - tally.applied, whole.right - tally.right)
    return kept


def _backed_off(tallies: Sequence[Tally | None]) -> float:
    rate = PRIOR
    for tally, weight in zip(reversed(tallies), reversed(SMOOTHING), strict=True):
        if tally is not None:
            rate = (tally.right + weight * rate) / (tally.applied + weight)
        # A level without a word says what the wider one does.
    return rate


class Book:
    """Fixes, and the counts that are made of them."""

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        unique = {example.id: example for example in examples}
        self.examples = [unique[name] for name in sorted(unique)]
        self._numbers: dict[tuple[bool, str], int] = {}

    def with_more(self, examples: Iterable[Example]) -> Book:
        """The book with more fixes; one that is there already counts once."""
        return Book([*self.examples, *examples])

    @cached_property
    def kept(self) -> frozenset[Template]:
        """Templates that are no chance: of fixes of two crates, or of three fixes."""
        fixes: Counter[Template] = Counter()
        crates: dict[Template, set[str]] = defaultdict(set)
        for example in self.examples:
            for template in example.templates:
                fixes[template] += 1
                crates[template].add(example.crate)
        return frozenset(t for t, n in fixes.items() if n >= _FIXES or len(crates[t]) >= _CRATES)

    @cached_property
    def counts(self) -> Counts:
        """Of all fixes."""
        return self.of(self.examples)

    def of(self, examples: Iterable[Example]) -> Counts:
        """The counts of some of the fixes, of the templates that all of them keep."""
        counts = Counts()
        for example in examples:
            self._count(example, counts)
        return counts

    @cached_property
    def _known(self) -> dict[str, list[tuple[Template, int]]]:
        """The kept templates that were seen under each key, and what each needs of a scene, as bits."""
        found: dict[str, dict[Template, None]] = defaultdict(dict)
        for example in self.examples:
            for template in example.templates:
                if template in self.kept:
                    for key in example.keys:
                        found[key][template] = None
        needs = {t: self._bits(anchors_of(t), quotations_of(t)) for t in self.kept}
        return {key: [(template, needs[template]) for template in templates] for key, templates in found.items()}

    def _bits(self, anchors: Iterable[str], quoted: Iterable[str]) -> int:
        bits = 0
        for name in (*((True, name) for name in anchors), *((False, name) for name in quoted)):
            bits |= 1 << self._numbers.setdefault(name, len(self._numbers))
        return bits

    def _count(self, example: Example, counts: Counts) -> None:
        there = self._bits(example.anchors, example.quoted)
        right = set(example.templates)
        for key in example.keys:
            tallies = counts.tallies[key]
            for template, needs in self._known.get(key, ()):
                if there & needs == needs:
                    tally = tallies.setdefault(template, Tally())
                    tally.applied += 1
                    tally.right += template in right
        # What a tool says has a message of its own: by the diagnostic's syntax it would be thinned out.
        for key in example.keys[1:]:
            for name, is_right in example.suggestions:
                tally = counts.suggestions[key].setdefault(name, Tally())
                tally.applied += 1
                tally.right += is_right


def example_of(
    scene: Scene, name: str, crate: str, templates: Sequence[Template], suggestions: Sequence[tuple[str, bool]]
) -> Example:
    """The example of a fix of a scene."""
    found = scene.anchors
    return Example(
        name, crate, scene.keys, frozenset(found.places), frozenset(found.quoted), tuple(templates), tuple(suggestions)
    )
