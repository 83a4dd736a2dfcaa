"""A package of our own that asks cargo for just the packages of a lot, each with the features that it has elsewhere.

What a unit is like hangs on its features and settings, and on those of all that it needs: so every one of them is asked
for by exact version, without default features, for the target and for the host apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oxidizer.cluster.lots import Lot, Wanted

STUB = "oxidizer-dependencies"
_HEAD = f'[package]\nname = "{STUB}"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\nresolver = "2"\n'
_SETTINGS: Mapping[str, str] = {
    "opt_level": "opt-level", "debuginfo": "debug", "debug_assertions": "debug-assertions", "lto": "lto",
    "overflow_checks": "overflow-checks", "codegen_units": "codegen-units", "rpath": "rpath", "panic": "panic",
    "split_debuginfo": "split-debuginfo",
}  # fmt: skip
"""cargo's words for the settings of a unit and of a manifest."""
_ALONE = frozenset({"lto", "panic", "rpath"})
"""What cannot be said of build scripts and macros apart."""


def write_stub(folder: Path, lot: Lot, lock: bytes) -> None:
    """Make the package in an empty folder; the crate's own lock chooses the versions of all that is not asked for."""
    (folder / "src").mkdir()
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(manifest(lot), "utf-8")
    (folder / "Cargo.lock").write_bytes(lock)
    if lot.needs_script:
        (folder / "build.rs").write_text("fn main() {}\n")


def manifest(lot: Lot) -> str:
    """The package's Cargo.toml."""
    macros = {package: features for package, features in lot.host.items() if package in lot.macros}
    # cargo builds a macro for the host wherever it is asked for, and other packages only for a build script.
    libraries = {package: features for package, features in lot.host.items() if package not in macros}
    # One crate may be there in several versions, and one version on both sides: there it has to have one name.
    keys = {package: f"d{number}" for number, package in enumerate(sorted({*lot.target, *lot.host}))}
    text = _HEAD + _asked("dependencies", {**lot.target, **macros}, keys)
    text += _asked("build-dependencies", libraries, keys)
    target, host = (json.loads(lot.profiles.get(side, "{}")) for side in ("target", "host"))
    text += _profile("profile.dev", target or host, frozenset())
    return text + _profile("profile.dev.build-override", host, _ALONE)


def commands(lot: Lot) -> list[list[str]]:
    """The arguments of cargo that make all that is wanted, in order."""
    asked = {mode: [f"{unit.name}@{unit.version}" for unit in lot.roots(mode)] for mode in ("check", "build")}
    asked["build"] += [STUB] if lot.needs_script else []
    how = ["--lib", "--offline", "--message-format=json"]
    return [[mode, *how, *(word for name in names for word in ("-p", name))] for mode, names in asked.items() if names]


def _asked(table: str, wanted: Wanted, keys: Mapping[tuple[str, str], str]) -> str:
    lines = [
        f"{keys[name, version]} = {{ package = {json.dumps(name)}, version = {json.dumps('=' + version)}, "
        f"default-features = false, features = {json.dumps(list(features))} }}"
        for (name, version), features in sorted(wanted.items())
    ]
    return "\n".join([f"[{table}]", *lines, ""])


def _profile(table: str, told: Mapping[str, Any], without: frozenset[str]) -> str:
    lines = [f"[{table}]"]
    for ours, theirs in _SETTINGS.items():
        value = told.get(ours)
        if ours in without or value is None:
            continue
        if ours in ("opt_level", "lto") and str(value).lstrip("-").isdigit():
            value = int(value)
        if ours == "lto" and value in ("false", "true"):
            value = value == "true"
        lines.append(f"{theirs} = {json.dumps(value)}")
    return "\n".join([*lines, ""])
