"""The issues that a text says it closes, by the keywords that GitHub acts on."""

from __future__ import annotations

import re

_LONGEST = 1 << 17
"""Characters that are looked at; GitHub keeps fewer."""
_UNSAID = re.compile(r"<!--.*?(?:-->|\Z)|^(```|~~~).*?(?:^\1|\Z)|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_CLOSES = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?[ \t]+"
    r"(?:(?:https?://github\.com/)?(?P<repo>[\w.-]+/[\w.-]+)(?:#|/(?:issues|pull)/)|#|GH-)(?P<number>[1-9]\d{0,8})\b",
    re.IGNORECASE | re.ASCII,
)


def closed_issues(text: str, repo: str) -> set[int]:
    """The numbers of the issues of `repo` (`<org>/<name>`, any case) that `text` closes.

    Code and the comments of a template say nothing; issues of other repositories are left out.
    """
    said = _UNSAID.sub(" ", text[:_LONGEST])
    found = _CLOSES.finditer(said)
    return {int(each["number"]) for each in found if (each["repo"] or repo).lower() == repo.lower()}
