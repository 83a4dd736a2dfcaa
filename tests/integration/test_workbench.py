"""The workbench on a real crate: green, every reason for red, sources restored, nothing stale; fixes in groups."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.sandbox import Limits, SandboxUnavailable
from oxidizer.cluster.together import packs, prove_probe, prove_tests, waves
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from tests.conftest import OpenCrate

LIB = "src/lib.rs"
PROBE = ("clippy", "--lib", "--", "-W", "clippy::needless_return")
NAMES = ("clippy", "--lib", "--", "-W", "non_snake_case")


@pytest.fixture(scope="module")
def bench(open_crate: OpenCrate) -> Workbench:
    return open_bench(open_crate)


def open_bench(open_crate: OpenCrate, backend: str = "bubblewrap") -> Workbench:
    cargo, root = open_crate("lints", backend=backend)
    return Workbench(cargo, root, llvm_bin=find_llvm(cargo), test_cap_s=5.0)


def find_llvm(cargo: Cargo) -> str | None:
    """The folder of llvm-cov inside the sandbox, if it is there."""
    listed = cargo.sandbox.run(["sh", "-c", "ls -d /usr/lib/llvm-*/bin"]).stdout.decode().split()
    return next((f for f in reversed(listed) if cargo.sandbox.run(["test", "-x", f"{f}/llvm-cov"]).ok), None)


def place(bench: Workbench, text: str, nth: int = 0) -> int:
    """The byte offset of a text in the library."""
    source, at = bench.read(LIB), -1
    for _ in range(nth + 1):
        at = source.index(text.encode(), at + 1)
    return at


def change(bench: Workbench, old: str, new: str) -> Edit:
    at = place(bench, old)
    return Edit(LIB, at, at + len(old.encode()), new.encode())


def shown(bench: Workbench, code: str, near: str, probe: Sequence[str] = PROBE) -> Diagnostic:
    """The first diagnostic of a code behind a text."""
    at = place(bench, near)
    found = (d for d in bench.observe(probe).diagnostics if d.code == code and d.primary and d.primary.file == LIB)
    return next(d for d in found if d.primary and d.primary.byte_start >= at)


def returns(bench: Workbench, function: str, *edits: Edit) -> Trial:
    """A trial on the needless return of a function: its suggestion, or other edits."""
    target = shown(bench, "clippy::needless_return", f"pub fn {function}(")
    return Trial(edits or target.fixes()[0].edits, target)


def snapshot(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_baseline(bench: Workbench) -> None:
    base = bench.baseline
    assert {t.name for t in base.passing} == {
        "is_reliable", "tests::numbers", "tests::words", "tests::round_trip", "src/lib.rs - doubled #1",
    }  # fmt: skip
    assert {t.name for t in base.flaky} == {"moody"}
    assert {t.name for t in base.failing} == {"always_fails"}, "an ignored test is not a failing one"
    assert base.tests_cause is None


def test_green(bench: Workbench) -> None:
    before = snapshot(bench.root)
    trial = returns(bench, "doubled")
    assert bench.judge(trial, PROBE) == Verdict(green=True, flags=("deletion",))
    assert snapshot(bench.root) == before


def test_what_else_goes_is_told(bench: Workbench) -> None:
    """Emptying a function takes several complaints away: one is the target."""
    body = bench.read(LIB)[place(bench, "    let mut unused = 1;") : place(bench, "fn shout")].decode()
    whole = change(bench, body, "    words.iter().map(|word| word.len() as i32).sum::<i32>().max(1)\n}\n\n")
    verdict = bench.judge(returns(bench, "crowded", whole), PROBE)
    assert verdict.green, verdict
    assert {d.code for d in verdict.more} == {
        "clippy::assign_op_pattern", "clippy::len_zero", "unused_mut",
    }  # fmt: skip


REDS = [
    (Reason.TRICK, "return n * 2", "{ #[allow(clippy::needless_return)] return n * 2 }"),
    (Reason.TRICK, "return n * 2", "todo!()"),
    (Reason.TRICK, "return n + 1;", "std::process::exit(n)"),
    (Reason.DOES_NOT_COMPILE, "return n * 2;", "n * two"),
    (Reason.DOES_NOT_COMPILE, "return n * 2;", "n *"),
    (Reason.STILL_THERE, "Twice a number.", "Two times a number."),
    (Reason.NEW_DIAGNOSTIC, "return n * 2;", "let new = 1; n * 2"),
    (Reason.TESTS_FAIL, "return n * 2;", "n * 3"),
    (Reason.TESTS_LOST, "return n + 1;", "while std::hint::black_box(n) == n {} n"),
]


@pytest.mark.parametrize(("reason", "old", "new"), REDS)
def test_every_red_reason(bench: Workbench, reason: Reason, old: str, new: str) -> None:
    before = snapshot(bench.root)
    bench.test_cap_s = 1.0
    function = "encode" if "+" in old else "doubled"
    verdict = bench.judge(returns(bench, function, change(bench, old, new)), PROBE)
    assert (verdict.green, verdict.reason) == (False, reason), verdict
    if reason is Reason.TESTS_FAIL:
        assert "tests::numbers" in verdict.detail
        assert TestId("lints", "lints", "tests::numbers") in verdict.broken
        assert not {t.name for t in verdict.broken} & {"moody", "always_fails"}
    assert snapshot(bench.root) == before


def test_edits_that_do_not_apply(bench: Workbench) -> None:
    far = Edit(LIB, 1 << 20, 1 << 20, b"")
    twice = (change(bench, "return n * 2", "n * 2"), change(bench, "return n * 2;", "n * 2"))
    nowhere = Edit("src/nowhere.rs", 0, 0, b"x")
    for edits in ((far,), twice, (nowhere,)):
        assert bench.judge(returns(bench, "doubled", *edits), PROBE).reason is Reason.DOES_NOT_APPLY


def test_a_target_that_the_probe_does_not_show(bench: Workbench) -> None:
    target = shown(bench, "clippy::let_and_return", "badValue", ("clippy", "--lib", "--", "-W", "clippy::style"))
    trial = Trial(target.fixes()[0].edits, target)
    quiet = ("clippy", "--lib", "--", "-A", "clippy::let_and_return")
    assert bench.judge(trial, quiet).reason is Reason.NOT_SHOWN
    assert bench.judge(trial, ("clippy", "--bin", "no_such_program")).reason is Reason.NOT_SHOWN


def test_a_group_that_takes_more_than_its_own(bench: Workbench) -> None:
    halved = change(
        bench, "pub fn halved(n: i32) -> i32 {\n    return n / 2;", "pub fn halved(n: i32) -> i32 {\n    n / 2"
    )
    more = Trial((*returns(bench, "doubled").edits, halved), returns(bench, "doubled").target)
    group = [more, returns(bench, "unrun")]
    assert bench.judge_probe(group, PROBE).reason is Reason.NOT_ALONE


def test_a_fix_that_breaks_the_building_of_tests(bench: Workbench) -> None:
    """Only a test calls `decode`: the library compiles without it."""
    body = change(
        bench, "pub fn decode(n: i32) -> i32 {\n    return n - 1;", "pub fn decode(n: i64) -> i64 {\n    n - 1"
    )
    verdict = bench.judge(returns(bench, "decode", body), PROBE)
    assert verdict.reason is Reason.TESTS_DO_NOT_COMPILE
    assert "mismatched types" in verdict.detail


LIMITS = [
    (Reason.TIMEOUT, "while std::hint::black_box(n) == n {} n", Limits(wall_s=5.0, memory_bytes=1 << 30)),
    (
        Reason.OUT_OF_LIMITS,
        "std::hint::black_box(vec![1u8; 3 << 30]).len() as i32 + n",
        Limits(memory_bytes=1 << 30, wall_s=60.0),
    ),
]


@pytest.mark.parametrize(("reason", "body", "limits"), LIMITS)
def test_a_fix_that_asks_for_too_much(open_crate: OpenCrate, reason: Reason, body: str, limits: Limits) -> None:
    cargo, root = open_crate("lints", limits=limits)
    bench = Workbench(cargo, root, test_cap_s=60.0)
    assert bench.baseline.passing
    edit = change(bench, "return n * 2;", body)
    assert bench.judge(returns(bench, "doubled", edit), PROBE).reason is reason


def test_sources_are_restored_when_a_trial_raises(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(bench.root)
    trial = returns(bench, "doubled")

    def fail(*args: object, **kwargs: object) -> None:
        assert snapshot(bench.root) != before, "the trial is in the sources"
        raise SandboxUnavailable("the machine is gone")

    with monkeypatch.context() as patch:
        patch.setattr(bench.cargo.sandbox, "run", fail)
        with pytest.raises(SandboxUnavailable):
            bench.judge(trial, PROBE)
    assert snapshot(bench.root) == before


def test_the_source_after_a_green_trial_is_the_source(bench: Workbench) -> None:
    """cargo goes by times: a source restored with its old time would show the trial's build."""
    args = ("clippy", "--lib", "--", "-W", "clippy::needless_return", "-W", "clippy::use_self")
    first = [d.place for d in bench.cargo.build(args).diagnostics]
    assert bench.judge(returns(bench, "halved"), args, tests=False).green
    assert [d.place for d in bench.cargo.build(args).diagnostics] == first
    bench.judge(returns(bench, "doubled", change(bench, "return n * 2;", "n * 3")), args)
    assert bench.baseline.passing <= bench.cargo.test().results.passed


