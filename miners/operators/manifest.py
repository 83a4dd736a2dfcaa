"""Mistakes in a package's Cargo.toml of which rustc complains in the sources: dependencies, features, edition, targets.

Both ways of writing are known, one table for each dependency (as cargo publishes) and one line for each. What a mistake
would have cargo lock anew is no matter here: the trial runs with the lock as it is, and cargo then refuses.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.bases import ManifestOperator
from oxidizer.miners.operators.operator import Code, Site
from oxidizer.miners.operators.toml import (
    Dependency,
    cut,
    declares,
    dependencies,
    elements,
    feature_words,
    key_of,
    line_end,
    line_of,
    newline,
    pairs,
    path,
    table,
    unquoted,
    value_of,
    with_setting,
    without,
    written,
)

_UNKNOWN = ("E0432", "E0433", "E0463")
"""A crate that rustc is not told of: in a `use`, in a path, in an `extern crate`."""
_OTHERS = ("dev-dependencies", "build-dependencies")
_NAME = re.compile("[/?]")
EDITIONS = ("2015", "2018", "2021", "2024")
"""Oldest first; the first is what cargo takes where none is declared."""


class OfDependencies(ManifestOperator, ABC):
    """Makes one mistake of each dependency that suits it."""

    nodes = ("table",)
    codes: ClassVar[tuple[str, ...]] = _UNKNOWN

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The mistakes to make of the dependencies of a table, but for optional ones."""
        for dependency in dependencies(node, code):
            if "optional" not in dependency.settings:
                yield from self._mistakes(dependency, code)

    @abstractmethod
    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        """The mistakes to make of one dependency that is always there."""


class _Moved(OfDependencies, ABC):
    """Moves a dependency under another heading."""

    to: ClassVar[tuple[str, ...]]
    heading: ClassVar[str]
    reach: ClassVar[str]
    """Who sees what stands there."""

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        if declares(code, self.to, dependency.name):
            return
        cause = f"`{dependency.name}` stands under `[{self.heading}]`, where only {self.reach} see it"
        if dependency.is_table:
            yield code.site(cause, code.replace(key_of(dependency.node), f"{self.heading}.{code.text(dependency.key)}"))
            return
        start, end = line_of(dependency.node, code)
        line, there = code.source[start:end].decode().rstrip("\r\n"), table(code, *self.to)
        gone, last, end_of_line = code.span(start, end, ""), len(code.source), newline(code)
        if there is not None:
            yield code.site(cause, gone, code.insert(line_end(there, code), f"{end_of_line}{line}"))
            return
        gap = "" if code.source.endswith(b"\n") else end_of_line
        section = end_of_line.join(("", f"[{self.heading}]", line, ""))
        edits = [code.span(start, end, section)] if end == last else [gone, code.insert(last, gap + section)]
        yield code.site(cause, *edits)


class DependencyToDev(_Moved):
    """`[dependencies]` becomes `[dev-dependencies]`."""

    name = "dependency_to_dev"
    to, heading, reach = ("dev-dependencies",), "dev-dependencies", "tests, examples and benchmarks"
    rationale = "Cargo hides a dev-dependency from the library and the programs; `cargo add --dev` puts it there."


class DependencyToBuild(_Moved):
    """`[dependencies]` becomes `[build-dependencies]`."""

    name = "dependency_to_build"
    to, heading, reach = ("build-dependencies",), "build-dependencies", "build scripts"
    rationale = "Cargo shows a build-dependency to build.rs alone; the code itself needs an entry of its own."


class DependencyToWindows(_Moved):
    """`[dependencies]` becomes `[target.'cfg(windows)'.dependencies]`."""

    name = "dependency_to_windows"
    to, heading = ("target", "cfg(windows)", "dependencies"), "target.'cfg(windows)'.dependencies"
    reach = "builds for Windows"
    rationale = "A dependency of one platform is not there on any other, where the code still names it."


class DependencyToOptional(OfDependencies):
    """`optional = true` is added."""

    name = "dependency_to_optional"
    rationale = "An optional dependency is there only with its feature; code that is always built cannot name it."

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        if not any(word.partition("/")[0] == dependency.name for word in feature_words(code)):
            cause = f"`{dependency.name}` is optional, and no feature that is on asks for it"
            yield code.site(cause, with_setting(dependency, "optional = true", code))


class RenameDependency(OfDependencies):
    """The key changes, with `package` for the true name; the code keeps the old one."""

    name = "rename_dependency"
    rationale = "The key of a dependency, not its package's name, is what the code calls it."

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        old, words = dependency.name, feature_words(code)
        # Cargo takes no package under two names, and knows the words of features by the key.
        bound = any(declares(code, (other,), old) for other in _OTHERS) or old in {_NAME.split(w)[0] for w in words}
        if bound or {"package", "workspace"} & dependency.settings.keys():
            return
        new, called, setting = f"{old}-rs", old.replace("-", "_"), f'package = "{old}"'
        cause = f"the dependency is called `{new}` here and `{called}` in the code"
        if dependency.is_table or value_of(dependency.node).type == "inline_table":
            edits = code.replace(dependency.key, new), with_setting(dependency, setting, code)
            yield code.site(cause, *edits)
        else:
            value = value_of(dependency.node)
            line = f"{new} = {{ {setting}, version = {code.text(value)} }}"
            yield code.site(cause, code.span(dependency.key.start_byte, value.end_byte, line))


class DropDependencyOfTests(OfDependencies):
    """A dependency that tests or the build script have too is left to them."""

    name = "drop_dependency_of_tests"
    rationale = "An entry under another heading does not serve the code; each heading needs its own."

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        for other in _OTHERS:
            if declares(code, (other,), dependency.name):
                cause = f"`{dependency.name}` is declared under `[{other}]` alone"
                yield code.site(cause, cut(dependency.node, code))
                return


