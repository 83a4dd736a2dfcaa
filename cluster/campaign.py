"""Units × work, spread by Ray Data: each unit committed once by the worker that did it, resumable, stoppable.

Knows no record type. A unit is a plain dict with `unit` (its name); work turns one into a `UnitOutput`. Infrastructure
trouble is retried, then the unit is quarantined; it is never committed. What kills the driver or a worker loses nothing
that is committed: the next run does what has no `unit.json`.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import signal
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from types import FrameType
from typing import Any, Protocol

import pyarrow as pa

from oxidizer.cluster.episode import carried
from oxidizer.cluster.rundir import Json, RunDirectory, UnitOutput
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.session import Session

RETRIES = 2
_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
)
"""What the system says when the machine, not the work, is the cause."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Work(Protocol):
    """What an actor does with a unit. Made once per actor by the campaign's factory."""

    def __call__(self, unit: Json, /) -> UnitOutput:
        """The unit's output. Raises SandboxUnavailable for trouble that is not the unit's.

        What it raises may carry the unit's episode (`episode.carry`), which is then kept beside the note.
        """
        ...


@dataclass(frozen=True)
class Done:
    """One unit's end, as the driver hears of it: `summary` as committed, or the `trouble` it was quarantined for."""

    unit: str
    summary: Json | None
    trouble: str | None
    begun: bool = True
    """False for a unit that was left for another time, since there was enough."""


