"""Which files a patch may touch: Rust sources of the package, that people write."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from typing import Any

from oxidizer.cluster.syntax import is_generated, is_manifest
from oxidizer.cluster.tricks.packages import Packages, parsed, table
from oxidizer.cluster.tricks.region import Change
from oxidizer.cluster.tricks.trick import Fact, TrickName

_BUILDING = frozenset({TrickName.BUILD_SCRIPT_EDIT, TrickName.PROC_MACRO_EDIT})
_LINT_FILES = frozenset({"clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml"})
_TARGETS = ("lib", "bin", "test", "bench", "example")
_SWITCHES = ("test", "doctest", "harness", "path", "name", "required-features")


def facts(
    change: Change, packages: Packages, target: str | None, wanted: Collection[TrickName]
) -> Iterator[Fact]:  # fmt: skip
    """Why a file is not one to be touched. `target` is the file that the diagnostic stands in.

    What runs in the build is looked up only where that is wanted: it takes reading.

    What the healthy source has otherwise than the broken code may be mended: the mistake was made there.
    """
    file, name = change.file, posixpath.basename(change.file)
    if is_manifest(file):
        yield from _of_manifest(change)
    elif name == "Cargo.lock":
        if change.source is None:
            yield _fact(TrickName.MANIFEST_EDIT, f"changes `{file}`")
    elif name in _LINT_FILES:
        yield _fact(TrickName.SILENCED_LINT, f"changes what tools complain of in `{file}`")
    elif change.source is not None or file == target:
        return
    elif not name.endswith(".rs"):
        yield _fact(TrickName.FOREIGN_FILE, f"changes `{file}`, which is no Rust")
    elif file != posixpath.normpath(file):
        yield _fact(TrickName.FOREIGN_FILE, f"names a file in a way of its own: `{file}`")
    elif not _BUILDING.isdisjoint(wanted) and (ran := _while_building(file, packages, target)):
        yield ran
    elif is_generated(change.before):
        yield _fact(TrickName.GENERATED_FILE, f"changes `{file}`, which a program wrote")


def _while_building(file: str, packages: Packages, target: str | None) -> Fact | None:
    """Why a file's code runs while the tree is built: in a build script or in the compiler.

    Where the diagnostic stands in that script or package too, what is beside it may be mended.
    """
    near = [file] if target is None else [file, target]
    folder, every = packages.of(file).folder, packages.around(near)
    for other in every:
        script = packages.of_script(other)
        if file in script and (target not in script or file in packages.scripts(other)):
            return _fact(TrickName.BUILD_SCRIPT_EDIT, f"changes `{file}` of the build script")
    hosts = [(TrickName.PROC_MACRO_EDIT, "in the compiler", host) for host in packages.macros(every)]
    hosts += [(TrickName.BUILD_SCRIPT_EDIT, "in a build script", host) for host in packages.needed_by_scripts(every)]
    for name, where, host in hosts:
        own = host == folder and (target is None or packages.of(target).folder != folder)
        if own or (host != folder and file in packages.of_library(host)):
            return _fact(name, f"changes `{file}`, which runs {where}")
    return None


def _of_manifest(change: Change) -> Iterator[Fact]:
    before, after = parsed(change.before), parsed(change.after)
    source = parsed(change.source) if change.source is not None else before
    if _lints(after) not in (_lints(before), _lints(source)):
        yield _fact(TrickName.SILENCED_LINT, f"changes the lints of `{change.file}`")
    elif _targets(after) not in (_targets(before), _targets(source)):
        yield _fact(TrickName.DELETED_TEST, f"changes which targets of `{change.file}` are tested")
    elif change.source is None:
        yield _fact(TrickName.MANIFEST_EDIT, f"changes `{change.file}`")


def _lints(said: dict[str, Any]) -> object:
    return said.get("lints"), table(said, "workspace").get("lints")


def _targets(said: dict[str, Any]) -> object:
    """What decides which tests there are."""
    found: list[object] = [sorted((k, v) for k, v in table(said, "package").items() if k.startswith("auto"))]
    for kind in _TARGETS:
        entries = said.get(kind, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict) and (kind in ("test", "bench") or any(s in entry for s in _SWITCHES[:3])):
                found.append((kind, sorted((s, str(entry[s])) for s in _SWITCHES if s in entry)))
    return found


def _fact(name: TrickName, sentence: str) -> Fact:
    return Fact((name,), "", "", 0, sentence)
