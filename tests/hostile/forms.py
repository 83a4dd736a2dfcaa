"""How an attack gets to run: as a build script, as a procedural macro, as a test, or by the compiler's own work.

An attack is Rust with a `fn strike()`. It calls `told` where it got what it wanted, and goes on quietly where not.
"""

from __future__ import annotations

from tests.hostile.case import Files

_TOLD = """\
#![allow(dead_code)]
fn told(words: &str) {
    std::fs::write("/box/target/said", words).unwrap();
}

"""
_MANIFEST = """\
[package]
name = "@crate@"
version = "0.1.0"
edition = "2021"
license = "MIT"

[lib]
test = false
doctest = false
"""
_LIBRARY = "pub fn one() -> u32 {\n    1\n}\n"
_LOCK = "version = 4\n{}"
_PACKAGE = '\n[[package]]\nname = "{}"\nversion = "0.1.0"\n{}'


def build_script(attack: str) -> Files:
    """The attack runs while the crate is built."""
    return {
        "Cargo.toml": _MANIFEST,
        "Cargo.lock": _locked("@crate@"),
        "build.rs": f"{_TOLD}fn main() {{\n    strike();\n}}\n\n{attack}",
        "src/lib.rs": _LIBRARY,
    }


def test(attack: str) -> Files:
    """The attack runs as a test, which passes."""
    return {
        "Cargo.toml": _MANIFEST,
        "Cargo.lock": _locked("@crate@"),
        "src/lib.rs": _LIBRARY,
        "tests/strike.rs": f"{_TOLD}#[test]\nfn strikes() {{\n    strike();\n}}\n\n{attack}",
    }


def macro(attack: str) -> Files:
    """The attack runs inside the compiler."""
    return {
        "Cargo.toml": f'{_MANIFEST}\n[dependencies]\nzap = {{ path = "zap" }}\n',
        "Cargo.lock": _LOCK.format(
            _PACKAGE.format("@crate@", 'dependencies = [\n "zap",\n]\n') + _PACKAGE.format("zap", "")
        ),
        "src/lib.rs": f"zap::zap!();\n\n{_LIBRARY}",
        "zap/Cargo.toml": _MANIFEST.replace("@crate@", "zap").replace("[lib]", "[lib]\nproc-macro = true"),
        "zap/src/lib.rs": (
            f"{_TOLD}use proc_macro::TokenStream;\n\n#[proc_macro]\npub fn zap(_: TokenStream) -> TokenStream {{\n"
            f"    strike();\n    TokenStream::new()\n}}\n\n{attack}"
        ),
    }


def library(source: str) -> Files:
    """Nothing of the crate runs; compiling it is the attack."""
    return {"Cargo.toml": _MANIFEST, "Cargo.lock": _locked("@crate@"), "src/lib.rs": source}


def _locked(name: str) -> str:
    return _LOCK.format(_PACKAGE.format(name, ""))
