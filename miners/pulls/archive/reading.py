"""GitHub's public event archive: what its hour files tell of the pull requests of wanted repositories.

Memory grows with what is kept, never with the files. Files of any age are read: the public timeline of before 2015, the
events of since then, and those of since October 2025, which tell little more than numbers and commits. What a file does
not tell is not known; what is broken in it is passed over and counted by reason. Lines that start with another
repository's name are counted as such without being parsed, so that what is broken behind their start is not seen.

A renamed repository is followed by its id: hours are read from the newest on, and from the first event under a wanted
name on, older events under other names are that repository's too. Ask by the name that it has today.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from typing import Literal

from oxidizer.miners.pulls.archive.closing import closed_issues
from oxidizer.miners.pulls.archive.events import Wanted, events
from oxidizer.miners.pulls.archive.hours import ArchiveError, find_hours
from oxidizer.miners.pulls.archive.notes import Notes, Thread
from oxidizer.miners.pulls.archive.words import CommentWords, IssueWords, PullWords, ReviewWords, Side

__all__ = ["Archive", "ArchiveError", "CommentWords", "IssueWords", "PullWords", "ReviewWords", "Side", "read_archive"]

Progress = Callable[[int, int], None]
"""Told after each file: how many were read, how many there are."""


class Archive:
    """What was read."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._by_commit: dict[tuple[str, str], list[int]] = defaultdict(list)
        """(repository, commit) → the pull requests that were merged as it, or whose head it is."""
        for (repo, number), thread in notes.threads.items():
            for commit in {_merge_commit(thread), (thread.said.get("head") or _NO_SIDE).sha}:
                if commit:
                    self._by_commit[repo, commit].append(number)

    @property
    def counts(self) -> Counter[str]:
        """Files, lines and events by what became of them, and why."""
        return self._notes.counts

    def landed(
        self, repo: str, after: str, head: str | None, number: int | None, *, is_vouched: bool = False
    ) -> PullWords | None:
        """What is known of the pull request that landed as the commit `after`, its branch's newest commit being `head`.

        Commits tell which one it is. By its number alone it is known only where the archive tells no commit of that
        one, or where the number is vouched for: with imported history came other repositories' numbers.
        """
        for commit in filter(None, (after, head)):
            numbers = self._by_commit.get((repo.lower(), commit), ())
            # A branch may have been proposed twice.
            ranked = sorted(numbers, key=lambda n: (n != number, not self._is_merged(repo, n), n))
            if ranked:
                return self.pull(repo, ranked[0])
        said = self.pull(repo, number) if number is not None else None
        tells = said is not None and (said.merge_commit or said.head.sha)
        return said if is_vouched or not tells else None

    def _is_merged(self, repo: str, number: int) -> bool:
        return bool(self._notes.threads[repo.lower(), number].said.get("merged"))

    def pull(self, repo: str, number: int) -> PullWords | None:
        """What is known of a pull request; None where nothing is."""
        thread = self._notes.threads.get((repo.lower(), number))
        if thread is None or not thread.is_pull:
            return None
        said = thread.said
        return PullWords(
            title=said.get("title"), body=said.get("body"), reviews=_reviews(thread),
            comments=tuple(thread.comments.values()), issues=self._issues(repo, number, thread),
            labels=said.get("labels") or (), merge_commit=_merge_commit(thread), merged=said.get("merged"),
            base=said.get("base") or _NO_SIDE, head=said.get("head") or _NO_SIDE,
        )  # fmt: skip

    def checks(self, repo: str, sha: str) -> Literal["pass", "fail"] | None:
        """What the checks of a commit said; None where the archive does not tell, or where one was left open."""
        latest = self._notes.checks.get((repo.lower(), sha))
        outcomes = set(latest.values()) if latest else set()
        if "fail" in outcomes:
            return "fail"
        return "pass" if "pass" in outcomes and "open" not in outcomes else None

    def _issues(self, repo: str, number: int, thread: Thread) -> tuple[IssueWords, ...]:
        text = f"{thread.said.get('title') or ''}\n\n{thread.said.get('body') or ''}"
        return tuple(self._issue(repo, closed) for closed in sorted(closed_issues(text, repo) - {number}))

    def _issue(self, repo: str, number: int) -> IssueWords:
        thread = self._notes.threads.get((repo.lower(), number)) or Thread()
        return IssueWords(number, thread.said.get("title"), thread.said.get("body"))


_NO_SIDE = Side(None, None)


def _merge_commit(thread: Thread) -> str | None:
    commit: str | None = thread.said.get("merge_commit") if thread.said.get("merged") else None
    return commit


def _reviews(thread: Thread) -> tuple[ReviewWords, ...]:
    """The reviews, but for those that only hold comments together."""
    return tuple(review for review in thread.reviews.values() if review.body or review.state != "commented")


def read_archive(place: str, repositories: Collection[str], *, progress: Progress | None = None) -> Archive:
    """Read the hour files (`YYYY-MM-DD-H.json.gz`) at `place`, a folder or a URI that pyarrow knows.

    `repositories` are `<org>/<name>`, in any case. Raises ArchiveError where there is nothing to read or to look for,
    or where the file system fails; nothing that stands in a file raises.
    """
    bare = sorted(name for name in repositories if name.count("/") != 1 or not all(name.split("/")))
    if bare or not repositories:
        what = f"{bare[0]!r} is no repository" if bare else "no repositories are asked for"
        raise ArchiveError(f"{what}: name them as <org>/<name>")
    hours, wanted, notes = find_hours(place), Wanted.of(repositories), Notes(Counter())
    for done, path in enumerate(hours.paths, 1):
        for event in events(hours.lines(path, notes.counts), wanted, notes.counts):
            notes.note(event)
        notes.counts["file: read"] += 1
        if progress:
            progress(done, len(hours.paths))
    return Archive(notes)
