"""Each gate refuses a corpus that was broken on purpose, by its own exit status."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml  # type: ignore[import-untyped]

from oxidizer.datasets.corpus.audit import GATES, audit
from oxidizer.datasets.corpus.ledger import entry, entry_path
from oxidizer.datasets.corpus.reading import open_corpus
from oxidizer.datasets.corpus.shards import Shard, file_hash
from oxidizer.datasets.records import CanonTeach, Chat, DiagFix, arrow_schema, to_row

Break = Callable[[Path], None]


def shard(corpus: Path, family: str = "diag_fix", split: str = "train") -> Path:
    return corpus / open_corpus(corpus).shards(family, split)[0]["path"]


def rewritten(path: Path, change: Callable[[list[dict[str, Any]]], None], settle: bool = True) -> None:
    """A shard with other rows; `settle` makes hashes of ledger and manifest fit again, as a forger would."""
    rows = pq.read_table(path).to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(path)), path)
    if settle:
        settled(path)


def settled(path: Path) -> None:
    corpus = path.parents[2]
    name = path.relative_to(corpus).as_posix()
    entry = corpus / entry_path(name)
    told = yaml.safe_load(entry.read_text())
    entry.write_text(yaml.safe_dump({**told, "sha256": file_hash(path)}))
    manifest = json.loads((corpus / "manifest.json").read_text())
    for one in manifest["shards"]:
        if one["path"] == name:
            one["sha256"] = file_hash(path)
    (corpus / "manifest.json").write_text(json.dumps(manifest))


def renewed(row: dict[str, Any], **changes: Any) -> None:
    """The row as another record, whole and well hashed."""
    fields = {key: value for key, value in row.items() if key not in ("id", "sha256")}
    row.update(to_row(DiagFix.new(**{**fields, **changes})))


def without_manifest(corpus: Path) -> None:
    (corpus / "manifest.json").unlink()


def with_a_stray_shard(corpus: Path) -> None:
    shutil.copy(shard(corpus), corpus / "data/diag_fix/train-stray.parquet")


def without_an_entry(corpus: Path) -> None:
    (corpus / entry_path(shard(corpus).relative_to(corpus).as_posix())).unlink()


def with_another_byte(corpus: Path) -> None:
    with shard(corpus).open("ab") as file:
        file.write(b"PAR1")


def with_an_entry_too_many(corpus: Path) -> None:
    (corpus / "ledger/diag_fix/train-99999-of-99999.yaml").write_text("name: x\n")


def with_a_repository_in_two_splits(corpus: Path) -> None:
    moved = pq.read_table(shard(corpus)).to_pylist()[0]

    def change(rows: list[dict[str, Any]]) -> None:
        renewed(moved, explanation="moved", setup_diff="x")
        rows.append(moved)

    target = shard(corpus, split="test" if any((corpus / "data/diag_fix").glob("test-*")) else "val")
    rewritten(target, change)
    entry = target.parents[2] / entry_path(target.relative_to(corpus).as_posix())
    told = yaml.safe_load(entry.read_text())
    home = f"example.com/{moved['crate']}/{moved['crate']}"
    source = {name: moved[name] for name in ("version", "license", "source_url", "commit")}
    told["sources"].append({"name": moved["crate"], "repository": home, "rows": 1, **source})
    entry.write_text(yaml.safe_dump(told))


def with_copyleft(corpus: Path) -> None:
    rewritten(shard(corpus), lambda rows: renewed(rows[0], license="GPL-2.0-only"))


def without_a_licence(corpus: Path) -> None:
    rewritten(shard(corpus), lambda rows: renewed(rows[0], license=""))


def without_a_text(corpus: Path) -> None:
    next((corpus / "licences/texts").iterdir()).unlink()


def with_a_text_that_nobody_shipped(corpus: Path) -> None:
    next((corpus / "licences/texts").iterdir()).write_text("do as you like")


def with_an_answer_of_nobody(corpus: Path) -> None:
    rewritten(shard(corpus), lambda rows: renewed(rows[0], license="CC-BY-SA-4.0"))


def with_sealed_code(corpus: Path) -> None:
    rewritten(shard(corpus), lambda rows: renewed(rows[0], sealed=True))


def with_a_changed_row(corpus: Path) -> None:
    rewritten(shard(corpus), lambda rows: rows[0].update(explanation="better"))


def with_a_row_twice(corpus: Path) -> None:
    rewritten(shard(corpus), lambda rows: rows.append(rows[0]))


def with_rejects_as_repairs(corpus: Path) -> None:
    negatives, target = shard(corpus, "negatives"), shard(corpus)
    shutil.copy(negatives, target)
    settled(target)


def with_another_card(corpus: Path) -> None:
    card = corpus / "README.md"
    card.write_text(card.read_text().replace("data/diag_fix/train-", "data/diag_fix/"))


def with_an_entry_that_says_otherwise(corpus: Path) -> None:
    entry = corpus / entry_path(shard(corpus).relative_to(corpus).as_posix())
    entry.write_text(yaml.safe_dump({**yaml.safe_load(entry.read_text()), "rows": 1}))


def with_an_entry_of_nonsense(corpus: Path) -> None:
    entry = corpus / entry_path(shard(corpus).relative_to(corpus).as_posix())
    entry.write_text(yaml.safe_dump({**yaml.safe_load(entry.read_text()), "sources": "x"}))


def with_other_rejects(corpus: Path) -> None:
    next((corpus / "rejects").iterdir()).write_bytes(b"x")


def with_a_stray_file(corpus: Path) -> None:
    (corpus / "data/.DS_Store").write_bytes(b"x")


def with_a_letter(corpus: Path) -> None:
    (corpus / "letter.txt").write_text("x")


def without_rows(corpus: Path) -> None:
    manifest = json.loads((corpus / "manifest.json").read_text())
    (corpus / "manifest.json").write_text(json.dumps({**manifest, "shards": []}))
    for folder in ("data", "ledger"):
        shutil.rmtree(corpus / folder)


def with_foreign_columns(corpus: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), shard(corpus))
    settled(shard(corpus))


def with_terms_of_its_own(corpus: Path) -> None:
    manifest = json.loads((corpus / "manifest.json").read_text())
    manifest["recipe"]["licences"] = ["MIT", "GPL-3.0-only"]
    (corpus / "manifest.json").write_text(json.dumps(manifest))


def told_anew(row: dict[str, Any], **changes: Any) -> None:
    fields = {key: value for key, value in row.items() if key not in ("id", "sha256")}
    row.update(to_row(Chat.new(**{**fields, **changes})))


def with_a_chat_of_sealed_code(corpus: Path) -> None:
    changes = {"repo": "gitlab.com/kornelski/dunce", "source_url": "pkg:cargo/dunce@1.0.5"}
    rewritten(shard(corpus, "chat"), lambda rows: told_anew(rows[0], **changes))


def with_a_chat_of_an_exam(corpus: Path) -> None:
    exam = "test" if any((corpus / "data/diag_fix").glob("test-*")) else "val"
    lesson = pq.read_table(shard(corpus, split=exam)).to_pylist()[0]["id"]
    rewritten(shard(corpus, "chat"), lambda rows: told_anew(rows[0], parents=[lesson], repo="crate:elsewhere"))


BROKEN: list[tuple[str, Break, str]] = [
    ("complete", without_manifest, "the build did not end"),
    ("complete", with_a_stray_shard, "the manifest does not know"),
    ("ledger", without_an_entry, "has no entry in the ledger"),
    ("ledger", with_another_byte, "has another hash than the ledger says"),
    ("ledger", with_an_entry_too_many, "is the entry of no shard"),
    ("split", with_a_repository_in_two_splits, "and train"),
    ("licence", with_copyleft, "GPL-2.0-only"),
    ("licence", without_a_licence, "No licence is named"),
    ("licence", without_a_text, "is missing"),
    ("licence", with_a_text_that_nobody_shipped, "it has another hash"),
    ("attribution", with_an_answer_of_nobody, "in a shard of other licences"),
    ("sealed", with_sealed_code, "is sealed, and in train"),
    ("sealed", with_a_chat_of_sealed_code, "is sealed, and in train"),
    ("split", with_a_chat_of_an_exam, "is told of a lesson in"),
    ("record", with_rejects_as_repairs, "is a reject, among records of the type diag_fix"),
    ("record", with_foreign_columns, "type: no record is a None"),
    ("complete", with_another_card, "is not the card"),
    ("complete", with_other_rejects, "has another hash than the manifest says"),
    ("complete", with_a_stray_file, "the manifest does not know"),
    ("complete", with_a_letter, "is nothing of a corpus"),
    ("complete", without_rows, "holds no row"),
    ("ledger", with_an_entry_that_says_otherwise, "has another `rows` than its entry says"),
    ("ledger", with_an_entry_of_nonsense, "has another `sources`"),
    ("licence", with_terms_of_its_own, "cannot be meant"),
    ("record", with_a_changed_row, "sha256: "),
    ("record", with_a_row_twice, "is there twice"),
]


@pytest.mark.parametrize(("gate", "breaking", "said"), BROKEN, ids=[one[1].__name__ for one in BROKEN])
def test_a_gate_refuses_what_was_broken_on_purpose(
    gate: str, breaking: Break, said: str, finished: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(finished, corpus)
    breaking(corpus)
    found = audit(corpus)
    assert any(said in breach.what for breach in found.breaches[gate]), found.breaches
    assert found.counts[gate] > 0
    if gate != "complete":
        assert not found.counts["complete"]


def test_an_anchor_whose_text_is_another_is_refused(finished: Path, tmp_path: Path) -> None:
    """A book's lesson cites a heading by the hash of its text, which the corpus holds."""
    corpus = tmp_path / "corpus"
    shutil.copytree(finished, corpus)
    text = b"## Ownership\n\nEach value has an owner.\n"
    digest = hashlib_of(text)
    add_teaching(corpus, [f"book.md#ownership@{digest}"])
    assert audit(corpus).counts["anchor"] == 1
    (corpus / "anchors").mkdir()
    (corpus / f"anchors/{digest}.txt").write_bytes(text)
    assert audit(corpus).exit_code == 0
    (corpus / f"anchors/{digest}.txt").write_bytes(text + b"!")
    found = audit(corpus)
    assert found.exit_code == GATES["anchor"] == 15
    assert "is another one than the hash says" in found.breaches["anchor"][0].what


def hashlib_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def add_teaching(corpus: Path, citations: list[str]) -> None:
    """A shard of lessons from a book, entered in ledger and manifest."""
    target = {"explanation": "e", "code_before": "", "code_after": "", "citations": citations}
    row = CanonTeach.new(
        source="book", topic="ownership", prompt="p", context="c", target=target, spdx="MIT", license="MIT",
        source_url="https://example.com/book/book", commit=None, parents=[],
    )  # fmt: skip
    shard = Shard("teach", "train", 0, 1)
    path = corpus / shard.path
    path.parent.mkdir()
    pq.write_table(pa.Table.from_pylist([to_row(row)], arrow_schema(CanonTeach)), path)
    told = entry(shard, path)
    (corpus / entry_path(shard.path)).parent.mkdir()
    (corpus / entry_path(shard.path)).write_text(yaml.safe_dump(told))
    manifest = json.loads((corpus / "manifest.json").read_text())
    kept = ("family", "split", "rows", "bytes", "sha256", "license", "counts")
    manifest["shards"].append({"path": shard.path, **{key: told[key] for key in kept}})
    (corpus / "manifest.json").write_text(json.dumps(manifest))
