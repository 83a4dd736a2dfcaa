"""Sealed crates: kept for evaluation alone, so that no model can have learnt from what it is examined on.

`crates/sealed.toml` names them with their repositories: a renamed crate, or another one of such a repository, is sealed
as well, in any version.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from oxidizer.cluster.crates import load_list
from oxidizer.datasets.repositories import repository_key

SEALED_LIST = Path(__file__).resolve().parent / "crates" / "sealed.toml"


@cache
def sealed_names() -> frozenset[str]:
    """The crates of the list."""
    return frozenset(spec.name for spec in load_list(SEALED_LIST))


@cache
def sealed_repositories() -> frozenset[str]:
    """Their repositories, as `repository_key` writes them."""
    keys = (repository_key(spec.repository) for spec in load_list(SEALED_LIST) if spec.repository)
    return frozenset(key for key in keys if key)


def is_sealed(name: str | None, repository: str | None) -> bool:
    """Whether a crate that is published under a name (None: it is not), from the repository at an address (None: not
    known), is sealed.
    """
    return name in sealed_names() or (repository is not None and repository_key(repository) in sealed_repositories())
