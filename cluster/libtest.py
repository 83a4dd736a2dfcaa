"""Results of `cargo test`: a test is (package, target, name), a doctest is keyed by its item, missing is not failed.

Reads libtest's JSON (`-Z unstable-options --format json`) between the marks that the shim `test-runner` prints around
each executable; doctests come last, from rustdoc, without marks. Tests speak on the same stream. libtest starts a suite
once, starts and ends each test once, counts them at the end, and exits with 0 or 101: what is told otherwise is
doubted, and so is all of a program that says it. Not promised: that a test which passes for libtest to its program's
end, and goes around the door too, is found out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    doubted: frozenset[TestId] = frozenset()
    """Tests of which something is told, and not as libtest tells one outcome; they count as lost."""
    suspects: tuple[str, ...] = ()
    """The executables that they belong to, by path."""
    forged: bool = False
    """Something spoke in libtest's name, or ended its program without a failure."""
    strange: bool = False
    """More tests are named than a program has: which are its own, only its list tells."""

    def having(self, *wanted: Outcome) -> frozenset[TestId]:
        """The tests with one of the outcomes."""
        return frozenset(test for test, outcome in self.outcomes.items() if outcome in wanted)

    @property
    def passed(self) -> frozenset[TestId]:
        """The tests that passed."""
        return self.having(Outcome.PASSED)


@dataclass
class _Suite:
    """One executable's events while they are read; of doctests, those of one of rustdoc's programs."""

    package: str
    target: str
    exe: str = ""
    seal: str = ""
    """The digest of the word that the shim's mark of the end has: till then nobody knows it but the shim."""
    counts: list[int] = field(default_factory=list)
    """How many tests each start of the suite speaks of: libtest starts it once."""
    started: Counter[str] = field(default_factory=Counter)
    told: dict[str, list[Outcome]] = field(default_factory=dict)
    tallies: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Of each end of the suite: its event, passed, failed, ignored."""
    late: bool = False
    """Something was told after the suite's end."""
    left: bool = False
    """The program was ended with exit code 0 by something else than libtest."""
    code: int | None = None
    """The program's exit code; None where it was not told."""
    misplaced: bool = False
    """Marks of a program that stand where the shim puts none."""

    @property
    def spoke(self) -> bool:
        """It is libtest's."""
        return bool(self.counts)

    def note(self, event: Mapping[str, Any]) -> None:
        """Read an event of a test or of the suite."""
        kind, name, what = event.get("type"), event.get("name"), str(event.get("event"))
        self.late = self.late or (bool(self.tallies) and kind in ("test", "suite"))
        if kind == "suite" and what == "started":
            self.counts.append(_number(event, "test_count"))
        elif kind == "suite" and what in ("ok", "failed"):
            passed, failed, ignored = (_number(event, key) for key in ("passed", "failed", "ignored"))
            self.tallies.append((what, passed, failed, ignored))
        elif kind == "test" and isinstance(name, str):
            if what == "started":
                self.started[name] += 1
                self.told.setdefault(name, [])
            elif what in _RESULTS:
                self.told.setdefault(name, []).append(_RESULTS[what])

    def only(self, known: Collection[str]) -> None:
        """Forget what is told of tests that the program does not have."""
        self.told = {name: outcomes for name, outcomes in self.told.items() if name in known}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What is told of each test; LOST where that is nothing, or not one thing."""
        if not self.spoke:
            return {} if self.code is None else {CUSTOM_HARNESS: Outcome.FAILED if self.code else Outcome.PASSED}
        return {name: told[0] if len(told) == 1 else Outcome.LOST for name, told in self.told.items()}

    @property
    def disputed(self) -> set[str]:
        """Tests that libtest would start once and tell one outcome of, and that began or ended otherwise."""
        return {name for name, told in self.told.items() if not self._is_plain(self.started[name], told)}

    @staticmethod
    def _is_plain(started: int, told: Sequence[Outcome]) -> bool:
        return (started == 1 and len(told) <= 1) or (started == 0 and list(told) in ([], [Outcome.IGNORED]))

    @property
    def strange(self) -> bool:
        """It names more tests than it said that it has."""
        return self.spoke and len(self.told) > self.counts[0]

    @property
    def is_sound(self) -> bool:
        """The suite began and ended once, what it counts is what it told, and the exit code agrees."""
        if not self.spoke:
            return not self.misplaced
        if self.left or self.late or self.misplaced or len(self.counts) != 1 or len(self.tallies) != 1:
            return False
        (what, passed, failed, ignored), count, disputed = self.tallies[0], self.counts[0], self.disputed
        seen = Counter(outcome for name, outcome in self.outcomes.items() if name not in disputed)
        told = {Outcome.PASSED: passed, Outcome.FAILED: failed, Outcome.IGNORED: ignored}
        if seen[Outcome.LOST] or any(seen[outcome] > most for outcome, most in told.items()):
            return False
        ended = (what, failed > 0, self.code) in (("ok", False, 0), ("failed", True, 101))
        return ended and passed + failed + ignored == count == len(self.told)

    @property
    def is_forged(self) -> bool:
        """It says what libtest does not say, whatever became of the program."""
        several = len(self.counts) > 1 or self.late or bool(self.disputed)
        return self.misplaced or (self.spoke and (self.left or several))


def read_results(
    lines: Iterable[str],
    executables: Mapping[str, tuple[str, str]],
    package: str,
    *,
    known: Mapping[str, Collection[str]] | None = None,
    custom: Collection[str] = (),
) -> TestResults:
    """Results from the standard output of `cargo test`; `executables` gives (package, target) by path.

    `known` has the tests of each executable, where they were listed: what is told of others is not listened to. Those
    in `custom` have a harness of their own that speaks libtest's language: it is held to no more than one outcome each.
    """
    suites, doctests = _suites(lines, executables, package)
    outcomes, disputed = _documented(doctests, package)
    doubted, suspects = set(disputed), []
    for suite in suites:
        if known is not None and suite.spoke:
            suite.only(known.get(suite.exe, ()))
        own = suite.outcomes
        names = {name: TestId(suite.package, suite.target, name) for name in own}
        for name, outcome in own.items():
            # A library and a program may have one name: a test that both have passes if it passes in both.
            outcomes[names[name]] = max(outcome, outcomes.get(names[name], outcome), key=_WORSE.index)
        if suite.exe in custom and not suite.misplaced:
            unsure = {name for name, told in suite.told.items() if len(told) > 1}
        else:
            unsure = suite.disputed if suite.is_sound else set(names)
        doubts = {names[name] for name in unsure if suite.told.get(name, ["its harness"])}
        suspects += [suite.exe] if doubts else []
        doubted |= doubts
    return TestResults(
        {**outcomes, **dict.fromkeys(doubted, Outcome.LOST)},
        tuple(s.target for s in suites if s.spoke and s.code not in (0, 101, None)),
        frozenset(doubted),
        tuple(suspects),
        bool(disputed) or any(s.is_forged and s.exe not in custom for s in suites),
        any(s.strange for s in suites),
    )


def read_listed(lines: Iterable[str]) -> dict[str, set[str]]:
    """The tests that each executable lists (`--list`), by its path: no code of a test runs meanwhile."""
    listed: dict[str, set[str]] = {}
    exe = ""
    for event in _events(lines):
        if event.get("oxidizer") == "start":
            exe = str(event.get("exe"))
        elif event.get("type") == "test" and event.get("event") == "discovered":
            listed.setdefault(exe, set()).add(str(event.get("name")))
    return listed


def read_failures(lines: Iterable[str]) -> dict[str, str]:
    """What each failed test printed, by its name as libtest gives it."""
    return {
        str(event.get("name")): str(event.get("stdout") or "")
        for event in _events(lines)
        if event.get("type") == "test" and event.get("event") == "failed"
    }


def _suites(
    lines: Iterable[str], executables: Mapping[str, tuple[str, str]], package: str
) -> tuple[list[_Suite], list[_Suite]]:
    """The events of each executable, between its marks, and those of doctests."""
    suites: dict[str, _Suite] = {}
    doctests = [_Suite(package, "doctest")]
    current: _Suite | None = None
    for event in _events(lines):
        mark = event.get("oxidizer")
        if mark == "start":
            exe, again = str(event.get("exe")), current is not None
            if current is not None:
                current.misplaced = True
            # A program that speaks for another one, which cargo runs later or ran before.
            again = again or exe in suites
            current = suites.setdefault(exe, _Suite(*executables.get(exe, (package, exe)), exe))
            current.seal, current.misplaced = str(event.get("seal")), current.misplaced or again
        elif mark == "end":
            if current is not None and _is_end(current, event):
                current.code = _number(event, "code")
                current = None
            elif current is not None:
                current.misplaced = True
        elif mark == "left" and current is not None:
            current.left = True
        elif current is not None:
            current.note(event)
        elif event.get("type") in ("suite", "test"):
            if doctests[-1].tallies:
                doctests.append(_Suite(package, "doctest"))
            doctests[-1].note(event)
    return list(suites.values()), doctests


def _is_end(suite: _Suite, event: Mapping[str, Any]) -> bool:
    """The mark is the shim's: it breaks the seal of the start."""
    word = str(event.get("word"))
    return event.get("exe") == suite.exe and hashlib.sha256(word.encode()).hexdigest() == suite.seal


