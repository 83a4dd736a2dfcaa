"""Why a fix is right, in words: the diagnostic, the tool's own documentation of its code, what the edit did.

The documentation is the toolchain's (`cargo clippy --explain`, `rustc -W help`), read on the host: no crate code.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.lints import read_lints
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.operators.operator import Route

_SHOWN = 60
_TOLD = 200
_WORDS = re.compile(r"\w+|\W")
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


def explain(diagnostic: Diagnostic, advice: str, edits: Sequence[Edit], old: Sequence[str], tools: Path) -> str:
    """The explanation of a fix: `old` are the replaced texts, one per edit; `advice` is the suggestion's own title."""
    said = f"{_tool(diagnostic.code)} reports `{diagnostic.code}`: {_sentence(diagnostic.message)}"
    did = f"The fix {_steps(edits, old)}."
    hint = f"The tool's advice: {_sentence(_advice(advice, edits))}" if advice != diagnostic.message else ""
    return " ".join(part for part in (said, documentation(diagnostic.code or "", tools), hint, did) if part)


def explain_mistake(
    diagnostic: Diagnostic, mistake: Mistake, edits: Sequence[Edit], read: Callable[[str], bytes]
) -> str:
    """The explanation of an injected bug: what is said, its cause in this code, why Rust objects, what the fix does.

    `edits` are the fix, of the broken files that `read` gives.
    """
    if mistake.route is Route.BEHAVIOUR:
        said = f"A test fails: {_sentence(_first_line(diagnostic.message))}"
    else:
        code = f"`{diagnostic.code}`: " if diagnostic.code else "an error: "
        said = f"{_tool(diagnostic.code)} reports {code}{_sentence(diagnostic.message)}"
    where = f"In `{mistake.function}`: " if mistake.function else f"In {mistake.file}: "
    old = [read(e.file)[e.start : e.end].decode("utf-8", "replace") for e in edits]
    steps = _steps(edits, old)
    return f"{said} {where}{_sentence(mistake.site.cause)} {mistake.operator.rationale} The fix {steps}."


def _steps(edits: Sequence[Edit], old: Sequence[str]) -> str:
    """What the edits do, equal ones told once; those of white space alone only where there is nothing else."""
    told = Counter(step for edit, text in zip(edits, old, strict=True) if (step := _step(edit, text)))
    if not told:
        return "changes white space alone"
    steps = [step if n == 1 else f"{step} in {n} places" for step, n in told.items()]
    more = [f"and makes {len(steps) - 4} more edits"] if len(steps) > 4 else []
    return "; ".join([*steps[:4], *more])


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:_TOLD] or "it panics"


def _advice(advice: str, edits: Sequence[Edit]) -> str:
    """The title as the tool prints it: one that breaks off goes on with the replacement."""
    new = edits[0].replacement.decode("utf-8", "replace") if len(edits) == 1 else ""
    return f"{advice}: {_quoted(new)}" if new.strip() and advice.split()[-1:] in _OPEN else advice


def _tool(code: str | None) -> str:
    return "Clippy" if (code or "").startswith("clippy::") else "rustc"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else text + "."


def _step(edit: Edit, old: str) -> str:
    """What an edit does; "" where it lays out code anew and the two sides would read the same."""
    new = edit.replacement.decode("utf-8", "replace")
    if old.strip() and new.strip() and _quoted(old) == _quoted(new):
        if (flat := " ".join(old.split())) == " ".join(new.split()):
            return ""
        old, new = _apart(flat, " ".join(new.split()))
    if not new.strip() and len(new) < len(old):
        return f"removes {_quoted(old)}"
    if not old.strip():
        return f"inserts {_quoted(new)}"
    return f"replaces {_quoted(old)} by {_quoted(new)}"


def _apart(old: str, new: str) -> tuple[str, str]:
    """Two different texts without what they begin and end with alike, in whole words."""
    left, right = _WORDS.findall(old), _WORDS.findall(new)
    start = _shared(left, right)
    left, right = left[start:], right[start:]
    end = _shared(left[::-1], right[::-1])
    return "".join(left[: len(left) - end]), "".join(right[: len(right) - end])


def _shared(left: Sequence[str], right: Sequence[str]) -> int:
    """How many words two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _quoted(text: str) -> str:
    if not text.strip():
        return "white space"
    text = " ".join(text.split())
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    # Markdown: a fence longer than any run of backticks inside.
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"
