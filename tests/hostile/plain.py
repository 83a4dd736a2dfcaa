"""What the host does with what a crate left: by our own ways, and as a plain tool does it, which they prevent."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Sandbox
from oxidizer.cluster.sources import Sources
from tests.hostile.stage import Stage

REPORT = "results/report"
LIBRARY = "src/lib.rs"
_MOST = 1 << 20
_PATIENCE_S = 2.0

# The first part of the pipe says when its command is over; the second reads until nobody can write any more.
_TO_THE_END = """
{ "$@"; : >/box/target/over; } | cat >/dev/null & reader=$!
while [ ! -e /box/target/over ]; do sleep 0.1; done
sleep 2
kill -0 $reader && echo waits
"""


def collect(box: Sandbox, stage: Stage, without: Promise | None) -> str:
    """What the host has of the crate's report: by our collector, or by a plain open in a process that is not ours.

    Where the collector is not what is switched off it stands even then. AssertionError.
    """
    ours = "" if without is Promise.COLLECTION else _collected(box)
    if without is None:
        return ours
    assert not ours, f"our collector {ours}"
    pipe, end = multiprocessing.Pipe(duplex=False)
    reader = multiprocessing.get_context("fork").Process(target=_read_plainly, args=(stage.folder, end))
    reader.start()
    try:
        return str(pipe.recv()) if pipe.poll(_PATIENCE_S) else "waits for ever"
    finally:
        reader.kill()
        reader.join()


def _collected(box: Sandbox) -> str:
    try:
        return f"collected {box.target.read(REPORT, _MOST)[:40]!r}"
    except NotCollected:
        return ""


def _read_plainly(folder: Path, answer: Any) -> None:
    try:
        with (folder / "target" / REPORT).open("rb") as file:
            answer.send(f"collected {file.read(20)!r}")
    except IsADirectoryError as error:
        answer.send(f"fails: {error.strerror}")
    except OSError:
        answer.send("")


@contextmanager
def edited(stage: Stage) -> Iterator[None]:
    """After the block the crate's library has an edit for a moment, by the way that the bench makes one."""
    sources = Sources(stage.folder / "src")
    text = sources.read(LIBRARY)
    yield
    with sources.showing({LIBRARY: b"// edited\n" + text}):
        pass


def wait_for_holders(box: Sandbox) -> str:
    """The tests once more, for a reader who waits until nobody can write to their output. AssertionError: he need not.

    It is said that he waits in vain: their command is over.
    """
    run = box.run(["sh", "-c", _TO_THE_END, "sh", "cargo", "test", "--frozen"])
    assert run.stdout == b"waits\n", f"a plain reader does not wait: {run.status} {run.stderr[-900:]!r}"
    return "whoever reads the output to its end waits for them"
