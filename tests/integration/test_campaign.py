"""Campaigns on real Ray: each unit once, trouble is no label, and no death of a process loses or doubles anything."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import ray

from oxidizer.cluster.campaign import Campaign, CampaignBroken, Done, Stopped, stoppable
from oxidizer.cluster.leftovers import Kind, Trace, survey, sweep
from oxidizer.cluster.rundir import Json, RunDirectory, UnitOutput
from oxidizer.cluster.session import NoCluster, Session, session
from tests.integration.fake_campaign import SCHEMAS, BrokenFactory, FakeWork, starts
from tests.integration.living import alive, command_line, family, gone_within, sleepers, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def local() -> Iterator[Session]:
    """One local Ray for the tests of this file."""
    with session(cpus=0.5, memory_bytes=200 << 20, workers=2) as started:
        yield started


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


def units(count: int, **special: Json) -> list[Json]:
    """Units u0, u1, ... that do nothing, but for those named."""
    return [{"unit": f"u{n}", **special.get(f"u{n}", {})} for n in range(count)]


def committed(run: Path) -> dict[str, bytes]:
    """The bytes of every committed unit, without the mark of done: that one tells of circumstances."""
    done = [path.parent for path in run.glob("units/*/unit.json")]
    return {str(f.relative_to(run)): f.read_bytes() for unit in done for f in unit.iterdir() if f.name != "unit.json"}


def whole(tmp_path: Path, orders: Sequence[Json]) -> dict[str, bytes]:
    """What an undisturbed run commits."""
    (tmp_path / "quiet").mkdir()
    run = RunDirectory(tmp_path / "undisturbed")
    for unit in orders:
        run.commit(unit["unit"], FakeWork(tmp_path / "quiet")({"unit": unit["unit"]}), SCHEMAS)
    return committed(tmp_path / "undisturbed")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_work_that_is_done_is_kept_until_the_run_directory_takes_it(local: Session, tmp_path: Path, log: Path) -> None:
    (run := tmp_path / "run").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", run], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro", run], check=True)
        campaign = Campaign(RunDirectory(run), FakeWork(log), SCHEMAS, pause_s=1.0)

        def mend_later() -> None:
            wait_until(lambda: starts(log, "u0"))
            time.sleep(2.5)
            subprocess.run(["mount", "-o", "remount,rw", run], check=True)

        mend = threading.Thread(target=mend_later)
        mend.start()
        (done,) = campaign.execute(units(1, u0={"s": 1.0}), local)
        mend.join()
        assert done.summary is not None
        assert done.summary["attempts"] > 1
        assert starts(log, "u0") == 1
        # And one that never takes anything is told as that.
        subprocess.run(["mount", "-o", "remount,ro", run], check=True)
        (done,) = Campaign(RunDirectory(run), FakeWork(log), SCHEMAS, pause_s=0.1).execute([{"unit": "u1"}], local)
        assert "takes nothing" in (done.trouble or "")
        assert "Traceback" not in (done.trouble or "")
        assert starts(log, "u1") == 1
    finally:
        subprocess.run(["umount", run], check=True)


def work(run: Path, log: Path, orders: Sequence[Json], on: Session) -> dict[str, Done]:
    ended = list(Campaign(RunDirectory(run), FakeWork(log), SCHEMAS, pause_s=0.1).execute(orders, on))
    assert max(Counter(done.unit for done in ended).values()) == 1
    return {done.unit: done for done in ended}


def test_the_session_is_one_that_works(local: Session) -> None:
    assert local.workers == 2
    assert ray.get(ray.remote(num_cpus=0.5)(lambda: 6 * 7).remote()) == 42


def test_every_unit_is_committed_once_and_the_second_run_does_nothing(
    local: Session, tmp_path: Path, log: Path
) -> None:
    orders = units(6)
    ended = work(tmp_path / "run", log, orders, local)
    assert set(ended) == {unit["unit"] for unit in orders}
    assert all(done.summary and done.summary["attempts"] == 1 for done in ended.values())
    assert committed(tmp_path / "run") == whole(tmp_path, orders)
    assert [starts(log, unit["unit"]) for unit in orders] == [1] * 6
    assert (
        list(Campaign(RunDirectory(tmp_path / "run"), FakeWork(log), SCHEMAS, pause_s=0.1).execute(orders, local)) == []
    )
    assert [starts(log, unit["unit"]) for unit in orders] == [1] * 6


def test_a_unit_is_heard_of_when_it_ends_not_when_the_next_one_does(local: Session, tmp_path: Path, log: Path) -> None:
    orders = units(2, u1={"s": 3.0})
    for done in Campaign(RunDirectory(tmp_path), FakeWork(log), SCHEMAS).execute(orders, local):
        committed_s = (tmp_path / f"units/{done.unit}/unit.json").stat().st_mtime
        assert time.time() - committed_s < 1.5, done.unit


def test_when_there_is_enough_no_unit_is_begun_and_the_rest_is_done_later(
    local: Session, tmp_path: Path, log: Path
) -> None:
    orders, run = units(8), RunDirectory(tmp_path / "run")
    campaign = Campaign(run, FakeWork(log), SCHEMAS)
    heard: list[str] = []

    def enough(done: Done) -> bool:
        heard.append(done.unit)
        return len(heard) >= 2

    ended = [done.unit for done in campaign.execute(orders, local, enough=enough)]
    assert ended == heard
    # What was at work when there was enough is finished.
    assert 2 <= len(ended) <= 2 + 2 * local.workers
    assert run.done() == set(ended)
    assert list(campaign.execute(orders, local, limit_s=0.0)) == []
    assert {done.unit for done in campaign.execute(orders, local)} == {unit["unit"] for unit in orders} - set(ended)
    assert committed(tmp_path / "run") == whole(tmp_path, orders)


def test_trouble_is_retried_or_quarantined_and_never_a_label(local: Session, tmp_path: Path, log: Path) -> None:
    orders = units(
        5, u0={"does": "lose_the_sandbox", "times": 1}, u1={"does": "lose_the_sandbox", "times": 9},
        u2={"does": "fail"}, u3={"does": "die", "times": 1}, u4={"does": "die", "times": 9},
    )  # fmt: skip
    ended = work(tmp_path / "run", log, orders, local)
    assert ended["u0"].summary is not None
    assert ended["u0"].summary["attempts"] == 2
    assert ended["u3"].summary is not None
    assert {unit: starts(log, unit) for unit in ended} == {"u0": 2, "u1": 3, "u2": 1, "u3": 2, "u4": 3}
    assert committed(tmp_path / "run") == {
        name: text for name, text in whole(tmp_path, orders).items() if name.split("/")[1] in ("u0", "u3")
    }
    notes = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "run/quarantine").glob("*.json")}
    assert set(notes) == {"u1", "u2", "u4"}
    assert (notes["u1"]["error"], notes["u1"]["attempts"]) == ("the daemon went away", 3)
    episodes = {path.name: path.read_bytes() for path in (tmp_path / "run/quarantine").glob("*.zst")}
    assert episodes == {"u1.log.jsonl.zst": b"what was done"}
    assert "Traceback" in notes["u2"]["error"]
    assert "our own mistake" in notes["u2"]["error"]
    assert notes["u4"]["error"] == "its worker died 3 times while it was at work"
    # The next run tries them again; what works then leaves no note.
    assert work(tmp_path / "run", log, units(5), local).keys() == {"u1", "u2", "u4"}
    assert committed(tmp_path / "run") == whole(tmp_path / "log", orders)
    assert list((tmp_path / "run/quarantine").iterdir()) == []


def test_a_node_that_cannot_begin_is_trouble_too(local: Session, tmp_path: Path) -> None:
    (done,) = Campaign(RunDirectory(tmp_path), BrokenFactory(), SCHEMAS, pause_s=0.1).execute(units(1), local)
    assert done.trouble == "this node has another toolchain"


def test_a_run_directory_that_takes_nothing_is_told_and_ends_nothing_else(
    local: Session, tmp_path: Path, log: Path
) -> None:
    run = tmp_path / "run"
    (run / "units").mkdir(parents=True)
    (run / "units/u0").touch()
    (run / "quarantine").touch()
    ended = work(run, log, units(2), local)
    assert ended["u1"].summary is not None
    assert "the run directory takes no note of it" in (ended["u0"].trouble or "")


class Elsewhere(RunDirectory):
    """A run directory that every process sees in another place, as a local folder on several nodes is."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_root": self._root + "-of-a-worker"}


