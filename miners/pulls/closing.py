"""The last words of a conversation: what was done, by the files that were edited, and what was seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oxidizer.datasets.records import Kind, PrPair
from oxidizer.miners.pulls.edited import Edited
from oxidizer.miners.pulls.places import Place, place_of

_NAMED = 3
_WHAT: dict[Kind, str] = {
    "bug_fix": "The fix", "migration": "The migration", "deprecation": "The removal of what was deprecated",
    "safety": "The safety fix", "perf": "The change for speed", "refactor": "The refactoring",
    "feature": "The feature", "dependency": "The change of dependencies",
}  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What was seen of the tree after."""

    unformatted: Sequence[str]
    """Files that rustfmt would write otherwise."""
    warnings: int
    """Of clippy."""
    failed: Sequence[str]
    """Tests that failed before the change, and pass."""


def closing_words(pair: PrPair, files: Sequence[Edited], checked: Checked) -> str:
    """Two or three sentences."""
    return " ".join(filter(None, (_done(pair, files), _proven(pair, checked), _seen(checked))))


def _done(pair: PrPair, files: Sequence[Edited]) -> str:
    names = list(dict.fromkeys(one.file for one in files))
    tests = [name for name in names if place_of(name) is Place.TEST]
    others = [name for name in names if name not in tests]
    what = _WHAT[pair.kind]
    if not others:
        return f"The change is in {_listed(tests)}."
    return f"{what} is in {_listed(others)}" + (f", its tests are in {_listed(tests)}." if tests else ".")


def _proven(pair: PrPair, checked: Checked) -> str:
    if not checked.failed:
        return ""
    verb = "did not compile" if pair.evidence == "compile_error" else "failed"
    one = len(checked.failed) == 1
    return f"{_listed(checked.failed)} {verb} without it and pass{'es' if one else ''} now."


def _seen(checked: Checked) -> str:
    lints = f"{checked.warnings} warning{'' if checked.warnings == 1 else 's'}" if checked.warnings else "no warnings"
    style = f"`cargo fmt --check` would lay out {_listed(checked.unformatted)} otherwise" if checked.unformatted else (
        "`cargo fmt --check` asks for nothing")  # fmt: skip
    return f"All unit and integration tests pass, `cargo clippy` shows {lints}, and {style}."


def _listed(names: Sequence[str]) -> str:
    named = [f"`{name}`" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        return f"{', '.join(named)} and {len(names) - _NAMED} more"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
