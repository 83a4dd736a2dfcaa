"""The line numbers in rustc's words: what it says of one text, told with the lines of another.

It names lines beside the code that it shows, behind the name of a file (`--> a.rs:3:5`), and in the types of closures
(`{closure@a.rs:3:5: 3:9}`). Not promised: lines of files whose name does not end in `.rs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lines = Callable[[str, int, int], int]
"""The wanted number of a file's line; its column is 0 where the whole line is meant."""

# A name begins where no part of one stands before: from everywhere in a long word it would be looked for again.
_FILE = r"[^\s:`'\"(){}<>@]"
_PLACE = re.compile(
    rf"(?<!{_FILE})(?P<file>{_FILE}+\.rs):(?P<line>\d{{1,9}}):(?P<column>\d{{1,9}})(?:: (?P<to>\d{{1,9}})(?=:\d))?"
)
_NUMBER = re.compile(r" *(?P<number>\d{1,9})(?= [|+~-](?: |$))")
_ARROW = re.compile(rf" *(?:-->|:::) {_PLACE.pattern}")
_FIRST_ARROW = re.compile(r"^( *)--> ", re.MULTILINE)
_MARGIN = (
    r"^(?: *(?P<number>\d{{1,9}})(?= [|+~-](?: |$))|(?P<dots>\.\.\.)(?P<gap> +)"
    r"| {{{}}}(?=--> |::: | [|=](?: |$)| {{9}}))"
)
"""The margin of a line, of a width that is to be filled in: notes go on below their first word."""


def renumbered(message: str, lines: Lines) -> str:
    """A message with other lines behind the names of files."""
    return _PLACE.sub(lambda found: _place(found, lines), message) if ".rs:" in message else message


def rendered_anew(text: str, file: str, lines: Lines) -> str:
    """A whole diagnostic as rustc prints it, "" for a part of one; `file` is that of its primary span."""
    if not text:
        return ""
    shown, told, longest = file, list[str](), (0, 0)

    def anew(number: str) -> str:
        nonlocal longest
        new = str(lines(shown, int(number), 0))
        longest = max(longest[0], len(number)), max(longest[1], len(new))
        return new

    for line in text.split("\n"):
        if (margin := _NUMBER.match(line)) is not None:
            line = anew(margin["number"]).rjust(margin.end()) + line[margin.end() :]
        elif (arrow := _ARROW.match(line)) is not None:
            shown = arrow["file"]
        elif line.startswith(("note", "help")):
            shown = file
        told.append(renumbered(line, lines))
    text = "\n".join(told)
    return text if longest[0] == longest[1] else _with_margin(text, longest[1])


def _with_margin(text: str, width: int) -> str:
    """The longest number makes the margin, in front of all that is not a message."""
    arrow = _FIRST_ARROW.search(text)
    if arrow is None or len(arrow[1]) == width:
        return text
    more = width - len(arrow[1])

    def told(found: re.Match[str]) -> str:
        if found["number"]:
            return found["number"].rjust(width)
        return found["dots"] + " " * (len(found["gap"]) + more) if found["dots"] else " " * (len(found[0]) + more)

    margins = re.compile(_MARGIN.format(len(arrow[1])), re.MULTILINE)
    return text[: arrow.start()] + margins.sub(told, text[arrow.start() :])


def _place(found: re.Match[str], lines: Lines) -> str:
    file, line, column = found["file"], int(found["line"]), int(found["column"])
    anew = lines(file, line, column)
    at = f"{file}:{anew}:{column}"
    # A closure lies in one mutant, and moves as a whole.
    return f"{at}: {int(found['to']) + anew - line}" if found["to"] else at