def test_a_folder_that_the_nodes_do_not_share_is_told(local: Session, tmp_path: Path, log: Path) -> None:
    campaign = Campaign(Elsewhere(tmp_path / "run"), FakeWork(log), SCHEMAS, pause_s=0.1)
    with pytest.raises(CampaignBroken, match="which this machine does not see"):
        list(campaign.execute(units(1), local))


def test_a_killed_worker_costs_no_unit_and_doubles_none(local: Session, tmp_path: Path, log: Path) -> None:
    orders = [{**unit, "s": 0.4} for unit in units(6)]
    killed: list[int] = []

    def kill() -> None:
        while not starts(log, "u1"):
            time.sleep(0.05)
        killed.append(int((log / "u1").read_text().split()[0]))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ended = work(tmp_path / "run", log, orders, local)
    killer.join()
    assert set(ended) == {unit["unit"] for unit in orders}
    assert starts(log, "u1") == 2
    assert committed(tmp_path / "run") == whole(tmp_path, orders)


def counters() -> set[int]:
    """The processes of actors that count how often a unit was begun."""
    return {pid for pid in family(os.getpid()) if b"ray::_Starts" in command_line(pid)}


def test_the_death_of_the_actor_that_counts_ends_nothing(local: Session, tmp_path: Path, log: Path) -> None:
    """Whoever asks it at that moment asks again."""
    orders = [{**unit, "s": 0.4} for unit in units(6)]
    earlier = counters()  # of campaigns that ended; Ray takes its time with them

    def kill() -> None:
        while not starts(log, "u0"):
            time.sleep(0.05)
        (counter,) = counters() - earlier
        os.kill(counter, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(counter, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ended = work(tmp_path / "run", log, orders, local)
    killer.join()
    assert set(ended) == {unit["unit"] for unit in orders}
    assert committed(tmp_path / "run") == whole(tmp_path, orders)


class DiesWhenDone(RunDirectory):
    """Takes a unit, and then the worker that brought it dies before anyone hears of it."""

    def commit(self, unit: str, output: UnitOutput, schemas: Mapping[str, pa.Schema]) -> None:
        super().commit(unit, output, schemas)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_after_the_commit_does_not_double_it(local: Session, tmp_path: Path, log: Path) -> None:
    (done,) = Campaign(DiesWhenDone(tmp_path / "run"), FakeWork(log), SCHEMAS).execute(units(1), local)
    assert done.trouble is None
    assert done.summary == RunDirectory(tmp_path / "run").summary("u0")
    assert starts(log, "u0") == 1


def test_a_cluster_that_is_too_small_or_not_there_is_told(local: Session) -> None:
    with pytest.raises(NoCluster, match="--address"), session(cpus=1, memory_bytes=1, address="127.0.0.1:9"):
        pass
    code = """
import sys
from oxidizer.cluster.session import NoRoom, session
for workers in (None, 3):
    try:
        with session(cpus=64, memory_bytes=9000 << 30, workers=workers, address=sys.argv[1]) as found:
            print(found.workers)
    except NoRoom as error:
        print(error)
"""
    address = ray.get_runtime_context().gcs_address
    done = subprocess.run([sys.executable, "-c", code, address], capture_output=True, text=True, cwd=ROOT, check=True)
    told, by_word = done.stdout.splitlines()
    assert re.search(r"64 CPUs, 9000.0 GiB.*--workers", told)
    assert by_word == "3"


class Driver:
    """A driver in a process group of its own, with a Ray of its own."""

    def __init__(self, run: Path, log: Path, orders: Sequence[Json]) -> None:
        argv = [sys.executable, "-m", "tests.integration.fake_campaign", str(run), str(log), json.dumps(orders)]
        self.process = subprocess.Popen(
            argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def wait_for(self, wanted: int) -> list[Json]:
        """The units that ended, once there are so many."""
        assert self.process.stdout is not None
        ended: list[Json] = []
        while len(ended) < wanted:
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            if line.startswith("{"):
                ended.append(json.loads(line))
        return ended

    def family(self) -> set[int]:
        """The driver and every process below it that could hold a unit, a port or a file of the run.

        Ray's two agents notice only after a minute that their cluster was killed, and end then.
        """
        return {pid for pid in family(self.process.pid) if b"Agent" not in command_line(pid)}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_driver_leaves_no_process_and_the_next_run_goes_on(
    local: Session, number: signal.Signals, tmp_path: Path, log: Path
) -> None:
    asleep = f"7{os.getpid()}"
    orders = units(6, u4={"does": "sandbox", "sleep": asleep})
    driver = Driver(tmp_path / "run", log, orders)
    try:
        driver.wait_for(3)
        wait_until(lambda: starts(log, "u4") == 1 and sleepers(asleep))
        below = driver.family()
        assert len(below) > 5
        if number is signal.SIGINT:
            os.killpg(driver.process.pid, number)  # as a terminal does
        else:
            driver.process.send_signal(number)
        status = driver.process.wait(timeout=20)
        assert status == (-signal.SIGKILL if number is signal.SIGKILL else 128 + number)
        assert gone_within(below | sleepers(asleep), 10.0), alive(below)
        # Ray's agents notice late, and its folder stays where the driver could not take it away: a sweep finds both.
        left = left_by(driver.process.pid)
        assert (Kind.FOLDER in {trace.kind for trace in left}) == (number is signal.SIGKILL)
        sweep()
        assert left_by(driver.process.pid) == []
    finally:
        driver.process.kill()
        driver.process.communicate()
    before = committed(tmp_path / "run")
    assert len({name.split("/")[1] for name in before}) >= 3
    marks = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").glob("units/*/unit.json")}
    again = work(tmp_path / "run", log, units(6), local)
    assert len(marks) + len(again) == 6
    assert {path: path.stat().st_mtime_ns for path in marks} == marks
    assert committed(tmp_path / "run") == whole(tmp_path, orders)


@pytest.mark.parametrize("daemon", ["raylet", "gcs_server"])
def test_a_dead_daemon_of_ray_is_told_in_seconds_and_the_next_run_goes_on(
    local: Session, daemon: str, tmp_path: Path, log: Path
) -> None:
    """Ray itself would end the driver after 10 and 60 s, without a word and without its way out."""
    orders = [{**unit, "s": 0.6} for unit in units(10)]
    driver = Driver(tmp_path / "run", log, orders)
    try:
        driver.wait_for(2)
        below = driver.family()
        (pid,) = [pid for pid in below if Path("/proc", str(pid), "comm").read_text().strip() == daemon]
        os.kill(pid, signal.SIGKILL)
        _, said = driver.process.communicate(timeout=30)
        assert driver.process.returncode == 1
        assert said == f"Ray's {daemon} died\n"
        assert gone_within(below, 5.0), alive(below)
        assert left_by(driver.process.pid) == []
    finally:
        driver.process.kill()
    assert work(tmp_path / "run", log, units(10), local)
    assert committed(tmp_path / "run") == whole(tmp_path, orders)


def left_by(pid: int) -> list[Trace]:
    return [trace for trace in survey().dead if trace.label.pid == pid]


def stopped_twice() -> None:
    with stoppable():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        finally:
            os.kill(os.getpid(), signal.SIGINT)  # impatience does not cut the way out short


def test_only_the_first_signal_stops_and_the_old_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Stopped, match="SIGTERM") as caught:
        stopped_twice()
    assert caught.value.signum == signal.SIGTERM
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
