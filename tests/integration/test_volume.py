"""Targets of a size: full means full, and neither a mount nor a loop device is left by anybody, however he ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oxidizer.cluster import volume
from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.leftovers import sweep
from oxidizer.cluster.mounts import mounted
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Limits, Mounts, SandboxUnavailable, Status
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.volume import NoVolume, Volume, trouble
from tests.conftest import OpenCrate
from tests.integration.boxes import MB, sh

pytestmark = pytest.mark.skipif(not may_mount(), reason="only root with CAP_SYS_ADMIN can mount")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert not [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(tmp_path) in line]
    assert devices(tmp_path) == []
    assert list(tmp_path.glob(f"**/*{volume.SUFFIX}")) == []


def devices(below: Path) -> list[str]:
    """The images below a folder that loop devices hold."""
    names = [file.read_text() for file in Path("/sys/block").glob("loop*/loop/backing_file")]
    return [name for name in names if str(below) in name]


@pytest.mark.parametrize(("disk_bytes", "inodes"), [(1 * MB, 64), (48 * MB, 2000), (64 * MB, 500_000), (8 << 30, 9000)])
def test_it_has_the_room_that_was_asked_for(folder: Path, disk_bytes: int, inodes: int) -> None:
    made = Volume(folder, disk_bytes, inodes, 10001)
    facts = os.statvfs(folder)
    assert disk_bytes <= facts.f_bavail * facts.f_frsize <= disk_bytes + 100 * 4096
    assert min(inodes, disk_bytes // 4096) <= facts.f_favail <= inodes + 600
    assert (folder.stat().st_uid, list(folder.iterdir())) == (10001, [])
    assert folder.stat().st_dev == made.device
    made.close()
    made.close()


def test_without_its_tools_there_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "_PATH", str(folder))
    with pytest.raises(NoVolume, match=r"mkfs.ext4 is not installed .*e2fsprogs"):
        Volume(folder, MB, 64, 0)
    assert "mkfs.ext4" in str(trouble(folder.parent))
    monkeypatch.undo()
    assert trouble(folder.parent) is None


HOLD = """
import sys
from pathlib import Path
from oxidizer.cluster.volume import Volume
held = Volume(Path(sys.argv[1]), 1 << 20, 64, 0)
print(flush=True)
sys.stdin.read()
held.close()
"""


HOLD_IN_SCRATCH = """
import sys
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.volume import Volume
with scratch("unit") as folder:
    (folder / "target").mkdir()
    held = Volume(folder / "target", 1 << 20, 64, 0)
    print(flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(root: Path, target: Path, hold: str = HOLD) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a volume over a folder, or somewhere below it."""
    target.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", hold, target], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert any(target in (where, *where.parents) for _, where in mounted())
        yield process


def test_a_killed_owners_volume_is_swept_and_a_living_ones_is_not(root: Path, tmp_path: Path) -> None:
    with holder(root, tmp_path / "a b/kept") as living, holder(root, tmp_path / "a b/left") as killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert volume.sweep() == 1
        assert [(tmp_path / "a b" / name).is_mount() for name in ("kept", "left")] == [True, False]
        living.communicate("")


def test_it_goes_with_the_scratch_folder_of_a_killed_owner(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OXIDIZER_SCRATCH", str(tmp_path / "scratch"))
    with holder(root, tmp_path / "scratch", HOLD_IN_SCRATCH) as killed:
        killed.send_signal(signal.SIGKILL)
    assert [trace.split()[0] for trace in sweep()] == ["mount", "loop", "scratch"]
    assert list((tmp_path / "scratch").iterdir()) == []
    # Even where its own process forgot it.
    with scratch("unit") as own:
        (own / "target").mkdir()
        held = Volume(own / "target", MB, 64, 0)
    assert not own.exists()
    held._is_mounted = False
    held.close()


def test_a_folder_that_holds_something_stays_a_plain_one(folder: Path, tmp_path: Path, toolchain: Toolchain) -> None:
    (tmp_path / "src").mkdir()
    (folder / "warm").write_text("kept")
    with open_sandbox("bubblewrap", Mounts(tmp_path / "src", folder, toolchain.sysroot), Limits()) as box:
        assert sh(box, "cat /box/target/warm").stdout == b"kept"
        assert box.weaker >= {Promise.DISK, Promise.INODES}
    assert (folder / "warm").exists()


WRITES = {"bytes": "head -c 3M /dev/zero >/box/target/f", "inodes": "cd /box/target && mkdir d && touch d/{1..400}"}


@pytest.mark.parametrize("backend", [pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"])
@pytest.mark.parametrize("kind", WRITES)
def test_what_is_full_is_full_and_no_failure(tmp_path: Path, toolchain: Toolchain, backend: str, kind: str) -> None:
    (tmp_path / "src").mkdir()
    mounts, limits = (
        Mounts(tmp_path / "src", tmp_path / "target", toolchain.sysroot),
        Limits(disk_bytes=2 * MB, inodes=300),
    )
    with open_sandbox(backend, mounts, limits) as box:
        assert sh(box, "echo x >/box/target/small").ok
        assert not box.weaker & {Promise.DISK, Promise.INODES}
        full = sh(box, f"{WRITES[kind]} || echo refused")
        assert (full.status, full.exit_code) == (Status.DISK_LIMIT, None)
        # Whose doing that was is told once: the next one may make room.
        assert sh(box, "rm -r /box/target/*").ok
        assert sh(box, "head -c 1M /dev/zero >/box/target/f").ok


def test_a_crate_that_fills_its_target_is_no_compile_error(open_crate: OpenCrate) -> None:
    """The compiler itself meets the end of the disk, with files that it removes again before anybody looks."""
    big = "pub static BIG: [u8; 12 << 20] = { let mut a = [0; 12 << 20]; a[7] = 1; a };\n"
    manifest = '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n'
    limits = Limits(disk_bytes=8 * MB, memory_bytes=1 << 30)
    cargo, _ = open_crate({"Cargo.toml": manifest, "src/lib.rs": big}, limits=limits)
    assert not cargo.sandbox.weaker & {Promise.DISK}
    assert cargo.build(["build"]).cause is Cause.NO_SPACE


def test_a_host_without_room_is_no_label(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Volume(folder, MB, 64, 0)
    watch = made.watch()
    assert watch.check() is None
    monkeypatch.setattr(volume, "_HOST_ROOM_BYTES", 1 << 60)
    monkeypatch.setattr(volume, "_HOST_ROOM_SHARE", 1)
    with pytest.raises(SandboxUnavailable, match="OXIDIZER_SCRATCH"):
        watch.check()
    made.close()


ELSEWHERE = """
import sys
from pathlib import Path
from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.sandbox import Limits, Mounts
backend, source, target, toolchain = sys.argv[1:]
mounts, limits = Mounts(Path(source), Path(target), Path(toolchain)), Limits(disk_bytes=2 << 20, inodes=300)
with open_sandbox(backend, mounts, limits) as box:
    status = box.run(["sh", "-c", "head -c 3M /dev/zero >/box/target/f; sleep 2"]).status
    print(status, *sorted(box.weaker))
"""


@pytest.mark.parametrize("backend", [pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"])
def test_in_a_mount_namespace_of_ones_own(root: Path, tmp_path: Path, toolchain: Toolchain, backend: str) -> None:
    """As in a pod. Docker's daemon does not see what is mounted there: it is told, and watched instead."""
    (tmp_path / "src").mkdir()
    command = [sys.executable, "-c", ELSEWHERE, backend, tmp_path / "src", tmp_path / "target", toolchain.sysroot]
    done = subprocess.run(["unshare", "--mount", *command], cwd=root, capture_output=True, text=True)
    weaker = "disk inodes" if backend == "docker" else ""
    assert done.stdout.split(maxsplit=1) == ["disk_limit", *([f"{weaker}\n"] if weaker else [])], done.stderr
