"""Labels: a process is told from every other one, one that had its number before included."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oxidizer.cluster.labels import NO_RUN, Label, Standing, new_run, work_for, working_for


@pytest.fixture(autouse=True)
def unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXIDIZER_RUN", NO_RUN)


def test_a_label_is_alive_as_long_as_its_process() -> None:
    assert Label.own().standing() is Standing.ALIVE
    with subprocess.Popen(["sleep", "60"]) as other:
        stat = Path("/proc", str(other.pid), "stat").read_text()
        label = replace(Label.own(), pid=other.pid, started=int(stat.rpartition(")")[2].split()[19]))
        assert label.standing() is Standing.ALIVE
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert label.standing() is Standing.DEAD  # a zombie holds nothing any more
    assert label.standing() is Standing.DEAD


def test_a_recycled_number_is_not_alive() -> None:
    own = Label.own()
    assert replace(own, started=own.started - 1).standing() is Standing.DEAD


def test_what_is_of_elsewhere_is_not_dead() -> None:
    assert replace(Label.own(), place="00000000", pid=1, started=1).standing() is Standing.ELSEWHERE


def test_the_label_of_another_process_namespace_is_of_elsewhere() -> None:
    code = "import json; from oxidizer.cluster.labels import Label; print(json.dumps(Label.own().plain))"
    inside = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if inside.returncode:
        pytest.skip(f"no namespaces for this user: {inside.stderr.strip()}")
    label = Label.of_plain(json.loads(inside.stdout))
    assert label is not None
    assert label.pid < 10
    assert label.standing() is Standing.ELSEWHERE


def test_a_label_comes_back_from_a_name_and_from_json() -> None:
    own = Label.own()
    assert Label.of_token(own.token) == replace(own, host="")
    assert Label.of_plain(json.loads(json.dumps(own.plain))) == own
    assert Label.of_plain({key: str(value) for key, value in own.plain.items()}) == own


@pytest.mark.parametrize("told", [None, [], {}, "x", {"run": "none"}, {**Label.own().plain, "pid": "x"},
                                  {**Label.own().plain, "run": "../.."}, {**Label.own().plain, "more": 1}])  # fmt: skip
def test_what_is_no_label_is_none(told: object) -> None:
    assert Label.of_plain(told) is None
    assert Label.of_token(f"{told}") is None


def test_a_process_works_for_a_run_and_so_do_those_it_starts() -> None:
    assert working_for() == NO_RUN
    run = new_run()
    work_for(run)
    assert Label.own().run == run
    code = "from oxidizer.cluster.labels import working_for; print(working_for())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == run
    with pytest.raises(ValueError, match="no run's id"):
        work_for("../x")
    assert new_run() != run
