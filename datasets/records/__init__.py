"""The records of a corpus, each type defined once; Arrow and JSON Schema derive from these classes."""

from oxidizer.datasets.records.cases import DiagCase, Entry, File, GraphSnap, Metric, Step, Symbol, Triplet
from oxidizer.datasets.records.chats import Chat, Function, Message, Preference, ToolCall
from oxidizer.datasets.records.diag_fix import DiagFix, Reject
from oxidizer.datasets.records.parts import (
    Applicability,
    EnvVar,
    Error,
    Origin,
    Probe,
    Provenance,
    RecordedVerdict,
    Source,
    Span,
    Suggestion,
    SuggestionPart,
    TestName,
    Tests,
    Tool,
)  # fmt: skip
from oxidizer.datasets.records.pulls import Ci, Kind, PrPair, PrUnproven, Review, ReviewComment
from oxidizer.datasets.records.reading import RecordError, check, decode, model_of
from oxidizer.datasets.records.record import (
    SCHEMA_VERSION,
    Identified,
    Record,
    arrow_schema,
    canonical,
    encode,
    to_row,
)  # fmt: skip
from oxidizer.datasets.records.teaching import Attribution, CanonTeach, Qa, Target

__all__ = [
    "SCHEMA_VERSION", "Applicability", "Attribution", "CanonTeach", "Chat", "Ci", "DiagCase", "DiagFix", "Entry",
    "EnvVar", "Error", "File", "Function", "GraphSnap", "Identified", "Kind", "Message", "Metric", "Origin",
    "PrPair", "PrUnproven", "Preference", "Probe", "Provenance", "Qa", "Record", "RecordError", "RecordedVerdict",
    "Reject", "Review", "ReviewComment", "Source", "Span", "Step", "Suggestion", "SuggestionPart", "Symbol", "Target",
    "TestName", "Tests", "Tool", "ToolCall", "Triplet", "arrow_schema", "canonical", "check", "decode", "encode",
    "model_of", "to_row",
]  # fmt: skip
