"""A prompt made ready for templates: the crate as it is, its anchors, what fills its holes, what the tools suggest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tree_sitter import Node

from oxidizer.cluster.diagnostics import Diagnostic, Fix
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.syntax import errors
from oxidizer.serve.policies.prompt import Prompt
from oxidizer.serve.policies.templates.anchors import DIAGNOSTICS, Anchors, Place, anchors, general
from oxidizer.serve.policies.templates.holes import Fillers
from oxidizer.serve.policies.templates.index import CrateIndex, CrateView
from oxidizer.serve.policies.templates.tokens import glued

Keys = tuple[str, str, str, str]
ANY = "*"
"""The key of all fixes."""
_LABEL, _MESSAGE = 50, 110
_AT_ONCE = 24
"""Diagnostics whose first suggestions are followed at once."""


@dataclass(frozen=True)
class Suggestion:
    """One way out that a tool's diagnostic carries, as a template of its own kind."""

    diagnostic: int
    message: str
    parts: int
    applicability: str
    edits: tuple[Edit, ...]

    @property
    def name(self) -> str:
        """What is counted: which diagnostic's, what it says, of how many parts, how sure the tool is."""
        many = "one" if self.parts == 1 else "many"
        return f"suggestion {self.diagnostic} {many} {self.applicability} {self.message}"


class Scene:
    """One prompt."""

    def __init__(self, prompt: Prompt, base: CrateIndex) -> None:
        self.prompt = prompt
        self.view = CrateView(base, prompt.files)
        self._errors: dict[str, int] = {}

    @cached_property
    def anchors(self) -> Anchors:
        """The places that templates name."""
        return anchors(self.prompt, self.view)

    @cached_property
    def fillers(self) -> Fillers:
        """What fills holes."""
        return Fillers(self.view, self.anchors.function)

    @cached_property
    def marked(self) -> bytes:
        """The text that the diagnostic marks first; empty for a long one."""
        place = self.anchors.places.get("P")
        return self.text(place) if place and place.end - place.start <= 80 else b""

    def text(self, place: Place) -> bytes:
        """What stands at a place."""
        file = self.view.file(place.file)
        return file.text[place.start : place.end] if file else b""

    @cached_property
    def keys(self) -> Keys:
        """What counts are kept by, from the closest to the widest: the code with message, label and syntax; the code
        with its message; the code; any code.
        """
        target, node = self.prompt.target, self.anchors.node
        code = target.code or "-"
        at = target.primary
        label = general(at.label)[:_LABEL] if at else ""
        kinds = _kinds(node)
        message = general(target.message)[:_MESSAGE]
        return f"{code}|{message}|{label}|{kinds}", f"{code}|{message}", code, ANY

    @cached_property
    def suggestions(self) -> list[Suggestion]:
        """What the tools propose to the first diagnostics, and where several do, the first of each at once."""
        found: dict[tuple[Edit, ...], Suggestion] = {}
        firsts: list[Fix] = []
        for number, diagnostic in enumerate(self.prompt.diagnostics[:_AT_ONCE]):
            fixes = self._known(diagnostic)
            firsts += fixes[:1]
            for fix in fixes if number < DIAGNOSTICS else ():
                message = general(fix.message)[:60]
                one = Suggestion(number, message, len(fix.edits), fix.applicability, fix.edits)
                found.setdefault(fix.edits, one)
        edits = tuple(sorted({edit for fix in firsts for edit in fix.edits}))
        if len(firsts) > 1 and not any(one.touches(other) for one, other in pairwise(edits)):
            found.setdefault(edits, Suggestion(0, "all at once", 2, firsts[0].applicability, edits))
        return list(found.values())

    def _known(self, diagnostic: Diagnostic) -> list[Fix]:
        return [fix for fix in diagnostic.fixes() if all(self.view.file(edit.file) for edit in fix.edits)]

    def errors(self, name: str) -> int:
        """What the parser finds wrong in a file as it is."""
        if name not in self._errors:
            file = self.view.file(name)
            self._errors[name] = errors(file.text) if file else 0
        return self._errors[name]

    def edit(self, place: Place, new: bytes) -> Edit:
        """The edit that puts a text in the place of another, with the blanks that it needs."""
        file = self.view.file(place.file)
        assert file is not None
        return Edit(place.file, place.start, place.end, glued(file.text, place.start, place.end, new))


def _kinds(node: Node | None) -> str:
    if node is None:
        return "?"
    return f"{node.type}<{node.parent.type if node.parent is not None else '?'}"
