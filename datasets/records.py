"""The records of a corpus: frozen, versioned, content-hashed. Everything else (Arrow, JSON) derives from these classes.

`id` hashes what makes the lesson and nothing of the circumstances: the same lesson has the same id on any backend,
machine or day. `sha256` hashes the whole record, circumstances included.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Final = 1

Tool = Literal["rustc", "clippy", "rustfmt", "test", "miri"]
Origin = Literal["suggestion", "injected", "migration", "history", "selfplay"]
Applicability = Literal["MachineApplicable", "MaybeIncorrect", "HasPlaceholders", "Unspecified"]


class Record(BaseModel):
    """The base of all parts of a record: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class DiagFix(Record):
    """Broken code, the tool's own diagnostic, a minimal fix: red before, green after."""

    type: Literal["diag_fix"] = "diag_fix"
    schema_version: Literal[1] = SCHEMA_VERSION
    id: str
    crate: str
    version: str
    source: Literal["registry", "path", "git"]
    member: str
    """The package's folder, relative to the source's root; "." at the root."""
    lock: str
    """The unit's lock file, relative to the unit's folder."""
    setup_diff: str
    error: Error
    more_errors: list[Error]
    file: str
    code_before: str
    patch_diff: str
    code_after: str
    probe: Probe
    toolchain: str
    tests: Tests
    explanation: str
    class_: Annotated[str, Field(alias="class")]
    origin: Origin
    operator: str | None
    trivial: bool
    """The diagnostic itself carries this fix as a machine-applicable suggestion."""
    difficulty: int
    """1 (the tool's own sure suggestion at the span) to 5; see `miners/difficulty.py`."""
    sealed: bool
    verdict: RecordedVerdict
    lineage: list[str]
    """What made it: miner, recipe and code version."""
    license: str
    source_url: str
    commit: str | None
    provenance: Provenance
    parents: list[str]
    sha256: str

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def new(cls, **fields: Any) -> Self:
        """A record with `id` and `sha256` computed from the other fields."""
        draft = cls(**fields, id="", sha256="")
        named = draft.model_copy(update={"id": draft.lesson_id()})
        return named.model_copy(update={"sha256": named.content_hash()})

    def lesson_id(self) -> str:
        """The id: 32 hex digits over what makes the lesson."""
        return lesson_id(
            source=[self.source, self.crate, self.version, self.member],
            toolchain=self.toolchain,
            setup_diff=self.setup_diff,
            patch_diff=self.patch_diff,
            probe=self.probe.model_dump(mode="json"),
            tool=self.error.tool,
            code=self.error.code,
            span=self.error.span.model_dump(mode="json"),
        )

    def content_hash(self) -> str:
        """SHA-256 of the canonical encoding without the hash itself."""
        return hashlib.sha256(encode(self.model_copy(update={"sha256": ""}))).hexdigest()


class Reject(Record):
    """What was tried and not kept: the stage, the reason, and enough to try it again."""

    type: Literal["reject"] = "reject"
    schema_version: Literal[1] = SCHEMA_VERSION
    id: str
    crate: str
    version: str
    source: Literal["registry", "path", "git"]
    member: str
    lock: str
    stage: str
    reason: str
    detail: str
    tool: Tool | None
    code: str | None
    applicability: Applicability | None
    probe: Probe | None
    error: Error | None
    setup_diff: str
    patch_diff: str | None
    toolchain: str
    license: str
    source_url: str
    commit: str | None
    parents: list[str]
    sha256: str

    @classmethod
    def new(cls, **fields: Any) -> Self:
        """A reject with `id` and `sha256` computed from the other fields."""
        draft = cls(**fields, id="", sha256="")
        named = draft.model_copy(update={"id": draft.trial_id()})
        return named.model_copy(update={"sha256": hashlib.sha256(encode(named)).hexdigest()})

    def trial_id(self) -> str:
        """The id: 32 hex digits over what was tried on what."""
        return lesson_id(
            source=[self.source, self.crate, self.version, self.member],
            toolchain=self.toolchain,
            setup_diff=self.setup_diff,
            patch_diff=self.patch_diff,
            probe=self.probe and self.probe.model_dump(mode="json"),
            code=self.code,
            span=self.error and self.error.span.model_dump(mode="json"),
            reject=[self.stage, self.reason],
        )


def lesson_id(**parts: Any) -> str:
    """32 hex digits of SHA-256 over the canonical JSON of the named parts."""
    return hashlib.sha256(canonical(parts)).hexdigest()[:32]


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: one byte string per value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def encode(record: Record) -> bytes:
    """The canonical encoding of a record."""
    return canonical(to_row(record))


def to_row(record: Record) -> dict[str, Any]:
    """A record as a plain row, by public names (`class`, not `class_`)."""
    return record.model_dump(mode="json", by_alias=True)


def arrow_schema(model: type[Record]) -> pa.Schema:
    """The Arrow schema of a record type, derived from its fields."""
    return pa.schema([_arrow_field(name, info) for name, info in model.model_fields.items()])


def _arrow_field(name: str, info: Any) -> pa.Field:
    kind, nullable = _arrow_type(info.annotation)
    return pa.field(info.alias or name, kind, nullable=nullable)


def _arrow_type(annotation: Any) -> tuple[pa.DataType, bool]:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (a for a in args if a is not type(None))
        return _arrow_type(inner)[0], True
    if origin is list:
        return pa.list_(_arrow_type(args[0])[0]), False
    if origin is Literal:
        return (pa.int64() if isinstance(args[0], int) else pa.string()), False
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return pa.struct([_arrow_field(n, i) for n, i in annotation.model_fields.items()]), False
    return {str: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64()}[annotation], False
