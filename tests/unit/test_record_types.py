"""Every type of record: what goes out comes back the same, and what is wrong is named."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.rundir import table_bytes
from oxidizer.datasets.records import Identified, RecordError, arrow_schema, check, decode, encode, model_of, to_row
from oxidizer.datasets.records.reading import MIGRATIONS, TYPES
from oxidizer.datasets.records.schemas import SCHEMAS, schema_text
from tests.unit.record_rows import rows

few = settings(max_examples=25, deadline=None)


def records(model: type[Identified]) -> st.SearchStrategy[Identified]:
    def made(row: dict[str, Any]) -> Identified:
        return model.new(**{key: value for key, value in row.items() if key not in ("id", "sha256")})

    return rows(model).map(made)


@pytest.mark.parametrize("name", TYPES)
def test_encoding_decoding_and_encoding_again_gives_the_same_bytes(name: str) -> None:
    @few
    @given(records(TYPES[name]))
    def law(record: Identified) -> None:
        once = encode(record)
        back = type(record).model_validate_json(once)
        assert (back, encode(back)) == (record, once)
        check(back)

    law()


@pytest.mark.parametrize("name", TYPES)
def test_parquet_gives_back_what_it_was_given(name: str) -> None:
    @few
    @given(st.lists(records(TYPES[name]), min_size=1, max_size=3))
    def law(made: list[Identified]) -> None:
        model = TYPES[name]
        data = table_bytes([to_row(record) for record in made], arrow_schema(model))
        assert data == table_bytes([to_row(record) for record in made], arrow_schema(model))
        back = pq.read_table(io.BytesIO(data))
        assert back.schema == arrow_schema(model)
        assert [decode(row) for row in back.to_pylist()] == made

    law()


@pytest.mark.parametrize("name", TYPES)
def test_every_type_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    fields = TYPES[name].model_fields
    assert model_of({"type": name}) is TYPES[name]
    assert {"type", "schema_version", "id", "license", "source_url", "commit", "parents", "sha256"} <= set(fields)
    assert fields["type"].default == name


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_that_others_read_is_frozen(name: str) -> None:
    """A change of it is a new `schema_version` with a migration; its module writes it for a new type."""
    written = (SCHEMAS / f"{name}.json").read_text()
    assert written == schema_text(TYPES[name])
    assert json.loads(written)["properties"]["type"]["const"] == name


def test_no_schema_is_left_of_a_type_that_went() -> None:
    assert {path.stem for path in Path(SCHEMAS).glob("*.json")} == set(TYPES)


WRONG: list[tuple[str, Any, str]] = [
    ("type", "dag_fix", r"^type: no record is a 'dag_fix'; did you mean 'diag_fix'\?$"),
    ("type", None, "^type: no record is a None; there are: diag_fix, reject"),
    ("schema_version", 7, "^schema_version: 7; a newer Oxidizer wrote it"),
    ("schema_version", 0, "^schema_version: 0; this Oxidizer reads 1 to 1$"),
    ("schema_version", "1", "^schema_version: '1'; this Oxidizer reads"),
    ("license", 3, "^license: Input should be a valid string$"),
    ("zeal", 3, "^zeal: Extra inputs are not permitted$"),
    ("error", {}, r"^error.tool: Field required \(and 6 more\)$"),
]


@pytest.mark.parametrize(("field", "value", "said"), WRONG)
@few
@given(row=rows(TYPES["diag_fix"]))
def test_what_is_wrong_with_a_row_is_told_with_its_field(
    field: str, value: Any, said: str, row: dict[str, Any]
) -> None:
    with pytest.raises(RecordError, match=said):
        decode({**row, field: value})


@few
@given(record=records(TYPES["pr_pair"]))
def test_a_field_inside_a_list_is_named_by_its_place(record: Identified) -> None:
    comment = {"file": "a", "line": "x", "hunk": "", "body": ""}
    with pytest.raises(RecordError, match=r"^review_comments\[0\]\.line: Input should be a valid integer"):
        decode({**to_row(record), "review_comments": [comment]})


@few
@given(record=records(TYPES["diag_fix"]))
def test_a_row_that_was_changed_afterwards_is_found(record: Identified) -> None:
    row = to_row(record)
    check(decode(row))
    with pytest.raises(RecordError, match=r"^sha256: "):
        check(decode({**row, "explanation": row["explanation"] + "."}))
    with pytest.raises(RecordError, match=r"^id: "):
        check(decode({**row, "setup_diff": row["setup_diff"] + "."}))


def test_an_older_version_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    model = TYPES["qa"]
    record = model.new(
        question="q", answer="a", difficulty=1, topic="t", attribution=[], license="MIT", source_url="u", commit=None,
        parents=[],
    )  # fmt: skip
    oldest = {**_without(to_row(record), "answer"), "schema_version": -1, "reply": "a"}
    with pytest.raises(RecordError, match=r"^schema_version: -1; this Oxidizer reads"):
        decode(oldest)
    steps = {
        -1: lambda row: {**_without(row, "reply"), "schema_version": 0, "rejoinder": row["reply"]},
        0: lambda row: {**_without(row, "rejoinder"), "schema_version": 1, "answer": row["rejoinder"]},
    }
    for version, step in steps.items():
        monkeypatch.setitem(MIGRATIONS, ("qa", version), step)
    assert decode({**oldest, "sha256": "of the older form"}) == record
    check(decode(oldest))


def _without(row: dict[str, Any], field: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != field}
