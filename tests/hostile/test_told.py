"""What a crate says reaches a person without what a terminal obeys: real words, through a real build."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from oxidizer.cluster.campaign import Done
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from oxidizer.miners.cost import Price
from oxidizer.miners.progress import MiningProgress
from tests.hostile.case import LIMITS, Case
from tests.hostile.listed import LISTED
from tests.hostile.stage import Stage
from tests.hostile.trial import open_box

_COMMAND = "\x1b]0;owned\x07\x1b[2J\u202e"
(_MURALIST,) = [crate for crate in LISTED if crate.name == "muralist"]


def test_what_a_terminal_would_obey_is_spelled_out(ground: Path, toolchain: Toolchain) -> None:
    stage = Stage(Case(_MURALIST.name, Promise.OUTPUT, _MURALIST.files), ground / "muralist", toolchain)
    with stage, open_box("bubblewrap", stage.mounts("bubblewrap"), LIMITS) as box:
        bench = Workbench(Cargo(box, _MURALIST.name), stage.folder / "src")
        with pytest.raises(UnfitCrate) as unfit:
            print(bench.baseline)
    message = str(unfit.value)
    # Who prints this as it came gives the crate the terminal.
    assert _COMMAND in message
    unit = {"crate": "muralist", "version": "1", "status": "rejected", "cause": unfit.value.cause, "message": message}
    written = io.StringIO()
    progress = MiningProgress(Console(file=written, width=400), 1, Price())
    with progress.shown():
        progress.note(Done("muralist-1", unit, None))
    told = written.getvalue()
    assert all(line.isprintable() for line in told.splitlines()), told
    assert "\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{202e}" in told
