"""The error codes of rustc and how one may be met: by anybody, with an unstable feature only, or no longer.

All codes are those of the table of classes, which is total; how each may be met is `errorcodes.toml`. Not promised:
that nobody meets an `unstable` code on a stable compiler. It goes by the code's own example, and a few have another
cause too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from oxidizer.cluster.classes import ERROR_CODE, table

_RETIRED = "no longer emitted by the compiler"
_INTERNAL = "internal to the compiler"
_EXAMPLE = re.compile(r"^```.*?\n(.*?)^```", re.DOTALL | re.MULTILINE)


@cache
def standing() -> Mapping[str, str]:
    """Every error code -> `current`, `unstable` or `retired`."""
    listed = tomllib.loads(Path(__file__).with_name("errorcodes.toml").read_text(encoding="utf-8"))
    kinds = {code: kind for kind in ("retired", "unstable") for code in listed[kind]}
    return {code: kinds.get(code, "current") for code in sorted(table()) if ERROR_CODE.fullmatch(code)}


def standing_of(explanation: str) -> str:
    """The same of one code, by what `rustc --explain` prints for it."""
    if _RETIRED in explanation:
        return "retired"
    example = _EXAMPLE.search(explanation)
    unstable = _INTERNAL in explanation or (example and "#![feature(" in example[1])
    return "unstable" if unstable else "current"
