"""What is said of a pull request: by the archive where it tells, else by the commits of its history.

Who wrote, reviewed or merged it is not kept: what names them in messages is taken out. Whom words mention, stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from oxidizer.datasets.records import ReviewComment
from oxidizer.miners.pulls.archive.words import PullWords
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.objects import Objects

_TRAILER = re.compile(
    r"^(signed-off-by|co-authored-by|reviewed-by|acked-by|tested-by|reported-by|suggested-by|approved-by|[rf]=).*\n?",
    re.IGNORECASE | re.MULTILINE,
)
_LANDED_BY = re.compile(r"\A(Merge pull request #\d+|Auto merge of #\d+|Merge #\d+)\b.*", re.IGNORECASE)
"""Of who landed it, and from where: a branch is named after its owner."""
_MERGE = re.compile(r"\A(Merge pull request #\d+|Auto merge of #\d+|Merge #\d+)\s*\n*", re.IGNORECASE)
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
        told.get("checks"),
    )  # fmt: skip


def archived(words: PullWords | None, checks: Checks | None) -> dict[str, Any] | None:
    """What the archive tells, as plain data that travels with a unit; None where it tells nothing."""
    if words is None:
        return {"checks": checks} if checks else None
    issues = [f"#{issue.number}: {issue.title}\n\n{issue.body or ''}".strip() for issue in words.issues if issue.title]
    body = None if words.body is None else "\n\n".join([words.body, *issues])[:_CHARACTERS]
    return {
        "title": words.title, "body": body, "labels": list(words.labels), "checks": checks,
        "comments": [
            {"file": c.path, "line": None if c.is_removed else c.line, "hunk": c.hunk, "body": c.body[:_CHARACTERS]}
            for c in words.comments
        ],
    }  # fmt: skip


def plain(message: bytes) -> str:
    """A commit's message without what names those who made and landed it."""
    text = message.decode("utf-8", "replace")[:_CHARACTERS].strip()
    return _TRAILER.sub("", _LANDED_BY.sub(r"\1", text)).strip()


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
