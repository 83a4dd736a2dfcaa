"""What a command printed as a record keeps it: without what another run of the same tree would print otherwise.

Taken out, since it tells of the run and not of the code:
- how long it took (`; finished in 0.12s`, and the line in which rustdoc counts its time),
- the number of a thread that panics (`thread 'main' (4711) panicked`),
- the hash in a test program's name (`/box/target/debug/deps/foo-0123456789abcdef`) and in rustdoc's folder;
- put in order: warnings, which cargo shows as compilers that run side by side come to them, each once;
- left out: cargo's word on how many warnings each target had, since which of two gets one that both have is luck.

cargo is called with `-q`, as an agent would: what it compiled, and what was there already, is not printed at all.
"""

from __future__ import annotations

import re

_TAKEN = (
    (re.compile(r"; finished in \d+\.\d+s$", re.MULTILINE), ""),
    (re.compile(r"^all doctests ran in .*\n", re.MULTILINE), ""),
    (re.compile(r"^(\s*thread '.*') \(\d+\) (panicked at|has overflowed)", re.MULTILINE), r"\1 \2"),
    (re.compile(r"(/box/target/\S*?/deps/[\w.-]+?)-[0-9a-f]{16}\b"), r"\1"),
    (re.compile(r"/tmp/rustdoctest\w+"), "/tmp/rustdoctest"),
)
_BLOCK = re.compile(r"^(?=(?:warning|error)(?:\[\w+\])?: )", re.MULTILINE)
_TESTS = re.compile(r"^running \d+ tests?$", re.MULTILINE)
_COUNTS = re.compile(r"^warning: (?:`.*` \(.*\) generated \d+ warnings?|build failed, waiting).*\n?", re.MULTILINE)
_PLACE = re.compile(r"^ *--> (.+?):(\d+):(\d+)$", re.MULTILINE)


def printed(output: bytes) -> str:
    """An output as text, the same for each run."""
    text = output.decode("utf-8", "replace")
    for pattern, instead in _TAKEN:
        text = pattern.sub(instead, text)
    tests = _TESTS.search(text)
    # What tests print looks like anything, and stays as it is.
    cut = tests.start() if tests else len(text)
    return _ordered(text[:cut]) + text[cut:]


def warnings_in(text: str) -> int:
    """How many warnings the compiler shows in what `printed` gave."""
    tests = _TESTS.search(text)
    blocks = _BLOCK.split(text[: tests.start()] if tests else text)
    return sum(block.startswith("warning") and _PLACE.search(block) is not None for block in blocks)


def _ordered(text: str) -> str:
    """The compiler's words with the warnings in order of their places; errors behind them, as they came."""
    head, *blocks = _BLOCK.split(_COUNTS.sub("", text))
    whole = [block.rstrip("\n") + "\n\n" for block in blocks]
    warnings = sorted({block for block in whole if block.startswith("warning")}, key=_place)
    errors = dict.fromkeys(block for block in whole if block.startswith("error"))
    return head + "".join([*warnings, *errors]).removesuffix("\n")


def _place(block: str) -> tuple[str, int, int, str]:
    found = _PLACE.search(block)
    return (found[1], int(found[2]), int(found[3]), block) if found else ("", 0, 0, block)
