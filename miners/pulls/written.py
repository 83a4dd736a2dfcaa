"""The tests, as libtest names them, whose own text a change wrote.

An item of a source file is looked for in the targets that its file can belong to, at its place as modules have it. Not
followed: `#[path]` and `include!`; there the end of a name decides, where only one test ends so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import PurePosixPath

from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.manifest import ManifestFacts
from oxidizer.miners.pulls.named import TestItem

Home = Callable[[str], tuple[ManifestFacts, str] | None]
"""The package that a file of the repository lies in, and the file relative to the workspace; None where none is."""

_APART = frozenset({"test", "bench", "example"})
"""Targets that share no files with the library and the programs."""


def written_tests(items: Iterable[TestItem], tests: Collection[TestId], home: Home) -> frozenset[TestId]:
    """Those of some tests that items are. What a macro makes of an item is named below it."""
    found = set[TestId]()
    for item in items:
        place = home(item.file)
        if place is not None:
            found |= _of(item.path, tests, _modules(*place))
    return frozenset(found)


def _of(path: str, tests: Collection[TestId], modules: dict[tuple[str, str], str | None]) -> set[TestId]:
    near = [test for test in tests if (test.package, test.target) in modules]
    places = {key: module for key, module in modules.items() if module is not None}
    exact = {test for test in near if _is(test.name, places.get((test.package, test.target)), path)}
    if exact:
        return exact
    # Where its module is in the program, so would it be: it is not built here.
    there = {key: module for key, module in places.items() if module and any(t.name.startswith(module) for t in near)}
    ends = {
        test for test in near
        if test.name.endswith(f"::{path}") and test.name.startswith(there.get((test.package, test.target), ""))
    }  # fmt: skip
    return ends if len(ends) == 1 else set()


def _modules(facts: ManifestFacts, file: str) -> dict[tuple[str, str], str | None]:
    """The targets that a file can belong to, and what its tests' names begin with in each."""
    roots = [target for target in facts.targets if target.file == file]
    if roots:
        return {(facts.name, target.name): "" for target in roots}
    inner = PurePosixPath(file).relative_to(facts.member).parts
    apart = len(inner) > 1 and inner[0] in ("tests", "benches", "examples")
    near = [target for target in facts.targets if bool(_APART.intersection(target.kinds)) == apart]
    return {(facts.name, target.name): _module(target.file, file) for target in near}


def _module(root: str, file: str) -> str | None:
    """The path of a file's module below a target's root file, as names begin with it; None where it lies elsewhere."""
    folder, path = PurePosixPath(root).parent, PurePosixPath(file)
    if not path.is_relative_to(folder):
        return None
    names = path.relative_to(folder).with_suffix("").parts
    return "".join(f"{name}::" for name in (names[:-1] if names[-1] == "mod" else names))


def _is(name: str, module: str | None, path: str) -> bool:
    return module is not None and f"{name}::".startswith(f"{module}{path}::")
