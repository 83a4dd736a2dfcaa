"""The template policy: what many fixes had in common, tried on a crate that none of them is of, the likeliest first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from oxidizer.serve.policies.prompt import Prompt, Sample
from oxidizer.serve.policies.templates.candidates import Candidate, candidates
from oxidizer.serve.policies.templates.features import features
from oxidizer.serve.policies.templates.index import CrateIndex
from oxidizer.serve.policies.templates.model import Model, load, template_id
from oxidizer.serve.policies.templates.scene import Scene, Suggestion
from oxidizer.serve.policies.templates.template import in_words

_INDEXES = 4
"""Crates whose index is kept: prompts of one crate, each broken in another way, share it."""
_FEW = 8
"""Files by which a crate may differ from one that is read already, and still be read as that one, changed."""


class Indexes:
    """The indexes of crates that were read lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[frozenset[str], CrateIndex] = OrderedDict()

    def near(self, files: Mapping[str, bytes]) -> CrateIndex:
        """An index of these files, or of ones that differ in few of them."""
        names = frozenset(name for name in files if name.endswith(".rs"))
        known = self._known.get(names)
        if known is None or sum(known.texts.get(name) != files[name] for name in names) > _FEW:
            known = self._known[names] = CrateIndex(files)
        self._known.move_to_end(names)
        while len(self._known) > _INDEXES:
            self._known.popitem(last=False)
        return known


class TemplatePolicy:
    """Proposes by a model of templates."""

    def __init__(self, model: Model, name: str = "templates") -> None:
        self.model = model
        self._name = name
        self._indexes = Indexes()

    @classmethod
    def of(cls, folder: Path) -> TemplatePolicy:
        """The policy of a model's folder. Raises NoModel."""
        model = load(folder)
        return cls(model, str(model.lineage.get("name") or folder.name))

    @property
    def name(self) -> str:
        """The model's."""
        return self._name

    def propose(self, prompts: Sequence[Prompt], n: int) -> list[list[Sample]]:
        """At most `n` samples a prompt, the best first."""
        return [self._propose(prompt, n) for prompt in prompts]

    def scene(self, prompt: Prompt) -> Scene:
        """A prompt made ready; crates that were read lately are not read again."""
        return Scene(prompt, self._indexes.near(prompt.files))

    def _propose(self, prompt: Prompt, n: int) -> list[Sample]:
        scene = self.scene(prompt)
        found = candidates(scene, self.model.counts)
        rated = zip(self.rated(scene, found), found, strict=True)
        best = sorted(rated, key=lambda pair: -pair[0])[:n]
        said = self.model.calibration(np.array([rate for rate, _ in best]))
        return [
            Sample(candidate.edits, float(probability), source_of(candidate))
            for probability, (_, candidate) in zip(said, best, strict=True)
        ]

    def rated(self, scene: Scene, found: Sequence[Candidate]) -> list[float]:
        """The ranker's word on each candidate; without a ranker, the worth of its best reason."""
        if self.model.ranker is None:
            return [candidate.worth for candidate in found]
        return list(self.model.ranker.rate([features(scene, candidate) for candidate in found]))


def source_of(candidate: Candidate) -> str:
    """What proposes a candidate, in a few words."""
    by = candidate.best.by
    if isinstance(by, Suggestion):
        return f"suggestion: {by.message}"
    return f"template {template_id(by)}: {in_words(by)}"
