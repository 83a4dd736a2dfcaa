"""The work on one crate, from its entry in a list to what is committed: fetch, licence, baseline, miners.

A crate that cannot be used is a rejected unit with its cause; trouble with the machine raises SandboxUnavailable.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.cargohome import cargo_home
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.dependencies import CacheTerms, DependencyCache
from oxidizer.cluster.episode import Episode
from oxidizer.cluster.fetch import FetchError, PreparedCrate, RegistryUnavailable, cargo_home_view, own_source, prepare
from oxidizer.cluster.manifest import ManifestFacts
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.rundir import UnitOutput
from oxidizer.cluster.sandbox import CARGO_HOME, Mounts, SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.standings import require_of
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import Baseline, UnfitCrate, Workbench
from oxidizer.datasets.licence import judge_licence, scan_headers
from oxidizer.datasets.records import DiagFix, Reject, arrow_schema, to_row
from oxidizer.datasets.sealed import is_sealed
from oxidizer.miners.formatting import mine_formatting
from oxidizer.miners.injected import InjectedMiner
from oxidizer.miners.migration.miner import MigrationMiner
from oxidizer.miners.mined import Mined
from oxidizer.miners.recipe import Recipe
from oxidizer.miners.suggestions import SuggestionMiner
from oxidizer.miners.tuples import LOCK, SOURCE_ARCHIVE, Unit
from oxidizer.miners.work import NodePlan, NodeWork, own_toolchain

SCHEMAS = {"diag_fix": arrow_schema(DiagFix), "rejects": arrow_schema(Reject)}
_SHIM_FOLDER = Path(__file__).resolve().parent.parent / "cluster" / "shims"


class Unusable(Exception):
    """The crate is not for us: a stable cause and a sentence for a person."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True)
class MineCrates(NodePlan):
    """The factory of the work: all that a worker needs to know, picklable."""

    cache: CacheTerms | None = None
    """Where builds of dependencies are shared; None: each crate builds its own."""

    def __call__(self) -> CrateWork:
        """The work in one worker process. Raises SandboxUnavailable where the node has another toolchain."""
        return CrateWork(self, own_toolchain(self))


