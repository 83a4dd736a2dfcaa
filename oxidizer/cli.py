"""The `oxidizer` command. Everything heavy is imported inside the commands, so that `--help` is instant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from oxidizer import corpora, models, supplies
from oxidizer.terminal import err, fail, out, plain

app = typer.Typer(
    name="oxidizer",
    help="Proven training data and models for Rust repair: what compiler and tests vouch for, from real crates.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(supplies.image, name="image")
app.add_typer(supplies.crates, name="crates")
app.add_typer(corpora.corpus, name="corpus")
app.add_typer(models.train, name="train")
app.add_typer(models.evaluation, name="eval")

AcceptWeaker = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-weaker",
        metavar="NAME",
        help="Run though this promise of the sandbox is weaker here, as `oxidizer doctor --sandbox auto` names it; "
        "`user` and `cpu` may be absent, too. Repeatable, or several with commas.",
    ),
]
RunFolder = Annotated[Path, typer.Argument(help="A run directory, as `oxidizer mine --out` made it.", metavar="RUN")]
_AGAINST = "Instead: compare with this run. Written into the first as against-NAME.html and .json."
Against = Annotated[Path | None, typer.Option(metavar="RUN", help=_AGAINST)]


@app.command()
def mine(
    run_folder: Annotated[
        str,
        typer.Option(
            "--out", help="The run directory: a folder, or a URI such as s3://bucket/run. Continued if it is there."
        ),
    ],
    miners: Annotated[
        str,
        typer.Option(
            help="Which, separated by commas: suggestions (what the tools propose), injected (bugs made on purpose), "
            "migration (what newer editions, dependencies and lints break); or pull-requests alone (what repositories' "
            "histories changed, proven by their tests)."
        ),
    ] = "suggestions",
    list_file: Annotated[
        Path | None,
        typer.Option("--list", help="Crates by exact version: TOML (\\[\\[crate]] tables) or CSV (name,version)."),
    ] = None,
    repos_file: Annotated[
        Path | None,
        typer.Option(help="For pull-requests: repositories, one git URL or local mirror a line."),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="For pull-requests: a folder (or URI) of GitHub's event archive, for titles and reviews.",
        ),
    ] = None,
    sandbox: Annotated[
        str, typer.Option(help="auto, docker, docker:RUNTIME or bubblewrap. All give the same tuples.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Decides what is tried where caps leave some out.")] = 0,
    recipe: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file that changes keys of the default recipe; tables \\[injected] and \\[migration] steer "
            "those miners."
        ),
    ] = None,
    toolchain: Annotated[str | None, typer.Option(help="A rustup toolchain's name or a sysroot's folder.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Crates at work at once. Default: what fits.")] = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster. Default: RAY_ADDRESS, else this machine.")] = None,
    dashboard: Annotated[bool, typer.Option(help="Start Ray's dashboard with a local session.")] = False,
    accept_weaker: AcceptWeaker = None,
    sealed: Annotated[
        bool,
        typer.Option("--sealed", help="Mine crates that are sealed, too: for evaluation alone, as their tuples say."),
    ] = False,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="End the run cleanly when this much is used: wall_hours, cpu_hours, money (at the recipe's prices) or "
            "tuples, of all starts together. Repeatable, or several with commas.",
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="RUN", help="An earlier run: what it had of a crate decides how early that is begun."),
    ] = None,
    dependency_cache: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Keep built dependencies here, for all crates and later runs to share."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Mine verified tuples from a list of crates, or from the histories of repositories.

    Runs cargo check, clippy, test and fmt on each crate in sandboxes without network, applies what the tools suggest,
    and keeps each fix that takes exactly its diagnostic away while the crate's own tests still pass. With
    [bold]--miners injected[/] it breaks the crates' code itself, and keeps what compiler or tests complain of:
    the starter list's 29 crates take 11 to 14 minutes on two cores. With [bold]--miners migration[/] it moves them to
    newer editions and dependencies, and keeps what the tools or the crates' own later versions mend.

    [bold]--miners pull-requests --repos-file FILE[/] finds the pull requests of repositories, builds each before, after
    and before with its tests laid on, and keeps those that the tests vouch for ([bold]pr_pair[/]).

    Running the same command again continues; stopping it (Ctrl-C) or killing it loses nothing that is committed.
    Exit status: 0 when every crate was mined or rejected, 1 when the command cannot run, 3 when units are quarantined
    for trouble with the machine, 4 when a budget left crates for another time, 130 or 143 when stopped.
    """
    from oxidizer.cluster.crates import ListError
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.toolchain import ToolchainMissing
    from oxidizer.miners.asked import plan_of
    from oxidizer.miners.budget import read_budget
    from oxidizer.miners.mining import CannotMine, Mining
    from oxidizer.miners.progress import planning
    from oxidizer.miners.recipe import RecipeError, load_recipe

    try:
        settings = load_recipe(recipe)
        limits = read_budget(budget or (), settings.price)
        with planning(err) as say:
            plan = plan_of(
                miners.split(","), list_file, repos_file, settings, archive=archive, dependency_cache=dependency_cache,
                run=run_folder, say=say, seed=seed, sandbox=sandbox, toolchain=toolchain,
                accept_weaker=accept_weaker or (), sealed=sealed,
            )  # fmt: skip
    except (ListError, RecipeError, ToolchainMissing, SandboxUnavailable, ValueError, OSError) as error:
        fail(str(error))
    try:
        mining = Mining(plan, run_folder, toolchain, out, err, budget=limits, like=like or ())
        if not dry_run:
            raise typer.Exit(mining.run(workers=workers, address=address, dashboard=dashboard))
        mining.tell()
    except CannotMine as error:
        fail(str(error))


