"""Every mistake in a Cargo.toml on `tests/crates/manifest`: cargo, with the lock as it is, shows what is declared."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, distinct, parse_diagnostic
from oxidizer.cluster.edits import apply
from oxidizer.cluster.rustc import Rustc, record
from oxidizer.cluster.toolchain import find_toolchain
from oxidizer.cluster.verdict import Reason
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code, Operator, Route
from tests.conftest import OpenCrate
from tests.integration.typed import mine, oxidizer, tuples, units

FIXTURE = Path(__file__).parents[1] / "crates" / "manifest"
MEMBERS = ("pen", "quill", "stamp", "brush", "blotter", "paper")
"""By hand, as cargo publishes, a procedural macro; those that inherit: one line each, one table each, the edition."""
MINED = ("pen", "quill", "brush")
AT_THE_ROOT = {"drop_workspace_feature", "drop_workspace_defaults", "lower_workspace_edition"}
"""The operators whose edits are of the workspace's own manifest."""
BY_NAME = {operator.name: operator for operator in operators() if operator.route is Route.MANIFEST}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the fixture, and beside it where cargo builds."""
    root = tmp_path_factory.mktemp("manifests") / "src"
    shutil.copytree(FIXTURE, root)
    return root


def check(workspace: Path, member: str, target: str) -> tuple[Diagnostic, ...]:
    """The errors that a member shows."""
    tools = find_toolchain(None).bin
    env = os.environ | {"PATH": f"{tools}:/usr/bin:/bin", "CARGO_TARGET_DIR": str(workspace.parent / "target")}
    command = [tools / "cargo", "check", target, "--frozen", "--message-format=json"]
    run = subprocess.run(command, cwd=workspace / member, env=env, capture_output=True, check=False, timeout=120)
    raw = [json.loads(line) for line in run.stdout.splitlines() if line.startswith(b"{")]
    shown = distinct(parse_diagnostic(m["message"]) for m in raw if m["reason"] == "compiler-message")
    return tuple(d for d in shown if d.is_compile_error)


def of_member(member: str, read: Callable[[str], bytes]) -> Code:
    """A member's manifest beside its workspace's."""
    file = f"{member}/Cargo.toml"
    return Code(file, read(file), Code("Cargo.toml", read("Cargo.toml")))


def sites(operator: Operator) -> Iterator[tuple[str, Mistake]]:
    for member in MEMBERS:
        code = of_member(member, lambda file: (FIXTURE / file).read_bytes())
        yield from ((member, mistake) for mistake in mistakes(code, [operator]))


@pytest.mark.parametrize("name", BY_NAME)
def test_each_declared_code_is_raised_in_the_sources(name: str, workspace: Path) -> None:
    operator = BY_NAME[name]
    waiting = set(operator.codes)
    for member, mistake in sites(operator):
        manifest = workspace / mistake.file
        source = manifest.read_bytes()
        manifest.write_bytes(apply(source, mistake.site.edits))
        for target in ("--lib", "--bins") if (workspace / member / "src/main.rs").exists() else ("--lib",):
            if shown := check(workspace, member, target):
                assert shown[0].primary is not None
                assert shown[0].primary.file.endswith(".rs")
                if shown[0].primary.file.startswith(f"{member}/"):
                    waiting.discard(shown[0].code or "")
                break
        manifest.write_bytes(source)
        if not waiting:
            break
    assert not waiting, f"{name} never raises {waiting}"


@pytest.mark.parametrize("member", MEMBERS)
def test_the_fixture_is_healthy_again(member: str, workspace: Path) -> None:
    assert check(workspace, member, "--lib") == ()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mistake_is_told_in_words_of_the_manifest(name: str) -> None:
    causes = [mistake.site.cause for _, mistake in sites(BY_NAME[name])]
    assert causes
    assert all("`" in cause and not cause.endswith(".") for cause in causes)
    assert BY_NAME[name].rationale.endswith(".")


@pytest.mark.parametrize(("member", "red"), [("pen", 20), ("brush", 15)])
def test_nothing_of_a_mistake_stays_on_the_bench(member: str, red: int, open_crate: OpenCrate) -> None:
    """Dependencies are built anew with other features; what was recorded before, and cargo itself, see the source."""
    cargo, root = open_crate("manifest", package=member, member=member)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    bench = Workbench(cargo, root)
    invocations = record(cargo, ["--lib", "--bins"])
    found = list(mistakes(of_member(member, bench.read), BY_NAME.values()))
    verdicts = [bench.judge_mutant(mistake.site.edits, ("check", "--lib")) for mistake in found]
    assert sum(verdict.green for verdict in verdicts) >= red
    assert {verdict.reason for verdict in verdicts} <= {None, Reason.COMPILES, Reason.DOES_NOT_COMPILE}
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    for invocation in invocations:
        compiled = Rustc(cargo, invocation).run()
        assert compiled.finished
        assert compiled.diagnostics == ()
    assert cargo.check().ok
    assert cargo.test().compiled


def test_a_mistake_that_cargo_refuses_is_no_tuple(open_crate: OpenCrate) -> None:
    cargo, root = open_crate("manifest", package="quill", member="quill")
    bench = Workbench(cargo, root)
    own = bench.read("quill/Cargo.toml")
    code = Code("quill/Cargo.toml", own)
    start = own.index(b"[dependencies.paper]")
    gone = code.span(start, own.index(b"[dev-dependencies.ink]"), "")
    other = code.span(own.index(b"[build-dependencies]"), own.index(b"[features]"), "")
    verdict = bench.judge_mutant([gone, other], ("check", "--lib"))
    assert verdict.reason is Reason.DOES_NOT_COMPILE
    assert "lock" in verdict.detail


ROOT = """\
[package]
name = "tiny"
version = "1.0.0"
edition.workspace = true

