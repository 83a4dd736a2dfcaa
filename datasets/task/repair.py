"""A diag_fix as a conversation: the diagnostic and the code in, the edit out; plain, or with an agent's tools.

Only what was really seen is shown. Of the side before that is the recorded diagnostics. Of the side after it is known
that the probe shows none of them and nothing new; so the agent's `bash` promises to show just that, and nothing else of
what cargo prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oxidizer.cluster.edits import Edit, apply
from oxidizer.datasets.task import answer, wording
from oxidizer.datasets.task.errors import AnswerError, NotShown
from oxidizer.datasets.task.form import Form, Message, assistant, system, user
from oxidizer.datasets.task.lesson import Lesson, Row, as_bytes, cut, lesson
from oxidizer.datasets.task.pieces import Place, changed
from oxidizer.datasets.task.reading import in_calls, in_text
from oxidizer.datasets.task.tools import arguments_of, called

_BLOCKS = """\
Give each edit as a block, below a line with the file's name:

src/name.rs
<<<<<<< SEARCH
the lines to be replaced, just as they are shown
=======
the lines that take their place
>>>>>>> REPLACE

What stands under SEARCH must be in the code shown exactly once; take in lines around it where it is not."""
_DIFF = """\
Give the edit as a unified diff, with `---` and `+++` lines before the hunks of each file, and with the line numbers \
that are shown."""
FORMATS = {"blocks": _BLOCKS, "diff": _DIFF}
_SPARE_BYTES = 64
"""For the fence around a diagnostic, and what follows it."""
_TASK = "You mend Rust code. Change as little as is needed: the diagnostic goes away, and nothing else breaks."
_AGENT = """\
You are a Rust repair agent with the tools `read`, `edit` and `bash`. Change as little as is needed: the \
diagnostic goes away, and nothing else breaks. Read the code, edit it, then run the command again.
Of what cargo prints, `bash` shows only the {kinds} that you are asked about, and new {new}: such as neither the \
crate as it was published nor the code before your edit has. Where none is left it shows nothing."""
_ERRORS_ONLY = frozenset({"migration", "history"})
"""Origins whose fixes are held to bring no new error; warnings do not count."""


def shown(row: Row, form: Form) -> Lesson:
    """The code that a record shows within the form's budget, and what changes in it. Raises NotShown."""
    return _asked(row, form)[0]


def repair(row: Row, form: Form) -> list[Message]:
    """The conversation of a diag_fix. Raises NotShown."""
    found, asked = _asked(row, form)
    if form.style == "agent":
        return _agent(row, form, found, asked)
    told = f"{row['explanation']}\n\n" if form.explained else ""
    return [system(f"{_TASK}\n{FORMATS[form.answer]}"), user(asked), assistant(edit_of(found, form, told))]


def edit_of(found: Lesson, form: Form, told: str = "") -> str:
    """The changes in the form's format, behind some words. Raises NotShown where they would not be read back so."""
    text = told + (answer.blocks(found) if form.answer == "blocks" else answer.diff(found))
    _check(found, lambda: in_text(text, found.pieces))
    return text


def _check(found: Lesson, read: Callable[[], list[tuple[Place, bytes]]]) -> None:
    try:
        placed = read()
    except AnswerError as e:
        raise NotShown("not_unique", f"the answer would not be read back: {e}") from e
    for piece in found.pieces:
        edits = [Edit(piece.file, at.start, at.end, new) for at, new in placed if at.piece == piece]
        if apply(piece.text, edits) != changed(piece, found.of(piece)):
            raise NotShown("not_unique", "the answer would be read back as another edit")


def _asked(row: Row, form: Form) -> tuple[Lesson, str]:
    """The code shown, and the user's message, which holds it in the plain style."""
    whole, printed = lesson(row), "\n\n".join(wording.diagnostics(row))
    span = row["error"]["span"]
    asks = f"In the crate {row['crate']} {row['version']}, `{wording.command(row)}` {_says(row)}:\n\n"
    code_bytes, frame_bytes = (len(as_bytes(text)) for text in (wording.code(whole, whole), asks))
    room = max(form.budget_bytes // 2, form.budget_bytes - code_bytes - frame_bytes) - _SPARE_BYTES
    asks += wording.fenced(wording.cut_lines(printed, room))
    fixed = len(as_bytes(asks)) + 2

    def fits(some: Lesson) -> bool:
        return fixed + len(wording.code(some, whole).encode()) <= form.budget_bytes

    found = cut(whole, [(span["file"], span["line_start"])], fits)
    return found, f"{asks}\n\n{wording.code(found, whole)}" if form.style == "plain" else asks


def _says(row: Row) -> str:
    return "fails" if row["error"]["tool"] == "test" else "reports"


def _agent(row: Row, form: Form, found: Lesson, asked: str) -> list[Message]:
    """read, edit, verify; each tool's answers are what the tool promises and the record knows."""
    reads = [{"path": p.file, "start_line": p.line, "end_line": p.stop - 1} for p in found.pieces]
    edits = answer.calls(found)
    _check(found, lambda: in_calls([arguments_of(edit) for edit in edits], found.pieces))
    kinds = "test failures" if row["error"]["tool"] == "test" else "diagnostics"
    new = "errors" if row["origin"] in _ERRORS_ONLY else "ones"
    turns: tuple[tuple[str, str, Sequence[Mapping[str, Any]], list[str]], ...] = (
        ("", "read", reads, [piece.text.decode() for piece in found.pieces]),
        (row["explanation"] if form.explained else "", "edit", edits, [f"edited {edit['path']}" for edit in edits]),
        ("", "bash", [{"command": wording.command(row)}], [""]),
    )
    said, number = [system(_AGENT.format(kinds=kinds, new=new)), user(f"{asked}\n\nMend it.")], 0
    for text, tool, arguments, answers in turns:
        names = [f"call_{number + i + 1}" for i in range(len(arguments))]
        number += len(names)
        asking = [called(name, tool, given) for name, given in zip(names, arguments, strict=True)]
        said.append({**assistant(text), "tool_calls": asking})
        said += [
            {"role": "tool", "tool_call_id": name, "content": given}
            for name, given in zip(names, answers, strict=True)
        ]  # fmt: skip
    return [*said, assistant(f"`{wording.command(row)}` shows {_it(row)} no more.")]


def _it(row: Row) -> str:
    error, others = row["error"], len(row["more_errors"])
    what = f"`{error['code']}`" if error["code"] else "the failure" if error["tool"] == "test" else "it"
    return what + (f" and the {others} other diagnostic{'s' if others > 1 else ''}" if others else "")
