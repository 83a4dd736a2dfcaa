"""SPDX expressions: read, and reduced to what a list of licences allows.

Nothing here raises for any text; what is no expression reads as None.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import Any

from license_expression import ExpressionError, ExpressionParseError, LicenseWithExceptionSymbol, get_spdx_licensing

COPYLEFT = re.compile(
    r"(A|L)?GPL-|MPL-|EUPL-|CDDL-|EPL-|CPL-|OSL-|SSPL-|CECILL-(?!B)|MS-RL|QPL-|Sleepycat|ODbL-|GFDL-|CC-BY-SA-|RPL-|copyleft"
)
"""How the ids of licences begin that bind what is made from the work."""
_LONGEST = 1000


def parse(expression: str) -> Any:
    """The expression's tree; None where it is no SPDX expression. The old `MIT/Apache-2.0` means OR."""
    # No honest expression is as long; the parser goes as deep as a long one's parentheses.
    if len(expression) > _LONGEST:
        return None
    if "LicenseRef-" in expression or ("/" in expression and re.search(r"\bAND\b", expression, re.IGNORECASE)):
        return None
    try:
        return _spdx().parse(expression.replace("/", " OR "))
    except (ExpressionError, ExpressionParseError, IndexError):  # the last for empty parentheses
        return None


def choose(parsed: Any, allowed: frozenset[str]) -> Any:
    """What is left of an expression when only the allowed licences may be used; None where nothing is."""
    if _is_leaf(parsed):
        return parsed if parsed.render() in allowed else None
    kept = [left for part in parsed.args if (left := choose(part, allowed)) is not None]
    needed = len(parsed.args) if isinstance(parsed, _spdx().AND) else 1
    if len(kept) < needed:
        return None
    return kept[0] if len(kept) == 1 else type(parsed)(*kept)


def leaves(parsed: Any) -> frozenset[str]:
    """The licences that an expression names, each with its exception."""
    if _is_leaf(parsed):
        return frozenset({parsed.render()})
    return frozenset[str]().union(*map(leaves, parsed.args))


def named(licence: str) -> str | None:
    """A single licence, maybe with its exception, as SPDX spells it; None where SPDX has none of this name."""
    parsed = parse(licence)
    if parsed is None or not _is_leaf(parsed) or _spdx().unknown_license_keys(parsed):
        return None
    return None if getattr(parsed, "is_exception", False) else str(parsed.render())


def unknown(parsed: Any) -> frozenset[str]:
    """What an expression names and SPDX does not."""
    return frozenset(_spdx().unknown_license_keys(parsed))


def near(licence: str) -> str | None:
    """The SPDX id that a misspelt one is likeliest to mean."""
    ids = {known.lower(): known for known in _spdx().known_symbols if not known.startswith("LicenseRef-")}
    found = difflib.get_close_matches(licence.strip().lower().replace(" ", "-"), ids, n=1)
    return ids[found[0]] if found else None


def _is_leaf(parsed: Any) -> bool:
    return not getattr(parsed, "args", ()) or isinstance(parsed, LicenseWithExceptionSymbol)


@cache
def _spdx() -> Any:
    return get_spdx_licensing()
