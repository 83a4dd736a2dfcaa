"""How hard a lesson is, from 1 to 5: a rough order for curricula, not a measurement."""

from __future__ import annotations

from collections.abc import Sequence

from oxidizer.cluster.edits import Edit

_MANY_LINES = 8


def difficulty(*, trivial: bool, far: bool, patch: str, diagnostics: int, rare: bool = False) -> int:
    """1 for the tool's own sure fix at the span; one more each for: the tool does not give the fix, it is elsewhere
    (`far`), it has several hunks or many lines, several diagnostics go with it, its code is `rare`; 5 at most.
    """
    changed = [line for line in patch.splitlines() if line[:1] in "+-" and not line.startswith(("+++ b/", "--- a/"))]
    wide = sum(line.startswith("@@ ") for line in patch.splitlines()) > 1 or len(changed) > _MANY_LINES
    return min(5, 1 + (not trivial) + far + wide + (diagnostics > 1) + rare)


def is_far(edits: Sequence[Edit], file: str, byte_start: int, byte_end: int) -> bool:
    """No edit touches the diagnostic's primary span."""
    return not any(e.file == file and e.start <= byte_end and byte_start <= e.end for e in edits)
