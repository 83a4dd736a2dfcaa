"""The data of the page's list: every tuple is in it, details within their budget, and a stranger's text is inert."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

from oxidizer.miners.report import read_run, write_report
from oxidizer.miners.report.browse import PART, browsable
from tests.unit import run_fixture as fixture
from tests.unit.test_report import hostile_run


def unpack(block: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(block)))


def test_every_tuple_is_in_the_columns(tmp_path: Path) -> None:
    facts = read_run(fixture.build_run(tmp_path / "run"))
    told = browsable(facts)
    data = unpack(told["columns"])
    assert (told["count"], told["left_out"]) == (32, 0)
    length = data["id_length"]
    ids = [data["ids"][at : at + length] for at in range(0, 32 * length, length)]
    rows = {row.id[:length]: row for row in facts.tuples}
    assert len(set(ids)) == 32
    for at, one in enumerate(ids):
        row = rows[one]
        seen = {name: facet["values"][facet["at"][at]] for name, facet in data["facets"].items()}
        assert (seen["code"], seen["class"], seen["crate"]) == (row.name, row.class_, f"{row.crate} {row.version}")
        assert data["texts"]["message"]["values"][data["texts"]["message"]["at"][at]] == row.message
        assert data["line"][at] == row.line
    for facet in (data["facets"][name] for name in ("class", "code", "crate")):
        counts = [facet["at"].count(value) for value in range(len(facet["values"]))]
        assert counts == sorted(counts, reverse=True)


def test_details_go_round_the_codes_within_their_budget(tmp_path: Path) -> None:
    facts = read_run(fixture.build_run(tmp_path / "run", {"large": PART + 40}))
    whole = browsable(facts)
    assert [len(unpack(part)) for part in whole["parts"]] == [PART, 40]
    held = sum(row.shown_bytes for row in facts.tuples)
    some = browsable(facts, held // 4)
    data, details = unpack(some["columns"]), [detail for part in some["parts"] for detail in unpack(part)]
    assert 0 < len(details) == len(data["details"]) < PART + 40
    codes = [data["facets"]["code"]["values"][data["facets"]["code"]["at"][at]] for at in data["details"]]
    counts = [codes.count(code) for code in set(codes)]
    assert len(counts) == len({row.name for row in facts.tuples})
    assert max(counts) - min(counts) <= 1
    for at, (rendered, patch, command) in zip(data["details"], details, strict=True):
        message = data["texts"]["message"]
        assert message["values"][message["at"][at]] in rendered
        assert patch.startswith("diff --git ")
        assert command.startswith("cargo clippy --lib")
    assert browsable(facts, 0)["parts"] == []


def test_hostile_text_is_packed_and_spelled_out(tmp_path: Path) -> None:
    told = browsable(read_run(hostile_run(tmp_path / "run")))
    data = unpack(told["columns"])
    assert "\\u{202e}" in data["facets"]["code"]["values"][0]
    assert not {"\x1b", "\u202e"} & set(json.dumps(data, ensure_ascii=False))
    # Its diff is too long for the page.
    assert data["details"] == []
    page = write_report(tmp_path / "run").read_text()
    assert told["columns"] in page
