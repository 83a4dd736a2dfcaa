"""`oxidizer reproduce` for a person: what is meant, each step as it ends, where the folder is, and a shell."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rich.console import Console
from rich.text import Text

from oxidizer.cluster.backends import choose_backend
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import SOURCE
from oxidizer.cluster.shell import check_shell, open_shell
from oxidizer.cluster.standings import require
from oxidizer.cluster.toolchain import Toolchain, find_toolchain, find_version
from oxidizer.cluster.visible import visible
from oxidizer.miners.lookup import Found, NotFound, Place, Trouble, find_row, find_unit
from oxidizer.miners.report.code import diagnostic
from oxidizer.miners.reproduce import Reproduction, Step, recorded_toolchain
from oxidizer.miners.show import paint

_DIAGNOSTIC_LINES = 24
_LEAST_OF_AN_ID = 4


def meant(run: Path, word: str) -> Place | Found:
    """The unit or the record that a word means; a crate's own name comes first. Raises NotFound, RunUnreadable."""
    try:
        unit = find_unit(run, word)
    except NotFound as error:
        # A short word is rather a name with a mistake.
        if len(word.strip()) >= _LEAST_OF_AN_ID and (found := find_row(run, word)):
            return found
        raise NotFound(f"{error}; nor has it a tuple or reject whose id begins so") from error
    if isinstance(unit, Trouble):
        raise NotFound(
            f"{unit.note.unit} was quarantined for trouble with a machine, which says nothing of the crate: "
            f"`oxidizer logs {run} {word}` shows it, and the command that began the run tries it again"
        )
    return unit


def toolchain_for(run: Path, what: Place | Found, wanted: str | None) -> Toolchain:
    """The record's toolchain as it is here, or the one that is `wanted`. Raises ToolchainMissing, ValueError."""
    return find_toolchain(wanted) if wanted else find_version(recorded_toolchain(run, what))


def default_place(what: Place | Found) -> Path:
    """A named folder in the current directory."""
    name = what.row["id"][:12] if isinstance(what, Found) else what.folder.name
    crate = what.place.facts.crate if isinstance(what, Found) else ""
    return Path(f"reproduced-{crate}{'-' if crate else ''}{name}")


def reproduce(
    run: Path, word: str, folder: Path | None, out: Console, *, sandbox: str, toolchain: str | None = None,
    accepted: Collection[Promise] = (), with_shell: bool = False,
) -> bool:  # fmt: skip
    """The whole command; whether all is as recorded.

    Raises ValueError and ToolchainMissing for input that cannot be used, SandboxUnavailable and OSError for trouble.
    """
    what = meant(run, word)
    tools = toolchain_for(run, what, toolchain)
    backend = choose_backend(sandbox, tools.sysroot)
    if with_shell:
        check_shell(backend)
    work = Reproduction(run, what, tools, backend, folder or default_place(what))
    require(backend, tools.sysroot, accepted)
    same = retell(work, out)
    if with_shell:
        shell(work, out)
    return same


def retell(work: Reproduction, out: Console) -> bool:
    """Make it anew and print each step; whether all is as recorded. Raises SandboxUnavailable, OSError, ValueError."""
    what = work.what
    title = what.place.label if isinstance(what, Found) else what.label
    kind = {"diag_fix": "tuple", "reject": "reject"}[what.kind] if isinstance(what, Found) else "unit"
    heading = (_text(f"{kind} of {title}", "bold"), _text(f"  in {work.backend}", "bright_black"))
    out.print(Text.assemble(*heading), soft_wrap=True)
    differ = []
    for step in work.steps():
        print_step(step, out)
        if not step.same:
            differ.append(step.name)
    if work.out.exists():
        out.print(_text(f"left in {work.out}: README.md says what to type", "bright_black"), soft_wrap=True)
    if differ:
        out.print(_text(f"NOT as recorded: {', '.join(differ)}", "bold red"), soft_wrap=True)
    else:
        out.print(_text("all is as recorded", "bold green"))
    return not differ


def print_step(step: Step, out: Console) -> None:
    """Print one step: what the record says, and beside it what was seen."""
    mark = _text("✓ ", "green") if step.same else _text("✗ ", "bold red")
    name, gap = _text(f"{step.name:<10}", "bold"), _text(" " * 13)
    out.print(Text.assemble(mark, name, _text(f" recorded  {_one_line(step.recorded)}")), soft_wrap=True)
    seen = _text(f"seen      {_one_line(step.seen)}", "" if step.same else "red")
    out.print(Text.assemble(gap, seen), soft_wrap=True)
    lines = diagnostic(step.shown) if step.shown else []
    for line in lines[:_DIAGNOSTIC_LINES]:
        out.print(Text.assemble(gap, paint(line)), soft_wrap=True)
    if len(lines) > _DIAGNOSTIC_LINES:
        out.print(_text(f"{'':13}… {len(lines) - _DIAGNOSTIC_LINES} more lines", "bright_black"))


def shell(work: Reproduction, out: Console) -> None:
    """Open a shell in the sandbox with the folder that was left. Raises SandboxUnavailable, ValueError."""
    check_shell(work.backend)
    with work.shell_mounts() as mounts:
        out.print(
            _text(f"{SOURCE} is {work.out}, read-only, without network; what you build lies in the target folder."),
            soft_wrap=True,
        )
        open_shell(mounts, work.recipe.limits, cwd=SOURCE)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)
