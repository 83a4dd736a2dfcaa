"""A campaign that is disturbed: `oxidizer mine` in a process of its own, given again until it says that all is done."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from oxidizer.cluster.episode import LOG
from tests.chaos.stage import ROOT, Stage, oxidizer
from tests.integration.living import command_line, family

Mark = tuple[int, int]
ATTEMPT = re.compile(r".+\.part")


class Campaign:
    """One run directory and the command that fills it."""

    def __init__(self, stage: Stage, run: Path, *, backend: str = "bubblewrap", faked_clock: bool = False) -> None:
        self.stage, self.run, self.backend = stage, run, backend
        self._environment = stage.environment(faked_clock=faked_clock)
        self._log = stage.folder / f"{run.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.marks: dict[str, Mark] = {}
        """The mark of done of each unit, as first seen: a second commit would be another file."""
        self.again: list[str] = []
        """Units that were committed a second time."""
        self.heard_s = time.monotonic()
        """When a unit was committed last, or the command started."""

    @property
    def id(self) -> str | None:
        """The run's id; None as long as there is no run.json."""
        try:
            return str(json.loads((self.run / "run.json").read_text())["id"])
        except (OSError, ValueError, KeyError):
            return None

    def start(self) -> None:
        """Give the command."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                oxidizer(
                    "mine", "--list", self.stage.list_file, "--recipe", self.stage.recipe, "--out", self.run,
                    "--miners", "suggestions,injected", "--sandbox", self.backend, "--workers", 2,
                ),
                cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.starts += 1
        self.heard_s = time.monotonic()

    def ended(self) -> int | None:
        """The exit status of the command; None while it runs."""
        return self.process.poll() if self.process else None

    def look(self) -> int:
        """Note what is committed by now; says how many units are."""
        for mark in self.run.glob("units/*/unit.json"):
            with suppress(OSError):
                seen = (mark.stat().st_ino, mark.stat().st_mtime_ns)
                if mark.parent.name not in self.marks:
                    self.heard_s = time.monotonic()
                elif self.marks[mark.parent.name] != seen:
                    self.again.append(mark.parent.name)
                self.marks[mark.parent.name] = seen
        return len(self.marks)

    @property
    def is_whole(self) -> bool:
        """Every crate of the list is committed."""
        return len(self.marks) == self.stage.units

    def said(self) -> str:
        """All that the command has printed so far."""
        return self._log.read_text(errors="replace")

    def workers(self) -> list[int]:
        """The processes that have a crate at work now."""
        found = []
        for lock in self.stage.scratch.glob("*-*/owner.lock"):
            with suppress(OSError, ValueError, KeyError):
                found.append(int(json.loads(lock.read_text())["pid"]))
        own = self.process.pid if self.process else 0
        return sorted({pid for pid in found if pid != own and Path("/proc", str(pid)).exists()})

    def called(self, pattern: str) -> list[int]:
        """The command's processes whose command line begins so."""
        return [pid for pid, line in self.family() if re.match(pattern, line)]

    def family(self, top: int | None = None) -> Iterator[tuple[int, str]]:
        """Every process below one, else below the command, with its command line: parents first."""
        top = top or (self.process.pid if self.process else None)
        for pid in family(top) if top else ():
            yield pid, command_line(pid).replace(b"\0", b" ").decode(errors="replace")

    def half_committed(self) -> tuple[Path | None, Path | None]:
        """Of a unit that is just being committed: a file under an attempt's name, and a table under its own."""
        attempt = table = None
        with suppress(OSError):
            for unit in os.scandir(self.run / "units"):
                names = [entry.name for entry in os.scandir(unit.path)]
                if "unit.json" in names:
                    continue
                for name in names:
                    if ATTEMPT.fullmatch(name):
                        attempt = Path(unit.path, name)
                    elif name.endswith(".parquet"):
                        table = Path(unit.path, name)
        return attempt, table

    def kill(self) -> None:
        """End the command by force, with all that it started."""
        for pid in [pid for pid, _ in self.family()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()


def content(run: Path) -> dict[str, bytes]:
    """Every file of the committed units but the marks and the episodes, which tell of circumstances."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.glob("units/*/*"))
        if path.name not in ("unit.json", LOG)
    }
