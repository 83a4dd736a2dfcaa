"""The commands for corpora: build one of runs, hold it to its gates, look into it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oxidizer.terminal import err, fail, out, plain

corpus = typer.Typer(help="Corpora: what models learn from, built of runs.", no_args_is_help=True)

Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Run directories, or URIs of such.")]
Corpus = Annotated[Path, typer.Argument(metavar="CORPUS", help="A folder that `oxidizer corpus build --out` made.")]


@corpus.command("seal")
def seal_command(
    target: Annotated[Path, typer.Option("--out", help="The index: one file.")],
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="More crates to be kept out, as `mine` takes them. Repeatable.")
    ] = None,
    runs: Annotated[
        list[str] | None, typer.Option("--run", help="A run whose tuples are to be kept out. Repeatable.")
    ] = None,
    records: Annotated[
        list[Path] | None,
        typer.Option("--records", help="Eval cases, pull requests or tuples, as .parquet or .jsonl. Repeatable."),
    ] = None,
) -> None:
    """Make the index of sealed code: its functions and the runs of tokens in them, which no corpus may hold.

    The sealed crates that we ship are always in it. They are fetched by cargo; nothing of them is run.
    """
    from oxidizer.cluster.crates import ListError
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain
    from oxidizer.datasets.corpus.sealing import SealingFailed, seal

    try:
        sealed = seal(target, find_toolchain(), lists or (), runs or (), records or ()).about["sealed"]
    except (ListError, ToolchainMissing, SealingFailed, ValueError, OSError) as error:
        fail(str(error))
    functions = sum(one["functions"] for one in sealed)
    out.print(f"{functions:,} functions of {len(sealed)} crates: {plain(str(target))}", soft_wrap=True)


@corpus.command("build")
def build_command(
    runs: Runs,
    target: Annotated[Path, typer.Option("--out", help="The corpus: a folder. Continued if it is half built.")],
    index: Annotated[
        Path, typer.Option(help="The index of sealed code, by `oxidizer corpus seal`: what is like it is dropped.")
    ],
    recipe: Annotated[Path | None, typer.Option(help="A TOML file that changes keys of the default recipe.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; with --address: tasks at once.")] = 1,
    address: Annotated[
        str | None,
        typer.Option(help="Spread over Ray: a cluster's address, or `local`. The same corpus either way."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a finished corpus of another content.")] = False,
) -> None:
    """Build a corpus of run directories: licensed, without duplicates and sealed code, split by repository.

    Running the same command again continues where a build was stopped or killed; what is finished has its
    manifest.json. The same runs, recipe and index give the same bytes.
    """
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain
    from oxidizer.datasets.corpus.build import build
    from oxidizer.datasets.corpus.engine import engine
    from oxidizer.datasets.corpus.notices import NoticesInterrupted
    from oxidizer.datasets.corpus.order import Order
    from oxidizer.datasets.corpus.recipe import load_corpus_recipe
    from oxidizer.datasets.corpus.sources import open_source
    from oxidizer.datasets.corpus.tell import tell

    try:
        settings = load_corpus_recipe(recipe)
        order = Order(tuple(map(open_source, runs)), index, settings, find_toolchain(), replace)
        with engine(workers, address) as spread:
            manifest = build(order, target, spread, _said)
    except (ToolchainMissing, NoticesInterrupted, ValueError, OSError, RuntimeError) as error:
        fail(str(error))
    tell(manifest, out)
    out.print(f"Corpus: {plain(str(target))}", soft_wrap=True)


@corpus.command("audit")
def audit_command(corpus_folder: Corpus) -> None:
    """Hold a corpus to its gates. Exit status 0 if all pass, else that of the first gate that refuses: 10 complete,
    11 ledger, 12 split, 13 licence, 14 attribution, 15 anchor, 16 sealed, 17 record.
    """
    from oxidizer.datasets.corpus.audit import audit
    from oxidizer.datasets.corpus.tell import tell_audit

    try:
        found = audit(corpus_folder)
    except OSError as error:
        fail(str(error))
    tell_audit(found, out)
    raise typer.Exit(found.exit_code)


@corpus.command("validate")
def validate_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A .parquet or .jsonl file, or a folder of such.")],
) -> None:
    """Check that every row is a record: its fields, its id and its hash. Exit status 1 where one is not."""
    from oxidizer.datasets.corpus.validate import validate

    rows = found = 0
    try:
        for trouble in validate(path):
            rows += 1
            found += trouble is not None
            if trouble is not None and found <= _TROUBLES:
                err.print(f"[red]{plain(trouble)}[/]", soft_wrap=True)
    except (ValueError, OSError) as error:
        fail(str(error))
    if found:
        fail(f"{found:,} of {rows:,} rows are no records")
    out.print(f"{rows:,} rows, all of them records")


_TROUBLES = 20


def _said(step: str, done: int, of: int) -> None:
    """Progress: a line that is written anew on a terminal; elsewhere the begin and end of each step."""
    if err.is_terminal:
        err.print(f"\r{step}: {done}/{of}   ", end="" if done < of else "\n")
    elif done == of:
        err.print(f"{step}: {of}")


Family = Annotated[str, typer.Option(help="diag_fix, chat, explain_diff, style_guide, negatives, ...")]
SplitName = Annotated[str | None, typer.Option("--split", help="train, val, test or sealed. Default: all.")]


@corpus.command("stats")
def stats_command(corpus_folder: Corpus) -> None:
    """What a corpus holds: how it was sifted, rows by family and split, codes, classes, origins, licences."""
    from oxidizer.datasets.corpus.reading import open_corpus
    from oxidizer.datasets.corpus.tell import tell, tell_counts

    try:
        found = open_corpus(corpus_folder)
    except (ValueError, OSError) as error:
        fail(str(error))
    tell(found.manifest, out)
    tell_counts(found.manifest, out)


@corpus.command("sample")
def sample_command(
    corpus_folder: Corpus,
    family: Family = "diag_fix",
    split: SplitName = None,
    count: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 3,
    seed: Annotated[int, typer.Option(help="Another one draws others.")] = 0,
) -> None:
    """Show some rows, drawn by chance: tuples as `oxidizer show` does, conversations message by message."""
    from oxidizer.datasets.corpus.reading import open_corpus, sample
    from oxidizer.datasets.corpus.tell import tell_chat
    from oxidizer.miners.show import render_tuple

    try:
        rows = sample(open_corpus(corpus_folder), family, split, count, seed)
    except (ValueError, OSError) as error:
        fail(str(error))
    for row in rows:
        if row["type"] == "diag_fix":
            render_tuple(row, out)
        else:
            tell_chat(row, out)


@corpus.command("diff")
def diff_command(
    old: Corpus,
    new: Annotated[Path, typer.Argument(metavar="OTHER", help="The corpus that came later.")],
) -> None:
    """What a corpus gained and lost against another, by ids; exit status 1 where a row moved to another split."""
    from oxidizer.datasets.corpus.reading import differences, open_corpus
    from oxidizer.datasets.corpus.tell import tell_difference

    try:
        found = differences(open_corpus(old), open_corpus(new))
    except (ValueError, OSError) as error:
        fail(str(error))
    tell_difference(found, out)
    raise typer.Exit(1 if any(one.moved for one in found) else 0)


@corpus.command("export")
def export_command(
    corpus_folder: Corpus,
    target: Annotated[Path, typer.Option("--out", help="The file to be written.")],
    family: Family = "diag_fix",
    split: SplitName = None,
    form: Annotated[
        str,
        typer.Option("--format", help="jsonl: rows as they are. chat: `messages`, and `tools` where there are any."),
    ] = "jsonl",
) -> None:
    """Write the rows of a family as lines of JSON, for whoever reads no Parquet, or trains on conversations."""
    from oxidizer.datasets.corpus.export import export
    from oxidizer.datasets.corpus.reading import open_corpus

    try:
        written, left_out = export(open_corpus(corpus_folder), family, split, form, target)
    except (ValueError, OSError) as error:
        fail(str(error))
    out.print(f"{written:,} rows: {plain(str(target))}", soft_wrap=True)
    if left_out:
        out.print(f"{left_out:,} are left out: their form has no room for them")
