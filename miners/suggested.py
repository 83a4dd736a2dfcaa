"""Whether a diagnostic shows the very fix that a lesson teaches."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic
from oxidizer.cluster.edits import Edit, apply, by_file


def suggested(diagnostic: Diagnostic, fix: Sequence[Edit], read: Callable[[str], bytes]) -> str | None:
    """How sure the tool is of a suggestion that comes to the same text as the fix, but for its layout: an applicability
    of rustc's, MachineApplicable first; None where it has no such suggestion. `read` gives the broken files.
    """
    own, found = by_file(fix), set[str]()
    for one in diagnostic.fixes():
        other = by_file(one.edits)
        if set(other) == set(own) and all(_same(read(file), own[file], other[file]) for file in own):
            found.add(one.applicability)
    return MACHINE_APPLICABLE if MACHINE_APPLICABLE in found else min(found, default=None)


def _same(text: bytes, one: Sequence[Edit], other: Sequence[Edit]) -> bool:
    """Both edits of a text come to the same. Only the lines around them can differ, and the bracket after a comma."""
    start = text.rfind(b"\n", 0, min(e.start for e in (*one, *other))) + 1
    end = max(e.end for e in (*one, *other))
    after = re.compile(rb"[^\n]*\n?\s*\S?").match(text, end)
    end = after.end() if after else end
    sides = [
        apply(text[start:end], [Edit(e.file, e.start - start, e.end - start, e.replacement) for e in edits])
        for edits in (one, other)
    ]
    return _bare(sides[0]) == _bare(sides[1])


def _bare(text: bytes) -> bytes:
    """A text without what only lays code out: white space, and commas before a closing bracket."""
    return re.sub(rb",(?=[)\]}])", b"", re.sub(rb"\s+", b"", text))
