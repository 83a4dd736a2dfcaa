"""Which crates a dump offers, what each is worth, and how the choice is spread."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oxidizer.cli import app
from oxidizer.cluster.crates import load_list
from oxidizer.datasets.dump import Dump, DumpError
from oxidizer.datasets.repositories import repository_key
from oxidizer.datasets.selection import Chosen, Criteria, as_list, candidates, select, spread
from tests.unit.small_dump import Crate, Release, write_dump

PLAIN = Criteria()


def names(folder: Path, crates: list[Crate], criteria: Criteria = PLAIN) -> list[str]:
    return candidates(Dump(write_dump(folder, crates)), criteria)["name"].to_list()


def test_what_is_no_candidate_is_left_out(tmp_path: Path) -> None:
    bad = {
        "yanked": Release(yanked=True), "program": Release(has_lib="f"), "copyleft": Release(licence="GPL-3.0-only"),
        "unlicensed": Release(licence=""), "tiny": Release(size=100), "huge": Release(size=2 << 20),
        "modern": Release(rust="1.99"), "odd": Release(version="1.0"),
    }  # fmt: skip
    good = {
        "plain": Release(), "old": Release(licence="MIT/Apache-2.0"), "unsized": Release(size=None, has_lib=""),
        "fits": Release(rust="1.95.2"), "worded": Release(rust="stable"),
    }  # fmt: skip
    crates = [Crate(name, [release]) for name, release in (bad | good).items()]
    assert set(names(tmp_path, crates, Criteria(rust=(1, 95)))) == set(good)


def test_the_default_version_speaks_for_a_crate(tmp_path: Path) -> None:
    crate = Crate("one", [Release("2.0.0-rc.1", licence="GPL-2.0-only"), Release("1.4.0", day="2025-01-02")])
    (row,) = candidates(Dump(write_dump(tmp_path, [crate])), PLAIN).to_dicts()
    assert (row["version"], row["published"], row["licence"]) == ("1.4.0", "2025-01-02", "MIT OR Apache-2.0")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (Crate("b", downloads=10**6), Crate("a", downloads=10**3)),
        (Crate("b", [Release(day="2026-01-01")]), Crate("a", [Release(day="2019-01-01")])),
        (Crate("b", repository="https://forge.example/x/b"), Crate("a")),
        (Crate("b", [Release(edition="2021")]), Crate("a", [Release(edition="2015")])),
        (
            Crate("b", [Release("1.0.0"), Release("1.0.1")]),
            Crate("a", [Release("1.0.0", yanked=True), Release("1.0.1")]),
        ),
    ],
    ids=["downloads", "recency", "repository", "edition", "yanked"],
)
def test_each_measure_counts(tmp_path: Path, better: Crate, worse: Crate) -> None:
    assert names(tmp_path, [worse, better]) == ["b", "a"]


def test_dependants_are_crates_that_need_it_to_build(tmp_path: Path) -> None:
    crates = [
        Crate("base"), Crate("tested"),
        Crate("one", [Release("0.9.0", needs=[("tested", 0)]),
                      Release(needs=[("base", 0), ("base", 1), ("tested", 2)])]),
        Crate("two", [Release(needs=[("base", 1)])]),
        Crate("self", [Release(needs=[("self", 0)])]),
        Crate("private", [Release(licence="", needs=[("base", 0)])]),
    ]  # fmt: skip
    rows = candidates(Dump(write_dump(tmp_path, crates)), PLAIN).to_dicts()
    assert {row["name"]: row["dependants"] for row in rows} == {"base": 3, "tested": 0, "one": 0, "two": 0, "self": 0}
    assert rows[0]["name"] == "base"


def test_a_crate_belongs_to_its_rarest_category(tmp_path: Path) -> None:
    crates = [
        Crate("json", categories=["no-std", "parsing::json"]), Crate("a", categories=["no-std"]),
        Crate("b", categories=["no-std::no-alloc", "no-std"]), Crate("none"),
    ]  # fmt: skip
    rows = candidates(Dump(write_dump(tmp_path, crates)), PLAIN).to_dicts()
    found = {row["name"]: row["category"] for row in rows}
    assert found == {"json": "parsing", "a": "no-std", "b": "no-std", "none": "none"}


def made(name: str, score: float, category: str, repository: str | None = None) -> Chosen:
    return Chosen(name, "1.0.0", category, "MIT", 1, 0, "2026-01-01", score, repository)


def test_the_choice_is_spread_over_categories() -> None:
    ranked = [made(f"p{n}", 0.9 - n / 1000, "parsing") for n in range(50)]
    ranked += [made(f"w{n}", 0.6 - n / 1000, "web") for n in range(50)] + [made("poor", 0.01, "games")]
    chosen = spread(ranked, 20, 1)
    assert [crate.name for crate in chosen[:4]] == ["p0", "w0", "p1", "w1"]
    assert Counter(crate.category for crate in chosen) == {"parsing": 12, "web": 8}
    everything = spread(ranked, 1000, 1)
    assert sorted(crate.name for crate in everything) == sorted(crate.name for crate in ranked)


def test_a_repository_has_a_bounded_part() -> None:
    ranked = [made(f"c{n}", 1 - n / 10, f"k{n}", "forge/x") for n in range(5)] + [made("other", 0.1, "k9")]
    assert [crate.name for crate in spread(ranked, 9, 1)] == ["c0", "other"]
    assert [crate.name for crate in spread(ranked, 9, 2)] == ["c0", "c1", "other"]


def test_what_is_apart_shares_no_repository(tmp_path: Path) -> None:
    crates = [
        Crate("core", repository="https://forge.example/x/Core.git"),
        Crate("core-derive", repository="https://www.forge.example/x/core/tree/main/derive"),
        Crate("free", repository="https://forge.example/x/free"), Crate("homeless"),
    ]  # fmt: skip
    dump = Dump(write_dump(tmp_path, crates))
    assert {crate.name for crate in select(dump, 9, PLAIN, apart_from=["core"])} == {"free", "homeless"}
    assert len(select(dump, 9, PLAIN)) == 3


def test_the_list_is_one_that_mine_reads(tmp_path: Path) -> None:
    crates = [Crate(f"crate-{n}", [Release(f"1.{n}.0")], categories=["parsing"]) for n in range(5)]
    chosen = select(Dump(write_dump(tmp_path, crates)), 3, PLAIN)
    (tmp_path / "list.toml").write_text(as_list(chosen, "Of a test\nin two lines"))
    assert [(spec.name, spec.version) for spec in load_list(tmp_path / "list.toml")] == [
        (crate.name, crate.version) for crate in chosen
    ]
    assert (tmp_path / "list.toml").read_text().startswith("# Of a test\n# in two lines\n")


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://GitHub.com/Serde-rs/json", "github.com/serde-rs/json"),
        ("git+https://github.com/serde-rs/json.git", "github.com/serde-rs/json"),
        ("git@github.com:serde-rs/json.git", "github.com/serde-rs/json"),
        ("http://www.github.com/serde-rs/json/tree/master/derive?x#y", "github.com/serde-rs/json"),
        ("https://gitlab.com/group/sub/project/-/tree/main", "gitlab.com/group/sub/project"),
        ("https://git.sr.ht/~who/what/", "git.sr.ht/~who/what"),
        ("https://github.com/", None),
        ("none", None),
    ],
)
def test_addresses_of_one_repository(address: str, key: str | None) -> None:
    assert repository_key(address) == key


def test_a_dump_that_cannot_be_read_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="no such folder"):
        Dump(tmp_path / "missing")
    with pytest.raises(DumpError, match="give the folder"):
        Dump(tmp_path)
    (tmp_path / "db-dump.tar.gz").write_bytes(b"")
    with pytest.raises(DumpError, match=r"tar -xzf db-dump\.tar\.gz"):
        Dump(tmp_path / "db-dump.tar.gz")
    dump = write_dump(tmp_path / "2026-11-01-020000", [Crate("one")])
    assert Dump(dump.parent).folder == dump / "data"
    versions = dump / "data/versions.csv"
    versions.write_text(versions.read_text().replace("yanked", "pulled"))
    with pytest.raises(DumpError, match="no column yanked"):
        Dump(dump)
    versions.unlink()
    with pytest.raises(DumpError, match=r"no versions\.csv"):
        Dump(dump)
    write_dump(tmp_path / "2026-11-02-020000", [Crate("one")])
    with pytest.raises(DumpError, match="2 dumps"):
        Dump(tmp_path)


def test_a_dump_without_candidates_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="no crate"):
        names(tmp_path, [replace(Crate("one"), releases=[Release(yanked=True)])])


def test_the_command_writes_a_list_apart_from_another(tmp_path: Path) -> None:
    crates = [Crate(f"c{n}", repository=f"https://forge.example/x/r{n}", downloads=10**n) for n in range(6)]
    folder = write_dump(tmp_path / "dump", crates)
    (tmp_path / "other.csv").write_text("name,version\nc5,1.0.0\n")
    argv = ["crates", "select", "--dump", str(folder), "--top", "3", "--apart-from", str(tmp_path / "other.csv")]
    done = CliRunner().invoke(app, [*argv, "--out", str(tmp_path / "list.toml")])
    assert done.exit_code == 0, done.output
    assert [spec.name for spec in load_list(tmp_path / "list.toml")] == ["c4", "c3", "c2"]
    assert CliRunner().invoke(app, argv).output == (tmp_path / "list.toml").read_text()
    for wrong, said in ((["--rust", "new"], "no release of Rust"), (["--out", "list.txt"], "ends in .toml")):
        refused = CliRunner().invoke(app, [*argv, *wrong])
        assert (refused.exit_code, said in refused.output) == (1, True), refused.output
