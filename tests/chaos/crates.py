"""Small crates for campaigns that are disturbed: each is mined in some seconds, and has to fetch one dependency."""

from collections.abc import Sequence
from pathlib import Path

from tests.integration.small_registry import Registry

MANIFEST = """[package]
name = "{name}"
version = "0.1.0"
edition = "2021"
license = "MIT"

[dependencies]
{needs} = "1.0.0"

[workspace]
"""
LIBRARY = """//! Keeps {name} things in order.
pub struct Shelf {{ pub room: usize, pub held: Vec<usize> }}

impl Shelf {{
    pub fn new(room: usize) -> Shelf {{ return Shelf {{ room: room, held: Vec::new() }}; }}

    pub fn put(&mut self, thing: usize) -> bool {{
        let full = self.held.len() >= self.room;
        if !full {{
            self.held.push({needs}::weigh(thing) + {number});
        }}
        !full
    }}

    pub fn first(&self) -> Option<&usize> {{ self.held.first() }}
}}
"""
TESTS = """
#[test]
fn a_full_shelf_takes_nothing() {{
    let mut shelf = Shelf::new(1);
    assert!(shelf.put(3) && !shelf.put(9));
    assert_eq!(shelf.first(), Some(&({needs}::weigh(3) + {number})));
}}
"""
TESTED_EVERY, GUESTS_EVERY = 6, 4
"""One crate in so many has a test (tests take the longest), and one has a guest: what it needs has a build script."""
WEIGH = {"src/lib.rs": "pub fn weigh(thing: usize) -> usize {\n    thing * 2\n}\n"}
GUEST = {"build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n}\n'}
RECIPE = """groups = ["style"]
restriction = []
rustc = []
per_code = 1
unsure_per_code = 0
per_crate = 2
formatting = 0
audit_share = 0.0

[injected]
tried_errors = 12
tried_lints = 0
tried_syntax = 0
tried_alone = 0
tried_manifest = 0
tried_tests = 2
audit_share = 0.0

[limits]
memory_bytes = 1000000000
"""


def write_crates(folder: Path, registry: Registry, names: Sequence[str]) -> tuple[Path, Path]:
    """The crates, with what they need in the registry: the list and the recipe."""
    for number, name in enumerate(names):
        needs = f"ember{number}"
        registry.add(needs, files={**WEIGH, **(GUEST if number % GUESTS_EVERY == 1 else {})})
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "Cargo.toml").write_text(MANIFEST.format(name=name, needs=needs))
        text = LIBRARY + (TESTS if number % TESTED_EVERY == 0 else "")
        (folder / name / "src/lib.rs").write_text(text.format(name=name, needs=needs, number=number))
    (folder / "list.toml").write_text("".join(f'[[crate]]\npath = "{name}"\n' for name in names))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder / "list.toml", folder / "recipe.toml"
