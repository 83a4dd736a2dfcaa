"""The episode of a unit: every command that was run for it, in which sandbox, how long, and what it said.

It is the circumstance of a unit, never part of what its records are, and lies beside them as `log.jsonl.zst`: an
`about`, then `command`s as they ran, what of them was too much to tell (`more`), and the `end`. Promises: every command
that failed has a line, with the output that a person needs; of those that went well the first of each stage have one.
"""

from __future__ import annotations

import io
import json
import shlex
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field, TypeAdapter, ValidationError

from oxidizer.cluster.said import Said, said
from oxidizer.cluster.sandbox import RunResult

LOG = "log.jsonl.zst"
"""An episode's name beside its unit's tables, and after a dot beside the note of a quarantined unit."""

_WELL_BYTES, _FAILED_BYTES = 512, 4 << 10
"""Of either end of either stream of a command that went well, or failed."""
_WELL_PER_STAGE, _WHOLE_PER_STAGE = 24, 8
"""Commands of a stage that have a line though they went well; those that failed and are told of at length."""
_EPISODE_BYTES = 16 << 20
"""What all that was said may come to before it is compressed; commands beyond are told without their output."""
_ARGV_CHARS = 1000
_READ_BYTES = 64 << 20
_CARRIED = "oxidizer_episode"
_COMMANDS = 100_000


@dataclass(frozen=True)
class About:
    """The unit, and where it was worked on: `sandbox` has the backend, its version or image, what is weaker, limits."""

    unit: str
    crate: str
    version: str
    toolchain: str
    began: str
    """ISO 8601, UTC."""
    sandbox: dict[str, Any]
    worker: str = ""
    schema_version: Literal[1] = 1
    kind: Literal["about"] = "about"


@dataclass(frozen=True)
class Command:
    """One command. `stage` is `fetch` for cargo's own work outside of the sandbox, which has network."""

    n: int
    stage: str
    argv: tuple[str, ...]
    """Cut where it is long: the last word then says so."""
    cwd: str
    env: dict[str, str]
    """What was set beside the sandbox's own environment."""
    began_s: float
    """Seconds after the episode began."""
    wall_s: float
    cpu_s: float
    status: str
    """See `sandbox.Status`; `trouble` where the machine failed it."""
    exit_code: int | None
    peak_bytes: int
    leftovers: int
    stdout: Said
    stderr: Said
    trouble: str | None = None
    kind: Literal["command"] = "command"

    @property
    def went_well(self) -> bool:
        """It ended by itself with exit code 0."""
        return self.status == "ok"


@dataclass(frozen=True)
class More:
    """The commands of a stage that have no line of their own."""

    stage: str
    commands: int
    wall_s: float
    cpu_s: float
    kind: Literal["more"] = "more"


@dataclass(frozen=True)
class End:
    """How the unit ended: `status` as in unit.json, or `trouble`."""

    status: str
    cause: str | None
    message: str | None
    wall_s: float
    kind: Literal["end"] = "end"


Line = About | Command | More | End
_LINES: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


@dataclass
class _Left:
    """What of a stage is counted only."""

    commands: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


@dataclass
class Episode:
    """An episode while it happens."""

    about: About
    lines: list[Command] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _left: dict[str, _Left] = field(default_factory=lambda: defaultdict(_Left))
    _seen: Counter[tuple[str, bool]] = field(default_factory=Counter)
    _bytes: int = 0
    _count: int = 0

    def note(
        self, stage: str, argv: Sequence[str], run: RunResult | None, *, began: float, cwd: str,
        env: Mapping[str, str] | None = None, trouble: str | None = None,
    ) -> None:  # fmt: skip
        """Take down a command that began at `began` (monotonic); `run` is None where the machine failed it."""
        self._count += 1
        well = run is not None and run.ok
        wall_s, cpu_s = (run.wall_s, run.cpu_s) if run else (time.monotonic() - began, 0.0)
        self._seen[stage, well] += 1
        if (well and self._seen[stage, well] > _WELL_PER_STAGE) or self._count > _COMMANDS:
            left = self._left[stage]
            left.commands, left.wall_s, left.cpu_s = left.commands + 1, left.wall_s + wall_s, left.cpu_s + cpu_s
            return
        # What the sandbox ended is rare, and what a person looks for.
        ended = run is None or run.exit_code is None
        at_length = not well and (ended or self._seen[stage, well] <= _WHOLE_PER_STAGE)
        each = _FAILED_BYTES if at_length else _WELL_BYTES
        each = each if self._bytes < _EPISODE_BYTES else 0
        stdout, stderr = said(run.stdout if run else b"", each), said(run.stderr if run else b"", each)
        self._bytes += sum(len(text) for stream in (stdout, stderr) for text in (stream.head, stream.tail))
        self.lines.append(
            Command(
                self._count,
                stage,
                _short(argv),
                cwd,
                dict(env or {}),
                round(began - self._began, 3),
                round(wall_s, 3),
                round(cpu_s, 3),
                str(run.status) if run else "trouble",
                run.exit_code if run else None,
                run.peak_bytes if run else 0,
                run.leftovers if run else 0,
                stdout,
                stderr,
                trouble,
            )
        )

    def overhear(self, argv: Sequence[str], run: RunResult, began: float) -> None:
        """Take down cargo's own work outside of the sandbox (see `registry.overheard`)."""
        self.note("fetch", argv, run, began=began, cwd="/")

    def packed(self, status: str, cause: str | None = None, message: str | None = None) -> bytes:
        """The episode up to here as a file, `zstd`-compressed lines of JSON."""
        more = [More(stage, left.commands, round(left.wall_s, 3), round(left.cpu_s, 3))
                for stage, left in self._left.items()]  # fmt: skip
        end = End(status, cause, message, round(time.monotonic() - self._began, 3))
        lines: list[Line] = [self.about, *self.lines, *more, end]
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            for line in lines:
                stream.write(json.dumps(asdict(line), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        packed: bytes = sink.getvalue().to_pybytes()
        return packed


def about(unit: str, crate: str, version: str, toolchain: str, sandbox: dict[str, Any], worker: str) -> About:
    """The first line of an episode that begins now."""
    return About(unit, crate, version, toolchain, datetime.now(UTC).isoformat(timespec="seconds"), sandbox, worker)


def carry(error: BaseException, packed: bytes) -> None:
    """Have an exception bear the episode that it ended."""
    setattr(error, _CARRIED, packed)


def carried(error: BaseException) -> bytes | None:
    """The episode that an exception bears."""
    found = getattr(error, _CARRIED, None)
    return found if isinstance(found, bytes) else None


def read_episode(path: Path) -> Iterator[Line]:
    """The lines of an episode, which may be anybody's. Raises ValueError where it is damaged, or larger than any."""
    read = 0
    try:
        with pa.input_stream(str(path), compression="zstd") as stream:
            for line in io.BufferedReader(stream):
                read += len(line)
                if read > _READ_BYTES:
                    raise ValueError(f"{path} holds more than {_READ_BYTES:,} bytes: it is no episode of ours")
                yield _LINES.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc'])) or 'a line'}: {first['msg']}") from error
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _short(argv: Sequence[str]) -> tuple[str, ...]:
    words: list[str] = []
    room = _ARGV_CHARS
    for at, word in enumerate(argv):
        if len(word) > room:
            rest = sum(map(len, argv[at:])) - room
            return (*words, f"{word[:room]} … {rest:,} more characters")
        words.append(word)
        room -= len(word) + 1
    return tuple(words)


def typed(command: Command) -> str:
    """The command as one would type it."""
    return shlex.join(command.argv)
