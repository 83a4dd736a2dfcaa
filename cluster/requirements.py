"""What a manifest asks for, taken out of its text: by syntax, so that all else stays as it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from tree_sitter import Node

from oxidizer.cluster.syntax import parse_toml

_TABLES = ("dependencies", "dev-dependencies", "build-dependencies")


def without_dependency(manifest: bytes, package: str) -> bytes:
    """A manifest that asks for a package no more, under whatever name; features that name it are left as they are."""
    kept = manifest
    for start, end in sorted(_asking(manifest, package), reverse=True):
        kept = kept[:start] + kept[end:]
    return kept


def _asking(manifest: bytes, package: str) -> Iterator[tuple[int, int]]:
    """The byte ranges of the tables and pairs that ask for a package."""
    root = parse_toml(manifest).root_node
    for node in root.children:
        if node.type == "pair" and _names(manifest, b"", node, package):
            yield node.start_byte, node.end_byte
        if node.type != "table":
            continue
        pairs = [child for child in node.children if child.type == "pair"]
        head = manifest[node.start_byte : pairs[0].start_byte if pairs else node.end_byte]
        # `[dependencies.name]` is about one package, `[dependencies]` about each by itself.
        if any(_wanted(_read(head))):
            if _names(manifest, b"", node, package):
                yield node.start_byte, node.end_byte
            continue
        yield from ((pair.start_byte, pair.end_byte) for pair in pairs if _names(manifest, head, pair, package))


def _names(manifest: bytes, head: bytes, node: Node, package: str) -> bool:
    """A part of a manifest below a table's head asks for the package."""
    wanted = _wanted(_read(head + b"\n" + manifest[node.start_byte : node.end_byte]))
    return any((value.get("package", name) if isinstance(value, dict) else name) == package for name, value in wanted)


def _wanted(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All dependencies of a manifest, or of a part of one, by the names that it gives them."""
    for key, value in document.items():
        if not isinstance(value, dict):
            continue
        if key in _TABLES:
            yield from value.items()
        elif key in ("target", "workspace"):
            yield from _wanted(value)
        elif any(name in value for name in _TABLES):
            # `[target.'cfg(unix)'.dependencies]`
            yield from _wanted({name: value[name] for name in _TABLES if name in value})


def _read(part: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(part.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return {}
