"""`oxidizer logs` finds the unit that is meant, and shows a stranger's output harmlessly."""

import io
import json
import tarfile
import time
from pathlib import Path

import pytest
from rich.console import Console

from oxidizer.cluster.episode import LOG, Episode, about
from oxidizer.cluster.registry import HostileArchive
from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.miners.logs import lines_of, print_episode, print_json
from oxidizer.miners.lookup import NotFound, Place, find_row, find_unit
from oxidizer.miners.replay import inside, unpack_source
from oxidizer.miners.report import RunUnreadable, read_run
from tests.unit import run_fixture as fixture

EVIL = b"\x1b[2J\x1b]0;owned\x07 [red]red[/] \xe2\x80\xae reversed \x9b31m\n"


def log(status: str = "rejected") -> bytes:
    taken = Episode(
        about("broken", "broken", "0.3.1", "rustc 1.95.0", {"backend": "bubblewrap", "version": "0.8.0"}, "here")
    )
    for stage, well, said in (("fetch", True, b"fetched\n"), ("baseline", True, b"fine\n"), ("baseline", False, EVIL)):
        run = RunResult(Status.OK if well else Status.FAILED, 0 if well else 101, said, said, 1.0, 0.5, 9_000_000, 2)
        taken.note(stage, ["cargo", "check", "\x1b[31m"], run, began=time.monotonic(), cwd="/box/src")
    return taken.packed(status, "compile_error", "E0308: \x1b[5m")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = fixture.build_run(tmp_path / "run")
    (folder,) = run.glob("units/broken-*")
    (folder / LOG).write_bytes(log())
    (run / f"quarantine/unlucky-1-0-0-aa.{LOG}").write_bytes(log("trouble"))
    return run


def printed(run: Path, word: str, **how: object) -> str:
    out = Console(file=io.StringIO(), width=200)
    print_episode(lines_of(run, word), out, **how)  # type: ignore[arg-type]
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_failure_is_shown_with_its_output_and_is_harmless(run: Path) -> None:
    text = printed(run, "broken")
    assert "bubblewrap (0.8.0)" in text
    assert "exit 101" in text
    assert "[red]red[/]" in text
    assert "2 processes outlived it" in text
    assert "rejected: compile_error" in text
    assert "fetched" not in text
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\x9b"}


def test_all_outputs_and_one_stage(run: Path) -> None:
    assert "fetched" in printed(run, "broken", every=True)
    only = printed(run, "broken", stage="fetch", every=True)
    assert "fetched" in only
    assert "exit 101" not in only
    with pytest.raises(NotFound, match="there are: fetch, baseline"):
        printed(run, "broken", stage="proof")


def test_as_json_it_is_what_was_kept_and_ascii(run: Path) -> None:
    out = Console(file=io.StringIO(), width=80)
    print_json(lines_of(run, "broken"), out)
    assert isinstance(out.file, io.StringIO)
    text = out.file.getvalue()
    assert text.isascii()
    assert "\x1b" not in text
    assert [json.loads(line)["kind"] for line in text.splitlines()] == ["about", *["command"] * 3, "end"]


def test_a_quarantined_unit_has_one_too(run: Path) -> None:
    assert "trouble: compile_error" in printed(run, "unlucky")
    (run / f"quarantine/unlucky-1-0-0-aa.{LOG}").unlink()
    with pytest.raises(NotFound, match="the daemon went away"):
        lines_of(run, "unlucky")


def test_a_unit_without_one_says_what_it_came_to(run: Path) -> None:
    with pytest.raises(NotFound, match=r"no log.*licence_copyleft: Its licence"):
        lines_of(run, "readline-gpl")
    with pytest.raises(NotFound, match="9 tuples"):
        lines_of(run, "itoa")


@pytest.mark.parametrize(
    ("word", "says"),
    [("itoaa", "did you mean itoa"), ("zzzzz", "it has .*itoa"), ("", "no crate"), ("itoa@2.0.0", "no crate"),
     ("../../etc", "no crate"), ("*", "no crate")],
)  # fmt: skip
def test_an_unknown_crate_names_what_is_near(run: Path, word: str, says: str) -> None:
    with pytest.raises(NotFound, match=says):
        find_unit(run, word)


def test_one_that_is_not_done_and_one_of_several(run: Path) -> None:
    manifest = json.loads((run / "run.json").read_text())
    manifest["asked"]["crates"] = [*manifest["asked"]["crates"], "later 1.2.3 [std]"]
    (run / "run.json").write_text(json.dumps(manifest))
    with pytest.raises(NotFound, match=r"later 1\.2\.3 \[std\] is asked for .* not done yet"):
        find_unit(run, "later")
    fixture.write_unit(run, "itoa", "1.1.0")
    with pytest.raises(NotFound, match=r"2 units .* say which: itoa-1-0-0\S*, itoa-1-1-0"):
        find_unit(run, "itoa")
    for word in ("itoa@1.1.0", "itoa-1-1-0-1f2e3d4c"):
        found = find_unit(run, word)
        assert isinstance(found, Place)
        assert found.label == "itoa 1.1.0"


def test_a_units_folder_is_the_one_that_is_there_whatever_its_file_says(run: Path) -> None:
    (folder,) = run.glob("units/broken-*")
    facts = json.loads((folder / "unit.json").read_text())
    (folder / "unit.json").write_text(json.dumps({**facts, "unit": "../../../../etc"}))
    found = find_unit(run, "broken")
    assert isinstance(found, Place)
    assert found.folder == folder


def test_records_are_found_by_a_beginning_of_their_id(run: Path) -> None:
    row = read_run(run).tuples[3]
    found = find_row(run, row.id[:12].upper())
    assert found is not None
    assert (found.kind, found.row["id"], found.place.facts.crate) == ("diag_fix", row.id, row.crate)
    assert find_row(run, "not an id") is None
    assert find_row(run, "0" * 32) is None


def test_a_damaged_table_is_named(run: Path) -> None:
    (table,) = run.glob("units/itoa-*/diag_fix.parquet")
    table.write_bytes(b"PAR1 and no more")
    with pytest.raises(RunUnreadable, match=r"diag_fix\.parquet cannot be read"):
        find_row(run, "0123456789ab")


@pytest.mark.parametrize("name", ["../Cargo.lock", "/etc/passwd", "", "a/../../b", "..", "a\0b"])
def test_a_name_that_leads_out_of_the_unit_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not in the unit's folder"):
        inside(tmp_path, name)


def test_a_link_that_leads_out_of_the_unit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Cargo.lock").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="is a link"):
        inside(tmp_path, "Cargo.lock")


def packed(folder: Path, *members: tuple[str, int]) -> None:
    with tarfile.open(folder / "source.tar.gz", "w:gz") as archive:
        for name, size in members:
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))


def test_an_archive_of_sources_is_unpacked_within_bounds_and_below_its_folder(tmp_path: Path) -> None:
    packed(tmp_path, ("src/lib.rs", 3), ("Cargo.toml", 5))
    unpack_source(tmp_path, tmp_path / "tree")
    assert (tmp_path / "tree/src/lib.rs").stat().st_size == 3
    packed(tmp_path, *((f"f{n}", 0) for n in range(20_001)))
    with pytest.raises(HostileArchive, match="more than 20000 members"):
        unpack_source(tmp_path, tmp_path / "many")
    packed(tmp_path, ("../out", 1))
    with pytest.raises(HostileArchive, match="cannot be unpacked"):
        unpack_source(tmp_path, tmp_path / "outside")
    assert not (tmp_path / "out").exists()