[workspace.package]
edition = "2021"

[workspace.dependencies]
leaf = { path = "leaf", features = ["green"] }

[dependencies]
leaf.workspace = true
"""


def test_a_root_that_is_a_package_inherits_of_itself(open_crate: OpenCrate) -> None:
    leaf = '[package]\nname = "leaf"\nversion = "1.0.0"\nedition = "2021"\n[features]\ngreen = []\n'
    files = {
        "Cargo.toml": ROOT,
        "src/lib.rs": "use leaf::green;\npub async fn leaves() { green() }\n",
        "leaf/Cargo.toml": leaf,
        "leaf/src/lib.rs": '#[cfg(feature = "green")]\npub fn green() {}\n',
    }
    cargo, root = open_crate(files)
    bench = Workbench(cargo, root)
    code = Code("Cargo.toml", ROOT.encode(), Code("Cargo.toml", ROOT.encode()))
    shown: dict[str, list[str | None]] = {}
    for mistake in mistakes(code, BY_NAME.values()):
        verdict = bench.judge_mutant(mistake.site.edits, ("check", "--lib"))
        shown.setdefault(mistake.operator.name, []).append(verdict.target and verdict.target.code)
    assert shown["drop_workspace_feature"] == ["E0432"]
    assert shown["lower_workspace_edition"] == [None, "E0670"]
    assert shown["drop_inherited_edition"] == ["E0670"]


def test_mistakes_in_manifests_are_mined_and_replayed(tmp_path: Path) -> None:
    shutil.copytree(FIXTURE, tmp_path / "own")
    (tmp_path / "list.toml").write_text("".join(f'[[crate]]\npath = "own/{member}"\n' for member in MINED))
    named = json.dumps(sorted(BY_NAME))
    (tmp_path / "recipe.toml").write_text(f"[injected]\ntried_manifest = 16\noperators = {named}\n")
    run = tmp_path / "run"
    done = mine(tmp_path / "list.toml", run, "--miners", "injected", "--recipe", tmp_path / "recipe.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = tuples(run)
    assert len(rows) >= 30
    assert {row["class"] for row in rows} >= {"resolve", "syntax"}
    for row in rows:
        assert row["file"] == ("Cargo.toml" if "workspace" in row["operator"] else f"{row['crate']}/Cargo.toml")
        assert row["setup_diff"].startswith(f"diff --git a/{row['file']} ")
        assert row["patch_diff"].startswith(f"diff --git a/{row['file']} ")
        assert row["error"]["span"]["file"].startswith(f"{row['crate']}/src/")
        assert f"In {row['file']}: " in row["explanation"]
        assert BY_NAME[row["operator"]].rationale in row["explanation"]
        assert row["difficulty"] >= 3
        assert row["verdict"]["scope"] == "alone"
        assert row["verdict"]["covered"] is None
        assert row["code_before"] != row["code_after"]
    assert {row["operator"] for row in rows if row["file"] == "Cargo.toml"} == AT_THE_ROOT
    mined = units(run)
    assert mined["pen"]["stages"]["manifest"]["commands"] >= 16
    # The edition 2015 breaks the paper before the brush.
    assert mined["brush"]["counts"]["unproven"]["errors of another package"] == 1
    done = oxidizer("verify", run, "--sample", 12, "--sandbox", "bubblewrap")
    assert "accepted 12 of 12" in done.stdout, done.stdout + done.stderr
