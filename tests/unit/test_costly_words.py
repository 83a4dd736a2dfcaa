"""Words of a crate cost the host what they are long, whatever they are made to look like."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oxidizer.cluster.diagnostics import parse_diagnostic
from oxidizer.cluster.numbering import renumbered
from oxidizer.cluster.outcome import classify as outcome_of
from oxidizer.cluster.registry import classify
from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.datasets.licence import judge_licence, scan_headers
from oxidizer.miners.mistakes import is_generated

LONG = 60_000


def _message(words: str) -> object:
    return parse_diagnostic({"level": "error", "message": words, "spans": [], "children": [], "code": None})


def _failed(words: str) -> object:
    run = RunResult(Status.FAILED, 101, b"", words.encode(), 1.0, 1.0, 1, 0)
    return outcome_of(run, "x", (), finished=False)


def _renumber(words: str) -> object:
    return renumbered(words, lambda file, line, column: line)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (_message, "'" + "a" * LONG + ".long-type-"),
        (_message, "'" + "a-" * LONG + ".long-type-"),
        (_message, "'a/" * LONG + ".long-type-"),
        (_renumber, "a" * LONG + ".rs:"),
        (_renumber, "a.rs:" + "1" * LONG + ":1"),
        (_failed, "failed to load manifest for dependency " * LONG),
        (_failed, "supported edition values are " * LONG),
        (classify, "error: " + "failed to get `a` as a dependency" * LONG + "Unable to update" * LONG),
        (classify, "error: no matching package named " + "no matching package named " * LONG),
        (lambda words: judge_licence(words, None), "MIT OR (Apache-2.0 AND " * 3000 + "MIT" + ")" * 3000),
        (lambda words: is_generated(words.encode()), "\n" * LONG + "x"),
    ],
)
def test_long_words_cost_little(read: Callable[[str], object], words: str) -> None:
    began = time.monotonic()
    read(words)
    assert time.monotonic() - began < 3


def test_a_licence_in_a_header_ends_where_the_comment_does(tmp_path: Path) -> None:
    (tmp_path / "a.rs").write_text("// SPDX-License-Identifier:  MIT OR Apache-2.0   \n")
    (tmp_path / "b.rs").write_text("/* SPDX-License-Identifier: MIT */\n")
    (tmp_path / "c.rs").write_text("// SPDX-License-Identifier: a" + " " * 15_000 + "b\n")
    began = time.monotonic()
    assert [header.licence for header in scan_headers(tmp_path)][:2] == ["MIT OR Apache-2.0", "MIT"]
    assert time.monotonic() - began < 3
