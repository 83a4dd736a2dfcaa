"""The injected miner end to end: bugs made in a small crate, proven, recorded, replayed; behaviour judged by tests."""

import json
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.branches import apart, as_branch
from oxidizer.cluster.edits import Edit, EditConflict, apply
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.libtest import CUSTOM_HARNESS
from oxidizer.cluster.rustc import Rustc, record
from oxidizer.cluster.sandbox import RunResult
from oxidizer.cluster.schemata import Schemata, judge_behaviour
from oxidizer.cluster.verdict import Reason
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.mistakes import mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code, Route
from tests.integration.typed import mine, oxidizer, tuples, units

MANIFEST = '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n[workspace]\n'
LIBRARY = """//! Counts words.
use std::collections::BTreeMap;

/// How often each word comes.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: BTreeMap<String, usize>,
    total: usize,
}

impl Tally {
    /// Adds all words of a text.
    pub fn add(&mut self, text: &str) -> usize {
        let mut added = 0;
        for word in text.split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            if word.is_empty() {
                continue;
            }
            *self.counts.entry(word).or_insert(0) += 1;
            added += 1;
        }
        self.total += added;
        added
    }

    /// The share of a word, from 0 to 1.
    pub fn share(&self, word: &str) -> Option<f64> {
        let count = *self.counts.get(word)?;
        if self.total == 0 {
            return None;
        }
        Some(count as f64 / self.total as f64)
    }

    /// The words that come at least so often, most frequent first.
    pub fn frequent(&self, least: usize) -> Vec<(&str, usize)> {
        let mut found: Vec<(&str, usize)> = self
            .counts
            .iter()
            .filter(|(_, count)| **count >= least)
            .map(|(word, count)| (word.as_str(), *count))
            .collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        found
    }
}

/// The longer of two words; the first of equals.
pub fn longer<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.len() >= other.len() { one } else { other }
}

/// Waits for a word that is there.
pub fn position(words: &[&str], wanted: &str) -> usize {
    let mut at = 0;
    while words[at] != wanted {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        let mut tally = Tally::default();
        assert_eq!(tally.add("a b, a!"), 3);
        assert_eq!(tally.share("a"), Some(2.0 / 3.0));
        assert_eq!(tally.frequent(2), vec![("a", 2)]);
    }

    #[test]
    fn compares() {
        assert_eq!(longer("ab", "cd"), "ab");
        assert_eq!(longer("a", "cd"), "cd");
    }

    #[test]
    fn finds() {
        assert_eq!(position(&["a", "b"], "b"), 1);
    }
}
"""
TESTED = """
#[cfg(test)]
mod tests {
    #[test]
    fn clamps() {
        assert_eq!(super::clamp(15), 10);
    }
}
"""
RECIPE = """
[injected]
tried_errors = 120
tried_lints = 60
tried_syntax = 40
tried_alone = 20
tried_tests = 30
audit_share = 0.1
per_crate = 150
"""
LIB = "src/lib.rs"


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list with one crate, and a recipe beside it."""
    folder = tmp_path_factory.mktemp("tally")
    (folder / "tally/src").mkdir(parents=True)
    (folder / "tally/Cargo.toml").write_text(MANIFEST)
    (folder / "tally/src/lib.rs").write_text(LIBRARY)
    (folder / "list.toml").write_text('[[crate]]\npath = "tally"\n')
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


@pytest.fixture(scope="module")
def run(crate: Path) -> Path:
    return mined(crate, "run")


def mined(crate: Path, name: str, *args: object) -> Path:
    given = ("--miners", "injected", "--recipe", crate / "recipe.toml", *args)
    done = mine(crate / "list.toml", crate / name, *given)
    assert done.returncode == 0, done.stdout + done.stderr
    return crate / name


def test_many_kinds_of_bugs_are_made_and_proven(run: Path) -> None:
    rows, unit = tuples(run), units(run)["tally"]
    assert len(rows) >= 100
    assert len({row["error"]["code"] for row in rows}) >= 40
    assert {"borrow", "type", "resolve", "lint", "syntax", "test"} <= {row["class"] for row in rows}
    assert unit["audit"]["audited"] >= 5
    assert unit["audit"]["agreed"] == unit["audit"]["audited"]
    assert len({row["id"] for row in rows}) == len(rows)


def test_mistakes_of_syntax_share_runs(run: Path) -> None:
    told = units(run)["tally"]["injection"]
    assert told["runs"]["syntax shared"] > 0
    assert told["runs"]["nursery shared"] == 1
    for name in ("unclosed_delimiter", "extra_delimiter", "drop_semicolon", "misspelt_keyword"):
        assert told["operators"][name]["tried"] > 0, name
    scopes = {row["operator"]: row["verdict"]["scope"] for row in tuples(run)}
    assert scopes["unclosed_delimiter"] == "batch"


def test_a_tuple_tells_its_cause_and_holds_both_diffs(run: Path) -> None:
    for row in tuples(run):
        assert row["origin"] == "injected"
        assert row["operator"] in {operator.name for operator in operators()}
        assert row["setup_diff"]
        assert row["patch_diff"]
        assert row["code_after"] in LIBRARY
        assert row["code_before"].strip() != row["code_after"].strip()
        assert row["verdict"]["scope"] in ("alone", "batch")
        assert len(row["explanation"]) > 60


def test_failing_tests_are_named_with_the_place_of_their_panic(run: Path) -> None:
    shown = [row for row in tuples(run) if row["error"]["tool"] == "test"]
    assert shown
    for row in shown:
        assert row["tests"]["before"] == "fail"
        assert row["tests"]["after"] == "pass"
        assert {name["name"] for name in row["tests"]["names"]} <= {"tests::adds", "tests::compares", "tests::finds"}
        assert row["error"]["span"]["file"] == LIB
        assert "panicked at src/lib.rs" in row["error"]["rendered"]


def test_every_tuple_can_be_replayed(run: Path) -> None:
    done = oxidizer("verify", run, "--sample", 40, "--sandbox", "bubblewrap")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "accepted 40 of 40" in done.stdout


def test_the_same_seed_gives_the_same_tuples_and_another_others(crate: Path, run: Path) -> None:
    ids = {row["id"] for row in tuples(run)}
    assert {row["id"] for row in tuples(mined(crate, "again"))} == ids
    others = {row["id"] for row in tuples(mined(crate, "other", "--seed", "7"))} - ids
    assert len(others) >= len(ids) // 10, "a tenth at least: of most operators so small a crate has one place or two"


def test_the_report_lists_every_operator_and_why_few_came_of_some(run: Path) -> None:
    figures: dict[str, Any] = json.loads((run / "report.json").read_text())
    listed = {row["name"]: row for row in figures["operators"]}
    assert set(listed) == {operator.name for operator in operators()}
    assert listed["drop_mut"]["proposed"] >= 2
    assert listed["dependency_to_dev"]["why"] == "no place for it in these crates"
    assert all(row["why"] for row in figures["operators"] if row["kept"] < 20)
    assert "Mistakes made on purpose" in (run / "report.html").read_text()
    assert figures["warnings"] == []


def test_schemata_say_what_a_build_of_each_change_says(open_crate: Any) -> None:
    """Killed, surviving, uncovered and hanging changes; the tests that fail are those that fail in a build apart."""
    cargo, root = open_crate({"Cargo.toml": MANIFEST.replace("tally", "tiny"), LIB: LIBRARY})
    bench = Workbench(cargo, root)
    behaviour = [operator for operator in operators() if operator.route is Route.BEHAVIOUR]
    found = [m for m in mistakes(Code(LIB, bench.read(LIB)), behaviour) if not m.is_const]
    mutants = [Mutant(m.site.edits, m.file, *m.region) for m in found]
    mutants = [mutants[n] for n in apart(mutants)][:16]
    (target,) = record(cargo, ["--lib"])
    verdicts = Schemata(bench, Rustc(cargo, target), mutants).judge()
    killed = [(m, v) for m, v in zip(mutants, verdicts, strict=True) if v.green]
    assert len(killed) >= 4
    for mutant, verdict in killed:
        assert judge_behaviour(bench, mutant.edits, verdict.broken)
    for mutant, verdict in zip(mutants, verdicts, strict=True):
        if verdict.reason in (Reason.SURVIVES, Reason.UNCOVERED):
            assert bench.judge_tests(mutant.edits).green
    with pytest.raises(EditConflict):
        Schemata(bench, Rustc(cargo, target), [mutants[0], mutants[0]]).judge()
    assert bench.read(LIB) == (root / LIB).read_bytes()


def test_a_change_that_never_ends_is_run_once(open_crate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one of its programs is ended, the others are not asked."""
    library = "pub fn down(mut n: u32) -> u32 {\n    while n > 0 {\n        n -= 1;\n    }\n    n\n}\n"
    ends = "#[test]\nfn ends() { assert_eq!(%s::down(9), 0); }\n"
    files = {"Cargo.toml": MANIFEST.replace("tally", "tiny"), LIB: library + ends % "crate"}
    cargo, root = open_crate({**files, "tests/a.rs": ends % "tiny", "tests/b.rs": ends % "tiny"})
    bench = Workbench(cargo, root)
    (target,) = record(cargo, ["--lib"])
    at = bench.read(LIB).index(b"n -= 1;")
    endless = Mutant((Edit(LIB, at, at + len(b"n -= 1;"), b""),), LIB, 0, len(library) - 1)
    run, said = cargo.sandbox.run, list[bytes]()

    def heard(*args: Any, **kwargs: Any) -> RunResult:
        result = run(*args, **kwargs)
        said.append(result.stdout)
        return result

    monkeypatch.setattr(cargo.sandbox, "run", heard)
    (verdict,) = Schemata(bench, Rustc(cargo, target), [endless], cap_s=1.0).judge()
    assert verdict.reason is Reason.TESTS_LOST
    (judged,) = [words for words in said if b'"oxidizer":"mutant"' in words]
    assert judged.count(b'"oxidizer":"start"') == 1, "one of the three programs that meet it"


