import tomllib

import pytest

from oxidizer.cluster.requirements import without_dependency

MANIFEST = b"""[package]
name = "x" # a comment

[dependencies]
a = "1" # of its own
b.version = "1"
"c" = { version = "2", package = "d" }

[target.'cfg(unix)'.dependencies.zed]
version = "1"

[target.'cfg(windows)'.dev-dependencies]
a = "1"

[dev-dependencies.q]
package = "e"
version = "1"

[workspace.dependencies]
b = "1"

[features]
full = ["a/std"]
"""


KINDS = ("dependencies", "dev-dependencies")


def asked(manifest: bytes) -> set[str]:
    read = tomllib.loads(manifest.decode())
    tables = [
        read.get("dependencies", {}), read.get("dev-dependencies", {}), read["workspace"].get("dependencies", {}),
        *(table.get(kind, {}) for table in read.get("target", {}).values() for kind in KINDS),
    ]  # fmt: skip
    return {v.get("package", k) if isinstance(v, dict) else k for table in tables for k, v in table.items()}


@pytest.mark.parametrize("package", ["a", "b", "d", "e", "zed"])
def test_a_package_is_taken_out_wherever_and_however_it_is_asked_for(package: str) -> None:
    left = without_dependency(MANIFEST, package)
    assert asked(MANIFEST) - asked(left) == {package}
    assert b"# a comment" in left
    assert b'full = ["a/std"]' in left


@pytest.mark.parametrize("package", ["c", "q", "x", "name", "version"])
def test_what_is_no_package_that_is_asked_for_is_left(package: str) -> None:
    assert without_dependency(MANIFEST, package) == MANIFEST


def test_text_that_is_no_manifest_is_left_as_it_is() -> None:
    assert without_dependency(b"[dependencies\na = ", "a") == b"[dependencies\na = "
