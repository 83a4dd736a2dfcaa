"""What a pull request asks for, as a user would put it to an agent: its title and body, without what speaks to people
who review it. Not promised: that the words say all that the change does.
"""

from __future__ import annotations

import re

from oxidizer.datasets.task.wording import cut_lines

_BODY_BYTES = 4 << 10
_LEAST = 2
"""Words that name a thing, in a title that a person could act on; of a body more are asked, it has more to say."""
_LEAST_OF_BODY = 6
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ASIDE = re.compile(
    r"^[ \t]*(?:[-*] \[[ xX]\].*|(?:r\?|(?:cc|ping|@?bors|@?homu)\b).*|@[\w-]+[^\w]*"
    r"|(?:(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|see|refs?|part of|related to)\b:?[ \t]*)+"
    r"(?:\S*#\d+|https?://\S+)[\s.,]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_MENTION = re.compile(r"(?<![\w`/.])@[A-Za-z][\w-]*")
_BLANK = re.compile(r"\n\s*\n\s*\n+")
_WORD = re.compile(r"[A-Za-z_][\w:']{2,}|`[^`]+`")
_LINK = re.compile(r"https?://\S+")
_VAGUE = frozenset(re.findall(
    r"\w+",
    """
    add added adds adding address addressed again all and another apply are attempt branch bug bump change changed
    changelog changes clean cleanup code comment comments commit commits crate dev develop edit few file files final
    finish fix fixed fixes fixing fixup for format formatting from improve improved improvements into issue issues
    lint lints main make making master merge merged merging minor misc more new nit nits now old other patch pull
    refactor refactoring release remove removed removes request review rework rust rustfmt small some squash stuff
    suggestion suggestions test tests that the them these thing things this tidy tweak tweaks typo typos update
    updated updates use using various version warning warnings wip with work
    """,
))  # fmt: skip


def request_of(title: str, body: str) -> str | None:
    """The words of a title and a body that ask for something; None where nobody could act on them."""
    body = _ASIDE.sub("", _COMMENT.sub("", body.replace("\r\n", "\n")))
    title, body = _said(title).strip(), _BLANK.sub("\n\n", _said(body)).strip()
    if len(_telling(title)) < _LEAST and len(_telling(body)) < _LEAST_OF_BODY:
        return None
    return "\n\n".join(filter(None, (title, cut_lines(body, _BODY_BYTES))))


def _said(text: str) -> str:
    return _MENTION.sub("someone", text)


def _telling(text: str) -> set[str]:
    """The different words of a text that name something."""
    words = {word.lower().strip("':") for word in _WORD.findall(_LINK.sub(" ", text))}
    return {word for word in words if word not in _VAGUE}
