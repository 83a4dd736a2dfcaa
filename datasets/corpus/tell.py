"""What a person reads of a corpus on a terminal: how it was sifted, what is in it, what its gates say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from oxidizer.cluster.visible import visible
from oxidizer.datasets.corpus.audit import GATES, Audit
from oxidizer.datasets.corpus.pulls import patch_of
from oxidizer.datasets.corpus.reading import Difference
from oxidizer.datasets.corpus.split import SPLITS

_NAMED = 20
_REASONS = 3
_SHOWN = (
    "crate", "version", "repo", "pr", "kind", "title", "evidence", "cause", "stage", "reason", "detail", "code",
    "patch_diff",
)  # fmt: skip


def _plain(text: str) -> str:
    """A stranger's words: nothing in them is markup, or acts on the terminal."""
    return escape(visible(text))


def tell(manifest: Mapping[str, Any], out: Console) -> None:
    """The stages with what each dropped, then the families by split."""
    stages = Table("stage", "came", "stayed", "dropped", box=None, pad_edge=False, header_style="bold")
    for column in stages.columns[1:3]:
        column.justify = "right"
    for stage in manifest["stages"]:
        dropped = sorted(stage["dropped"].items(), key=lambda item: (-item[1], item[0]))
        words = [f"{count:,} {_plain(reason[:60])}" for reason, count in dropped[:_REASONS]]
        words += [f"{sum(count for _, count in dropped[_REASONS:]):,} for other reasons"] if dropped[_REASONS:] else []
        stages.add_row(stage["stage"], f"{stage['came']:,}", f"{stage['stayed']:,}", "; ".join(words))
    out.print(stages)
    rows: Counter[tuple[str, str]] = Counter()
    for shard in manifest["shards"]:
        rows[shard["family"], shard["split"]] += shard["rows"]
    splits = [split for split in SPLITS if any(key[1] == split for key in rows)]
    table = Table("family", *splits, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for family in dict.fromkeys(family for family, _ in sorted(rows)):
        table.add_row(family, *(f"{rows[family, split]:,}" for split in splits))
    out.print()
    out.print(table)


def tell_audit(found: Audit, out: Console) -> None:
    """Each gate, and what it refuses."""
    for gate, code in GATES.items():
        count = found.counts[gate]
        verdict = "[green]pass[/]" if not count else f"[red]refuses[/] {count:,}, exit status {code}"
        out.print(f"{gate:12} {verdict}")
        for breach in found.breaches[gate]:
            out.print(f"  {_plain(breach.where)}: {_plain(breach.what)}", soft_wrap=True)
        if count > len(found.breaches[gate]):
            out.print(f"  and {count - len(found.breaches[gate]):,} more")
    out.print(f"{found.rows:,} rows in {found.shards:,} shards")


def tell_counts(manifest: Mapping[str, Any], out: Console) -> None:
    """The tuples by code, class and origin, and the rows by licence."""
    counts: dict[str, Counter[str]] = {}
    licences: Counter[str] = Counter()
    for shard in manifest["shards"]:
        licences.update(dict.fromkeys(shard["license"], 1))
        if shard["family"] == "diag_fix":
            for what, found in shard["counts"].items():
                counts.setdefault(what, Counter()).update(found)
    for what, found in counts.items():
        named = [f"{_plain(name)} {count:,}" for name, count in found.most_common(_NAMED)]
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        out.print(f"\n[bold]{what}[/] ({len(found):,}): {', '.join(named)}{more}", soft_wrap=True)
    out.print(f"\n[bold]licences[/]: {_plain(', '.join(sorted(licences)))}", soft_wrap=True)


def tell_chat(row: Mapping[str, Any], out: Console) -> None:
    """A conversation message by message; of other rows their fields."""
    out.rule(_plain(f"{row['type']} {row['id'][:12]}"))
    if row["type"] != "chat":
        shown = {**row, "patch_diff": patch_of(row)}
        for name in _SHOWN:
            if shown.get(name):
                out.print(f"[bold]{name}[/] {_plain(str(shown[name]))}", soft_wrap=True)
        return
    for message in row["messages"]:
        out.print(f"[bold]{message['role']}[/]")
        if message["content"]:
            out.print(visible(message["content"]), soft_wrap=True, markup=False)
        for call in message["tool_calls"] or ():
            out.print(
                visible(f"{call['function']['name']} {call['function']['arguments']}"), soft_wrap=True, markup=False
            )


def tell_difference(found: Sequence[Difference], out: Console) -> None:
    """Each family in a line, and what moved."""
    table = Table("family", "in both", "gained", "lost", "moved", box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found:
        table.add_row(one.family, *(f"{n:,}" for n in (one.kept, len(one.gained), len(one.lost), len(one.moved))))
    out.print(table)
    for one in found:
        for key, before, after in one.moved[:_NAMED]:
            out.print(f"[red]{one.family} {key} was in {before}, is in {after}[/]")
