"""Patches that silence a complaint, or leave out what it is of."""

from oxidizer.cluster.policy import TrickName as T
from tests.unit.tricks.pair import FIRST, pair

MACRO = """\
macro_rules! pick {
    ($values:expr) => {
        $values.first()
    };
}

pub fn first(values: &[u32]) -> Option<&u32> {
    pick!(values)
}
"""
MANIFEST = '[package]\nname = "tiny"\nversion = "1.0.0"\n'

SILENCING = [
    pair(
        "an allow",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        "#[allow(unused)]\npub fn first",
        "#[must_use]\npub fn first",
    ),
    pair(
        "an expect on a statement",
        T.SILENCED_LINT,
        FIRST,
        "    let found",
        "    #[expect(unused)]\n    let found",
        "    // unused\n    let found",
    ),
    pair(
        "an allow for the whole crate",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        "#![allow(unused)]\npub fn first",
        "//! First.\npub fn first",
    ),
    pair(
        "warn turned into allow by one word", T.SILENCED_LINT, f"#[warn(unused_mut)]\n{FIRST}", "warn", "allow", "deny"
    ),
    pair(
        "deny is gone",
        T.SILENCED_LINT,
        f"#![deny(missing_docs)]\n{FIRST}",
        "#![deny(missing_docs)]\n",
        "",
        "#![deny( missing_docs )]\n",
    ),
    pair(
        "an allow in cfg_attr",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        "#[cfg_attr(all(), allow(unused))]\npub fn first",
        "#[cfg_attr(all(), must_use)]\npub fn first",
    ),
    pair(
        "an allow in a macro's body",
        T.SILENCED_LINT,
        MACRO,
        "$values.first()",
        "#[allow(unused)] { $values.first() }",
        "{ $values.first() }",
    ),
    pair(
        "another lint is allowed",
        T.SILENCED_LINT,
        f"#[allow(dead_code)]\n{FIRST}",
        "dead_code",
        "dead_code, unused",
        "dead_code, dead_code"[:9],
    ),
    pair(
        "an allow is moved to what is red",
        T.SILENCED_LINT,
        f"#[allow(dead_code)]\nfn other() {{}}\n\n{FIRST}",
        "#[allow(dead_code)]\nfn other() {}\n\n",
        "fn other() {}\n\n#[allow(dead_code)]\n",
        "#[expect(dead_code)]\nfn other() {}\n\n",
    ),
    pair("clippy's own file", T.SILENCED_LINT, 'msrv = "1.70"\n', "1.70", "1.60", "1.70", file="clippy.toml"),
    pair(
        "the manifest's lints",
        T.SILENCED_LINT,
        MANIFEST,
        '"1.0.0"\n',
        '"1.0.0"\n[lints.rust]\nunused = "allow"\n',
        '"1.0.0"\n',
        file="Cargo.toml",
    ),
    pair(
        "code is left out",
        T.HIDDEN_CODE,
        FIRST,
        "pub fn first",
        "#[cfg(any())]\npub fn first",
        "#[inline]\npub fn first",
    ),
    pair(
        "a statement is left out",
        T.HIDDEN_CODE,
        FIRST,
        "    let found",
        '    #[cfg(feature = "x")]\n    let found',
        "    #[rustfmt::skip]\n    let found",
    ),
    pair(
        "an if that is never",
        T.HIDDEN_CODE,
        FIRST,
        "    found\n",
        "    if cfg!(windows) { found } else { 1 }\n",
        "    if found > 1 { found } else { 1 }\n",
    ),
    pair(
        "said to be derived",
        T.SILENCED_LINT,
        "pub struct A;\n\nimpl Clone for A {\n    fn clone(&self) -> A {\n        A\n    }\n}\n",
        "impl Clone",
        "#[automatically_derived]\nimpl Clone",
        "#[doc(hidden)]\nimpl Clone",
    ),
]
