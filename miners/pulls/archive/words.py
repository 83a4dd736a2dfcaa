"""What people said of a pull request: the records that the event archive gives. No names of people are among them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReviewWords:
    """One review as a whole."""

    state: str
    """approved, changes_requested, commented or dismissed."""
    body: str


@dataclass(frozen=True)
class CommentWords:
    """One comment on a line of the diff."""

    path: str
    line: int | None
    """Counted from 1, in the file as it is in `commit`; for a line that was taken out, in the file before."""
    is_removed: bool
    """The line is one that was taken out."""
    hunk: str
    """The end of the hunk that the comment speaks of; its last line is the commented one."""
    body: str
    commit: str | None
    """The head that `line` was counted in."""


@dataclass(frozen=True)
class IssueWords:
    """An issue that the pull request says it closes."""

    number: int
    title: str | None
    """None where the archive does not tell."""
    body: str | None
    """None where the archive does not tell; empty where there is none."""


@dataclass(frozen=True)
class Side:
    """One side of a pull request."""

    ref: str | None
    """The branch's name."""
    sha: str | None


@dataclass(frozen=True)
class PullWords:
    """What is known of a pull request, as the last event that speaks of a thing tells it."""

    title: str | None
    """None where the archive does not tell."""
    body: str | None
    """None where the archive does not tell; empty where there is none."""
    reviews: tuple[ReviewWords, ...]
    """In the order in which they were begun. Left out: those of bots, and those that say nothing."""
    comments: tuple[CommentWords, ...]
    """In the order in which they were begun. Left out: those of bots, and deleted ones."""
    issues: tuple[IssueWords, ...]
    """By number."""
    labels: tuple[str, ...]
    merge_commit: str | None
    """The commit on the main line that holds it; None where it was not merged or the archive does not tell."""
    merged: bool | None
    """None where the archive does not tell."""
    base: Side
    head: Side
