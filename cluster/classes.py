"""The class of a diagnostic: which kind of lesson it teaches, from its tool and code alone.

The table is `classes.toml`; the rules for what it does not list stand in `class_of`. The class depends on nothing that
is installed, so that the same diagnostic has the same class on every machine. Not promised: that messages without a
code are told apart further than their tool allows.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

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


def class_of(tool: str, code: str | None) -> str:
    """The class of a diagnostic of `tool` (rustc, clippy, rustfmt, test, miri) with `code` as the tool prints it.

    rustfmt, tests and Miri have one class each. The compiler's codes are in the table; else a lint is `lint`, an E-code
    of a later compiler is `type`, and an error without a code is `syntax`: only the parser regularly gives none.
    """
    if tool in CLASS_OF_TOOL:
        return CLASS_OF_TOOL[tool]
    if code is None:
        return "syntax"
    return table().get(code) or ("type" if ERROR_CODE.fullmatch(code) else "lint")


@cache
def table() -> Mapping[str, str]:
    """Code -> class for every code that the shipped table lists. Raises ValueError where it contradicts itself."""
    shipped = tomllib.loads(Path(__file__).with_name("classes.toml").read_text(encoding="utf-8"))
    listed = [(code, name) for part in shipped.values() for name, codes in part.items() for code in codes]
    found = dict(listed)
    if unknown := sorted({name for _, name in listed} - set(CLASSES)):
        raise ValueError(f"classes.toml: no such class: {', '.join(unknown)}")
    if len(found) != len(listed):
        twice = sorted(code for code in found if sum(code == other for other, _ in listed) > 1)
        raise ValueError(f"classes.toml: listed twice: {', '.join(twice)}")
    return found
