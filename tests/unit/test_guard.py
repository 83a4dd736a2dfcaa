"""What later builds take of a target is the same, or told."""

import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxidizer.cluster import guard
from oxidizer.cluster.guard import differences, look

FILE = "debug/deps/libone-1.rlib"


@pytest.fixture(params=["/var/tmp", "/dev/shm"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """On a disk, and in memory alone."""
    folder = Path(request.param) / f"oxidizer-test-{os.getpid()}-{tmp_path.name}"
    (folder / "debug/deps").mkdir(parents=True)
    (folder / "oxidizer-batch/seen").mkdir(parents=True)
    (folder / FILE).write_bytes(b"one" * 1000)
    yield folder
    shutil.rmtree(folder)


def rewrite(file: Path) -> None:
    """The same size, and the times that it had."""
    about = file.stat()
    file.write_bytes(b"two" * 1000)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))


def map_in(file: Path) -> None:
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        memory[5:6] = b"x"


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


@pytest.mark.parametrize("change", [rewrite, map_in, replace, link, Path.unlink, os.utime])
def test_every_way_to_change_a_file_is_seen(target: Path, change: object) -> None:
    before = look(target)
    assert differences(before, look(target)) == []
    change(target / FILE)  # type: ignore[operator]
    assert differences(before, look(target)) == [FILE]


def test_what_nobody_takes_is_not_looked_at(target: Path) -> None:
    before = look(target)
    for free in ("tmp", "oxidizer-batch/seen"):
        (target / free).mkdir(exist_ok=True)
        (target / free / "note").write_text("x")
    assert differences(before, look(target)) == []
    (target / "debug/new").write_text("x")
    assert differences(before, look(target)) == ["debug/new"]


def test_a_target_of_too_many_files_is_never_the_same(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_MOST", 3)
    for name in "abcd":
        (target / "debug" / name).write_text("x")
    assert differences(look(target), look(target))
