"""The small JSON files of a run directory, as typed as they promise to be: run.json, unit.json, quarantine/*.json.

A key that a later version adds is let through and a missing optional one gets its default; a value of the wrong type is
an error that names the file and the key.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class RunUnreadable(ValueError):
    """A run directory, or a file in it, is not what it should be. The message names the file and the way out."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class Asked(_Facts):
    """What the run was asked to do."""

    list: str | None = None
    crates: tuple[Any, ...] = ()
    miners: tuple[str, ...] = ()
    recipe: dict[str, Any] = {}
    seed: int | None = None
    sealed: bool = False


class Backend(_Facts):
    """The sandbox that was chosen."""

    backend: str | None = None
    image: str | None = None
    accepted_weaker: tuple[str, ...] = ()
    """The promises that it did not keep in full, as somebody accepted."""


class Code(_Facts):
    """Which Oxidizer did it."""

    version: str | None = None
    commit: str | None = None


class Session(_Facts):
    """One start of the command; a run has several where it was stopped and continued."""

    started: str | None = None
    ended: str | None = None
    how: str | None = None


class Prices(_Facts):
    """See `cost.Price`."""

    cpu_second: float = 0.0
    gb_hour: float = 0.0
    currency: str = "USD"


class LookedAt(_Facts):
    """What was found of one repository before its pull requests were mined."""

    name: str
    landed: int = 0
    told: int = 0
    """Pull requests chosen of which the archive tells something."""
    left: dict[str, int] = {}
    """What is no pull request that landed, or no single one, by reason."""
    odd: dict[str, int] = {}
    """Heads and numbers that were not believed, by reason."""


class ArchiveRead(_Facts):
    """The event archive, as it was read."""

    place: str
    counts: dict[str, int] = {}
    """Files, lines and events by what became of them."""


class RunManifest(_Facts):
    """`run.json`. `lint_groups` maps a lint to its group (style, pedantic, ...) as the run's own clippy has it."""

    schema_version: Literal[1]
    asked: Asked = Asked()
    toolchain: dict[str, Any] = {}
    sandbox: Backend = Backend()
    code: Code = Code()
    started: str | None = None
    sessions: tuple[Session, ...] = ()
    price: Prices = Prices()
    budget: dict[str, float] = {}
    reproducible: bool = True
    """False where a budget left crates out: which ones, the machine's speed decided."""
    lint_groups: dict[str, str] = {}
    repositories: tuple[LookedAt, ...] = ()
    archive: ArchiveRead | None = None


class Counts(_Facts):
    """The funnel of one unit: each number counts what reached that step."""

    harvested: int = 0
    candidates: int = 0
    proven: int = 0
    kept: int = 0
    rejected: dict[str, int] = {}
    """Tried and dropped, by reason."""
    skipped: dict[str, int] = {}
    """Never tried, by reason: noise, the caps."""
    unproven: dict[str, int] = {}
    """Tried and not proven, by reason, where no row of the rejects tells."""
    unkept: dict[str, int] = {}
    """Proven and left out, by reason: the caps."""
    noise: dict[str, int] = {}
    """Never tried because the recipe sets their lint aside, by lint; stands for the noise in `skipped`."""


class TestCounts(_Facts):
    """What the crate's own tests said before anything was edited."""

    passed: int = 0
    failed: int = 0
    flaky: int = 0
    doctests: int = 0
    state: Literal["pass", "none", "fail"] = "none"


class Audit(_Facts):
    """Tuples proven together that were proven once more alone, and how many of those agreed."""

    audited: int = 0
    agreed: int = 0


class Coverage(_Facts):
    """Whether the lines that tests run could be measured, and why not."""

    measured: bool = False
    reason: str | None = None


class Stage(_Facts):
    """The time of one stage. `wall_s` includes `overhead_s`, the part that the sandbox itself took."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    commands: int = 0
    overhead_s: float = 0.0


class Again(_Facts):
    """The first try of a unit that failed and was tried once more in a fresh sandbox; the unit tells of the second."""

    first: str = "unknown"
    """Its cause."""
    stages: dict[str, Stage] = {}


class Operator(_Facts):
    """What became of one operator's mistakes in one crate."""

    proposed: int = 0
    tried: int = 0
    red: int = 0
    kept: int = 0
    left: dict[str, int] = {}
    """Why the rest went no further, by reason: not tried, not red, not kept."""


