"""Which suggestions of a harvest are worth a trial: rare codes first, capped per code, item and crate."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic, Fix
from oxidizer.cluster.syntax import outer_item
from oxidizer.miners.recipe import Recipe

# The one lint that speaks with an error's code.
_LINT_OF_CODE = {"E0133": "unsafe_op_in_unsafe_fn"}
_TRIED = (MACHINE_APPLICABLE, "MaybeIncorrect")


@dataclass(frozen=True)
class Candidate:
    """A diagnostic and the suggestion to try on it."""

    diagnostic: Diagnostic
    fix: Fix
    item: tuple[str, int, int]
    """File and byte range of the outermost item that the first edit lies in."""

    @property
    def code(self) -> str:
        """The code as the tool prints it."""
        assert self.diagnostic.code is not None
        return self.diagnostic.code

    @property
    def lint(self) -> str:
        """The name that turns the complaint on."""
        return _LINT_OF_CODE.get(self.code, self.code)

    @property
    def sure(self) -> bool:
        """The tool vouches for it."""
        return self.fix.applicability == MACHINE_APPLICABLE


@dataclass(frozen=True)
class Selection:
    """What a harvest held and what of it is tried."""

    harvested: Counter[str]
    """Suggestions that can be applied as text, by code."""
    chosen: tuple[Candidate, ...]
    skipped: Counter[str]
    """Suggestions left out, by reason."""


def select(harvest: Iterable[Diagnostic], read: Callable[[str], bytes], recipe: Recipe, seed: int) -> Selection:
    """Choose the suggestions to try; the same harvest and seed give the same choice."""
    skipped: Counter[str] = Counter()
    candidates = []
    for diagnostic in harvest:
        candidate, reason = _candidate(diagnostic, read, recipe)
        if candidate:
            candidates.append(candidate)
        elif reason:
            skipped[reason] += 1
    harvested = Counter(c.code for c in candidates)
    candidates.sort(key=lambda c: (not c.sure, _shuffled(c, seed)))
    chosen: list[Candidate] = []
    per_code, per_item = Counter[tuple[str, bool]](), Counter[tuple[str, int, int]]()
    for candidate in sorted(candidates, key=lambda c: (harvested[c.code], c.code)):
        kind = (candidate.code, candidate.sure)
        if per_code[kind] >= (recipe.per_code if candidate.sure else recipe.unsure_per_code):
            skipped["cap per code"] += 1
        elif per_item[candidate.item] >= recipe.per_item:
            skipped["cap per item"] += 1
        elif len(chosen) >= recipe.per_crate:
            skipped["cap per crate"] += 1
        else:
            per_code[kind] += 1
            per_item[candidate.item] += 1
            chosen.append(candidate)
    return Selection(harvested, tuple(chosen), skipped)


def _candidate(
    diagnostic: Diagnostic, read: Callable[[str], bytes], recipe: Recipe
) -> tuple[Candidate | None, str | None]:
    """The diagnostic's best suggestion, or the reason why it has none that can be tried."""
    if diagnostic.code is None or diagnostic.primary is None or diagnostic.is_compile_error:
        return None, None
    fixes = [f for wanted in _TRIED for f in diagnostic.fixes() if f.applicability == wanted]
    if not fixes:
        return None, None
    if diagnostic.code in recipe.skip:
        return None, "noise"
    if not all(_is_source(e.file, read) for f in fixes[:1] for e in f.edits) or not diagnostic.primary.in_source:
        return None, "not a source file"
    fix = fixes[0]
    if all(read(e.file)[e.start : e.end] == e.replacement for e in fix.edits):
        return None, "changes nothing"
    first = fix.edits[0]
    return Candidate(diagnostic, fix, (first.file, *outer_item(read(first.file), first.start, first.end))), None


def _is_source(file: str, read: Callable[[str], bytes]) -> bool:
    """A Rust file of the crate, in UTF-8."""
    if not file.endswith(".rs") or file.startswith(("/", "../")):
        return False
    try:
        read(file).decode("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    return True


def _shuffled(candidate: Candidate, seed: int) -> str:
    """A stable order that prefers no part of the crate."""
    place = f"{seed}\0{candidate.code}\0{candidate.diagnostic.place}"
    return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
