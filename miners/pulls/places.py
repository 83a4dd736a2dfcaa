"""What a file of a repository is there for, by its place and name alone."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath

from oxidizer.cluster.outline import is_example_file, is_test_file

_TEST_DATA = frozenset({"fixtures", "testdata", "test-data", "test_data", "test-files", "test_files"})
_MAYBE_CODE = frozenset({"test", "bench", "fuzz", "snapshots"})
"""Folders of tests too, unless they are modules or packages that are called so."""
_BESIDE_SOURCE = frozenset({"tests", "benches", "examples"}) | _TEST_DATA
_CI_FOLDERS = frozenset({".github", ".gitlab", ".circleci", ".travis", ".buildkite", "ci", ".ci", ".cargo", ".vscode"})
_CI_FILES = re.compile(
    r"\.travis.*|\.?appveyor.*|\.?bors\.toml|\.gitlab-ci.*|\.cirrus.*|\.?codecov.*|\.?rustfmt\.toml|\.?clippy\.toml"
    r"|\.git\w+|\.editorconfig|\.mailmap|Makefile|[Jj]ustfile|deny\.toml|release\.toml|triagebot\.toml"
    r"|rust-toolchain(\.toml)?|\.pre-commit-.*|renovate\.json|flake\.(nix|lock)|\.dockerignore|Dockerfile.*|cliff\.toml"
)
_DOCS = re.compile(
    r".*\.(md|markdown|rst|adoc|txt|png|svg|gif|jpe?g|ico|html|css)|(LICEN[CS]E|COPYING|COPYRIGHT|AUTHORS|NOTICE|README"
    r"|CHANGELOG|CHANGES|CONTRIBUTORS|MAINTAINERS|CODEOWNERS).*",
    re.IGNORECASE,
)


class Place(StrEnum):
    """TEST goes whole with the tests; LOCK with neither part; all else is source or is read by its syntax."""

    TEST = "test"
    RUST = "rust"
    MANIFEST = "manifest"
    LOCK = "lock"
    CI = "ci"
    DOCS = "docs"
    OTHER = "other"


def name_of(path: bytes) -> str:
    """A path as text; bytes that are no UTF-8 survive as surrogates."""
    return path.decode("utf-8", "surrogateescape")


def is_in_source(file: str) -> bool:
    """Rust below a `src/` that is no test's own. What its folders are called says little there: its module decides."""
    folders = PurePosixPath(file).parts[:-1]
    return file.endswith(".rs") and "src" in folders and _BESIDE_SOURCE.isdisjoint(folders[: folders.index("src")])


def place_of(file: str) -> Place:
    """What a file is there for; of Rust below `src/` it is a guess, which `Modules.is_for_tests` makes good."""
    path = PurePosixPath(file)
    folders = _TEST_DATA if is_in_source(file) else _TEST_DATA | _MAYBE_CODE
    if is_test_file(file) or is_example_file(file) or not folders.isdisjoint(path.parts[:-1]):
        return Place.TEST
    if path.suffix == ".rs":
        return Place.RUST
    if path.name in ("Cargo.toml", "Cargo.lock"):
        return Place.MANIFEST if path.name == "Cargo.toml" else Place.LOCK
    if not _CI_FOLDERS.isdisjoint(path.parts[:-1]) or _CI_FILES.fullmatch(path.name):
        return Place.CI
    return Place.DOCS if _DOCS.fullmatch(path.name) else Place.OTHER