def _documented(doctests: Sequence[_Suite], package: str) -> tuple[dict[TestId, Outcome], set[TestId]]:
    """Outcomes of doctests, and which are disputed: each is a process of its own, whose output rustdoc keeps."""
    told: dict[str, list[Outcome]] = {}
    for suite in doctests:
        for name, found in suite.told.items():
            told.setdefault(name, []).extend(found)
    items = _items(told)
    # A text that is included twice is one example at one line, tried twice.
    outcomes = {TestId(package, "doctest", items[name]): t[0] if t else Outcome.LOST for name, t in told.items()}
    return outcomes, {TestId(package, "doctest", items[name]) for name, t in told.items() if len(set(t)) > 1}


_WORSE = [Outcome.IGNORED, Outcome.PASSED, Outcome.LOST, Outcome.FAILED]
_RESULTS = {"ok": Outcome.PASSED, "failed": Outcome.FAILED, "ignored": Outcome.IGNORED}


def _number(event: Mapping[str, Any], key: str) -> int:
    """A count; -1, which nothing agrees with, where it is none."""
    value = event.get(key)
    return value if type(value) is int else -1


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects in a stream in which tests may write too, even on the same line."""
    for line in lines:
        at = 0
        while (begin := _EVENT.search(line, at)) is not None:
            try:
                event, at = _DECODER.raw_decode(line, begin.start())
            except (ValueError, RecursionError):
                at = begin.end()
                continue
            yield event


def _items(names: Iterable[str]) -> dict[str, str]:
    """Doctests by item and ordinal: a line number moves with every edit above it."""
    placed = []
    for name in names:
        match = _DOCTEST.fullmatch(name)
        item, line = (match["item"].rstrip() + match["kind"], int(match["line"])) if match else (name, 0)
        placed.append((item, line, name))
    ordinals: Counter[str] = Counter()
    keyed = {}
    for item, _, name in sorted(placed):
        ordinals[item] += 1
        keyed[name] = f"{item} #{ordinals[item]}"
    return keyed
