"""The commands for models: train a policy of a corpus, and look into what it learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oxidizer.terminal import fail, out, plain

train = typer.Typer(help="Models that learn to repair.", no_args_is_help=True)


@train.command("templates")
def templates_command(
    corpus_folder: Annotated[Path, typer.Option("--corpus", help="A corpus, by `oxidizer corpus build`.")],
    target: Annotated[Path, typer.Option("--out", help="The model: a new folder. Continued if it is half made.")],
    recipe: Annotated[Path | None, typer.Option(help="A TOML file that changes keys of the default recipe.")] = None,
    seed: Annotated[int, typer.Option(help="Decides which fixes are drawn, and the ranker's chances.")] = 0,
    sandbox: Annotated[str, typer.Option(help="auto, docker, docker:RUNTIME or bubblewrap.")] = "auto",
    toolchain: Annotated[str | None, typer.Option(help="A rustup toolchain's name or a sysroot's folder.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Crates at work at once. Default: what fits.")] = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster. Default: RAY_ADDRESS, else this machine.")] = None,
) -> None:
    """Train a template policy: what the fixes of a corpus have in common, on a CPU, readable.

    Counts what each fix teaches, has candidates for it judged by the compiler in sandboxes (only such as fixes of other
    crates taught), and fits a ranker to what came of them. The same corpus, recipe and seed give the same model.
    Running the same command again continues; what is finished has its lineage.json.
    """
    from oxidizer.cluster.backends import choose_backend
    from oxidizer.cluster.campaign import CampaignBroken, Stopped
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.session import ClusterLost, NoCluster, NoRoom
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain
    from oxidizer.datasets.corpus.reading import open_corpus
    from oxidizer.miners.recipe import load_recipe
    from oxidizer.train.templates.recipe import load_template_recipe
    from oxidizer.train.templates.training import CannotTrain, Order, train

    try:
        found = find_toolchain(toolchain)
        order = Order(
            open_corpus(corpus_folder), target, load_template_recipe(recipe), seed, found,
            choose_backend(sandbox, found.sysroot), load_recipe(None),
        )  # fmt: skip
        lineage = train(order, out, workers=workers, address=address)
    except Stopped as stopped:
        out.print(f"{stopped}: stopped. The same command continues.")
        raise typer.Exit(128 + stopped.signum) from stopped
    except (
        CannotTrain, CampaignBroken, ClusterLost, NoCluster, NoRoom, SandboxUnavailable, ToolchainMissing, ValueError,
        OSError,
    ) as error:  # fmt: skip
        fail(str(error))
    metrics = lineage["metrics"]
    at = metrics["held_out"]
    out.print(
        f"{metrics['fixes']:,} fixes of {metrics['crates']} crates, {metrics['templates']:,} templates. On crates that "
        f"were left out: the recorded fix among 1, 8, 64 candidates for {at['exact@1']:.1%}, {at['exact@8']:.1%}, "
        f"{at['exact@64']:.1%}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    out.print(f"Model: {plain(str(target))}", soft_wrap=True)
