"""What Oxidizer made on this machine outside of run directories, and which of it a dead process left behind.

One look finds everything that bears a label: control groups, containers, scratch folders and what belongs to those
(mounts, loop devices, processes of Ray). What is left of a process that is dead may go; what a living one has, what
another host has, and what bears no label is never touched. Looking and removing are safe beside living campaigns, and
beside others that do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from docker import DockerClient
from rich.console import Console
from rich.markup import escape

from oxidizer.cluster import cgroup, docker
from oxidizer.cluster.container import TROUBLE
from oxidizer.cluster.holders import end_holders, holders
from oxidizer.cluster.labels import Label, Standing
from oxidizer.cluster.mounts import detach, loops_below, mounts_below, unmount
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.scratch import Owned, owned_folders, remove, scratch_root, short_root


class Kind(StrEnum):
    """What it is; in the order in which they are removed."""

    CONTAINER = "container"
    GROUP = "control group"
    PROCESS = "process"
    MOUNT = "mount"
    LOOP = "loop device"
    FOLDER = "scratch folder"


class CannotRemove(Exception):
    """Something that a dead process left could not be removed; the message says why."""


@dataclass(frozen=True)
class Trace:
    """One thing that Oxidizer made, and whether its maker is dead."""

    kind: Kind
    name: str
    label: Label
    standing: Standing
    drop: Callable[[], None]
    """Removes it. Raises OSError, SandboxUnavailable or what Docker's client raises."""

    @property
    def why(self) -> str:
        """Why it may go, or stays."""
        whose = f"of run {self.label.run}, {self.label.owner}"
        if self.standing is Standing.DEAD:
            return f"{whose}, which is gone"
        if self.standing is Standing.ALIVE:
            return f"{whose}, which lives"
        return f"{whose}: another host or container, which cannot be seen from here"

    def remove(self) -> None:
        """Remove what a dead process left; once it is gone, removing it again does nothing. Raises CannotRemove."""
        if self.standing is not Standing.DEAD:
            raise ValueError(f"the {self.kind} {self.name} is not left behind: {self.why}")
        try:
            self.drop()
        except (OSError, SandboxUnavailable, *TROUBLE) as error:
            raise CannotRemove(f"{self.kind} {self.name}: {error}") from error


@dataclass(frozen=True)
class Survey:
    """All that was found, and what could not be looked at."""

    traces: tuple[Trace, ...]
    unseen: tuple[str, ...] = ()

    @property
    def dead(self) -> list[Trace]:
        """What was left behind, in the order in which to remove it."""
        order = list(Kind)
        return sorted(
            (trace for trace in self.traces if trace.standing is Standing.DEAD),
            key=lambda trace: order.index(trace.kind),
        )

    @property
    def spared(self) -> list[Trace]:
        """What is not ours to remove."""
        return [trace for trace in self.traces if trace.standing is not Standing.DEAD]


def survey() -> Survey:
    """Look at this machine; a fraction of a second."""
    traces = [*_groups(), *_folders()]
    try:
        with closing(docker.connect()) as client:
            return Survey((*traces, *_containers(client)))
    except (SandboxUnavailable, *TROUBLE) as error:
        return Survey(tuple(traces), (f"containers: {error}",))


def sweep() -> list[str]:
    """Remove what dead processes left on this machine, without a word of what cannot be removed; says what went."""
    gone = []
    for trace in survey().dead:
        with suppress(CannotRemove):
            trace.remove()
            gone.append(f"{trace.kind} {trace.name}")
    return gone


def clean_up(console: Console, *, dry_run: bool) -> bool:
    """Tell what is left behind, remove it unless `dry_run`, and tell what was left alone; whether nothing failed."""
    found, whole = survey(), True
    for trace in found.dead:
        told = f"{trace.kind} {trace.name}: {trace.why}"
        try:
            if not dry_run:
                trace.remove()
        except CannotRemove as error:
            whole = False
            _tell(console, "[red]still there[/]", f"{error} ({trace.why})")
        else:
            _tell(console, "left behind" if dry_run else "[green]removed[/]", told)
    for trace in found.spared:
        _tell(console, "[dim]left alone[/]", f"{trace.kind} {trace.name}: {trace.why}")
    for what in found.unseen:
        _tell(console, "[yellow]not looked at[/]", what)
    if not found.dead:
        console.print("No dead run left anything behind.")
    return whole


def _tell(console: Console, mark: str, text: str) -> None:
    console.print(f"{mark} {escape(text)}", soft_wrap=True)


def _groups() -> Iterator[Trace]:
    for label, group in cgroup.labelled():
        yield Trace(Kind.GROUP, group.name, label, label.standing(), partial(_drop_group, group))


def _drop_group(group: cgroup.Cgroup) -> None:
    group.kill()
    group.remove()
    if group.is_there:
        raise OSError("the kernel holds it: try again in a moment")


def _containers(client: DockerClient) -> Iterator[Trace]:
    for label, name in docker.labelled(client):
        yield Trace(Kind.CONTAINER, name[:12], label, label.standing(), partial(docker.remove, name))


def _folders() -> Iterator[Trace]:
    for root in dict.fromkeys((scratch_root(), short_root())):
        for owned in owned_folders(root):
            yield from _of_folder(owned)


def _of_folder(owned: Owned) -> Iterator[Trace]:
    """The folder, and what belongs to it."""
    folder = owned.folder
    trace = Trace(Kind.FOLDER, str(folder), owned.label, owned.standing, partial(remove, owned))
    yield trace
    if owned.standing is not Standing.DEAD:
        return
    for holder in holders(folder):
        name = f"{holder.pid} ({holder.name}) in {folder.name}"
        yield replace(trace, kind=Kind.PROCESS, name=name, drop=partial(end_holders, folder))
    for mount in mounts_below(folder):
        yield replace(trace, kind=Kind.MOUNT, name=str(mount), drop=partial(unmount, mount))
    for loop in loops_below(folder):
        yield replace(trace, kind=Kind.LOOP, name=f"{loop} of {folder.name}", drop=partial(detach, loop, folder))
