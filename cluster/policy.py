"""The patch policy: what a fix may not do to be called a fix, and what is worth a flag."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from oxidizer.cluster.edits import Edit

_SILENCER = re.compile(rb"#!?\[\s*(?:allow|expect|ignore|cfg)\b|\b(?:todo|unimplemented)!")
_PLACEHOLDER = re.compile(rb"\b(?:todo|unimplemented|panic|unreachable)!")


def silences(edits: Sequence[Edit], read: Callable[[str], bytes]) -> bool:
    """The edits add more attributes and macros that hide a complaint than they take away."""
    return _added(_SILENCER, edits, read) > 0


def flags(edits: Sequence[Edit], read: Callable[[str], bytes]) -> list[str]:
    """What a reader should know of a fix: `deletion` (only takes code away), `placeholder`."""
    found = []
    if all(not e.replacement.strip() for e in edits) and any(e.end > e.start for e in edits):
        found.append("deletion")
    if _added(_PLACEHOLDER, edits, read) > 0:
        found.append("placeholder")
    return found


def _added(pattern: re.Pattern[bytes], edits: Sequence[Edit], read: Callable[[str], bytes]) -> int:
    return sum(len(pattern.findall(e.replacement)) - len(pattern.findall(read(e.file)[e.start : e.end])) for e in edits)
