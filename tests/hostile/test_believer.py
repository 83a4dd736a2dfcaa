"""Each trick by which a crate or a fix would buy a verdict, where nothing holds it: it pays.

Whoever reads that a trick comes to nothing (`tests/integration/test_forged_*.py`) shall know that it is one.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.door import BEHIND
from oxidizer.cluster.sandbox import Limits, Mounts
from oxidizer.cluster.toolchain import Toolchain
from tests.hostile.believer import Believer
from tests.integration.forgeries import (
    BUILDING,
    TESTING,
    Trick,
    adds_programs,
    builds,
    hides,
    macro,
    passes,
    shows,
    with_tests,
)
from tests.integration.test_forged_trials import (
    ACTS,
    FIXES,
    JEALOUS,
    LIB,
    RETURNS,
    SHARED,
    TRICKS,
    VALUE,
    mends_by_itself,
    shows_what_tests_left,
    takes_old_for_new,
)

_QUICK = {
    "a macro exits with 0", "a macro prints a message of the compiler", "a macro closes the compiler's stream",
    "a test speaks for all and exits with 0", "a test gives what cargo remembers times to come",
    "it speaks for all tests and leaves", "forges an error of its neighbour",
}  # fmt: skip

_INTO_CARGO = (
    "a macro tells that into cargo's own stream", "a build script tells that into cargo's own stream",
    "a build script prints a message into cargo's stream",
)  # fmt: skip
_NUMBERED = {
    "a macro prints it by C's syscall", "a macro makes the metadata and ends by C's syscall",
    "a test speaks for all and rewrites what ends it",
}  # fmt: skip


@pytest.fixture(scope="module")
def believer(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain, shims: Path) -> Iterator[Believer]:
    folder = tmp_path_factory.mktemp("believer")
    with BubblewrapSandbox(*_shown(folder, toolchain, shims)) as box:
        yield Believer(box, folder / "src", toolchain)


def _shown(folder: Path, toolchain: Toolchain, shims: Path) -> tuple[Mounts, Limits]:
    (folder / "src").mkdir()
    mounts = Mounts(source=folder / "src", target=folder / "target", toolchain=toolchain.sysroot, shims=shims)
    return mounts, Limits(memory_bytes=2 << 30)


def _cells(names: list[str]) -> list[object]:
    quick = {*_QUICK, *_INTO_CARGO}
    return [pytest.param(n, marks=[] if n in quick else [pytest.mark.hostile_full], id=n) for n in names]


def _is_forged(believer: Believer) -> bool:
    """A word is taken for the compiler's, or no word can be read any more."""
    try:
        return any("forged" in message for _, message in believer.check().diagnostics)
    except (ValueError, KeyError, TypeError, RecursionError):
        return True


def _is_hidden(believer: Believer) -> bool:
    heard = believer.check()
    return heard.built and "unused_mut" not in {code for code, _ in heard.diagnostics}


def _takes_old_for_new(believer: Believer) -> bool:
    believer.check()
    believer.test()
    believer.change(LIB, "    1\n", "    true\n")
    return believer.check().built


def _shows_what_tests_left(believer: Believer) -> bool:
    believer.check()
    believer.test()
    return _is_forged(believer)


def _mends_by_itself(believer: Believer) -> bool:
    (complaint,) = believer.check().diagnostics
    believer.change(LIB, "}\n", "// a comment\n}\n")
    return complaint not in believer.check().diagnostics


_PAYS: dict[object, Callable[[Believer], bool]] = {
    builds: lambda believer: believer.check().built,
    shows: _is_forged,
    hides: _is_hidden,
    passes: lambda believer: any("fails" in name for name in believer.test().passed),
    adds_programs: lambda believer: "/bin/true" in believer.test().programs,
    takes_old_for_new: _takes_old_for_new,
    shows_what_tests_left: _shows_what_tests_left,
    mends_by_itself: _mends_by_itself,
}
_TRICKS: dict[str, Trick] = {trick.name: trick for trick in (*BUILDING, *TESTING, *TRICKS)}


@pytest.mark.parametrize("name", _cells([*_TRICKS]))
def test_a_trick_pays_where_nothing_holds_it(believer: Believer, name: str) -> None:
    if name in _NUMBERED and platform.machine() != "x86_64":
        pytest.skip("it speaks to the kernel as on x86-64")
    trick = _TRICKS[name]
    believer.meet(trick.files)
    assert _PAYS[trick.attempt](believer)


def test_the_door_alone_holds_who_opens_cargos_output_anew(tmp_path: Path, toolchain: Toolchain, shims: Path) -> None:
    """In root's sandbox the output is not the command's, and nobody there could: an ordinary user's is."""
    with open_sandbox("bubblewrap", *_shown(tmp_path, toolchain, shims)) as box:
        guarded = Believer(box, tmp_path / "src", toolchain, BEHIND)
        for name in _INTO_CARGO:
            guarded.meet(_TRICKS[name].files)
            assert not _PAYS[_TRICKS[name].attempt](guarded), name


@pytest.mark.parametrize("name", _cells([name for name in FIXES if name.startswith("it ")]))
def test_a_fix_that_speaks_for_the_tests_is_believed(believer: Believer, name: str) -> None:
    believer.meet(with_tests(VALUE, RETURNS))
    believer.change(LIB, "return 1;", FIXES[name][0])
    assert "tests::holds" in believer.test().passed


@pytest.mark.parametrize("name", _cells([*ACTS]))
def test_what_one_mutant_wakes_is_laid_on_its_neighbours(believer: Believer, name: str) -> None:
    """One run for all of them: a mutant that compiles is given an error, or one that does not loses its own."""
    believer.meet(macro("", "") | {"guest/src/lib.rs": JEALOUS.replace("ACTS", ACTS[name]), LIB: SHARED})
    for old, new in (("    1\n", "    7\n"), ("    2\n", "    true\n"), ("keep + 2", "keep + 3")):
        believer.change(LIB, old, new)
    told = believer.check().diagnostics
    assert any("forged" in message for _, message in told) or "E0308" not in {code for code, _ in told}


def test_honest_crates_are_heard_as_they_are(believer: Believer) -> None:
    """What pays is the trick, not the reader."""
    believer.meet(with_tests(VALUE, RETURNS))
    believer.change(LIB, "return 1;", "2")
    assert believer.check().built
    assert believer.test().passed == {"tests::stays"}
    believer.change(LIB, "    2\n", "    let mut one = true;\n    one\n")
    heard = believer.check()
    assert not heard.built
    assert {code for code, _ in heard.diagnostics} >= {"E0308"}


def test_every_trick_that_is_named_is_one() -> None:
    assert {*_TRICKS, *FIXES, *ACTS} >= _QUICK | _NUMBERED
