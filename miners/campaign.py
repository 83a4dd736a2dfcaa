"""A mining campaign: from a list, a recipe and a seed to a run directory, and what makes two of them the same."""

from __future__ import annotations

import difflib
import hashlib
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from oxidizer import __version__
from oxidizer.cluster.backends import choose_backend
from oxidizer.cluster.crates import CrateSpec, load_list
from oxidizer.cluster.dependencies import CacheTerms, cache_terms
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, expand, own_source
from oxidizer.cluster.image import image_digest, image_tag
from oxidizer.cluster.labels import new_run
from oxidizer.cluster.lints import NoLints, clippy_group, new_lints, read_lints, renamed
from oxidizer.cluster.promises import Promise, promises_named
from oxidizer.cluster.rundir import Json, RunDirectory, UnitOutput
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import Toolchain, find_toolchain, version_numbers
from oxidizer.datasets.records import canonical
from oxidizer.datasets.sealed import is_sealed
from oxidizer.miners.crate import SCHEMAS, MineCrates, told_spec
from oxidizer.miners.operators import operators
from oxidizer.miners.recipe import Migration, Recipe
from oxidizer.miners.tuples import SOURCE_ARCHIVE
from oxidizer.miners.work import NodePlan

MINERS = ("suggestions", "injected", "migration")
"""Those that mine crates."""
PULLS = "pull-requests"
"""The one that mines repositories."""


class RunMismatch(ValueError):
    """The run directory was made by a command that asked for something else."""


@dataclass(frozen=True)
class Plan:
    """One campaign, complete: what is asked, of which crates, with which toolchain and sandbox."""

    list_file: Path
    units: tuple[Json, ...]
    broken: tuple[tuple[CrateSpec, FetchError], ...]
    """Entries whose own manifest cannot be read, with the cause."""
    recipe: Recipe
    seed: int
    miners: tuple[str, ...]
    toolchain: Toolchain
    backend: str
    accepted: frozenset[Promise] = frozenset()
    """The promises of a sandbox that may be weaker, or absent, where the run's work is done."""
    sealed: bool = False
    """Crates that are kept for evaluation are mined too."""
    cache: CacheTerms | None = None
    """Where builds of dependencies are shared, which decides no tuple."""

    what: ClassVar[str] = "crates"
    """What the units are, in the plural, to a person."""

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """The tables that a unit leaves."""
        return SCHEMAS

    def work(self, sysroot: str | None, share: Share, run: str) -> NodePlan:
        """The work on the units: the toolchain's folder or name, a worker's share of its machine, the run's id."""
        return MineCrates(
            self.recipe, self.miners, self.seed, self.backend, sysroot, self.toolchain.version, share, run=run,
            accepted=self.accepted, sealed=self.sealed, cache=self.cache,
        )  # fmt: skip

    @property
    def asked(self) -> Json:
        """What decides the tuples, beside the toolchain."""
        crates = [f"{u['crate']} {u['version']}{_flags(u['spec'])}" for u in self.units]
        crates += [f"{spec.label} in {spec.path}: {error.cause}" for spec, error in self.broken]
        return {
            "list": self.list_file.name, "crates": crates, "miners": list(self.miners), "seed": self.seed,
            "sealed": self.sealed, "recipe": self.recipe.asked(self.miners),
        }  # fmt: skip

    def begin(self, run: RunDirectory) -> Json:
        """Write what a later start needs beside the list; what more is for run.json. Raises OSError."""
        return {}


def make_plan(
    list_file: Path,
    recipe: Recipe,
    *,
    seed: int,
    miners: Sequence[str],
    sandbox: str,
    toolchain: str | None = None,
    accept_weaker: Sequence[str] = (),
    sealed: bool = False,
    dependency_cache: str | None = None,
) -> Plan:
    """Read the list, settle the rest. Raises ListError, ToolchainMissing, ValueError, OSError, SandboxUnavailable."""
    for miner in miners:
        if miner not in MINERS:
            raise ValueError(f"no miner called {miner!r}; there are: {', '.join([*MINERS, PULLS])}")
    _check_operators(recipe)
    accepted = promises_named(accept_weaker)
    cache = cache_terms(dependency_cache) if dependency_cache else None
    if cache:
        cache.open()
    found = find_toolchain(toolchain)
    if missing := [tool for tool, there in (("clippy", found.has_clippy), ("rustfmt", found.has_rustfmt)) if not there]:
        raise ValueError(f"the toolchain in {found.sysroot} has no {' and no '.join(missing)}: see `oxidizer doctor`")
    if recipe.migration.older:
        recipe = replace(recipe, migration=_moved_from(recipe.migration, found))
    units: dict[str, Json] = {}
    broken = []
    for spec in load_list(list_file):
        try:
            # A workspace and one of its members may both be listed: the same package is one unit.
            units |= {unit["unit"]: unit for unit in (unit_of(one, found) for one in expand(spec, found))}
        except FetchError as error:
            broken.append((spec, error))
        except RegistryUnavailable as error:
            raise SandboxUnavailable(f"{spec.label} could not be looked at: {error}") from error
    if not sealed:
        _check_unsealed(list_file, units.values())
    return Plan(
        list_file,
        tuple(units.values()),
        tuple(broken),
        recipe,
        seed,
        tuple(miners),
        found,
        choose_backend(sandbox, found.sysroot),
        accepted,
        sealed,
        cache,
    )


