"""Changes of behaviour judged by the crate's own tests: all built at once, each chosen by an environment variable.

Mutant schemata (Untch, Offutt and Harrold, 1993): each changed expression becomes an `if` between what it is and what
it was, a statement left out becomes one too. One build, one run that notes which test meets which mutant, then one
short run of those tests for each. Only tests that pass on the source count; what hangs or aborts is no verdict. Not
promised: expressions at compile time, and documentation examples, whose programs are built apart.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from oxidizer.cluster.build import DISPUTED_TESTS, FORGED_MESSAGES, TARGET_CHANGED
from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.diagnostics import Diagnostic, Span, relative
from oxidizer.cluster.door import BEHIND
from oxidizer.cluster.edits import Edit, by_file, map_back
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.libtest import CUSTOM_HARNESS, Outcome, TestId, read_failures, read_results
from oxidizer.cluster.rustc import WORK, Rustc
from oxidizer.cluster.sandbox import SHIMS, TARGET
from oxidizer.cluster.testrun import TestRun, Watch
from oxidizer.cluster.verdict import GREEN, Reason, Verdict, forged_verdict
from oxidizer.cluster.workbench import Workbench

_HEAD, _ELSE, _TAIL = b"(if crate::oxidizer_rt::on(%d) { ", b" } else { ", b" })"
_RUNTIME = Path(__file__).with_name("oxidizer_rt.rs")
_SEEN = f"{WORK}/seen"
_SEEN_BYTES = 256 << 20
_MARK = '{"oxidizer":"mutant","id":'
_ROUNDS = 10
_CHUNK = 16
_SLOWER, _SLOW_S = 4, 20.0
"""Times what all tests took with the schema that those of a mutant may take, so that hardly any ends near its limit;
beyond so many seconds half as often, since a loop without end takes them all.
"""
_CHUNK_S = 600.0
"""Seconds by the clock that one command may come to."""
_PATIENCE = 4
"""Times the processor time of a test that it may take by the clock: a busy machine is no fault of a mutant."""
_MEET = f"""meet() {{ {SHIMS}/test-runner "$@" </dev/null 2>/dev/null; [ $? -lt 124 ]; }}"""
"""Where libtest's program was ended by a limit or a signal, what others say of the mutant is all one."""
_TESTS_EACH = 20
"""Tests that a mutant meets its judgement with: a failure needs one, a list of hundreds fits no command line."""
_PANIC = re.compile(r"panicked at (?P<file>[^\n]{1,4096}?):(?P<line>\d+):(?P<column>\d+):\n(?P<message>.*)", re.DOTALL)
_MESSAGE = 2000
"""Characters of a panic's message that are kept: some print all that they compare."""
_THREAD = re.compile(r"(thread '[^\n]*?') \(\d+\) panicked at ")
_END = re.compile(r"\n(?:note: run with `RUST_BACKTRACE|stack backtrace:)")


@dataclass(frozen=True)
class _Met:
    """A test executable and the tests in it that meet a mutant."""

    executable: str
    tests: tuple[str, ...]


