"""Which lines passing tests run: one instrumented build of the crate (dependencies as they are), read as LCOV.

Format: `llvm-cov export -format=lcov`; `SF:` names a file, `DA:line,count` a line. Needs llvm-profdata and llvm-cov of
the compiler's own LLVM inside the sandbox. Documentation examples are not measured.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.diagnostics import relative
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.outcome import last_words
from oxidizer.cluster.sandbox import SOURCE, TARGET

_PROFILES = f"{TARGET}/oxidizer-coverage"
_EXPORT = """
set -e
cd "$1"; bin=$2; shift 2
"$bin/llvm-profdata" merge -sparse -o merged.profdata ./*.profraw
exec "$bin/llvm-cov" export -format=lcov -instr-profile=merged.profdata "$@"
"""


@dataclass(frozen=True)
class Coverage:
    """Lines that can run and lines that did, by file."""

    executable: Mapping[str, frozenset[int]]
    executed: Mapping[str, frozenset[int]]

    def runs(self, file: str, first: int, last: int) -> bool | None:
        """Whether a line in first..last (from 1, inclusive) was run; None where no code stands in them."""
        lines = range(first, last + 1)
        if not self.executed.get(file, frozenset()).isdisjoint(lines):
            return True
        return None if self.executable.get(file, frozenset()).isdisjoint(lines) else False


def measure_coverage(
    cargo: Cargo, llvm_bin: str | None, leave_out: Collection[TestId]
) -> tuple[Coverage | None, str | None]:
    """The lines that passing unit and integration tests run, or the reason why that is not known."""
    if llvm_bin is None:
        return None, "llvm-profdata and llvm-cov of the compiler's LLVM are not installed (see `oxidizer doctor`)"
    tests = cargo.test(skip=[t for t in leave_out if not t.is_doctest], coverage=f"{_PROFILES}/%p-%m.profraw")
    if not tests.compiled:
        return None, f"the instrumented tests do not build: {last_words(tests.build.run)}"
    objects = [word for exe in sorted(tests.build.executables) for word in ("-object", exe)]
    if not objects:
        return None, "there is no test executable"
    export = cargo.sandbox.run(["sh", "-c", _EXPORT, "sh", _PROFILES, llvm_bin, *objects], cwd=SOURCE)
    cargo.sandbox.run(["rm", "-rf", _PROFILES])
    if not export.ok:
        return None, f"llvm-cov failed: {last_words(export)}"
    return read_lcov(export.stdout.decode("utf-8", "replace")), None


def read_lcov(text: str) -> Coverage:
    """Coverage from LCOV text."""
    executable: dict[str, set[int]] = {}
    executed: dict[str, set[int]] = {}
    file = ""
    for line in text.splitlines():
        if line.startswith("SF:"):
            file = relative(line[3:])
        elif line.startswith("DA:"):
            number, _, count = line[3:].partition(",")
            executable.setdefault(file, set()).add(int(number))
            if int(count.partition(",")[0]) > 0:
                executed.setdefault(file, set()).add(int(number))
    return Coverage(_frozen(executable), _frozen(executed))


def _frozen(lines: Mapping[str, set[int]]) -> dict[str, frozenset[int]]:
    return {file: frozenset(numbers) for file, numbers in lines.items()}
