"""A campaign where the sandbox keeps less: refused by name, run where that is accepted, and told in the run.

Without CAP_SYS_ADMIN root is what an ordinary user is to bubblewrap, and what root is in a pod.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from oxidizer.cluster.capabilities import may_mount
from tests.integration.typed import MANIFEST, command, mine, oxidizer, units

LOST = ["user", "memory", "processes", "cpu", "disk", "inodes"]
pytestmark = pytest.mark.skipif(not may_mount(), reason="only root can give up what an ordinary user lacks")


def weakly(*args: object) -> "subprocess.CompletedProcess[str]":
    """A command of a root that may not mount."""
    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", *command(*args)],
        env={**os.environ, "COLUMNS": "200"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A list of one crate of which there is little to say."""
    (tmp_path / "plain/src").mkdir(parents=True)
    (tmp_path / "plain/Cargo.toml").write_text(MANIFEST.format(name="plain", license='license = "MIT"'))
    (tmp_path / "plain/src/lib.rs").write_text("//! Nothing.\n")
    (tmp_path / "one.toml").write_text('[[crate]]\npath = "plain"\n')
    return tmp_path / "one.toml"


def test_what_is_not_accepted_is_refused_by_name_with_the_way_out(one: Path, tmp_path: Path) -> None:
    args = ("mine", "--list", one, "--out", tmp_path / "run", "--sandbox", "bubblewrap", "--accept-weaker", "user")
    refused = weakly(*args, "--accept-weaker", "memory,disk")
    assert refused.returncode == 1
    for name in LOST:
        assert (f"  {name} is " in refused.stderr) == (name not in ("user", "memory", "disk"))
    assert f"--accept-weaker {','.join(LOST)}" in refused.stderr
    assert f"make mine ACCEPT={','.join(LOST)}" in refused.stderr
    assert "mend it: run as root" in refused.stderr
    assert not (tmp_path / "run").exists()


def test_what_is_accepted_runs_and_is_told(one: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = weakly("mine", "--list", one, "--out", run, "--sandbox", "bubblewrap", "--accept-weaker", ",".join(LOST))
    assert done.returncode == 0, done.stdout + done.stderr
    assert units(run)["plain"]["status"] == "mined"
    told = json.loads((run / "run.json").read_text())["sandbox"]
    assert told == {"backend": "bubblewrap", "image": None, "accepted_weaker": LOST}
    assert json.loads((run / "report.json").read_text())["run"]["sandbox"]["accepted_weaker"] == LOST
    assert "weaker, as accepted: user, memory" in (run / "report.html").read_text()
    # A later start that needs nothing accepted does not make that undone.
    assert mine(one, run).returncode == 0
    assert json.loads((run / "run.json").read_text())["sandbox"]["accepted_weaker"] == LOST
    refused = weakly("verify", run, "--sample", "1", "--sandbox", "bubblewrap")
    assert refused.returncode == 1
    assert "  memory is weaker" in refused.stderr


def test_an_unknown_name_is_refused_by_the_nearest(one: Path, mined: Path, tmp_path: Path) -> None:
    refused = mine(one, tmp_path / "run", "--accept-weaker", "memroy")
    assert (refused.returncode, "did you mean 'memory'" in refused.stderr) == (1, True)
    refused = oxidizer("verify", mined, "--accept-weaker", "cpuu")
    assert (refused.returncode, "did you mean 'cpu'" in refused.stderr) == (1, True)


def test_where_all_is_kept_nothing_is_accepted(mined: Path) -> None:
    assert json.loads((mined / "run.json").read_text())["sandbox"]["accepted_weaker"] == []


NODE = """
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import find_toolchain
from oxidizer.miners.crate import MineCrates
from oxidizer.miners.recipe import starter
found = find_toolchain()
work = MineCrates(starter(), ("suggestions",), 0, "bubblewrap", None, found.version, Share(1.0, 1 << 30))()
try:
    work({"crate": "x"})
except SandboxUnavailable as error:
    print(error)
"""


def test_a_worker_elsewhere_that_keeps_less_is_trouble_and_no_label(root: Path) -> None:
    argv = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", command()[0], "-c", NODE]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True)
    assert "memory is weaker" in done.stdout, done.stderr


def test_doctor_tries_each_promise() -> None:
    sound = oxidizer("doctor", "--sandbox", "bubblewrap")
    assert sound.returncode == 0, sound.stderr
    assert sound.stdout.count("✓ kept") == 22
    assert "Every promise is kept." in sound.stdout
    weak = weakly("doctor", "--sandbox", "bubblewrap")
    assert weak.returncode == 0, weak.stderr
    assert f"only with --accept-weaker {','.join(LOST)}" in weak.stdout
    for fact in ("control groups", "not ours to divide", "user namespaces", "seccomp", "disk quota", "a watcher"):
        assert fact in weak.stdout
    unknown = oxidizer("doctor", "--sandbox", "jail")
    assert (unknown.returncode, "choose auto, docker, bubblewrap, or docker:RUNTIME" in unknown.stderr) == (1, True)
