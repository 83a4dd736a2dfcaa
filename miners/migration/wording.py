"""Why a moved crate has to change, in words: the move, the diagnostic, what the tool says of it, what the fix does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.miners.explain import besides, documentation, sentence
from oxidizer.miners.migration.move import Move
from oxidizer.miners.steps import steps


def explain_move(
    diagnostic: Diagnostic, move: Move, edits: Sequence[Edit], read: Callable[[str], bytes], tools: Path
) -> str:
    """The explanation of a fix, edits of the files that `read` gives, after a move."""
    code = f"`{diagnostic.code}`: " if diagnostic.code else "an error: " if diagnostic.is_error else "a warning: "
    told = f"{move.cause[:1].upper()}{move.cause[1:]}, and rustc reports {code}{sentence(diagnostic.message)}"
    why = documentation(diagnostic.code, tools) if diagnostic.code and not diagnostic.is_compile_error else ""
    return " ".join(part for part in (told, why or besides(diagnostic), f"The fix {steps(edits, read)}.") if part)
