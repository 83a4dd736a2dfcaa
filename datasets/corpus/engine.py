"""How the work of a corpus spreads: in this process, over processes of this machine, or over a Ray cluster.

All give the same results, in an order of their own: what is made of them must not depend on it.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_WORKER_BYTES = 2 << 30


class EngineBroken(RuntimeError):
    """The cluster is the trouble, not the work; what is done is kept."""


class Engine(Protocol):
    """Calls a function with each of many items."""

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """The results as they come. `work`, items and results must be picklable. What `work` raises is raised.

        Raises EngineBroken where the cluster fails.
        """


class Local:
    """This machine: one process, or several."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """As Engine says."""
        if self.workers == 1 or len(items) < 2:
            yield from map(work, items)
            return
        # A fork of a process with threads (Arrow's, Polars') may hang.
        pool = ProcessPoolExecutor(min(self.workers, len(items)), multiprocessing.get_context("spawn"))
        try:
            waiting = {pool.submit(work, item) for item in items}
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


class OnRay:
    """A Ray cluster, by Ray Data: for what one machine takes too long over. To be used in a session."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """As Engine says."""
        if not items:
            return
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # A part may take long without a block moving.
        context.execution_no_progress_timeout_s = -1
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        rows = ray.data.from_items(
            [{"item": pickle.dumps(item)} for item in items], override_num_blocks=len(items)
        ).map(_Called(work), compute=ray.data.TaskPoolStrategy(self.workers))
        try:
            for batch in rows.iter_batches(batch_size=None, prefetch_batches=0):
                for result in batch["result"]:
                    went_well, value = pickle.loads(result)
                    if not went_well:
                        raise value
                    yield value
        except ray.exceptions.RayError as error:
            raise EngineBroken(f"Ray gave the build up: {str(error).strip().splitlines()[0]}") from error


class _Called:
    """`work` on rows of Ray Data, which hold bytes. What it raises is told, since Ray would make its own of it."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self.work = work

    def __call__(self, row: dict[str, bytes]) -> dict[str, bytes]:
        try:
            return {"result": pickle.dumps((True, self.work(pickle.loads(row["item"]))))}
        except Exception as error:
            return {"result": pickle.dumps((False, error))}


@contextmanager
def engine(workers: int, address: str | None) -> Iterator[Engine]:
    """This machine's processes, or where there is an address (`local`: a Ray of one's own) a Ray cluster.

    Raises NoCluster or NoRoom where that cannot be had.
    """
    if address is None:
        yield Local(workers)
        return
    from oxidizer.cluster.session import session

    with session(cpus=1, memory_bytes=_WORKER_BYTES, workers=workers, address=address) as ray:
        yield OnRay(ray.workers)
