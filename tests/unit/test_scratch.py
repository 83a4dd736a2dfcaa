"""Scratch folders: gone after the block, swept after a kill, never swept while somebody works in them."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oxidizer.cluster.scratch import scratch, scratch_root, sweep

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
        assert folder.name.startswith("itoa-")
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
        assert sweep() == 1
        assert list(scratches.iterdir()) == [kept]
        with scratch("own"):
            assert sweep() == 0
        living.communicate("")
    assert list(scratches.iterdir()) == []


def test_a_folder_whose_maker_died_before_the_lock_is_swept(scratches: Path) -> None:
    (scratches / "half-made").mkdir(parents=True)
    assert sweep() == 1
    assert list(scratches.iterdir()) == []


def test_a_sweep_of_nothing_makes_nothing(scratches: Path) -> None:
    assert sweep() == 0
    assert not scratches.exists()


def test_sweeping_at_once_takes_no_folder_from_under_its_owner(root: Path) -> None:
    """Many make folders while another process sweeps all the time."""
    code = "from oxidizer.cluster.scratch import sweep\nprint(flush=True)\nwhile True: sweep()"
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE) as sweeper:
        assert sweeper.stdout is not None
        sweeper.stdout.readline()
        for _ in range(500):
            with scratch("itoa") as folder:
                assert (folder / "owner.lock").exists()
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
