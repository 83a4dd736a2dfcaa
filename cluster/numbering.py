"""The line numbers in rustc's words: what it says of one text, told with the lines of another.

It names lines beside the code that it shows, behind the name of a file (`--> a.rs:3:5`), and in the types of closures
(`{closure@a.rs:3:5: 3:9}`). Not promised: lines of files whose name does not end in `.rs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lines = Callable[[str, int, int], int]
"""The wanted number of a file's line; its column is 0 where the whole line is meant."""

_PLACE = r"(?P<file>[^\s:`'\"(){}<>@]+\.rs):(?P<line>\d+):(?P<column>\d+)(?:: (?P<to>\d+)(?=:\d))?"
_NAMED = re.compile(_PLACE)
_SHOWN = re.compile(rf"^(?P<part>note|help)\b|^(?P<number> *\d+)(?= [|+~-](?: |$))|{_PLACE}", re.MULTILINE)
_ARROW = re.compile(r"^( *)--> ", re.MULTILINE)
_MARGIN = (
    r"^(?: *(?P<number>\d+)(?= [|+~-](?: |$))|(?P<dots>\.\.\.)(?P<gap> +)"
    r"| {{{}}}(?=--> |::: | [|=](?: |$)| {{9}}))"
)
"""The margin of a line, of a width that is to be filled in: notes go on below their first word."""


def renumbered(message: str, lines: Lines) -> str:
    """A message with other lines behind the names of files."""
    return _NAMED.sub(lambda found: _place(found, lines), message) if ".rs:" in message else message


def rendered_anew(text: str, file: str, lines: Lines) -> str:
    """A whole diagnostic as rustc prints it; `file` is that of its primary span."""
    shown = file
    old, new = [0], [0]

    def margin(number: str) -> str:
        anew = str(lines(shown, int(number), 0))
        old.append(len(number.lstrip()))
        new.append(len(anew))
        return anew

    def told(found: re.Match[str]) -> str:
        nonlocal shown
        if found["part"]:
            shown = file
        elif found["number"]:
            return margin(found["number"]).rjust(len(found["number"]))
        elif found["file"]:
            before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            if before.strip() in ("-->", ":::"):
                shown = found["file"]
                margin(found["line"])
            return _place(found, lines)
        return found[0]

    anew = _SHOWN.sub(told, text)
    return anew if max(old) == max(new) else _with_margin(anew, max(new))


def _with_margin(text: str, width: int) -> str:
    """The longest number makes the margin, in front of all that is not a message."""
    arrow = _ARROW.search(text)
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
