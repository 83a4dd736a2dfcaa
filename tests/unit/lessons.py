"""Makes rows of diag_fix as a miner makes them, of any source and edits, for tests of what shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxidizer.cluster.edits import Edit, apply, by_file, unified_diff
from oxidizer.miners.tuples import excerpt

RENDERED = "error[E0425]: cannot find value `size` in this scope\n --> src/lib.rs:3:9\n\n"


def row(files: Mapping[str, bytes], edits: Sequence[Edit], line: int = 1, **fields: Any) -> dict[str, Any]:
    """The row of a fix; `files` are the sources before it, `line` is what the diagnostic marks in the first of them."""
    file = min(edit.file for edit in edits)
    before, after = excerpt(files[file], by_file(edits)[file])
    return {
        "type": "diag_fix", "id": "0" * 32, "crate": "made", "version": "0.1.0", "member": ".",
        "error": {
            "tool": "rustc", "level": "error", "code": "E0425", "message": "cannot find value `size` in this scope",
            "span": {"file": file, "line_start": line, "line_end": line}, "suggestions": [], "rendered": RENDERED,
        },
        "more_errors": [], "file": file, "code_before": before, "code_after": after,
        "patch_diff": unified_diff(edits, files.__getitem__), "probe": {"args": ["check", "--lib"], "env": []},
        "explanation": "Fields are reached through `self`.", "class": "resolve", "origin": "injected", **fields,
    }  # fmt: skip


def fixed(files: Mapping[str, bytes], edits: Sequence[Edit]) -> dict[str, bytes]:
    """The files after edits."""
    return {file: apply(text, by_file(edits).get(file, [])) for file, text in files.items()}
