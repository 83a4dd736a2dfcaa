"""Which files were compiled, by the notes that the compiler and cargo leave for make."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from oxidizer.cluster.build import Build
from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.project import Project
from oxidizer.cluster.sandbox import RunResult, Sandbox, Status

NOTES = {
    "debug/deps/sum-1a.d": "/box/target/debug/deps/sum-1a: src/lib.rs src/a\\ b.rs\n\nsrc/lib.rs:\nsrc/a\\ b.rs:\n",
    "debug/libsum.d": "/box/target/debug/libsum.rlib: /box/src/macros/src/lib.rs /box/src/src/lib.rs\n",
    "debug/deps/broken-2b.d": "\xff: \\",
}


class Target:
    """The files of a target."""

    def read(self, name: str, most_bytes: int) -> bytes:
        if name not in NOTES:
            raise NotCollected(name)
        return NOTES[name].encode("latin-1")


def project(folder: str = ".") -> Project:
    return Project(cast(Sandbox, SimpleNamespace(target=Target())), folder=folder)


def build(*outputs: tuple[str, str]) -> Build:
    run = RunResult(Status.OK, 0, b"", b"", 0, 0, 0, 0)
    return Build(run, (), (), True, True, {}, "", outputs=outputs)


@pytest.mark.parametrize(
    ("outputs", "folder", "files"),
    [
        ([("src/lib.rs", "/box/target/debug/deps/sum-1a")], ".", {"src/lib.rs", "src/a b.rs"}),
        ([("src/lib.rs", "/box/target/debug/deps/libsum-1a.rmeta")], ".", {"src/lib.rs", "src/a b.rs"}),
        ([("src/lib.rs", "/box/target/debug/libsum.rlib")], ".", {"src/lib.rs", "macros/src/lib.rs"}),
        # The compiler names files from where cargo runs it, cargo by whole paths.
        ([("rust/src/lib.rs", "/box/target/debug/deps/sum-1a")], "rust", {"rust/src/lib.rs", "rust/src/a b.rs"}),
        ([("build.rs", "/box/target/debug/build/sum-3c/build-script-build")], ".", {"build.rs"}),
        ([("x.rs", "/box/target/debug/deps/broken-2b")], ".", {"x.rs"}),
        ([("y.rs", "/elsewhere/debug/deps/sum-1a")], ".", {"y.rs"}),
        ([], ".", set()),
    ],
)  # fmt: skip
def test_files_are_compiled_that_something_was_made_of(
    outputs: list[tuple[str, str]], folder: str, files: set[str]
) -> None:
    asked = {"src/lib.rs", "src/a b.rs", "macros/src/lib.rs", "rust/src/lib.rs", "rust/src/a b.rs", "build.rs", "x.rs",
             "y.rs", "windows.rs"}  # fmt: skip
    made: Any = project(folder)
    assert made.compiled(build(*outputs), asked) == files
