"""Which files a patch may touch: Rust sources of the package, that people write."""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from oxidizer.cluster.syntax import is_generated, is_manifest
from oxidizer.cluster.tricks.region import Change
from oxidizer.cluster.tricks.trick import Fact, TrickName

Read = Callable[[str], bytes]
_LINT_FILES = frozenset({"clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml"})
_TARGETS = ("lib", "bin", "test", "bench", "example")
_SWITCHES = ("test", "doctest", "harness", "path", "name", "required-features")


class Packages:
    """The packages of a tree, as their manifests say."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._found: dict[str, tuple[str, dict[str, Any]]] = {}

    def of(self, file: str) -> tuple[str, dict[str, Any]]:
        """The folder of a file's package and what its manifest says; "" and nothing where there is none."""
        folder = posixpath.dirname(file)
        if folder not in self._found:
            try:
                text = self._read(posixpath.join(folder, "Cargo.toml"))
            except (OSError, KeyError):
                self._found[folder] = self.of(folder) if folder else ("", {})
            else:
                self._found[folder] = folder, manifest(text)
        return self._found[folder]


@lru_cache(maxsize=64)
def manifest(text: bytes) -> dict[str, Any]:
    """What a manifest says, not to be changed; nothing, where it is no TOML. Kept: thousands of patches ask."""
    try:
        return tomllib.loads(text.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return {}


def facts(change: Change, packages: Packages, target: str | None) -> Iterator[Fact]:
    """Why a file is not one to be touched. `target` is the file that the diagnostic stands in.

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
    else:
        folder, said = packages.of(file)
        script = _table(said, "package").get("build", "build.rs")
        if isinstance(script, str) and file == posixpath.normpath(posixpath.join(folder, script)):
            yield _fact(TrickName.BUILD_SCRIPT_EDIT, f"changes the build script `{file}`")
        elif _is_macro(said) and (target is None or packages.of(target)[0] != folder):
            yield _fact(TrickName.PROC_MACRO_EDIT, f"changes `{file}`, which runs in the compiler")
        elif is_generated(change.before):
            yield _fact(TrickName.GENERATED_FILE, f"changes `{file}`, which a program wrote")


def _of_manifest(change: Change) -> Iterator[Fact]:
    before, after = manifest(change.before), manifest(change.after)
    source = manifest(change.source) if change.source is not None else before
    if _lints(after) not in (_lints(before), _lints(source)):
        yield _fact(TrickName.SILENCED_LINT, f"changes the lints of `{change.file}`")
    elif _targets(after) not in (_targets(before), _targets(source)):
        yield _fact(TrickName.DELETED_TEST, f"changes which targets of `{change.file}` are tested")
    elif change.source is None:
        yield _fact(TrickName.MANIFEST_EDIT, f"changes `{change.file}`")


def _lints(said: dict[str, Any]) -> object:
    return said.get("lints"), _table(said, "workspace").get("lints")


def _targets(said: dict[str, Any]) -> object:
    """What decides which tests there are."""
    found: list[object] = [sorted((k, v) for k, v in _table(said, "package").items() if k.startswith("auto"))]
    for kind in _TARGETS:
        entries = said.get(kind, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict) and (kind in ("test", "bench") or any(s in entry for s in _SWITCHES[:3])):
                found.append((kind, sorted((s, str(entry[s])) for s in _SWITCHES if s in entry)))
    return found


def _is_macro(said: dict[str, Any]) -> bool:
    lib = _table(said, "lib")
    return bool(lib.get("proc-macro", lib.get("proc_macro")))


def _table(said: dict[str, Any], name: str) -> dict[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _fact(name: TrickName, sentence: str) -> Fact:
    return Fact((name,), "", "", 0, sentence)
