"""What a command left is read only where it is the crate's own: regular, below the folder, of bounded size."""

import multiprocessing
import os
import socket
import time
from collections import Counter
from pathlib import Path

import pytest

from oxidizer.cluster.collect import Collector, NotCollected, NotRegular


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target folder full of traps, beside a secret."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("secret")
    folder = tmp_path / "target"
    (folder / "notes/deep").mkdir(parents=True)
    (folder / "notes/one").write_bytes(b"1")
    (folder / "notes/two").write_bytes(b"22")
    (folder / "notes/deep/file").write_bytes(b"deep")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "near").symlink_to("notes/one")
    (folder / "gone").symlink_to("nowhere")
    (folder / "away").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    return folder


def test_a_regular_file_is_read(target: Path) -> None:
    assert Collector(target).read("notes/one", 1) == b"1"
    assert Collector(target).read("notes/deep/file", 100) == b"deep"


@pytest.mark.parametrize(
    "name",
    [
        "link", "near", "gone", "loop", "away/file", "fifo", "notes", "notes/none", "none/file", "notes/one/x",
        "../secret", "notes/../notes/one", "./notes/one", "/etc/passwd", "", "notes/", "a\0b",
    ],
)  # fmt: skip
def test_anything_else_is_not(target: Path, name: str) -> None:
    with pytest.raises(NotCollected):
        Collector(target).read(name, 1 << 20)


def test_a_file_beyond_its_size_is_not(target: Path) -> None:
    with pytest.raises(NotCollected, match="more than 1 bytes"):
        Collector(target).read("notes/two", 1)
    with (target / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(NotCollected, match="more than"):
        Collector(target).read("sparse", 1 << 20)


def test_a_folder_gives_its_regular_files_alone(target: Path) -> None:
    (target / "notes/link").symlink_to(target.parent / "secret")
    os.mkfifo(target / "notes/fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(target / "notes/socket"))
    assert Collector(target).read_all("notes", 3) == {"one": b"1", "two": b"22"}
    with pytest.raises(NotCollected, match="'two' holds more than"):
        Collector(target).read_all("notes", 2)
    with pytest.raises(NotRegular):
        Collector(target).read_all("away", 100)


def test_a_proof_can_have_links_followed(target: Path) -> None:
    loose = Collector(target, follow_links=True)
    assert loose.read("link", 100) == b"secret"
    assert loose.read("away/file", 100) == b"secret"


_LOOKS, _DEADLINE_S = 3000, 60.0


def _swap(place: Path, away: Path) -> None:
    """Now the place is its own, now a link, for ever."""
    own, link = place.with_name("own"), place.with_name("link-to-it")
    link.symlink_to(away)
    while True:
        for one, other in ((link, own), (own, link)):
            place.rename(other)
            one.rename(place)


@pytest.mark.parametrize("swapped", ["notes", "notes/one"])
def test_what_is_swapped_while_we_look_gives_nothing_of_the_hosts(target: Path, swapped: str) -> None:
    """A folder, and a file; without our way of opening them, a secret comes out."""
    (target.parent / "elsewhere/one").write_text("secret")
    away = target.parent / ("elsewhere" if swapped == "notes" else "secret")

    def seen(collector: Collector, wanted: bytes) -> Counter[bytes]:
        found, deadline_s = Counter[bytes](), time.monotonic() + _DEADLINE_S
        while (found.total() < _LOOKS or not found[wanted]) and time.monotonic() < deadline_s:
            try:
                found[collector.read("notes/one", 100)] += 1
            except NotCollected:
                found[b""] += 1
        return found

    swapper = multiprocessing.get_context("fork").Process(target=_swap, args=(target / swapped, away))
    swapper.start()
    try:
        strict, loose = seen(Collector(target), b"1"), seen(Collector(target, follow_links=True), b"secret")
    finally:
        swapper.kill()
        swapper.join()
    assert set(strict) <= {b"1", b""}
    assert strict[b"1"], "its own was never there"
    assert loose[b"secret"], "the link was never there"


def test_no_descriptor_is_left_open(target: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for name in ("notes/one", "away/file", "link", "notes/deep/none"):
        for _ in range(3):
            try:
                Collector(target).read(name, 10)
            except NotCollected:
                continue
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_tree_is_read_whole_or_not_at_all(target: Path) -> None:
    (target / "notes/two").chmod(0o755)
    (target / "notes/empty").mkdir()
    tree = Collector(target).read_tree("notes", 7)
    assert tree.files == {"notes/one": b"1", "notes/two": b"22", "notes/deep/file": b"deep"}
    assert set(tree.folders) == {"notes", "notes/deep", "notes/empty"}
    assert tree.executable == {"notes/two"}
    assert Collector(target).names("notes") == ["deep", "empty", "one", "two"]
    with pytest.raises(NotCollected, match="more than"):
        Collector(target).read_tree("notes", 6)
    (target / "notes/deep/out").symlink_to(target.parent / "elsewhere")
    for name in ("notes", "away", "fifo", "none", "notes/one"):
        with pytest.raises(NotCollected):
            Collector(target).read_tree(name, 1 << 20)
    with pytest.raises(NotCollected):
        Collector(target).names("away")


def test_a_tree_without_end_is_not_read(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oxidizer.cluster.collect._MOST_FILES", 4)
    with pytest.raises(NotCollected, match="more than 4 files"):
        Collector(target).read_tree("notes", 1 << 20)
