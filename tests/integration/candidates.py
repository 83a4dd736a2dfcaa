"""Candidates for tests: each judged among the others and alone, with all that a verdict tells."""

from collections.abc import Sequence

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.siblings import judge_many
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench

LIB = "src/lib.rs"
MANIFEST = '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n[workspace]\n'
LINT = ("clippy", "--lib", "--", "-W", "clippy::needless_return")
CHECK = ("check", "--lib")


def shown(
    bench: Workbench, probe: Sequence[str], code: str, after: int, *setup: Edit, file: str = LIB
) -> Diagnostic:  # fmt: skip
    """The first diagnostic of a code behind a byte of a file."""
    found = [d for d in bench.observe(probe, setup).diagnostics if d.code == code and d.primary]
    return min(
        (d for d in found if d.primary and d.primary.file == file and d.primary.byte_start >= after),
        key=lambda d: d.primary.byte_start if d.primary else 0,
    )


def same_as_alone(bench: Workbench, group: Sequence[Trial], probe: Sequence[str]) -> list[Verdict]:
    """The verdicts on a group, which are those that each of it gets alone."""
    verdicts = judge_many(bench, group, probe)
    alone = [bench.judge(trial, probe, tests=False) for trial in group]
    assert [told(v) for v in verdicts] == [told(v) for v in alone]
    return verdicts


def told(verdict: Verdict) -> tuple[bool, Reason | None, str, tuple[Diagnostic, ...], tuple[str, ...]]:
    """What a verdict says of a trial."""
    return verdict.green, verdict.reason, verdict.detail, verdict.more, verdict.flags
