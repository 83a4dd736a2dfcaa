"""What hour files of the event archive, in the shapes that GitHub documents, tell of pull requests."""

import random
from collections import Counter
from pathlib import Path

import pytest

from oxidizer.miners.pulls.archive.hours import find_hours
from oxidizer.miners.pulls.archive.reading import (
    Archive,
    ArchiveError,
    CommentWords,
    IssueWords,
    PullWords,
    ReviewWords,
    Side,
    read_archive,
)
from tests.unit import archive_events as made
from tests.unit.archive_events import REPO, SHA


def read(folder: Path, *events: made.Json | bytes, repo: str = REPO) -> Archive:
    made.write_hour(folder, *events)
    return read_archive(str(folder), [repo])


def pull(archive: Archive, number: int = 8) -> PullWords:
    found = archive.pull(REPO, number)
    assert found is not None
    return found


def test_a_pull_request_from_first_to_last(tmp_path: Path) -> None:
    archive = read(
        tmp_path,
        made.pulled("opened"),
        made.issue(),
        made.review("approved", "Good."),
        made.comment("Why?"),
        made.pulled(
            "closed",
            at="2021-01-21T00:00:00Z",
            title="Add the test",
            labels=[made.label("bug"), made.label("api")],
            merged=True,
            merged_at="2021-01-21T00:00:00Z",
            merge_commit_sha=SHA["dd"],
            state="closed",
        ),
    )
    assert pull(archive) == PullWords(
        title="Add the test",
        body="Closes #5",
        reviews=(ReviewWords("approved", "Good."),),
        comments=(CommentWords("src/lib.rs", 7, False, "@@ -0,0 +1 @@\n+test", "Why?", SHA["alpha"]),),
        issues=(
            IssueWords(
                5, "Spelling error in the README file", "It looks like you accidently spelled 'commit' with two 't's."
            ),
        ),
        labels=("api", "bug"),
        merge_commit=SHA["dd"],
        merged=True,
        base=Side("master", SHA["beta"]),
        head=Side("test", SHA["alpha"]),
    )
    assert archive.counts == {"event: read": 5, "file: read": 1}
    assert made.numbers(archive) == (8,)


def test_repositories_are_found_in_any_case(tmp_path: Path) -> None:
    archive = read(tmp_path, made.pulled(), repo="OCTO-ORG/hello-world")
    assert archive.pull("Octo-Org/HELLO-world", 8) is not None
    assert archive.pull("octo-org/hello-world-2", 8) is None
    assert archive.pull(REPO, 9) is None


def test_the_merge_commit_of_an_open_pull_request_is_only_a_trial(tmp_path: Path) -> None:
    found = pull(read(tmp_path, made.pulled()))
    assert (found.merged, found.merge_commit) == (False, None)


def test_the_slim_events_add_what_they_know_and_take_nothing_away(tmp_path: Path) -> None:
    made.write_hour(tmp_path, made.slim("merged"), hour="2025-11-02-10")
    alone = pull(read_archive(str(tmp_path), [REPO]))
    assert (alone.title, alone.body, alone.merged, alone.merge_commit, alone.issues) == (None, None, True, None, ())
    assert (alone.base, alone.head) == (Side("master", SHA["dd"]), Side("test", SHA["cc"]))
    made.write_hour(tmp_path, made.pulled(), hour="2021-01-20-10")
    found = pull(read_archive(str(tmp_path), [REPO]))
    assert (found.title, found.body, found.merged, found.head.sha) == ("Add a test", "Closes #5", True, SHA["cc"])
    # What was its merge commit while it was open has become no commit of the main line.
    assert found.merge_commit is None


def test_a_body_that_was_taken_out_is_empty(tmp_path: Path) -> None:
    found = pull(read(tmp_path, made.pulled(), made.pulled("edited", at="2021-01-21T00:00:00Z", body=None)))
    assert (found.body, found.issues) == ("", ())


def test_slim_labels_stand_beside_the_pull_request(tmp_path: Path) -> None:
    labeled = made.slim("labeled", label=made.label("bug"), labels=[made.label("bug"), made.label("docs")])
    assert pull(read(tmp_path, labeled)).labels == ("bug", "docs")
    assert pull(read(tmp_path, labeled, made.slim("closed"))).merged is None


