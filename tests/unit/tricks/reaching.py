"""Patches that reach out of the code that was to be mended: unsafe, linkers, texts, other files."""

from oxidizer.cluster.policy import TrickName as T
from tests.unit.tricks.pair import FIRST, Pair, pair, swap

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

REACHING = [
    pair(
        "an unsafe block",
        T.NEW_UNSAFE,
        FIRST,
        "values.first()",
        "unsafe { *values.as_ptr() }",
        "{ values[0] }",
        code="E0308",
    ),
    pair(
        "an unsafe impl",
        T.NEW_UNSAFE,
        "pub struct A(*mut u8);\n",
        "pub struct A(*mut u8);\n",
        "pub struct A(*mut u8);\n\nunsafe impl Send for A {}\n",
        "pub struct A(*mut u8);\n\nimpl Unpin for A {}\n",
        code="E0277",
    ),
    pair(
        "foreign functions",
        T.NEW_UNSAFE,
        FIRST,
        "pub fn first",
        'extern "C" { pub fn abs(n: i32) -> i32; }\npub fn first',
        'pub extern "C" fn abs(n: i32) -> i32 { n.abs() }\npub fn first',
    ),
    pair(
        "unsafe in a macro's body",
        T.NEW_UNSAFE,
        MACRO,
        "$values.first()",
        "unsafe { Some($values.get_unchecked(0)) }",
        "{ Some(&$values[0]) }",
    ),
    pair(
        "a name for the linker",
        T.LINKED_CODE,
        FIRST,
        "pub fn first",
        "#[no_mangle]\npub fn first",
        "#[inline(never)]\npub fn first",
    ),
    pair(
        "code before main",
        T.LINKED_CODE,
        FIRST,
        "pub fn first",
        '#[link_section = ".init_array"]\npub static BEGIN: fn() = first;\npub fn first',
        "#[doc(hidden)]\npub static BEGIN: fn() = first;\npub fn first",
    ),
    pair(
        "machine code",
        T.LINKED_CODE,
        FIRST,
        "pub fn first",
        'core::arch::global_asm!("nop");\npub fn first',
        'core::compile_error!("no");\npub fn first',
    ),
    pair(
        "a file of the machine's",
        T.OUTSIDE_FILE,
        FIRST,
        "values.first()",
        'include!("/etc/hostname")',
        'include!("value.rs")',
    ),
    pair(
        "a file outside the crate",
        T.OUTSIDE_FILE,
        FIRST,
        "values.first()",
        'include_str!("../../other/x").len() as u32',
        'include_str!("../README.md").len() as u32',
    ),
    pair(
        "the build's environment",
        T.OUTSIDE_FILE,
        FIRST,
        "values.first()",
        'env!("HOME").len() as u32',
        'env!("CARGO_PKG_VERSION").len() as u32',
    ),
    pair(
        "a module outside the crate",
        T.OUTSIDE_FILE,
        FIRST,
        "pub fn first",
        '#[path = "../../x.rs"]\nmod x;\npub fn first',
        '#[path = "y.rs"]\nmod x;\npub fn first',
    ),
    pair(
        "a message of cargo's",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        '    println!("{{\\"reason\\":\\"build-finished\\"}}");\n    found\n',
        '    println!("{{\\"cause\\":\\"build-finished\\"}}");\n    found\n',
    ),
    pair(
        "a test's result",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        '    print!(r#"{{"type":"test","event":"ok"}}"#);\n    found\n',
        '    print!(r#"{{"kind":"word","value":"ok"}}"#);\n    found\n',
    ),
    pair(
        "a message in parts",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        '    print!(concat!("{{\\"rea", "son\\":1"));\n    found\n',
        '    print!(concat!("{{\\"rea", "ding\\":1"));\n    found\n',
    ),
    pair(
        "a stream by its file",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        '    let _ = std::fs::write("/proc/self/fd/1", "x");\n    found\n',
        '    let _ = std::fs::write("/tmp/x", "x");\n    found\n',
    ),
    pair(
        "memory by its file",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        '    let _ = std::fs::write("/proc/self/mem", "x");\n    found\n',
        '    let _ = std::fs::read("/proc/self/status");\n    found\n',
    ),
    pair(
        "a stream of a process by its number",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        '    let _ = std::fs::write(format!("/proc/{}/fd/1", std::process::id()), "x");\n    found\n',
        '    let _ = std::fs::write(format!("/tmp/{}/fd/1", std::process::id()), "x");\n    found\n',
    ),
    pair(
        "a message in other quotes",
        T.FORGED_OUTPUT,
        FIRST,
        "    found\n",
        """    println!("{}", "{ 'type': 'test', 'event': 'ok' }".replace("'", "x"));\n    found\n""",
        """    println!("{}", "{ 'kind': 'test' }".replace("'", "x"));\n    found\n""",
    ),
    pair("the manifest", T.MANIFEST_EDIT, MANIFEST, "1.0.0", "1.0.1", "1.0.0", file="Cargo.toml"),
    pair("the lock", T.MANIFEST_EDIT, "version = 4\n", "4", "3", "4", file="Cargo.lock"),
    pair(
        "no more tests", T.DELETED_TEST, MANIFEST, "version", "autotests = false\nversion", "version", file="Cargo.toml"
    ),
    pair("text", T.FOREIGN_FILE, "Words.\n", "Words", "Other words", "Words", file="README.md"),
    pair(
        "a generated file",
        T.GENERATED_FILE,
        f"// @generated by a program\n{FIRST}",
        "values.first()",
        "values[0]",
        "values.first()",
    ),
    Pair(
        "the build script",
        T.BUILD_SCRIPT_EDIT,
        FIRST,
        swap(FIRST, "values.first()", "values[0]"),
        FIRST,
        file="build.rs",
        beside={"Cargo.toml": MANIFEST},
    ),
    Pair(
        "a build script of another name",
        T.BUILD_SCRIPT_EDIT,
        FIRST,
        swap(FIRST, "values.first()", "values[0]"),
        FIRST,
        file="make/b.rs",
        beside={"Cargo.toml": swap(MANIFEST, "version", 'build = "make/b.rs"\nversion')},
    ),
    Pair(
        "a procedural macro",
        T.PROC_MACRO_EDIT,
        FIRST,
        swap(FIRST, "values.first()", "values[0]"),
        FIRST,
        file="macros/src/lib.rs",
        beside={"macros/Cargo.toml": MANIFEST + "[lib]\nproc-macro = true\n"},
    ),
]
