"""Where a unit's time goes: a sandbox that keeps account of its commands by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from types import TracebackType
from typing import Self

from oxidizer.cluster.collect import Collector
from oxidizer.cluster.episode import Episode
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import SOURCE, RunResult, Sandbox, SandboxUnavailable


@dataclass
class Stage:
    """One stage's account, seconds."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    """CPU time of the commands."""
    commands: int = 0
    in_commands_s: float = 0.0
    """Wall time inside commands, the sandbox's own cost included."""
    overhead_s: float = 0.0
    """Wall time that the bare cargo work would not have taken: outside commands, and an empty command for each."""


class MeteredSandbox:
    """A sandbox with a stopwatch, and with an episode that takes its commands down; passes them on unchanged."""

    def __init__(self, inner: Sandbox, episode: Episode | None = None) -> None:
        self.inner = inner
        self.episode = episode
        self.name = inner.name
        self.stages: dict[str, Stage] = {}
        self.peak_bytes = 0
        self._current = self._outside = Stage()
        self._name = ""
        self._empty_s: float | None = None

    @property
    def target(self) -> Collector:
        """Reads what commands left in the target folder."""
        return self.inner.target

    @property
    def weaker(self) -> frozenset[Promise]:
        """The promises that the sandbox does not keep in full."""
        return self.inner.weaker

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time inside the block counts for this stage, and not for one around it; a stage may be entered again."""
        outer, self._current = self._current, self.stages.setdefault(name, Stage())
        around, self._name = self._name, name
        began = time.monotonic()
        try:
            yield
        finally:
            elapsed_s = time.monotonic() - began
            self._current.wall_s += elapsed_s
            outer.wall_s -= elapsed_s
            self._current, self._name = outer, around

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = SOURCE,
        wall_s: float | None = None,
        silence_s: float | None = None,
    ) -> RunResult:
        """Run a command in the sandbox; see Sandbox.run."""
        began = time.monotonic()
        try:
            result = self.inner.run(argv, env=env, cwd=cwd, wall_s=wall_s, silence_s=silence_s)
        except SandboxUnavailable as error:
            if self.episode:
                self.episode.note(self._name, argv, None, began=began, cwd=cwd, env=env, trouble=str(error))
            raise
        if self.episode:
            self.episode.note(self._name, argv, result, began=began, cwd=cwd, env=env)
        self._current.in_commands_s += time.monotonic() - began
        self._current.cpu_s += result.cpu_s
        self._current.commands += 1
        self.peak_bytes = max(self.peak_bytes, result.peak_bytes)
        return result

    def beside(self, inner: Sandbox) -> MeteredSandbox:
        """A meter of another sandbox, which works for the stage at hand: the episode has its commands, too."""
        other = MeteredSandbox(inner, self.episode)
        other._name = self._name
        return other

    def charge(self, other: MeteredSandbox) -> None:
        """Count the commands of another sandbox, which is done, for the stage at hand."""
        stages = [other._outside, *other.stages.values()]
        self._current.in_commands_s += sum(stage.in_commands_s for stage in stages)
        self._current.cpu_s += sum(stage.cpu_s for stage in stages)
        self._current.commands += sum(stage.commands for stage in stages)
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all commands so far."""
        return self._outside.cpu_s + sum(stage.cpu_s for stage in self.stages.values())

    def calibrate(self, runs: int = 3) -> None:
        """Measure what an empty command costs in this sandbox."""
        with self.stage("sandbox"):
            self.run(["true"])
            costs = []
            for _ in range(runs):
                began = time.monotonic()
                self.run(["true"])
                costs.append(time.monotonic() - began)
        self._empty_s = median(costs)

    def account(self) -> dict[str, dict[str, float]]:
        """The stages with their overhead filled in, as plain numbers."""
        for stage in self.stages.values():
            outside = max(0.0, stage.wall_s - stage.in_commands_s)
            stage.overhead_s = outside + stage.commands * (self._empty_s or 0.0)
        if sandbox := self.stages.get("sandbox"):
            sandbox.overhead_s = sandbox.wall_s
        return {name: {k: round(v, 3) for k, v in asdict(stage).items()} for name, stage in self.stages.items()}

    def close(self) -> None:
        """Close the sandbox."""
        self.inner.close()

    def __enter__(self) -> Self:
        self.inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
