"""A Ray session: the cluster that an address names, or a local one that ends with the command.

What a local one writes (sockets, logs) lies in a labelled folder that goes with it. When its driver is killed, the
kernel ends its daemons, those end the workers, and two agents see it only after some seconds; the folder stays, and
with whoever still uses it is found as left behind (`leftovers.py`).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from oxidizer.cluster.holders import end_holders, holders
from oxidizer.cluster.labels import began
from oxidizer.cluster.scratch import scratch, short_root

_GROUPS = Path("/sys/fs/cgroup")
_GIB = 1 << 30
_DAEMONS = ("raylet", "gcs_server")
_LOOK_S = 0.5
_QUIET = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}


class NoCluster(RuntimeError):
    """No Ray cluster answers at the address."""


class ClusterLost(RuntimeError):
    """A daemon of the local Ray died: nothing goes on. What is committed is kept."""


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
    usable = int(_memory_bytes() * 0.8)
    wanted = workers or max(1, int(_cores() / cpus))
    fitting = max(1, min(wanted, usable // memory_bytes)) if workers is None else wanted
    return fitting, Share(cpus, min(memory_bytes, usable // fitting))


def _memory_bytes() -> int:
    """This machine's memory, or what the container around us may use of it."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [_numbers("memory.max"), _numbers("memory/memory.limit_in_bytes")]
    return min([total, *(limit[0] for limit in limits if limit)])


def _cores() -> float:
    """This machine's CPUs, or what the container around us may use of them."""
    quotas = [_numbers("cpu.max"), [*_numbers("cpu/cpu.cfs_quota_us"), *_numbers("cpu/cpu.cfs_period_us")]]
    allowed = [quota[0] / quota[1] for quota in quotas if len(quota) == 2 and quota[0] > 0]
    return min([len(os.sched_getaffinity(0)), *allowed])


def _numbers(name: str) -> list[int]:
    """The numbers of a control file; none where there is no such file or no limit."""
    try:
        return [int(word) for word in (_GROUPS / name).read_text().split()]
    except (OSError, ValueError):
        return []


@contextmanager
def _held_back() -> Iterator[None]:
    """What Ray's core writes on standard error while it starts is shown only if it fails to start."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _knock(address: str) -> None:
    """Raise OSError where nothing listens at an address: Ray itself would try for many minutes."""
    if address == "auto":
        return
    parts = urlsplit(address if "://" in address else f"//{address}")
    port = parts.port or (10001 if parts.scheme == "ray" else 6379)
    socket.create_connection((parts.hostname or "", port), timeout=10).close()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray sets a handler of its own for SIGTERM as it starts; one that the caller has set stays."""
    kept = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(kept) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, kept)


@contextmanager
def session(
    *, cpus: float, memory_bytes: int, workers: int | None = None, address: str | None = None, dashboard: bool = False
) -> Iterator[Session]:
    """Ray for a campaign. Without `address` and RAY_ADDRESS, a local session that ends with the block.

    Raises NoRoom where no node of the cluster has the CPUs and the memory of one worker, NoCluster where none answers.
    """
    # Ray's own default depends on how it was started; both ends have to agree.
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray Data's own actors make Ray's core warn of each other on standard error.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    address = address or os.environ.get("RAY_ADDRESS")
    address = None if address == "local" else address
    with ExitStack() as ends:
        if address:
            # Not before: there may be a session of the caller's own, which a cluster that is not there leaves alone.
            dashboard_url = _joined(address)
            ends.callback(ray.shutdown)
            count, share = _cluster_share(cpus, memory_bytes, workers)
        else:
            count, share = local_share(cpus, memory_bytes, workers)
            folder = ends.enter_context(scratch("ray", root=short_root()))
            ends.callback(_end_rest, folder)
            ends.callback(ray.shutdown)
            # One logical CPU more than the workers need: Ray Data's own tasks must not starve them.
            with _held_back(), _own_signals():
                dashboard_url = ray.init(
                    address="local", num_cpus=int(count * cpus) + 1, _memory=count * share.memory_bytes + _GIB,
                    object_store_memory=_GIB // 4, include_dashboard=dashboard, _temp_dir=str(folder), **_QUIET,
                ).dashboard_url  # fmt: skip
            ends.enter_context(_watched(folder))
        yield Session(count, share, address, dashboard_url or None)


def _joined(address: str) -> str | None:
    """Connect to a cluster; where its dashboard is. Raises NoCluster."""
    import ray

    try:
        _knock(address)
        with _held_back(), _own_signals():
            url: str | None = ray.init(address=address, **_QUIET).dashboard_url
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"no Ray cluster answers at {address} ({error}): give another --address, or none and unset RAY_ADDRESS"
        ) from error
    return url


@contextmanager
def _watched(folder: Path) -> Iterator[None]:
    """Raises ClusterLost in the block when a daemon of the session dies; Ray would end us, later and without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    daemons = {h.pid: Path(h.name).name for h in holders(folder) if Path(h.name).name in _DAEMONS}
    over, main, lost = threading.Event(), threading.get_ident(), []

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if dead := [name for pid, name in daemons.items() if began(pid) is None]:
                lost.extend(dead)
                signal.pthread_kill(main, signal.SIGUSR1)
                return

    def tell(signum: int, frame: FrameType | None) -> None:
        raise ClusterLost(f"Ray's {' and '.join(lost)} died")

    kept = signal.signal(signal.SIGUSR1, tell)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, kept)


def _end_rest(folder: Path) -> None:
    """What Ray itself did not end: after the death of its daemons it knows of nobody."""
    with suppress(OSError):
        end_holders(folder)


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