def test_covered(bench: Workbench) -> None:
    if bench.llvm_bin is None:
        assert bench.covered(returns(bench, "doubled").edits) is None
        pytest.skip("llvm-cov is not installed")
    assert bench.baseline.coverage is not None, bench.baseline.coverage_reason
    assert bench.covered(returns(bench, "doubled").edits) is True
    assert bench.covered(returns(bench, "unrun").edits) is False


def test_denied_lints_do_not_hide_a_fix(open_crate: OpenCrate) -> None:
    """The probe fails on the source, and on the fix for the other complaint; the compiler takes both."""
    lib = "#![deny(clippy::all)]\npub fn a() -> i32 {\n    return 1;\n}\npub fn b() -> i32 {\n    return 2;\n}\n"
    cargo, root = open_crate({"Cargo.toml": '[package]\nname = "tiny"\nedition = "2021"\n[workspace]\n', LIB: lib})
    bench = Workbench(cargo, root)
    assert bench.baseline.tests_cause is Cause.NO_TESTS
    source = bench.observe(PROBE)
    assert [d.level for d in source.diagnostics] == ["error", "error"]
    assert not source.succeeded
    for function in "ab":
        assert bench.judge(returns(bench, function), PROBE).green
    broken = returns(bench, "a", change(bench, "return 1;", "one"))
    assert bench.judge(broken, PROBE).reason is Reason.DOES_NOT_COMPILE


