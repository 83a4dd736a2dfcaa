"""One case on one backend: it does its harm where its promise is broken, and none where it is kept; the next unit is
what it always was.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from oxidizer.cluster.backends import open_sandbox, with_door
from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Limits, Mounts, Sandbox
from oxidizer.cluster.toolchain import Toolchain
from tests.hostile.case import LIMITS, Case, Evidence
from tests.hostile.neighbour import Neighbour
from tests.hostile.ordinary import as_ordinary, become_ordinary, give
from tests.hostile.plain import collect, edited, wait_for_holders
from tests.hostile.stage import METADATA, Stage, own_network, processes_with

T = TypeVar("T")
USERS = "bubblewrap-user"
_GONE_S, _TO_WORK_S = 5.0, 30.0


class Outcome(StrEnum):
    """What came of a case on a backend."""

    HELD = "held"
    WEAKER = "weaker"
    """The backend does not hold it: known and told."""
    VOID = "void"
    """There was no harm to hold back on this machine."""


@dataclass(frozen=True)
class Row:
    """One cell of the table."""

    group: str
    name: str
    place: str
    """The backend; `preparer` for what happens before any sandbox."""
    promise: str
    outcome: Outcome
    harm: str
    """What was done with the promise off; for VOID the reason why nothing could be."""
    end: str
    """What the unit came to with the promise on."""
    off_s: float
    on_s: float


def open_box(backend: str, mounts: Mounts, limits: Limits, without: Promise | None = None) -> Sandbox:
    """A sandbox by the suite's name of it, for `by_worker_of`: on USERS this process is an ordinary user's."""
    if backend == USERS:
        return BubblewrapSandbox(with_door("bubblewrap", mounts), limits, privileged=False, without=without)
    return open_sandbox(backend, mounts, limits, without=without)


def by_worker_of(backend: str, stage: Stage, mounts: Mounts, work: Callable[[], T]) -> T:
    """What `work` returns, by a worker as the backend has it: on USERS one of an ordinary user, in a process of his."""
    return as_ordinary(work, stage.folder, [mounts.toolchain]) if _is_users(backend, stage, mounts) else work()


def _is_users(backend: str, stage: Stage, mounts: Mounts) -> bool:
    """The worker is a user's. What a process of his would make anew, for each case, is made here."""
    if backend != USERS or stage.case.pods_root or not may_mount():
        return False
    with_door("bubblewrap", mounts)
    return True


def prove(case: Case, backend: str, folder: Path, toolchain: Toolchain) -> Row:
    """Both runs of a case. AssertionError where the harm is not as it should be."""
    promise = case.promise_of(backend)
    row = Row("", case.name, backend, promise.value, Outcome.HELD, "", "", 0.0, 0.0)
    reason = case.void.get(backend) or case.not_run.get(backend)
    off = None if backend in case.not_run else strike(case, backend, folder / "off", toolchain, promise)
    harm = case.harm(off) if off else None
    assert bool(harm) != bool(reason), f"not void: {harm}" if harm else f"no harm was done: {_told(off)}"
    on = strike(case, backend, folder / "on", toolchain, None)
    done = case.harm(on)
    row = replace(row, harm=harm or reason or "", end=str(on.cause or "built"), on_s=on.seconds)
    row = replace(row, off_s=off.seconds if off else 0.0)
    assert not on.changed, on.changed
    if backend in case.weaker:
        assert done, f"{backend} is said to be weaker, and held it: {_told(on)}"
        return replace(row, outcome=Outcome.WEAKER, end=case.weaker[backend])
    assert not done, f"{done}: {_told(on)}"
    assert on.cause is case.end_of(backend), f"ended otherwise: {_told(on)}"
    return replace(row, outcome=Outcome.VOID if reason else Outcome.HELD)


