"""Hostile crates in a campaign: each unit comes to what it must; a good crate beside them gives what it gives alone.

The good crate is checked by the ids of its tuples, with suggestions and with injected bugs, on both backends.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.hostile.listed import BROKEN, LISTED, MINED, REJECTED, write_list
from tests.integration.typed import CRATES, MANIFEST, oxidizer, tuples, units

_RECIPE = Path(__file__).parent / "data/recipe.toml"
_PARTS = pytest.mark.parametrize(
    ("backend", "miners"),
    [
        pytest.param("bubblewrap", "suggestions"),
        pytest.param("docker", "suggestions", marks=pytest.mark.docker),
        pytest.param("bubblewrap", "injected"),
        pytest.param("docker", "injected", marks=pytest.mark.docker),
    ],
)


def _good(folder: Path) -> str:
    """The good crate's entry."""
    license, library = CRATES["good"]
    (folder / "good/src").mkdir(parents=True)
    (folder / "good/Cargo.toml").write_text(MANIFEST.format(name="good", license=license))
    (folder / "good/src/lib.rs").write_text(library)
    return '[[crate]]\npath = "good"\n'


@pytest.mark.hostile_full
@_PARTS
def test_hostile_neighbours_change_nothing(ground: Path, backend: str, miners: str) -> None:
    mixed = write_list(ground)
    entry = _good(ground)
    (ground / "alone.toml").write_text(entry)
    # The good crate comes in the middle of the others.
    entries = mixed.read_text().split("[[crate]]")[1:]
    half = len(entries) // 2
    listed = [*(f"[[crate]]{text}" for text in entries[:half]), entry, *(f"[[crate]]{text}" for text in entries[half:])]
    mixed.write_text("".join(listed))
    runs = {}
    for name in ("alone", "list"):
        run = ground / f"run-{name}"
        how = ("--recipe", _RECIPE, "--sandbox", backend, "--miners", miners)
        done = oxidizer("mine", "--list", ground / f"{name}.toml", "--out", run, *how, timeout_s=1500)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert all(line.isprintable() for line in done.stdout.splitlines()), done.stdout
        runs[name] = run
    ids = {name: {row["id"] for row in tuples(run) if row["crate"] == "good"} for name, run in runs.items()}
    assert ids["alone"]
    assert ids["list"] == ids["alone"]
    _check_ends(runs["list"])
    shutil.rmtree(ground / "run-list")


def _check_ends(run: Path) -> None:
    found, rows = units(run), tuples(run)
    for crate in LISTED:
        if crate.status == BROKEN:
            report = json.loads((run / "run.json").read_text())
            assert crate.name in json.dumps(report), f"{crate.name} is nowhere"
            continue
        unit = found[crate.name]
        about = (crate.name, unit["status"], unit["cause"], unit["message"])
        assert unit["status"] in (crate.status, REJECTED), about
        assert unit["status"] == MINED or unit["cause"] in crate.causes, about
        if unit["status"] == MINED and crate.passed is not None:
            assert unit["tests"]["passed"] == crate.passed, about
        told = [row for row in rows if row["crate"] == crate.name]
        assert not crate.never or crate.never not in json.dumps(told, default=str)
