"""Manifests that lead out of their tree are refused, whatever they say it by."""

import time
from pathlib import Path

import pytest

from oxidizer.cluster.manifest import check_inside
from oxidizer.cluster.registry import BrokenManifest, HostileArchive


@pytest.mark.parametrize("pattern", ["m*", "[m]ember", "?ember", "**", "./**/member", "m**", "member"])
def test_a_member_is_looked_at_however_it_is_spelled(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "Cargo.toml").write_text(f'[workspace]\nmembers = ["{pattern}"]\n')
    (tmp_path / "member").mkdir()
    (tmp_path / "member/Cargo.toml").write_text('[dependencies]\nout = { path = "../../out" }\n')
    with pytest.raises(BrokenManifest, match=r"points out of the crate, to `\.\./\.\./out`"):
        check_inside(tmp_path, published=False)


def test_a_pattern_costs_one_walk(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["**/*/**/*/**/*/**/*/**"]\n')
    for number in range(200):
        tmp_path.joinpath(*f"{number:010b}", "end").mkdir(parents=True)
    began = time.monotonic()
    check_inside(tmp_path, published=False)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 3000,
        "a = " + "[" * 3000 + "]" * 3000,
        ".".join("a" * 3000) + ' = "x"',
        "[workspace]\nmembers = 5\n[dependencies]\nout = { path = '../../out' }",
    ],
)
def test_a_manifest_that_no_cargo_takes_is_the_crates_own_mistake(tmp_path: Path, text: str) -> None:
    # Cargo may never look at this one: it lies where only a target's path leads.
    (tmp_path / "Cargo.toml").write_text('[lib]\npath = "sub"\n')
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/Cargo.toml").write_text(text)
    with pytest.raises(BrokenManifest):
        check_inside(tmp_path, published=False)


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("https://forge.example/who/what", True),
        ("http://192.168.1.4/what.git", True),
        ("file:///home/user/private", False),
        ("/home/user/private", False),
        ("../private", False),
        ("ssh://git@forge.example/who/what", False),
        ("git@forge.example:who/what", False),
        ("https://token@forge.example/who/what", False),
        ("http://localhost:8080/x", False),
        ("http://127.0.0.1/x", False),
        ("http://127.1/x", False),
        ("http://0x7f000001/x", False),
        ("http://[::1]/x", False),
        ("http://[::ffff:127.0.0.1]/x", False),
        ("http://169.254.169.254/x", False),
        ("http://0/x", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_a_git_dependency_is_taken_from_the_web_alone(tmp_path: Path, url: str, is_fine: bool) -> None:
    (tmp_path / "Cargo.toml").write_text(f'[dependencies]\nout = {{ git = "{url}" }}\n')
    if is_fine:
        check_inside(tmp_path, published=False)
    else:
        with pytest.raises(BrokenManifest, match="git repository at"):
            check_inside(tmp_path, published=False)
    with pytest.raises(HostileArchive, match="to a git repository"):
        check_inside(tmp_path, published=True)