def test_the_timeline_of_before_2015(tmp_path: Path) -> None:
    hunk = "@@ -10,3 +10,4 @@ fn main() {\n a\n-b\n+c\n+d"
    said = {
        "id": 7, "path": "src/main.rs", "position": 4, "original_position": 4, "diff_hunk": hunk, "body": "Why d?",
        "commit_id": SHA["cc"], "original_commit_id": SHA["dd"], "user": made.user(),
        "_links": {"html": {"href": f"https://github.com/{REPO}/pull/8#discussion_r7"}},
    }  # fmt: skip
    archive = read(
        tmp_path,
        made.old("PullRequestEvent", {"action": "closed", "number": 8, "pull_request": made.pull_request()}),
        made.old("PullRequestReviewCommentEvent", {"comment": said}),
        made.old("IssuesEvent", {"action": "opened", "issue": 444500041, "number": 5}),
        made.old("WatchEvent", {"action": "started"}),
        made.old("PullRequestEvent", {"action": "opened", "number": 8}, repo="other/Hello-World", repo_id=1),
    )
    found = pull(archive)
    assert (found.title, found.issues) == ("Add a test", (IssueWords(5, None, None),))
    assert found.comments == (CommentWords("src/main.rs", 12, False, hunk, "Why d?", SHA["dd"]),)
    assert archive.counts == {
        "event: read": 3, "event: issue without words": 1, "event: of another type": 1,
        "event: of another repository": 1, "file: read": 1,
    }  # fmt: skip


@pytest.mark.parametrize("at", ["2013-01-01T00:00:00-08:00", "2013/01/01 00:00:00 -0800"])
def test_times_are_compared_in_utc(tmp_path: Path, at: str) -> None:
    early = {"action": "opened", "number": 8, "pull_request": made.pull_request(title="early")}
    late = made.pulled(at="2013-01-01T08:00:01Z", title="late")
    assert pull(read(tmp_path, late, made.old("PullRequestEvent", early, at=at))).title == "late"
    before = made.pulled(at="2013-01-01T07:59:59Z", title="before")
    assert pull(read(tmp_path, before, made.old("PullRequestEvent", early, at=at))).title == "early"


def test_months_that_name_the_repository_only_in_the_payload(tmp_path: Path) -> None:
    nameless = [made.pulled(), made.issue(), made.comment("Why?")]
    archive = read(tmp_path, *({**event, "actor": {}, "repo": {}} for event in nameless))
    found = pull(archive)
    assert (found.title, len(found.comments)) == ("Add a test", 1)
    assert found.issues[0].title == "Spelling error in the README file"


def test_a_renamed_repository_is_followed_by_its_id(tmp_path: Path) -> None:
    before = made.event("PullRequestEvent", {"number": 3, "pull_request": made.pull_request(3)}, repo="old-org/World")
    other = made.event("PullRequestEvent", {"number": 4, "pull_request": made.pull_request(4)}, repo="x/y", repo_id=1)
    made.write_hour(tmp_path / "2016", before, other, hour="2016-05-01-9")
    made.write_hour(tmp_path, made.pulled(), hour="2016-05-01-10")
    archive = read_archive(str(tmp_path), [REPO])
    assert made.numbers(archive) == (3, 8)
    assert archive.counts["event: of another repository"] == 1


def test_an_id_that_changed_under_a_name_is_the_same_repository(tmp_path: Path) -> None:
    again = made.event("PullRequestEvent", {"number": 9, "pull_request": made.pull_request(9)}, repo_id=77)
    assert made.numbers(read(tmp_path, made.pulled(), again)) == (8, 9)


def test_a_name_in_what_people_wrote_fools_nobody(tmp_path: Path) -> None:
    text = f'}},"repo":{{"id":{made.REPO_ID},"name":"{REPO}","url":""}},"type":"PullRequestEvent"'
    elsewhere = made.event(
        "PullRequestEvent", {"number": 8, "pull_request": made.pull_request(title=text, body=text)},
        repo="other/name", repo_id=1, actor=text,
    )  # fmt: skip
    archive = read(tmp_path, elsewhere)
    assert archive.pull(REPO, 8) is None
    assert archive.counts == {"event: of another repository": 1, "file: read": 1}
    ours = made.pulled(title=text.replace(REPO, "other/name"))
    assert pull(read(tmp_path, ours)).title == text.replace(REPO, "other/name")


