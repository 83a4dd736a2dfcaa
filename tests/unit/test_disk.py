"""The watcher of a plain target folder: what it counts, where it stops, and that no trap catches it."""

import os
import time
from dataclasses import replace
from pathlib import Path

from oxidizer.cluster.disk import WatchedFolder, usage
from oxidizer.cluster.sandbox import Limits, Status
from oxidizer.cluster.volume import image_bytes

MB = 1 << 20
MANY = 1_000_000


def test_it_counts_blocks_and_entries(tmp_path: Path) -> None:
    assert usage(tmp_path / "none", MB, MANY).bytes == 0
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/big").write_bytes(os.urandom(300_000))
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    used = usage(tmp_path, 100 * MB, MANY)
    assert 300_000 <= used.bytes < 400_000
    assert used.inodes == 4
    for index in range(100):
        (tmp_path / f"empty-{index}").touch()
    assert usage(tmp_path, 100 * MB, MANY).inodes == 104
    assert not usage(tmp_path, 100 * MB, 104).over
    assert usage(tmp_path, 100 * MB, 103).over
    assert usage(tmp_path, 200_000, MANY).over


def test_it_stops_where_it_knows_enough(tmp_path: Path) -> None:
    for index in range(50):
        (tmp_path / f"empty-{index}").touch()
    assert usage(tmp_path, MB, 10).inodes == 11


def test_it_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/big").write_bytes(os.urandom(MB))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "outside")
    assert usage(tmp_path / "in", 100 * MB, MANY).bytes < 10_000


def test_a_nest_too_deep_to_walk_is_over_the_limit(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(150):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert usage(tmp_path, 100 * MB, MANY).over


def test_a_watch_looks_after_a_while_and_tells_of_bytes_and_of_inodes(tmp_path: Path) -> None:
    limits = replace(Limits(), disk_bytes=MB, inodes=10)
    watch = WatchedFolder(tmp_path, limits).watch()
    assert watch.due_s > time.monotonic()
    assert watch.check() is None
    (tmp_path / "big").write_bytes(os.urandom(MB + 1))
    assert watch.check() is Status.DISK_LIMIT
    (tmp_path / "big").unlink()
    assert watch.check() is None
    for index in range(11):
        (tmp_path / str(index)).touch()
    assert watch.check() is Status.DISK_LIMIT


def test_an_image_has_room_for_its_own_tables() -> None:
    assert image_bytes(MB, 64) > MB
    assert image_bytes(8 << 30, 500_000) - (8 << 30) < 160 * MB
    # No more inodes than blocks: many would not fit.
    assert image_bytes(MB, MANY) < 2 * MB
