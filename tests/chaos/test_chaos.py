"""A short pass of chaos: one fault of each cheap kind on real campaigns; `make chaos` does a hundred of every kind."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos import owner
from tests.chaos.__main__ import drawn, playable, table
from tests.chaos.campaign import Campaign
from tests.chaos.fault import Fault, bites
from tests.chaos.faults import KINDS
from tests.chaos.felt import Felt
from tests.chaos.play import Struck
from tests.chaos.processes import DriverKilled, GcsKilled, WorkerKilled, WorkerPaused
from tests.chaos.stage import own_namespaces
from tests.chaos.surroundings import RunFull


@pytest.mark.machine
def test_faults_that_are_mended_leave_the_run_as_the_undisturbed_one(root: Path) -> None:
    try:
        tried = subprocess.run(own_namespaces(["true"]), capture_output=True, text=True, check=False)
    except ValueError as error:
        pytest.skip(str(error))
    if tried.returncode:
        pytest.skip(f"no namespaces of its own: {tried.stderr.strip()}")
    argv = [sys.executable, "-m", "tests.chaos", "--quick", "--seed", str(os.getpid())]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    cheap = [kind.kind for kind in KINDS if kind.cheap]
    told = {line[:22].strip(): line.split() for line in done.stdout.splitlines() if line[:22].strip() in cheap}
    assert set(told) == set(cheap)
    assert "FAILED" not in done.stdout


def test_every_kind_has_its_turn_and_a_seed_means_the_same_faults() -> None:
    faults = drawn(KINDS, 100, random.Random(7))
    assert faults == drawn(KINDS, 100, random.Random(7))
    assert faults != drawn(KINDS, 100, random.Random(8))
    assert len(KINDS) >= 12
    assert min(Counter(faults).values()) >= 100 // len(KINDS)
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_faults_end_the_command_as_the_documentation_says(root: Path) -> None:
    page = (root / "docs/SECURITY.md").read_text(encoding="utf-8")
    lines = page.partition("| fault | what the command does |")[2].partition("\n\n")[0].splitlines()[2:]
    told = {row: does for row, does, *_ in (re.split(r" \| ", line.strip("| ")) for line in lines)}
    assert told.keys() == {kind.row for kind in KINDS}
    for kind in KINDS:
        does = told[kind.row]
        assert {int(status) for status in re.findall(r"\d+", does)} == {*kind.ends, *kind.may_end}, kind.kind
        assert does.startswith("ends with") == bool(kind.ends), kind.kind
        assert does.startswith("goes on") != bool(kind.ends), kind.kind


@pytest.mark.parametrize(
    ("felt", "struck", "whole", "fair"),
    [
        ([], None, True, {0}),
        ([], None, False, set()),
        ([WorkerKilled], None, False, set()),
        ([WorkerKilled] * 3, None, False, {3}),
        ([RunFull, WorkerKilled], None, False, {1, 3}),
        ([RunFull, GcsKilled], GcsKilled, False, {1}),
        ([DriverKilled], None, False, {137}),
    ],
    ids=["all done", "nothing felt", "it goes on", "thrice", "by turns", "at once", "missed"],
)
def test_a_command_ends_for_what_it_felt(
    felt: list[type[Fault]], struck: type[Fault] | None, whole: bool, fair: set[int]
) -> None:
    campaign: Any = SimpleNamespace(stage=None)
    since = Felt()
    for kind in felt:
        since.tries(kind(campaign, random.Random(0)))
    if struck:
        since.strikes(struck(campaign, random.Random(0)))
    assert since.fair(is_whole=whole) == fair


def test_what_cannot_be_played_is_said_before_anything_is(root: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--kinds", "driver,container"],
        cwd=root, env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none", "OXIDIZER_CHAOS_INSIDE": "1"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (told.returncode, told.stdout) == (2, "")
    assert "container cannot be played" in told.stderr
    assert "--without-docker" in told.stderr
    assert playable(None, quick=False, without_docker=True)[0] == [k for k in KINDS if k.flavour != "docker"]


@pytest.mark.parametrize(("runs", "stopped"), [("bwrap", 2), ("timeout", 1)])
def test_a_paused_worker_stands_still_with_its_sandbox_but_for_tests(tmp_path: Path, runs: str, stopped: int) -> None:
    campaign = Campaign(SimpleNamespace(scratch=tmp_path, folder=tmp_path, environment=dict), tmp_path / "run")  # type: ignore[arg-type]
    lock = tmp_path / "none-crate/owner.lock"
    lock.parent.mkdir()
    sandbox = "exec -a bwrap sleep 60" if runs == "bwrap" else "exec -a bwrap bash -c 'timeout 60 sleep 60; :'"
    worker = f'printf %s "{{\\"pid\\": $$}}" >{lock}; ({sandbox}) & wait'
    argv = ["bash", "-c", 'bash -c "$1" & wait', "driver", worker]

    def still() -> int:
        """How many stand still."""
        return sum("T (stopped)" in Path(f"/proc/{pid}/status").read_text() for pid, _ in campaign.family())

    with subprocess.Popen(argv, start_new_session=True) as campaign.process:
        try:
            bites(lambda: any(line.startswith(f"{runs} ") for _, line in campaign.family()), f"no {runs}")
            fault = WorkerPaused(campaign, random.Random(0))
            assert fault.ready()
            fault.strike()
            assert still() == stopped
            fault.mend()
            bites(lambda: still() == 0, "they do not go on")
        finally:
            campaign.kill()


def test_a_dead_harness_is_swept_up_and_no_other(tmp_path: Path) -> None:
    for name in ("dead", "alive", "unowned"):
        (tmp_path / f"ch-{name}/scratch").mkdir(parents=True)
        (tmp_path / f"ch-{name}/scratch.img").touch()
    with subprocess.Popen(["sleep", "60"], env={owner.TOKEN: "forgotten"}) as child:
        owner.claim(tmp_path / "ch-alive", "kept")
        owner.claim(tmp_path / "ch-dead", "forgotten")
        told = json.loads((tmp_path / "ch-dead/owner.json").read_text())
        # The number lives again, as another process.
        told["label"]["started"] -= 1
        (tmp_path / "ch-dead/owner.json").write_text(json.dumps(told))
        said: list[str] = []
        owner.sweep(said.append, tmp_path)
        assert child.wait(10) == -signal.SIGKILL
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ch-alive", "ch-unowned"]
    assert (tmp_path / "ch-alive/scratch.img").exists()
    assert len(said) == 1
    assert f"{tmp_path}/ch-dead" in said[0]


def test_the_table_counts_what_went_wrong() -> None:
    struck = [Struck("driver", "process 1", 2.0), Struck("driver", "process 2", 4.0, lost=["units/a"], odd=["x", "y"])]
    assert [one.well for one in struck] == [True, False]
    *_, driver, total = table(struck).splitlines()
    assert driver.split() == ["driver", "2", "1", "0", "0", "2", "3.0", "4.0"]
    assert total.split()[1:] == driver.split()[1:]
