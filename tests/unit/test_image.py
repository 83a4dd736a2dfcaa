"""The tag of a toolchain image, and the reading of apt's sources."""

import shutil
import subprocess
from pathlib import Path

import pytest

from oxidizer.cluster import apt
from oxidizer.cluster.image import ImageError, image_tag


@pytest.fixture
def toolchain(tmp_path: Path) -> Path:
    """A folder shaped like a toolchain; its rustc only tells its version."""
    about = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True, cwd="/").stdout
    (tmp_path / "bin").mkdir()
    rustc = tmp_path / "bin/rustc"
    rustc.write_text(f"#!/bin/sh\ncat <<'E'\n{about}E\n")
    rustc.chmod(0o755)
    (tmp_path / "share/doc").mkdir(parents=True)
    return tmp_path


def test_the_tag_names_the_compiler_and_hashes_what_goes_in(
    toolchain: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tag = image_tag(toolchain)
    release = subprocess.run(
        ["rustc", "--version"], capture_output=True, text=True, check=True, cwd="/"
    ).stdout.split()[1]
    assert tag.startswith(f"oxidizer-toolchain:{release}-")
    copy = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(toolchain, copy)
    assert image_tag(copy) == tag
    (toolchain / "share/doc/book").write_text("left out")
    assert image_tag(toolchain) == tag
    (toolchain / "bin/cargo").write_text("taken in")
    assert image_tag(toolchain) != tag


def test_a_folder_without_a_compiler_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="print sysroot"):
        image_tag(tmp_path)


def test_both_forms_of_apt_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# a comment\n"
        "deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian bookworm main contrib # end\n"
        "deb-src https://mirror.example/debian bookworm main\n"
        "deb https://mirror.example/debian trixie main\n"
        "deb https://packages.example/apt bookworm stable\n"
    )
    (tmp_path / "sources.list.d/more.sources").write_text(
        "Types: deb\n# why\nURIs: https://mirror.example/security\nSuites: bookworm-security\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP-----\n\n"
        "Types: deb\nEnabled: no\nURIs: https://off.example\nSuites: bookworm\nComponents: main\n"
    )
    monkeypatch.setattr(apt, "_FOLDER", tmp_path)
    assert [source.line() for source in apt.sources("bookworm")] == [
        "deb https://mirror.example/debian bookworm main contrib",
        "deb https://mirror.example/security bookworm-security main",
    ]
