"""Events in the shapes that GitHub documents for its events API and its webhooks, and hour files made of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from oxidizer.miners.pulls.archive.reading import Archive

Json = dict[str, Any]

REPO, REPO_ID = "octo-org/Hello-World", 186853002
SHA = {name: name[0] * 40 for name in ("alpha", "beta", "cc", "dd", "ee")}


def user(login: str = "octocat") -> Json:
    return {
        "login": login, "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "gravatar_id": "",
        "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
        "url": f"https://api.github.com/users/{login}", "html_url": f"https://github.com/{login}",
        "gists_url": f"https://api.github.com/users/{login}/gists{{/gist_id}}",
        "type": "Bot" if login.endswith("[bot]") else "User", "site_admin": False,
    }  # fmt: skip


def event(
    kind: str, payload: Json, *, repo: str = REPO, repo_id: int = REPO_ID, at: str = "2021-01-20T10:12:34Z",
    id: int = 14881217608, actor: str = "octocat",
) -> Json:  # fmt: skip
    """As the archive has it since 2015, in that order of keys."""
    return {
        "id": str(id), "type": kind,
        "actor": {
            "id": 583231, "login": actor, "display_login": actor, "gravatar_id": "",
            "url": f"https://api.github.com/users/{actor}",
            "avatar_url": "https://avatars.githubusercontent.com/u/583231?",
        },
        "repo": {"id": repo_id, "name": repo, "url": f"https://api.github.com/repos/{repo}"},
        "payload": payload, "public": True, "created_at": at,
    }  # fmt: skip


def _side(ref: str, sha: str) -> Json:
    org, name = REPO.split("/")
    repo = {
        "id": REPO_ID, "node_id": "MDEwOlJlcG9zaXRvcnkx", "name": name, "full_name": REPO, "private": False,
        "owner": user(org), "html_url": f"https://github.com/{REPO}", "url": f"https://api.github.com/repos/{REPO}",
    }  # fmt: skip
    return {"label": f"{org}:{ref}", "ref": ref, "sha": sha, "user": user(org), "repo": repo}


def pull_request(number: int = 8, **changed: Any) -> Json:
    """The whole object, as it was up to October 2025."""
    return {
        "url": f"https://api.github.com/repos/{REPO}/pulls/{number}", "id": 558121796,
        "node_id": "MDExOlB1bGxSZXF1ZXN0NTU4MTIxNzk2", "html_url": f"https://github.com/{REPO}/pull/{number}",
        "diff_url": f"https://github.com/{REPO}/pull/{number}.diff", "number": number, "state": "open",
        "locked": False, "title": "Add a test", "user": user(), "body": "Closes #5",
        "created_at": "2021-01-20T10:12:33Z", "updated_at": "2021-01-20T10:12:33Z", "closed_at": None,
        "merged_at": None, "merge_commit_sha": SHA["ee"], "assignee": None,
        "assignees": [], "requested_reviewers": [], "labels": [], "milestone": None, "draft": False,
        "head": _side("test", SHA["alpha"]), "base": _side("master", SHA["beta"]), "author_association": "OWNER",
        "active_lock_reason": None, "merged": False, "mergeable": None, "comments": 0, "review_comments": 0,
        "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1, **changed,
    }  # fmt: skip


def label(name: str) -> Json:
    return {"id": 1362934389, "node_id": "MDU6TGFiZWwx", "name": name, "color": "d73a4a", "default": True}


def pulled(action: str = "opened", number: int = 8, *, at: str = "2021-01-20T10:12:34Z", **changed: Any) -> Json:
    return event(
        "PullRequestEvent", {"action": action, "number": number, "pull_request": pull_request(number, **changed)}, at=at
    )


def slim(action: str, number: int = 8, *, at: str = "2025-11-02T10:00:00Z", **more: Any) -> Json:
    """What a pull request is told by since October 2025."""

    def side(ref: str, sha: str) -> Json:
        org, name = REPO.split("/")
        repo = {"id": REPO_ID, "url": f"https://api.github.com/repos/{org}/{name}", "name": name}
        return {"ref": ref, "sha": sha, "repo": repo}

    pull = {
        "url": f"https://api.github.com/repos/{REPO}/pulls/{number}", "id": 558121796, "number": number,
        "head": side("test", SHA["cc"]), "base": side("master", SHA["dd"]),
    }  # fmt: skip
    return event("PullRequestEvent", {"action": action, "number": number, "pull_request": pull, **more}, at=at)


def review(state: str, body: str | None, *, id: int = 572240862, login: str = "octocat", **more: Any) -> Json:
    said = {
        "id": id, "node_id": "MDE3", "user": user(login), "body": body, "commit_id": SHA["alpha"],
        "submitted_at": "2021-01-20T13:54:51Z", "state": state, "author_association": "OWNER",
        "html_url": f"https://github.com/{REPO}/pull/8#pullrequestreview-{id}",
    }  # fmt: skip
    pull = pull_request()
    # This event's object lacks what takes GitHub time to find out.
    del pull["merged"], pull["mergeable"]
    return event(
        "PullRequestReviewEvent", {"action": "created", "review": said, "pull_request": pull}, actor=login, **more
    )


def comment(body: str, *, id: int = 560976245, login: str = "octocat", at: str = "2021-01-20T13:54:51Z",
            action: str = "created", **changed: Any) -> Json:  # fmt: skip
    said = {
        "url": f"https://api.github.com/repos/{REPO}/pulls/comments/{id}", "pull_request_review_id": 572240862,
        "id": id, "diff_hunk": "@@ -0,0 +1 @@\n+test", "path": "src/lib.rs", "position": 1, "original_position": 1,
        "commit_id": SHA["alpha"], "original_commit_id": SHA["beta"], "user": user(login), "body": body,
        "created_at": at, "updated_at": at, "html_url": f"https://github.com/{REPO}/pull/8#discussion_r{id}",
        "pull_request_url": f"https://api.github.com/repos/{REPO}/pulls/8", "author_association": "OWNER",
        "start_line": None, "original_start_line": None, "start_side": None, "line": 7, "original_line": 4,
        "side": "RIGHT", **changed,
    }  # fmt: skip
    payload = {"action": action, "comment": said, "pull_request": pull_request()}
    return event("PullRequestReviewCommentEvent", payload, at=at, actor=login)


def issue(number: int = 5, *, kind: str = "IssuesEvent", at: str = "2021-01-19T00:00:00Z", **changed: Any) -> Json:
    said = {
        "url": f"https://api.github.com/repos/{REPO}/issues/{number}", "id": 444500041, "number": number,
        "title": "Spelling error in the README file", "user": user(), "labels": [label("bug")], "state": "open",
        "body": "It looks like you accidently spelled 'commit' with two 't's.", **changed,
    }  # fmt: skip
    return event(kind, {"action": "opened", "issue": said}, at=at)


def check_run(conclusion: str | None, *, name: str = "build", at: str = "2021-01-20T11:00:00Z") -> Json:
    run = {
        "id": 128620228, "head_sha": SHA["alpha"], "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion, "name": name, "app": {"id": 29310, "slug": "octocoders-linter"}, "pull_requests": [],
    }  # fmt: skip
    return event("CheckRunEvent", {"action": "completed", "check_run": run}, at=at)


def check_suite(conclusion: str, *, at: str = "2021-01-20T11:00:00Z") -> Json:
    suite = {
        "id": 118578147, "head_branch": "test", "head_sha": SHA["alpha"], "status": "completed",
        "conclusion": conclusion, "app": {"id": 15368, "slug": "github-actions"}, "pull_requests": [],
    }  # fmt: skip
    return event("CheckSuiteEvent", {"action": "completed", "check_suite": suite}, at=at)


def status(
    state: str, *, context: str = "continuous-integration/travis-ci/pr", at: str = "2021-01-20T11:00:00Z"
) -> Json:
    payload = {"id": 6805126730, "sha": SHA["alpha"], "name": REPO, "context": context, "state": state}
    return event("StatusEvent", {**payload, "description": None, "target_url": None, "branches": []}, at=at)


def old(
    kind: str, payload: Json, *, repo: str = REPO, repo_id: int = REPO_ID, at: str = "2013-01-01T12:23:20-08:00"
) -> Json:
    """As the public timeline had it up to 2014."""
    org, name = repo.split("/")
    return {
        "repository": {
            "watchers": 0, "owner": org, "created_at": "2012-12-19T14:13:15-08:00", "stargazers": 0, "open_issues": 0,
            "has_issues": True, "url": f"https://github.com/{repo}", "description": "An example", "forks": 0,
            "fork": False, "size": 1859, "name": name, "language": "Rust", "id": repo_id, "private": False,
        },
        "actor_attributes": {"login": "octocat", "type": "User", "gravatar_id": "", "location": "Paris"},
        "url": f"https://github.com/{repo}", "payload": payload, "public": True, "actor": "octocat", "type": kind,
        "created_at": at,
    }  # fmt: skip


def numbers(archive: Archive) -> tuple[int, ...]:
    """The pull requests that something is known of."""
    return tuple(number for number in range(1, 300) if archive.pull(REPO, number))


def line(value: Json) -> bytes:
    """As the archive writes it: no spaces, letters as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def write_hour(folder: Path, *events: Json | bytes, hour: str = "2021-01-20-10") -> Path:
    """An hour file of events, or of lines as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [each if isinstance(each, bytes) else line(each) for each in events]
    path = folder / f"{hour}.json.gz"
    path.write_bytes(gzip.compress(b"".join(each + b"\n" for each in lines)))
    return path
