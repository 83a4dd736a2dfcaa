"""Switching one promise off: which limits it loosens, and that nothing but proofs does it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxidizer.cluster.promises import Level, Promise, Standing, not_accepted, promise_named
from oxidizer.cluster.sandbox import ENVIRONMENT, HOME_BYTES, SHM_BYTES, Limits, Mounts
from oxidizer.cluster.terms import Terms

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [path for folder in ("cluster", "datasets", "miners", "oxidizer") for path in (ROOT / folder).glob("**/*.py")]
MAY_HAND_IT_ON = {"cluster/backends.py"}


def uses_of_without(tree: ast.AST) -> Iterator[ast.AST]:
    """Calls with `without=...`, and such a keyword hidden in a dict that is spread into a call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (word for word in node.keywords if word.arg == "without")
        elif isinstance(node, ast.Dict):
            yield from (key for key in node.keys if isinstance(key, ast.Constant) and key.value == "without")


def test_nothing_that_ships_switches_a_promise_off() -> None:
    assert len(SHIPPED) > 50
    found = {
        path.relative_to(ROOT).as_posix() for path in SHIPPED if any(uses_of_without(ast.parse(path.read_bytes())))
    }
    assert found == MAY_HAND_IT_ON


def test_that_guard_sees_what_it_is_for() -> None:
    for bad in ("open_sandbox(a, b, c, without=None)", "f(**{'without': p})"):
        assert list(uses_of_without(ast.parse(bad))), bad
    assert not list(uses_of_without(ast.parse("f(within=1)")))


def test_the_names_are_those_that_users_write() -> None:
    assert [promise.value for promise in Promise] == [
        "network", "host-files", "read-only", "environment", "user", "process-view", "memory", "processes", "cpu",
        "wall-time", "silence", "output", "open-files", "file-size", "disk", "inodes", "scratch", "ends",
        "capabilities", "no-new-privileges", "system-calls", "collection",
    ]  # fmt: skip


@pytest.mark.parametrize("promise", [None, *Promise])
def test_a_limit_that_is_switched_off_is_loose_and_no_other(promise: Promise | None) -> None:
    limits = Limits()
    relaxed = Terms(limits, promise)
    changed = {name for name, value in vars(relaxed.limits).items() if value != getattr(limits, name)}
    expected = {
        Promise.MEMORY: "memory_bytes", Promise.PROCESSES: "processes", Promise.CPU: "cpus", Promise.WALL: "wall_s",
        Promise.SILENCE: "silence_s", Promise.OUTPUT: "output_bytes", Promise.OPEN_FILES: "open_files",
        Promise.FILE_SIZE: "file_bytes", Promise.DISK: "disk_bytes", Promise.INODES: "inodes",
        Promise.SCRATCH: "tmp_bytes",
    }  # fmt: skip
    assert changed == ({expected[promise]} if promise in expected else set())
    for name in changed:
        assert getattr(relaxed.limits, name) == 64 * getattr(limits, name)
    assert (relaxed.home_bytes > HOME_BYTES, relaxed.shm_bytes > SHM_BYTES) == (promise is Promise.SCRATCH,) * 2
    assert {p for p in Promise if not relaxed.keeps(p)} == ({promise} if promise else set())


def test_times_that_a_command_asks_for_are_loosened_too() -> None:
    assert (Terms(Limits()).wall_s(2.0), Terms(Limits()).silence_s(3.0)) == (2.0, 3.0)
    assert (Terms(Limits()).wall_s(None), Terms(Limits()).silence_s(None)) == (Limits().wall_s, Limits().silence_s)
    assert Terms(Limits(), Promise.WALL).wall_s(2.0) == 128.0
    assert Terms(Limits(), Promise.SILENCE).silence_s(2.0) == 128.0
    assert Terms(Limits(), Promise.SILENCE).wall_s(2.0) == 2.0


def test_only_without_its_promise_the_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXIDIZER_SECRET", "1")
    assert Terms(Limits()).environment({"A": "b"}) == {**ENVIRONMENT, "A": "b"}
    loose = Terms(Limits(), Promise.ENVIRONMENT).environment({"A": "b"})
    assert loose["OXIDIZER_SECRET"] == "1"
    assert loose.items() >= {**ENVIRONMENT, "A": "b"}.items(), "ours goes before what is inherited"


def test_only_without_its_promise_the_sources_folder_is_shown(tmp_path: Path) -> None:
    mounts = Mounts(tmp_path / "src", tmp_path / "target", tmp_path / "toolchain")
    assert Terms(Limits()).host_folders(mounts) == ()
    assert Terms(Limits(), Promise.HOST_FILES).host_folders(mounts) == (tmp_path,)


def test_an_unknown_name_is_refused_by_the_nearest() -> None:
    assert promise_named("memory") is Promise.MEMORY
    with pytest.raises(ValueError, match="'memroy'; did you mean 'memory'"):
        promise_named("memroy")
    with pytest.raises(ValueError, match="there are: network, host-files"):
        promise_named("qqq")


def test_what_is_not_accepted_keeps_a_campaign_from_running() -> None:
    table = [
        Standing(Promise.NETWORK, Level.KEPT, "x"),
        Standing(Promise.MEMORY, Level.WEAKER, "x", "y"),
        Standing(Promise.CPU, Level.ABSENT, "x", "y"),
        Standing(Promise.ENDS, Level.ABSENT, "x", "y"),
    ]
    assert [s.promise for s in not_accepted(table, ())] == [Promise.MEMORY, Promise.CPU, Promise.ENDS]
    # Of what is absent a campaign can do without some, never without others.
    assert [s.promise for s in not_accepted(table, Promise)] == [Promise.ENDS]
