"""What a person sees while a campaign runs: a live bar on a terminal, a line per crate elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from oxidizer.cluster.campaign import Done
from oxidizer.cluster.visible import visible
from oxidizer.miners.cost import Cost, Price

QUIET_S = 30.0
"""How long planning may go on in a log without a word."""


class MiningProgress:
    """Counts what units come to and shows it."""

    def __init__(self, console: Console, total: int, price: Price) -> None:
        self.console = console
        self.total = total
        self.price = price
        self.cost = Cost()
        self.done = self.tuples = self.quarantined = 0
        self.rejected_crates: Counter[str] = Counter()
        self.rejected_tuples: Counter[str] = Counter()
        self._began = time.monotonic()
        self._bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(),
            TextColumn("crates · {task.fields[told]}"), TimeElapsedColumn(), TextColumn("{task.fields[eta]}"),
            console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("mining", total=total, told="0 tuples", eta="")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The bar is on the screen inside the block."""
        with self._bar:
            yield

    def note(self, done: Done) -> None:
        """One unit ended."""
        self.done += 1
        if done.summary is None:
            self.quarantined += 1
            words = (done.trouble or "").strip().splitlines()
            line = f"[red]quarantined[/] {done.unit}: {escape(visible(words[-1]) if words else 'no reason given')}"
        elif done.summary["status"] == "rejected":
            self.rejected_crates[done.summary["cause"]] += 1
            # A crate's own text may look like markup, [dependencies], or be a terminal's command.
            why = escape(visible(f"{done.summary['cause']}: {done.summary['message']}"))
            line = f"[yellow]rejected[/] {_name(done.summary)}: {why}"
        else:
            counts = done.summary["counts"]
            self.tuples += counts["kept"]
            self.rejected_tuples.update(counts["rejected"])
            line = (
                f"[green]mined[/] {_name(done.summary)}: {counts['kept']} tuples, {sum(counts['rejected'].values())} "
                f"rejects, {done.summary['tests']['passed']} tests, {done.summary['wall_s']:.0f} s"
            )
        if done.summary is not None:
            self.cost += Cost.of(done.summary)
        self.console.print(f"[{self.done}/{self.total}] " + line, highlight=False, soft_wrap=True)
        self._bar.update(self._task, completed=self.done, told=self.told, eta=self.eta)

    @property
    def told(self) -> str:
        """The counts in a line."""
        reasons = ", ".join(f"{n} {reason}" for reason, n in self.rejected_tuples.most_common(3))
        told = f"{self.tuples} tuples · {self.cost.told(self.price)}"
        return told + (f" · rejects: {reasons}" if reasons else "")

    @property
    def eta(self) -> str:
        """The time that the rest takes at the pace so far."""
        if not self.done or self.done == self.total:
            return ""
        left = (time.monotonic() - self._began) / self.done * (self.total - self.done)
        return f"about {timedelta(seconds=round(left))} left"


@contextmanager
def planning(console: Console) -> Iterator[Callable[[str], None]]:
    """What is being done before mining begins, in a few words at a time: on a terminal one line that changes and goes,
    elsewhere a line at most every `QUIET_S` seconds.
    """
    if console.is_terminal:
        with console.status("[dim]planning[/]") as status:
            yield lambda text: status.update(f"[dim]{escape(visible(text))}[/]")
        return
    told = time.monotonic()

    def say(text: str) -> None:
        nonlocal told
        if time.monotonic() - told >= QUIET_S:
            told = time.monotonic()
            console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

    yield say


def _name(summary: dict[str, str]) -> str:
    return f"{summary['crate']} {summary['version']}"
