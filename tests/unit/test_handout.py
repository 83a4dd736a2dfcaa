"""What a reproduction leaves: whole or not at all, never over what is there, and harmless to read and to paste."""

import shlex
import subprocess
from pathlib import Path

import pytest

from oxidizer.cluster.toolchain import Toolchain, ToolchainMissing, find_version, rustup_name
from oxidizer.miners.handout import Handout, Try, check_place, leave


def some(version: str = "rustc 1.95.0 (59807616e 2026-04-14)") -> Toolchain:
    return Toolchain(Path("/opt/my rust"), version, "1.95.0", 22, "x86_64-unknown-linux-gnu", True, True, False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/src").mkdir(parents=True)
    (tmp_path / "tree/src/lib.rs").write_text("source\n")
    (tmp_path / "tree/Cargo.toml").write_text("[package]\n")
    return tmp_path / "tree"


def test_both_trees_and_the_lines_to_type(tree: Path, tmp_path: Path) -> None:
    args = ("clippy", "--features", "a b,$(id)", "--", "-W", "clippy::x")
    handout = Handout(
        "tiny 1.0.0: clippy::x", "warning: ```\x1b[2J", [Try("before", args, "red\nrm -rf /", (("A", "b c"),))],
        "my member", {"src/lib.rs": b"before\n"}, {"src/lib.rs": b"after \xff\n"},
        {"fix.patch": "-before\n+after \udcff\n"},
    )  # fmt: skip
    out = tmp_path / "out"
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part/left by one that was killed").touch()
    leave(handout, tree, some(), out)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "README.md", "after/Cargo.toml", "after/src/lib.rs", "before/Cargo.toml", "before/src/lib.rs", "fix.patch",
    ]  # fmt: skip
    assert (out / "before/src/lib.rs").read_bytes() == b"before\n"
    assert (out / "after/src/lib.rs").read_bytes() == b"after \xff\n"
    assert (out / "fix.patch").read_bytes() == b"-before\n+after \xff\n"
    readme = (out / "README.md").read_text()
    assert "\x1b" not in readme
    assert "````text\nwarning: ```" in readme
    assert "# red rm -rf /\n" in readme
    (line,) = [line for line in readme.splitlines() if line.startswith("(cd")]
    assert line == f"(cd 'before/my member' && A='b c' cargo {shlex.join(args)})"
    (path,) = [line for line in readme.splitlines() if line.startswith("export")]
    said = subprocess.run(["bash", "-c", f"{path}\necho $PATH"], capture_output=True, text=True).stdout
    assert said.startswith("/opt/my rust/bin:")
    assert "rustup toolchain install 1.95.0" in path


def test_without_sources_the_readme_tells_why(tmp_path: Path) -> None:
    leave(Handout("gone 1.0.0: rejected: yanked", "it was yanked", [], before={}), None, some(), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["README.md"]
    assert "it was yanked" in (tmp_path / "out/README.md").read_text()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for there in (tmp_path, tmp_path / "link"):
        with pytest.raises(ValueError, match="not written over"):
            check_place(there)
    check_place(tmp_path / "new")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("rustc 1.95.0 (59807616e 2026-04-14)", "1.95.0"),
        ("rustc 1.97.0-nightly (e50aa6fba 2026-04-30)", "nightly-2026-05-01"),
        ("rustc 1.96.0-beta.3 (e50aa6fba 2026-04-30)", "beta"),
        ("rustc 1.96.0 (e50aa6fba 2026-04-30) (built from a source tarball)", None),
        ("my own", None),
    ],
)
def test_what_rustup_calls_a_version(version: str, name: str | None) -> None:
    assert rustup_name(version) == name


def test_a_version_is_found_by_its_own_words_or_said_how_to_get(toolchain: Toolchain) -> None:
    assert find_version(toolchain.version).version == toolchain.version
    with pytest.raises(ToolchainMissing, match=r"not here, only .*rustc.*rustup toolchain install 1\.86\.0"):
        find_version("rustc 1.86.0 (05f9846f8 2025-03-31)")
    with pytest.raises(ToolchainMissing, match="by its distribution, or give --toolchain"):
        find_version("my own")
