"""Which issues a text closes: GitHub's keywords, and what only looks like them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.miners.pulls.archive.closing import closed_issues

REPO = "octo-org/Hello-World"
WORDS = ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"]


@pytest.mark.parametrize("word", WORDS)
def test_every_keyword(word: str) -> None:
    assert closed_issues(f"It {word} #12.", REPO) == {12}
    assert closed_issues(f"{word.upper()}: #3", REPO) == {3}


@pytest.mark.parametrize(
    "text",
    [
        "Fixes octo-org/hello-world#4", "fixes GH-4", "Closes https://github.com/octo-org/Hello-World/issues/4",
        "resolves: #4, and see #5", "fixed\t#4\nfixed #4",
    ],
)  # fmt: skip
def test_ways_to_name_an_issue(text: str) -> None:
    assert closed_issues(text, REPO) == {4}


@pytest.mark.parametrize(
    "text",
    [
        "see #4", "prefix #4", "fixes 4", "fixes #0", "fixes #4a", "fixes other/name#4", "<!-- Fixes #4 -->",
        "<!-- e.g.\nFixes #4", "`fixes #4`", "```\nfixes #4\n```", "fixes # 4", "fixing #4", "fixes#4",
        "Fixes https://gitlab.com/octo-org/Hello-World/issues/4",
    ],
)  # fmt: skip
def test_what_closes_nothing(text: str) -> None:
    assert closed_issues(text, REPO) == set()


def test_several_and_those_after_code() -> None:
    assert closed_issues("Fixes #1, fixes #2\n```\nfixes #3\n```\ncloses #5 <!-- fixes #6 -->", REPO) == {1, 2, 5}


@given(st.text(alphabet="<!->`~#fixes 1\n/"))
def test_a_keyword_before_any_text_is_found(text: str) -> None:
    assert 7 in closed_issues(f"fixes #7\n\n{text}", REPO)


@pytest.mark.parametrize("piece", ["<!--", "`", "```\n", "fix ", "close: ", "\n```", "a.b-", "fixes a/"])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    closed_issues(piece * 100_000, REPO)
    assert time.process_time() - began < 5
