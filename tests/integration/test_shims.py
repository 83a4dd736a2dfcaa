"""The scripts that cargo calls in a sandbox, with real cargo on a crate that has one test of every kind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.sandbox import SHIMS, Limits, Mounts, RunResult, Sandbox
from oxidizer.cluster.toolchain import Toolchain

RUNNER = f'target."cfg(all())".runner=["{SHIMS}/test-runner"]'
JSON = ["--", "-Z", "unstable-options", "--format", "json"]
OTHERS = [("custom", 0), ("mixed", 0), ("mixed", 0)]
"""The programs of the library, the binary and the custom harness, which never fail."""


@pytest.fixture(scope="module")
def box(crates: Path, shims: Path, toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox in which the crate's tests are already built, by a plain cargo."""
    target = tmp_path_factory.mktemp("target")
    mounts = Mounts(source=crates / "mixed", target=target, toolchain=toolchain.sysroot, shims=shims)
    with open_sandbox("bubblewrap", mounts, Limits()) as sandbox:
        built = sandbox.run(["cargo", "test", "--no-run", "--frozen"])
        assert built.ok, built.stderr.decode()
        yield sandbox


def cargo_test(box: Sandbox, *args: str, **env: str) -> RunResult:
    """`cargo test` with our runner and our rustdoc."""
    argv = ["cargo", "test", "--frozen", "--no-fail-fast", "--message-format=json", "--config", RUNNER, *args, *JSON]
    return box.run(argv, env={"RUSTDOC": f"{SHIMS}/rustdoc", **env})


def events(run: RunResult) -> list[dict[str, Any]]:
    """The JSON objects on standard output, also after what a test printed on the same line."""
    lines = run.stdout.decode().splitlines()
    return [json.loads(line[line.index("{") :]) for line in lines if "{" in line]


def ends(run: RunResult) -> list[tuple[str, int]]:
    """Name and exit code of the test programs that ended, sorted."""
    marks = [event for event in events(run) if event.get("oxidizer") == "end"]
    return sorted((Path(mark["exe"]).name.rsplit("-", 1)[0], mark["code"]) for mark in marks)


def outcomes(run: RunResult) -> dict[str, str]:
    return {event["name"]: event["event"] for event in events(run) if event.get("type") == "test"}


def test_every_program_is_marked_and_every_test_reports(box: Sandbox) -> None:
    run = cargo_test(box)
    assert run.ok, run.stderr.decode()
    assert ends(run) == [*OTHERS, ("outside", 0)]
    assert outcomes(run)["tests::leaves_a_line_open"] == "ok"
    assert outcomes(run)["from_outside"] == "ok"
    assert outcomes(run)["tests::ignored"] == "ignored"
    assert any(name.startswith("src/lib.rs - doubled") for name in outcomes(run))


def test_nothing_is_built_again_for_our_runner(box: Sandbox) -> None:
    built = [event for event in events(cargo_test(box)) if event.get("reason") == "compiler-artifact"]
    assert {event["target"]["name"] for event in built} == {"leaf", "mixed", "custom", "outside"}
    assert all(event["fresh"] for event in built)


def test_a_failure_an_abort_and_a_hang_take_no_other_program_with_them(box: Sandbox) -> None:
    failed = cargo_test(box, "--tests", MIXED_FAIL="1")
    assert ends(failed) == [*OTHERS, ("outside", 101)]
    assert outcomes(failed)["fails_when_asked"] == "failed"
    aborted = cargo_test(box, "--tests", MIXED_ABORT="1")
    assert ends(aborted) == [*OTHERS, ("outside", 134)]
    hung = cargo_test(box, "--tests", MIXED_HANG="1", OXIDIZER_TEST_TIMEOUT_S="1")
    assert ends(hung) == [*OTHERS, ("outside", 124)]
    assert hung.wall_s < 20
    assert hung.leftovers == 0
    spent = cargo_test(box, "--tests", MIXED_SPIN="1", OXIDIZER_TEST_CPU_S="1")
    assert ends(spent) == [*OTHERS, ("outside", 137)]
    assert spent.leftovers == 0


def test_doctests_are_not_marked_and_an_abort_ends_only_itself(box: Sandbox) -> None:
    run = cargo_test(box, "--doc", MIXED_ABORT="1")
    assert ends(run) == []
    by_item = {name.split(" (")[0]: outcome for name, outcome in outcomes(run).items()}
    assert by_item == {"src/lib.rs - doubled": "ok", "src/lib.rs - half": "failed"}


def test_coverage_counts_the_crate_and_builds_no_dependency_again(box: Sandbox) -> None:
    env = {"RUSTC_WORKSPACE_WRAPPER": f"{SHIMS}/coverage-rustc", "LLVM_PROFILE_FILE": "/box/target/%p-%m.profraw"}
    run = cargo_test(box, "--lib", **env)
    assert run.ok, run.stderr.decode()
    fresh = {e["target"]["name"]: e["fresh"] for e in events(run) if e.get("reason") == "compiler-artifact"}
    assert fresh == {"leaf": True, "mixed": False}
    profiles = box.run(["sh", "-c", "ls /box/target/*.profraw"])
    assert profiles.ok
    plain = cargo_test(box, "--lib")
    assert all(e["fresh"] for e in events(plain) if e.get("reason") == "compiler-artifact")
