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
        "    #[warn(unused)]\n    let found",
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
        "/// Copies.\nimpl Clone",
    ),
    pair(
        "clippy's own attribute",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        '#[clippy::msrv = "1.10.0"]\npub fn first',
        "#[inline]\npub fn first",
    ),
    pair(
        "rustfmt looks away",
        T.SILENCED_LINT,
        FIRST,
        "    let found",
        "    #[rustfmt::skip]\n    let found",
        "    // rustfmt::skip\n    let found",
    ),
    pair(
        "no documentation for what is hidden",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        '#[doc(alias = "head", hidden)]\npub fn first',
        '#[doc(alias = "head")]\npub fn first',
    ),
    pair(
        "hidden by cfg_attr",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        "#[cfg_attr(all(), doc(hidden))]\npub fn first",
        '#[cfg_attr(all(), doc = "hidden")]\npub fn first',
    ),
    pair(
        "old code may call old code",
        T.SILENCED_LINT,
        FIRST,
        "pub fn first",
        "#[deprecated]\npub fn first",
        "/// Deprecated.\npub fn first",
    ),
    pair(
        "an attribute that a macro makes",
        T.HIDDEN_CODE,
        FIRST,
        "pub fn first",
        "macro_rules! quiet { ($a:ident $b:block) => { #[$a(unused)] $b } }\npub fn first",
        "macro_rules! quiet { ($(#[$a:meta])* $n:ident) => { $(#[$a])* pub struct $n; } }\npub fn first",
    ),
    pair(
        "an attribute of words that a macro is given",
        T.HIDDEN_CODE,
        MACRO,
        "$values.first()",
        "{ #[$values] fn f() {} }",
        "{ #[inline] fn f() {} }",
    ),
    pair(
        "a whole attribute without its brackets",
        T.HIDDEN_CODE,
        FIRST,
        "pub fn first",
        "macro_rules! quiet { ($a:meta, $n:ident) => { #[$a] pub struct $n; } }\npub fn first",
        "macro_rules! quiet { (#[$a:meta], $n:ident) => { #[$a] pub struct $n; } }\npub fn first",
    ),
    pair(
        "an attribute pasted together",
        T.HIDDEN_CODE,
        FIRST,
        "pub fn first",
        "paste::paste! { #[[<al low>](unused)] pub struct A; }\npub fn first",
        "paste::paste! { #[derive(Clone)] pub struct [<A B>]; }\npub fn first",
    ),
]
