"""cargo without a sandbox, behind the sandbox's interface: what overhead is measured against. For trusted code only."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from oxidizer.cluster.collect import Collector
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import ENVIRONMENT, SHIMS, SOURCE, TARGET, TOOLCHAIN, Mounts, RunResult, Status


class BareSandbox:
    """Runs commands on the host, with the sandbox's paths and environment translated there and back."""

    name = "bare"
    weaker = frozenset(Promise)

    def __init__(self, mounts: Mounts, scratch: Path) -> None:
        assert mounts.shims is not None
        assert mounts.registry is not None
        shims = scratch / "shims"
        shims.mkdir()
        self._there = {SOURCE: mounts.source, TARGET: mounts.target, TOOLCHAIN: mounts.toolchain, SHIMS: shims}
        for shim in mounts.shims.iterdir():
            (shims / shim.name).write_text(self._host(shim.read_text()))
            (shims / shim.name).chmod(0o755)
        self._home = mounts.registry.parent
        self.target = Collector(mounts.target)

    def _host(self, text: str) -> str:
        for inside, outside in self._there.items():
            text = text.replace(inside, str(outside))
        return text

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = SOURCE,
        wall_s: float | None = None,
        silence_s: float | None = None,
    ) -> RunResult:
        """Run a command with the environment that a sandbox would give it; there are no limits but `wall_s`."""
        given = {**ENVIRONMENT, **(env or {}), "CARGO_HOME": str(self._home), "HOME": os.environ["HOME"]}
        began, before = time.monotonic(), os.times()
        done = subprocess.run(
            [self._host(word) for word in argv],
            cwd=self._host(cwd),
            env={name: self._host(value) for name, value in given.items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=wall_s,
            check=False,
        )
        wall, after = time.monotonic() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        status = Status.OK if done.returncode == 0 else Status.FAILED
        return RunResult(status, done.returncode, self._box(done.stdout), self._box(done.stderr), wall, cpu, 0, 0)

    def _box(self, output: bytes) -> bytes:
        for inside, outside in self._there.items():
            output = output.replace(str(outside).encode(), inside.encode())
        return output

    def close(self) -> None:
        """Nothing runs on."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
