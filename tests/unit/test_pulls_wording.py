"""What is said of a pull request, from its commits and from the archive; and who is not named."""

from pathlib import Path

import pytest

from oxidizer.miners.pulls.archive.words import CommentWords, IssueWords, PullWords, Side
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.objects import Objects
from oxidizer.miners.pulls.wording import archived, plain, wording_of
from tests.unit.made_repository import MadeRepository

WORDS = PullWords(
    title="Round up", body="It rounded down.\n\nFixes #7", reviews=(), labels=("bug",), merge_commit=None, merged=True,
    comments=(CommentWords("src/lib.rs", 3, True, "@@ hunk", "Why?", None),), issues=(IssueWords(7, "Wrong", "sum"),),
    base=Side(None, None), head=Side(None, None),
)  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Merge pull request #12 from alice/fix\n\nRound up\n", "Merge pull request #12\n\nRound up"),
        ("Auto merge of #12 - alice:fix, r=bob\n\nRound up", "Auto merge of #12\n\nRound up"),
        ("Round (#1)\n\nUp.\n\nCo-authored-by: A <a@b.c>\nSigned-off-by: A <a@b.c>", "Round (#1)\n\nUp."),
        ("Merge sort is stable", "Merge sort is stable"),
    ],
)  # fmt: skip
def test_who_made_and_landed_it_is_not_in_its_messages(message: str, kept: str) -> None:
    assert plain(message.encode()) == kept


def told(tmp_path: Path, landed: str) -> tuple[str, str, tuple[str, ...]]:
    repo = MadeRepository(tmp_path / "octo+one.git")
    base = repo.commit({"a": "1\n"}, "First")
    branch = repo.commit({"a": "2\n"}, "Round up\n\nIt rounded down.", on=base)
    after = repo.commit_tree(repo.tree({"a": "2\n"}, base), landed, [base, branch])
    pull = Pull("merge", 12, base, branch, after, 1, False)
    with Objects(repo.git_dir, tmp_path) as objects:
        words = wording_of(objects, pull, None)
    return words.title, words.body, words.messages


def test_words_behind_the_merge_are_its_title_else_those_of_its_last_commit(tmp_path: Path) -> None:
    title, body, messages = told(tmp_path / "1", "Merge pull request #12 from alice/fix\n\nRound sums up\n\nBody.")
    assert (title, body) == ("Round sums up", "Body.")
    assert messages[1:] == ("Round up\n\nIt rounded down.",)
    title, body, _ = told(tmp_path / "2", "Merge pull request #12 from alice/fix")
    assert (title, body) == ("Round up", "It rounded down.")


def test_the_archives_words_come_before_those_of_commits(tmp_path: Path) -> None:
    repo = MadeRepository(tmp_path / "octo+one.git")
    base = repo.commit({"a": "1\n"}, "First")
    after = repo.commit({"a": "2\n"}, "Something (#12)", on=base)
    said = archived(WORDS, "pass")
    with Objects(repo.git_dir, tmp_path) as objects:
        words = wording_of(objects, Pull("squash", 12, base, None, after, 1, False), said)
        without = wording_of(objects, Pull("squash", 12, base, None, after, 1, False), archived(None, None))
    assert (words.title, words.labels, words.checks) == ("Round up", ("bug",), "pass")
    assert words.body == "It rounded down.\n\nFixes #7\n\n#7: Wrong\n\nsum"
    (comment,) = words.comments
    assert (comment.file, comment.line, comment.hunk, comment.body) == ("src/lib.rs", None, "@@ hunk", "Why?")
    assert (without.title, without.checks) == ("Something", None)