def test_a_crate_that_does_not_build(open_crate: OpenCrate) -> None:
    manifest = '[package]\nname = "tiny"\nedition = "2021"\n[workspace]\n'
    cargo, root = open_crate({"Cargo.toml": manifest, LIB: "pub fn a() -> i32 { true }\n"})
    with pytest.raises(UnfitCrate, match="mismatched types") as raised:
        Workbench(cargo, root).baseline  # noqa: B018  # looking is what raises
    assert raised.value.cause is Cause.COMPILE_ERROR


@pytest.mark.docker
def test_docker_says_the_same(open_crate: OpenCrate) -> None:
    bench = open_bench(open_crate, "docker")
    assert bench.judge(returns(bench, "doubled"), PROBE).green
    wrong = returns(bench, "doubled", change(bench, "return n * 2;", "n * 3"))
    assert bench.judge(wrong, PROBE).reason is Reason.TESTS_FAIL


# Proven together is the same as proven alone.


def same_as_alone(bench: Workbench, trials: Sequence[Trial], probe: Sequence[str]) -> list[Verdict]:
    """The verdicts of trials proven in groups, after holding them against those of each alone."""
    together: dict[int, Verdict] = {}
    for wave in waves(trials, bench.read):
        together |= {id(trial): verdict for trial, verdict in prove_probe(bench, wave, probe)}
    green = [t for t in trials if together[id(t)].green]
    for pack in packs(green):
        together |= {id(trial): verdict for trial, verdict in prove_tests(bench, pack)}
    assert len(together) == len(trials)
    alone = [bench.judge(trial, probe) for trial in trials]
    outcomes = [(together[id(t)].green, together[id(t)].reason) for t in trials]
    assert outcomes == [(v.green, v.reason) for v in alone]
    return [together[id(t)] for t in trials]


def test_good_and_bad_together(bench: Workbench) -> None:
    trials = [
        returns(bench, "doubled"),
        returns(bench, "halved", change(bench, "return n / 2;", "n / 3")),
        returns(bench, "crowded", change(bench, "return sum;", "sums")),
        returns(bench, "accented"),
        returns(bench, "decode", change(bench, "return n - 1;", "let new = 1; n - 1")),
    ]
    verdicts = same_as_alone(bench, trials, PROBE)
    assert [v.reason for v in verdicts] == [
        None, Reason.TESTS_FAIL, Reason.DOES_NOT_COMPILE, None, Reason.NEW_DIAGNOSTIC,
    ]  # fmt: skip
    assert {v.scope for v in verdicts if v.green} == {"together"}


