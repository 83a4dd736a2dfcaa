"""Lines of the event archive become events of wanted repositories; what is not wanted is passed over unparsed.

Since 2015 a line starts with its id, type, actor and repository, and that start alone decides: names in what people
wrote stand between escaped quotes and are never taken for it. Any other line is parsed. The public timeline of before
2015 tells the repository apart (`repository`, with `owner` and `name`), and its actor is a text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oxidizer.miners.pulls.archive.fields import Fields

TOLD = frozenset({
    "PullRequestEvent", "PullRequestReviewEvent", "PullRequestReviewCommentEvent", "IssuesEvent", "IssueCommentEvent",
    "CheckRunEvent", "CheckSuiteEvent", "StatusEvent",
})  # fmt: skip
"""The types of events that tell something of pull requests."""

IDLE = frozenset({
    "CommitCommentEvent", "CreateEvent", "DeleteEvent", "DeploymentEvent", "DeploymentStatusEvent", "DiscussionEvent",
    "DownloadEvent", "FollowEvent", "ForkApplyEvent", "ForkEvent", "GistEvent", "GollumEvent", "MemberEvent",
    "PublicEvent", "PullRequestReviewThreadEvent", "PushEvent", "ReleaseEvent", "SponsorshipEvent", "TeamAddEvent",
    "WatchEvent",
})  # fmt: skip
"""The other types that GitHub documents, or once did."""

_IDLE = frozenset(name.encode() for name in IDLE)
_TYPE = re.compile(rb'\{"id":"\d+","type":"(\w+)","actor":\{')
_REPO = re.compile(rb'"repo":\{"id":(\d{1,18}),"name":"([\w.-]+/[\w.-]+)"')
_START = 2048
"""Within so many bytes a line of today has named its repository."""
_HINTS = (b'"PullRequest', b'"Issue', b'"Check', b'"StatusEvent')
_SPACE = re.compile(r"[\s\0]*")
_DECODER = json.JSONDecoder()
_ADDRESS = re.compile(r"https?://(?:api\.)?github\.(?:com|dev)/(?:repos/)?([\w.-]+/[\w.-]+)")
_TIMES = ("%Y-%m-%dT%H:%M:%S%z", "%Y/%m/%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %z")

Stamp = tuple[int, int]
"""When an event was: UTC seconds, then its id."""


@dataclass(frozen=True)
class Event:
    """One event of a wanted repository."""

    kind: str
    """Its type, one of TOLD."""
    repo: str
    """The wanted name of its repository, in lower case, also where the event has another one."""
    stamp: Stamp
    actor: str
    """The login; to tell bots, never kept."""
    payload: Fields


@dataclass
class Wanted:
    """The repositories that are asked for, by name and by what is learned of their ids."""

    names: dict[str, str]
    """Names in lower case."""
    ids: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, repositories: Collection[str]) -> Wanted:
        """By `<org>/<name>`, in any case."""
        return cls({name.lower(): name.lower() for name in repositories})

    def find(self, name: str, id: int | None) -> str | None:
        """The wanted name that is meant, and its id learned; a renamed repository is known by its id."""
        if found := self.names.get(name.lower()):
            if id is not None:
                self.ids.setdefault(id, found)
            return found
        return None if id is None else self.ids.get(id)


def events(lines: Iterator[bytes], wanted: Wanted, counts: Counter[str]) -> Iterator[Event]:
    """The events among lines that tell something of wanted repositories. What is passed over is counted by reason."""
    for line in lines:
        if reason := _passed_over(line, wanted):
            counts[reason] += 1
            continue
        for value in _values(line, counts):
            if event := _event(value, wanted, counts):
                counts["event: read"] += 1
                yield event


def _passed_over(line: bytes, wanted: Wanted) -> str | None:
    """Why a line need not be parsed; None where it must be."""
    if typed := _TYPE.match(line):
        if typed[1] in _IDLE:
            return "event: of another type"
        named = line.find(b'},"repo":{', 0, _START)
        # No brace in between: it is the event's own repository, whatever the payload holds.
        if named >= 0 and line.find(b"{", typed.end(), named) < 0 and (repo := _REPO.match(line, named + 2)):
            found = wanted.find(repo[2].decode(), int(repo[1]))
            return None if found else "event: of another repository"
        return None
    if line.startswith(b"{") and line.endswith(b"}") and not any(hint in line for hint in _HINTS):
        return "event: of another type"
    return None


def _values(line: bytes, counts: Counter[str]) -> Iterator[Any]:
    """The JSON values of a line: one, but for lines whose ends were lost."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        counts["line: not UTF-8"] += 1
        text = line.decode("utf-8", "replace")
    at = _past_space(text, 0)
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            counts["line: not JSON"] += 1
            return
        yield value
        at = _past_space(text, at)


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _event(value: Any, wanted: Wanted, counts: Counter[str]) -> Event | None:
    if not isinstance(value, dict):
        counts["line: not an object"] += 1
        return None
    told = Fields(value, counts)
    payload = told.shape("payload")
    repo = _repository(told, payload, wanted)
    kind = told.text_of("type")
    if repo and kind in TOLD:
        return Event(kind, repo, (_seconds(told), told.number("id") or 0), _actor(told), payload)
    if not repo:
        counts["event: of another repository"] += 1
    else:
        counts["event: of another type" if kind in IDLE else "event: of an unknown type"] += 1
    return None


def _repository(told: Fields, payload: Fields, wanted: Wanted) -> str | None:
    """The wanted repository that an event is of; in some months of the archive only the payload names it."""
    for repo in (told.shape_of("repo"), told.shape_of("repository"), payload.shape_of("repository")):
        if name := _full_name(repo):
            return wanted.find(name, repo.number("id"))
    base = payload.shape_of("pull_request").shape_of("base").shape_of("repo")
    if name := _full_name(base):
        return wanted.find(name, base.number("id"))
    for key in ("issue", "comment"):
        if found := _ADDRESS.match(payload.shape_of(key).text_of("url")):
            return wanted.find(found[1], None)
    return None


def _full_name(repo: Fields) -> str | None:
    """`<org>/<name>` by any of the shapes that a repository has had."""
    name, full = repo.text_of("name"), repo.text_of("full_name")
    if "/" in full or "/" in name:
        return full or name
    owner = repo.text_of("owner") or repo.shape_of("owner").text_of("login")
    if owner and name:
        return f"{owner}/{name}"
    found = _ADDRESS.match(repo.text_of("url"))
    return found[1] if found else None


def _actor(told: Fields) -> str:
    return told.text_of("actor") or told.shape_of("actor").text_of("login")


def _seconds(told: Fields) -> int:
    """UTC; 0, before all others, where no time is told."""
    text = told.text("created_at") or ""
    for form in _TIMES:
        try:
            return int(datetime.strptime(text, form).timestamp())
        except (ValueError, OverflowError):
            continue
    told.counts["field: no time in created_at"] += 1
    return 0
