"""Another unit of the same user on the same machine, at work while a case strikes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from oxidizer.cluster.sandbox import RunResult, Sandbox

# Its memory and its target folder hold what is nobody else's business. It ends when asked, or by itself.
_WORK = """
$private = "private-$ENV{TOKEN}"; open F, ">/box/target/private"; print F "$private\\n"; close F;
open F, ">/box/target/ready"; close F;
for (1..400) { last if -e "/box/target/stop"; select undef, undef, undef, 0.05 }
"""


class Neighbour:
    """Opens a sandbox of its own in a thread of its own; `target` is the folder that it may write to."""

    def __init__(self, opener: Callable[[], AbstractContextManager[Sandbox]], target: Path, token: str) -> None:
        self._opener, self._target, self._token = opener, target, token
        self._thread = threading.Thread(target=self._work)
        self.result: RunResult | None = None

    def __enter__(self) -> Neighbour:
        self._thread.start()
        deadline_s = time.monotonic() + 20
        while not (self._target / "ready").exists():
            assert self._thread.is_alive(), "the neighbour ended before it began"
            assert time.monotonic() < deadline_s, "the neighbour does not come up"
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        (self._target / "stop").touch()
        self._thread.join()

    def _work(self) -> None:
        with self._opener() as box:
            command = ["perl", "-e", _WORK, f"neighbour-{self._token}"]
            self.result = box.run(command, env={"TOKEN": self._token})
