"""The class of a diagnostic: which kind of lesson it teaches, from its tool, its code and, without a code, its words.

The table is `classes.toml`; the rules for what it does not list stand in `class_of`. The class depends on nothing that
is installed, so that the same diagnostic has the same class on every machine. Not promised: that each message without a
code is known; all that are not count as the parser's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

CLASSES = (
    "borrow",
    "move",
    "lifetime",
    "trait",
    "type",
    "resolve",
    "visibility",
    "syntax",
    "pattern",
    "unsafe",
    "const",
    "macro",
    "lint",
    "style",
    "test",
    "ub",
)
CLASS_OF_TOOL: Mapping[str, str] = {"rustfmt": "style", "test": "test", "miri": "ub"}
ERROR_CODE = re.compile(r"E\d{4}")


def class_of(tool: str, code: str | None, message: str = "") -> str:
    """The class of a diagnostic of `tool` (rustc, clippy, rustfmt, test, miri) with `code` as the tool prints it.

    rustfmt, tests and Miri have one class each. The compiler's codes are in the table, a few by what they say; else a
    lint is `lint`, an E-code of a later compiler is `type`, and an error without a code goes by its message: `syntax`
    where the table lacks it.
    """
    if tool in CLASS_OF_TOOL:
        return CLASS_OF_TOOL[tool]
    if code is None:
        return next((name for words, name in _messages().items() if words in message), "syntax")
    spoken = next((name for words, name in _spoken().get(code, {}).items() if words in message), None)
    return spoken or table().get(code) or ("type" if ERROR_CODE.fullmatch(code) else "lint")


@cache
def _shipped() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("classes.toml").read_text(encoding="utf-8"))


@cache
def _messages() -> Mapping[str, str]:
    """Words of errors without a code -> class."""
    return {words: name for name, all_words in _shipped()["messages"].items() for words in all_words}


@cache
def _spoken() -> Mapping[str, Mapping[str, str]]:
    """Code -> words of its messages -> class, for codes that speak of more than one class."""
    return {
        code: {words: name for name, all_words in classes.items() for words in all_words}
        for code, classes in _shipped()["spoken"].items()
    }


@cache
def table() -> Mapping[str, str]:
    """Code -> class for every code that the shipped table lists. Raises ValueError where it contradicts itself."""
    parts = [part for title, part in _shipped().items() if title not in ("messages", "spoken")]
    listed = [(code, name) for part in parts for name, codes in part.items() for code in codes]
    found = dict(listed)
    named = {name for _, name in listed} | {name for words in _spoken().values() for name in words.values()}
    if unknown := sorted(named - set(CLASSES)):
        raise ValueError(f"classes.toml: no such class: {', '.join(unknown)}")
    if len(found) != len(listed):
        twice = sorted(code for code in found if sum(code == other for other, _ in listed) > 1)
        raise ValueError(f"classes.toml: listed twice: {', '.join(twice)}")
    return found
