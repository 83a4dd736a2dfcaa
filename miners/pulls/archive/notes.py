"""What events say, noted thing by thing: of each thing the last word counts, in whatever order events come."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from oxidizer.miners.pulls.archive.events import Event, Stamp
from oxidizer.miners.pulls.archive.fields import Fields
from oxidizer.miners.pulls.archive.words import CommentWords, ReviewWords, Side

_BOTS = frozenset({
    "bors", "bors-servo", "cla-bot", "codecov", "codecov-commenter", "codecov-io", "coveralls", "dependabot",
    "dependabot-preview", "googlebot", "highfive", "homu", "houndci-bot", "mergify", "rust-highfive",
    "rust-log-analyzer", "rust-timer", "rustbot", "travisbot", "triagebot",
})  # fmt: skip
_PULL_ADDRESS = re.compile(r"/pulls?/([1-9]\d{0,8})(?=[/?#]|$)")
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@")
_STATES = frozenset({"approved", "changes_requested", "commented", "dismissed"})
_OUTCOMES = {
    "success": "pass", "failure": "fail", "error": "fail", "timed_out": "fail", "startup_failure": "fail",
    "neutral": "nothing", "skipped": "nothing",
}  # fmt: skip
"""What a state or a conclusion says of a commit; any other, such as pending or cancelled, leaves it open."""
_NO_BUILD = re.compile(r"codecov|coverall|coverage|license/|cla/|cla$|dco$", re.IGNORECASE)
"""Checks of the share of lines that tests run, and of signed papers, judge no build."""


class Latest:
    """Values by key, each the one with the latest stamp."""

    def __init__(self) -> None:
        self._of: dict[Hashable, tuple[Stamp, str, Any]] = {}

    def note(self, key: Hashable, stamp: Stamp, value: Any) -> None:
        """Keep the value unless there is a later one; between values of one stamp the order of events never decides."""
        old, rank = self._of.get(key), repr(value)
        if old is None or (stamp, rank) > old[:2]:
            self._of[key] = (stamp, rank, value)

    def get(self, key: Hashable) -> Any:
        """The value; None where none was noted."""
        return self._of[key][2] if key in self._of else None

    def values(self) -> list[Any]:
        """All values that are not None, by their keys."""
        return [self._of[key][2] for key in sorted(self._of, key=_order) if self._of[key][2] is not None]


def _order(key: Any) -> tuple[int, str]:
    """An order of keys: numbers by size, the rest by what they read as."""
    return (key, "") if isinstance(key, int) else (0, repr(key))


@dataclass
class Thread:
    """What is noted of one number of a repository, an issue or a pull request."""

    is_pull: bool = False
    said: Latest = field(default_factory=Latest)
    """title, body, labels, merged, merge_commit, base and head."""
    reviews: Latest = field(default_factory=Latest)
    comments: Latest = field(default_factory=Latest)


class Notes:
    """What is noted of all wanted repositories."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self.threads: dict[tuple[str, int], Thread] = defaultdict(Thread)
        self.checks: dict[tuple[str, str], Latest] = defaultdict(Latest)

    def note(self, event: Event) -> None:
        """Note what one event says."""
        match event.kind:
            case "IssuesEvent" | "IssueCommentEvent":
                self._issue(event)
            case "StatusEvent":
                self._status(event)
            case "CheckRunEvent":
                self._check(event, event.payload.shape("check_run"), "run")
            case "CheckSuiteEvent":
                self._check(event, event.payload.shape("check_suite"), "suite")
            case _:
                self._pull(event)

    def _pull(self, event: Event) -> None:
        pull = event.payload.shape("pull_request")
        number = _pull_number(event.payload, pull)
        if number is None:
            self.counts["event: pull request without a number"] += 1
            return
        thread = self.threads[event.repo, number]
        thread.is_pull = True
        _note_words(thread, event.stamp, pull)
        _note_merge(thread, event, pull)
        _note_labels(thread, event.stamp, event.payload)
        if event.kind == "PullRequestReviewEvent":
            self._review(thread, event)
        elif event.kind == "PullRequestReviewCommentEvent":
            self._comment(thread, event)

    def _issue(self, event: Event) -> None:
        # Before 2015 an issue is a bare id here.
        issue = event.payload.shape_of("issue")
        number = issue.number("number")
        if not number:
            self.counts["event: issue without words"] += 1
            return
        thread = self.threads[event.repo, number]
        # An issue that is none of a pull request once had this object too, with nothing in it.
        thread.is_pull |= any(issue.shape_of("pull_request").text_of(key) for key in ("url", "html_url"))
        _note_words(thread, event.stamp, issue)

    def _review(self, thread: Thread, event: Event) -> None:
        review = event.payload.shape("review")
        id, state = review.number("id"), (review.text("state") or "").lower()
        if id is None or state not in _STATES:
            self.counts["event: review without an id or a known state"] += 1
        elif _is_bot(review, event):
            self.counts["words: of a bot"] += 1
        else:
            thread.reviews.note(id, event.stamp, ReviewWords(state, review.text("body") or ""))

    def _comment(self, thread: Thread, event: Event) -> None:
        comment = event.payload.shape("comment")
        id, path, body = comment.number("id"), comment.text("path"), comment.text("body")
        if _is_bot(comment, event):
            self.counts["words: of a bot"] += 1
        elif id is not None and event.payload.text("action") == "deleted":
            thread.comments.note(id, event.stamp, None)
        elif id is None or not path or not body:
            self.counts["event: review comment without an id, a path or a body"] += 1
        else:
            thread.comments.note(id, event.stamp, _comment_words(comment, path, body))

    def _status(self, event: Event) -> None:
        status = event.payload
        context = status.text("context") or "default"
        self._outcome(event, status.oid("sha"), ("status", context), context, status.text("state"))

    def _check(self, event: Event, check: Fields, kind: str) -> None:
        app = check.shape("app")
        name = check.text("name") or app.text("slug") or app.text("name") or ""
        conclusion = check.text("conclusion") if check.text("status") == "completed" else "pending"
        self._outcome(event, check.oid("head_sha"), (kind, app.number("id"), name), name, conclusion)

    def _outcome(self, event: Event, sha: str | None, source: Hashable, name: str, state: str | None) -> None:
        if sha is None or state is None:
            self.counts["event: check without a commit or a state"] += 1
        elif _NO_BUILD.match(name):
            self.counts["words: a check that judges no build"] += 1
        else:
            self.checks[event.repo, sha].note(source, event.stamp, _OUTCOMES.get(state.lower(), "open"))


