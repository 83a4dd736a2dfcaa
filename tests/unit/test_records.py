"""Records: the id is the lesson, the hash is the whole, and every encoding comes back as it went."""

import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from oxidizer.cluster.rundir import table_bytes
from oxidizer.datasets.records import DiagFix, Reject, arrow_schema, encode, to_row

few = settings(max_examples=40, deadline=None)
TEXT = st.text(max_size=30)
NUMBER = st.integers(0, 2**40)
NAMES = ("file", "line_start", "line_end", "column_start", "column_end", "byte_start", "byte_end")
SPANS = st.fixed_dictionaries({name: TEXT if name == "file" else NUMBER for name in NAMES})
PARTS = st.fixed_dictionaries({"span": SPANS, "replacement": TEXT})
SURE = st.sampled_from(["MachineApplicable", "MaybeIncorrect", "HasPlaceholders", "Unspecified"])
SUGGESTIONS = st.fixed_dictionaries({"message": TEXT, "applicability": SURE, "parts": st.lists(PARTS, max_size=2)})
ERRORS = st.fixed_dictionaries(
    {
        "tool": st.sampled_from(["rustc", "clippy", "rustfmt", "test", "miri"]), "level": TEXT,
        "code": st.none() | TEXT, "message": TEXT, "span": SPANS, "rendered": TEXT,
        "suggestions": st.lists(SUGGESTIONS, max_size=2),
    }
)  # fmt: skip
STATES = st.sampled_from(["pass", "fail", "none"])
TESTS = st.fixed_dictionaries(
    {
        "before": STATES, "after": STATES,
        "names": st.lists(st.fixed_dictionaries(dict.fromkeys(("package", "target", "name"), TEXT)), max_size=2),
    }
)  # fmt: skip
PROBES = st.fixed_dictionaries(
    {
        "args": st.lists(TEXT, max_size=4),
        "env": st.lists(st.fixed_dictionaries({"name": TEXT, "value": TEXT}), max_size=2),
    }
)
VERDICTS = st.fixed_dictionaries(
    {
        "scope": st.sampled_from(["alone", "together", "batch"]), "audited": st.booleans(),
        "covered": st.none() | st.booleans(), "flags": st.lists(TEXT, max_size=2),
    }
)  # fmt: skip
LESSON = {
    "crate": TEXT, "version": TEXT, "source": st.sampled_from(["registry", "path", "git"]), "member": TEXT,
    "toolchain": TEXT, "setup_diff": TEXT, "patch_diff": TEXT, "probe": PROBES,
}  # fmt: skip
"""What makes the lesson, beside tool, code and span of the error."""
CIRCUMSTANCES = {
    "lock": TEXT, "more_errors": st.lists(ERRORS, max_size=2), "tests": TESTS, "explanation": TEXT, "class": TEXT,
    "origin": st.sampled_from(["suggestion", "injected", "migration", "history", "selfplay"]),
    "operator": st.none() | TEXT, "trivial": st.booleans(), "difficulty": st.integers(1, 5), "sealed": st.booleans(),
    "verdict": VERDICTS, "lineage": st.lists(TEXT, max_size=3), "license": TEXT, "source_url": TEXT,
    "commit": st.none() | TEXT, "parents": st.lists(TEXT, max_size=2), "file": TEXT, "code_before": TEXT,
    "code_after": TEXT, "provenance": st.fixed_dictionaries({"repo": st.none() | TEXT, "commit": st.none() | TEXT}),
}  # fmt: skip
FIELDS = st.fixed_dictionaries({**LESSON, **CIRCUMSTANCES, "error": ERRORS})
REJECTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("crate", "version", "stage", "reason", "detail", "toolchain", "member", "lock"), TEXT),
        **dict.fromkeys(("license", "source_url", "commit"), TEXT), "source": st.just("path"),
        "parents": st.lists(TEXT, max_size=1),
        "tool": st.none(), "code": st.none() | TEXT, "applicability": st.none() | SURE,
        "probe": st.none() | PROBES, "error": st.none() | ERRORS, "setup_diff": TEXT, "patch_diff": st.none() | TEXT,
    }
)  # fmt: skip


