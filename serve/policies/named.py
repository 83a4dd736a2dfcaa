"""Policies by name: the scripted ones, and models by their folders."""

from __future__ import annotations

from pathlib import Path

from oxidizer.serve.policies.prompt import Policy
from oxidizer.serve.policies.scripted import NoChange, RandomEdit, Suggestions

SCRIPTED = ("suggestions", "suggestions-sure", "no-change", "random")


def policy_named(name: str) -> Policy:
    """The policy of a name: one of `SCRIPTED`, `random-SEED`, or a model's folder. Raises ValueError, NoModel."""
    match name:
        case "suggestions":
            return Suggestions()
        case "suggestions-sure":
            return Suggestions(sure=True)
        case "no-change":
            return NoChange()
    head, _, seed = name.partition("-")
    if head == "random" and (not seed or seed.isdecimal()):
        return RandomEdit(int(seed or 0))
    if not Path(name).is_dir():
        raise ValueError(f"no policy {name!r}: give a model's folder, or one of {', '.join(SCRIPTED)}")
    # Late: scripted policies need no numbers.
    from oxidizer.serve.policies.templates.policy import TemplatePolicy

    return TemplatePolicy.of(Path(name))