class Stopped(BaseException):
    """SIGINT or SIGTERM: stop now, keep what is committed."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class CampaignBroken(RuntimeError):
    """The cluster, not a unit, is the trouble, and the campaign cannot go on; what is committed is kept."""


@dataclass(frozen=True)
class Campaign:
    """A run directory, what to do with a unit, and the tables that a unit may leave."""

    run: RunDirectory
    factory: Callable[[], Work]
    """Makes the work inside an actor; must be picklable."""
    schemas: Mapping[str, pa.Schema]
    pause_s: float = 2.0
    """Rest before trying a unit again; each one is longer than the last by as much."""

    def execute(
        self, units: Sequence[Json], session: Session, *, enough: Callable[[Done], bool] = lambda done: False,
        limit_s: float | None = None,
    ) -> Iterator[Done]:  # fmt: skip
        """Do the pending units on the session's workers, in order; yields each as it ends. To be used inside
        `stoppable`.

        Once `enough` says so of a unit that ended, or `limit_s` seconds have passed, none is begun any more; those that
        are at work are finished and yielded. Raises CampaignBroken where Ray fails, or where a worker's run directory
        is not this one.
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
        # Its traceback is no news to a person: CampaignBroken says what it is.
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        starts = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Starts).remote()
        end_s = inf if limit_s is None else time.monotonic() + limit_s
        rows = ray.data.from_items(
            [{"order": json.dumps(unit)} for unit in pending], override_num_blocks=len(pending)
        ).map(
            _Actor,
            fn_constructor_args=(self, starts),
            compute=ray.data.ActorPoolStrategy(
                size=min(session.workers, len(pending)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=session.share.cpus,
            memory=session.share.memory_bytes,
        )
        # Where no unit ends for long, nobody else would look at the clock.
        alarm = threading.Timer(min(end_s - time.monotonic(), threading.TIMEOUT_MAX), starts.close.remote)
        alarm.daemon = True
        alarm.start()
        try:
            # Nothing is fetched ahead: a unit would be heard of only when the next one ends.
            for batch in rows.iter_batches(batch_size=None, prefetch_batches=0):
                for text in batch["done"]:
                    done = Done(**json.loads(text))
                    if done.begun:
                        self._see(done)
                        yield done
                        if enough(done) or time.monotonic() >= end_s:
                            ray.get(starts.close.remote())
        except ray.exceptions.RayError as error:
            # Of what a worker raised, the last line is what it was; the others say where.
            lines = _COLOUR.sub("", str(error)).strip().splitlines()
            told = lines[-1 if isinstance(error, ray.exceptions.RayTaskError) else 0]
            raise CampaignBroken(f"Ray gave the campaign up: {told}") from error
        finally:
            alarm.cancel()

    def _see(self, done: Done) -> None:
        if done.summary is not None and self.run.summary(done.unit) is None:
            raise CampaignBroken(
                f"{done.summary['worker']} committed {done.unit} to a {self.run.place} of its own, which this machine "
                "does not see: give a folder that all nodes share, or a URI such as s3://bucket/run"
            )


class _Starts:
    """How often each unit was begun, kept where the death of a worker does not reach."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.closed = False

    def close(self) -> None:
        """From now on no unit is begun."""
        self.closed = True

    def begin(self, unit: str) -> int:
        """Note a start; says which one it is, from 1, or 0 where none is begun any more."""
        if self.closed:
            return 0
        self.begun[unit] += 1
        return self.begun[unit]


class _Actor:
    """Holds the work of one worker process and commits what comes of it."""

    def __init__(self, campaign: Campaign, starts: Any) -> None:
        self.campaign = campaign
        self.starts = starts
        self.work: Work | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, str]:
        import ray

        unit = json.loads(row["order"])
        # Ray begins a task anew whenever its worker died, without end.
        start = ray.get(self.starts.begin.remote(unit["unit"]))
        if not start:
            done = Done(unit["unit"], None, None, begun=False)
        elif start > RETRIES + 1:
            done = self._quarantined(unit, f"its worker died {start - 1} times while it was at work", start - 1)
        else:
            done = self._attempt(unit)
        return {"done": json.dumps(vars(done))}

    def _attempt(self, unit: Json) -> Done:
        name, output, episode = unit["unit"], None, None
        for attempt in range(1, RETRIES + 2):
            try:
                # The worker before us may have died after the mark of done, or have failed to make it last.
                if committed := self.campaign.run.summary(name):
                    return Done(name, committed, None)
                # Made here, so that a node that cannot work is trouble like any other.
                self.work = self.work or self.campaign.factory()
                # Work that is done is not done again because the run directory takes nothing.
                output = output or self.work(unit)
                summary = {**output.summary, "attempts": attempt, "worker": socket.gethostname()}
                self.campaign.run.commit(name, UnitOutput(output.rows, output.files, summary), self.campaign.schemas)
                return Done(name, summary, None)
            except SandboxUnavailable as error:
                trouble, episode = str(error), carried(error)
            except Exception as error:
                episode = carried(error)
                if output is not None and isinstance(error, OSError):
                    trouble = f"the run directory {self.campaign.run.place} takes nothing: {error}"
                elif isinstance(error, OSError) and error.errno in _MACHINE:
                    trouble = f"this machine cannot work: {error}"
                else:
                    # Our own mistake is trouble too, and no label: it is quarantined with its traceback, and not tried
                    # again, since it would come again.
                    trouble = traceback.format_exc(limit=-6)
                    break
            time.sleep(self.campaign.pause_s * attempt)
        return self._quarantined(unit, trouble, attempt, episode)

    def _quarantined(self, unit: Json, trouble: str, attempts: int, episode: bytes | None = None) -> Done:
        about = {k: unit.get(k) for k in ("crate", "version")}
        note = {**about, "unit": unit["unit"], "error": trouble, "attempts": attempts}
        try:
            self.campaign.run.quarantine(unit["unit"], note, episode)
        except OSError as error:
            # Most likely the run directory itself is the trouble; the driver still hears of it.
            trouble = f"{trouble}\nthe run directory takes no note of it: {error}"
        return Done(unit["unit"], None, trouble)


@contextmanager
def stoppable() -> Iterator[None]:
    """The first SIGINT or SIGTERM raises Stopped in the main thread; more of them do not disturb the way out."""

    def stop(signum: int, frame: FrameType | None) -> None:
        for number in kept:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped(signum)

    kept = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    for number in kept:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