def other(draw: st.DrawFn, strategy: st.SearchStrategy[Any], than: Any) -> Any:
    """A value of the strategy that is not this one."""
    return draw(strategy.filter(lambda value: value != than))


@st.composite
def changed(draw: st.DrawFn, which: dict[str, st.SearchStrategy[Any]]) -> tuple[DiagFix, DiagFix, str]:
    """A record, the same with one of the named fields changed, and that field's name."""
    fields = draw(FIELDS)
    name = draw(st.sampled_from(sorted(which)))
    value = other(draw, which[name], fields[name])
    return DiagFix.new(**fields), DiagFix.new(**{**fields, name: value}), name


@st.composite
def changed_error(draw: st.DrawFn, names: list[str]) -> tuple[DiagFix, DiagFix, str]:
    fields, error = draw(FIELDS), draw(ERRORS)
    name = draw(st.sampled_from([n for n in names if error[n] != fields["error"][n]] or [""]))
    error = {**fields["error"], name: error[name]} if name else fields["error"]
    return DiagFix.new(**fields), DiagFix.new(**{**fields, "error": error}), name


@few
@given(changed(CIRCUMSTANCES))
def test_circumstances_change_the_hash_and_never_the_id(case: tuple[DiagFix, DiagFix, str]) -> None:
    one, two, name = case
    assert one.id == two.id, f"{name} is no part of the lesson"
    assert one.sha256 != two.sha256, f"{name} is part of the record"


@few
@given(changed(LESSON))
def test_what_makes_the_lesson_makes_the_id(case: tuple[DiagFix, DiagFix, str]) -> None:
    one, two, name = case
    assert one.id != two.id, name
    assert one.sha256 != two.sha256, name


@few
@given(changed_error(["tool", "code", "span"]))
def test_tool_code_and_place_of_the_error_make_the_id(case: tuple[DiagFix, DiagFix, str]) -> None:
    one, two, name = case
    assert (one.id == two.id) is (name == "")


@few
@given(changed_error(["level", "message", "rendered", "suggestions"]))
def test_the_words_of_the_error_do_not(case: tuple[DiagFix, DiagFix, str]) -> None:
    one, two, name = case
    assert one.id == two.id
    assert (one.sha256 == two.sha256) is (name == "")


@few
@given(FIELDS)
def test_encoding_is_canonical(fields: dict[str, Any]) -> None:
    record = DiagFix.new(**fields)
    encoded = encode(record)
    decoded = DiagFix.model_validate_json(encoded)
    assert decoded == record
    assert encode(decoded) == encoded
    assert (decoded.lesson_id(), decoded.content_hash()) == (record.id, record.sha256)


@few
@given(st.lists(FIELDS, max_size=3), st.lists(REJECTS, max_size=3))
def test_rows_come_back_from_parquet(lessons: list[dict[str, Any]], rejects: list[dict[str, Any]]) -> None:
    for model, records in (
        (DiagFix, [DiagFix.new(**fields) for fields in lessons]),
        (Reject, [Reject.new(**fields) for fields in rejects]),
    ):
        rows, schema = [to_row(record) for record in records], arrow_schema(model)
        written = table_bytes(rows, schema)
        assert table_bytes(rows, schema) == written
        back = pq.read_table(io.BytesIO(written))
        assert back.schema.equals(schema)
        assert back.to_pylist() == rows
        assert [model.model_validate(row) for row in back.to_pylist()] == records


@few
@given(FIELDS)
def test_an_unknown_field_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="verdikt"):
        DiagFix.new(**fields, verdikt=1)
    with pytest.raises(ValidationError, match="lines"):
        DiagFix.new(**{**fields, "error": {**fields["error"], "lines": 1}})


@few
@given(FIELDS)
def test_a_record_cannot_be_changed(fields: dict[str, Any]) -> None:
    record = DiagFix.new(**fields)
    with pytest.raises(ValidationError, match="frozen"):
        record.id = "other"
    with pytest.raises(ValidationError, match="frozen"):
        record.error.span.line_start = 3


def test_the_public_name_is_class_in_every_schema() -> None:
    assert "class" in DiagFix.model_json_schema()["properties"]
    assert "class" in arrow_schema(DiagFix).names
    assert "class_" not in arrow_schema(DiagFix).names