class DropDependencyFeature(OfDependencies):
    """A feature of a dependency is not asked for."""

    name = "drop_dependency_feature"
    codes = ("E0432", "E0433", "E0425", "E0599", "E0277", "")
    rationale = "What a dependency keeps behind a feature is compiled only for those who ask for it."

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        for feature in elements(dependency.settings.get("features")):
            cause = f"the feature `{unquoted(feature, code)}` of `{dependency.name}` is not asked for"
            yield code.site(cause, without(feature, code))


class DropDependencyDefaults(OfDependencies):
    """`default-features = false` is added."""

    name = "drop_dependency_defaults"
    codes = ("E0432", "E0433")
    rationale = "Default features go all at once; those that the code needs must then be listed."

    def _mistakes(self, dependency: Dependency, code: Code) -> Iterator[Site]:
        if not {"default-features", "default_features", "workspace"} & dependency.settings.keys():
            cause = f"the default features of `{dependency.name}` are off"
            yield code.site(cause, with_setting(dependency, "default-features = false", code))


class _OfFeatures(ManifestOperator, ABC):
    """Takes a word out of a list in `[features]`."""

    nodes = ("table",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        if path(key_of(node), code) == ("features",):
            for feature, listed in pairs(node, code).items():
                for word in elements(listed):
                    if self._wants(feature, unquoted(word, code)):
                        cause = f"the feature `{feature}` does not turn on `{unquoted(word, code)}`"
                        yield code.site(cause, without(word, code))

    @abstractmethod
    def _wants(self, feature: str, word: str) -> bool:
        """Whether a word of a feature's list is one to leave out."""


class DropDefaultFeature(_OfFeatures):
    """A feature is not on by default."""

    name = "drop_default_feature"
    codes = ("E0432", "E0433", "E0425", "E0599")
    rationale = "Code that is always built cannot use what stands behind a feature that is not on."

    def _wants(self, feature: str, word: str) -> bool:
        return feature == "default"


class DropForwardedFeature(_OfFeatures):
    """A feature does not turn on another one, its own or a dependency's."""

    name = "drop_forwarded_feature"
    codes = ("E0432", "E0433", "E0425", "E0599")
    rationale = "A feature turns on what its list names and nothing else, also where a dependency's has the same name."

    def _wants(self, feature: str, word: str) -> bool:
        return feature != "default" and not word.startswith("dep:")


class _OfSettings(ManifestOperator, ABC):
    """Changes a line of one table."""

    nodes = ("pair",)
    of: ClassVar[tuple[str, str]]
    """The table and the key."""

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        heading, key = self.of
        above = node.parent
        own = path(key_of(node), code) in ((key,), (key.replace("-", "_"),))
        if own and above is not None and above.type == "table" and path(key_of(above), code) == (heading,):
            yield from self._changed(node, value_of(node), code)

    @abstractmethod
    def _changed(self, pair: Node, value: Node, code: Code) -> Iterator[Site]:
        """The mistakes to make of the line."""


class LowerEdition(_OfSettings):
    """The edition is an older one."""

    name = "lower_edition"
    codes = ("E0432", "E0433", "E0599", "E0670", "")
    most = 8
    of = ("package", "edition")
    rationale = "Keywords, the prelude and paths differ from edition to edition, which each crate declares for itself."

    def _changed(self, pair: Node, value: Node, code: Code) -> Iterator[Site]:
        edition = unquoted(value, code)
        if edition in EDITIONS:
            for older in reversed(EDITIONS[: EDITIONS.index(edition)]):
                cause = f"the edition is `{older}` here, and {edition} is what the code was written for"
                yield code.site(cause, code.replace(value, f'"{older}"'))


class DropEdition(_OfSettings):
    """No edition is declared."""

    name = "drop_edition"
    codes = ("E0432", "E0670", "")
    most = 8
    of = ("package", "edition")
    rationale = "Without an `edition` cargo takes 2015, the first one."

    def _changed(self, pair: Node, value: Node, code: Code) -> Iterator[Site]:
        if unquoted(value, code) in EDITIONS[1:]:
            yield code.site(f"the line `{written(pair, code)}` is missing", cut(pair, code))


class DropProcMacro(_OfSettings):
    """The library is not declared a procedural macro."""

    name = "drop_proc_macro"
    codes = ("",)
    of = ("lib", "proc-macro")
    rationale = "Only a crate of the kind `proc-macro` may define macros as functions; Cargo.toml has to say so."

    def _changed(self, pair: Node, value: Node, code: Code) -> Iterator[Site]:
        if code.text(value) == "true":
            yield code.site(f"`[lib]` lacks `{written(pair, code)}`", cut(pair, code))


class DropBuildScript(_OfSettings):
    """The build script is not run."""

    name = "drop_build_script"
    codes = ("E0425", "")
    of = ("package", "build")
    rationale = "What a build script sets, `OUT_DIR` and cfgs first of all, is there only where cargo runs it."

    def _changed(self, pair: Node, value: Node, code: Code) -> Iterator[Site]:
        if value.type == "string":
            yield code.site(f"cargo does not run {code.text(value)}: `build = false`", code.replace(value, "false"))


class RenameLibrary(_OfSettings):
    """The library has another name than the programs call it by."""

    name = "rename_library"
    codes = ("E0432", "E0433")
    of = ("lib", "name")
    rationale = "A package's programs see its library under the name in `[lib]`, like any other crate."

    def _changed(self, pair: Node, value: Node, code: Code) -> Iterator[Site]:
        name = unquoted(value, code)
        cause = f"the library is called `{name}_lib` here and `{name}` in the programs"
        yield code.site(cause, code.replace(value, f'"{name}_lib"'))
