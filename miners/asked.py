"""From what a command asks for to its plan: miners of crates take a list, the one of pull requests a file of
repositories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oxidizer.cluster.rundir import RunDirectory
from oxidizer.miners.campaign import PULLS, Plan, make_plan
from oxidizer.miners.recipe import Recipe


def plan_of(
    miners: Sequence[str], list_file: Path | None, repos_file: Path | None, recipe: Recipe, *, archive: str | None,
    dependency_cache: str | None, run: str, say: Callable[[str], None] = lambda text: None, **asked: Any,
) -> Plan:  # fmt: skip
    """The plan of a campaign, which may have been begun in the folder `run`; what takes long is said in a few words.

    Raises ValueError for options that do not go together, and what the planning raises.
    """
    if PULLS not in miners:
        if list_file is None:
            raise ValueError(f"{', '.join(miners)}: give the crates by --list FILE")
        if repos_file or archive:
            raise ValueError(f"--repos-file and --archive are for --miners {PULLS}")
        return make_plan(list_file, recipe, miners=miners, dependency_cache=dependency_cache, **asked)
    if list(miners) != [PULLS]:
        raise ValueError(f"{PULLS} mines repositories, the others crates: give it a run of its own")
    if repos_file is None:
        raise ValueError(f"{PULLS}: give the repositories by --repos-file FILE")
    if list_file or dependency_cache:
        raise ValueError(f"--list and --dependency-cache are not for --miners {PULLS}")
    # Late: git and polars are not for those who mine crates.
    from oxidizer.miners.pulls.plan import plan_pulls

    return plan_pulls(repos_file, recipe, archive=archive, run=RunDirectory(run), say=say, **asked)
