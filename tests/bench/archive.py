"""What reading the event archive takes: events a second, and peak memory as a file grows.

    python -m tests.bench.archive [--events 200000] [--repositories 6] [--seed 8]

One hour file is made, mixed and sized as real ones are: most events are pushes, and of other repositories. Three ways
read it in processes of their own: this repository's; plain `json`, every line parsed and then looked at; polars, which
looks for the same events and takes nothing out of them. Then ours reads files of one, four and sixteen times that size.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from oxidizer.miners.pulls.archive.events import TOLD
from oxidizer.miners.pulls.archive.reading import read_archive
from tests.unit import archive_events as made

_SHARE_WANTED = 0.002
_MIXTURE = {
    "PushEvent": 54, "CreateEvent": 13, "WatchEvent": 7, "PullRequestEvent": 8, "IssueCommentEvent": 6,
    "PullRequestReviewEvent": 3, "PullRequestReviewCommentEvent": 2, "IssuesEvent": 3, "DeleteEvent": 3, "ForkEvent": 1,
}  # fmt: skip
"""Per cent of events, about as hours of 2021 to 2024 have them."""
_ADDRESSES = [
    "archive", "assignees", "blobs", "branches", "clone", "collaborators", "comments", "commits", "compare",
    "contents", "contributors", "deployments", "downloads", "events", "forks", "git", "git_commits", "git_refs",
    "git_tags", "hooks", "html", "issue_comment", "issue_events", "issues", "keys", "labels", "languages",
    "merges", "milestones", "mirror", "notifications", "pulls", "releases", "ssh", "stargazers", "statuses",
    "subscribers", "subscription", "svn", "tags", "teams", "trees",
]  # fmt: skip


def main() -> None:
    """Make the file, run each way in its own process, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--repositories", type=int, default=6, help="how many are asked for")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(_measured(asked)))
        return
    with tempfile.TemporaryDirectory() as folder:
        hour = Path(folder, "2021-01-20-10.json.gz")
        size = _write(hour, asked)
        per_event = f"{size / asked.events:,.0f} bytes each, {hour.stat().st_size / size:.0%} of that when packed"
        print(
            f"{asked.events:,} events, {per_event}; {_SHARE_WANTED:.1%} are of {asked.repositories} wanted repositories"
        )
        _compare(hour, asked)
        _grow(hour, asked)


def _compare(hour: Path, asked: argparse.Namespace) -> None:
    told = {way: _alone(way, hour) for way in WAYS}
    for way, figures in told.items():
        rate, times = asked.events / figures["cpu_s"], told["json"]["cpu_s"] / figures["cpu_s"]
        took = f"{figures['wall_s']:.2f} s ({figures['cpu_s']:.2f} s of CPU)"
        print(
            f"{way:<8}{rate:>10,.0f} events a CPU second, {times:.1f} times json; {took}, {figures['found']:,.0f} found"
        )


def _grow(hour: Path, asked: argparse.Namespace) -> None:
    for times in (1, 4, 16):
        larger = hour.with_name(f"2021-01-20-{times}.json.gz")
        with larger.open("wb") as file:
            # Gzip files one after the other are a gzip file.
            for _ in range(times):
                file.write(hour.read_bytes())
        told = _alone("ours", larger)
        peak, start = told["peak_bytes"] / 2**20, told["start_bytes"] / 2**20
        print(f"ours    {asked.events * times:>10,} events in one file: {peak:,.1f} MiB, {start:,.1f} before reading")
        larger.unlink()


def _alone(way: str, path: Path) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.bench.archive", *sys.argv[1:], "--way", way, "--path", str(path)]
    return dict(json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout))


def _measured(asked: argparse.Namespace) -> dict[str, float]:
    wanted = _wanted(asked.repositories)
    start_bytes = _peak_bytes()
    wall, cpu = time.monotonic(), time.process_time()
    found = WAYS[asked.way](asked.path, wanted)
    return {
        "found": found, "wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu,
        "peak_bytes": _peak_bytes(), "start_bytes": start_bytes,
    }  # fmt: skip


