"""A corpus from end to end: built, held to its gates, broken on purpose, built again."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml  # type: ignore[import-untyped]

from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.audit import GATES, audit
from oxidizer.datasets.corpus.build import NothingLeft, build
from oxidizer.datasets.corpus.contamination import Index, IndexUnusable, SealedCode
from oxidizer.datasets.corpus.engine import Local
from oxidizer.datasets.corpus.families import licensed, told
from oxidizer.datasets.corpus.files import AtWork, held
from oxidizer.datasets.corpus.ledger import entry_path
from oxidizer.datasets.corpus.mixing import MixedRows
from oxidizer.datasets.corpus.order import OtherCorpus
from oxidizer.datasets.corpus.reading import NoCorpus, differences, open_corpus, sample
from oxidizer.datasets.corpus.recipe import FAMILIES
from oxidizer.datasets.corpus.shards import file_hash
from oxidizer.datasets.corpus.sources import SourceError, open_source
from oxidizer.datasets.corpus.validate import validate
from oxidizer.datasets.mixture import MixtureSampler, Weights, lesson_of
from oxidizer.datasets.records import check, decode, to_row
from tests.unit.corpus_runs import diag_fix, function, ordered, write_run


def files(corpus: Path) -> dict[str, str]:
    return {path.relative_to(corpus).as_posix(): file_hash(path) for path in corpus.rglob("*") if path.is_file()}


def test_all_gates_pass_and_every_row_is_a_record(finished: Path) -> None:
    found = audit(finished)
    assert found.exit_code == 0, found.breaches
    assert found.rows == sum(shard["rows"] for shard in open_corpus(finished).manifest["shards"]) > 300
    assert found.shards > 12
    assert set(validate(finished)) == {None}


def test_what_should_not_be_learnt_is_out_with_its_reason(finished: Path) -> None:
    corpus = open_corpus(finished)
    trained = {row["crate"] for row in corpus.rows("diag_fix") if not row["sealed"]}
    assert {"crate0", "fork", "thief"} <= trained
    assert not {"gpl", "dunce", "shared"} & trained
    assert {row["crate"] for row in corpus.rows("diag_fix", "sealed")} == {"dunce"}
    gone = {path.stem: pq.read_table(path).to_pylist() for path in (finished / "rejects").glob("*.parquet")}
    assert {row["crate"]: row["reason"] for row in gone["licence"]}.keys() == {"gpl", "shared"}
    assert "attribution" in next(row["reason"] for row in gone["licence"] if row["crate"] == "shared")
    assert [row["crate"] for row in gone["sealed"]] == ["thief"]
    (copy,) = gone["exact"]
    assert copy["crate"] in {"fork", "crate3"}
    assert copy["for_the_sake_of"] in {row["id"] for row in corpus.rows("diag_fix")}


def test_what_was_rejected_in_mining_is_never_a_repair(finished: Path) -> None:
    corpus = open_corpus(finished)
    negatives = {row["id"] for row in corpus.rows("negatives")}
    assert negatives
    assert not negatives & {row["id"] for row in corpus.rows("diag_fix")}
    for family in ("chat", "explain_diff"):
        assert not negatives & {parent for row in corpus.rows(family) for parent in row["parents"]}


def test_conversations_are_of_tuples_of_the_same_split(finished: Path) -> None:
    corpus = open_corpus(finished)
    splits = dict(corpus.ids("diag_fix"))
    for family in ("chat", "explain_diff"):
        for shard in corpus.shards(family):
            for row in pq.read_table(finished / shard["path"], columns=["parents"]).to_pylist():
                assert splits[row["parents"][0]] == shard["split"]


def test_share_alike_rows_come_into_families_of_their_own_with_their_authors() -> None:
    author = {"author": "A. Nother", "link": "https://example.com/q/1", "title": ""}
    row = to_row(diag_fix("shared", 2, license="CC-BY-SA-4.0")) | {"attribution": [author]}
    shared = dict(told(row, FAMILIES))
    assert set(shared) == {"diag_fix-share-alike", "chat-share-alike", "explain_diff-share-alike"}
    assert shared["chat-share-alike"]["attribution"] == [author]
    assert set(dict(told(to_row(diag_fix("own", 2)), FAMILIES))) == {"diag_fix", "chat", "explain_diff"}


def test_a_licence_that_is_narrowed_changes_the_hash_and_not_the_id() -> None:
    row = to_row(diag_fix("own", 1, license="MIT OR GPL-3.0-only"))
    narrowed = licensed(row, "MIT")
    check(decode(narrowed))
    assert (narrowed["id"], narrowed["license"]) == (row["id"], "MIT")
    assert licensed(row, row["license"]) is row


def test_shards_are_sorted_and_bounded(finished: Path) -> None:
    corpus = open_corpus(finished)
    assert len(corpus.shards("diag_fix", "train")) > 2
    for shard in corpus.shards():
        ids = pq.read_table(finished / shard["path"], columns=["id"])["id"].to_pylist()
        assert ids == sorted(set(ids))


def test_the_ledger_names_every_source_and_the_bundle_its_licence(finished: Path) -> None:
    corpus = open_corpus(finished)
    for shard in corpus.shards():
        entry = yaml.safe_load((finished / entry_path(shard["path"])).read_text())
        assert {"name", "version", "license", "source_url", "commit", "sha256", "split", "rows"} <= set(entry)
        assert entry["sha256"] == file_hash(finished / shard["path"])
        assert sum(source["rows"] for source in entry["sources"]) == entry["rows"] == shard["rows"]
    bundle = json.loads((finished / "licences/index.json").read_text())
    assert {one["crate"] for one in bundle["crates"]} == {row["crate"] for row in corpus.rows("diag_fix")} | {
        row["crate"] for row in corpus.rows("negatives")
    }


def test_load_dataset_reads_it_offline(finished: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    datasets = pytest.importorskip("datasets")
    corpus = open_corpus(finished)
    for family in ("diag_fix", "negatives", "chat"):
        loaded = datasets.load_dataset(str(finished), family, cache_dir=str(tmp_path))
        assert {split: len(rows) for split, rows in loaded.items()} == {
            split: sum(s["rows"] for s in corpus.shards(family, split)) for split in loaded
        }
        assert set(loaded) == {shard["split"] for shard in corpus.shards(family)}


# One build in another way gives the same bytes.


def test_the_order_of_runs_and_the_number_of_workers_decide_nothing(
    finished: Path, world: Path, toolchain: Toolchain, tmp_path: Path
) -> None:
    build(ordered(world, toolchain, "two", "one"), tmp_path / "corpus", Local(2))
    assert files(tmp_path / "corpus") == files(finished)


class Broken(Exception):
    """The build is killed here."""


class Breaking:
    """An engine that dies after so many results."""

    def __init__(self, results: int) -> None:
        self.left = results

    def map(self, work: Callable[[Any], Any], items: Any) -> Iterator[Any]:
        for item in items:
            if not self.left:
                raise Broken
            self.left -= 1
            yield work(item)


def test_a_build_that_was_killed_anywhere_ends_in_the_same_corpus(
    finished: Path, world: Path, toolchain: Toolchain, tmp_path: Path
) -> None:
    order, corpus = ordered(world, toolchain), tmp_path / "corpus"
    chance = random.Random(7)
    for _ in range(6):
        with pytest.raises(Broken):
            build(order, corpus, Breaking(chance.randrange(30)))
        assert audit(corpus).exit_code == GATES["complete"]
        with pytest.raises(NoCorpus, match="its build did not end"):
            open_corpus(corpus)
    build(order, corpus, Local())
    assert files(corpus) == files(finished)


def test_what_is_finished_is_not_built_again_nor_replaced_unseen(
    finished: Path, world: Path, toolchain: Toolchain, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(finished, corpus)
    build(ordered(world, toolchain), corpus, Breaking(0))
    with pytest.raises(OtherCorpus, match="--replace"):
        build(ordered(world, toolchain, "one"), corpus, Local())
    assert audit(corpus).exit_code == 0
    build(ordered(world, toolchain, "one", replace=True), corpus, Local())
    assert audit(corpus).exit_code == 0
    assert {row["crate"] for row in open_corpus(corpus).rows("diag_fix")} <= {f"crate{n}" for n in range(14)}
    (tmp_path / "other").mkdir()
    (tmp_path / "other/letter.txt").write_text("mine")
    with pytest.raises(OtherCorpus, match="neither empty nor a corpus"):
        build(ordered(world, toolchain), tmp_path / "other", Local())


def test_another_run_moves_no_row(finished: Path, world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    build(ordered(world, toolchain, "one"), tmp_path / "small", Local())
    for found in differences(open_corpus(tmp_path / "small"), open_corpus(finished)):
        assert found.moved == ()
        assert found.kept + len(found.lost) > 0
    assert any(found.gained for found in differences(open_corpus(tmp_path / "small"), open_corpus(finished)))


def test_a_source_that_is_none_is_told(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no run directory"):
        open_source(str(tmp_path))
    empty = write_run(tmp_path, "empty", {})
    with pytest.raises(SourceError, match="no unit is finished"):
        build(replace(ordered(world, toolchain), sources=(open_source(str(empty)),)), tmp_path / "c", Local())


def test_runs_of_which_nothing_is_left_make_no_corpus(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    run = write_run(tmp_path, "gpl", {"gpl": ([diag_fix("gpl", 0, license="GPL-3.0-only")], [])})
    order = replace(ordered(world, toolchain), sources=(open_source(str(run)),))
    with pytest.raises(NothingLeft, match=r"of 1 rows none is left \(licence 1\)"):
        build(order, tmp_path / "corpus", Local())
    assert audit(tmp_path / "corpus").exit_code == GATES["complete"]


def test_a_corpus_may_hold_sealed_rows_alone(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    run = write_run(tmp_path, "exam", {"dunce": ([diag_fix("dunce", i, sealed=True) for i in range(3)], [])})
    order = replace(ordered(world, toolchain), sources=(open_source(str(run)),))
    build(order, tmp_path / "corpus", Local())
    assert audit(tmp_path / "corpus").exit_code == 0
    assert {shard["split"] for shard in open_corpus(tmp_path / "corpus").shards()} == {"sealed"}


def test_an_index_that_lacks_a_sealed_crate_is_refused(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    order = replace(ordered(world, toolchain), sealed=frozenset({"dunce", "beef"}))
    with pytest.raises(IndexUnusable, match="does not know the sealed crates beef: make it anew"):
        build(order, tmp_path / "corpus", Local())


def test_what_the_index_names_is_out_however_short_its_code(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    Index.of([SealedCode("crate5", "https://example.com/crate5/crate5", function("sealed")[1])]).save(tmp_path / "i")
    order = replace(ordered(world, toolchain, "one"), index=tmp_path / "i", sealed=frozenset())
    build(order, tmp_path / "corpus", Local())
    assert "crate5" not in {row["crate"] for row in open_corpus(tmp_path / "corpus").rows("diag_fix")}


def test_a_patch_that_is_torn_is_a_row_that_is_no_record(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    torn = diag_fix("torn", 0).patch_diff.replace(",7 +", ",9 +")
    run = write_run(tmp_path, "torn", {"torn": ([diag_fix("torn", 0, patch_diff=torn), diag_fix("torn", 1)], [])})
    order = replace(ordered(world, toolchain), sources=(open_source(str(run)),))
    (told,) = build(order, tmp_path / "corpus", Local())["stages"][0]["dropped"]
    assert told.startswith("patch_diff: cannot be read")


def test_a_build_killed_while_it_replaces_another_goes_on(
    finished: Path, world: Path, toolchain: Toolchain, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(finished, corpus)
    order = ordered(world, toolchain, "one", replace=True)
    with pytest.raises(Broken):
        build(order, corpus, Breaking(0))
    build(replace(order, replace=False), corpus, Local())
    assert audit(corpus).exit_code == 0
    # Killed when all was done, before it put its things away.
    (corpus / ".build/piles").mkdir(parents=True)
    build(order, corpus, Breaking(0))
    assert audit(corpus).exit_code == 0


def test_two_builds_do_not_work_in_one_folder(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    with held(tmp_path / "corpus"), pytest.raises(AtWork, match="another build is at work"):
        build(ordered(world, toolchain), tmp_path / "corpus", Local())
    assert list((tmp_path / "corpus").iterdir()) == []


def test_without_an_index_of_sealed_code_nothing_begins(world: Path, toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(b"PK")
    for name, said in (("missing", "there is no index"), ("damaged", "cannot be read")):
        order = replace(ordered(world, toolchain), index=tmp_path / name)
        with pytest.raises(IndexUnusable, match=said):
            build(order, tmp_path / "corpus", Local())
        assert not (tmp_path / "corpus").exists()


def test_a_sample_is_the_same_for_the_same_seed(finished: Path) -> None:
    corpus = open_corpus(finished)
    one, other = (sample(corpus, "diag_fix", "train", 5, seed) for seed in (1, 2))
    assert len(one) == 5
    assert one == sample(corpus, "diag_fix", "train", 5, 1) != other
    with pytest.raises(NoCorpus, match="it has: chat"):
        sample(corpus, "songs", None, 1, 0)


def test_a_mixture_shows_each_lesson_of_a_corpus_once_an_epoch(finished: Path) -> None:
    corpus = open_corpus(finished)
    rows = MixedRows(corpus, "train", ["diag_fix", "chat", "explain_diff"])
    lessons = {row["id"] for row in corpus.rows("diag_fix", "train")}
    sampler = MixtureSampler(rows.samples, Weights({"diag_fix": 2, "chat": 1, "explain_diff": 1}), seed=3)
    drawn = [rows[int(number)] for number in sampler.take(len(lessons))]
    assert sorted(lesson_of(row) for row in drawn) == sorted(lessons)
    families = Counter(row.get("family") or row["type"] for row in drawn)
    assert len(families) == 3
    assert rows[0]["id"] == next(corpus.rows("diag_fix", "train"))["id"]
    with pytest.raises(IndexError):
        rows[len(rows.samples)]
