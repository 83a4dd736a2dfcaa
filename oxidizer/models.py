"""The commands for models: train a policy of a corpus, and examine it on what it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oxidizer.terminal import fail, out, plain

train = typer.Typer(help="Models that learn to repair.", no_args_is_help=True)
evaluation = typer.Typer(help="Examine policies on crates that they have not seen.", no_args_is_help=True)


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


@evaluation.command("suite")
def suite_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs, as `oxidizer mine --sealed` made them.")],
    target: Annotated[Path, typer.Option("--out", help="The suite: a new folder.")],
    name: Annotated[str | None, typer.Option(help="What reports call it. Default: the folder's name.")] = None,
    unsealed: Annotated[
        bool, typer.Option("--unsealed", help="Take tuples of crates that are not sealed, too: to try things out.")
    ] = False,
) -> None:
    """Make a suite of the sealed tuples of runs: what no corpus may hold, and policies are examined on."""
    from oxidizer.eval.suite import make_suite

    try:
        made = make_suite(runs, target, name=name or target.name, sealed_only=not unsealed)
    except (ValueError, OSError) as error:
        fail(str(error))
    about = made.about
    out.print(
        f"{about['cases']:,} cases of {len(about['crates'])} crates, {about['codes']} codes: {plain(str(target))}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


@evaluation.command("run")
def run_command(
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="A suite, by `oxidizer eval suite`.")],
    policy: Annotated[
        str, typer.Option(help="A model's folder; or suggestions, suggestions-sure, no-change, random-SEED.")
    ],
    target: Annotated[Path, typer.Option("--out", help="The evaluation's folder. Continued if it is there.")],
    at: Annotated[str, typer.Option("--k", help="The numbers of tries to tell of, with commas.")] = "1,8,64",
    depth: Annotated[int, typer.Option(min=1, help="2: failures that change the diagnostics are tried further.")] = 1,
    sample: Annotated[int | None, typer.Option(min=1, help="Only so many cases, drawn by the seed.")] = None,
    seed: Annotated[int, typer.Option(help="Decides which.")] = 0,
    sandbox: Annotated[str, typer.Option(help="auto, docker, docker:RUNTIME or bubblewrap.")] = "auto",
    toolchain: Annotated[str | None, typer.Option(help="A rustup toolchain's name or a sysroot's folder.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Crates at work at once. Default: what fits.")] = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster. Default: RAY_ADDRESS, else this machine.")] = None,
) -> None:
    """Have a policy mend each case of a suite; what is green was proven alone, by the tool's own probe.

    Leaves eval.json with all figures: fix and exact at k with intervals by case and by crate, calibration, abstention,
    slices; and each try of each case. Running the same command again continues.
    """
    from oxidizer.cluster.backends import choose_backend
    from oxidizer.cluster.campaign import CampaignBroken, Stopped
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.session import ClusterLost, NoCluster, NoRoom
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain
    from oxidizer.eval.evaluation import CannotEvaluate, Examination, evaluate, tell
    from oxidizer.eval.suite import load_suite
    from oxidizer.miners.recipe import load_recipe
    from oxidizer.serve.selfplay.search import Budget

    try:
        ks = _numbers(at)
        found = find_toolchain(toolchain)
        cases = load_suite(suite)
        order = Examination(
            cases.drawn(sample, seed) if sample else cases, policy, target,
            Budget(candidates=max(ks), depth=depth), ks, found, choose_backend(sandbox, found.sysroot),
            load_recipe(None),
        )  # fmt: skip
        tell(evaluate(order, out, workers=workers, address=address), ks, out)
    except Stopped as stopped:
        out.print(f"{stopped}: stopped. The same command continues.")
        raise typer.Exit(128 + stopped.signum) from stopped
    except (
        CannotEvaluate, CampaignBroken, ClusterLost, NoCluster, NoRoom, SandboxUnavailable, ToolchainMissing,
        ValueError, OSError,
    ) as error:  # fmt: skip
        fail(str(error))
    out.print(f"Evaluation: {plain(str(target))}/eval.json", soft_wrap=True)


@evaluation.command("compare")
def compare_command(
    first: Annotated[Path, typer.Argument(metavar="EVAL", help="An evaluation.")],
    second: Annotated[Path, typer.Argument(metavar="OTHER", help="Another one of the same cases.")],
    at: Annotated[str, typer.Option("--k", help="The numbers of tries to tell of, with commas.")] = "1,8",
    listed: Annotated[int, typer.Option("--list", min=0, help="Name so many cases that were gained and lost.")] = 0,
) -> None:
    """Compare two evaluations case by case: what OTHER gained and lost against EVAL, and whether that is chance."""
    from oxidizer.eval.compare import compare

    try:
        found = compare(first, second, _numbers(at))
    except (ValueError, OSError) as error:
        fail(str(error))
    for one in found:
        low, high = one.difference.low, one.difference.high
        out.print(
            f"fix@{one.k} of {one.cases} cases: {one.first:.1%} -> {one.second:.1%}; gained {len(one.gained)}, lost "
            f"{len(one.lost)}; the difference by crates, 95%: {low:+.1%} to {high:+.1%}; p {one.p_value:.2g}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        for word, ids in (("gained", one.gained), ("lost", one.lost)):
            for case in ids[:listed]:
                out.print(f"  {word} {case}", highlight=False)


@evaluation.command("gate")
def gate_command(
    evaluated: Annotated[Path, typer.Argument(metavar="EVAL", help="An evaluation.")],
    gate: Annotated[Path, typer.Option(help="A TOML file of [[require]] tables: figure, at_least, at_most.")],
) -> None:
    """Hold an evaluation to a gate. Exit status 0 where all conditions hold, 5 where one does not."""
    from oxidizer.cluster.rundir import RunDirectory
    from oxidizer.eval.gate import judge, load_gate

    try:
        conditions = load_gate(gate)
        figures = RunDirectory(evaluated).read_json("eval.json")
        if figures is None:
            raise ValueError(f"{evaluated} has no eval.json: it is no evaluation, or it did not come to its end")
        results = judge(conditions, figures)
    except (ValueError, OSError) as error:
        fail(str(error))
    for one in results:
        word = "[green]holds[/]" if one.holds else "[red]FAILS[/]"
        out.print(f"{word}  {plain(one.words)}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(one.holds for one in results) else 5)


def _numbers(text: str) -> tuple[int, ...]:
    """Whole numbers above 0. Raises ValueError."""
    if not all(word.isdecimal() and int(word) > 0 for word in text.split(",")):
        raise ValueError(f"--k {text}: give whole numbers above 0, with commas, e.g. 1,8,64")
    return tuple(sorted({int(word) for word in text.split(",")}))