def _pull_number(payload: Fields, pull: Fields) -> int | None:
    """The pull request's number; before 2015 a review comment tells it only in its addresses."""
    for said in (pull, payload):
        if number := said.number("number"):
            return number
    comment = payload.shape_of("comment")
    links = comment.shape_of("_links")
    addresses = (links.shape_of("pull_request").text_of("href"), links.shape_of("html").text_of("href"))
    for address in (comment.text_of("pull_request_url"), comment.text_of("html_url"), *addresses):
        if found := _PULL_ADDRESS.search(address):
            return int(found[1])
    return None


def _note_words(thread: Thread, stamp: Stamp, said: Fields) -> None:
    """Title, body and labels. What an event does not speak of stays as it was; a body of null is an empty one."""
    if (title := said.text("title")) is not None:
        thread.said.note("title", stamp, title)
    if said.has("body") and ((body := said.text("body")) is not None or said.fields["body"] is None):
        thread.said.note("body", stamp, body or "")
    _note_labels(thread, stamp, said)


def _note_labels(thread: Thread, stamp: Stamp, said: Fields) -> None:
    if isinstance(said.fields.get("labels"), list):
        names = {name for label in said.shapes("labels") if (name := label.text("name"))}
        thread.said.note("labels", stamp, tuple(sorted(names)))


def _note_merge(thread: Thread, event: Event, pull: Fields) -> None:
    """Whether it was merged, and as what: while it is open, its merge commit is only a trial."""
    merged = pull.flag("merged")
    if pull.text("merged_at") or event.payload.text("action") == "merged":
        merged = True
    elif merged is None and pull.has("merged_at"):
        merged = False
    if merged is not None:
        thread.said.note("merged", event.stamp, merged)
    if merged and (commit := pull.oid("merge_commit_sha")):
        thread.said.note("merge_commit", event.stamp, commit)
    for side in ("base", "head"):
        told = pull.shape(side)
        if told.fields:
            thread.said.note(side, event.stamp, Side(told.text("ref"), told.oid("sha")))


def _comment_words(comment: Fields, path: str, body: str) -> CommentWords:
    hunk = comment.text("diff_hunk") or ""
    line, is_removed = comment.number("line"), comment.text("side") == "LEFT"
    if line:
        return CommentWords(path, line, is_removed, hunk, body, comment.oid("commit_id"))
    # The line is gone since, or the event is older than numbers of lines are: the hunk tells where it was.
    commit = comment.oid("original_commit_id") or comment.oid("commit_id")
    if line := comment.number("original_line"):
        return CommentWords(path, line, is_removed, hunk, body, commit)
    line, is_removed = _last_line(hunk)
    return CommentWords(path, line, is_removed, hunk, body, commit)


def _last_line(hunk: str) -> tuple[int | None, bool]:
    """The line that a hunk ends in, and whether it was taken out; a comment's hunk ends in the commented line."""
    head, *rows = hunk.split("\n")
    start = _HUNK.match(head)
    rows = [row for row in rows if not row.startswith("\\")]
    if not start or not rows:
        return None, False
    is_removed = rows[-1].startswith("-")
    first, other = (int(start[1]), "+") if is_removed else (int(start[2]), "-")
    return first + sum(not row.startswith(other) for row in rows) - 1, is_removed


def _is_bot(said: Fields, event: Event) -> bool:
    """Whether a bot speaks: who wrote the words, and else who acted."""
    user = said.shape_of("user")
    login = (said.text_of("user") or user.text_of("login") or event.actor).lower()
    return login.endswith("[bot]") or login in _BOTS or user.text_of("type") == "Bot"
