"""One kind of trouble: when it can strike, what it hits, how it is mended, and how the command may end for it."""

from __future__ import annotations

import os
import random
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from oxidizer.cluster.labels import began
from tests.chaos.campaign import Campaign

_BITE_S = 10.0
"""A fault that has not bitten by then is our own mistake."""


class Missed(Exception):
    """There was nothing to hit any more when the fault struck; it is tried again."""


class Fault(ABC):
    """A kind of trouble. `flavour` names the sort of campaign that it needs."""

    kind: ClassVar[str]
    row: ClassVar[str]
    flavour: ClassVar[str] = "bubblewrap"
    lasts_s: ClassVar[float] = 0.0
    within_s: ClassVar[float] = 1.5
    """It strikes at a chance moment of so many seconds after it could."""
    ends: tuple[int, ...] = ()
    """How it ends the command, as a shell tells it: that has to be given again. Empty: the command goes on."""
    may_end: frozenset[int] = frozenset()
    """How a command that it struck may end at last, but for 0: 3 with units quarantined, 1 where it cannot write."""
    takes_a_try: ClassVar[bool] = False
    """It takes one of the tries that a unit has."""
    cheap: ClassVar[bool] = False
    """It has its place in the short pass."""

    def __init__(self, campaign: Campaign, chance: random.Random) -> None:
        self.campaign, self.stage, self.chance = campaign, campaign.stage, chance

    def ready(self) -> bool:
        """Whether it could strike now: a crate is at work."""
        return bool(self.campaign.workers())

    @abstractmethod
    def strike(self) -> str:
        """Do it, and see that it bit; says what was hit. Raises Missed."""

    def mend(self) -> None:  # noqa: B027  # most mend themselves
        """Take it back, where it does not mend itself."""

    def _kill(self, pids: list[int], number: signal.Signals = signal.SIGKILL) -> str:
        if not pids:
            raise Missed
        pid = self.chance.choice(pids)
        if began(pid) is None:
            raise Missed  # it ended by itself
        try:
            os.kill(pid, number)
        except ProcessLookupError as error:
            raise Missed from error
        if number == signal.SIGKILL:
            bites(lambda: began(pid) is None, f"process {pid} outlives kill -9")
        return f"process {pid}"


def bites(true: Callable[[], bool], otherwise: str) -> None:
    """Wait until what a fault does is seen. Raises RuntimeError: a fault that does nothing proves nothing."""
    deadline_s = time.monotonic() + _BITE_S
    while not true():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"this fault does not bite: {otherwise}")
        time.sleep(0.01)