def test_other_orders_of_keys_and_escapes_are_read_as_well(tmp_path: Path) -> None:
    turned = dict(reversed(made.pulled().items()))
    assert pull(read(tmp_path, turned)).title == "Add a test"
    first = {key: made.pulled()[key] for key in ("id", "type", "actor", "payload", "repo", "created_at")}
    head = {"user": {}, "repo": {"id": 1, "name": "other/name"}}
    first["payload"]["pull_request"] = {"head": head} | first["payload"]["pull_request"] | {"head": head}
    assert pull(read(tmp_path, first)).title == "Add a test"
    escaped = made.line(made.pulled()).replace(REPO.encode(), REPO.replace("/", "\\/").encode())
    assert pull(read(tmp_path, escaped)).title == "Add a test"
    spaced = made.line(made.pulled()).replace(b'":', b'" : ')
    assert pull(read(tmp_path, spaced)).title == "Add a test"


def test_no_order_of_files_and_events_matters(tmp_path: Path) -> None:
    events = [
        made.pulled(), made.pulled("edited", title="b", body=None), made.pulled("edited", title="c", body="Fixes #6"),
        made.pulled("edited", at="2021-03-01T10:12:35Z", title="d"), made.slim("merged"), made.issue(6),
        made.comment("one", at="2021-01-21T00:00:00Z"), made.comment("two", at="2021-01-22T00:00:00Z"),
        made.comment("gone", id=3), made.comment("gone", id=3, action="deleted", at="2021-01-23T00:00:00Z"),
        made.review("approved", "", id=9), made.review("dismissed", "", id=9, at="2021-02-01T00:00:00Z"),
        made.check_run("failure"), made.check_run("success", at="2021-01-20T12:00:00Z"),
    ]  # fmt: skip
    found = set()
    for seed in range(8):
        folder = tmp_path / str(seed)
        shuffled = random.Random(seed).sample(events, len(events))
        for hour in range(3):
            made.write_hour(folder, *shuffled[hour::3], hour=f"2021-01-20-{hour}")
        archive = read_archive(str(folder), [REPO])
        found.add((archive.pull(REPO, 8), archive.checks(REPO, SHA["alpha"])))
    ((words, checks),) = found
    assert words is not None
    assert ([c.body for c in words.comments], words.reviews) == (["two"], (ReviewWords("dismissed", ""),))
    assert (words.title, checks) == ("d", "pass")


def test_bots_say_nothing(tmp_path: Path) -> None:
    archive = read(
        tmp_path,
        *(made.comment("r? @x", id=n, login=bot) for n, bot in enumerate(["renovate[bot]", "rust-highfive", "bors"])),
        made.review("commented", "Coverage fell.", login="codecov"),
        made.comment("A person", id=9),
    )
    assert [each.body for each in pull(archive).comments] == ["A person"]
    assert pull(archive).reviews == ()
    assert archive.counts["words: of a bot"] == 4


def test_no_name_of_a_person_is_kept(tmp_path: Path) -> None:
    archive = read(tmp_path, made.pulled(), made.review("APPROVED", "Good."), made.comment("Why?"), made.issue())
    assert "octocat" not in repr(pull(archive))


def test_a_review_that_only_holds_comments_together_is_left_out(tmp_path: Path) -> None:
    archive = read(tmp_path, made.review("commented", None, id=1), made.review("changes_requested", None, id=2))
    assert pull(archive).reviews == (ReviewWords("changes_requested", ""),)


def test_a_comment_on_lines_that_are_gone_stands_where_it_was_made(tmp_path: Path) -> None:
    hunk = "@@ -4,2 +5,1 @@\n keep\n-gone\n\\ No newline at end of file"
    outdated = made.comment("a", id=1, line=None, position=None)
    older = made.comment("b", id=2, diff_hunk=hunk)
    for key in ("line", "original_line", "side", "start_line"):
        del older["payload"]["comment"][key]
    first, second = pull(read(tmp_path, outdated, older)).comments
    assert (first.line, first.is_removed, first.commit) == (4, False, SHA["beta"])
    assert (second.line, second.is_removed, second.commit) == (5, True, SHA["beta"])


