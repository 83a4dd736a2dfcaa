"""What a command uses, and what it left, from a gauge that is looked at late."""

import time

from oxidizer.cluster.gauge import Meter


class Late:
    """A gauge whose reader stands still behind its first look: what was there then is gone at the second."""

    every_s = 0.0

    def __init__(self) -> None:
        self.looks = 0

    def processes(self) -> int:
        self.looks += 1
        count = 3 if self.looks == 1 else 2
        time.sleep(0.2 if self.looks == 1 else 0.0)
        return count

    def oom_kills(self) -> int:
        return 0

    def cpu_s(self) -> float:
        return 0.0

    def resident_bytes(self) -> int:
        return 0


def test_what_is_gone_when_its_moment_has_passed_is_not_left_over() -> None:
    gauge = Late()
    assert Meter(gauge, own_processes=2).leftovers() == 0
    assert gauge.looks == 2
