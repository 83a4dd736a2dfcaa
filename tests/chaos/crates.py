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
{own}
[workspace]
"""
MACRO = {
    "Cargo.toml": """[package]
name = "{name}-macro"
version = "0.1.0"
edition = "2021"
license = "MIT"

[lib]
proc-macro = true
""",
    "src/lib.rs": """//! Numbers for {name}.
use proc_macro::TokenStream;

/// The number that it is given, and one more.
#[proc_macro]
pub fn next(number: TokenStream) -> TokenStream {{
    return format!("({{}} + 1)", number).parse().unwrap();
}}
""",
}
NEXT = """
/// What comes after its number.
pub fn next_of_{name}() -> usize {{ return {name}_macro::next!({number}); }}
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
TESTED_EVERY, GUESTS_EVERY, MACROS_EVERY = 6, 4, 8
"""One crate in so many has a test (tests take the longest), one has a guest (what it needs has a build script), and one
a procedural macro in a package of its own, which is another unit."""
WEIGH = {"src/lib.rs": "pub fn weigh(thing: usize) -> usize {\n    thing * 2\n}\n"}
GUEST = {"build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n}\n'}
SILENCE_S = 12.0
"""What a command may be silent; a worker that is paused stands still for longer."""
RECIPE = f"""groups = ["style"]
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
silence_s = {SILENCE_S}
"""


def write_crates(folder: Path, registry: Registry, names: Sequence[str]) -> tuple[Path, Path, int]:
    """The crates, with what they need in the registry: the list, the recipe, and how many units they are."""
    units = len(names)
    for number, name in enumerate(names):
        needs = f"ember{number}"
        registry.add(needs, files={**WEIGH, **(GUEST if number % GUESTS_EVERY == 1 else {})})
        (folder / name / "src").mkdir(parents=True)
        has_macro = number % MACROS_EVERY == 3
        units += has_macro
        own = f'{name}-macro = {{ path = "macro" }}\n' if has_macro else ""
        (folder / name / "Cargo.toml").write_text(MANIFEST.format(name=name, needs=needs, own=own))
        for path, text in MACRO.items() if has_macro else ():
            (folder / name / "macro" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / "macro" / path).write_text(text.format(name=name))
        text = LIBRARY + (NEXT if has_macro else "") + (TESTS if number % TESTED_EVERY == 0 else "")
        (folder / name / "src/lib.rs").write_text(text.format(name=name, needs=needs, number=number))
    (folder / "list.toml").write_text("".join(f'[[crate]]\npath = "{name}"\n' for name in names))
    (folder / "recipe.toml").write_text(RECIPE)
    return folder / "list.toml", folder / "recipe.toml", units
