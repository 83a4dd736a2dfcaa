"""Crates and workspaces of the user's own, and what a sandbox sees of the user's CARGO_HOME; all with real cargo."""

from pathlib import Path

import pytest

from oxidizer.cluster import registry as causes
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, cargo_home_view, expand, prepare
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import content_hash
from tests.integration.small_registry import Registry


def own_workspace(root: Path) -> Path:
    for name, text in {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
        "crates/one/Cargo.toml": '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n'
        "[features]\nextra = []\n",
        "crates/one/src/lib.rs": "",
        "crates/two/Cargo.toml": '[package]\nname = "two"\nversion = "0.1.0"\nedition = "2021"\n'
        '[dependencies]\none = { path = "../one" }\n',
        "crates/two/src/main.rs": "fn main() {}",
        "target/debug/junk": "junk",
        ".cargo/config.toml": '[build]\nrustc-wrapper = "/bin/false"\n',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_workspace_of_the_users_own_becomes_one_unit_per_package(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    root = own_workspace(tmp_path / "own")
    one, two = expand(CrateSpec("own", "", ("extra",), path=root, license="MIT"), toolchain)
    assert [(s.name, s.member, s.features) for s in (one, two)] == [
        ("one", "crates/one", ("extra",)),
        ("two", "crates/two", ()),
    ]
    assert expand(one, toolchain) == (one,)
    assert expand(CrateSpec("two", "", path=root / "crates/two"), toolchain)[0].member == "crates/two"
    got = prepare(two, toolchain, tmp_path / "work")
    assert (got.name, got.source, got.member, got.packages) == ("two", "path", "crates/two", ("one", "two"))
    assert len(got.version) == 16
    assert got.checksum.startswith(got.version)
    assert got.stripped == (".cargo (configuration)", "target (build output)")
    assert b'name = "one"' in (got.root / "Cargo.lock").read_bytes()
    assert not (root / "Cargo.lock").exists(), "the user's own folder is only read"
    (got.root / "Cargo.lock").unlink()
    assert content_hash(got.root) == got.checksum
    (root / "crates/one/src/lib.rs").write_text("pub fn f() {}")
    with pytest.raises(causes.SourceChanged):
        prepare(one, toolchain, tmp_path / "later")


@pytest.mark.parametrize(
    ("features", "manifest", "cause"),
    [
        (("absent",), "", "no_such_feature"),
        ((), "[broken\n", "broken_manifest"),
        ((), '[dependencies]\nother = { path = "../other" }\n', "broken_manifest"),
    ],
)
def test_a_crate_of_ones_own_that_cannot_be_used_is_told_apart(
    toolchain: Toolchain, tmp_path: Path, features: tuple[str, ...], manifest: str, cause: str
) -> None:
    root = tmp_path / "own"
    (root / "src").mkdir(parents=True)
    (root / "src/lib.rs").touch()
    (root / "Cargo.toml").write_text(f'[package]\nname = "own"\nversion = "0.1.0"\n{manifest}')
    with pytest.raises(FetchError) as caught:
        expand(CrateSpec("own", "", features, path=root), toolchain)
    assert caught.value.cause == cause, str(caught.value)


def test_a_crate_that_its_workspace_does_not_know_is_the_manifests_fault(toolchain: Toolchain, tmp_path: Path) -> None:
    stray = own_workspace(tmp_path / "own") / "stray"
    (stray / "src").mkdir(parents=True)
    (stray / "src/lib.rs").touch()
    (stray / "Cargo.toml").write_text('[package]\nname = "stray"\nversion = "0.1.0"\n')
    with pytest.raises(causes.BrokenManifest):
        expand(CrateSpec("stray", "", path=stray), toolchain)


def test_a_broken_configuration_of_the_users_is_not_the_crates_fault(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    (tmp_path / "cargo-home/config.toml").write_text("[broken")
    for spec in (CrateSpec("fine", "1.0.0"), CrateSpec("own", "", path=own_workspace(tmp_path / "own"))):
        with pytest.raises(RegistryUnavailable):
            prepare(expand(spec, toolchain)[0], toolchain, tmp_path / "work")


def test_a_work_folder_inside_of_a_workspace_is_refused(toolchain: Toolchain, tmp_path: Path) -> None:
    root = own_workspace(tmp_path / "own")
    with pytest.raises(ValueError, match="choose a work folder outside"):
        prepare(CrateSpec("fine", "1.0.0"), toolchain, root / "runs")


def test_a_mirror_with_a_password_in_its_address_is_refused_by_name(tmp_path: Path) -> None:
    """Cargo's cache folder depends on the whole address, so that a cleaned one would not find it offline."""
    (tmp_path / "config.toml").write_text('[source.mirror]\nregistry = "sparse+https://user:SECRET@corp.example/"\n')
    with pytest.raises(ValueError, match=r"source\.\"mirror\" .*cargo login") as caught:
        cargo_home_view(tmp_path)
    assert "SECRET" not in str(caught.value)


def test_the_view_of_cargo_home_builds_offline_and_holds_no_secret(
    registry: Registry, toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add("depend")
    registry.add("subject", needs=[("depend", "1")])
    got = prepare(CrateSpec("subject", "1.0.0"), toolchain, tmp_path / "work")
    home = tmp_path / "cargo-home"
    with (home / "config.toml").open("a") as config:
        config.write(
            '[registry]\ntoken = "SECRET1"\nglobal-credential-providers = ["SECRET2"]\n'
            '[registries.corp]\nindex = "sparse+https://user:SECRET3@corp.example/index/?key=SECRET4"\n'
            'token = "SECRET5"\n'
            '[http]\nproxy = "http://user:SECRET6@proxy.example"\n[build]\nrustc-wrapper = "SECRET7"\n'
        )
    (home / "credentials.toml").write_text('[registry]\ntoken = "SECRET8"\n')
    monkeypatch.setenv("CARGO_REGISTRIES_MY_CORP_INDEX", "sparse+https://my.example/")
    monkeypatch.setenv("CARGO_REGISTRIES_MY_CORP_TOKEN", "SECRET9")
    folder, git, text = cargo_home_view(home)
    assert b"SECRET" not in text
    assert b'index = "sparse+https://corp.example/index/"' in text
    assert b'[registries."my-corp"]' in text
    assert (folder, git) == (home / "registry", None)

    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "registry").symlink_to(folder)
    (inside / "config.toml").write_bytes(text)
    registry.server.shutdown()
    monkeypatch.setenv("CARGO_HOME", str(inside))
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    assert b"depend" in causes.run_cargo(
        toolchain, ("tree", "--frozen", "--target", toolchain.host), got.root / "Cargo.toml"
    )
