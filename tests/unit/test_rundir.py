"""A run directory: the mark of done comes last, a second commit is harmless, and half a file is never a file."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oxidizer.cluster.labels import Label
from oxidizer.cluster.rundir import RunDirectory, UnitOutput, table_bytes

SCHEMAS = {"things": pa.schema([("id", pa.string())]), "rejects": pa.schema([("why", pa.string())])}
OUTPUT = UnitOutput({"things": [{"id": "a"}, {"id": "b"}]}, {"Cargo.lock": b"lock"}, {"unit": "one", "n": 2})
UNITS = [{"unit": "one"}, {"unit": "two"}]


@pytest.fixture(params=["path", "uri"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run" if request.param == "path" else (tmp_path / "run").as_uri())


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Cut(RunDirectory):
    """Dies before the write number `cut`."""

    def __init__(self, place: Path, cut: int) -> None:
        super().__init__(place)
        self.left = cut

    def write(self, name: str, content: bytes) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        super().write(name, content)


def test_a_commit_leaves_tables_files_and_the_mark(run: RunDirectory, tmp_path: Path) -> None:
    assert run.pending(UNITS) == UNITS
    run.commit("one", OUTPUT, SCHEMAS)
    folder = tmp_path / "run/units/one"
    assert set(files(folder)) == {"things.parquet", "rejects.parquet", "Cargo.lock", "unit.json"}
    assert pq.read_table(folder / "things.parquet").to_pylist() == OUTPUT.rows["things"]
    assert pq.read_table(folder / "rejects.parquet").num_rows == 0
    assert run.done() == {"one"}
    assert run.pending(UNITS) == [{"unit": "two"}]
    assert list(run.summaries()) == [OUTPUT.summary]


@pytest.mark.parametrize("cut", range(4))
def test_a_commit_that_dies_before_its_end_leaves_the_unit_pending(tmp_path: Path, cut: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        Cut(tmp_path, cut).commit("one", OUTPUT, SCHEMAS)
    run = RunDirectory(tmp_path)
    assert run.pending(UNITS) == UNITS
    run.commit("one", OUTPUT, SCHEMAS)
    whole = RunDirectory(tmp_path / "whole")
    whole.commit("one", OUTPUT, SCHEMAS)
    assert files(tmp_path / "units") == files(tmp_path / "whole/units")


def test_a_second_commit_is_harmless(run: RunDirectory, tmp_path: Path) -> None:
    run.commit("one", OUTPUT, SCHEMAS)
    once = files(tmp_path)
    run.commit("one", OUTPUT, SCHEMAS)
    assert files(tmp_path) == once


def test_what_a_killed_writer_left_is_never_taken_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path)
    # A kill just before the move: the bytes are there, under the attempt's name.
    monkeypatch.setattr(run, "_fs", Unmoved(run._fs))
    with pytest.raises(KeyboardInterrupt):
        run.commit("one", UnitOutput({}, {}, {"unit": "one"}), {})
    (left,) = files(tmp_path)
    assert left.startswith("units/one/unit.json.")
    assert left.endswith(".part")
    run = RunDirectory(tmp_path)
    assert (run.done(), run.pending(UNITS), list(run.summaries())) == (set(), UNITS, [])


class Unmoved:
    """A file system whose process dies at a move."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def move(self, *_: str) -> None:
        raise KeyboardInterrupt


def test_what_a_dead_writer_left_goes_and_what_a_living_one_writes_stays(run: RunDirectory, tmp_path: Path) -> None:
    run.commit("one", OUTPUT, SCHEMAS)
    whole = files(tmp_path / "run")
    alive = Label.own()
    dead, other = replace(alive, started=1), replace(alive, place="00000000")
    names = {
        label: [f"run.json.{label.token}.0a1b2c3d.part", f"units/two/things.parquet.{label.token}.0a1b2c3d.part"]
        for label in (alive, dead, other)
    }
    for name in [*(name for some in names.values() for name in some), "units/one/a.part", "notes.part"]:
        run.write(name, b"half")
    run.tidy()
    left = files(tmp_path / "run").keys() - whole.keys()
    assert left == {*names[alive], *names[other], "units/one/a.part", "notes.part"}
    assert {name: files(tmp_path / "run")[name] for name in whole} == whole


def test_a_note_of_trouble_that_outlived_the_commit_goes(run: RunDirectory, tmp_path: Path) -> None:
    run.commit("one", OUTPUT, SCHEMAS)
    for unit in ("one", "two"):
        run.quarantine(unit, {"unit": unit}, b"an episode")
    run.tidy()
    assert run.read_json("quarantine/one.json") is None
    assert run.read_json("quarantine/two.json") == {"unit": "two"}
    assert sorted(name for name in files(tmp_path / "run") if name.startswith("quarantine/")) == [
        "quarantine/two.json", "quarantine/two.log.jsonl.zst",
    ]  # fmt: skip


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a power cut may leave the name and not the bytes."""
    settled: list[tuple[str, bool]] = []
    fsync = os.fsync

    def seen(descriptor: int) -> None:
        settled.append((os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")), (tmp_path / "a.json").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    RunDirectory(tmp_path).write("a.json", b"{}")
    (attempt, named), folder = settled
    assert attempt.startswith("a.json.")
    assert not named
    assert folder == (tmp_path.name, True)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path)
    (tmp_path / "a.json/in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=r"a\.json"):
        run.write("a.json", b"{}")
    assert files(tmp_path) == {}


def test_a_quarantined_unit_is_pending_and_its_note_goes_with_the_commit(run: RunDirectory, tmp_path: Path) -> None:
    run.quarantine("one", {"unit": "one", "error": "no daemon"})
    assert run.pending(UNITS) == UNITS
    assert run.read_json("quarantine/one.json") == {"unit": "one", "error": "no daemon"}
    run.commit("one", OUTPUT, SCHEMAS)
    assert run.read_json("quarantine/one.json") is None
    assert run.pending(UNITS) == [{"unit": "two"}]


def test_json_of_any_text_is_written_and_read(run: RunDirectory) -> None:
    run.write_json("run.json", {"asked": "ü \ud800 \x00"})
    assert run.read_json("run.json") == {"asked": "ü \ud800 \x00"}
    assert run.read_json("nothing.json") is None


@pytest.mark.parametrize(("text", "words"), [(b"[1]", "not a JSON object"), (b"{", "run.json")])
def test_a_damaged_file_is_named(run: RunDirectory, text: bytes, words: str) -> None:
    run.write("run.json", text)
    with pytest.raises(ValueError, match=words):
        run.read_json("run.json")


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = [{"id": str(n)} for n in range(1000)]
    assert table_bytes(rows, SCHEMAS["things"]) == table_bytes(list(rows), SCHEMAS["things"])


def test_a_place_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        RunDirectory("nowhere://bucket/run")
