"""The promises of a sandbox on this machine as a person reads them: how each stands, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from oxidizer.cluster.promises import Level, Standing

_MARKS = {Level.KEPT: "[green]✓ kept[/]", Level.WEAKER: "[yellow]~ weaker[/]", Level.ABSENT: "[red]✗ absent[/]"}


def fit_for_campaigns(standings: Sequence[Standing]) -> bool:
    """Whether a campaign can run, if need be where somebody accepts what is weaker. Raises ValueError for none."""
    if not standings:
        raise ValueError("no promise was tried")
    return all(standing.acceptable for standing in standings)


def print_standings(backend: str, facts: Mapping[str, str], standings: Sequence[Standing], console: Console) -> None:
    """What the machine has, a line for each promise, and what a campaign makes of it."""
    machine = Table.grid(padding=(0, 2, 0, 0))
    for name, fact in facts.items():
        machine.add_row(f"[bold]{name}[/]", escape(fact))
    console.print(machine)
    console.print(f"\nWhat a {backend} sandbox promises here, each tried:\n")
    table = Table.grid(padding=(0, 2, 0, 0))
    for standing in standings:
        lines = [escape(standing.how)]
        lines += [f"[dim]mend it:[/] {escape(standing.remedy)}"] if standing.remedy else []
        table.add_row(_MARKS[standing.level], f"[bold]{standing.promise}[/]", "\n".join(lines))
    console.print(table)
    console.print(f"\n{_verdict(standings)}", soft_wrap=True)


def _verdict(standings: Sequence[Standing]) -> str:
    hopeless = [standing.promise for standing in standings if not standing.acceptable]
    lost = [standing.promise for standing in standings if standing.level is not Level.KEPT]
    if hopeless:
        return f"[red]No campaign runs here with this sandbox: without {', '.join(hopeless)}.[/]"
    if lost:
        return f"[yellow]A campaign runs here only with --accept-weaker {','.join(lost)}[/]"
    return "[green]Every promise is kept.[/]"
