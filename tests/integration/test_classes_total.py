"""The table of classes against the toolchain that is installed: total, and without codes that nobody emits."""

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from oxidizer.cluster.classes import ERROR_CODE, class_of, table
from oxidizer.cluster.errorcodes import standing, standing_of
from oxidizer.cluster.lints import CLIPPY_GROUPS, Lint, clippy_group, members, read_lints

NEWEST = 850


@cache
def tool(name: str) -> Path:
    """A tool of the toolchain itself, past rustup's proxy, which takes four times as long to start."""
    found = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True, cwd="/")
    return Path(found.stdout.strip()) / "bin" / name


def explained(code: str) -> str | None:
    done = subprocess.run([tool("rustc"), "--explain", code], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


@pytest.fixture(scope="module")
def explanations() -> dict[str, str]:
    codes = [f"E{n:04}" for n in range(1, NEWEST)]
    tool("rustc")
    with ThreadPoolExecutor(4) as pool:
        found = {code: text for code, text in zip(codes, pool.map(explained, codes), strict=True) if text is not None}
    assert len(found) > 500
    assert max(found) < codes[-20], f"rustc has codes up to {max(found)}: raise NEWEST"
    return found


@pytest.fixture(scope="module")
def lints() -> Mapping[str, Lint]:
    return read_lints(tool("clippy-driver"))


def test_every_error_code_has_a_class_and_no_code_is_invented(explanations: dict[str, str]) -> None:
    listed = {code for code in table() if ERROR_CODE.fullmatch(code)}
    assert listed == set(explanations), "assign or remove these in cluster/classes.toml"


def test_which_codes_are_emitted_is_what_the_compiler_says(explanations: dict[str, str]) -> None:
    assert dict(standing()) == {code: standing_of(text) for code, text in explanations.items()}, "errorcodes.toml"
    assert {standing()[code] for code in ("E0308", "E0382", "E0499")} == {"current"}


def test_no_lint_in_the_table_is_unknown_to_the_toolchain(lints: Mapping[str, Lint]) -> None:
    assert {code for code in table() if not ERROR_CODE.fullmatch(code)} - set(lints) == set()


def test_the_style_groups_are_listed_whole(lints: Mapping[str, Lint]) -> None:
    listed = {code for code, name in table().items() if name == "style" and code.startswith("clippy::")}
    style = set(members(lints, "clippy::style"))
    assert listed <= style
    assert style <= set(table())
    assert {class_of("rustc", lint) for lint in members(lints, "nonstandard_style")} == {"style"}


def test_every_clippy_lint_is_in_one_group_and_has_a_meaning(lints: Mapping[str, Lint]) -> None:
    clippy = [lint for name, lint in lints.items() if name.startswith("clippy::")]
    assert len(clippy) > 700
    assert all(lint.meaning for lint in lints.values())
    for lint in clippy:
        assert sum(f"clippy::{group}" in lint.groups for group in CLIPPY_GROUPS) == 1, lint
        assert clippy_group(lint) is not None
    assert sum(clippy_group(lint) is None for lint in lints.values()) > 200