def strike(case: Case, backend: str, folder: Path, toolchain: Toolchain, without: Promise | None) -> Evidence:
    """Let a crate do what it wants to, once."""
    limits = replace(LIMITS, **case.limits)
    with contextlib.ExitStack() as stack:
        if case.own_network:
            stack.enter_context(own_network())
        stage = Stage(case, folder, toolchain)
        if case.own_network:
            stage.services.listen_at(METADATA, 80)
        stack.callback(stage.clear)
        stack.enter_context(stage)
        mounts = stage.mounts(backend)
        before = stage.facts()
        began = time.monotonic()
        if case.command == "killed":
            evidence = _with_killed_worker(stage, backend, mounts, limits, without)
        else:
            evidence = _at_work(stage, backend, mounts, limits, without)
        evidence = replace(evidence, seconds=time.monotonic() - began)
        changed = [name for name, fact in stage.facts().items() if fact != before[name]]
        left = stage.leavings() if without is None else []
        return replace(evidence, changed=(*changed, *left))


def _at_work(stage: Stage, backend: str, mounts: Mounts, limits: Limits, without: Promise | None) -> Evidence:
    seen = by_worker_of(backend, stage, mounts, lambda: _seen(stage, backend, mounts, limits, without))
    return Evidence(stage, **seen)


def _seen(stage: Stage, backend: str, mounts: Mounts, limits: Limits, without: Promise | None) -> dict[str, Any]:
    """What a worker saw, field by field: a stage goes through no pipe."""
    case, beside = stage.case, None
    with contextlib.ExitStack() as stack:
        if case.neighbour:
            other = Mounts(stage.folder / "elsewhere", stage.folder / "neighbour", mounts.toolchain)
            beside = stack.enter_context(Neighbour(lambda: open_box(backend, other, LIMITS), other.target, stage.token))
        box = stack.enter_context(open_box(backend, mounts, limits, without))
        if case.command == "edit":
            stack.enter_context(edited(stage))
        cargo = Cargo(box, case.name)
        if case.command in ("test", "held"):
            tests = cargo.test(cap_s=60)
            run, cause = tests.run, tests.cause
        else:
            build = cargo.check()
            run, cause = build.run, build.cause
        living, said = len(processes_with(f"daemon-{stage.token}")), stage.said()
        collected = collect(box, stage, without) if case.command == "collect" else ""
        waits = wait_for_holders(box) if case.command == "held" and without else ""
    shutil.rmtree(stage.folder / "neighbour", ignore_errors=True)
    return {
        "run": run, "cause": cause, "said": said, "living": living, "neighbour": beside.result if beside else None,
        "collected": collected, "waits": waits,
    }  # fmt: skip


def _with_killed_worker(
    stage: Stage, backend: str, mounts: Mounts, limits: Limits, without: Promise | None
) -> Evidence:
    """The command runs in a process that is killed at work."""
    is_users = _is_users(backend, stage, mounts)

    def work() -> None:
        if is_users:
            become_ordinary(stage.folder, [mounts.toolchain])
        with open_box(backend, mounts, limits, without) as box:
            Cargo(box, stage.case.name).check()

    if is_users:
        give(stage.folder)
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    deadline_s = time.monotonic() + _TO_WORK_S
    while not stage.said():
        assert worker.is_alive(), "the worker ended before it was killed"
        assert time.monotonic() < deadline_s, "the worker does not come to its work"
        time.sleep(0.05)
    worker.kill()
    worker.join()
    argument, deadline_s = f"daemon-{stage.token}", time.monotonic() + (3.0 if without else _GONE_S)
    while (living := len(processes_with(argument))) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    # What a killed worker cannot remove itself, the next one does.
    by_worker_of(backend, stage, mounts, lambda: open_box(backend, _beside(stage, mounts), LIMITS).close())
    shutil.rmtree(stage.folder / "next", ignore_errors=True)
    return Evidence(stage, None, None, "", living, None)


def _beside(stage: Stage, mounts: Mounts) -> Mounts:
    return replace(mounts, target=stage.folder / "next")


def _told(evidence: Evidence | None) -> str:
    """What to know of a run that went otherwise than it should."""
    if evidence is None or evidence.run is None:
        return "nothing"
    run = evidence.run
    last = (run.stderr or run.stdout)[-900:].decode(errors="replace")
    return f"{run.status}, {evidence.cause}, {evidence.said!r}, {run.wall_s:.1f} s, {run.peak_bytes >> 20} MB: {last}"


@contextlib.contextmanager
def secret_in_the_environment(name: str) -> Iterator[None]:
    """This process has a variable that no crate is to see."""
    os.environ[name] = "do-not-tell"
    try:
        yield
    finally:
        del os.environ[name]
