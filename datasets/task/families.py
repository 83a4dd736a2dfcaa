"""Every family of a corpus as messages; what a family's rows hold is said at its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from oxidizer.datasets.task import answer, wording
from oxidizer.datasets.task.errors import NotShown
from oxidizer.datasets.task.form import Form, Message, assistant, system, user
from oxidizer.datasets.task.lesson import Lesson, Row, as_bytes, cut, lesson, of_diff
from oxidizer.datasets.task.pieces import Piece, changed
from oxidizer.datasets.task.repair import FORMATS, edit_of, repair

_TEACHER = "You teach Rust: answer exactly, show code where it helps, and name your sources."
_READER = "You read changes of Rust code, and say what each of them mends and why."
_STYLIST = "You know Rust's style guide and clippy's lints of style. Name the rule that the code breaks, and mend it."
_AUTHOR = "You change Rust code as a pull request asks."


def messages(row: Row, form: Form | None = None, family: str | None = None) -> list[Message]:
    """A record as a conversation in the OpenAI shape: system, user, then what the model shall say.

    `family` is the row's `type` unless named: a diag_fix is also shown as explain_diff and as style_guide.
    Raises NotShown where no such conversation can be had of it.
    """
    name = family or row["type"]
    if name not in FAMILIES:
        raise NotShown("no_such_family", f"there is no family {name!r}, only {', '.join(FAMILIES)}")
    if row["type"] != name and (row["type"], name) not in _DERIVED:
        raise NotShown("no_such_family", f"a {row['type']} cannot be shown as {name}")
    said = FAMILIES[name](row, form or Form())
    for message in said:
        as_bytes(message["content"])
    return said


def explain_diff(row: Row, form: Form) -> list[Message]:
    """A diag_fix without its diagnostic: the code and the diff are given, the explanation is asked for."""
    explanation, whole = _needed(row, "explanation"), lesson(row)

    def asks(some: Lesson) -> str:
        shown, patch = wording.code(some, whole), wording.fenced(answer.diff(some), "diff")
        return f"What does this change of the crate {row['crate']} mend, and why?\n\n{shown}\n\n{patch}"

    found = _fitting(whole, row, form, asks)
    return [system(_READER), user(asks(found)), assistant(explanation)]


def style_guide(row: Row, form: Form) -> list[Message]:
    """A diag_fix of rustfmt, or of the class style: the rule that the code breaks is asked for, and the code mended."""
    error = row["error"]
    if error["tool"] != "rustfmt" and row["class"] != "style":
        raise NotShown("no_such_family", f"a fix of the class {row['class']} teaches no style")
    explanation, whole = _needed(row, "explanation"), lesson(row)

    def asks(some: Lesson) -> str:
        return f"Which rule of style does this code break, and how should it look?\n\n{wording.code(some, whole)}"

    found = _fitting(whole, row, form, asks)
    rule = "rustfmt's layout" if error["tool"] == "rustfmt" else f"`{error['code']}`"
    after = [Piece(p.file, p.line, changed(p, found.of(p)), p.whole, p.closed) for p in found.pieces if found.of(p)]
    better = "\n\n".join(wording.fenced(p.text.decode(), wording.language(p.file)) for p in after)
    return [system(_STYLIST), user(asks(found)), assistant(f"It breaks {rule}. {explanation}\n\n{better}")]


def _fitting(whole: Lesson, row: Row, form: Form, asks: Callable[[Lesson], str]) -> Lesson:
    span = row["error"]["span"]
    marks = [(span["file"], span["line_start"])]
    return cut(whole, marks, lambda some: len(asks(some).encode()) <= form.budget_bytes)


def pr_pair(row: Row, form: Form) -> list[Message]:
    """`title`, `body`, `commit_msg`, and `model_diff`: its lines before are shown, the edit is asked for.

    No command's output is recorded of it, so that the agent's style has only the edit in text to show too.
    """
    said = (row["title"] or row["commit_msg"] or "", row["body"] or "")
    asked = "\n\n".join(text.strip() for text in said if text.strip())
    asked = wording.cut_lines(asked, form.budget_bytes // 2)
    whole = of_diff(_needed(row, "model_diff"))

    def asks(some: Lesson) -> str:
        return f"A pull request to {row['repo']}:\n\n{asked}\n\n{wording.code(some, whole)}"

    found = cut(whole, [], lambda some: len(asks(some).encode()) <= form.budget_bytes)
    return [system(f"{_AUTHOR}\n{FORMATS[form.answer]}"), user(asks(found)), assistant(edit_of(found, form))]


def teach(row: Row, form: Form) -> list[Message]:
    """canon_teach: `prompt`, `context`, `target` with `explanation`, `code_before`, `code_after`, and `citations`."""
    target = row["target"]
    parts = [_needed(target, "explanation")]
    for key, said in (
        ("code_before", "Instead of"),
        ("code_after", "write" if target["code_before"] else "For example"),
    ):
        if target[key]:
            parts.append(f"{said}:\n{wording.fenced(target[key], 'rust')}")
    # An anchor ends in the hash of what it names, which is no use to a reader.
    if cited := [citation.rpartition("@")[0] or citation for citation in target["citations"]]:
        parts.append("Sources: " + ", ".join(cited))
    asked = "\n\n".join(part for part in (_needed(row, "prompt"), row["context"] or "") if part)
    return [system(_TEACHER), _asked(asked, form), assistant("\n\n".join(parts))]


def question(row: Row, form: Form) -> list[Message]:
    """qa: `question`, `answer`. The attribution stays with the row."""
    return [system(_TEACHER), _asked(_needed(row, "question"), form), assistant(_needed(row, "answer"))]


def _asked(text: str, form: Form) -> Message:
    if (size := len(as_bytes(text))) > form.budget_bytes:
        raise NotShown("too_large", f"the question's {size} bytes exceed the budget")
    return user(text)


def chat(row: Row, form: Form) -> list[Message]:
    """chat: its `messages` as they are, without the empty fields that a table gives them."""
    return [{key: value for key, value in said.items() if value is not None} for said in _needed(row, "messages")]


def preference(row: Row, form: Form) -> list[Message]:
    """preference: `prompt` and the chosen answer, either of them text or messages; see `pair`."""
    prompt, chosen, _ = pair(row)
    return [*prompt, *chosen]


def pair(row: Row) -> tuple[list[Message], list[Message], list[Message]]:
    """A preference as messages: the prompt, the chosen and the rejected answer."""
    made = [
        [role(given)] if isinstance(given := _needed(row, key), str) else chat({"messages": given}, Form())
        for key, role in (("prompt", user), ("chosen", assistant), ("rejected", assistant))
    ]
    return made[0], made[1], made[2]


def _needed(row: Mapping[str, Any], key: str) -> Any:
    if not row.get(key):
        raise NotShown("incomplete", f"the record has no {key}")
    return row[key]


FAMILIES: dict[str, Callable[[Row, Form], list[Message]]] = {
    "diag_fix": repair,
    "explain_diff": explain_diff,
    "style_guide": style_guide,
    "pr_pair": pr_pair,
    "canon_teach": teach,
    "qa": question,
    "chat": chat,
    "preference": preference,
}
"""How each family is shown."""
_DERIVED = frozenset({("diag_fix", "explain_diff"), ("diag_fix", "style_guide")})