@app.command()
def report(run: RunFolder, against: Against = None) -> None:
    """Write report.html and report.json of a run anew; or say what it gained, lost and judged otherwise."""
    from oxidizer.miners.mining import say_report

    try:
        say_report(str(run), out, against)
    except (ValueError, OSError) as error:
        fail(str(error))


@app.command()
def show(
    run: RunFolder,
    tuple_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A tuple's id or its beginning.")] = None,
) -> None:
    """Show a tuple as a person wants to see it: diagnostic, diff, verdict. Without ID: list all tuples."""
    from oxidizer.miners.show import find_tuple, list_tuples, render_tuple

    try:
        if tuple_id is None:
            list_tuples(run, out)
        else:
            render_tuple(find_tuple(run, tuple_id), out)
    except (ValueError, OSError) as error:
        fail(str(error))


@app.command()
def logs(
    run: RunFolder,
    crate: Annotated[str, typer.Argument(metavar="CRATE", help="A crate's name, name@version, or a unit's name.")],
    stage: Annotated[str | None, typer.Option(help="This stage alone: fetch, baseline, ...")] = None,
    every: Annotated[bool, typer.Option("--all", help="What commands that went well said, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The episode as it is kept, one JSON object a line.")] = False,
) -> None:
    """What was run for a crate: each command, how long, in which sandbox, and what those that failed said."""
    from oxidizer.miners.logs import lines_of, print_episode, print_json

    try:
        lines = lines_of(run, crate)
        if as_json:
            print_json([line for line in lines if stage in (None, getattr(line, "stage", stage))], out)
        else:
            print_episode(lines, out, stage=stage, every=every)
    except (ValueError, OSError) as error:
        fail(str(error))


@app.command()
def verify(
    run: RunFolder,
    sample: Annotated[int, typer.Option(min=1, help="How many tuples.")] = 20,
    seed: Annotated[int, typer.Option(help="Decides which.")] = 0,
    sandbox: Annotated[str, typer.Option(help="auto, docker, docker:RUNTIME or bubblewrap.")] = "auto",
    toolchain: Annotated[str | None, typer.Option(help="A rustup toolchain's name or a sysroot's folder.")] = None,
    repos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Of pull requests: a folder with repositories as <org>/<name>. Else cloned."),
    ] = None,
    accept_weaker: AcceptWeaker = None,
) -> None:
    """Replay tuples from their records alone, in fresh sandboxes: red before, green after, tests as before.

    Exit status 0 only if every sampled tuple is accepted.
    """
    from oxidizer.cluster.backends import choose_backend
    from oxidizer.cluster.promises import promises_named
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.standings import require
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain
    from oxidizer.miners.verify import verify_run, what_of

    accepted = refused = 0
    try:
        weaker = promises_named(accept_weaker or ())
        found = find_toolchain(toolchain)
        backend = choose_backend(sandbox, found.sysroot)
        require(backend, found.sysroot, weaker)
        for checked, verdict in verify_run(run, sample, seed, backend, found, repos):
            accepted += verdict.green
            refused += not verdict.green
            about = f"{checked['id'][:12]} {what_of(checked)}"
            if verdict.green:
                out.print(f"[green]accepted[/] {about}")
            else:
                why = plain(f"{verdict.reason}: {verdict.detail}")
                err.print(f"[red]REFUSED[/]  {about}: {why}", soft_wrap=True)
    except (ValueError, OSError, SandboxUnavailable, ToolchainMissing) as error:
        fail(str(error))
    out.print(f"accepted {accepted} of {accepted + refused} replayed")
    raise typer.Exit(1 if refused else 0)


@app.command()
def reproduce(
    run: RunFolder,
    what: Annotated[str, typer.Argument(metavar="CRATE|ID", help="A crate, or the beginning of a record's id.")],
    folder: Annotated[
        Path | None, typer.Option("--out", help="The folder to leave. Default: a named one in this folder.")
    ] = None,
    shell: Annotated[bool, typer.Option("--shell", help="Then open a shell in a sandbox with it.")] = False,
    sandbox: Annotated[str, typer.Option(help="auto, docker, docker:RUNTIME or bubblewrap.")] = "auto",
    toolchain: Annotated[
        str | None, typer.Option(help="Another toolchain than the record's: a rustup name or a sysroot's folder.")
    ] = None,
    accept_weaker: AcceptWeaker = None,
) -> None:
    """Make a unit, a tuple or a reject anew from its record alone, in a fresh sandbox, beside what the record says.

    Leaves a folder with the code before and after, the patches, and a README that says which cargo lines show it.
    Exit status: 0 if all is as recorded, 1 if not, 2 for input that cannot be used, 3 for trouble with the machine.
    """
    from oxidizer.cluster.promises import promises_named
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.toolchain import ToolchainMissing
    from oxidizer.miners import retell

    try:
        weaker = promises_named(accept_weaker or ())
        same = retell.reproduce(
            run, what, folder, out, sandbox=sandbox, toolchain=toolchain, accepted=weaker, with_shell=shell
        )
    except (ValueError, ToolchainMissing) as error:
        fail(str(error), code=2)
    except (SandboxUnavailable, OSError) as error:
        fail(str(error), code=3)
    raise typer.Exit(0 if same else 1)


app.command()(supplies.doctor)


def main() -> None:
    """The console script."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(141)


if __name__ == "__main__":
    main()
