"""A Ray session: the cluster that an address names, or a local one that ends with the command."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_GIB = 1 << 30


class NoRoom(RuntimeError):
    """The cluster has no node that can hold one worker."""


@dataclass(frozen=True)
class Share:
    """What one worker gets."""

    cpus: float
    memory_bytes: int


@dataclass(frozen=True)
class Session:
    """A connected Ray: how many workers fit, and what each of them gets."""

    workers: int
    share: Share
    address: str | None
    dashboard: str | None


def local_share(cpus: float, memory_bytes: int, workers: int | None) -> tuple[int, Share]:
    """How many workers this machine holds, each with at most `memory_bytes`; at least one, with what there is."""
    cores = len(os.sched_getaffinity(0))
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    usable = int(total * 0.8)
    wanted = workers or max(1, int(cores / cpus))
    fitting = max(1, min(wanted, usable // memory_bytes)) if workers is None else wanted
    return fitting, Share(cpus, min(memory_bytes, usable // fitting))


@contextmanager
def session(
    *, cpus: float, memory_bytes: int, workers: int | None = None, address: str | None = None, dashboard: bool = False
) -> Iterator[Session]:
    """Ray for a campaign. Without `address` and RAY_ADDRESS, a local session that ends with the block.

    Raises NoRoom where no node of the cluster has the CPUs and the memory of one worker.
    """
    # Ray's own default depends on how it was started; both ends have to agree.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray Data's own actors make Ray's core warn of each other on standard error.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    address = address or os.environ.get("RAY_ADDRESS")
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    if address:
        context = ray.init(address=address, **quiet)
        count, share = _cluster_share(cpus, memory_bytes, workers)
    else:
        count, share = local_share(cpus, memory_bytes, workers)
        # One logical CPU more than the workers need: Ray Data's own tasks must not starve them.
        context = ray.init(
            address="local", num_cpus=int(count * cpus) + 1, _memory=count * share.memory_bytes + _GIB,
            object_store_memory=_GIB // 4, include_dashboard=dashboard, **quiet,
        )  # fmt: skip
    try:
        yield Session(count, share, address, context.dashboard_url or None)
    finally:
        ray.shutdown()


def _cluster_share(cpus: float, memory_bytes: int, workers: int | None) -> tuple[int, Share]:
    import ray

    room: list[dict[str, float]] = [n["Resources"] for n in ray.nodes() if n["Alive"]]
    fitting = sum(int(min(r.get("CPU", 0) // cpus, r.get("memory", 0) // memory_bytes)) for r in room)
    if fitting == 0 and not workers:
        best: dict[str, float] = max(room, key=lambda r: r.get("memory", 0), default={})
        raise NoRoom(
            f"no node of the cluster holds one worker ({cpus:g} CPUs, {memory_bytes / _GIB:.1f} GiB); the largest has "
            f"{best.get('CPU', 0):g} CPUs and {best.get('memory', 0) / _GIB:.1f} GiB free for tasks: "
            "lower [limits] memory_bytes in a recipe, or say --workers N where the cluster grows by itself"
        )
    return workers or fitting, Share(cpus, memory_bytes)
