"""Patches that end where code should be."""

from oxidizer.cluster.policy import TrickName as T
from tests.unit.tricks.pair import FIRST, pair

KIND = """\
pub enum Kind {
    Small,
    Large,
}

pub fn size(kind: &Kind) -> usize {
    match kind {
        Kind::Small => 1,
    }
}
"""
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

ENDING = [
    pair("to be written", T.UNFINISHED_CODE, FIRST, "values.first()", "todo!()", "values[0]"),
    pair(
        "not implemented, by its path",
        T.UNFINISHED_CODE,
        FIRST,
        "values.first()",
        "::core::unimplemented!()",
        "*values.first().unwrap()",
    ),
    pair(
        "to be written, raw and behind a comment",
        T.UNFINISHED_CODE,
        FIRST,
        "values.first()",
        "r#todo/* */!()",
        "values[0] /* todo!() */",
    ),
    pair(
        "to be written, by another name",
        T.UNFINISHED_CODE,
        FIRST,
        "pub fn first",
        "use std::todo as later;\npub fn fist() -> u32 { later!() }\npub fn first",
        "use std::dbg as later;\npub fn fist() -> u32 { later!(1) }\npub fn first",
    ),
    pair(
        "to be written, by a macro of one's own",
        T.UNFINISHED_CODE,
        FIRST,
        "pub fn first",
        "macro_rules! later { () => { todo!() } }\npub fn first",
        "macro_rules! later { () => { 1 } }\npub fn first",
    ),
    pair("whichever macro it is given", T.UNFINISHED_CODE, MACRO, "$values.first()", "$values!()", "$values.get(0)"),
    pair(
        "an arm that panics",
        T.PANIC_IN_PLACE,
        KIND,
        "Kind::Small => 1,\n",
        'Kind::Small => 1,\n        Kind::Large => panic!("large"),\n',
        "Kind::Small => 1,\n        Kind::Large => 2,\n",
    ),
    pair(
        "an arm that is never met",
        T.PANIC_IN_PLACE,
        KIND,
        "Kind::Small => 1,\n",
        "Kind::Small => 1,\n        _ => { std::unreachable!() }\n",
        "Kind::Small => 1,\n        _ => { usize::MAX }\n",
    ),
    pair(
        "a body that panics",
        T.PANIC_IN_PLACE,
        FIRST,
        "    let found: u32 = values.first();\n    found\n",
        '    panic!("{values:?}")\n',
        "    values.first().copied().unwrap_or(0)\n",
    ),
    pair(
        "an else that panics",
        T.PANIC_IN_PLACE,
        FIRST,
        "let found: u32 = values.first();",
        "let Some(&found) = values.first() else { panic!() };",
        "let Some(&found) = values.first() else { return 0 };",
    ),
    pair(
        "a panic that is a call",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "std::panic::panic_any(1)",
        "values.len() as u32",
    ),
    pair(
        "nothing unwrapped", T.PANIC_IN_PLACE, FIRST, "values.first()", "None.unwrap()", "values.iter().max().unwrap()"
    ),
    pair(
        "nothing unwrapped, with its type",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        'None::<u32>.expect("x")',
        'Some(1).expect("x")',
    ),
    pair(
        "false asserted",
        T.PANIC_IN_PLACE,
        FIRST,
        "    found\n",
        "    assert!(false);\n    found\n",
        "    assert!(found > 0);\n    found\n",
    ),
    pair("exit for a value", T.EARLY_EXIT, FIRST, "values.first()", "std::process::exit(0)", "values[0]"),
    pair(
        "exit by another name",
        T.EARLY_EXIT,
        FIRST,
        "pub fn first",
        "use std::process::exit as leave;\npub fn first",
        "use std::process::id as leave;\npub fn first",
    ),
    pair(
        "exit by its module's other name",
        T.EARLY_EXIT,
        f"use std::process as p;\n\n{FIRST}",
        "values.first()",
        "p::abort()",
        "p::id()",
    ),
    pair(
        "exit by a macro of one's own",
        T.EARLY_EXIT,
        MACRO,
        "$values.first()",
        "::std::process::exit(0)",
        "$values.last()",
    ),
    pair(
        "exit handed on",
        T.EARLY_EXIT,
        FIRST,
        "values.first()",
        "values.first().copied().unwrap_or_else(|| std::process::abort())",
        "values.first().copied().unwrap_or_else(|| 0)",
    ),
    pair(
        "another program in its place",
        T.EARLY_EXIT,
        FIRST,
        "values.first()",
        'std::os::unix::process::CommandExt::exec(&mut std::process::Command::new("true"))',
        'std::process::Command::new("true").status()',
    ),
    pair(
        "exit by all names of a module",
        T.EARLY_EXIT,
        FIRST,
        "pub fn first",
        "use std::process::*;\npub fn first",
        "use std::collections::*;\npub fn first",
    ),
    pair("a loop for a value", T.ENDLESS_LOOP, FIRST, "values.first()", "loop {}", "loop { break values[0]; }"),
    pair(
        "a loop that only spins",
        T.ENDLESS_LOOP,
        FIRST,
        "    found\n",
        "    while true { std::hint::spin_loop(); }\n    found\n",
        "    while found > 9 { std::hint::spin_loop(); }\n    found\n",
    ),
]
