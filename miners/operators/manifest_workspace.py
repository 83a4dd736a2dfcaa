"""Mistakes in what a package inherits of its workspace, of which rustc complains in the package: dependencies, edition.

Sites are looked for in the package's own manifest; where the mistake is the workspace's, the edits are of the root's. A
package that inherits nothing has none, whatever the root declares. Not known: an entry that is several dotted lines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.bases import ManifestOperator
from oxidizer.miners.operators.manifest import EDITIONS, OfDependencies
from oxidizer.miners.operators.operator import Code, Site
from oxidizer.miners.operators.toml import (
    Dependency,
    cut,
    dependencies,
    elements,
    key_of,
    pairs,
    path,
    table,
    unquoted,
    value_of,
    with_setting,
    without,
    written,
)

_DEFAULTS = frozenset({"default-features", "default_features"})
"""Both spellings of the key."""


def _root(code: Code) -> Code | None:
    """The manifest of the workspace's root, where there is one and it can be read."""
    return None if code.workspace is None or code.workspace.root.has_error else code.workspace


def _entry(root: Code, name: str) -> Dependency | None:
    """What the workspace's root says of a dependency for all who inherit it."""
    tables = (node for node in root.root.children if node.type == "table")
    found = (one for node in tables for one in dependencies(node, root, "workspace"))
    return next((one for one in found if one.name == name), None)


def _features(dependency: Dependency, code: Code) -> list[str]:
    """The features that an entry asks for by name."""
    return [unquoted(word, code) for word in elements(dependency.settings.get("features"))]


def _lacks_defaults(dependency: Dependency, code: Code) -> bool:
    """The entry turns the default features off."""
    return any(code.text(value) == "false" for key, value in dependency.settings.items() if key in _DEFAULTS)


class _OfEntries(OfDependencies, ABC):
    """Makes one mistake of each dependency that the workspace's root has an entry for."""

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        if (root := _root(code)) is not None and (entry := _entry(root, dependency.name)) is not None:
            yield from self._between(dependency, code, entry, root)

    @abstractmethod
    def _between(self, dependency: Dependency, code: Code, entry: Dependency, root: Code) -> Iterator[Site]:
        """The mistakes to make of the package's dependency or of the root's entry."""


class DropWorkspaceFeature(_OfEntries):
    """A feature is not asked for at the root, nor by the package."""

    name = "drop_workspace_feature"
    codes = ("E0432", "E0433", "E0425", "E0599", "E0277", "")
    rationale = "A package gets the features in the workspace's entry and those that it adds to it, no others."

    def _between(self, dependency: Dependency, code: Code, entry: Dependency, root: Code) -> Iterator[Site]:
        own = _features(dependency, code)
        for feature in elements(entry.settings.get("features")) if dependency.is_inherited else []:
            if (name := unquoted(feature, root)) not in own:
                cause = (
                    f"the workspace's entry for `{entry.name}` does not ask for its feature `{name}`, "
                    f"and neither does {code.file}"
                )
                yield code.site(cause, without(feature, root))


class DropWorkspaceDefaults(_OfEntries):
    """`default-features = false` is added at the root."""

    name = "drop_workspace_defaults"
    codes = ("E0432", "E0433")
    rationale = "Default features that a workspace turns off are off in all packages that do not turn them on again."

    def _between(self, dependency: Dependency, code: Code, entry: Dependency, root: Code) -> Iterator[Site]:
        if dependency.is_inherited and not _DEFAULTS & (dependency.settings.keys() | entry.settings.keys()):
            cause = (
                f"the workspace's entry for `{entry.name}`, which {code.file} inherits, turns its default features off"
            )
            yield code.site(cause, with_setting(entry, "default-features = false", root))


class InheritDependency(_OfEntries):
    """Nothing but `workspace = true` is left of an entry that said more than the root's."""

    name = "inherit_dependency"
    codes = ("E0432", "E0433", "E0599")
    rationale = (
        "`workspace = true` alone takes over what the root says; what one package needs besides stands next to it."
    )

    def _between(self, dependency: Dependency, code: Code, entry: Dependency, root: Code) -> Iterator[Site]:
        shared = _features(entry, root)
        lost = [f"its feature `{name}`" for name in _features(dependency, code) if name not in shared]
        if dependency.is_inherited and len(lost) < 2:
            return  # One feature is for the operator that leaves out features one by one.
        has_defaults = not (dependency.is_inherited or _lacks_defaults(dependency, code))
        if has_defaults and _lacks_defaults(entry, root):
            lost.append("its default features")
        # Another package under the key would be another lock.
        if lost and "package" not in dependency.settings:
            cause = f"the workspace's entry for `{entry.name}`, taken as it is, does not ask for {' and '.join(lost)}"
            yield code.site(cause, _plain(dependency, code))


def _plain(dependency: Dependency, code: Code) -> Edit:
    """An edit that leaves an entry, in its own form, nothing but `workspace = true`."""
    if not dependency.is_table:
        start, end = dependency.key.end_byte, value_of(dependency.node).end_byte
        return code.span(start, end, ".workspace = true")
    lines = [child for child in dependency.node.children if child.type == "pair"]
    if not lines:
        return with_setting(dependency, "workspace = true", code)
    return code.span(lines[0].start_byte, value_of(lines[-1]).end_byte, "workspace = true")


def _is_inherited_edition(pair: Node, code: Code) -> bool:
    """The line, in either form, takes over the workspace's edition."""
    above, key = pair.parent, path(key_of(pair), code)
    if above is None or above.type != "table" or path(key_of(above), code) != ("package",):
        return False
    return key == ("edition", "workspace") or (key == ("edition",) and "workspace" in pairs(value_of(pair), code))


class _OfEdition(ManifestOperator, ABC):
    """Makes mistakes of an edition that the package inherits."""

    nodes = ("pair",)
    most = 8

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        root = _root(code) if _is_inherited_edition(node, code) else None
        shared = table(root, "workspace", "package") if root is not None else None
        if root is None or shared is None:
            return
        edition = pairs(shared, root).get("edition")
        if edition is not None and unquoted(edition, root) in EDITIONS[1:]:
            yield from self._changed(node, code, edition, root)

    @abstractmethod
    def _changed(self, pair: Node, code: Code, edition: Node, root: Code) -> Iterator[Site]:
        """The mistakes to make of the package's line, or of the edition at the root, which is not the first one."""


class LowerWorkspaceEdition(_OfEdition):
    """The workspace's edition is an older one."""

    name = "lower_workspace_edition"
    codes = ("E0432", "E0433", "E0599", "E0670")
    rationale = "The edition in `[workspace.package]` is that of all packages which inherit it, whatever they need."

    def _changed(self, pair: Node, code: Code, edition: Node, root: Code) -> Iterator[Site]:
        new = unquoted(edition, root)
        for older in reversed(EDITIONS[: EDITIONS.index(new)]):
            cause = f"{code.file} inherits the edition `{older}`, and {new} is what its code was written for"
            yield code.site(cause, root.replace(edition, f'"{older}"'))


class DropInheritedEdition(_OfEdition):
    """The package does not inherit the workspace's edition, and declares none."""

    name = "drop_inherited_edition"
    codes = ("E0432", "E0670")
    rationale = (
        "What `[workspace.package]` says holds for those that ask for it; a package without an edition has 2015."
    )

    def _changed(self, pair: Node, code: Code, edition: Node, root: Code) -> Iterator[Site]:
        missing = f"the line `{written(pair, code)}` is missing"
        yield code.site(f"{missing}, and with it the workspace's edition `{unquoted(edition, root)}`", cut(pair, code))
