"""What the work of every campaign has in common: a worker looks at its node first, and logs all that was run."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from typing import Any

from oxidizer.cluster.backends import describe_backend
from oxidizer.cluster.episode import LOG, Episode, about, carry
from oxidizer.cluster.labels import NO_RUN, work_for
from oxidizer.cluster.leftovers import sweep
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.registry import overheard
from oxidizer.cluster.rundir import UnitOutput
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.session import Share
from oxidizer.cluster.standings import require
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.miners.recipe import Recipe


@dataclass(frozen=True)
class NodePlan(ABC):
    """The factory of a campaign's work: all that a worker needs to know, picklable."""

    recipe: Recipe
    miners: tuple[str, ...]
    seed: int
    backend: str
    sysroot: str | None
    """The toolchain's folder or rustup's name for it; None for the node's own."""
    toolchain_version: str
    share: Share
    run: str = NO_RUN
    """The run's id, which all that the work makes is labelled with."""
    accepted: frozenset[Promise] = frozenset()
    """The promises of a sandbox that may be weaker or absent."""
    sealed: bool = False
    """What is kept for evaluation is mined too."""

    @abstractmethod
    def __call__(self) -> NodeWork:
        """The work in one worker process. Raises SandboxUnavailable where the node has another toolchain."""


def own_toolchain(plan: NodePlan) -> Toolchain:
    """This node's toolchain, once what a dead worker left here is gone. Raises SandboxUnavailable for another one."""
    work_for(plan.run)
    sweep()
    toolchain = find_toolchain(plan.sysroot)
    if toolchain.version != plan.toolchain_version:
        raise SandboxUnavailable(
            f"this node has {toolchain.version}, the run has {plan.toolchain_version}: install that on every node"
        )
    return toolchain


class NodeWork(ABC):
    """Does one unit after the other."""

    def __init__(self, plan: NodePlan, toolchain: Toolchain) -> None:
        self._plan = plan
        self.toolchain = toolchain
        memory = min(plan.recipe.limits.memory_bytes, plan.share.memory_bytes)
        self.limits = replace(plan.recipe.limits, cpus=plan.share.cpus, memory_bytes=memory)
        self._is_tried = False

    def __call__(self, order: dict[str, Any]) -> UnitOutput:
        """All that one unit gives, its episode included. Raises SandboxUnavailable, which then carries the episode."""
        self._try_node()
        sandbox = describe_backend(self._plan.backend, self.toolchain.sysroot)
        named = (order["unit"], order["crate"], order["version"], self.toolchain.version)
        episode = Episode(about(*named, {**sandbox, "limits": asdict(self.limits)}, socket.gethostname()))
        try:
            with overheard(episode.overhear):
                output = self.work(order, episode)
        except Exception as error:
            carry(error, episode.packed("trouble", None, str(error)))
            raise
        ended = (output.summary[key] for key in ("status", "cause", "message"))
        return replace(output, files={**output.files, LOG: episode.packed(*ended)})

    @abstractmethod
    def work(self, order: dict[str, Any], episode: Episode) -> UnitOutput:
        """What one unit gives. Raises SandboxUnavailable for trouble that is not the unit's."""

    def _try_node(self) -> None:
        """Before the first unit: this node's sandboxes promise what the run asks for, which others' do not tell."""
        if not self._is_tried:
            require(self._plan.backend, self.toolchain.sysroot, self._plan.accepted, of_node=True)
            self._is_tried = True
