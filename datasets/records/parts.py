"""Parts that records share: diagnostics, probes, tests, messages, where something comes from."""

from __future__ import annotations

from typing import ClassVar, Literal

from oxidizer.datasets.records.record import Record

Tool = Literal["rustc", "clippy", "rustfmt", "test", "miri"]
Origin = Literal["suggestion", "injected", "migration", "history", "selfplay"]
Applicability = Literal["MachineApplicable", "MaybeIncorrect", "HasPlaceholders", "Unspecified"]
Source = Literal["registry", "path", "git"]


class Span(Record):
    """A region of a file. Lines and columns count from 1, columns count characters; bytes count from 0."""

    file: str
    line_start: int
    line_end: int
    column_start: int
    column_end: int
    byte_start: int
    byte_end: int


class SuggestionPart(Record):
    """One replacement of a suggestion."""

    span: Span
    replacement: str


class Suggestion(Record):
    """One way out that the tool itself proposes."""

    message: str
    applicability: Applicability
    parts: list[SuggestionPart]


class Error(Record):
    """A diagnostic as a tool prints it. `code` is null where the tool gives none."""

    tool: Tool
    level: str
    code: str | None
    message: str
    span: Span
    suggestions: list[Suggestion]
    rendered: str


class TestName(Record):
    """One test: the package and target that hold it, and its name as libtest prints it."""

    __test__: ClassVar[bool] = False

    package: str
    target: str
    name: str


class Tests(Record):
    """What the crate's own tests say of the source (`before`) and of the fix (`after`)."""

    before: Literal["pass", "fail", "none"]
    after: Literal["pass", "fail", "none"]
    names: list[TestName]
    """The tests that fail before and pass after; only where the tests are the tool that shows the error."""


class EnvVar(Record):
    """One environment variable."""

    name: str
    value: str


class Probe(Record):
    """The exact cargo arguments that show the diagnostic, run in the package's folder."""

    args: list[str]
    env: list[EnvVar]


class RecordedVerdict(Record):
    """How the fix was proven."""

    scope: Literal["alone", "together", "batch"]
    """alone: in a run of its own. together: in one run with independent fixes of the same lint."""
    audited: bool
    """Proven together first and then once more alone."""
    covered: bool | None
    """A passing test runs the edited lines; null where coverage could not be measured."""
    flags: list[str]


class Provenance(Record):
    """Where the source was published from, as its package says."""

    repo: str | None
    commit: str | None