def test_all_good_is_one_run(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [
        returns(bench, name) for name in ("doubled", "halved", "unrun", "accented", "crowded", "encode", "decode")
    ]
    (wave,) = waves(trials, bench.read)
    runs: list[object] = []
    run = bench.cargo.sandbox.run
    monkeypatch.setattr(bench.cargo.sandbox, "run", lambda *a, **k: (runs.append(a), run(*a, **k))[1])
    assert all(verdict.green for _, verdict in prove_probe(bench, wave, PROBE))
    assert all(verdict.green for _, verdict in prove_tests(bench, wave))
    assert len(runs) == 3, "the probe, the build of the tests, the tests"


def test_only_wrong_together(open_crate: OpenCrate) -> None:
    """Either of two uses of an import can go; without both the import is unused."""
    lib = """use std::cmp::max;
pub fn a() -> i32 {
    return max(1, 2);
}
pub fn b() -> i32 {
    return max(3, 4);
}
#[cfg(test)]
mod tests {
    #[test]
    fn numbers() {
        assert_eq!((super::a(), super::b()), (2, 4));
    }
}
"""
    cargo, root = open_crate({"Cargo.toml": '[package]\nname = "tiny"\nedition = "2021"\n[workspace]\n', LIB: lib})
    bench = Workbench(cargo, root)
    trials = [
        returns(bench, "a", change(bench, "return max(1, 2);", "2")),
        returns(bench, "b", change(bench, "return max(3, 4);", "4")),
    ]
    assert bench.judge_probe(trials, PROBE).reason is Reason.NEW_DIAGNOSTIC
    assert all(v.green for v in same_as_alone(bench, trials, PROBE))


def test_only_right_together(bench: Workbench) -> None:
    """Two halves of a renaming, each with a complaint of its own."""
    name, value = (shown(bench, "non_snake_case", near, NAMES) for near in ("fn badName", "let badValue"))
    uses = change(bench, "let badValue = badName();\n    badValue", "let bad_value = bad_name();\n    bad_value")
    trials = [Trial((change(bench, "badName", "bad_name"),), name), Trial((uses,), value)]
    quiet = (*NAMES, "-A", "clippy::let_and_return")
    assert bench.judge_probe(trials, quiet).green
    verdicts = same_as_alone(bench, trials, quiet)
    assert {v.reason for v in verdicts} == {Reason.DOES_NOT_COMPILE}


def test_one_fix_out_of_limits_condemns_no_other(open_crate: OpenCrate) -> None:
    cargo, root = open_crate("lints", limits=Limits(memory_bytes=1 << 30, wall_s=60.0))
    bench = Workbench(cargo, root, test_cap_s=60.0)
    hungry = change(bench, "return n / 2;", "std::hint::black_box(vec![1u8; 3 << 30]).len() as i32 + n")
    trials = [returns(bench, "doubled"), returns(bench, "halved", hungry), returns(bench, "encode")]
    verdicts = {id(trial): verdict for trial, verdict in prove_tests(bench, trials)}
    assert [verdicts[id(t)].green for t in trials] == [True, False, True]


def test_a_flaky_failure_is_asked_again(open_crate: OpenCrate) -> None:
    """A test that fails in one of three runs does not count; one that fails in two does."""
    counter = (
        '#[test]\nfn counts() {\n    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("n");\n'
        "    let n = std::fs::read_to_string(&file).map_or(0, |t| t.len()) + 1;\n"
        '    std::fs::write(&file, "x".repeat(n)).unwrap();\n    assert!(!FAILS.contains(&n), "run {n}");\n}\n'
    )
    manifest = '[package]\nname = "tiny"\nedition = "2021"\n[workspace]\n'
    lib = "pub fn a() -> i32 {\n    return 1;\n}\n"
    for fails, green in (("[3]", True), ("[3, 5]", False)):
        test = counter + f"const FAILS: &[usize] = &{fails};\n"
        cargo, root = open_crate({"Cargo.toml": manifest, LIB: lib, "tests/moody.rs": test})
        bench = Workbench(cargo, root)
        assert len(bench.baseline.passing) == 1
        assert bench.judge(returns(bench, "a"), PROBE).green is green


def test_the_sandbox_cannot_change_the_sources(open_crate: OpenCrate) -> None:
    cargo, root = open_crate("lints")
    before = snapshot(root)
    cargo.sandbox.run(["sh", "-c", "rm -f src/lib.rs; echo x >src/new.rs; echo y >>src/layout.rs"])
    assert snapshot(root) == before
