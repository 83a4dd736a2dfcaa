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

GUARD = """\
pub fn get(n: Option<u32>) -> u32 {
    if n.is_none() {
        panic!();
    }
    n.map_or(0, |n| n)
}
"""
ARM = "pub fn get(n: Option<u32>) -> u32 {\n    match n {\n        Some(n) => n,\n        None => panic!(),\n    }\n}\n"

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
    pair(
        "a body that panics for a closure that is called",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "(|| panic!())()",
        "values.first().copied().unwrap_or_else(|| panic!())",
    ),
    pair(
        "a closure that panics and has a name",
        T.PANIC_IN_PLACE,
        FIRST,
        "    found\n",
        "    let end = || -> u32 { panic!() };\n    end()\n",
        "    let end = || -> u32 { panic!() };\n    values.first().copied().unwrap_or_else(end)\n",
    ),
    pair(
        "a closure that panics for a constant",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "[0].map(|_| panic!())[0]",
        "values.iter().map(|_| panic!()).sum()",
    ),
    pair(
        "a closure that panics for nothing",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "None::<u32>.unwrap_or_else(|| panic!())",
        "values.first().copied().unwrap_or_else(|| unreachable!())",
    ),
    pair(
        "a panic where one is one",
        T.PANIC_IN_PLACE,
        FIRST,
        "    found\n",
        "    if 1 == 1 { panic!() }\n    found\n",
        "    if found == 1 { panic!() }\n    found\n",
    ),
    pair(
        "a panic for all, where there was one for some",
        T.PANIC_IN_PLACE,
        GUARD,
        GUARD[GUARD.index("    if") : GUARD.rindex("}")],
        "    let _ = n;\n    panic!()\n",
        "    let Some(n) = n else { panic!() };\n    n\n",
    ),
    pair(
        "an arm that panics, moved to be a body",
        T.PANIC_IN_PLACE,
        ARM,
        ARM,
        "pub fn get(n: Option<u32>) -> u32 {\n    let _ = n;\n    end()\n}\n\nfn end() -> u32 {\n    panic!()\n}\n",
        ARM.replace("pub fn get", "fn got") + "\npub fn get(n: Option<u32>) -> u32 {\n    got(n)\n}\n",
    ),
    pair(
        "nothing unwrapped, by a function",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "Option::<u32>::unwrap(None)",
        "Option::<u32>::unwrap(Some(1))",
    ),
    pair(
        "an error unwrapped, with its type",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "Err::<u32, ()>(()).unwrap()",
        "Ok::<u32, ()>(1).unwrap()",
    ),
    pair(
        "nothing unwrapped, by its name",
        T.PANIC_IN_PLACE,
        FIRST,
        "values.first()",
        "{ let none: Option<u32> = None; none.unwrap() }",
        "{ let none: Option<u32> = values.pop(); none.unwrap() }",
    ),
    pair(
        "constants asserted that are not so",
        T.PANIC_IN_PLACE,
        FIRST,
        "    found\n",
        "    assert!(1 > 2);\n    found\n",
        "    assert!(2 > 1);\n    found\n",
    ),
    pair(
        "constants asserted to be one",
        T.PANIC_IN_PLACE,
        FIRST,
        "    found\n",
        "    assert_eq!(1, 2);\n    found\n",
        "    assert_eq!(1, found);\n    found\n",
    ),
    pair(
        "a function that calls itself and no more",
        T.PANIC_IN_PLACE,
        FIRST,
        "    let found: u32 = values.first();\n    found\n",
        "    return first(values);\n",
        "    return first(&values[1..]) + 1;\n",
    ),
    pair(
        "to be written, in parts",
        T.UNFINISHED_CODE,
        FIRST,
        "values.first()",
        "joined!(todo, !, ())",
        "joined!(done != 1, !found, ())",
    ),
    pair(
        "to be written, by its name",
        T.UNFINISHED_CODE,
        FIRST,
        "values.first()",
        "called!(todo)",
        "called!(todo.first)",
    ),
    pair(
        "parts that a macro joins",
        T.UNFINISHED_CODE,
        FIRST,
        "pub fn first",
        "macro_rules! joined { ($($t:tt),*) => { $($t)* } }\npub fn first",
        "macro_rules! joined { ($($t:tt),*) => { $($t),* } }\npub fn first",
    ),
    pair(
        "parts in another order",
        T.UNFINISHED_CODE,
        FIRST,
        "pub fn first",
        "macro_rules! joined { ($a:tt $b:tt) => { $b $a } }\npub fn first",
        "macro_rules! joined { ($a:tt $b:tt) => { $a $b } }\npub fn first",
    ),
    pair(
        "a macro whose name is pasted",
        T.UNFINISHED_CODE,
        FIRST,
        "values.first()",
        "paste::paste! { [<to do>]!() }",
        "paste::paste! { [<to do>](!values) }",
    ),
    pair(
        "exit by a macro that is given its name",
        T.EARLY_EXIT,
        FIRST,
        "pub fn first",
        "macro_rules! end { ($a:ident $b:ident) => { std::$a::$b(0) } }\npub fn first",
        "macro_rules! end { ($a:ident $b:ident) => { Self::$a::$b(0) } }\npub fn first",
    ),
    pair(
        "exit in parts",
        T.EARLY_EXIT,
        FIRST,
        "values.first()",
        "joined!(std, ::, process, ::, exit, (0))",
        "joined!(std, ::, process, ::, id, ())",
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
        "a loop over all numbers",
        T.ENDLESS_LOOP,
        FIRST,
        "    found\n",
        "    for _ in 0.. {}\n    found\n",
        "    for n in 0.. { if n > found { break; } }\n    found\n",
    ),
    pair(
        "a loop while one is one",
        T.ENDLESS_LOOP,
        FIRST,
        "    found\n",
        "    while 1 == 1 {}\n    found\n",
        "    while found == 1 {}\n    found\n",
    ),
    pair(
        "a loop that only its inner one leaves",
        T.ENDLESS_LOOP,
        FIRST,
        "    found\n",
        "    loop { loop { break; } }\n    found\n",
        "    'a: loop { loop { break 'a; } }\n    found\n",
    ),
    pair(
        "a loop that only spins",
        T.ENDLESS_LOOP,
        FIRST,
        "    found\n",
        "    while true { std::hint::spin_loop(); }\n    found\n",
        "    while found > 9 { std::hint::spin_loop(); }\n    found\n",
    ),
]
