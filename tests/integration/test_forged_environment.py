"""A build script that has cargo start the compiler or the tests in an environment of its choice buys nothing by it."""

from pathlib import Path

import pytest

from oxidizer.cluster.cargo import Cargo
from tests.conftest import OpenCrate
from tests.integration.forgeries import BROKEN, FAILS, FAKE_METADATA, Outcome, Trick, builds, macro, with_tests

_FLAGS = frozenset({"build_environment"})
# A shell script that speaks for libtest, where our own shell would look for a program.
_TIMEOUT = r"""fn main() {
    use std::os::unix::fs::PermissionsExt;
    let told = [r#"{ "type": "suite", "event": "started", "test_count": 1 }"#,
        r#"{ "type": "test", "event": "started", "name": "tests::fails" }"#,
        r#"{ "type": "test", "event": "ok", "name": "tests::fails" }"#,
        r#"{ "type": "suite", "event": "ok", "passed": 1, "failed": 0, "ignored": 0 }"#].join("\n");
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/timeout"), format!("#!/bin/sh\ncat <<'END'\n{told}\nEND\n")).unwrap();
    std::fs::set_permissions(format!("{out}/timeout"), PermissionsExt::from_mode(0o755)).unwrap();
    println!("cargo::rustc-env=PATH={out}:{}", std::env::var("PATH").unwrap());
}
"""


def sets(what: str) -> dict[str, str]:
    return {"build.rs": f'fn main() {{\n    println!("cargo::rustc-env={what}");\n}}\n'}


def passes(cargo: Cargo, _: Path) -> Outcome:
    run = cargo.test(cap_s=10.0)
    return Outcome(bool(run.results.passed), frozenset(run.build.forged), run.results.outcomes)


TRICKS = (
    Trick("the door is taken away", macro(FAKE_METADATA, BROKEN, **sets("LD_PRELOAD=")), builds, _FLAGS),
    Trick("the door has another task", macro(FAKE_METADATA, BROKEN, **sets("OXIDIZER_DOOR=tests")), builds, _FLAGS),
    Trick("another program runs the tests", with_tests(FAILS, **{"build.rs": _TIMEOUT}), passes, _FLAGS),
)


@pytest.mark.parametrize("trick", TRICKS, ids=[trick.name for trick in TRICKS])
def test_tricks_of_the_environment(open_crate: OpenCrate, trick: Trick) -> None:
    outcome = trick.attempt(*open_crate(trick.files))
    assert not outcome.harm, outcome
    assert outcome.flags == trick.flags, outcome


def test_where_programs_are_found_is_the_crates_own_again_in_its_tests(open_crate: OpenCrate) -> None:
    tests = '#[test]\nfn finds() { assert!(std::env::var("PATH").unwrap().starts_with("/opt/rust/bin:")) }\n'
    cargo, _ = open_crate(with_tests(tests))
    assert {test.name for test in cargo.test().results.passed} == {"tests::finds"}
