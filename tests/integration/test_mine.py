"""`oxidizer mine` from list to run directory: real cargo, bubblewrap and Ray on small crates of ours and others'."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import RegistryUnavailable, prepare
from oxidizer.cluster.toolchain import Toolchain
from tests.integration.living import wait_until
from tests.integration.typed import CRATES, LIBRARY, MANIFEST, command, mine, tuples, units


def test_one_is_mined_and_the_others_are_rejected_with_a_cause(listed: Path, mined: Path) -> None:
    done, said = units(mined), (listed.parent / "said").read_text()
    assert set(done) == set(CRATES)
    assert done["good"]["status"] == "mined"
    causes = {name: unit["cause"] for name, unit in done.items() if unit["status"] == "rejected"}
    assert causes == {
        "broken": "compile_error", "copyleft": "licence_copyleft", "unlicensed": "licence_unknown",
        "illegible": "broken_manifest",
    }  # fmt: skip
    assert "E0308" in done["broken"]["message"]
    assert "GPL-3.0-only" in done["copyleft"]["message"]
    for name, cause in causes.items():
        (line,) = [line for line in said.splitlines() if re.match(rf".*rejected {name}\b", line)]
        assert cause in line
    # A manifest's own text looks like our markup, and comes out as it is.
    assert "[dependencies" in said


def test_what_fails_in_its_sandbox_is_tried_in_another_one_and_nothing_else_is(mined: Path) -> None:
    done = units(mined)
    assert [name for name, unit in done.items() if "again" in unit] == ["broken"]
    assert done["broken"]["again"]["first"] == done["broken"]["cause"] == "compile_error"
    for stages in (done["broken"]["again"]["stages"], done["broken"]["stages"]):
        assert stages["baseline"]["commands"] >= 1


def test_a_budget_ends_a_run_and_what_is_left_is_told(tmp_path: Path) -> None:
    names = [f"good{n}" for n in range(4)]
    for name in names:
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "Cargo.toml").write_text(MANIFEST.format(name=name, license='license = "MIT"'))
        (tmp_path / name / "src/lib.rs").write_text(LIBRARY)
    listed, run = tmp_path / "list.toml", tmp_path / "run"
    listed.write_text("".join(f'[[crate]]\npath = "{name}"\n' for name in names))
    done = mine(listed, run, "--workers", 1, "--budget", "tuples=1")
    assert done.returncode == 4, done.stdout + done.stderr
    # One more may have been begun before the first was heard of.
    assert len(units(run)) in (1, 2)
    assert f"{4 - len(units(run))} crates are left" in done.stdout
    again = mine(listed, run, "--workers", 1, "--budget", "tuples=1")
    assert again.returncode == 4
    assert f"{4 - len(units(run))} crates are left" in again.stdout
    manifest = json.loads((run / "run.json").read_text())
    assert (manifest["budget"], manifest["reproducible"]) == ({"tuples": 1.0}, False)
    assert all(session["how"].startswith("budget of 1 tuples is used") for session in manifest["sessions"])


def test_the_end_tells_what_came_of_it(listed: Path, mined: Path) -> None:
    said = (listed.parent / "said").read_text()
    kept = len(tuples(mined))
    assert f"good {units(mined)['good']['version']}: {kept} tuples" in said
    assert f"\n{kept} tuples" in said
    assert f"Report: {mined / 'report.html'}" in said
    manifest = json.loads((mined / "run.json").read_text())
    assert [session["how"] for session in manifest["sessions"]] == ["finished"]


def test_the_tuples_are_lessons(mined: Path) -> None:
    rows = tuples(mined)
    codes = {row["error"]["code"] for row in rows}
    assert {"clippy::needless_return", "clippy::redundant_field_names", "clippy::needless_bool"} <= codes
    assert {row["tests"]["after"] for row in rows} == {"pass"}
    assert any(row["error"]["tool"] == "rustfmt" for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["code_before"] != row["code_after"]
        assert row["crate"] == "good"


def test_running_again_has_nothing_to_do(listed: Path, mined: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in mined.rglob("*")}
    began = time.monotonic()
    again = mine(listed, mined)
    assert (again.returncode, again.stdout.startswith("Nothing to do")) == (0, True), again.stdout + again.stderr
    assert time.monotonic() - began < 10
    assert {path: path.stat().st_mtime_ns for path in mined.rglob("*")} == before


def test_a_run_that_was_killed_after_its_last_crate_gets_its_report_without_any_cluster(
    listed: Path, mined: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(mined, run)
    manifest = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**manifest, "sessions": []}))
    (run / "report.html").unlink()
    # Nobody answers there: no cluster is asked.
    assert mine(listed, run, "--address", "127.0.0.1:9").returncode == 0
    assert (run / "report.html").exists()
    assert [s["how"] for s in json.loads((run / "run.json").read_text())["sessions"]] == ["finished"]


def started(listed: Path, run: Path) -> "subprocess.Popen[str]":
    argv = command("mine", "--list", listed, "--out", run, "--sandbox", "bubblewrap", "--workers", 1)
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def scratches(folder: Path) -> list[str]:
    """The crates at work, whose scratch folders are called `<run>-<crate>-<some digits>`."""
    return sorted(path.name.split("-")[1] for path in folder.glob("*/"))


def test_stopped_and_continued_gives_the_same_tuples(
    listed: Path, mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OXIDIZER_SCRATCH", str(tmp_path / "scratch"))
    run = tmp_path / "run"
    stopped = started(listed, run)
    wait_until(lambda: scratches(tmp_path / "scratch") == ["broken"])
    stopped.send_signal(signal.SIGTERM)
    _, said = stopped.communicate(timeout=30)
    assert stopped.returncode == 128 + signal.SIGTERM, said
    assert "SIGTERM: stopped; 1 crates were committed now. The same command continues." in said
    assert [s["how"] for s in json.loads((run / "run.json").read_text())["sessions"]] == ["stopped by SIGTERM"]
    assert (run / "report.html").exists()
    marks = {path: path.stat().st_mtime_ns for path in run.glob("units/*/unit.json")}
    assert units(run).keys() == {"good", "illegible"}

    assert mine(listed, run).returncode == 0
    assert units(run).keys() == CRATES.keys()
    untouched = {path for path in marks if "illegible" not in path.parent.name}
    assert {path: path.stat().st_mtime_ns for path in untouched} == {path: marks[path] for path in untouched}
    assert [row["id"] for row in tuples(run)] == [row["id"] for row in tuples(mined)]
    assert [row["sha256"] for row in tuples(run)] == [row["sha256"] for row in tuples(mined)]
    assert scratches(tmp_path / "scratch") == []


def test_a_cluster_that_does_not_answer_is_named_in_seconds(listed: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    refused = mine(listed, tmp_path / "run", "--address", "127.0.0.1:9")
    assert refused.returncode == 1
    assert "no Ray cluster answers at 127.0.0.1:9" in refused.stderr
    assert time.monotonic() - began < 15


def test_crates_of_the_registry(tmp_path: Path, toolchain: Toolchain) -> None:
    """A published crate, one that nobody published, a version withdrawn by its author, one that never was."""
    try:
        prepare(CrateSpec("void", "1.0.2"), toolchain, tmp_path / "reachable")
    except RegistryUnavailable as error:
        pytest.skip(f"no registry answers here: {error}")
    crates = {
        "void": "1.0.2", "oxidizer-names-a-crate-that-is-not-there": "1.0.0", "cfg-if": "1.0.2", "itoa": "0.999.0",
    }  # fmt: skip
    (tmp_path / "list.csv").write_text("name,version\n" + "".join(f"{name},{v}\n" for name, v in crates.items()))
    (tmp_path / "recipe.toml").write_text("per_crate = 2\nformatting = 0\n")
    done = mine(tmp_path / "list.csv", tmp_path / "run", "--recipe", tmp_path / "recipe.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    found = units(tmp_path / "run")
    causes = {name: found[name]["cause"] for name in crates}
    assert causes == dict(zip(crates, (None, "no_such_crate", "yanked", "no_such_version"), strict=True))
    assert found["void"]["status"] == "mined"
    assert found["void"]["license"] == "MIT"
    assert not os.path.exists(tmp_path / "run/quarantine")
