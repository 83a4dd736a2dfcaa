"""From a proven change to its record, and from one that is not proven to its own."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from oxidizer import __version__
from oxidizer.cluster.libtest import TestId
from oxidizer.datasets.corpus.meaning import unfit
from oxidizer.datasets.records import Ci, EnvVar, Kind, Probe, PrPair, PrUnproven, TestName
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.ground import Standing, Unproven
from oxidizer.miners.pulls.objects import Change, Objects
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.proof import Proof
from oxidizer.miners.pulls.wording import Wording

_SECTION = re.compile(rb"(?m)^diff --git ")


@dataclass(frozen=True)
class Repository:
    """What every record of one repository says of it."""

    name: str
    """`<org>/<name>`."""
    url: str
    sealed: bool
    toolchain: str
    lineage: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """A pull request that is worth a proof."""

    pull: Pull
    kind: Kind
    words: Wording
    license: str
    before_tree: str
    after_tree: str
    patch: bytes
    model_diff: str
    rationale: str = ""
    """What is said of dependencies that come."""


def pair(repository: Repository, request: Request, proof: Proof, standing: Standing, test_diff: bytes, lock: str
) -> PrPair:  # fmt: skip
    """The record of a proven change. `lock` is its lock file's name below the unit's folder."""
    checks = request.words.checks
    return PrPair.new(
        **_fields(repository, request, f"lock:{standing.origin}"), test_diff=test_diff,
        ci=Ci(status=checks, source="github") if checks else Ci(status="pass", source="sandbox"),
        evidence=proof.evidence, fail_to_pass=_names(proof.fail_to_pass), pass_to_pass=_names(proof.pass_to_pass),
        flaky=_names(proof.flaky), probe=_probe(standing), lock=lock,
    )  # fmt: skip


def unproven(repository: Repository, request: Request, why: Unproven) -> PrUnproven:
    """The record of a change that could not be proven."""
    return PrUnproven.new(**_fields(repository, request), cause=why.cause, message=str(why))


def model_diff(objects: Objects, patch: bytes, changes: Collection[Change]) -> str:
    """A diff as models see it: without locks, binary files, and what nobody wrote or reads."""
    left_out = {name_of(change.path) for change in changes if _is_unread(objects, change)}
    sections = [b"diff --git " + part for part in _SECTION.split(patch)[1:]]
    kept = [s for s in sections if b"\nGIT binary patch\n" not in s and _file(s) not in left_out]
    return b"".join(kept).decode("utf-8", "replace")


def _is_unread(objects: Objects, change: Change) -> bool:
    name, entry = name_of(change.path), change.new or change.old
    if place_of(name) is Place.LOCK:
        return True
    return name.endswith(".rs") and entry is not None and unfit(objects.blob(entry.oid), name) is not None


def _file(section: bytes) -> str:
    """The path of a diff's section, by its last line that names one; a name that git quotes is taken as it stands."""
    found = re.search(rb"(?m)^(?:\+\+\+ b/|--- a/)(.+?)\t?$", section)
    named = re.search(rb"(?m)^\+\+\+ b/(.+?)\t?$", section) or found
    return named[1].decode("utf-8", "surrogateescape") if named else ""


def _fields(repository: Repository, request: Request, *lineage: str) -> dict[str, Any]:
    pull, words = request.pull, request.words
    return {
        "license": request.license, "source_url": repository.url, "commit": pull.after, "parents": [],
        "repo": repository.name, "pr": pull.number, "kind": request.kind, "title": words.title, "body": words.body,
        "commit_msg": words.commit_msg, "review_comments": list(words.comments),
        "reviews": list(words.reviews) or None, "rationale": request.rationale or None, "base_commit": pull.before,
        "merge_commit": pull.after, "before_tree": request.before_tree, "patch_diff": request.patch,
        "after_tree": request.after_tree, "model_diff": request.model_diff, "toolchain": repository.toolchain,
        "sealed": repository.sealed,
        "lineage": [*repository.lineage, f"landed:{pull.kind}", *lineage, f"oxidizer:{__version__}"],
    }  # fmt: skip


def _probe(standing: Standing) -> Probe:
    place = [] if standing.folder == "." else ["--manifest-path", f"{standing.folder}/Cargo.toml"]
    args = ["test", "--tests", "--no-fail-fast", "--workspace", *standing.features, *place]
    return Probe(args=args, env=[EnvVar(name=name, value=value) for name, value in standing.env])


def _names(tests: Collection[TestId]) -> list[TestName]:
    return [TestName(package=t.package, target=t.target, name=t.name) for t in sorted(tests)]