def _moved_from(migration: Migration, to: Toolchain) -> Migration:
    """The recipe of moves with what tells the older toolchain and the run's apart.

    Raises ToolchainMissing, and ValueError where the older one is not older or has no clippy.
    """
    older = find_toolchain(migration.older, oldest=(1, 0))
    if version_numbers(older.release) >= version_numbers(to.release):
        raise ValueError(
            f"recipe: [migration] older: {older.version} is not older than the run's {to.version}: "
            "name an older one, or give the run a newer one by --toolchain"
        )
    try:
        known = read_lints(older.bin / "clippy-driver")
        if not any(name.startswith("clippy::") for name in known):
            raise NoLints("none of clippy's is among them")
        driver = to.bin / "clippy-driver"
        newer = read_lints(driver)
        lints = new_lints(known, newer, renamed(driver, known.keys() - newer.keys()))
    except (OSError, NoLints) as error:
        raise ValueError(f"recipe: [migration] older: {older.version} lists no lints: {error}") from error
    return replace(migration, older=older.version, new_lints=tuple(lints))


def _check_operators(recipe: Recipe) -> None:
    """Raises ValueError, naming the nearest, where the recipe names an operator that is not there."""
    known = [operator.name for operator in operators()]
    for name in recipe.injected.operators:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "docs/INJECTION.md says where they are"
            raise ValueError(f"recipe: [injected] operators: no operator {name!r}; {hint}")


def _check_unsealed(list_file: Path, units: Iterable[Json]) -> None:
    """Raises ValueError where crates are sealed: by their list, their name or the repository that is listed."""
    found = [
        f"{unit['crate']} {unit['version']}"
        for unit in units
        if unit["spec"]["sealed"]
        or is_sealed(None if unit["spec"]["path"] else unit["crate"], unit["spec"]["repository"])
    ]
    if found:
        raise ValueError(
            f"{list_file}: {', '.join(found[:5])}{' ...' if len(found) > 5 else ''}: sealed, which is for evaluation "
            "alone: what a model learns from must not be what it is examined on. Leave these out, or say --sealed: "
            "their tuples then carry the mark, and no corpus for training takes them."
        )


def unit_of(spec: CrateSpec, toolchain: Toolchain) -> Json:
    """The unit of one package: its name carries source, version, features and toolchain."""
    fields = {**asdict(spec), "path": str(spec.path) if spec.path else None, "features": list(spec.features)}
    source = "path" if spec.path else "registry"
    identity = [source, spec.name, spec.version, spec.member, spec.features, spec.default_features, toolchain.version]
    digest = hashlib.sha256(canonical(identity)).hexdigest()[:8]
    return {"unit": f"{spec.name}-{spec.version}-{digest}", "crate": spec.name, "version": spec.version, "spec": fields}


def _flags(spec: Json) -> str:
    off = [] if spec["default_features"] else ["-default"]
    # The user's own word on a licence decides whether a crate is mined at all.
    word = [f"licence {spec['license']}"] if spec["license"] else []
    extra = [*off, *spec["features"], *word]
    return f" [{', '.join(extra)}]" if extra else ""


def open_run(plan: Plan, run: RunDirectory) -> Json:
    """The run's `run.json` as it is or, where there is none, as it shall be; nothing is written.

    Raises RunMismatch, naming the difference, and ValueError where the run would lie among the sources it mines.
    """
    _check_outside(plan, run)
    manifest = run.read_json("run.json")
    if manifest is None:
        manifest = {
            "schema_version": 1, "id": new_run(), "asked": plan.asked,
            "toolchain": {"version": plan.toolchain.version, "host": plan.toolchain.host},
            "code": {"version": __version__, "commit": _commit()},
            "lint_groups": _lint_groups(plan.toolchain), "started": now(), "sessions": [], "reproducible": True,
        }  # fmt: skip
    elif differences := list(_differences(manifest, plan)):
        raise RunMismatch(
            f"{run.place} was asked for something else: {'; '.join(differences)}. "
            "Give another --out, or the same list, recipe, seed and toolchain as before."
        )
    # A run that was begun before runs had one gets it now.
    manifest.setdefault("id", new_run())
    known = manifest.get("sandbox", {}).get("accepted_weaker", [])
    manifest["sandbox"] = {**_sandbox(plan), "accepted_weaker": known}
    return manifest


def note_weaker(manifest: Json, weaker: Sequence[Promise]) -> None:
    """Note in run.json the promises that are not kept in full and were accepted, now or at an earlier start."""
    known = {*manifest["sandbox"]["accepted_weaker"], *weaker}
    manifest["sandbox"]["accepted_weaker"] = [promise.value for promise in Promise if promise in known]


