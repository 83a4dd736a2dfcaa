"""cargo's messages, and what is none of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.build import BUILD_ENVIRONMENT, Build, behind_build, read_build
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.sandbox import RunResult, Status

PACKAGE = {"package_id": "path+file:///box/src#tiny@0.1.0", "manifest_path": "/box/src/Cargo.toml"}
TARGET = {"kind": ["lib"], "name": "tiny", "src_path": "/box/src/src/lib.rs"}
WARNING = {
    "$message_type": "diagnostic", "level": "warning", "code": None, "message": "words", "spans": [], "children": [],
    "rendered": "words",
}  # fmt: skip


def message(said: object) -> dict[str, Any]:
    return {"reason": "compiler-message", **PACKAGE, "target": TARGET, "message": said}


def artifact(**changes: object) -> dict[str, Any]:
    made = {
        "target": TARGET,
        "profile": {"test": False},
        "features": [],
        "filenames": ["/box/target/x"],
        "fresh": False,
    }
    return {"reason": "compiler-artifact", **PACKAGE, **made, "executable": None, **changes}


def finished(success: bool = True) -> dict[str, Any]:
    return {"reason": "build-finished", "success": success}


def build(*messages: Mapping[str, Any] | bytes, exit_code: int | None = 0, tests: bool = False) -> Build:
    lines = [m if isinstance(m, bytes) else json.dumps(m, separators=(",", ":")).encode() for m in messages]
    status = Status.OK if exit_code == 0 else Status.TIMEOUT if exit_code is None else Status.FAILED
    return read_build(RunResult(status, exit_code, b"\n".join(lines), b"", 0.1, 0.1, 1, 0), "tiny", tests=tests)


def test_what_cargo_says() -> None:
    program = artifact(profile={"test": True}, executable="/box/target/t", filenames=["/box/target/t"])
    script = artifact(target={**TARGET, "kind": ["custom-build"]}, package_id="path+file:///x#guest@1.0.0", fresh=True)
    found = build(message(WARNING), script, artifact(), program, b"a word", finished())
    assert (found.finished, found.succeeded, found.cause, found.forged) == (True, True, None, ())
    assert [d.message for d in found.diagnostics] == ["words"]
    assert found.executables == {"/box/target/t": ("tiny", "tiny")}
    assert (found.anew, found.made, found.guests, found.roots) == ({"tiny"}, {"tiny"}, {"guest"}, ("src/lib.rs",))
    assert build(finished(False), exit_code=101).forged == ()


@pytest.mark.parametrize(
    ("name", "is_ruling"),
    [("LD_PRELOAD", True), ("LD_LIBRARY_PATH", True), ("PATH", True), ("OXIDIZER_DOOR", True), ("CLIPPY_ARGS", True),
     ("RUSTC_VERSION", False), ("CARGO_PKG_VERSION", False), ("SEARCH_PATH", False), ("RUST_TEST_THREADS", False)],
)  # fmt: skip
def test_what_a_build_script_may_set(name: str, is_ruling: bool) -> None:
    said = {"reason": "build-script-executed", **PACKAGE, "env": [["GIT_COMMIT", "1a2b"], [name, "x"]]}
    found = build(said, artifact(), finished())
    assert found.forged == ((BUILD_ENVIRONMENT,) if is_ruling else ())
    assert found.cause is (Cause.FORGED if is_ruling else None)


FORGED = {
    "two ends": [finished(), finished()],
    "words behind the end": [finished(), message(WARNING)],
    "success against the exit code": [finished(False)],
    "a unit made twice": [artifact(), artifact(), finished()],
    "no fields": [{"reason": "compiler-message"}, finished()],
    "a message that is none": [message({}), finished()],
    "half a line": [b'{"reason":"compiler-art', finished()],
    "endless depth": [b'{"reason":' + b"[" * 100_000, finished()],
    "another note": [message({"oxidizer": "all is well"}), finished()],
    "a note of the door": [message({"oxidizer": "forged_messages"}), finished()],
}


def test_what_cargo_does_not_say() -> None:
    for name, messages in FORGED.items():
        found = build(*messages)
        assert (found.forged, found.cause) == (("forged_messages",), Cause.FORGED), name
    assert build(finished(), exit_code=101).forged == ("forged_messages",)


def test_a_compiler_that_was_left() -> None:
    assert build(artifact(filenames=[]), finished()).forged == ("exit_in_compiler",)
    noted = build(message({"oxidizer": "exit_in_compiler"}), finished(False), exit_code=101)
    assert noted.forged == ("exit_in_compiler",)


def test_behind_the_end_tests_may_say_what_they_like() -> None:
    said = [artifact(), finished(), b"one", finished(False), b"two"]
    found = build(*said, exit_code=101, tests=True)
    assert (found.succeeded, found.forged) == (True, ())
    assert [line for line in behind_build(found.run) if not line.startswith("{")] == ["one", "two"]


def test_where_a_limit_ended_cargo_that_is_the_cause() -> None:
    assert build(artifact(filenames=[]), exit_code=None).cause is Cause.TIMEOUT


LEAF = st.sampled_from([None, True, 7, "", "word"])
JSON = LEAF | st.lists(LEAF, max_size=2) | st.dictionaries(st.sampled_from(["kind", "name", "spans"]), LEAF, max_size=2)


@given(
    st.sampled_from(["compiler-message", "compiler-artifact", "build-finished", "else"]),
    st.dictionaries(st.sampled_from([*artifact(), *message(WARNING), "success"]), JSON, max_size=4),
)
def test_nothing_makes_the_reader_fail(reason: str, fields: dict[str, Any]) -> None:
    build({"reason": reason, **{key: value for key, value in fields.items() if key != "reason"}}, finished())
    build({**artifact(), **fields, "reason": "compiler-artifact"}, finished())
    build(message(fields), finished())
