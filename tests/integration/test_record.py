"""How cargo compiles targets of every kind is recorded, and run again says what cargo says."""

from dataclasses import replace

import pytest

from oxidizer.cluster.batch import NotBatchable
from oxidizer.cluster.rustc import NoInvocation
from oxidizer.cluster.workbench import Workbench
from tests.conftest import OpenCrate
from tests.integration.batches import CODES, HEALTHY, LIB, MISTAKES, PACKAGE, Bench, codes, start, start_broken


def test_features_are_part_of_a_record(open_crate: OpenCrate) -> None:
    broken = start_broken(open_crate)
    (invocation,) = broken.invocations
    assert (invocation.flags, invocation.root, invocation.folder) == (("--lib",), LIB, "/box/src")
    assert 'feature="extra"' in invocation.args
    checker = broken.use(invocation)
    assert checker.live([LIB, "src/extra.rs"]) == {LIB, "src/extra.rs"}
    verdicts = broken.same_as_alone(
        [broken.mutant("let mut m", "let m", "src/extra.rs"), broken.mutant("n * 2", "m * 2")]
    )
    assert codes(verdicts) == ["E0384", "E0425"]


def test_a_library_and_two_programs_are_three_targets(open_crate: OpenCrate) -> None:
    more = {
        "src/bin/a.rs": "mod own { pub fn id(n: u32) -> u32 {\n    n\n} }\nfn main() {\n    own::id(tiny::one());\n}\n",
        "src/bin/b/main.rs": "mod part;\nfn main() {\n    part::show(tiny::two(&[]));\n}\n",
        "src/bin/b/part.rs": 'pub fn show(n: usize) {\n    println!("{n}");\n}\n',
    }
    bench = start(open_crate, HEALTHY, ("--lib", "--bins"), **more)
    assert [i.flags for i in bench.invocations] == [("--lib",), ("--bin", "a"), ("--bin", "b")]
    assert [i.root for i in bench.invocations] == [LIB, "src/bin/a.rs", "src/bin/b/main.rs"]
    files = [LIB, "src/bin/a.rs", "src/bin/b/main.rs", "src/bin/b/part.rs"]
    live = [bench.use(invocation).live(files) for invocation in bench.invocations]
    assert live == [{LIB}, {"src/bin/a.rs"}, {"src/bin/b/main.rs", "src/bin/b/part.rs"}]
    mutants = [
        bench.mutant("{n}", "{m}", "src/bin/b/part.rs"),
        bench.mutant("tiny::two(&[])", "tiny::two()", "src/bin/b/main.rs"),
    ]
    assert codes(bench.same_as_alone(mutants)) == ["E0425", "E0061"]
    bench.use(bench.invocations[1])
    changes = [("    n\n", "    &n\n"), ("tiny::one", "tiny::none")]
    assert codes(bench.same_as_alone(bench.mutants(*changes, file="src/bin/a.rs"))) == ["E0308", "E0425"]


def test_a_member_of_a_workspace_is_compiled_from_its_root(open_crate: OpenCrate) -> None:
    other = PACKAGE.replace("tiny", "other")
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["in/tiny", "other"]\nresolver = "2"\n',
        "in/tiny/Cargo.toml": f'{PACKAGE}[dependencies]\nother = {{ path = "../../other" }}\n',
        "in/tiny/src/lib.rs": HEALTHY.replace("    1\n", "    other::one()\n"),
        "other/Cargo.toml": other, "other/src/lib.rs": HEALTHY,
    }  # fmt: skip
    cargo, root = open_crate(files, member="in/tiny")
    bench = Bench(Workbench(cargo, root))
    file = "in/tiny/src/lib.rs"
    (invocation,) = bench.invocations
    assert (invocation.flags, invocation.root, invocation.folder) == (("--lib",), file, "/box/src")
    assert bench.checker.live([file, "other/src/lib.rs"]) == {file}, "a dependency in the workspace is not the target"
    mutants = bench.mutants(("other::one", "other::none"), *MISTAKES[1:], file=file)
    assert codes(bench.same_as_alone(mutants)) == ["E0425", *CODES[1:]]