def test_a_harness_of_ones_own_fails_by_any_code_and_hides_no_other_failure(open_crate: Any) -> None:
    library = "pub fn one() -> u32 {\n    1\n}\n#[test]\nfn is_one() {\n    assert_eq!(one(), 1);\n}\n"
    manifest = MANIFEST.replace("tally", "tiny") + '[[test]]\nname = "a"\nharness = false\n'
    own = "fn main() {\n    std::process::exit(if tiny::one() == 1 { 0 } else { 3 });\n}\n"
    cargo, root = open_crate({"Cargo.toml": manifest, LIB: library, "tests/a.rs": own})
    bench = Workbench(cargo, root)
    (target,) = record(cargo, ["--lib"])
    at = library.index("    1\n") + 4
    two = Mutant((Edit(LIB, at, at + 1, b"2"),), LIB, 0, library.index("#[test]"))
    (verdict,) = Schemata(bench, Rustc(cargo, target), [two]).judge()
    assert verdict.green, verdict
    assert {test.name for test in verdict.broken} == {"is_one", CUSTOM_HARNESS}


@pytest.mark.parametrize(
    ("work", "cap_s"),
    [
        ("let began = std::time::Instant::now(); while began.elapsed().as_millis() < 700 {}", 1.0),
        ("std::thread::sleep(std::time::Duration::from_millis(700));", 0.2),
    ],
    ids=["busy", "asleep"],
)
def test_slow_tests_have_a_limit_by_what_they_take(open_crate: Any, work: str, cap_s: float) -> None:
    """Twice the work is no endless loop, however short the least limit is, of the processor and by the clock."""
    tests = f"#[test]\nfn works() {{ for _ in 0..rounds() {{ {work} }} }}\n"
    library = f"pub fn rounds() -> u32 {{\n    1\n}}\n{tests}"
    cargo, root = open_crate({"Cargo.toml": MANIFEST.replace("tally", "tiny"), LIB: library})
    bench = Workbench(cargo, root)
    (target,) = record(cargo, ["--lib"])
    at = library.index("    1\n") + 4
    for rounds, reason in ((b"2", Reason.SURVIVES), (b"60", Reason.TESTS_LOST)):
        more = Mutant((Edit(LIB, at, at + 1, rounds),), LIB, 0, library.index("#[test]"))
        (verdict,) = Schemata(bench, Rustc(cargo, target), [more], cap_s=cap_s).judge()
        assert verdict.reason is reason, verdict


