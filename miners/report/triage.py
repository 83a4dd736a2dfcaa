"""Why units failed, for the person who has to do something about it: by cause, and within it by likeness of message.

Two messages are alike where they say the same of different things: what names a file, a version, a number, the crate
itself or anything in quotes is left out before they are compared. An error code is no number.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oxidizer.cluster.episode import LOG, Command, read_episode, typed
from oxidizer.miners.report.facts import RunFacts
from oxidizer.miners.report.manifest import Quarantined, Unit

MOST_LINES = 16
LONGEST_LINE = 300
_AFTER = 3
"""Lines that are shown after one that tells something."""
_TELLS = re.compile(
    r"\s*(error\b|caused by\b|fatal\b|thread '.*' panicked|\w+(\.\w+)*(Error|Exception|Unavailable)\b)", re.I
)
_VARIES = re.compile(
    r"`[^`\n]*`|\"[^\"\n]*\"|(?<!\w)'[^'\n]*'|‘[^’\n]*’"  # what is quoted
    r"|(?:[\w.@+-]*/)+[\w.@+-]*(?::\d+)*"  # a path, with its line
    r"|\b[\w-]+\.(?:rs|toml|lock|py|c|h|so|a)\b(?::\d+)*"
    r"|\bv?\d+(?:\.\d+)+[\w.+-]*"  # a version
    r"|\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b"
    r"|(?<![\w])\d[\d,_]*"
)
_GAP = "…"


@dataclass(frozen=True)
class Failure:
    """One unit that failed."""

    kind: str
    """rejected or quarantined."""
    cause: str
    unit: str
    crate: str
    version: str
    message: str
    word: str
    """What the commands know the unit by: its crate, and more of it where the run has several of that name."""


def triage(facts: RunFacts) -> list[dict[str, Any]]:
    """`[{kind, cause, count, groups [{says, count, units [{unit, crate, version, lines, left_out, log, failed
    {command, lines}, commands}]}]}]`.

    Rejected units before quarantined ones, whose cause is the kind of trouble; the largest first at each level. `lines`
    are those of the message that tell something, `left_out` how many more it has, `log` the path of the unit's own log
    within the run or null, `failed` the last command in it that failed, with what it said, `commands` what shows and
    what repeats the failure.
    """
    causes: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for failure in _failures(facts):
        causes[failure.kind, failure.cause].append(failure)
    told = [
        {"kind": kind, "cause": cause, "count": len(failed), "groups": _groups(facts.path, failed)}
        for (kind, cause), failed in causes.items()
    ]
    return sorted(told, key=lambda row: (row["kind"] != "rejected", -row["count"], row["cause"]))


def _failures(facts: RunFacts) -> Iterable[Failure]:
    failed: list[tuple[str, str, Unit | Quarantined, str]] = [
        ("rejected", unit.cause or "unknown", unit, unit.message or "")
        for unit in facts.units
        if unit.status == "rejected"
    ]
    failed += [("quarantined", _trouble(lost.error), lost, lost.error) for lost in facts.quarantined]
    ended: list[Unit | Quarantined] = [*facts.units, *facts.quarantined]
    crates = Counter(unit.crate for unit in ended)
    versions = Counter((unit.crate, unit.version) for unit in ended)
    for kind, cause, one, message in failed:
        word = f"{one.crate}@{one.version}" if versions[one.crate, one.version] == 1 else one.unit
        word = one.crate if crates[one.crate] == 1 else word
        yield Failure(kind, cause, one.unit, one.crate, one.version, message, word)


def _trouble(error: str) -> str:
    return "our own mistake" if error.startswith("Traceback") else "trouble with the machine"


def _groups(run: Path, failed: list[Failure]) -> list[dict[str, Any]]:
    alike: dict[str, list[Failure]] = defaultdict(list)
    for failure in failed:
        alike[likeness(failure.message, failure.crate)].append(failure)
    groups = []
    for says, some in alike.items():
        # What one crate alone says is said in its own words.
        words = headline(some[0].message) if len(some) == 1 else says
        units = [_unit(run, failure) for failure in sorted(some, key=lambda failure: failure.unit)]
        groups.append({"says": words or "no message", "count": len(some), "units": units})
    return sorted(groups, key=lambda group: (-group["count"], group["says"], group["units"][0]["unit"]))


_COMMANDS = {"rejected": ("logs", "reproduce"), "quarantined": ("logs",)}


def _unit(run: Path, failure: Failure) -> dict[str, Any]:
    lines = relevant(failure.message)
    log = f"units/{failure.unit}/{LOG}" if failure.kind == "rejected" else f"quarantine/{failure.unit}.{LOG}"
    about = shlex.join([str(run), failure.word])
    return {
        "unit": failure.unit,
        "crate": failure.crate,
        "version": failure.version,
        "lines": lines,
        "left_out": max(len(failure.message.strip("\r\n").splitlines()) - len(lines), 0),
        "log": log if (run / log).is_file() else None,
        "failed": _last_failed(run / log) if (run / log).is_file() else None,
        # What the machine failed is mined again; there is nothing to reproduce.
        "commands": [f"oxidizer {word} {about}" for word in _COMMANDS[failure.kind]],
    }


def _last_failed(log: Path) -> dict[str, Any] | None:
    """The last command of an episode that failed, as one would type it, and the lines that tell something.

    A log that cannot be read is told of in their place.
    """
    last = None
    try:
        for line in read_episode(log):
            last = line if isinstance(line, Command) and not line.went_well else last
    except ValueError as error:
        return {"command": None, "lines": [_cut(str(error))]}
    if last is None:
        return None
    streams = [part for said in (last.stdout, last.stderr) for part in (said.head, said.tail)]
    return {"command": _cut(typed(last)), "lines": relevant("\n".join([*streams, last.trouble or ""]))}


def headline(message: str) -> str:
    """The line that says what went wrong: a traceback's last, else the first that tells something, or the first."""
    lines = [_cut(line.strip()) for line in message.splitlines() if line.strip()]
    if message.startswith("Traceback"):
        return lines[-1]
    return next((line for line in lines if _TELLS.match(line)), lines[0] if lines else "")


def likeness(message: str, crate: str) -> str:
    """The headline without what differs from crate to crate."""
    text = _VARIES.sub(_GAP, headline(message))
    text = re.sub(rf"(?<![\w-]){re.escape(crate)}(?![\w-])", _GAP, text) if crate else text
    return re.sub(rf"{_GAP}(?:[\s,:@v]*{_GAP})+", _GAP, text)


def relevant(message: str, most: int = MOST_LINES) -> list[str]:
    """The lines that tell something and a few after each, in order, no more than `most`; all of a short message.

    Where none tells anything, the first and the last.
    """
    lines = [_cut(line) for line in message.strip("\r\n").splitlines()]
    if len(lines) <= most:
        return lines
    if message.startswith("Traceback"):
        return lines[-most:]
    telling = [at for at, line in enumerate(lines) if _TELLS.match(line)]
    if not telling:
        return [lines[0], *lines[1 - most :]]
    kept = sorted({near for at in telling for near in range(at, min(at + 1 + _AFTER, len(lines)))})
    return [lines[at] for at in kept[:most]]


def _cut(line: str) -> str:
    """No pattern of ours sees more of a line: a stranger may write one of any length."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
