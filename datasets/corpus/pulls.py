"""Where rows of pull requests differ from those of crates: their patch, their package, and how well they are proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]

PULLS: Final = frozenset({"pr_pair", "pr_unproven"})
"""The types of records that are of a whole pull request."""
PACKAGE: Final = ("crate", "version", "source", "member", "license", "source_url")
"""What names the package whose code a row holds."""


def is_pull(row: Row) -> bool:
    """The row is of a whole pull request."""
    return row["type"] in PULLS


def patch_of(row: Row) -> str:
    """The diff that is to be learnt from; of a pull request that without binary, generated and vendored files."""
    return str((row["model_diff"] if is_pull(row) else row["patch_diff"]) or "")


def package_of(row: Row) -> dict[str, Any]:
    """The fields of PACKAGE; of a pull request those of its whole repository."""
    whole = {"crate": row["repo"], "version": "", "source": "git", "member": "."} if is_pull(row) else {}
    return {name: whole.get(name, row.get(name)) for name in PACKAGE}


def pull_quality(row: Row) -> int:
    """How well a pull request is proven: by a test that failed, by one that did not compile, by tests that stay green;
    then whose word it is too.
    """
    if row["type"] != "pr_pair":
        return 0
    shown = {"test": 2, "compile_error": 1}.get(row["evidence"], 0)
    return 8 * shown + 4 * bool(row["pass_to_pass"]) + int(row["ci"]["source"] == "github")
