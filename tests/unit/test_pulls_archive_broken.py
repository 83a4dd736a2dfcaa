"""Hour files that are broken in the ways in which real ones are, and in worse ones: counted, never raised."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxidizer.miners.pulls.archive.hours import LINE_BYTES
from oxidizer.miners.pulls.archive.reading import Archive, read_archive
from tests.unit import archive_events as made
from tests.unit.archive_events import REPO

KINDS = [
    made.pulled(), made.slim("merged"), made.review("approved", "Good."), made.comment("Why?"), made.issue(),
    made.check_run("success"), made.check_suite("failure"), made.status("success"),
    made.old("PullRequestEvent", {"action": "opened", "number": 8, "pull_request": made.pull_request()}),
]  # fmt: skip


def read(folder: Path, *events: made.Json | bytes) -> Archive:
    made.write_hour(folder, *events)
    return read_archive(str(folder), [REPO])


def counts(archive: Archive) -> Counter[str]:
    return archive.counts - Counter({"file: read": 1})


def test_a_file_that_was_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = made.write_hour(tmp_path, *(made.pulled(number=n, title=f"{n * 7919:x}") for n in range(1, 200)))
    packed = whole.read_bytes()
    whole.write_bytes(packed[: len(packed) // 2])
    archive = read_archive(str(tmp_path), [REPO])
    assert 20 < len(made.numbers(archive)) < 199
    assert archive.counts["file: cut off"] == 1
    assert archive.counts["line: not JSON"] <= 1


@pytest.mark.parametrize("size", [0, 1, 5, 10, 17])
def test_a_file_that_hardly_began(tmp_path: Path, size: int) -> None:
    path = made.write_hour(tmp_path, made.pulled())
    path.write_bytes(path.read_bytes()[:size])
    assert counts(read_archive(str(tmp_path), [REPO])) == {"file: cut off": 1}


def test_a_file_that_is_broken_in_the_middle(tmp_path: Path) -> None:
    path = made.write_hour(tmp_path, made.pulled())
    path.write_bytes(path.read_bytes() + b"\x1f\x8b and then something else")
    archive = read_archive(str(tmp_path), [REPO])
    assert (made.numbers(archive), counts(archive)["file: broken gzip"]) == ((8,), 1)


def test_an_error_page_that_was_saved_as_an_hour(tmp_path: Path) -> None:
    made.write_hour(tmp_path).write_bytes(b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>")
    assert counts(read_archive(str(tmp_path), [REPO])) == {"file: not gzip": 1}


def test_members_and_padding(tmp_path: Path) -> None:
    path = made.write_hour(tmp_path, made.pulled())
    second = gzip.compress(made.line(made.pulled(number=9)) + b"\0" * 900)
    path.write_bytes(path.read_bytes() + second + b"\0" * 100)
    archive = read_archive(str(tmp_path), [REPO])
    assert (made.numbers(archive), counts(archive)) == ((8, 9), {"event: read": 2})


def test_lines_that_are_cut_off_or_glued_together(tmp_path: Path) -> None:
    whole = made.line(made.pulled())
    archive = read(tmp_path, whole[:-20], whole[:300] + whole, b"", b"\r", whole + made.line(made.pulled(number=9)))
    assert made.numbers(archive) == (8, 9)
    assert counts(archive) == {"event: read": 2, "line: not JSON": 2}


def test_lines_that_are_no_events(tmp_path: Path) -> None:
    archive = read(
        tmp_path, b"what?", b"[]", b'"PullRequestEvent"', b"3", b"{}", b"null", b'{"type":["Issue"]}', b"NaN"
    )
    assert counts(archive) == {
        "line: not JSON": 1, "line: not an object": 5, "event: of another type": 1, "event: of another repository": 1,
    }  # fmt: skip


def test_a_line_without_end_costs_no_memory_and_hides_no_other(tmp_path: Path) -> None:
    long = made.line(made.pulled(number=7, body="x" * LINE_BYTES))
    archive = read(tmp_path, made.pulled(), long, b" " * (3 * LINE_BYTES), made.pulled(number=9), b"[" * 5_000_000)
    assert made.numbers(archive) == (8, 9)
    assert counts(archive) == {"event: read": 2, "line: too long": 3}


def test_depth_and_digits(tmp_path: Path) -> None:
    number = made.line(made.pulled()).replace(b'"number":8', b'"number":' + b"9" * 9000)
    archive = read(tmp_path, b'{"payload":{"Issue' + b"[" * 100_000, b"[" * 100_000, number)
    assert counts(archive) == {"line: not JSON": 3}


def test_letters_that_are_not_utf_8(tmp_path: Path) -> None:
    latin = made.line(made.pulled(title="Gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n")).decode().encode("latin-1")
    half = made.line(made.pulled(number=9, title="@")).replace(b'"@"', rb'"\ud800"')
    archive = read(tmp_path, latin, half)
    titles = [words.title for number in (8, 9) if (words := archive.pull(REPO, number))]
    assert titles == ["Gr\N{REPLACEMENT CHARACTER}n", "?"]
    assert counts(archive) == {"event: read": 2, "line: not UTF-8": 1}


def test_types_that_nobody_knows(tmp_path: Path) -> None:
    archive = read(
        tmp_path, made.event("MergeQueueEvent", {}), made.event("PushEvent", {}), made.event("PushEvent", {})
    )
    assert counts(archive) == {"event: of an unknown type": 1, "event: of another type": 2}


def test_fields_of_a_wrong_type_are_not_known_and_counted(tmp_path: Path) -> None:
    odd = made.pulled(
        title=["a"], body=7, labels=["bug", {"name": 3}], merged="yes", merged_at=None, base=[], head=None
    )
    archive = read(tmp_path, odd)
    words = archive.pull(REPO, 8)
    assert words is not None
    assert (words.title, words.body, words.labels, words.merged) == (None, None, (), False)
    wrong = dict.fromkeys(("title", "body", "name", "merged", "base"), 1) | {"labels": 1}
    assert counts(archive) == {"event: read": 1} | {f"field: wrong type of {key}": n for key, n in wrong.items()}


@pytest.mark.parametrize("of", KINDS, ids=lambda event: str(event["type"]))
def test_no_field_of_any_event_can_raise(tmp_path: Path, of: made.Json) -> None:
    variants = [made.line(each) for each in spoiled(of)]
    archive = read(tmp_path, *variants)
    assert len(variants) > 50
    assert sum(count for reason, count in archive.counts.items() if reason.startswith("event: ")) >= len(variants)
    assert archive.counts["line: not JSON"] == 0
    archive.pull(REPO, 8)


def spoiled(value: Any) -> list[Any]:
    """The value with each of its fields taken out, or made something else."""
    if not isinstance(value, dict):
        return [each for each in (None, 3, "?", True, [], {}, [[]], -1.5) if each != value]
    found: list[Any] = []
    for key, inner in value.items():
        found.append({k: v for k, v in value.items() if k != key})
        found += [{**value, key: each} for each in spoiled(inner)]
        if isinstance(inner, dict):
            found += [{**value, key: each} for each in (None, 3, "?", [])]
    return found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(made.pull_request())) | st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payload=json_values, noise=st.binary(max_size=200), kind=st.sampled_from([str(event["type"]) for event in KINDS])
)
def test_whatever_stands_in_a_file_another_line_is_read(tmp_path: Path, payload: Any, noise: bytes, kind: str) -> None:
    odd = made.event(kind, {})
    odd["payload"] = payload
    archive = read(tmp_path, json.dumps(odd).encode(), noise, made.pulled(number=9_999))
    assert archive.pull(REPO, 9_999) is not None