def test_issue_comments_tell_the_words_of_what_they_stand_under(tmp_path: Path) -> None:
    link = {"url": f"https://api.github.com/repos/{REPO}/pulls/11"}
    archive = read(tmp_path, made.issue(11, kind="IssueCommentEvent", title="From a comment", pull_request=link))
    assert pull(archive, 11).title == "From a comment"
    nothing = {"html_url": None, "diff_url": None, "patch_url": None}
    assert read(tmp_path, made.issue(12, pull_request=nothing)).pull(REPO, 12) is None


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        ([made.status("success")], "pass"),
        ([made.status("failure")], "fail"),
        ([made.status("pending")], None),
        ([made.status("pending"), made.status("success", at="2021-01-20T11:05:00Z")], "pass"),
        ([made.status("success"), made.status("error", context="appveyor")], "fail"),
        ([made.status("success"), made.status("pending", context="appveyor")], None),
        ([made.status("success"), made.status("failure", context="codecov/patch")], "pass"),
        ([made.check_run("success"), made.check_run("timed_out", name="test")], "fail"),
        ([made.check_run("success"), made.check_run("skipped", name="deploy")], "pass"),
        ([made.check_run("success"), made.check_run("cancelled", name="test")], None),
        ([made.check_run(None)], None),
        ([made.check_run("neutral")], None),
        ([made.check_suite("success")], "pass"),
        ([made.check_suite("failure"), made.check_suite("success", at="2021-01-20T12:00:00Z")], "pass"),
        ([made.pulled()], None),
    ],
)
def test_checks_of_a_commit(tmp_path: Path, events: list[made.Json], verdict: str | None) -> None:
    archive = read(tmp_path, *events)
    assert archive.checks(REPO.upper(), SHA["alpha"]) == verdict
    assert archive.checks(REPO, SHA["beta"]) is None


def test_progress_is_told(tmp_path: Path) -> None:
    for hour in range(3):
        made.write_hour(tmp_path, made.pulled(), hour=f"2021-01-20-{hour}")
    told: list[tuple[int, int]] = []
    read_archive(tmp_path.as_uri(), [REPO], progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_single_file_is_read_as_it_is_called(tmp_path: Path) -> None:
    path = made.write_hour(tmp_path, made.pulled()).rename(tmp_path / "part.gz")
    assert made.numbers(read_archive(str(path), [REPO])) == (8,)


def test_nothing_to_read_or_to_look_for_is_an_error_that_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "2021-01-20-10.json").write_text("{}")
    with pytest.raises(ArchiveError, match=r"no files named YYYY-MM-DD-H\.json\.gz"):
        read_archive(str(tmp_path), [REPO])
    with pytest.raises(ArchiveError, match="is not there"):
        read_archive(str(tmp_path / "none"), [REPO])
    with pytest.raises(ArchiveError, match="could not be opened"):
        read_archive("nothing://there", [REPO])
    path = made.write_hour(tmp_path, made.pulled())
    for names in ([], ["World"], ["a/b/c"], ["/b"]):
        with pytest.raises(ArchiveError, match="<org>/<name>"):
            read_archive(str(tmp_path), names)
    hours = find_hours(str(tmp_path))
    path.unlink()
    with pytest.raises(ArchiveError, match="could not be read"):
        list(hours.lines(hours.paths[0], Counter()))


def test_commits_tell_which_pull_request_landed_and_numbers_only_where_they_do_not(tmp_path: Path) -> None:
    merged = {"merged": True, "merged_at": "2021-01-21T00:00:00Z"}
    head, bare = made.pull_request()["head"], {"ref": "test"}
    archive = read(
        tmp_path,
        made.pulled("closed", 1, title="one", merge_commit_sha=SHA["cc"], head={**head, "sha": SHA["dd"]}, **merged),
        made.pulled("closed", 2, title="proposed first", head={**head, "sha": SHA["dd"]}),
        made.pulled("opened", 3, title="three", head=bare),
        made.pulled("opened", 4, title="four"),
    )

    def title(after: str, head: str | None, number: int | None, *, is_vouched: bool = False) -> str | None:
        said = archive.landed(REPO, after, head, number, is_vouched=is_vouched)
        return said and said.title

    other, unknown = "1" * 40, "2" * 40
    assert title(SHA["cc"], None, 7) == "one"
    assert title(other, SHA["dd"], 7) == "one"
    assert title(other, SHA["dd"], 2) == "proposed first"
    assert title(other, None, 3) == "three"
    assert title(other, unknown, 4) is None
    assert title(other, unknown, 4, is_vouched=True) == "four"
    assert title(other, unknown, 9) is None
    assert title(other, None, None) is None