class CrateWork(NodeWork):
    """Mines one crate after the other."""

    def __init__(self, plan: MineCrates, toolchain: Toolchain) -> None:
        super().__init__(plan, toolchain)
        self.plan = plan
        self.cache = DependencyCache(plan.cache, plan.backend, self.limits, toolchain) if plan.cache else None

    def work(self, order: dict[str, Any], episode: Episode) -> UnitOutput:
        """All that one crate gives. Raises SandboxUnavailable."""
        began, began_cpu = time.monotonic(), time.process_time()
        spec = spec_of(order)
        summary: dict[str, Any] = {k: order[k] for k in ("unit", "crate", "version")}
        summary |= {"sandbox": self.plan.backend, "status": "rejected", "cause": None, "message": None}
        summary["limits"] = {"cpus": self.limits.cpus, "memory_bytes": self.limits.memory_bytes}
        summary["spec"] = told_spec(spec)
        files: dict[str, bytes] = {}
        try:
            try:
                output = self._mine(spec, summary, files, episode, self.cache)
            except UnfitCrate as error:
                # What it did in one sandbox it has to do in another one, with nothing that others built.
                summary["again"] = {"first": str(error.cause), "stages": summary.pop("stages", {})}
                output = self._mine(spec, summary, files, episode)
        except (Unusable, UnfitCrate, FetchError) as error:
            if error.cause == Cause.OOM and self.limits.memory_bytes < self.plan.recipe.limits.memory_bytes:
                raise SandboxUnavailable(
                    f"{self.limits.memory_bytes:,} bytes were not enough, and the recipe allows more than a worker "
                    "has here: use fewer --workers or a larger machine"
                ) from error
            summary |= {"cause": str(error.cause), "message": str(error)}
            if spec.path and SOURCE_ARCHIVE not in files and (own := own_source(spec)):
                files[SOURCE_ARCHIVE] = own
            output = UnitOutput({}, files, summary)
        except RegistryUnavailable as error:
            raise SandboxUnavailable(str(error)) from error
        summary["wall_s"] = round(time.monotonic() - began, 3)
        summary["worker_cpu_s"] = round(time.process_time() - began_cpu, 3)
        return output

    def _mine(
        self, spec: CrateSpec, summary: dict[str, Any], files: dict[str, bytes], episode: Episode,
        cache: DependencyCache | None = None,
    ) -> UnitOutput:  # fmt: skip
        """What mining gives; `files` has what makes the unit reproducible as soon as it is there."""
        with scratch(spec.name) as folder:
            return self._mine_in(folder, spec, summary, files, episode, cache)

    def _mine_in(
        self, folder: Path, spec: CrateSpec, summary: dict[str, Any], files: dict[str, bytes], episode: Episode,
        cache: DependencyCache | None,
    ) -> UnitOutput:  # fmt: skip
        began = time.monotonic()
        licences: list[str] = []
        crate = prepare(
            spec,
            self.toolchain,
            folder / "crate",
            admit=lambda facts, root: licences.append(admit(spec, facts, root, self.plan.sealed)),
        )
        (license,) = licences
        fetched = time.monotonic() - began
        summary |= {"license": license, "lock": crate.lock_origin, "stripped": list(crate.stripped)}
        files[LOCK] = crate.lock
        if crate.archive is not None:
            files[SOURCE_ARCHIVE] = crate.archive
        mounts = mounts_of(crate, self.toolchain, folder / "target")
        with MeteredSandbox(RoomySandbox(open_sandbox(self.plan.backend, mounts, self.limits)), episode) as meter:
            episode.about.sandbox["weaker"] = sorted(meter.weaker)
            meter.calibrate()
            require_of(meter, self.plan.accepted)
            bench = workbench(crate, meter, self.toolchain, self.plan.recipe)
            try:
                if cache:
                    with meter.stage("dependencies"):
                        summary["dependencies"] = cache.provide(bench.cargo, mounts, crate.lock, meter).plain
                with meter.stage("baseline"):
                    baseline = bench.baseline
                mined = self.run_miners(crate, bench, meter, license)
                with meter.stage("recheck"):
                    bench.recheck()
            finally:
                summary["forged"] = dict(sorted(bench.forged.items()))
                summary["stages"] = {"fetch": _outside(fetched), **meter.account()}
                summary["peak_bytes"] = meter.peak_bytes
        summary |= {"status": "mined", **_told(mined, baseline)}
        rows = {
            "diag_fix": sorted((to_row(t) for t in mined.tuples), key=lambda row: row["id"]),
            "rejects": [to_row(r) for r in mined.rejects],
        }
        return UnitOutput(rows, files, summary)

    def run_miners(self, crate: PreparedCrate, bench: Workbench, meter: MeteredSandbox, license: str) -> Mined:
        """What the miners bring from a crate on its bench."""
        unit = Unit(
            crate=crate.name, version=crate.version, source=crate.source, member=crate.member, license=license,
            source_url=crate.facts.repository or f"pkg:cargo/{crate.name}@{crate.version}",
            repo=crate.facts.repository, commit=crate.vcs_commit,
            sealed=crate.spec.sealed or is_sealed(None if crate.spec.path else crate.name, crate.facts.repository),
            toolchain=self.toolchain.version, tools=self.toolchain.bin,
        )  # fmt: skip
        mined = Mined()
        tools = (bench, unit, self.plan.recipe, self.plan.seed, meter, build_targets(crate))
        if "suggestions" in self.plan.miners:
            mined += SuggestionMiner(*tools).mine()
            mined += self._formatted(crate, bench, meter, unit)
        if "injected" in self.plan.miners:
            mined += InjectedMiner(*tools).mine()
        if "migration" in self.plan.miners:
            known = {(row.error.code, row.patch_diff) for row in mined.tuples if not row.setup_diff}
            mined += MigrationMiner(*tools, crate, self.toolchain, known).mine()
        return mined

    def _formatted(self, crate: PreparedCrate, bench: Workbench, meter: MeteredSandbox, unit: Unit) -> Mined:
        with meter.stage("format"):
            formatted = mine_formatting(bench, unit, self.plan.recipe, crate.facts.edition, self.plan.seed)
        tried = len(formatted.tuples) + len(formatted.rejects)
        return Mined(
            formatted.tuples, formatted.rejects, harvested=formatted.found, candidates=tried,
            proven=len(formatted.tuples), skipped=Counter({"cap on formatting": formatted.found - tried}),
        )  # fmt: skip


def spec_of(order: dict[str, Any]) -> CrateSpec:
    """The list's entry, as it travelled in a unit."""
    fields = dict(order["spec"])
    fields["features"] = tuple(fields["features"])
    fields["path"] = Path(fields["path"]) if fields["path"] else None
    return CrateSpec(**fields)


def told_spec(spec: CrateSpec) -> dict[str, Any]:
    """What unit.json says of the list's entry, beside name and version: all that is needed to prepare it again."""
    return {
        "source": "registry" if spec.path is None else "path", "member": spec.member,
        "features": list(spec.features), "default_features": spec.default_features, "license": spec.license,
    }  # fmt: skip


