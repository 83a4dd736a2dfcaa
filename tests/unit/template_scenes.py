"""Broken code with a diagnostic that marks a word of it, as scenes for templates."""

from collections.abc import Sequence

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.serve.policies.prompt import Prompt
from oxidizer.serve.policies.templates.index import CrateIndex
from oxidizer.serve.policies.templates.scene import Scene

FILE = "src/lib.rs"


def span(code: bytes, marked: bytes, *, nth: int = 0, label: str | None = None, replacement: str | None = None) -> Span:
    """The span of a word's nth place in the code."""
    at = -1
    for _ in range(nth + 1):
        at = code.index(marked, at + 1)
    line = code.count(b"\n", 0, at) + 1
    column = at - (code.rfind(b"\n", 0, at) + 1) + 1
    return Span(
        FILE, at, at + len(marked), line, line, column, column + len(marked), True, label, replacement,
        "MachineApplicable" if replacement is not None else None, None,
    )  # fmt: skip


def diagnostic(at: Span, message: str, code: str | None = "E0308", children: Sequence[Diagnostic] = ()) -> Diagnostic:
    """An error at a place."""
    return Diagnostic("error", code, message, (at,), tuple(children), message)


def prompt(code: bytes, *diagnostics: Diagnostic) -> Prompt:
    """The code as a crate of one file."""
    return Prompt({FILE: code}, diagnostics)


def scene(code: bytes, *diagnostics: Diagnostic) -> Scene:
    """The same, made ready."""
    asked = prompt(code, *diagnostics)
    return Scene(asked, CrateIndex(asked.files))