def _check_outside(plan: Plan, run: RunDirectory) -> None:
    for unit in plan.units:
        own = unit["spec"].get("path")
        if own and "://" not in run.place and Path(run.place).resolve().is_relative_to(own):
            raise ValueError(
                f"the run directory {run.place} lies among the sources of {unit['crate']} ({own}), "
                "which it would change: give an --out outside of them"
            )


def _sandbox(plan: Plan) -> Json:
    image = image_digest(image_tag(plan.toolchain.sysroot)) if plan.backend.startswith("docker") else None
    return {"backend": plan.backend, "image": image}


def _lint_groups(toolchain: Toolchain) -> dict[str, str]:
    lints = read_lints(toolchain.bin / "clippy-driver").values()
    return {lint.name: clippy_group(lint) or "rustc" for lint in lints}


def _differences(manifest: Json, plan: Plan) -> list[str]:
    found = []
    before, now_asked = manifest.get("asked", {}), plan.asked
    old, new = set(before.get("crates", ())), set(now_asked["crates"])
    for sign, crates in (("no longer asked for", old - new), ("now also asked for", new - old)):
        if crates:
            found.append(f"{sign}: {', '.join(sorted(crates)[:5])}{' ...' if len(crates) > 5 else ''}")
    for key in ("miners", "seed"):
        if before.get(key) != now_asked[key]:
            found.append(f"{key} was {before.get(key)!r}, is {now_asked[key]!r}")
    # Those of pull requests alone are asked with one, and their oldest do not say.
    if "archive" in before and before["archive"] != now_asked.get("archive"):
        found.append(_archive_difference(before["archive"], now_asked.get("archive")))
    # Runs of before there were sealed crates have none.
    if before.get("sealed", False) != now_asked["sealed"]:
        found.append(f"sealed crates were {'also' if before.get('sealed') else 'not'} asked for")
    for key, value in now_asked["recipe"].items():
        was = before.get("recipe", {}).get(key)
        if was != value:
            found.append(_recipe_difference(key, was, value))
    if (was := manifest.get("toolchain", {}).get("version")) != plan.toolchain.version:
        found.append(f"toolchain was {was}, is {plan.toolchain.version}")
    return found


def _archive_difference(was: str | None, now: str | None) -> str:
    if was is None:
        return f"it was begun without --archive, and the words of {now} would be in one half of it: leave that out"
    return f"it was begun with --archive {was}, " + (f"not {now}" if now else "which is not given now")


def _recipe_difference(key: str, was: object, value: object) -> str:
    if isinstance(was, dict) and isinstance(value, dict):
        return "; ".join(
            _recipe_difference(f"[{key}] {name}", was.get(name), value[name])
            for name in value
            if was.get(name) != value[name]
        )
    if isinstance(was, list) and isinstance(value, list):
        changes = [f"without {name}" for name in was if name not in value]
        changes += [f"with {name}" for name in value if name not in was]
        return f"recipe {key} is now {', '.join(changes[:5]) or 'in another order'}{' ...' if len(changes) > 5 else ''}"
    return f"recipe {key} was {was!r}, is {value!r}"


def now() -> str:
    """This moment, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str | None:
    """The commit of this checkout, `+dirty` where files differ from it; None in an installed package."""
    here = Path(__file__).resolve().parent
    asked = [
        subprocess.run(
            ["git", "-C", here, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        for args in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    ]
    if any(run.returncode for run in asked) or not asked[0].stdout.strip():
        return None
    return asked[0].stdout.strip() + ("+dirty" if asked[1].stdout.strip() else "")


def open_session(run: RunDirectory, manifest: Json) -> None:
    """Note in run.json that the command was started: a start that is killed took its time too."""
    began = now()
    manifest["sessions"] = [*manifest["sessions"], {"started": began, "ended": began, "how": None}]
    run.write_json("run.json", manifest)


def note_session(run: RunDirectory, manifest: Json, how: str | None = None) -> None:
    """Note in run.json that this start of the command goes on, or `how` it ended."""
    manifest["sessions"][-1] |= {"ended": now(), "how": how}
    run.write_json("run.json", manifest)


def note_broken(plan: Plan, run: RunDirectory) -> None:
    """Entries whose manifest cannot even be read are rejected units too: nothing vanishes."""
    for spec, error in plan.broken:
        digest = hashlib.sha256(str(spec.path).encode()).hexdigest()[:8]
        name = f"{spec.name}-{digest}"
        summary = {
            "unit": name, "crate": spec.name, "version": spec.version, "status": "rejected",
            "cause": error.cause, "message": str(error), "spec": told_spec(spec),
        }  # fmt: skip
        own = own_source(spec) if spec.path else None
        run.commit(name, UnitOutput({}, {SOURCE_ARCHIVE: own} if own else {}, summary), {})
