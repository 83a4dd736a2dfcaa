"""What is said of a pull request, from its commits and from the archive; and who is not named."""

import time
from pathlib import Path

import pytest

from oxidizer.miners.pulls.archive.words import CommentWords, IssueWords, PullWords, ReviewWords, Side
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.objects import Objects
from oxidizer.miners.pulls.wording import archived, plain, wording_of
from tests.unit.made_repository import MadeRepository

WORDS = PullWords(
    title="Round up", body="It rounded down.\n\nFixes #7\n\nSigned-off-by: A <a@b.c>",
    reviews=(ReviewWords("approved", "Good.\nReviewed-by: B <b@c.d>"), ReviewWords("changes_requested", "")),
    labels=("bug",), merge_commit=None, merged=True,
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
        ("Merge #2\n\n2: Fix overflow r=cuviper a=bluss\n\nIt wraps.", "Merge #2\n\nFix overflow\n\nIt wraps."),
        ("Merge #2\n\n2: Read r=2 again a=bot[bot]", "Merge #2\n\nRead r=2 again"),
        ("Merge #2\n\n2: Fix", "Merge #2\n\nFix"),
        ("Merge #12\n\n2: of 12 r=x", "Merge #12\n\n2: of 12 r=x"),
        ("Merge pull request 330 from alice/fix", "Merge pull request 330"),
        ("Make it unsafe (fixes #8); r=alice\n\nYes.", "Make it unsafe (fixes #8)\n\nYes."),
        ("Merge pull request #9 from alice/fix\n\nMake it safe [r=alice,bob]", "Merge pull request #9\n\nMake it safe"),
        ("Call f(q=1, r=2)", "Call f(q=1, r=2)"),
        ("Merge #2: Fix overflow", "Merge #2: Fix overflow"),
        ("Rollup merge of #123 - alice:fix-it, r=bob\n\nFix", "Rollup merge of #123\n\nFix"),
        ("Fix\n\n    Signed-off-by: A B <a@b.c>\nReported by: Joe <joe@x.org>\nEnd", "Fix\n\nEnd"),
        ("Fix\n\nCc: joe\nHelped-by: Joe\nAuthor: Joe\r\nAny thing: Joe <joe@x.org>\n- Tested-by: Joe", "Fix"),
        ("Fix\n\nr? @alice\n@bors r+\nbors: r=alice\n* Merge branch 'main' of github.com:joe/x", "Fix"),
        ("Fix\n\nCaused by: overflow, see a<b@c\nfirst: x", "Fix\n\nCaused by: overflow, see a<b@c\nfirst: x"),
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


def test_a_title_that_bors_wrote_is_the_title_alone(tmp_path: Path) -> None:
    title, body, _ = told(tmp_path, "Merge #12\n\n12: Fix overflow r=cuviper a=bluss\n\nIt wraps.\n")
    assert (title, body) == ("Fix overflow", "It wraps.")


@pytest.mark.parametrize(
    "line", ["<@" * 8000, "a: " + "<a@" * 5000, " " * 16000 + "x", "12: " + " r= a=" * 2500, "; r=a" * 3000 + "("]
)
def test_no_line_takes_long(line: str) -> None:
    began = time.process_time()
    plain(f"Merge #12\n\n{line}".encode())
    plain(line.encode())
    assert time.process_time() - began < 1.0


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
    assert [(review.state, review.body) for review in words.reviews] == [
        ("approved", "Good."), ("changes_requested", ""),
    ]  # fmt: skip
    assert (without.title, without.checks, without.reviews) == ("Something", None, ())
