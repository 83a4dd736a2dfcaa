"""What a hostile case is: a crate that does harm where one promise is broken, and none where it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Limits, RunResult
from tests.integration.boxes import MB

if TYPE_CHECKING:
    from tests.hostile.stage import Stage

BACKENDS = ("docker", "bubblewrap", "bubblewrap-user")
LIMITS = Limits(
    memory_bytes=512 * MB, cpus=2.0, processes=100, wall_s=60.0, silence_s=40.0, output_bytes=4 * MB,
    disk_bytes=64 * MB, inodes=4000, file_bytes=48 * MB, open_files=256, tmp_bytes=16 * MB,
)  # fmt: skip
"""Small, so that small bombs do harm. A loaded machine must not reach the times by itself."""

Files = Mapping[str, str]


class Group(StrEnum):
    """What is attacked."""

    RESOURCES = "resources"
    LEAVING = "leaving"
    SEEING = "seeing"
    WRITING = "writing"
    NETWORK = "network"
    KERNEL = "kernel"
    CONFIGURATION = "configuration"
    ARCHIVES = "archives"


@dataclass(frozen=True)
class Evidence:
    """What one run of a case left to look at."""

    stage: Stage
    run: RunResult | None
    """The command's; None where its worker was killed."""
    cause: Cause | None
    said: str
    """What the crate wrote of its success into the target folder; empty where it had none."""
    living: int
    """Processes of the crate that were there after the command."""
    neighbour: RunResult | None
    """What became of another unit's command in the same time, where there was one."""
    collected: str = ""
    """What was collected from the target folder afterwards, where the case asks for that."""
    waits: str = ""
    """What a plain reader of the output waits for, where the case asks for that."""
    changed: tuple[str, ...] = ()
    """What of the host is not as it was."""
    seconds: float = 0.0


Harm = Callable[[Evidence], str | None]
"""Looks for the harm; says in a few words what was done, None where nothing was."""


def told(evidence: Evidence) -> str | None:
    """The crate's own word: it says something only where it got what it wanted."""
    return evidence.said or None


@dataclass(frozen=True)
class Case:
    """A hostile crate. In its files `@word@` stands for what the stage knows, see `Stage.words`."""

    name: str
    """Of the case and of the package."""
    promise: Promise
    """What is switched off first, and then holds the crate."""
    files: Files
    command: Literal["check", "test", "killed", "collect", "edit", "held"] = "check"
    """`killed`: the worker is killed while its check runs. After a check `collect` collects a file, and `edit` edits
    the sources. `held`: a test; without its promise another one is read to the end of its output."""
    harm: Harm = told
    end: Cause | None = None
    """What the unit comes to with the promise kept; None: it builds, and its tests speak."""
    end_on: Mapping[str, Cause | None] = field(default_factory=dict)
    """The same where a backend ends it otherwise."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """Limits that differ from LIMITS."""
    neighbour: bool = False
    """Another unit runs in the same time."""
    own_network: bool = False
    """The host, as the case knows it, is a network namespace of its own, with the metadata address on its loopback."""
    promise_on: Mapping[str, Promise] = field(default_factory=dict)
    """Another promise that holds the crate on some backend."""
    void: Mapping[str, str] = field(default_factory=dict)
    """Why no harm can be shown on a backend, even with the promise off."""
    not_run: Mapping[str, str] = field(default_factory=dict)
    """Why the run without the promise is not made at all on a backend: it cannot be had, or must not be. Void too."""
    weaker: Mapping[str, str] = field(default_factory=dict)
    """Why a backend does not hold the crate, though the promise is on: known, told in docs/SECURITY.md."""
    plain_target: bool = False
    """The target is an ordinary folder, and no file system of its own, on which devices mean nothing."""
    pods_root: bool = False
    """Without control groups not an ordinary user strikes but root, as a pod has it: only its files are at stake."""
    quick: tuple[str, ...] = ()
    """The backends on which the case is in the quick part."""

    @property
    def machine(self) -> str | None:
        """The one processor that it is written for, where it names system calls by their numbers."""
        numbered = any("syscall(" in text or "int 0x80" in text for text in self.files.values())
        return "x86_64" if numbered else None

    def promise_of(self, backend: str) -> Promise:
        """What is switched off on a backend."""
        return self.promise_on.get(backend, self.promise)

    def end_of(self, backend: str) -> Cause | None:
        """What the unit comes to on a backend."""
        return self.end_on.get(backend, self.end)
