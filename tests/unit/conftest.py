"""What unit tests share: a small corpus and what it is built of."""

from pathlib import Path

import pytest

from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.build import build
from oxidizer.datasets.corpus.contamination import Index, SealedCode
from oxidizer.datasets.corpus.engine import Local
from tests.unit.corpus_runs import diag_fix, function, ordered, varied, write_run


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs and an index of sealed code."""
    folder = tmp_path_factory.mktemp("world")
    first, second = varied(14, 12), varied(6, 9, first=14)
    # A copy of a function of the other run, a sealed crate's, a licence that no corpus takes.
    second["fork"] = ([diag_fix("fork", 0, alike=("crate3", 0)), diag_fix("fork", 1)], [])
    second["thief"] = ([diag_fix("thief", 0, alike="sealed function"), diag_fix("thief", 1)], [])
    second["gpl"] = ([diag_fix("gpl", i, license="GPL-3.0-only") for i in range(3)], [])
    second["shared"] = ([diag_fix("shared", 0, license="CC-BY-SA-4.0")], [])
    second["dunce"] = ([diag_fix("dunce", i, sealed=True) for i in range(5)], [])
    write_run(folder, "one", first)
    write_run(folder, "two", second)
    sealed = SealedCode("dunce", "https://example.com/dunce/dunce", function("sealed function")[1])
    Index.of([sealed]).save(folder / "sealed.index")
    return folder


@pytest.fixture(scope="session")
def finished(world: Path, toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = tmp_path_factory.mktemp("finished") / "corpus"
    build(ordered(world, toolchain), corpus, Local())
    return corpus
