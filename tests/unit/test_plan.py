"""A mining plan: which units a list means, and what makes a run directory that of another plan."""

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest

from oxidizer.cluster.rundir import RunDirectory
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import Toolchain, ToolchainMissing
from oxidizer.miners.campaign import Plan, RunMismatch, make_plan, note_broken, note_session, open_run, open_session
from oxidizer.miners.crate import MineCrates, spec_of
from oxidizer.miners.recipe import Migration, recipe_of, starter


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace `own` of two packages; lists stand beside it, for what is inside belongs to the sources."""
    root = tmp_path / "own"
    for name in ("one", "two"):
        (root / name / "src").mkdir(parents=True)
        (root / name / "src/lib.rs").touch()
        (root / name / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\n')
    (root / "Cargo.toml").write_text('[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n')
    return root


def plan(workspace: Path, text: str) -> Plan:
    listed = workspace.parent / "list.toml"
    listed.write_text(text)
    return make_plan(listed, starter(), seed=0, miners=["suggestions"], sandbox="bubblewrap")


def test_units_are_named_by_what_they_are(workspace: Path, toolchain: Toolchain) -> None:
    text = '[[crate]]\nname = "itoa"\nversion = "1.0.15"\nfeatures = ["no-panic"]\ndefault_features = false\n'
    (unit,) = plan(workspace, text).units
    assert unit["unit"].startswith("itoa-1.0.15-")
    spec = spec_of(unit)
    assert (spec.name, spec.version, spec.features, spec.default_features) == ("itoa", "1.0.15", ("no-panic",), False)
    assert spec_of(json.loads(json.dumps(unit))) == spec
    (plain,) = plan(workspace, '[[crate]]\nname = "itoa"\nversion = "1.0.15"\n').units
    assert plain["unit"] != unit["unit"]
    assert plan(workspace, text).asked["crates"] == ["itoa 1.0.15 [-default, no-panic]"]


def test_a_package_that_is_meant_twice_is_one_unit(workspace: Path) -> None:
    units = plan(workspace, '[[crate]]\npath = "own"\n[[crate]]\npath = "own/one"\n').units
    assert [unit["crate"] for unit in units] == ["one", "two"]


def test_an_entry_that_cannot_be_read_is_a_rejected_unit(workspace: Path, tmp_path: Path) -> None:
    (workspace / "bad").mkdir()
    (workspace / "bad/Cargo.toml").write_text("[broken\n")
    made = plan(workspace, '[[crate]]\npath = "own/bad"\n[[crate]]\npath = "own/one"\n')
    assert [unit["crate"] for unit in made.units] == ["one"]
    run = RunDirectory(tmp_path / "run")
    note_broken(made, run)
    note_broken(made, run)
    (told,) = run.summaries()
    assert (told["crate"], told["status"], told["cause"]) == ("bad", "rejected", "broken_manifest")


def test_a_run_is_continued_by_the_same_plan_only(workspace: Path, tmp_path: Path) -> None:
    text = '[[crate]]\npath = "own/one"\n'
    first, run = plan(workspace, text), RunDirectory(tmp_path / "run")
    manifest = open_run(first, run)
    assert run.read_json("run.json") is None, "nothing is written by looking"
    run.write_json("run.json", manifest)
    assert open_run(first, run) == manifest
    # The backend is a circumstance: both give the same tuples.
    assert open_run(replace(first, list_file=tmp_path / "renamed.toml"), run)["asked"] == manifest["asked"]
    recipe = replace(starter(), per_code=3, limits=replace(starter().limits, wall_s=5.0))
    compiler = replace(first.toolchain, version="rustc 1.99.0")
    others = {
        "seed was 0, is 1": replace(first, seed=1),
        "recipe per_code was 6, is 3; recipe [limits] wall_s was 900.0, is 5.0": replace(first, recipe=recipe),
        "toolchain was rustc 1": replace(first, toolchain=compiler),
        "miners was ['suggestions'], is []": replace(first, miners=()),
        "now also asked for: two": plan(workspace, '[[crate]]\npath = "own"\n'),
        "now also asked for: itoa 1.0.15": plan(workspace, text + '[[crate]]\nname = "itoa"\nversion = "1.0.15"\n'),
        # Only then is a crate mined that named no licence before.
        "[licence MIT]": plan(workspace, text + 'license = "MIT"\n'),
    }
    for said, other in others.items():
        with pytest.raises(RunMismatch) as caught:
            open_run(other, run)
        assert said in str(caught.value)
        assert "Give another --out" in str(caught.value)


@pytest.mark.parametrize("place", ["run", "", "two/target/run"])
def test_a_run_directory_among_the_sources_is_refused(workspace: Path, place: str) -> None:
    """It would be a part of what it names by its content."""
    with pytest.raises(ValueError, match=r"among the sources of one .* outside"):
        open_run(plan(workspace, '[[crate]]\npath = "own/one"\n'), RunDirectory(workspace / place))


def test_a_changed_source_is_another_plan(workspace: Path, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    run.write_json("run.json", open_run(plan(workspace, '[[crate]]\npath = "own/one"\n'), run))
    (workspace / "one/src/lib.rs").write_text("pub fn f() {}")
    with pytest.raises(RunMismatch, match=r"no longer asked for: one .*now also asked for: one "):
        open_run(plan(workspace, '[[crate]]\npath = "own/one"\n'), run)


def test_each_start_of_the_command_is_noted(workspace: Path, tmp_path: Path) -> None:
    made, run = plan(workspace, '[[crate]]\npath = "own/one"\n'), RunDirectory(tmp_path / "run")
    for how in ("stopped by SIGINT", None, "finished"):
        manifest = open_run(made, run)
        open_session(run, manifest)
        note_session(run, manifest, how)
    found = run.read_json("run.json")
    assert found is not None
    # One that was killed stands there too, with the time that it took.
    assert [session["how"] for session in found["sessions"]] == ["stopped by SIGINT", None, "finished"]
    assert all(session["ended"] >= session["started"] for session in found["sessions"])


def test_the_work_travels_to_workers(toolchain: Toolchain) -> None:
    work = MineCrates(
        starter(), ("suggestions",), 0, "bubblewrap", str(toolchain.sysroot), toolchain.version, Share(1.0, 1 << 30)
    )
    sent = pickle.loads(pickle.dumps(work))
    assert sent == work
    assert sent().limits.memory_bytes == 1 << 30


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A toolchain of long ago, which answers what a plan asks of it: `unused_mut` is one of few lints, and allowed."""
    tools = tmp_path / "older/bin"
    tools.mkdir(parents=True)
    said = "rustc 1.20.0 (f3d6973f4 2017-08-27)\\nhost: x86_64-unknown-linux-gnu\\nrelease: 1.20.0"
    lints = (
        "Lint checks provided by rustc:\\n\\n    unused-mut  allow  mut\\n    unused-parens  warn  parens\\n"
        "Lint checks provided by plugins loaded by this crate:\\n\\n    clippy::zero-ptr  warn  zero\\n"
    )
    for tool, words in (("rustc", said), ("cargo", ""), ("clippy-driver", lints)):
        (tools / tool).write_text(f"#!/bin/sh\nprintf '{words}\\n'\n")
        (tools / tool).chmod(0o755)
    return tmp_path / "older"


