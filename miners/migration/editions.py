"""The moves to newer editions: one hunk of Cargo.toml each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.migration.move import Immovable, Move
from oxidizer.miners.operators.manifest import EDITIONS
from oxidizer.miners.operators.operator import Code
from oxidizer.miners.operators.toml import head_end, newline, pairs, table, unquoted

OLDEST_RUST = {"2018": (1, 31), "2021": (1, 56), "2024": (1, 85)}
"""The release that brought an edition; cargo takes no older `rust-version` beside it."""


def edition_moves(manifest: str, text: bytes) -> Iterator[Move]:
    """A crate's moves to each newer edition, the nearest first; `manifest` names its Cargo.toml, `text` is that.

    Raises Immovable where the edition is not the manifest's own to say.
    """
    code = Code(manifest, text)
    package = table(code, "package")
    if package is None:
        raise Immovable("no [package] table")
    told = pairs(package, code)
    if "edition.workspace" in told or ("edition" in told and told["edition"].type != "string"):
        raise Immovable("the edition is the workspace's")
    now = unquoted(told["edition"], code) if "edition" in told else EDITIONS[0]
    if now not in EDITIONS:
        raise Immovable(f"edition {now}")
    for to in EDITIONS[EDITIONS.index(now) + 1 :]:
        edits = (_edition(package, told, to, code), *_rust_version(told, to, code))
        yield Move("edition", f"edition {now} to {to}", f"the crate moved from edition {now} to {to}", edits)


def on_the_way(move: Move) -> tuple[str, ...]:
    """The editions that a move comes by, the last one included; none for a move of another kind."""
    now, to = re.findall(r"\d{4}", move.name) if move.kind == "edition" else (EDITIONS[0], EDITIONS[0])
    return EDITIONS[EDITIONS.index(now) + 1 : EDITIONS.index(to) + 1]


def _edition(package: Node, told: dict[str, Node], to: str, code: Code) -> Edit:
    if "edition" in told:
        return code.replace(told["edition"], f'"{to}"')
    return code.insert(head_end(package), f'{newline(code)}edition = "{to}"')


def _rust_version(told: dict[str, Node], to: str, code: Code) -> Iterator[Edit]:
    """Raise a `rust-version` that is older than the edition."""
    if "rust-version" not in told or told["rust-version"].type != "string":
        return
    numbers = tuple(int(n) for n in re.findall(r"\d+", unquoted(told["rust-version"], code))[:2])
    if numbers < OLDEST_RUST[to]:
        yield code.replace(told["rust-version"], '"{}.{}"'.format(*OLDEST_RUST[to]))
