"""An episode on a terminal: where a unit was worked on, its stages, its commands, and what those that failed said.

All text of a crate goes through `code.visible` and `rich.Text`: neither a terminal's command nor markup in it works.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from oxidizer.cluster.episode import LOG, About, Command, End, Line, More, read_episode, typed
from oxidizer.cluster.said import Said
from oxidizer.cluster.sandbox import SOURCE
from oxidizer.cluster.visible import visible
from oxidizer.miners.lookup import NotFound, Trouble, find_unit

_COLOURS = {"ok": "green", "failed": "red"}
_COMMAND_CHARS = 160


def lines_of(run: Path, word: str) -> list[Line]:
    """The episode of the unit that a word means. Raises NotFound, RunUnreadable, ValueError where it is damaged."""
    unit = find_unit(run, word)
    path = unit.log if isinstance(unit, Trouble) else unit.folder / LOG
    if path.is_file():
        return list(read_episode(path))
    if isinstance(unit, Trouble):
        raise NotFound(
            f"{unit.note.unit} left no log: its worker died, or never began. Its note says: {unit.note.error}"
        )
    facts = unit.facts
    came = f"{facts.cause}: {facts.message}" if facts.cause else f"{facts.counts.kept} tuples"
    raise NotFound(
        f"{unit.folder.name} has no {LOG}: no command was run for it, or it was mined before there were logs. "
        f"It was {facts.status}: {came}"
    )


def print_json(lines: Iterable[Line], out: Console) -> None:
    """The episode as lines of JSON, as the file holds them, in ASCII so that a terminal takes none for a command."""
    for line in lines:
        out.print(json.dumps(asdict(line)), markup=False, soft_wrap=True, emoji=False)


def print_episode(lines: Sequence[Line], out: Console, *, stage: str | None = None, every: bool = False) -> None:
    """Print what was done; with `every`, what commands that went well said, too.

    Raises NotFound for a stage that the episode does not have.
    """
    commands = [line for line in lines if isinstance(line, Command)]
    more = {line.stage: line for line in lines if isinstance(line, More)}
    stages = list(dict.fromkeys([*(command.stage for command in commands), *more]))
    if stage is not None and stage not in stages:
        raise NotFound(f"there is no stage {stage!r} in it; there are: {', '.join(filter(None, stages)) or 'none'}")
    for line in lines:
        if isinstance(line, About):
            _print_about(line, out)
    told: set[str] = set()
    for name, group in groupby(commands, key=lambda command: command.stage):
        if stage in (None, name):
            _print_stage(name, list(group), out, every=every)
            told.add(name)
    for name, left in more.items():
        if stage in (None, name):
            what = f"{name}: {left.commands:,} more commands that went well, {left.wall_s:,.1f} s"
            out.print(_text(what, "bright_black"), soft_wrap=True)
    for line in lines:
        if isinstance(line, End):
            _print_end(line, out)


def _print_about(line: About, out: Console) -> None:
    sandbox = line.sandbox
    limits = sandbox.get("limits")
    limits = limits if isinstance(limits, dict) else {}
    out.print(Rule(_text(f"{line.crate} {line.version}", "bold"), align="left", style="bright_black"))
    built = sandbox.get("image") or sandbox.get("version") or ""
    weaker = ", ".join(map(str, sandbox.get("weaker") or ())) or "no promise weaker"
    bounds = ", ".join(f"{key} {value:,}" for key, value in limits.items() if isinstance(value, int | float))
    for name, value in (
        ("unit", line.unit),
        ("toolchain", line.toolchain),
        (
            "sandbox",
            f"{sandbox.get('backend')} ({built}), {weaker}" if built else f"{sandbox.get('backend')}, {weaker}",
        ),
        ("limits", bounds or "-"),
        ("began", f"{line.began} on {line.worker or 'a worker without a name'}"),
    ):
        out.print(Text.assemble(_text(f"{name:<10}", "bright_black"), _text(value)), soft_wrap=True)


def _print_stage(name: str, commands: Sequence[Command], out: Console, *, every: bool) -> None:
    failed = sum(not command.went_well for command in commands)
    wall_s = sum(command.wall_s for command in commands)
    out.print()
    heading = Text.assemble(_text(name or "between stages", "bold cyan"))
    heading += _text(f"  {len(commands)} commands, {failed} failed, {wall_s:,.1f} s", "bright_black")
    out.print(heading, soft_wrap=True)
    for command in commands:
        _print_command(command, out)
        if every or not command.went_well:
            for stream, said in (("stdout", command.stdout), ("stderr", command.stderr)):
                _print_said(stream, said, out)


def _print_command(command: Command, out: Console) -> None:
    how = command.status if command.exit_code in (None, 0) else f"exit {command.exit_code}"
    line = Text.assemble(_text(f"  {command.began_s:>8.1f} s  ", "bright_black"))
    line += _text(f"{how:<13}", _COLOURS.get(command.status, "bold yellow"))
    cost = f"{command.wall_s:>7.2f} s" + (f"  cpu {command.cpu_s:.2f} s" if command.cpu_s else "")
    cost += f"  {command.peak_bytes / 1e6:,.0f} MB" if command.peak_bytes else ""
    line += _text(f"{cost:<32}", "bright_black")
    words = " ".join(typed(command).split())
    line += _text(words if len(words) <= _COMMAND_CHARS else f"{words[:_COMMAND_CHARS]} …")
    if command.cwd not in (SOURCE, "/"):
        line += _text(f"  in {command.cwd}", "bright_black")
    if command.leftovers:
        line += _text(f"  {command.leftovers} processes outlived it", "yellow")
    out.print(line, soft_wrap=True)
    if command.trouble:
        out.print(_text(f"             the machine failed it: {command.trouble}", "bold yellow"), soft_wrap=True)


def _print_said(stream: str, said: Said, out: Console) -> None:
    if not (said.head or said.tail or said.cut):
        return
    parts = [said.head.rstrip("\n")] if said.head else []
    parts += [f"… {said.cut:,} of {said.bytes:,} bytes of {stream} are not kept …"] if said.cut else []
    parts += [said.tail.rstrip("\n")] if said.tail else []
    for line in "\n".join(parts).split("\n"):
        out.print(
            Text.assemble(_text("             │ ", "bright_black"), _text(line.replace("\t", "    "))), soft_wrap=True
        )


def _print_end(line: End, out: Console) -> None:
    out.print()
    what = line.status if line.cause is None else f"{line.status}: {line.cause}"
    style = {"mined": "bold green", "rejected": "bold yellow"}.get(line.status, "bold red")
    after = _text(f"  after {line.wall_s:,.1f} s", "bright_black")
    out.print(Text.assemble(_text(what, style), after), soft_wrap=True)
    for text in (line.message or "").splitlines():
        out.print(_text(f"  {text}"), soft_wrap=True)


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
