"""Every operator on its family's fixture, `tests/crates/mistakes/<family>.rs`: the compiler says what it declares."""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, distinct, parse_diagnostic
from oxidizer.cluster.edits import apply
from oxidizer.cluster.toolchain import find_toolchain
from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.operators import family, operators
from oxidizer.miners.operators.operator import Code, Operator, Route

MISTAKES = Path(__file__).parents[1] / "crates" / "mistakes"
BY_NAME = {operator.name: operator for operator in operators() if operator.route is not Route.MANIFEST}
"""Mistakes in manifests have a fixture and a test of their own."""


def sites(operator: Operator) -> Iterator[tuple[Mistake, bytes]]:
    source = (MISTAKES / f"{family(operator)}.rs").read_bytes()
    for mistake in mistakes(Code("lib.rs", source), [operator]):
        yield mistake, apply(source, list(mistake.site.edits))


@cache
def compiled(source: bytes, folder: Path, lints: tuple[str, ...], tests: bool = False) -> tuple[Diagnostic, ...]:
    """What the compiler says of a crate of one file; with lints, what clippy says."""
    root = folder / "lib.rs"
    root.write_bytes(source)
    tools = find_toolchain(None).bin
    driver = [tools / "clippy-driver"] if lints else [tools / "rustc"]
    kind = ["--test", "-o", folder / "tests"] if tests else ["--crate-type=lib", "--emit=metadata", "--out-dir", folder]
    warn = [word for lint in lints for word in ("-W", lint)]
    command = [*driver, root, "--edition=2021", "--crate-name=lib", "--error-format=json", *kind, *warn]
    run = subprocess.run(command, capture_output=True, check=False, timeout=60)
    raw = [json.loads(line) for line in run.stderr.splitlines() if line.startswith(b"{")]
    return distinct(parse_diagnostic(message) for message in raw)


def shown(operator: Operator, folder: Path) -> Iterator[tuple[Mistake, str]]:
    """The code of the first complaint that each mistake adds."""
    lints = tuple(operator.codes) if operator.route is Route.LINT else ()
    source = (MISTAKES / f"{family(operator)}.rs").read_bytes()
    before = {d.key for d in compiled(source, folder, lints)}
    for mistake, text in sites(operator):
        new = [d for d in compiled(text, folder, lints) if d.key not in before and (lints or d.is_error)]
        if new:
            own = [d for d in new if d.code in operator.codes]
            yield mistake, (own[0] if lints and own else new[0]).code or ""


@pytest.mark.parametrize("name", [n for n, o in BY_NAME.items() if o.route is not Route.BEHAVIOUR])
def test_each_declared_code_is_raised_on_the_fixture(name: str, tmp_path: Path) -> None:
    operator = BY_NAME[name]
    waiting = set(operator.codes)
    # A run of the compiler each: once all have been seen, no more of them.
    for _, code in shown(operator, tmp_path):
        waiting.discard(code)
        if not waiting:
            break
    assert not waiting, f"{name} never raises {waiting}"


@pytest.mark.parametrize("name", [n for n, o in BY_NAME.items() if o.route is Route.BEHAVIOUR])
def test_each_change_of_behaviour_compiles_and_fails_a_test(name: str, tmp_path: Path) -> None:
    verdicts = []
    for _, text in sites(BY_NAME[name]):
        compiled(text, tmp_path, (), tests=True)
        verdicts.append(subprocess.run([tmp_path / "tests"], capture_output=True, check=False, timeout=60).returncode)
    assert 101 in verdicts


@pytest.mark.parametrize("family_name", sorted({family(o) for o in BY_NAME.values()}))
def test_a_fixture_is_healthy_code_without_warnings(family_name: str, tmp_path: Path) -> None:
    assert compiled((MISTAKES / f"{family_name}.rs").read_bytes(), tmp_path, ()) == ()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mistake_is_told_in_words_of_the_code(name: str) -> None:
    operator, causes = BY_NAME[name], []
    for mistake, _ in sites(operator):
        assert not mistake.site.cause.endswith(".")
        causes.append(mistake.site.cause)
    assert causes
    assert all("`" in cause for cause in causes)
    assert operator.rationale.endswith(".")
