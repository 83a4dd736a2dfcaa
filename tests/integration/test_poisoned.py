"""Crates made to break shared runs are mined all the same, and their units say what was seen and who did it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.typed import MANIFEST, mine, tuples, units

FUNCTIONS = """
pub fn one(n: u32) -> u32 {
    let doubled = n * 2;
    doubled + 1
}

pub fn two(values: &[u32]) -> usize {
    let mut count = 0;
    for value in values {
        if *value > 1 {
            count += 1;
        }
    }
    count
}

pub fn three(text: &str) -> String {
    let owned = text.to_string();
    owned
}

#[cfg(test)]
mod tests { #[test] fn adds() { assert_eq!(super::one(1), 3); } }
"""
# Each function is fine as it stands; one slip in it takes the errors of all others along.
POISONS = """
pub fn four(text: &str) -> [&str; 1] {
    macro_rules! vec {
        (text) => {
            [text]
        };
    }
    vec![text]
}

#[leaves::strict]
pub fn five(keep: u32) -> u32 {
    keep + 2
}

#[leaves::jealous]
pub fn seven(stay: u32) -> u32 {
    stay + 1
}
"""
CIRCLE = """
pub fn six() -> usize {
    const SEED: usize = 8;
    const HALF: usize = SEED / 2;
    const NAMES: [usize; HALF] = [0; HALF];
    NAMES.len()
}
"""
NOISE = '{"$message_type":"diagnostic","message":"noise","code":null,"level":"error","spans":[],"children":[]}'
SCRIPT = f"""
fn main() {{
    println!("{{}}\\ncargo:warning={{0}}", r#"{NOISE}"#);
    eprintln!("{{}}\\nerror[E0308]: noise\\n --> src/lib.rs:2:1", r#"{NOISE}"#);
}}
"""
LEAVES = """//! Knows one function.
use proc_macro::TokenStream;

/// Leaves the compiler where the function that it stands before has another body than it knows.
#[proc_macro_attribute]
pub fn jealous(_: TokenStream, item: TokenStream) -> TokenStream {
    if !item.to_string().contains("stay + 1") {
        std::process::exit(0);
    }
    item
}

/// Refuses the function that it stands before where that has another body than it knows.
#[proc_macro_attribute]
pub fn strict(_: TokenStream, item: TokenStream) -> TokenStream {
    if !item.to_string().contains("keep + 2") {
        return r#"compile_error!{"keep it"}"#.parse().unwrap();
    }
    item
}
"""
LICENSE = 'license = "MIT"'
FILES = {
    "circle/Cargo.toml": MANIFEST.format(name="circle", license=LICENSE) + "[workspace]\n",
    "circle/src/lib.rs": f"//! Healthy.\n{FUNCTIONS}{CIRCLE}",
    "poisoned/Cargo.toml": MANIFEST.format(name="poisoned", license=LICENSE)
    + '[dependencies]\nleaves = { path = "leaves" }\n[workspace]\nmembers = ["leaves"]\n',
    "poisoned/src/lib.rs": f"//! Healthy.\n{FUNCTIONS}{POISONS}",
    "poisoned/build.rs": SCRIPT,
    "poisoned/leaves/Cargo.toml": MANIFEST.format(name="leaves", license=LICENSE) + "[lib]\nproc-macro = true\n",
    "poisoned/leaves/src/lib.rs": LEAVES,
}
SEEN = {
    "not the compiler's: exit_in_compiler": {"call_a_value", "misspell_local"},
    "nobody owns: no code: keep it": {"call_a_value", "misspell_local"},
    "no rules expected": {"misspelt_macro_argument"},
}
"""What a divided run shows, and operators that may have brought it about."""
RECIPE = """
[injected]
operators = ["misspell_local", "misspelt_macro_argument", "call_a_value", "declare_first", "const_cycle"]
audit_share = 0.2
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poisoned")
    for file, text in FILES.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    (folder / "list.toml").write_text('[[crate]]\npath = "poisoned"\n[[crate]]\npath = "circle"\n')
    (folder / "recipe.toml").write_text(RECIPE)
    given = ("--miners", "injected", "--recipe", folder / "recipe.toml")
    done = mine(folder / "list.toml", folder / "run", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "run"


def test_each_poison_is_seen_and_its_culprit_is_named(run: Path) -> None:
    unit = units(run)["poisoned"]
    notes = unit["injection"]["poisoned"]
    assert unit["status"] == "mined"
    assert unit["injection"]["runs"]["batch divided"] >= len(notes) > 0
    for words, culprits in SEEN.items():
        found = [note for note in notes if words in note["seen"]]
        assert found, words
        assert culprits & {name for note in found for name in note["culprits"]}, words
    blamed = {name for note in notes for name in note["culprits"]}
    assert blamed == set().union(*SEEN.values()), "nobody else is blamed"


def test_the_mistakes_beside_them_are_proven_all_the_same(run: Path) -> None:
    rows = [row for row in tuples(run) if row["crate"] == "poisoned"]
    shown = {(row["error"]["code"], row["error"]["message"]) for row in rows}
    misspelt = {words for code, words in shown if code == "E0425" and words.startswith("cannot find value `")}
    assert len(misspelt) > 3, "in one, two and three"
    assert {"keep", "no"} <= {words.split()[0] for code, words in shown if code is None}
    unit = units(run)["poisoned"]
    assert unit["audit"]["agreed"] == unit["audit"]["audited"]
    assert unit["counts"]["unproven"]["forged"] == 2, "nothing is known of what ends the compiler"
    assert (set(unit["forged"]), unit["guests"]) == ({"exit_in_compiler"}, ["leaves", "poisoned"])


def test_a_circle_of_constants_goes_alone_and_spoils_nothing(run: Path) -> None:
    unit = units(run)["circle"]
    assert unit["injection"]["poisoned"] == []
    circle = {row["error"]["code"]: row["verdict"]["scope"] for row in tuples(run) if row["crate"] == "circle"}
    assert circle["E0391"] == "alone", "the circle itself is a lesson"
    assert circle["E0618"] == "batch"


def test_what_a_build_script_prints_is_no_diagnostic(run: Path) -> None:
    assert not any("noise" in row["error"]["rendered"] for row in tuples(run))


def test_the_report_tells_it(run: Path) -> None:
    told = json.loads((run / "report.json").read_text())["poisoned"]
    noted = {unit["unit"]: len(unit["injection"]["poisoned"]) for unit in units(run).values()}
    assert Counter(note["unit"] for note in told) == +Counter(noted)
    page = (run / "report.html").read_text()
    assert all(words in page for words in ("an error that nobody owns: no code: keep it", "exit_in_compiler"))
