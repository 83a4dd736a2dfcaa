"""Pull requests in a corpus: what is kept of them and where, their conversations, their licences, their gates."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.rundir import RunDirectory, UnitOutput
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.audit import audit
from oxidizer.datasets.corpus.build import build
from oxidizer.datasets.corpus.contamination import Index, SealedCode
from oxidizer.datasets.corpus.engine import Local
from oxidizer.datasets.corpus.mixing import MixedRows
from oxidizer.datasets.corpus.notices import read_notices
from oxidizer.datasets.corpus.owed import NOTICES, RepositoryTexts
from oxidizer.datasets.corpus.reading import open_corpus
from oxidizer.datasets.corpus.sketch import _unfit
from oxidizer.datasets.corpus.sources import SourceError
from oxidizer.datasets.corpus.validate import validate
from oxidizer.datasets.mixture import lesson_of
from oxidizer.datasets.records import Chat, DiagFix, PrPair, PrUnproven, to_row
from oxidizer.miners.pulls.unit import SCHEMAS
from tests.unit.corpus_runs import TOOLCHAIN, diag_fix, function, ordered

MIT = b"MIT License, of which this is the whole text for once.\n" * 12
ODD = "AUTHORS-\udcff"


def about(repo: str, number: int, *, alike: object = None, **more: Any) -> dict[str, Any]:
    """What every record of a pull request says."""
    before, after = function(alike or (repo, number))
    lines = [*(f"-{line}" for line in before.splitlines()), *(f"+{line}" for line in after.splitlines())]
    size = len(lines) // 2
    names = "diff --git a/src/lib.rs b/src/lib.rs\n--- a/src/lib.rs\n+++ b/src/lib.rs\n"
    diff = f"{names}@@ -1,{size} +1,{size} @@\n" + "\n".join(lines) + "\n"
    url, commit = f"https://example.org/{repo}", hashlib.sha1(f"{repo} {number}".encode()).hexdigest()
    return {
        "license": "MIT OR Apache-2.0", "source_url": url, "commit": commit, "parents": [],
        "repo": repo, "pr": number, "kind": "bug_fix", "title": f"Change {number}", "body": "", "commit_msg": "m",
        "review_comments": [], "base_commit": "b" * 40, "merge_commit": "c" * 40, "before_tree": "1" * 40,
        "patch_diff": diff.encode() + b"Binary \xff\n", "after_tree": f"{number:040x}", "model_diff": diff,
        "toolchain": TOOLCHAIN, "sealed": False, "lineage": [], **more,
    }  # fmt: skip


def pair(repo: str, number: int, **more: Any) -> PrPair:
    test = {"package": "made", "target": "made", "name": "tests::works"}
    proof: dict[str, Any] = {
        "test_diff": b"", "ci": {"status": "pass", "source": "sandbox"}, "evidence": "test", "fail_to_pass": [test],
        "pass_to_pass": [test], "flaky": [], "probe": {"args": ["test"], "env": []}, "lock": "locks/x.lock",
    }  # fmt: skip
    return PrPair.new(**about(repo, number, **proof, **more))


def chat(of: PrPair) -> Chat:
    said = [{"role": "user", "content": f"{of.repo} {of.pr}", "tool_calls": None, "tool_call_id": None}]
    return Chat.new(
        family="chat", messages=said, tools="[]", repo=f"example.org/{of.repo}", attribution=[], license=of.license,
        source_url=of.source_url, commit=of.commit, parents=[of.id],
    )  # fmt: skip


def lesson(repo: str) -> DiagFix:
    fields = {"source": "git", "repo": repo, "before_tree": "1" * 40, "origin": "history", "operator": None}
    home = {"source_url": f"https://example.org/{repo}", "commit": "d" * 40}
    provenance = {"repo": home["source_url"], "commit": home["commit"]}
    return diag_fix(repo.partition("/")[2], 0, version="0.3.0", provenance=provenance, **fields, **home)


def texts(*more: tuple[str, bytes]) -> RepositoryTexts:
    found = {"LICENSE-MIT": MIT, "Cargo.toml": b'[package]\nauthors = ["A. Nother <a@b.c>"]\n', ODD: b"B. Other\n"}
    found |= {"src/lib.rs": b"", "vendored/licence-of-it/NOTICE": b"notice\n", **dict(more)}
    whole = RepositoryTexts()
    whole.add({name: name for name in found}, lambda oid: len(found[oid]), lambda oid: found[oid])
    return whole


def write_pulls(run: Path, repos: dict[str, dict[str, list[Any]]]) -> Path:
    """A run of pull requests, one unit a repository; all of them have conversations."""
    directory = RunDirectory(run)
    told = {"id": "abcdef012345", "asked": {"list": "repos.txt", "miners": ["pull-requests"]},
            "toolchain": {"version": TOOLCHAIN}}  # fmt: skip
    directory.write_json("run.json", told)
    for repo, tables in repos.items():
        rows = {name: [to_row(row) for row in found] for name, found in tables.items()}
        rows["chat"] = [to_row(chat(row)) for row in tables["pr_pair"]]
        directory.commit(
            repo.replace("/", "-"), UnitOutput(rows, {NOTICES: texts().encode()}, {"crate": repo}), SCHEMAS
        )
    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> tuple[Path, Path]:
    """A folder with a run, and the corpus of it."""
    folder = tmp_path_factory.mktemp("pulls")
    sealed = function(("two/two", 1))[1]
    Index.of([SealedCode("dunce", "https://example.org/dunce/dunce", sealed)]).save(folder / "sealed.index")
    one = [pair("one/one", n) for n in range(6)]
    write_pulls(
        folder / "run",
        {
            # One is said to be another change, and is the same; one is copyleft.
            "one/one": {
                "pr_pair": [*one, pair("one/one", 7, alike=("one/one", 0)), pair("one/one", 8, license="GPL-3.0-only")],
                "pr_unproven": [PrUnproven.new(**about("one/one", 9), cause="no_tests", message="none")],
                "diag_fix": [lesson("one/one")],
            },
            # One is like sealed code, one is of a fork of the first: with the same commit and diff.
            "two/two": {
                "pr_pair": [pair("two/two", 1), pair("two/two", 2), pair("two/two", 3, alike=("one/one", 3))],
                "pr_unproven": [], "diag_fix": [],
            },
        },
    )  # fmt: skip
    build(ordered(folder, toolchain, "run"), folder / "corpus", Local())
    return folder, folder / "corpus"


def kept(corpus: Path, family: str) -> set[tuple[str, int]]:
    return {(row["repo"], row["pr"]) for row in open_corpus(corpus).rows(family)}


def test_all_gates_pass_and_each_table_is_a_family(made: tuple[Path, Path]) -> None:
    _, corpus = made
    found = audit(corpus)
    assert found.exit_code == 0, found.breaches
    assert set(validate(corpus)) == {None}
    assert {shard["family"] for shard in open_corpus(corpus).shards()} == {
        "pr_pair", "pr_unproven", "diag_fix", "chat", "explain_diff"
    }  # fmt: skip
    assert kept(corpus, "pr_unproven") == {("one/one", 9)}
    assert [row["crate"] for row in open_corpus(corpus).rows("diag_fix")] == ["one"]
    assert "pull requests of public repositories" in (corpus / "README.md").read_text()


def test_copies_sealed_code_and_copyleft_are_out(made: tuple[Path, Path]) -> None:
    _, corpus = made
    pairs = kept(corpus, "pr_pair")
    same = {("one/one", 3), ("two/two", 3)}, {("one/one", 0), ("one/one", 7)}
    assert pairs - same[0] - same[1] == {("one/one", n) for n in (1, 2, 4, 5)} | {("two/two", 2)}
    assert all(len(pairs & both) == 1 for both in same)
    dropped = {s["stage"]: s["dropped"] for s in open_corpus(corpus).manifest["stages"]}
    assert list(dropped["sealed"]) == ["is like a function of dunce"]
    assert sum(dropped["licence"].values()) == 1
    assert sum(dropped["exact"].values()) == 2


def test_conversations_go_where_their_pull_request_goes_and_under_its_licence(made: tuple[Path, Path]) -> None:
    _, corpus = made
    found = open_corpus(corpus)
    pairs = {row["id"]: row for row in found.rows("pr_pair")}
    splits = dict(found.ids("pr_pair"))
    told = [row for row in found.rows("chat") if row["messages"][0]["role"] == "user"]
    assert {row["parents"][0] for row in told} == set(pairs)
    assert {row["license"] for row in told} == {"MIT OR Apache-2.0"}
    for row_id, split in found.ids("chat"):
        row = next(row for row in found.rows("chat") if row["id"] == row_id)
        assert splits.get(row["parents"][0], split) == split


def test_the_licences_of_a_repository_are_those_of_all_its_units(made: tuple[Path, Path]) -> None:
    folder, corpus = made
    bundle = read_notices(corpus)
    assert not bundle.missing
    assert {(n.crate, n.version, n.source) for n in bundle.notices} == {
        ("one/one", "", "git"), ("two/two", "", "git"), ("one", "0.3.0", "git"),
    }  # fmt: skip
    notice = bundle.notices[0]
    assert notice.authors == ("A. Nother <a@b.c>",)
    assert {text.name: text.standard for text in notice.texts} == {
        "LICENSE-MIT": False, "AUTHORS-\N{REPLACEMENT CHARACTER}": False, "vendored/licence-of-it/NOTICE": False,
    }  # fmt: skip
    shutil.copytree(corpus, folder / "broken")
    (folder / "broken/licences/texts" / f"{notice.texts[1].sha256}.txt").write_bytes(b"")
    assert audit(folder / "broken").exit_code == 13


def test_a_text_that_changed_is_there_as_it_was_each_time() -> None:
    first, later = texts(), texts(("LICENSE-MIT", MIT + b"2020\n"), ("LICENSE-BIG", b"x" * (1 << 21)))
    whole = RepositoryTexts.of([later.encode(), first.encode()])
    assert whole == RepositoryTexts.of([first.encode(), later.encode(), later.encode()])
    shipped = whole.shipped
    assert {shipped.texts[name] for name in shipped.texts if name.startswith("LICENSE-MIT@")} == {MIT, MIT + b"2020\n"}
    assert shipped.too_long == ("LICENSE-BIG",)
    assert shipped.has_licence
    assert not RepositoryTexts.of([]).shipped.has_licence
    for broken in (b"", b"[]", b'{"authors": [], "texts": [1]}', b'{"texts": [], "authors": null, "too_long": []}'):
        with pytest.raises(ValueError, match="no texts of a repository"):
            RepositoryTexts.of([broken])


def test_a_repositorys_bytes_are_kept_whatever_they_are() -> None:
    whole = texts(("COPYING", b"\xff\xfe\r\nall rights\x00"))
    assert RepositoryTexts.of([whole.encode()]) == whole


def test_a_run_without_its_licences_or_conversations_is_refused(
    made: tuple[Path, Path], tmp_path: Path, toolchain: Toolchain
) -> None:
    folder, _ = made
    for name, said in ((NOTICES, "mine it again"), ("chat.parquet", "mine it again")):
        world = tmp_path / name
        shutil.copytree(folder / "run", world / "run")
        shutil.copy(folder / "sealed.index", world)
        (world / "run/units/one-one" / name).unlink()
        with pytest.raises(SourceError, match=said):
            build(ordered(world, toolchain, "run"), world / "corpus", Local())


def test_a_mixture_draws_pull_requests_by_their_kinds_and_never_beside_what_is_told_of_them(
    made: tuple[Path, Path],
) -> None:
    _, corpus = made
    found = open_corpus(corpus)
    split = found.shards("pr_pair")[0]["split"]
    rows = MixedRows(found, split, ["pr_pair", "chat"])
    pairs = [row for number in range(len(rows.samples)) if (row := rows[number])["type"] == "pr_pair"]
    assert pairs
    assert {lesson_of(row) for row in pairs} <= {lesson_of(row) for row in found.rows("chat")}
    assert "bug_fix" in rows.samples.classes


def test_a_table_beside_code_takes_no_pull_request_away() -> None:
    table = "+const T: [u32; 400] = [\n" + "+    1, 2, 3, 4,\n" * 100 + "+];\n"
    head = "diff --git a/src/{0} b/src/{0}\n--- /dev/null\n+++ b/src/{0}\n@@ -0,0 +1,102 @@\n"
    alone, beside = head.format("t.rs") + table, about("two/two", 5)["model_diff"]
    for diff, reason in ((alone, "data"), (beside + alone, None)):
        assert _unfit({**to_row(pair("two/two", 5)), "model_diff": diff}) == reason
