"""The pipeline of a corpus, as a list: what each stage keeps, and why it drops the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from oxidizer.datasets.corpus.duplicates import Duplicates, Functions
from oxidizer.datasets.corpus.recipe import CorpusRecipe
from oxidizer.datasets.corpus.shares import share_out
from oxidizer.datasets.corpus.sieve import Mask, Sieve
from oxidizer.datasets.corpus.split import SEALED

Stage = Callable[[Sieve], None]


def pipeline(recipe: CorpusRecipe) -> list[tuple[str, Stage]]:
    """All stages, in order."""
    functions = Functions(recipe.near)
    return [
        ("record", _judged("malformed")),
        ("licence", _judged("refused")),
        ("code", _judged("unfit")),
        ("exact", exact),
        ("near", Duplicates(recipe.near)),
        ("sealed", _judged("contaminated")),
        ("sealed home", sealed_home),
        ("sealed copies", functions.sealed),
        ("function", functions.capped),
        ("home", lambda sieve: one_home(sieve, functions)),
        # Last: whatever went after it would change the shares of what stays.
        ("shares", lambda sieve: shares(sieve, recipe)),
    ]


def _judged(column: str) -> Stage:
    """Drops what was found wrong when the row was read."""

    def stage(sieve: Sieve) -> None:
        reasons = sieve.column(column)
        rows = np.flatnonzero([reason is not None for reason in reasons])
        sieve.drop(rows, [str(reasons[row]) for row in rows])

    return stage


def exact(sieve: Sieve) -> None:
    """One row of an id, and one of a content; a lesson that sealed code holds too is sealed."""
    for names, reason in ((("type", "id"), "the same record"), (("type", "sealed", "content"), "the same content")):
        groups = sieve.groups(*names)
        first = sieve.firsts(groups, sieve.alive)
        later = sieve.alive & (first != np.arange(len(sieve)))
        sieve.drop(np.flatnonzero(later), reason, first[later])
    sealed = sieve.column("sealed").astype(bool)
    groups = sieve.groups("content")
    first = sieve.firsts(groups, sieve.alive & sealed)
    known = sieve.alive & ~sealed & sealed[first]
    sieve.drop(np.flatnonzero(known), "the same content is sealed", first[known])


def shares(sieve: Sieve, recipe: CorpusRecipe) -> None:
    """No crate, code or class over its share; rare codes whole. Sealed rows are counted by nobody.

    Pull requests are whole: few repositories have many of them, and mining draws no more than some of each.
    """
    asked = recipe.shares
    for kind in ("diag_fix", "reject"):
        rows = np.flatnonzero(sieve.alive & (sieve.column("type") == kind) & ~sieve.column("sealed").astype(bool))
        wanted = {"crate": asked.crate, "code": asked.code}
        if kind == "diag_fix":
            wanted["class"] = asked.error_class
        groups = {name: sieve.groups(name)[rows] for name in wanted}
        rare = np.bincount(groups["code"], minlength=1)[groups["code"]] <= asked.rare
        shared = share_out(groups, wanted, rare, asked.least)
        sieve.shares[kind] = dict(shared.shares)
        for name, mask in shared.over.items():
            sieve.drop(rows[mask], f"more than {shared.shares[name]:.1%} of one {name}")


def sealed_home(sieve: Sieve) -> None:
    """What is not sealed itself, but of a repository that is."""
    sealed = sieve.column("sealed").astype(bool)
    homes = sieve.column("home")
    closed = set(homes[sieve.alive & sealed])
    sieve.drop(~sealed & np.array([home in closed for home in homes], bool), "its repository is sealed")


def one_home(sieve: Sieve, functions: Functions) -> None:
    """What is seen only from rows to be one (a crate with two repositories, repositories with one commit, a function
    with copies) is in one split, the one for examinations first; rows of the others are dropped, for moving them would
    move them from where they were.
    """
    names = np.array([f"{s}:{c}" for s, c in zip(sieve.column("source"), sieve.column("crate"), strict=True)], object)
    commits = sieve.groups("commit")
    told = np.array([commit is not None for commit in sieve.column("commit")], bool)
    _unite(sieve, np.unique(names.astype(str), return_inverse=True)[1], sieve.column("source") == "registry", "crate")
    _unite(sieve, commits, told, "commit")
    _unite(sieve, functions.labels, functions.labels >= 0, "function")


def _unite(sieve: Sieve, groups: NDArray[np.int64], among: Mask, what: str) -> None:
    rows = np.flatnonzero(among & sieve.alive & (sieve.splits != SEALED))
    # The better rows come first, and those for examinations before all.
    first = np.unique(groups[rows], return_index=True)
    split_of_group = dict(zip(first[0].tolist(), sieve.splits[rows[first[1]]], strict=True))
    gone = np.array([row for row in rows if sieve.splits[row] != split_of_group[int(groups[row])]], np.int64)
    sieve.drop(gone, f"its {what} is in another split too")