def moved_from(workspace: Path, older: str) -> Plan:
    recipe = replace(starter(), migration=Migration(older=older))
    listed = workspace.parent / "list.toml"
    listed.write_text('[[crate]]\npath = "own/one"\n')
    return make_plan(listed, recipe, seed=0, miners=["migration"], sandbox="bubblewrap")


def test_a_move_from_an_older_toolchain_is_what_it_does_not_complain_of(workspace: Path, older: Path) -> None:
    made = moved_from(workspace, str(older))
    moves = made.asked["recipe"]["migration"]
    assert moves["older"] == "rustc 1.20.0 (f3d6973f4 2017-08-27)"
    assert {"unused_mut", "dead_code", "clippy::needless_return"} <= set(moves["new_lints"])
    known_or_off = {"unused_parens", "clippy::zero_ptr", "clippy::use_self", "clippy::unwrap_used"}
    assert not known_or_off & set(moves["new_lints"])
    assert recipe_of(made.asked["recipe"]).migration == made.recipe.migration


def test_a_toolchain_to_move_from_is_older_and_lists_its_lints(
    workspace: Path, older: Path, toolchain: Toolchain
) -> None:
    with pytest.raises(ValueError, match=f"{re.escape(toolchain.version)} is not older than the run's"):
        moved_from(workspace, str(toolchain.sysroot))
    with pytest.raises(ToolchainMissing, match=r"no Rust toolchain `1\.0\.0` is here"):
        moved_from(workspace, "1.0.0")
    (older / "bin/clippy-driver").unlink()
    with pytest.raises(ValueError, match=r"2017-08-27\) lists no lints"):
        moved_from(workspace, str(older))