class Poisoned(_Facts):
    """Shared runs of one route that something spoiled in one way, and the operators of the mutants that did."""

    route: str
    seen: str
    culprits: tuple[str, ...] = ()
    runs: int = 1


class Injection(_Facts):
    """What the injected miner says of its operators and of the compiler's runs that mutants shared."""

    operators: dict[str, Operator] = {}
    runs: dict[str, int] = {}
    poisoned: tuple[Poisoned, ...] = ()
    poisoned_left_out: int = 0
    """Spoiled runs beyond those that are told of."""
    unrecorded: str | None = None
    """Why nothing was tried in the code."""
    unshared: dict[str, str] = {}
    """By target, why its mutants shared no runs."""
    unlinted: dict[str, str] = {}
    """By target, why no lint was tried on it."""
    distrust: str | None = None
    """Why shared runs were not believed."""


class Move(_Facts):
    """What became of one move of a crate."""

    kind: str
    name: str
    outcome: str = "unknown"
    kept: dict[str, int] = {}
    """Tuples, by where their fixes come from."""
    left: dict[str, int] = {}
    """Errors that nothing mended, by code."""


class Migration(_Facts):
    """What the migration miner says of its moves."""

    moves: tuple[Move, ...] = ()


class PullCounts(_Facts):
    """What the pull-request miner says of one unit's pairs."""

    evidence: dict[str, int] = {}
    """Pairs by what failed before: test, compile_error, none."""
    kinds: dict[str, int] = {}

    @property
    def pairs(self) -> int:
        """All of them."""
        return sum(self.evidence.values())


class Spec(_Facts):
    """The list's entry of a unit, beside name and version: what is needed to prepare it again."""

    source: Literal["registry", "path", "git"]
    repository: str | None = None
    """Of pull requests: where they are from."""
    member: str | None = None
    features: tuple[str, ...] = ()
    default_features: bool = True
    license: str | None = None
    """The user's own word."""


class Unit(_Facts):
    """`units/<unit>/unit.json`: one crate that was finished, with its tuples or with the cause of having none."""

    unit: str
    crate: str
    version: str
    status: Literal["mined", "rejected"]
    cause: str | None = None
    message: str | None = None
    sandbox: str | None = None
    license: str | None = None
    lock: str | None = None
    spec: Spec | None = None
    limits: dict[str, float] = {}
    """The limits of a command that were the worker's, not the recipe's."""
    counts: Counts = Counts()
    tests: TestCounts = TestCounts()
    audit: Audit = Audit()
    coverage: Coverage = Coverage()
    injection: Injection | None = None
    migration: Migration | None = None
    pulls: PullCounts | None = None
    again: Again | None = None
    stages: dict[str, Stage] = {}
    wall_s: float = 0.0
    worker_cpu_s: float = 0.0
    peak_bytes: int = 0
    worker: str | None = None
    attempts: int = 1


class Quarantined(_Facts):
    """`quarantine/<unit>.json`: a unit that the infrastructure failed. It says nothing about the crate."""

    unit: str
    crate: str
    version: str
    error: str = ""
    attempts: int = 0


def manifest_of(run: Path) -> RunManifest:
    """The run's own file. Raises RunUnreadable where `run` is no run directory."""
    if not (run / "run.json").is_file():
        raise RunUnreadable(f"{run} holds no run.json: give the folder that was named by `oxidizer mine --out`.")
    return load(RunManifest, run / "run.json")


Model = TypeVar("Model", bound=_Facts)


def load(model: type[Model], path: Path) -> Model:
    """Read one file. Raises RunUnreadable where it is not JSON or a value has the wrong type."""
    try:
        return model.model_validate_json(_well_formed(path.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        raise _unreadable(path, f"{'.'.join(map(str, first['loc'])) or 'the whole file'}: {first['msg']}") from error
    except ValueError as error:
        raise _unreadable(path, f"not JSON: {error}") from error


def _unreadable(path: Path, why: str) -> RunUnreadable:
    way_out = "Move it away" if path.name == "run.json" else f"Move {path.parent.name}/ away"
    return RunUnreadable(f"{path}: {why}. {way_out} and run `oxidizer mine` again to have it redone.")


def _well_formed(raw: bytes) -> bytes:
    r"""The same JSON without broken UTF-8 and lone surrogates (`"\ud800"`), which a stranger's message may hold."""
    value = json.loads(raw.decode("utf-8", "replace"))
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
