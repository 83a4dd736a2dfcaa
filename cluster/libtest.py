"""Results of `cargo test`: a test is (package, target, name), a doctest is keyed by its item, missing is not failed.

Reads libtest's JSON (`-Z unstable-options --format json`) between the marks that the shim `test-runner` prints around
each executable; doctests come last, from rustdoc, without marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

CUSTOM_HARNESS = "(custom harness)"
"""The name of the one test that a target with a harness of its own counts as."""

_EVENT = re.compile(r'\{ ?"(?:type|oxidizer)"')
_DECODER = json.JSONDecoder()
_DOCTEST = re.compile(r"(?P<item>.+ - .*?)\s*\(line (?P<line>\d+)\)(?P<kind>.*)")


class Outcome(StrEnum):
    """What one test came to. LOST: it began and never ended (crash, abort, timeout)."""

    PASSED = "passed"
    FAILED = "failed"
    IGNORED = "ignored"
    LOST = "lost"


@dataclass(frozen=True, order=True)
class TestId:
    """One test of a package."""

    __test__ = False

    package: str
    target: str
    name: str

    @property
    def is_doctest(self) -> bool:
        """A documentation example."""
        return self.target == "doctest"

    @property
    def filter(self) -> str:
        """The text that libtest finds the test by: its name, of a doctest the part without line and ordinal."""
        return self.name.rpartition(" #")[0].partition(" - compile")[0] if self.is_doctest else self.name


@dataclass(frozen=True)
class TestResults:
    """All tests that a run listed, and the executables that did not come to their end."""

    __test__ = False

    outcomes: Mapping[TestId, Outcome]
    crashed: tuple[str, ...] = ()

    def having(self, *wanted: Outcome) -> frozenset[TestId]:
        """The tests with one of the outcomes."""
        return frozenset(test for test, outcome in self.outcomes.items() if outcome in wanted)

    @property
    def passed(self) -> frozenset[TestId]:
        """The tests that passed."""
        return self.having(Outcome.PASSED)


@dataclass
class _Suite:
    """One executable's events while they are read."""

    package: str
    target: str
    spoke: bool = False
    outcomes: dict[str, Outcome] = field(default_factory=dict)


def read_results(lines: Iterable[str], executables: Mapping[str, tuple[str, str]], package: str) -> TestResults:
    """Results from the standard output of `cargo test`; `executables` gives (package, target) by path."""
    suites: list[_Suite] = [_Suite(package, "doctest")]
    crashed: list[str] = []
    current = suites[0]
    for event in _events(lines):
        mark = event.get("oxidizer")
        if mark == "start":
            exe = str(event.get("exe"))
            current = _Suite(*executables.get(exe, (package, exe)))
            suites.append(current)
        elif mark == "end":
            if not current.spoke:
                current.outcomes[CUSTOM_HARNESS] = Outcome.PASSED if event.get("code") == 0 else Outcome.FAILED
            elif event.get("code") not in (0, 101):
                crashed.append(current.target)
            current = suites[0]
        elif event.get("type") == "suite":
            current.spoke = True
        elif event.get("type") == "test":
            _note(current, event)
    outcomes = {
        TestId(suite.package, suite.target, name): outcome
        for suite in suites
        for name, outcome in (_by_item(suite.outcomes) if suite.target == "doctest" else suite.outcomes).items()
    }
    return TestResults(outcomes, tuple(crashed))


def read_failures(lines: Iterable[str]) -> dict[str, str]:
    """What each failed test printed, by its name as libtest gives it."""
    return {
        str(event.get("name")): str(event.get("stdout") or "")
        for event in _events(lines)
        if event.get("type") == "test" and event.get("event") == "failed"
    }


def _note(suite: _Suite, event: Mapping[str, Any]) -> None:
    known = {"ok": Outcome.PASSED, "failed": Outcome.FAILED, "ignored": Outcome.IGNORED, "started": Outcome.LOST}
    name, outcome = event.get("name"), known.get(str(event.get("event")))
    if isinstance(name, str) and outcome:
        suite.outcomes[name] = outcome


def _events(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """The JSON objects in a stream in which tests may write too, even on the same line."""
    for line in lines:
        for begin in _EVENT.finditer(line):
            try:
                event, _ = _DECODER.raw_decode(line, begin.start())
            except ValueError:
                continue
            yield event
            break


def _by_item(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Doctests by item and ordinal: a line number moves with every edit above it."""
    placed = []
    for name, outcome in outcomes.items():
        match = _DOCTEST.fullmatch(name)
        item, line = (match["item"].rstrip() + match["kind"], int(match["line"])) if match else (name, 0)
        placed.append((item, line, outcome))
    ordinals: dict[str, int] = {}
    keyed = {}
    for item, _, outcome in sorted(placed, key=lambda p: p[:2]):
        ordinals[item] = ordinals.get(item, 0) + 1
        keyed[f"{item} #{ordinals[item]}"] = outcome
    return keyed
