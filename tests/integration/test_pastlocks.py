"""Locks of the past, from the real registry: versions of then, versions yanked since, and what cannot be had."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oxidizer.cluster.pastlocks import PastLocks, end_of_quarter
from oxidizer.cluster.registry import BrokenManifest, FetchError, GitDependency, HostileArchive
from oxidizer.cluster.toolchain import find_toolchain

WHEN = int(datetime(2020, 11, 5, tzinfo=UTC).timestamp())


def package(root: Path, dependencies: str) -> Path:
    (root / "src").mkdir(parents=True)
    (root / "src/lib.rs").touch()
    (root / "Cargo.toml").write_text(
        f'[package]\nname = "old"\nversion = "0.1.0"\nedition = "2018"\n[dependencies]\n{dependencies}\n[workspace]\n'
    )
    return root


def versions(lock: bytes) -> dict[str, str]:
    return {p["name"]: p["version"] for p in tomllib.loads(lock.decode())["package"] if "source" in p}


@pytest.fixture
def locks() -> PastLocks:
    return PastLocks(find_toolchain())


@pytest.mark.parametrize(
    ("day", "end"),
    [
        ("2020-01-01", "2020-03-31T23:59:59Z"), ("2020-11-05", "2020-12-31T23:59:59Z"),
        ("2021-06-30", "2021-06-30T23:59:59Z"), ("2024-02-29", "2024-03-31T23:59:59Z"),
    ],
)  # fmt: skip
def test_a_quarter_ends_with_its_last_second(day: str, end: str) -> None:
    assert end_of_quarter(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())) == end


def test_the_registry_of_that_quarter_decides_and_then_that_of_today(tmp_path: Path, locks: PastLocks) -> None:
    root = package(tmp_path / "old", 'cfg-if = "1"')
    found = {}
    for lock in locks.of(root, WHEN):
        assert (root / "Cargo.lock").read_bytes() == lock.text
        found[lock.origin] = versions(lock.text)["cfg-if"]
    assert list(found) == ["published", "today"]
    assert found["published"] == "1.0.0" != found["today"]


def test_what_was_yanked_since_is_put_back_beside_the_versions_of_then(tmp_path: Path, locks: PastLocks) -> None:
    root = package(
        tmp_path / "old", 'cfg-if = "1"\nmatches = "=0.1.0"\nhermit = { package = "hermit-abi", version = "=0.1.20" }'
    )
    manifest = (root / "Cargo.toml").read_bytes()
    first = next(locks.of(root, WHEN))
    assert first.origin == "seeded"
    found = versions(first.text)
    assert (found["matches"], found["hermit-abi"], found["cfg-if"]) == ("0.1.0", "0.1.20", "1.0.0")
    assert (root / "Cargo.toml").read_bytes() == manifest
    assert set(locks.refused) == {"published"}


def test_a_tracked_lock_comes_first_and_one_that_built_before_all(tmp_path: Path, locks: PastLocks) -> None:
    root = package(tmp_path / "old", 'cfg-if = "1"')
    tracked = next(locks.of(root, WHEN)).text.replace(b"1.0.0", b"1.0.0")
    (root / "Cargo.lock").write_bytes(tracked)
    origins = []
    for lock in locks.of(root, WHEN):
        origins.append(lock.origin)
        if lock.origin == "today":
            locks.built(lock)
    assert origins == ["tracked", "published", "today"]
    (root / "Cargo.lock").write_bytes(tracked)
    assert next(locks.of(root, WHEN)).origin == "today"


def test_a_stale_lock_is_passed_over_with_its_reason(tmp_path: Path, locks: PastLocks) -> None:
    root = package(tmp_path / "old", 'cfg-if = "1"')
    (root / "Cargo.lock").write_text("version = 3\n")
    assert next(locks.of(root, WHEN)).origin == "published"
    assert locks.refused["tracked"].cause == "stale_lock"


def test_a_lock_is_fitted_to_a_tree_that_asks_for_more(tmp_path: Path, locks: PastLocks) -> None:
    after = package(tmp_path / "old", 'cfg-if = "1"')
    lock = next(locks.of(after, WHEN)).text
    before = package(tmp_path / "older", 'cfg-if = "1"\nmatches = "0.1"\nitoa = "0.4"')
    fitted = locks.fitted(before, lock, WHEN)
    # As of then, though there is a later itoa, and no more of it than what the lock had not.
    assert versions(fitted) == {"cfg-if": "1.0.0", "matches": "0.1.8", "itoa": "0.4.7"}
    assert fitted.startswith(lock)
    assert versions((before / "Cargo.lock").read_bytes()) == versions(fitted)
    # What only the other tree needs is forgotten where this one is locked, and is there when it is asked for again.
    assert locks.fitted(after, fitted, None) == fitted
    assert versions((after / "Cargo.lock").read_bytes()) == {"cfg-if": "1.0.0"}
    assert locks.fitted(before, fitted, None) == fitted
    assert versions((before / "Cargo.lock").read_bytes()) == versions(fitted)


def test_two_versions_of_one_package_are_told_apart_in_a_fitted_lock(tmp_path: Path, locks: PastLocks) -> None:
    after = package(tmp_path / "old", 'cfg-if = "1"')
    lock = next(locks.of(after, WHEN)).text
    before = package(tmp_path / "older", 'cfg-if = "0.1"')
    fitted = locks.fitted(before, lock, WHEN)
    assert versions((before / "Cargo.lock").read_bytes()) == {"cfg-if": "0.1.10"}
    assert fitted.count(b'name = "cfg-if"') == 2
    locks.fitted(after, fitted, None)
    assert versions((after / "Cargo.lock").read_bytes()) == {"cfg-if": "1.0.0"}


def test_what_was_not_published_is_refused_before_anything_is_fetched(tmp_path: Path, locks: PastLocks) -> None:
    after = package(tmp_path / "old", 'cfg-if = "1"')
    lock = next(locks.of(after, WHEN)).text
    before = package(tmp_path / "older", 'cfg-if = { git = "http://192.0.2.1/cfg-if" }')
    for ask in (lambda: next(locks.of(before, WHEN)), lambda: locks.fitted(before, lock, WHEN)):
        with pytest.raises(GitDependency, match="asks for what was not published"):
            ask()
    outside = package(tmp_path / "out", 'other = { path = "../../elsewhere" }')
    with pytest.raises((BrokenManifest, HostileArchive)):
        locks.fitted(outside, lock, WHEN)


def test_what_cannot_be_had_is_a_cause_and_what_leads_out_is_refused(tmp_path: Path, locks: PastLocks) -> None:
    gone = package(tmp_path / "old", 'cfg-if = "=77.0.0"')
    assert list(locks.of(gone, WHEN)) == []
    assert {error.cause for error in locks.refused.values()} == {"missing_dependency"}
    out = package(tmp_path / "out", 'other = { path = "../../elsewhere" }')
    with pytest.raises((BrokenManifest, HostileArchive)):
        next(locks.of(out, WHEN))
    with pytest.raises(FetchError):
        locks.fitted(gone, b"", WHEN)