def _peak_bytes() -> int:
    """Of this program alone: what getrusage tells began with the memory of the process that started it."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def ours(path: Path, wanted: list[str]) -> int:
    """All that is to be known of the wanted repositories."""
    return read_archive(str(path), wanted).counts["event: read"]


def plain(path: Path, wanted: list[str]) -> int:
    """Every line parsed, and the wanted events counted."""
    names, found = {name.lower() for name in wanted}, 0
    with gzip.open(path) as file:
        for line in file:
            event = json.loads(line)
            found += event["type"] in TOLD and event["repo"]["name"].lower() in names
    return found


def with_polars(path: Path, wanted: list[str]) -> int:
    """The wanted events counted, their payload left alone."""
    names = [name.lower() for name in wanted]
    events = pl.scan_ndjson(path, schema={"type": pl.String, "repo": pl.Struct({"name": pl.String})})
    name = pl.col("repo").struct.field("name").str.to_lowercase()
    found = events.filter(pl.col("type").is_in(list(TOLD)) & name.is_in(names)).select(pl.len())
    return int(found.collect(engine="streaming").item())


WAYS = {"ours": ours, "json": plain, "polars": with_polars}


def _wanted(count: int) -> list[str]:
    return [f"Wanted-{number}/crate-{number}" for number in range(count)]


def _write(hour: Path, asked: argparse.Namespace) -> int:
    """Write the hour file; gives its size before it was packed."""
    draw, size = random.Random(asked.seed), 0
    wanted, words = _wanted(asked.repositories), _words(draw)
    kinds = draw.choices(list(_MIXTURE), list(_MIXTURE.values()), k=asked.events)
    with gzip.open(hour, "wb", compresslevel=6) as file:
        for number, kind in enumerate(kinds):
            is_wanted = draw.random() < _SHARE_WANTED
            repo = draw.choice(wanted) if is_wanted else f"{draw.choice(words)}/{draw.choice(words)}"
            repo_id = 1 + wanted.index(repo) if is_wanted else draw.randrange(1000, 10**9)
            event = made.event(
                kind, _payload(kind, repo, draw, words), repo=repo, repo_id=repo_id, id=10**10 + number,
                actor=draw.choice(words),
            )  # fmt: skip
            size += file.write(made.line(event) + b"\n")
    return size


def _words(draw: random.Random) -> list[str]:
    return ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 10))) for _ in range(5_000)]


def _text(draw: random.Random, words: list[str], most: int) -> str:
    return " ".join(draw.choices(words, k=draw.randint(1, most)))


def _payload(kind: str, repo: str, draw: random.Random, words: list[str]) -> made.Json:
    text = _text(draw, words, 120)
    if kind == "PushEvent":
        return {"push_id": draw.randrange(10**10), "size": 1, "ref": "refs/heads/main", "head": _sha(draw),
                "commits": [_commit(repo, draw, words) for _ in range(draw.choice((1, 1, 1, 2, 5)))]}  # fmt: skip
    number = draw.randint(1, 5_000)
    match kind:
        case "PullRequestEvent":
            return {"action": "opened", "number": number, "pull_request": _pull(number, repo, text, draw)}
        case "PullRequestReviewEvent":
            payload: made.Json = made.review("approved", text)["payload"]
        case "PullRequestReviewCommentEvent":
            payload = made.comment(text, id=draw.randrange(10**9), diff_hunk=_text(draw, words, 200))["payload"]
        case "IssuesEvent" | "IssueCommentEvent":
            payload = made.issue(number, body=text)["payload"]
            return payload | {"comment": {"id": number, "body": _text(draw, words, 120), "user": made.user()}}
        case "ForkEvent":
            return {"forkee": _repository(repo)}
        case _:
            return {"ref": draw.choice(words), "ref_type": "branch", "master_branch": "main", "description": text[:80]}
    return payload | {"pull_request": _pull(number, repo, text, draw)}


def _commit(repo: str, draw: random.Random, words: list[str]) -> made.Json:
    sha = _sha(draw)
    author = {"email": f"{_sha(draw)}@users.noreply.github.com", "name": draw.choice(words)}
    address = f"https://api.github.com/repos/{repo}/commits/{sha}"
    return {"sha": sha, "author": author, "message": _text(draw, words, 20), "distinct": True, "url": address}


def _pull(number: int, repo: str, text: str, draw: random.Random) -> made.Json:
    sides = {
        side: {"ref": side, "sha": _sha(draw), "user": made.user(), "repo": _repository(repo)}
        for side in ("head", "base")
    }
    return made.pull_request(number, body=text, **sides)


def _repository(repo: str) -> dict[str, Any]:
    """As full as a payload has it."""
    org, name = repo.split("/")
    root = f"https://api.github.com/repos/{repo}"
    addresses = {f"{part}_url": f"{root}/{part}{{/sha}}" for part in _ADDRESSES}
    return {"id": 1, "name": name, "full_name": repo, "owner": made.user(org), "private": False, **addresses}


def _sha(draw: random.Random) -> str:
    return f"{draw.getrandbits(160):040x}"


if __name__ == "__main__":
    main()
