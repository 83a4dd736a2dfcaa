"""Units × work, spread by Ray Data: each unit committed once by the worker that did it, resumable, stoppable.

Knows no record type. A unit is a plain dict with `unit` (its name); work turns one into a `UnitOutput`. Infrastructure
trouble is retried, then the unit is quarantined; it is never committed. What kills the driver or a worker loses nothing
that is committed: the next run does what has no `unit.json`.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

import pyarrow as pa

from oxidizer.cluster.rundir import Json, RunDirectory, UnitOutput
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.session import Session

RETRIES = 2
_PAUSE_S = 2.0


class Work(Protocol):
    """What an actor does with a unit. Made once per actor by the campaign's factory."""

    def __call__(self, unit: Json, /) -> UnitOutput:
        """The unit's output. Raises SandboxUnavailable for trouble that is not the unit's."""
        ...


@dataclass(frozen=True)
class Done:
    """One unit's end, as the driver hears of it: `summary` as committed, or the `trouble` it was quarantined for."""

    unit: str
    summary: Json | None
    trouble: str | None


class Stopped(BaseException):
    """SIGINT or SIGTERM: stop now, keep what is committed."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


@dataclass(frozen=True)
class Campaign:
    """A run directory, what to do with a unit, and the tables that a unit may leave."""

    run: RunDirectory
    factory: Callable[[], Work]
    """Makes the work inside an actor; must be picklable."""
    schemas: Mapping[str, pa.Schema]

    def execute(self, units: Sequence[Json], session: Session) -> Iterator[Done]:
        """Do the pending units on the session's workers; yields each as it ends.

        Raises Stopped on SIGINT or SIGTERM.
        """
        pending = self.run.pending(units)
        if not pending:
            return
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # A unit may take long without a block moving.
        context.execution_no_progress_timeout_s = -1
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        rows = ray.data.from_items(
            [{"order": json.dumps(unit)} for unit in pending], override_num_blocks=len(pending)
        ).map(
            _Actor,
            fn_constructor_args=(self,),
            compute=ray.data.ActorPoolStrategy(
                size=min(session.workers, len(pending)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=session.share.cpus,
            memory=session.share.memory_bytes,
        )
        with _stoppable():
            for row in rows.iter_rows():
                yield Done(**json.loads(row["done"]))


class _Actor:
    """Holds the work of one worker process and commits what comes of it."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.work = campaign.factory()

    def __call__(self, row: dict[str, Any]) -> dict[str, str]:
        unit = json.loads(row["order"])
        return {"done": json.dumps(vars(self._attempt(unit)))}

    def _attempt(self, unit: Json) -> Done:
        name = unit["unit"]
        for attempt in range(1, RETRIES + 2):
            try:
                output = self.work(unit)
            except SandboxUnavailable as error:
                trouble = str(error)
                time.sleep(_PAUSE_S * attempt)
            except Exception:
                # Our own mistake is trouble too, and must not become a label: it is quarantined with its traceback.
                trouble = traceback.format_exc(limit=-6)
                break
            else:
                summary = {**output.summary, "attempts": attempt, "worker": socket.gethostname()}
                committed = UnitOutput(output.rows, output.files, summary)
                self.campaign.run.commit(name, committed, self.campaign.schemas)
                return Done(name, summary, None)
        about = {k: unit.get(k) for k in ("crate", "version")}
        self.campaign.run.quarantine(name, {**about, "unit": name, "error": trouble, "attempts": attempt})
        return Done(name, None, trouble)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM raise Stopped in the main thread. Ray sets its own handlers, so ours are set after it."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise Stopped(signum)

    kept = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