def admit(spec: CrateSpec, facts: ManifestFacts, root: Path, sealed: bool) -> str:
    """The gates before any work: the SPDX expression to record. `sealed` lets sealed crates in. Raises Unusable."""
    if not sealed and is_sealed(None if spec.path else facts.name, facts.repository):
        raise Unusable(
            "sealed", f"the repository {facts.repository} is kept for evaluation: mine it with --sealed, or not at all"
        )
    verdict = judge_licence(facts.license or spec.license, facts.license_file, scan_headers(root))
    if not verdict.accepted or verdict.spdx is None:
        raise Unusable(verdict.cause or "licence_unknown", verdict.reason)
    return verdict.spdx


def mounts_of(crate: PreparedCrate, toolchain: Toolchain, target: Path) -> Mounts:
    """What the crate's sandbox shows."""
    # Repositories that others came from, and the addresses of those, are shown to nobody who needs none.
    return mounts_at(crate.root, toolchain, target, git=b'source = "git+' in crate.lock)


def mounts_at(root: Path, toolchain: Toolchain, target: Path, *, git: bool = False) -> Mounts:
    """What the sandbox of a source tree shows."""
    registry, repositories, config = cargo_home_view(cargo_home())
    return Mounts(
        source=root, target=target, toolchain=toolchain.sysroot, registry=registry,
        git=repositories if git else None, shims=_SHIM_FOLDER, files={f"{CARGO_HOME}/config.toml": config},
    )  # fmt: skip


def feature_flags(spec: CrateSpec) -> list[str]:
    """The flags that every command of the crate carries."""
    flags = [] if spec.default_features else ["--no-default-features"]
    return [*flags, "--features", ",".join(spec.features)] if spec.features else flags


def build_targets(crate: PreparedCrate) -> list[str]:
    """The targets that probes look at. Raises Unusable where there are none."""
    chosen = ["--lib"] if crate.facts.has_lib else []
    if crate.facts.bins:
        chosen.append("--bins")
    if not chosen:
        raise Unusable("no_targets", "the package has no library and no program")
    return chosen


def workbench(crate: PreparedCrate, meter: MeteredSandbox, toolchain: Toolchain, recipe: Recipe) -> Workbench:
    """The crate's workbench in an open sandbox."""
    llvm = f"/usr/lib/llvm-{toolchain.llvm_major}/bin"
    there = meter.run(["test", "-x", f"{llvm}/llvm-profdata", "-a", "-x", f"{llvm}/llvm-cov"]).ok
    cargo = Cargo(
        meter, crate.name, member=crate.member, features=feature_flags(crate.spec),
        jobs=max(1, int(recipe.limits.cpus)),
    )  # fmt: skip
    return Workbench(cargo, crate.root, llvm_bin=llvm if there else None, test_cap_s=recipe.test_cap_s)


def _outside(wall_s: float) -> dict[str, float]:
    """The account of a stage that runs no command in the sandbox."""
    return {"wall_s": round(wall_s, 3), "cpu_s": 0.0, "commands": 0, "in_commands_s": 0.0, "overhead_s": 0.0}


def _told(mined: Mined, baseline: Baseline) -> dict[str, Any]:
    """What unit.json says of the mining."""
    return {
        "counts": {
            "harvested": mined.harvested, "candidates": mined.candidates, "proven": mined.proven,
            "kept": len(mined.tuples), "rejected": dict(sorted(Counter(r.reason for r in mined.rejects).items())),
            "skipped": dict(sorted((+mined.skipped).items())),
            "unproven": dict(sorted((+mined.unproven).items())), "unkept": dict(sorted((+mined.unkept).items())),
        },
        "tests": {
            "passed": len(baseline.passing), "failed": len(baseline.failing), "flaky": len(baseline.flaky),
            "doctests": sum(t.is_doctest for t in baseline.passing),
            "state": "pass" if baseline.passing else "none",
            "cause": str(baseline.tests_cause) if baseline.tests_cause else None,
        },
        "audit": {"audited": mined.audited, "agreed": mined.agreed},
        "warnings": len(baseline.clippy.diagnostics),
        "guests": sorted(baseline.check.guests),
        "coverage": {"measured": baseline.coverage is not None, "reason": baseline.coverage_reason},
        **({"injection": mined.injection} if mined.injection else {}),
        **({"migration": mined.migration} if mined.migration else {}),
    }  # fmt: skip
