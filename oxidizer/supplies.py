"""The commands for what mining needs: what is installed, the toolchain image, lists of crates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from oxidizer.terminal import err, fail, out

image = typer.Typer(help="The toolchain image that Docker sandboxes run.", no_args_is_help=True)
crates = typer.Typer(help="Lists of crates to mine.", no_args_is_help=True)


def doctor(
    sandbox: Annotated[
        str | None,
        typer.Option(
            metavar="BACKEND",
            help="Try instead how each promise of a sandbox stands here (auto, docker, docker:RUNTIME or bubblewrap), "
            "and say how to mend what is weaker.",
        ),
    ] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Instead: remove what dead runs left on this machine, and only that.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --clean: list it, remove nothing.")] = False,
) -> None:
    """What is installed here and what a missing thing costs; how the sandbox holds; what dead runs left.

    Exit status 1 if mining cannot work; with [bold]--sandbox[/], if a promise is absent that no campaign does without.
    With [bold]--clean[/] it lists the containers, control groups, mounts, loop devices, processes and scratch folders
    of runs whose process is gone, removes them, and says what it left alone and why. Exit status 0 if all of it went.
    """
    if clean and sandbox is not None:
        fail("--sandbox and --clean are two things: give one of them", code=2)
    if clean:
        from oxidizer.cluster.leftovers import clean_up

        raise typer.Exit(0 if clean_up(out, dry_run=dry_run) else 1)
    if dry_run:
        fail("--dry-run goes with --clean: `oxidizer doctor --clean --dry-run`", code=2)
    from oxidizer.cluster.doctor import examine, fit_to_mine, print_findings

    if sandbox is not None:
        _try_sandbox(sandbox)
    findings = examine()
    print_findings(findings, out)
    raise typer.Exit(0 if fit_to_mine(findings) else 1)


def _try_sandbox(wanted: str) -> NoReturn:
    from oxidizer.cluster.backends import choose_backend
    from oxidizer.cluster.machine import machine_facts
    from oxidizer.cluster.promise_table import fit_for_campaigns, print_standings
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.standings import standings
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain

    try:
        sysroot = find_toolchain().sysroot
        backend = choose_backend(wanted, sysroot)
        found = standings(backend, sysroot)
    except (SandboxUnavailable, ToolchainMissing, ValueError, OSError) as error:
        fail(str(error))
    print_standings(backend, machine_facts(), found, out)
    raise typer.Exit(0 if fit_for_campaigns(found) else 1)


@image.command("build")
def image_build(
    base: Annotated[
        str | None,
        typer.Option(help="A Debian base image of a registry. Without: debootstrap makes the base (as root)."),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Default: by the toolchain's version and content.")] = None,
    toolchain: Annotated[str | None, typer.Option(help="A rustup toolchain's name or a sysroot's folder.")] = None,
) -> None:
    """Make the image with the Rust toolchain that Docker sandboxes run. Does nothing where it is there."""
    from oxidizer.cluster.image import ImageError, build_image
    from oxidizer.cluster.sandbox import SandboxUnavailable
    from oxidizer.cluster.toolchain import ToolchainMissing, find_toolchain

    try:
        built = build_image(
            find_toolchain(toolchain).sysroot, base_image=base, tag=tag, say=lambda text: out.print(text)
        )
    except (ImageError, SandboxUnavailable, ToolchainMissing) as error:
        fail(str(error))
    out.print(built)


@crates.command("select")
def crates_select(
    dump: Annotated[Path, typer.Option(help="The folder of the crates registry's unpacked database dump.")],
    top: Annotated[int, typer.Option(min=1, help="How many crates.")],
    list_file: Annotated[
        Path | None, typer.Option("--out", help="The list, as `oxidizer mine --list` reads it. Default: it is printed.")
    ] = None,
    apart_from: Annotated[
        list[Path] | None,
        typer.Option(
            help="A list of crates; none of them, and none of their repositories, is chosen, as with those that are "
            "sealed. Repeatable."
        ),
    ] = None,
    per_repository: Annotated[int, typer.Option(min=1, help="The most crates of one repository.")] = 1,
    most_kib: Annotated[int, typer.Option(min=4, help="The most that a packed crate may have, in KiB.")] = 1024,
    rust: Annotated[
        str | None, typer.Option(metavar="MAJOR.MINOR", help="Leave out crates that say they need a newer Rust.")
    ] = None,
) -> None:
    """Choose crates by evidence: downloads, dependants, recency, health and licence, spread over categories."""
    from oxidizer.cluster.crates import load_list
    from oxidizer.datasets.dump import Dump
    from oxidizer.datasets.sealed import sealed_names
    from oxidizer.datasets.selection import Criteria, as_list, release, select

    try:
        if list_file is not None and list_file.suffix != ".toml":
            raise ValueError(f"{list_file}: a list's name ends in .toml")
        criteria = Criteria(most_bytes=most_kib << 10, rust=release(rust) if rust else None)
        apart = sealed_names().union(spec.name for path in apart_from or () for spec in load_list(path))
        chosen = select(Dump(dump), top, criteria, apart_from=apart, per_repository=per_repository)
        text = as_list(chosen, f"{len(chosen)} crates, chosen by `oxidizer crates select`: rank and evidence, score.")
        if list_file is not None:
            list_file.write_text(text, "utf-8")
    except (ValueError, OSError) as error:
        fail(str(error))
    if list_file is None:
        out.print(text, markup=False, soft_wrap=True, end="")
    else:
        out.print(f"{list_file}: {len(chosen)} crates of {len({crate.category for crate in chosen})} categories")
    if len(chosen) < top:
        err.print(f"the dump has {len(chosen)} that fit, not {top}", soft_wrap=True)