def test_a_proc_macro_crate_can_be_judged(open_crate: OpenCrate) -> None:
    lib = """\
use proc_macro::TokenStream;

#[proc_macro]
pub fn same(input: TokenStream) -> TokenStream {
    input
}

#[proc_macro_derive(Nothing)]
pub fn nothing(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
"""
    bench = start(open_crate, lib, **{"Cargo.toml": f"{PACKAGE}[lib]\nproc-macro = true\n[workspace]\n"})
    assert ("--crate-type", "proc-macro") in zip(bench.invocation.args, bench.invocation.args[1:], strict=False)
    verdicts = bench.same_as_alone(bench.mutants(("    input\n", "    inptu\n"), ("TokenStream::new()", "1")))
    assert codes(verdicts) == ["E0425", "E0308"]


def test_what_a_build_script_sets_reaches_the_compiler(open_crate: OpenCrate) -> None:
    script = """\
fn main() {
    eprintln!("{{\\"spans\\": 1}}\\nwarning: noise");
    println!("noise\\ncargo:rustc-env=MADE=a b\\u{e9}\\ncargo:rustc-cfg=made\\ncargo:warning=one warning");
    println!("cargo:rustc-check-cfg=cfg(made)");
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/made.rs"), "pub fn made() -> u32 {\\n    7\\n}\\n").unwrap();
}
"""
    lib = HEALTHY.replace("    1\n", "    made()\n") + (
        'include!(concat!(env!("OUT_DIR"), "/made.rs"));\n'
        '#[cfg(made)]\npub fn four() -> &\'static str {\n    env!("MADE")\n}\n'
    )
    bench = start(open_crate, lib, **{"build.rs": script})
    assert bench.invocation.env["MADE"] == "a b\u00e9"
    assert bench.checker.live([LIB, "build.rs"]) == {LIB}
    mutants = bench.mutants(("    made()", "    mdae()"), *MISTAKES[1:], ('env!("MADE")', 'env!("MADE").len()'))
    assert codes(bench.same_as_alone(mutants)) == ["E0425", *CODES[1:], "E0308"]


def test_a_crate_that_does_not_build_has_no_invocation(open_crate: OpenCrate) -> None:
    with pytest.raises(NoInvocation):
        start(open_crate, "pub fn one() -> u32 {\n    true\n}\n")


def test_a_source_that_the_compiler_alone_refuses_is_not_batchable(open_crate: OpenCrate) -> None:
    bench = start(open_crate, HEALTHY)
    without = tuple(word for word in bench.invocation.args if word != LIB)
    checker = bench.use(replace(bench.invocation, args=(*without, "src/none.rs")))
    with pytest.raises(NotBatchable):
        checker.judge(bench.mutants(*MISTAKES))
    with pytest.raises(NotBatchable):
        bench.use(replace(bench.invocation, args=(*bench.invocation.args, "--no-such-flag"))).live([LIB])


def test_the_file_of_a_type_too_long_to_show_has_one_name(open_crate: OpenCrate) -> None:
    nested = "pub fn five() -> u32 {\n" + "".join(
        f'    let a{n} = (Some({f"a{n - 1}" if n else "[0u64; 4]"}), "text", [1.5f64; 3]);\n' for n in range(9)
    )
    bench = start(open_crate, f"{HEALTHY}\n{nested}    drop(a8);\n    5\n}}\n")
    mutants = bench.mutants(*MISTAKES, ("    drop(a8);\n    5\n", "    a8\n"))
    verdicts = bench.same_as_alone(mutants)
    assert codes(verdicts) == [*CODES, "E0308"]
    target = verdicts[-1].target
    assert target is not None
    assert "'tiny.long-type.txt'" in target.rendered
