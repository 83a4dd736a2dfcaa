"""The shelf of built dependencies: whole entries or none, refused where they are not what they say."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oxidizer.cluster.placed import Placed
from oxidizer.cluster.shelf import Damaged, Entry, Shelf, ShelfRefused

KEY, OTHER = "a" * 64, "b" * 64
ENTRY = Entry(
    {"debug/deps/liba-0.rlib": b"code", "debug/build/a-0/run": b"#!"}, ("debug/build/a-0/out",),
    frozenset({"debug/build/a-0/run"}), {OTHER: "digest"}, 1.5,
)  # fmt: skip

DIES = """
import sys
from pathlib import Path
from oxidizer.cluster import shelf
made = shelf.Shelf(Path(sys.argv[1]), 1 << 30)
write = Path.write_bytes
def half(path, content):
    write(path, content[: len(content) // 2])
    print("here", flush=True)
    sys.stdin.read()
with made.making([sys.argv[2]], 1.0) as ours:
    assert ours
    Path.write_bytes = half
    made.put(sys.argv[2], shelf.Entry({"debug/deps/a-0": b"x" * 100}))
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", 1 << 30)


def path_of(shelf: Shelf, key: str) -> Path:
    return shelf.folder / key[:2] / key


def test_what_was_put_is_there(shelf: Shelf) -> None:
    assert shelf.get(KEY) is None
    shelf.put(KEY, ENTRY)
    assert shelf.get(KEY) == ENTRY
    assert path_of(shelf, KEY).stat().st_mode & 0o777 == 0o444
    assert list(shelf.folder.glob("??/*")) == [path_of(shelf, KEY)]


def test_an_entry_that_is_not_what_it_says_is_refused_and_goes(shelf: Shelf) -> None:
    shelf.put(KEY, ENTRY)
    whole = path_of(shelf, KEY).read_bytes()
    for bad in (whole.replace(b"code", b"evil"), whole[:700], b"", whole.replace(b"rlib", b"r/.b")):
        path_of(shelf, KEY).unlink(missing_ok=True)
        path_of(shelf, KEY).write_bytes(bad)
        with pytest.raises(Damaged):
            shelf.get(KEY)
        assert KEY not in shelf


def test_another_entrys_file_is_refused(shelf: Shelf) -> None:
    shelf.put(KEY, ENTRY)
    path_of(shelf, OTHER).parent.mkdir()
    path_of(shelf, KEY).rename(path_of(shelf, OTHER))
    with pytest.raises(Damaged, match="another entry's"):
        shelf.get(OTHER)


@pytest.mark.parametrize("name", ["debug/deps/../../../x", "/etc/x", "release/deps/x", "debug/x", "debug/deps/./x"])
def test_no_entry_leads_out_of_a_target(shelf: Shelf, name: str) -> None:
    shelf.put(KEY, Entry({name: b""}))
    with pytest.raises(Damaged):
        shelf.get(KEY)


def test_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "small", 60_000)
    keys = [digit * 64 for digit in "12345"]
    for age, key in enumerate(keys):
        shelf.put(key, Entry({"debug/deps/a-0": bytes(10_000)}))
        os.utime(path_of(shelf, key), (1_000_000 + age, 1_000_000 + age))
    shelf.get(keys[0])
    assert shelf.tidy() > 0
    assert keys[0] in shelf
    assert keys[1] not in shelf
    assert sum(path.stat().st_size for path in shelf.folder.glob("??/*")) <= 60_000


def test_who_is_killed_leaves_no_half_entry_and_no_lock(shelf: Shelf) -> None:
    maker = subprocess.Popen(
        [sys.executable, "-c", DIES, shelf.folder, KEY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert maker.stdout is not None
    assert maker.stdin is not None
    with maker.stdout, maker.stdin:
        assert maker.stdout.readline() == b"here\n"
        with shelf.making([KEY], 0.0) as ours:
            assert not ours
        with shelf.making([OTHER], 0.0) as ours:
            assert ours
        assert shelf.tidy() == 0
        maker.send_signal(signal.SIGKILL)
        maker.wait()
    assert shelf.get(KEY) is None
    assert [path.suffix for path in shelf.folder.glob("??/*")] == [".part"]
    with shelf.making([KEY], 0.0) as ours:
        assert ours
    assert shelf.tidy() == 1
    assert not list(shelf.folder.glob("??/*"))


def test_a_folder_that_others_may_write_to_is_no_shelf(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ShelfRefused, match="others may write"):
        Shelf(tmp_path / "open", 1)
    (tmp_path / "file").touch()
    with pytest.raises(ShelfRefused, match="no folder"):
        Shelf(tmp_path / "file", 1)


def test_placed_as_it_was_made_with_one_time(tmp_path: Path) -> None:
    placed, entry = Placed(tmp_path), Entry(ENTRY.files, ENTRY.folders, ENTRY.executable)
    placed.place(KEY, entry)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in files} == ENTRY.files
    assert os.access(tmp_path / "debug/build/a-0/run", os.X_OK)
    assert not os.access(tmp_path / "debug/deps/liba-0.rlib", os.X_OK)
    assert (tmp_path / "debug/build/a-0/out").is_dir()
    assert len({path.stat().st_mtime_ns for path in files}) == 1
    assert abs(files[0].stat().st_mtime - time.time()) < 60


def test_an_entry_goes_only_beside_what_it_was_made_with(tmp_path: Path) -> None:
    below = Entry({"debug/deps/libb-1.rlib": b"one build"})
    placed = Placed(tmp_path)
    above = Entry({"debug/deps/liba-0.rlib": b"code"}, needs={OTHER: below.digest})
    assert not placed.fits(above)
    placed.place(OTHER, Entry({"debug/deps/libb-1.rlib": b"another build"}))
    assert not placed.fits(above)
    again = Placed(tmp_path / "debug")
    again.place(OTHER, below)
    assert again.fits(above)
    # Of one file there are no two contents.
    assert not again.fits(Entry({"debug/deps/libb-1.rlib": b"another build"}))
