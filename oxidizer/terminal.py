"""What all commands say things with: the two streams of a terminal, and the end with a message."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, code: int = 1) -> NoReturn:
    """End with a message for a person."""
    err.print(f"[red]error:[/] {plain(message)}", soft_wrap=True)
    raise typer.Exit(code)


def plain(message: str) -> str:
    """A message that may hold a crate's words: what looks like markup, [dependencies], or is a terminal's command."""
    from oxidizer.cluster.visible import visible

    return escape(visible(message))