class Schemata:
    """The mutants of one library, each one edit: of a whole expression, a whole statement or all those of a block."""

    def __init__(self, bench: Workbench, rustc: Rustc, mutants: Sequence[Mutant], *, cap_s: float = 2.0) -> None:
        """`rustc` compiles the library; no mutant lies in another (`branches.apart`); each test program may use `cap_s`
        CPU seconds, or several times what all tests took where that is more.
        """
        self.bench, self.rustc, self.mutants, self.cap_s = bench, rustc, mutants, cap_s
        self.wall_s = _PATIENCE * cap_s
        """What each test program may take by the clock: some wait, and use no processor."""
        self._laid: dict[str, bytes] = {}
        self._schema: dict[str, list[tuple[Edit, int]]] = {}
        self._changed = False
        """Tests changed what was built."""

    def judge(self) -> list[Verdict]:
        """The verdict on each mutant: green where tests that pass on the source fail.

        Raises SandboxUnavailable, and EditConflict where a mutant lies in another.
        """
        numbers = range(len(self.mutants))
        chosen = self._compiling(list(numbers))
        wrong = Verdict(False, Reason.DOES_NOT_COMPILE, "as one of two branches")
        verdicts = {n: wrong for n in numbers if n not in chosen}
        if chosen:
            self._laid = self._texts(chosen)
            self._schema = self._by_file(chosen)
            with self.bench.showing(self._laid):
                verdicts |= self._run(chosen)
        return [verdicts[n] for n in numbers]

    def _compiling(self, numbers: list[int]) -> list[int]:
        """The mutants that type-check as a branch; those that do not are taken out until the rest does."""
        for _ in range(_ROUNDS):
            if not numbers:
                return []
            with self.bench.showing(self._texts(numbers)):
                compiled = self.rustc.run()
            errors = [d for d in compiled.diagnostics if d.is_compile_error]
            if compiled.finished and not errors:
                return numbers
            culprits = {n for d in errors for n in self._blamed(d, numbers)}
            # What nobody's expression shows, e.g. that a variable is not set any more, somebody's function does.
            culprits = culprits or {n for d in errors for n in self._nearby(d, numbers)} or set(numbers[::2])
            numbers = [n for n in numbers if n not in culprits]
        return []

    def _blamed(self, error: Diagnostic, numbers: Sequence[int]) -> Iterator[int]:
        edits = by_file(self._edits(numbers))
        for span in error.spans:
            at = map_back(span.byte_start, edits.get(span.file, ()))
            for number in numbers:
                own = self.mutants[number].edits[0]
                if own.file == span.file and own.start <= at <= own.end:
                    yield number

    def _nearby(self, error: Diagnostic, numbers: Sequence[int]) -> Iterator[int]:
        """The mutants in the function that an error is in."""
        edits = by_file(self._edits(numbers))
        if error.primary is not None:
            at = map_back(error.primary.byte_start, edits.get(error.primary.file, ()))
            for number in numbers:
                mutant = self.mutants[number]
                if mutant.file == error.primary.file and mutant.start <= at <= mutant.end:
                    yield number

    def _edits(self, numbers: Sequence[int]) -> list[Edit]:
        """The schema: numbers count from 1 in the program, 0 is the source."""
        edits = []
        for number in numbers:
            own = self.mutants[number].edits[0]
            old = self.bench.read(own.file)[own.start : own.end]
            # Where the edit takes a whole statement, the `if` is one too.
            end = b";" if old.rstrip().endswith(b";") else b""
            text = b"".join([_HEAD % (number + 1), own.replacement, _ELSE, old, _TAIL, end])
            edits.append(Edit(own.file, own.start, own.end, text))
        return edits

    def _by_file(self, numbers: Sequence[int]) -> dict[str, list[tuple[Edit, int]]]:
        found: dict[str, list[tuple[Edit, int]]] = {}
        for pair in sorted(zip(self._edits(numbers), numbers, strict=True)):
            found.setdefault(pair[0].file, []).append(pair)
        return found

    def _texts(self, numbers: Sequence[int]) -> dict[str, bytes]:
        texts = self.bench.texts(self._edits(numbers))
        root = self.rustc.target.root
        texts[root] = texts.get(root, self.bench.read(root)) + b"\n" + _RUNTIME.read_bytes()
        return texts

    def _run(self, numbers: Sequence[int]) -> dict[int, Verdict]:
        self.bench.cargo.sandbox.run(["sh", "-c", 'rm -rf "$1" && mkdir -p "$1"', "sh", _SEEN])
        discarded = self.bench.cargo.discarded
        first = self.bench.cargo.test_programs(OXIDIZER_SEEN=_SEEN, cap_s=self.bench.test_cap_s)
        if not first.compiled:
            return {n: Verdict(False, Reason.TESTS_DO_NOT_COMPILE, "with the schema") for n in numbers}
        if TARGET_CHANGED in first.flags or self.bench.cargo.discarded != discarded:
            self.bench.forged.update(first.flags)
            return {n: forged_verdict([TARGET_CHANGED]) for n in numbers}
        used_s = first.run.cpu_s
        self.cap_s = max(self.cap_s, min(_SLOWER * used_s, _SLOW_S), _SLOWER / 2 * used_s)
        self.wall_s = max(_PATIENCE * self.cap_s, _SLOWER * first.run.wall_s)
        steady = self.bench.baseline.passing & first.results.passed
        met = self._met(first, steady)
        verdicts = {n: Verdict(False, Reason.UNCOVERED) for n in numbers if n not in met}
        covered = [n for n in numbers if n in met]
        for at in range(0, len(covered), self._chunk):
            verdicts |= self._judged(covered[at : at + self._chunk], met, first, steady)
        return verdicts | self._again({n: v for n, v in verdicts.items() if v.green}, met, first, steady)

    @property
    def _chunk(self) -> int:
        """How many mutants share a command, of which each may hang."""
        return max(1, min(_CHUNK, int(_CHUNK_S / self.wall_s)))

    def _again(
        self, killed: dict[int, Verdict], met: Mapping[int, Sequence[_Met]], first: TestRun, steady: frozenset[TestId]
    ) -> dict[int, Verdict]:
        """A test fails only if it does so twice."""
        verdicts, numbers = dict(killed), list(killed)
        for at in range(0, len(numbers), self._chunk):
            for number, verdict in self._judged(numbers[at : at + self._chunk], met, first, steady).items():
                both = killed[number].broken & verdict.broken
                same = verdict.green and verdict.target is not None and verdict.target.place == _place(killed[number])
                verdicts[number] = (
                    replace(killed[number], broken=both)
                    if both and same
                    else Verdict(False, Reason.TESTS_LOST, "the tests fail otherwise the second time", scope="batch")
                )
        return verdicts

    def _met(self, first: TestRun, steady: frozenset[TestId]) -> dict[int, list[_Met]]:
        """Which tests of which executables meet each mutant."""
        by_base = {path.rpartition("/")[2]: path for path in first.build.executables}
        seen: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for base, note in self._notes().items():
            for line in note.decode("utf-8", "replace").splitlines():
                word, _, name = line.partition(" ")
                if base in by_base and word.isdecimal():
                    seen[int(word) - 1][by_base[base]].add(name)
        found: dict[int, list[_Met]] = {}
        for number, places in seen.items():
            for path, names in sorted(places.items()):
                package, target = first.build.executables[path]
                known = {t.name for t in steady if (t.package, t.target) == (package, target)}
                # What a test's own threads meet, any test may have met.
                tests = sorted(names & known if names <= known else known)[:_TESTS_EACH]
                if tests:
                    found.setdefault(number, []).append(_Met(path, tuple(tests)))
        return found

    def _notes(self) -> dict[str, bytes]:
        """What each test executable noted; none at all where there is no end to it."""
        try:
            return self.bench.cargo.sandbox.target.read_all(posixpath.relpath(_SEEN, TARGET), _SEEN_BYTES)
        except NotCollected:
            return {}

    def _judged(
        self, numbers: Sequence[int], met: Mapping[int, Sequence[_Met]], first: TestRun, steady: frozenset[TestId]
    ) -> dict[int, Verdict]:
        script = "\n".join([_MEET, *(line for n in numbers for line in self._script(n, met[n]))])
        env = {
            "OXIDIZER_TEST_CPU_S": str(ceil(self.cap_s)), "RUST_TEST_THREADS": "1",
            "OXIDIZER_TEST_TIMEOUT_S": str(ceil(self.wall_s)),
            "CARGO_MANIFEST_DIR": self.bench.cargo.folder,
        }  # fmt: skip
        if self._changed:
            # The programs are not there any more.
            return {n: forged_verdict([TARGET_CHANGED]) for n in numbers}
        with Watch(self.bench.cargo) as watch:
            run = self.bench.cargo.sandbox.run(["sh", "-c", script], env={**BEHIND, **env}, cwd=self.bench.cargo.folder)
        if watch.settle() or watch.changed:
            self._changed = True
            self.bench.forged[TARGET_CHANGED] += 1
            return {n: forged_verdict([TARGET_CHANGED]) for n in numbers}
        lines = run.stdout.decode("utf-8", "replace").splitlines()
        parts = list(_parts(lines))
        if (run.exit_code is None or [n for n, _ in parts] != list(numbers)) and len(numbers) > 1:
            # The sandbox ended one of them, or one speaks for others: which one, only runs of their own tell.
            return {n: v for number in numbers for n, v in self._judged([number], met, first, steady).items()}
        if run.exit_code is not None and [n for n, _ in parts] != list(numbers):
            self.bench.forged[FORGED_MESSAGES] += 1
            return {n: forged_verdict([FORGED_MESSAGES]) for n in numbers}
        own = dict(parts)
        return {n: self._verdict(n, own.get(n, []), first, steady) for n in numbers}

    def _script(self, number: int, met: Sequence[_Met]) -> Iterator[str]:
        yield f"echo {shlex.quote(_MARK + str(number) + '}')}"
        yield f"export OXIDIZER_MUTANT={number + 1}"
        options = ["-Z", "unstable-options", "--format", "json", "--exact"]
        runs = [(one, shlex.join(["meet", one.executable, *options, *one.tests])) for one in met]
        # A harness of one's own fails by any code.
        yield " && ".join(f"{{ {run}; :; }}" if CUSTOM_HARNESS in one.tests else run for one, run in runs)

    def _verdict(self, number: int, lines: Sequence[str], first: TestRun, steady: frozenset[TestId]) -> Verdict:
        results = read_results(lines, first.build.executables, self.bench.cargo.package)
        if results.forged:
            self.bench.forged[DISPUTED_TESTS] += 1
            return replace(forged_verdict([DISPUTED_TESTS]), scope="batch")
        if results.crashed or results.having(Outcome.LOST):
            why = f"a test aborts, or takes over {ceil(self.cap_s)} s of a processor, {ceil(self.wall_s)} s in all"
            return Verdict(False, Reason.TESTS_LOST, why, scope="batch")
        failed = results.having(Outcome.FAILED) & steady
        if not failed:
            return Verdict(False, Reason.SURVIVES, f"of at most {_TESTS_EACH} tests each", scope="batch")
        said = read_failures(lines)
        for test in sorted(failed):
            if (shown := self._panic(number, said.get(test.name, ""))) is not None:
                return replace(GREEN, target=shown, broken=failed, scope="batch")
        return Verdict(False, Reason.NO_PLACE, "no failing test panics in the crate's own files", scope="batch")

    def _panic(self, number: int, said: str) -> Diagnostic | None:
        """The panic that a failed test printed, where it stands in the crate's files with this mutant alone."""
        found = _PANIC.search(said)
        if found is None:
            return None
        file = relative(found["file"])
        try:
            source = self.bench.read(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        offset = _byte_of(self._laid.get(file, source), int(found["line"]), int(found["column"]))
        if offset is None:
            return None
        message = _END.split(found["message"])[0].strip()[:_MESSAGE]
        span = self._span(file, self._alone(file, offset, number), number)
        return Diagnostic("error", None, message, (span,), (), _as_alone(said, found, span))

    def _alone(self, file: str, offset: int, number: int) -> int:
        """Where an offset of the built text lies with one mutant alone."""
        own = self.mutants[number].edits[0]
        grown = len(own.replacement) - (own.end - own.start) if own.file == file else 0
        shift = 0
        for edit, which in self._schema.get(file, ()):
            begin = edit.start + shift
            if offset < begin:
                break
            if offset < begin + len(edit.replacement):
                inside, mutant = offset - begin, self.mutants[which].edits[0]
                changed = len(_HEAD % (which + 1))
                if which == number:
                    return mutant.start + min(max(0, inside - changed), len(mutant.replacement))
                as_was = min(max(0, inside - changed - len(mutant.replacement) - len(_ELSE)), mutant.end - mutant.start)
                at = mutant.start + as_was
                return at + grown if at >= own.end and own.file == file else at
            shift += len(edit.replacement) - (edit.end - edit.start)
        at = offset - shift
        return at + grown if at >= own.end and own.file == file else at

    def _span(self, file: str, offset: int, number: int) -> Span:
        """The word at an offset of the code with one mutant: a panic's place is a point."""
        text = self.bench.reader(self.mutants[number].edits)(file)
        line = text.count(b"\n", 0, offset) + 1
        start = text.rfind(b"\n", 0, offset) + 1
        word = re.compile(rb"\w+!?|.", re.DOTALL).match(text, offset)
        end = word.end() if word else offset
        column = len(text[start:offset].decode("utf-8", "replace")) + 1
        width = len(text[offset:end].decode("utf-8", "replace"))
        return Span(
            file=file, byte_start=offset, byte_end=end, line_start=line, line_end=line,
            column_start=column, column_end=column + width,
            is_primary=True, label=None, replacement=None, applicability=None, expansion=None,
        )  # fmt: skip


def _parts(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines of each mutant, between the marks."""
    number, own = None, list[str]()
    for line in lines:
        if line.startswith(_MARK):
            if number is not None:
                yield number, own
            number, own = _id(line), []
        else:
            own.append(line)
    if number is not None:
        yield number, own


def _id(line: str) -> int:
    """The number in a mark; -1 where a test made it."""
    try:
        return int(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return -1


def _byte_of(text: bytes, line: int, column: int) -> int | None:
    """The offset of a line and a column, both from 1, columns in characters; None beyond the text."""
    lines = text.split(b"\n")
    if not 1 <= line <= len(lines):
        return None
    before = lines[line - 1].decode("utf-8", "replace")[: column - 1]
    return sum(len(one) + 1 for one in lines[: line - 1]) + len(before.encode())


def _place(verdict: Verdict) -> object:
    return verdict.target and verdict.target.place


def _as_alone(said: str, found: re.Match[str], span: Span) -> str:
    """What a failed test printed, with the place as it is without the schema and without what changes each time."""
    at = f"{found['file']}:{span.line_start}:{span.column_start}:\n"
    text = said[: found.start("file")] + at + found["message"]
    # The number of a thread is another one each time.
    return _THREAD.sub(r"\1 panicked at ", text).strip("\n")[: 2 * _MESSAGE] + "\n"


def judge_behaviour(bench: Workbench, edits: Sequence[Edit], tests: frozenset[TestId]) -> bool:
    """Whether all of the tests fail with the edits, each of them to its end, in a build of their own."""
    with bench.applied(edits):
        run = bench.cargo.test(only=tests, cap_s=bench.test_cap_s)
    return run.compiled and not run.flags and tests <= run.results.having(Outcome.FAILED)
