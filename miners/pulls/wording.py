"""What is said of a pull request: by the archive where it tells, else by the commits of its history.

Who wrote, reviewed or merged it is not kept: what names them in messages and bodies is taken out. Whom sentences
mention, stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from oxidizer.datasets.records import Review, ReviewComment
from oxidizer.miners.pulls.archive.words import PullWords
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.objects import Objects

_NAMES_ONE = re.compile(
    r"^[ \t>*-]*(?:"
    # Any trailer with an address behind it, then those that are known to name people without one.
    r"\w[\w -]*:.*<[^\s<>@]+@[^\s<>]+>"
    r"|(?:signed-off|co-authored|co-developed|authored|written|reviewed|acked|tested|reported|suggested|requested"
    r"|approved|helped|mentored|found|spotted|noticed|diagnosed|debugged|merged|committed|submitted)[- ]by:"
    r"|(?:authors?|committer|reviewers?|cc|thanks-to):"
    r"|\[?[rf]=|r\?[ \t]*@|@?(?:bors|homu)\b:?.*\br[=+]"
    r"|Merge (?:remote-tracking )?branch(?:es)? '"
    r").*\n?",
    re.IGNORECASE | re.MULTILINE,
)
"""A line that says who made, read, tested or landed something; branches and their places are named after owners."""
_HEADS = r"Merge pull request #?|Auto merge of #|Rollup merge of #|Merge #"
_LANDED = re.compile(rf"\A({_HEADS})(\d+)\b(?!:).*", re.IGNORECASE)
_MERGE = re.compile(rf"\A(?:{_HEADS})\d+:?\s*", re.IGNORECASE)
_REVIEWER = re.compile(
    r"(?:[;,.] r=[a-z@][\w@,-]*| \[r=[\w@,-]+\]| \(r=[\w@,-]+\))[ \t]*$", re.IGNORECASE | re.MULTILINE
)
"""Of a line that ends in who reviewed it."""
_BY, _FOR = re.compile(r" r=\S+$"), re.compile(r" a=\S+$")
_NUMBER = re.compile(r"\s*\(#\d+\)\s*\Z")
_COMMITS = 30
_CHARACTERS = 16_384

Checks = Literal["pass", "fail"]


@dataclass(frozen=True)
class Wording:
    """A pull request in words."""

    title: str
    body: str
    messages: tuple[str, ...]
    """Of its commits, the one that landed first."""
    labels: tuple[str, ...] = ()
    comments: tuple[ReviewComment, ...] = ()
    reviews: tuple[Review, ...] = ()
    checks: Checks | None = None
    """What GitHub's checks of its head came to, where that is known."""

    @property
    def commit_msg(self) -> str:
        """All messages."""
        return "\n\n".join(dict.fromkeys(self.messages))


def wording_of(objects: Objects, pull: Pull, told: Mapping[str, Any] | None) -> Wording:
    """What is known of a pull request; `told` is what `archived` made of the archive's words. Raises GitError."""
    commits = [pull.after, *_commits(objects, pull)]
    messages = tuple(filter(None, (plain(objects.commit(oid).message) for oid in commits)))
    title, _, body = _untitled(messages[0] if messages else "", messages).partition("\n")
    told = told or {}
    body = body if told.get("body") is None else told["body"]
    return Wording(
        _NUMBER.sub("", told.get("title") or title).strip(), body.strip(),
        messages, tuple(told.get("labels", ())), tuple(ReviewComment(**c) for c in told.get("comments", ())),
        tuple(Review(**r) for r in told.get("reviews", ())), told.get("checks"),
    )  # fmt: skip


def archived(words: PullWords | None, checks: Checks | None) -> dict[str, Any] | None:
    """What the archive tells, as plain data that travels with a unit; None where it tells nothing."""
    if words is None:
        return {"checks": checks} if checks else None
    issues = [f"#{issue.number}: {issue.title}\n\n{issue.body or ''}".strip() for issue in words.issues if issue.title]
    body = None if words.body is None else "\n\n".join(map(_nameless, [words.body, *issues]))[:_CHARACTERS]
    return {
        "title": words.title, "body": body, "labels": list(words.labels), "checks": checks,
        "comments": [
            {"file": c.path, "line": None if c.is_removed else c.line, "hunk": c.hunk,
             "body": _nameless(c.body)[:_CHARACTERS]}
            for c in words.comments
        ],
        "reviews": [{"state": r.state, "body": _nameless(r.body)[:_CHARACTERS]} for r in words.reviews],
    }  # fmt: skip


def plain(message: bytes) -> str:
    """A commit's message without what names those who made and landed it."""
    text = message.decode("utf-8", "replace")[:_CHARACTERS].strip().replace("\r\n", "\n")
    if landed := _LANDED.match(text):
        text = f"{landed[1]}{landed[2]}{_unsaid(text[landed.end() :], landed[2])}"
    return _nameless(_REVIEWER.sub("", text))


def _unsaid(text: str, number: str) -> str:
    """What stands behind a merge, its title as it was before bors put number, reviewer and author around it."""
    blank, title, rest = text.partition(f"{number}: ")
    if blank.strip() or not title:
        return text
    title, end, rest = rest.partition("\n")
    return blank + _BY.sub("", _FOR.sub("", title.rstrip())) + end + rest


def _nameless(text: str) -> str:
    return _NAMES_ONE.sub("", text).strip()


def _untitled(landed: str, messages: Sequence[str]) -> str:
    """The title and body that stand in the landing commit, behind what git or a bot wrote; else the last commit's."""
    said = _MERGE.sub("", landed).strip()
    if said:
        return said
    return messages[-1] if len(messages) > 1 else landed


def _commits(objects: Objects, pull: Pull) -> list[str]:
    """The commits of the author's branch, or of a rebase those that landed, the newest first."""
    last = pull.head or (pull.after if pull.kind == "rebase" else None)
    if last is None:
        return []
    said = objects.run("rev-list", "--no-merges", f"--max-count={_COMMITS}", last, f"^{pull.before}")
    return [oid for oid in said.decode().split() if oid != pull.after]
