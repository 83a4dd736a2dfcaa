"""Which files of a package are the texts of its licence, and which only look like it."""

from pathlib import Path, PurePosixPath

import pytest

from oxidizer.datasets.corpus.texts import MOST_BYTES, is_text, shipped

TEXT = "Permission is hereby granted. " * 20


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "LICENSE-MIT", "license.md", "LICENCE-APACHE", "LICENSE_MIT", "LICENSE.Apache-2.0", "MIT-LICENSE.txt",
     "COPYING", "COPYRIGHT", "UNLICENSE", "NOTICE", "NOTICES.md", "AUTHORS.txt", "third_party_licenses.txt",
     "src/unicode_tables/LICENSE-UNICODE", "LICENSES/MIT.txt", "LICENSE-0BSD.txt", "CONTRIBUTORS.md"],
)  # fmt: skip
def test_a_text_by_its_name(name: str) -> None:
    assert is_text(PurePosixPath(name))


@pytest.mark.parametrize(
    "name",
    ["src/license.rs", "licensed", "README.md", "src/notice.rs", "tests/ui/license.stderr", "licenses/list.json",
     "src/text/licenses/MIT", "LICENSE.rs", "noticeable.txt", "src/authorship.txt", "unlicensed.md"],
)  # fmt: skip
def test_no_text_by_its_name(name: str) -> None:
    assert not is_text(PurePosixPath(name))


def package(folder: Path, files: dict[str, str], manifest: str = "") -> Path:
    for name, text in {"Cargo.toml": f"[package]\nname = 'a'\n{manifest}", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "manifest", "names", "has_licence"),
    [
        ({"LICENSE": TEXT, "NOTICE": "n"}, "", ["LICENSE", "NOTICE"], True),
        ({"LICENSE": "../LICENSE"}, "", ["LICENSE"], False),
        ({"LICENSE": "MIT OR Apache-2.0\n", "LICENSES/MIT.txt": TEXT}, "", ["LICENSE", "LICENSES/MIT.txt"], True),
        ({"COPYRIGHT": TEXT, "AUTHORS": TEXT}, "", ["AUTHORS", "COPYRIGHT"], False),
        ({"src/copy/LICENSE": TEXT}, "", ["src/copy/LICENSE"], False),
        ({"LICENSE-THIRD-PARTY": TEXT}, "", ["LICENSE-THIRD-PARTY"], False),
        ({"doc/terms.txt": TEXT}, "license-file = 'doc/terms.txt'\n", ["doc/terms.txt"], True),
        ({"LICENSE": TEXT}, "license-file = '../../../../../../../../../../../etc/passwd'\n", ["LICENSE"], True),
        ({}, "license-file = ''\n", [], False),
    ],
)
def test_what_a_package_ships(
    tmp_path: Path, files: dict[str, str], manifest: str, names: list[str], has_licence: bool
) -> None:
    found = shipped(package(tmp_path, files, manifest))
    assert (list(found.texts), found.has_licence) == (names, has_licence)


def test_a_member_has_its_own_texts_and_those_above_it(tmp_path: Path) -> None:
    workspace = "[workspace]\nmembers = ['*']\n[workspace.package]\nauthors = ['Ann  <a@b>', 'Bob']\n"
    package(tmp_path, {"LICENSE": TEXT, "other/LICENSE": TEXT, "one/NOTICE": "n"}, workspace)
    package(tmp_path / "one", {}, "authors.workspace = true\n")
    found = shipped(tmp_path, "one")
    assert list(found.texts) == ["LICENSE", "one/NOTICE"]
    assert found.has_licence
    assert found.authors == ("Ann <a@b>", "Bob")


def test_bytes_come_as_they_are_and_nothing_endless(tmp_path: Path) -> None:
    package(tmp_path, {"NOTICE": "x" * (MOST_BYTES + 1)})
    (tmp_path / "LICENSE").write_bytes(b"\xe9\r\n" * 300)
    found = shipped(tmp_path)
    assert found.texts == {"LICENSE": b"\xe9\r\n" * 300}
    assert found.too_long == ("NOTICE",)


@pytest.mark.parametrize("manifest", ["authors = 'one'\n", "authors = [1]\n", "authors.workspace = true\n", "=="])
def test_a_manifest_that_names_nobody(tmp_path: Path, manifest: str) -> None:
    assert shipped(package(tmp_path, {}, manifest)).authors == ()
