"""How hard a lesson is, from 1 to 5: a rough order for curricula, not a measurement."""

from __future__ import annotations

from collections.abc import Sequence

from oxidizer.cluster.edits import Edit

_MANY_LINES = 8
_NEAR = 80


def difficulty(*, given: bool, far: bool, patch: str, diagnostics: int, rare: bool = False) -> int:
    """1 for a fix at the span that the tool itself gives; one more each for: the tool does not give it, it is elsewhere
    (`far`), it has several hunks or many lines, several diagnostics go with it, its code is `rare`; 5 at most.
    """
    changed = [line for line in patch.splitlines() if line[:1] in "+-" and not line.startswith(("+++ b/", "--- a/"))]
    wide = sum(line.startswith("@@ ") for line in patch.splitlines()) > 1 or len(changed) > _MANY_LINES
    return min(5, 1 + (not given) + far + wide + (diagnostics > 1) + rare)


def is_far(edits: Sequence[Edit], file: str, byte_start: int, byte_end: int) -> bool:
    """No edit lies within a line's length of the diagnostic's primary span."""
    return not any(is_near(edit, file, byte_start, byte_end) for edit in edits)


def is_near(edit: Edit, file: str, byte_start: int, byte_end: int) -> bool:
    """The edit lies within a line's length of a range."""
    return edit.file == file and edit.start <= byte_end + _NEAR and byte_start <= edit.end + _NEAR
