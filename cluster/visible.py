"""Strangers' text for a person's eyes: nothing in it acts on a terminal or hides in a page."""

from __future__ import annotations

import re

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The text with every character that could act unseen spelled out as `\u{..}`; line feeds and tabs stay."""
    return _INVISIBLE.sub(_spelled, text.replace("\r\n", "\n"))


def _spelled(match: re.Match[str]) -> str:
    point = ord(match.group())
    return "\ufffd" if 0xD800 <= point <= 0xDFFF else f"\\u{{{point:x}}}"
