"""The patch policy: what a fix may not do to be called a fix, and what is worth a flag."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from oxidizer.cluster.edits import Edit, apply, by_file

_SILENCER = re.compile(rb"#\s*!?\s*\[\s*(?:allow|expect|ignore|cfg|cfg_attr)\b|\b(?:todo|unimplemented)!")
_PLACEHOLDER = re.compile(rb"\b(?:todo|unimplemented|panic|unreachable)!")


def silences(edits: Sequence[Edit], read: Callable[[str], bytes]) -> bool:
    """The edits add more attributes and macros that hide a complaint than they take away.

    Raises EditConflict where they cannot be applied, FileNotFoundError where they name no file.
    """
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
    # Whole files: `warn` turned into `allow` is an edit of one word.
    return sum(
        _found(pattern, apply(read(file), group)) - _found(pattern, read(file))
        for file, group in by_file(edits).items()
    )


@lru_cache(maxsize=16)
def _found(pattern: re.Pattern[bytes], text: bytes) -> int:
    """How often the pattern stands in a file; the same few files are asked for again and again."""
    return len(pattern.findall(text))
