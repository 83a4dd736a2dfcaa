"""Tests as such: functions that are tests, and examples in documentation. A patch may not delete or switch them off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oxidizer.cluster.tricks.piece import Piece
from oxidizer.cluster.tricks.trick import Fact, TrickName

_ASSERTED = re.compile(rb"(?m)^[ \t]*(?://[/!]|\*)[^\n/]*\bassert\w*!")
_OFF = frozenset({"ignore", "no_run", "compile_fail", "text", "should_panic"})
_EXAMPLE = re.compile(r"rust|edition\d+|test_harness|standalone\w*|" + "|".join(sorted(_OFF)))


def tests(piece: Piece) -> Iterator[Fact]:
    """The tests that are there: functions by name, examples by their number."""
    for name, at in piece.tests.items():
        yield Fact((TrickName.DELETED_TEST,), "test", name, at, f"deletes the test `{name}`")
    for info, at in piece.fences:
        if all(_EXAMPLE.fullmatch(word) for word in re.split(r"[ ,]+", info) if word):
            yield Fact((TrickName.DELETED_TEST,), "example", "", at, "deletes an example that is a test")


def documented(piece: Piece) -> Iterator[Fact]:
    """What the examples assert."""
    for found in _ASSERTED.finditer(piece.text):
        name = (TrickName.REMOVED_ASSERTION,)
        yield Fact(name, "documented", "", found.start(), "takes an assertion out of an example")


def switched_off(piece: Piece) -> Iterator[Fact]:
    """Examples that do not run."""
    for info, at in piece.fences:
        for word in sorted(_OFF.intersection(re.split(r"[ ,]+", info))):
            name = TrickName.EXPECTED_PANIC if word == "should_panic" else TrickName.IGNORED_TEST
            yield Fact((name,), f"example {word}", "", at, f"an example is no test any more by `{word}`")