def test_what_compiles_is_a_branch_of_its_block_and_tests_say_the_same_of_it(open_crate: Any) -> None:
    """Edits that no single expression holds: of a `let` and of its use, beside comments at both ends."""
    body = "// First.\n    let bound = 10;\n    // Then.\n    value.min(bound) // and out\n"
    library = f"pub fn clamp(value: u32) -> u32 {{\n    {body}}}\n" + TESTED
    cargo, root = open_crate({"Cargo.toml": MANIFEST.replace("tally", "tiny"), LIB: library})
    bench = Workbench(cargo, root)
    (target,) = record(cargo, ["--lib"])
    source = bench.read(LIB)
    for words, is_red in (({b"10": b"20", b"(bound)": b"(bound.max(1))"}, True), ({b"(bound)": b"(10)"}, False)):
        edits = tuple(Edit(LIB, at, at + len(old), new) for old, new in words.items() for at in [source.index(old)])
        mutant = Mutant(edits, LIB, 0, source.index(b"}"))
        branch = as_branch(mutant, bench.read)
        assert branch is not None
        assert apply(source, branch.edits) == apply(source, edits)
        (verdict,) = Schemata(bench, Rustc(cargo, target), [branch]).judge()
        assert verdict.green == is_red
        assert bench.judge_tests(edits).green != is_red
        if is_red:
            (failing,) = verdict.broken
            assert failing.name == "tests::clamps"
    whole = Mutant((Edit(LIB, 0, 3, b""),), LIB, 0, source.index(b"}"))
    assert as_branch(whole, bench.read) is None, "no statement"
