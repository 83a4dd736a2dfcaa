"""Scratch folders: gone after the block, swept after a kill, never swept while somebody works in them."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oxidizer.cluster.leftovers import survey, sweep
from oxidizer.cluster.scratch import scratch, scratch_root

HOLD = """
import sys
from oxidizer.cluster.scratch import scratch
with scratch("held") as folder:
    (folder / "target").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def scratches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OXIDIZER_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def swept(scratches: Path) -> set[Path]:
    """The folders of a scratch root that a sweep took."""
    before = set(scratches.glob("*"))
    sweep()
    return before - set(scratches.glob("*"))


@contextmanager
def holder(root: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Another process that holds a folder until its standard input ends, and that folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def test_it_is_there_inside_the_block_and_gone_after_it(scratches: Path) -> None:
    with scratch("itoa") as folder:
        assert folder.parent == scratches
        assert folder.name.startswith("none-itoa-")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
        (folder / "target").mkdir()
        (folder / "target/file").touch()
    assert list(scratches.iterdir()) == []


def test_it_is_gone_after_a_failure_too(scratches: Path) -> None:
    with pytest.raises(RuntimeError), scratch("itoa"):
        raise RuntimeError
    assert list(scratches.iterdir()) == []


def test_two_of_one_name_are_two_folders() -> None:
    with scratch("itoa") as one, scratch("itoa") as two:
        assert one != two


def test_a_killed_owners_folder_is_swept_and_a_living_ones_is_not(root: Path, scratches: Path) -> None:
    with holder(root) as (living, kept), holder(root) as (killed, left):
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert left.is_dir()
        assert swept(scratches) == {left}
        assert list(scratches.iterdir()) == [kept]
        with scratch("own"):
            assert swept(scratches) == set()
        living.communicate("")
    assert list(scratches.iterdir()) == []


@pytest.mark.parametrize("lock", [None, b""])
def test_a_folder_whose_maker_died_before_it_bore_a_label_goes(scratches: Path, lock: bytes | None) -> None:
    half_made = scratches / "none-itoa-0a1b"
    half_made.mkdir(parents=True)
    if lock is not None:
        (half_made / "owner.lock").write_bytes(lock)
    swept(scratches)
    assert list(scratches.iterdir()) == []


def test_what_bears_no_label_is_somebody_elses(scratches: Path, tmp_path: Path) -> None:
    """A user may well keep other things where scratch folders are made."""
    own = {"photos/a.jpg": b"x", "none-itoa-0a1b/thesis.tex": b"y", "0123456789ab-x-0a1b/owner.lock": b"{}"}
    for name, content in own.items():
        (scratches / name).parent.mkdir(parents=True)
        (scratches / name).write_bytes(content)
    (scratches / "empty").mkdir()
    (scratches / "none-link-0a1b").symlink_to(tmp_path)
    swept(scratches)
    assert {name: (scratches / name).read_bytes() for name in own} == own
    assert (scratches / "empty").is_dir()
    assert (scratches / "none-link-0a1b").is_symlink()


def test_another_hosts_folder_is_left_alone(root: Path, scratches: Path) -> None:
    with holder(root) as (killed, left):
        killed.kill()
        killed.wait()
        label = json.loads((left / "owner.lock").read_text())
        (left / "owner.lock").write_text(json.dumps({**label, "host": "other", "place": "00000000"}))
        assert swept(scratches) == set()
        (trace,) = [trace for trace in survey().spared if trace.name == str(left)]
        assert "of run none, process" in trace.why
        assert "on other: another host" in trace.why
        with pytest.raises(ValueError, match="not left behind"):
            trace.remove()
        assert left.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter any folder")
def test_a_folder_that_a_crate_closed_goes_too(scratches: Path) -> None:
    with scratch("itoa") as folder:
        (folder / "target/a/b").mkdir(parents=True)
        (folder / "target/a/b/file").touch()
        (folder / "target/a/b").chmod(0o500)
        (folder / "target/a").chmod(0)
    assert list(scratches.iterdir()) == []


def test_a_sweep_of_nothing_makes_nothing(scratches: Path) -> None:
    assert swept(scratches) == set()
    assert not scratches.exists()


def test_sweeping_at_once_takes_no_folder_from_under_its_owner(root: Path) -> None:
    """Many make folders while another process sweeps all the time."""
    code = """
from oxidizer.cluster.labels import Standing
from oxidizer.cluster.scratch import owned_folders, remove, scratch_root
print(flush=True)
while True:
    for owned in owned_folders(scratch_root()):
        assert owned.standing is not Standing.DEAD
        remove(owned)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE) as sweeper:
        assert sweeper.stdout is not None
        sweeper.stdout.readline()
        for _ in range(500):
            with scratch("itoa") as folder:
                assert (folder / "owner.lock").exists()
        assert sweeper.poll() is None
        sweeper.kill()


def test_the_default_place_is_this_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OXIDIZER_SCRATCH")
    assert str(os.getuid()) in scratch_root().name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_strangers_root_is_refused(scratches: Path) -> None:
    scratches.mkdir()
    os.chown(scratches, 12345, 12345)
    with pytest.raises(PermissionError, match="OXIDIZER_SCRATCH"), scratch("itoa"):
        pass
