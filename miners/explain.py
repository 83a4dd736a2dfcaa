"""Why a fix is right, in words: the diagnostic, the tool's own documentation of its code, what the edit did.

The documentation is the toolchain's (`cargo clippy --explain`, `rustc -W help`), read on the host: no crate code.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.lints import read_lints
from oxidizer.cluster.syntax import item_region
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.operators.operator import Code, Route
from oxidizer.miners.operators.wording import place
from oxidizer.miners.steps import quoted, steps

_TOLD = 200
_TOLD_BY = ("note", "help")
_OPEN = [[word] for word in ("as", "by", "into", "is", "to", "try", "use", "using", "with")]


@lru_cache(maxsize=4096)
def documentation(code: str, tools: Path) -> str:
    """What the toolchain in `tools` (its bin folder) says of a lint: what it checks and why that is bad; else ''."""
    if code.startswith("clippy::"):
        asked = subprocess.run(
            [tools / "cargo-clippy", "--explain", code.removeprefix("clippy::")],
            env={"PATH": f"{tools}:/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        parts = [_section(asked.stdout, title) for title in ("What it does", "Why is this bad?", "Why restrict this?")]
        return " ".join(part for part in parts if part)
    lint = read_lints(tools / "clippy-driver").get(code)
    return f"What the lint looks at: {lint.meaning}." if lint else ""


def _section(markdown: str, title: str) -> str:
    """The first paragraph under a heading, in one line."""
    found = re.search(rf"^### {re.escape(title)}\n+(.+?)(?=\n\s*\n|\n#|\Z)", markdown, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def explain(
    diagnostic: Diagnostic, advice: str, edits: Sequence[Edit], read: Callable[[str], bytes], tools: Path
) -> str:
    """The explanation of a fix, edits of the files that `read` gives; `advice` is the suggestion's own title."""
    said = f"{_tool(diagnostic.code)} reports `{diagnostic.code}`: {sentence(diagnostic.message)}"
    did = f"The fix {steps(edits, read)}."
    hint = f"The tool's advice: {sentence(_advice(advice, edits))}" if advice != diagnostic.message else ""
    return " ".join(part for part in (said, documentation(diagnostic.code or "", tools), hint, did) if part)


def explain_mistake(
    diagnostic: Diagnostic, mistake: Mistake, edits: Sequence[Edit], read: Callable[[str], bytes],
    *, by_tests: bool = False,
) -> str:  # fmt: skip
    """The explanation of an injected bug: what is said, its cause in this code, why Rust objects, what the fix does.

    Why is the operator's rationale of the code, one of those that it aims at; of any other one, what the tool says of
    the place and of a way out. Where tests show (`by_tests`) what was made for the compiler, neither would be true.
    `edits` are the fix, of the broken files that `read` gives.
    """
    if by_tests or mistake.route is Route.BEHAVIOUR:
        said = f"A test fails: {sentence(_first_line(diagnostic.message))}"
    else:
        code = f"`{diagnostic.code}`: " if diagnostic.code else "an error: "
        said = f"{_tool(diagnostic.code)} reports {code}{sentence(diagnostic.message)}"
    where = _where(mistake, edits, read)
    if by_tests and mistake.route is not Route.BEHAVIOUR:
        neither = "the compiler takes it either way, only a test can tell."
        return f"{said} In {where}: {neither} The fix {steps(edits, read)}."
    cause = f"In {where}: {sentence(mistake.site.cause)}"
    fits = mistake.route is Route.BEHAVIOUR or (diagnostic.code or "") in mistake.operator.codes
    why = mistake.operator.why(diagnostic.code or "") if fits else besides(diagnostic)
    return " ".join(part for part in (said, cause, why, f"The fix {steps(edits, read)}.") if part)


def besides(diagnostic: Diagnostic) -> str:
    """What the diagnostic says besides its message: at its place, and in its first note, where that is a sentence."""
    at = diagnostic.primary
    label = f"At the place that it marks: {sentence(at.label)}" if at is not None and at.label else ""
    notes = [c for c in diagnostic.children if c.level in _TOLD_BY and not c.message.endswith(":")]
    said = [f"It adds: {sentence(note.message)}" for note in notes[:1] if len(note.message) <= _TOLD]
    return " ".join(part for part in (label, *said) if part)


def _where(mistake: Mistake, edits: Sequence[Edit], read: Callable[[str], bytes]) -> str:
    """The function or item that the mistake is in; where it took that away or gave it another name, what is there."""
    if not mistake.function:
        return mistake.file
    name = re.compile(rf"\b{re.escape(mistake.function)}\b".encode())
    if not any(name.search(edit.replacement) for edit in edits):
        # The fix puts no such name back. To parse the broken file would take longer than all else that is told of it.
        return f"`{mistake.function}`"
    source, own = read(mistake.file), [(e.start, e.end) for e in edits if e.file == mistake.file]
    start, end = item_region(source, own)
    if name.search(source, start, end):
        return f"`{mistake.function}`"
    code = Code(mistake.file, source)
    node = code.root.descendant_for_byte_range(own[0][0], own[0][0])
    return place(code, node) if node is not None else mistake.file


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:_TOLD] or "it panics"


def _advice(advice: str, edits: Sequence[Edit]) -> str:
    """The title as the tool prints it: one that breaks off goes on with the replacement."""
    new = edits[0].replacement.decode("utf-8", "replace") if len(edits) == 1 else ""
    return f"{advice}: {quoted(new)}" if new.strip() and advice.split()[-1:] in _OPEN else advice


def _tool(code: str | None) -> str:
    return "Clippy" if (code or "").startswith("clippy::") else "rustc"


def sentence(text: str) -> str:
    """The text on one line, with a full stop where it has no end."""
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else text + "."
