"""The tools of an agent, `read`, `edit` and `bash`, in the OpenAI shape, and how a call of one is written down.

Two agents have them. One mends what a diagnostic marks (`TOOLS`; see `repair.py`): `bash` shows what a record knows.
One makes a change and builds it (`BUILD_TOOLS`; see `build.py`): `bash` shows what was printed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from oxidizer.datasets.task.form import Message

READ_LINES = 400
"""The most lines that the build agent's `read` shows at once."""
READ_BYTES = 16 << 10
"""The most bytes (UTF-8) of them."""
OUTPUT_BYTES = 6 << 10
"""The most bytes of a command's output that its `bash` shows."""

_FILE = ("string", "The file, relative to the root of the sources.")
_LINES = {
    "path": _FILE, "start_line": ("integer", "The first line, from 1."), "end_line": ("integer", "The last line."),
}  # fmt: skip
_TEXTS = {
    "path": _FILE,
    "old_text": ("string", "The text to be replaced, as it was read."),
    "new_text": ("string", "The text that takes its place."),
}
_LINE = {"command": ("string", "The command line.")}
_REPLACES = (
    "Replaces a text that is exactly once in what was read of the file. Calls in one message are all meant for the "
    "code as it was read. "
)
_ANSWERS = "Answers `edited` and the file."


def _tool(name: str, does: str, parameters: Mapping[str, tuple[str, str]]) -> Message:
    properties = {key: {"type": kind, "description": text} for key, (kind, text) in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": does, "parameters": schema}}


TOOLS: tuple[Message, ...] = (
    _tool(
        "read",
        "Shows lines of a file. The blanks before the first line and behind the last one may be left away.",
        _LINES,
    ),
    _tool("edit", _REPLACES + _ANSWERS, _TEXTS),
    _tool(
        "bash",
        "Runs a command in the root of the sources. Of what cargo prints it shows only the diagnostics (test failures) "
        "that are asked about, and the new ones that the system's message speaks of. Where none is left it shows "
        "nothing.",
        _LINE,
    ),
)
"""The repair agent's tools."""

BUILD_TOOLS: tuple[Message, ...] = (
    _tool(
        "read",
        f"Shows lines of a file, at most {READ_LINES} of them and {READ_BYTES >> 10} KiB; a last line says where the "
        "others begin.",
        _LINES,
    ),
    _tool(
        "edit", f"{_REPLACES}An empty old_text fills a file that is not there yet, or that is empty. {_ANSWERS}", _TEXTS
    ),
    _tool(
        "bash",
        "Runs a command in the root of the sources and shows what it printed, to standard error too, and its exit "
        f"status. Of more than {OUTPUT_BYTES >> 10} KiB the middle is left out.",
        _LINE,
    ),
)
"""The build agent's tools."""


def called(name: str, tool: str, arguments: Mapping[str, Any]) -> Message:
    """A call of a tool; `name` is what its answer says that it answers."""
    return {"id": name, "type": "function", "function": {"name": tool, "arguments": arguments_of(arguments)}}


def arguments_of(arguments: Mapping[str, Any]) -> str:
    """The arguments of a call, as JSON in a string."""
    return json.dumps(arguments, ensure_ascii=False)


def readable(lines: Sequence[bytes]) -> int:
    """How many of some lines one call of the build agent's `read` shows."""
    kept = size = 0
    while kept < min(len(lines), READ_LINES) and size + len(lines[kept]) <= READ_BYTES:
        size += len(lines[kept])
        kept += 1
    return kept


def cut_output(text: str) -> str:
    """What the build agent's `bash` shows of an output: lines from its head and its tail, and how many lie between."""
    if len(text.encode()) <= OUTPUT_BYTES:
        return text
    lines = text.splitlines(keepends=True)
    head = _first(lines, OUTPUT_BYTES // 3)
    tail = _first(lines[head:][::-1], OUTPUT_BYTES * 2 // 3)
    between = len(lines) - head - tail
    return "".join([*lines[:head], f"… ({between} lines are left out here)\n", *lines[len(lines) - tail :]])


def _first(lines: Sequence[str], room: int) -> int:
    kept = 0
    while kept < len(lines) and (room := room - len(lines[kept].encode())) >= 0:
        kept += 1
    return kept
