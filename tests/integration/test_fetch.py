"""From a list's entry to a prepared tree, with real cargo against a real (small, local) registry over HTTP."""

import hashlib
import json
from pathlib import Path

import pytest

from oxidizer.cluster import registry as causes
from oxidizer.cluster.cargohome import cargo_home
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, prepare
from oxidizer.cluster.registry import classify
from oxidizer.cluster.toolchain import Toolchain
from tests.integration.small_registry import Registry


def test_a_published_crate_comes_verified_stripped_and_locked(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    registry.add("depend", "1.2.0")
    registry.add(
        "subject",
        needs=[("depend", "1")],
        manifest='license = "MIT"\nrepository = "https://example.org/subject"\n[features]\nmore = []\n',
        files={
            "src/main.rs": "fn main() {}",
            ".cargo/config.toml": '[build]\nrustc-wrapper = "/bin/false"\n',
            "rust-toolchain.toml": '[toolchain]\nchannel = "1.0.0"\n',
            ".cargo_vcs_info.json": json.dumps({"git": {"sha1": "a" * 40}}),
        },
    )
    got = prepare(CrateSpec("subject", "1.0.0", ("more",)), toolchain, tmp_path / "work")
    assert (got.name, got.version, got.source, got.member) == ("subject", "1.0.0", "registry", ".")
    assert got.checksum == hashlib.sha256(bytes(registry.answers["/dl/subject/1.0.0"])).hexdigest()  # type: ignore[arg-type]
    assert got.stripped == (".cargo", "rust-toolchain.toml")
    assert got.vcs_commit == "a" * 40
    assert (got.lock_origin, got.lock) == ("made", (got.root / "Cargo.lock").read_bytes())
    assert b'name = "depend"\nversion = "1.2.0"' in got.lock
    assert (got.facts.license, got.facts.edition, got.facts.bins) == ("MIT", "2021", ("subject",))
    assert got.facts.has_lib
    assert not got.facts.is_proc_macro
    assert {(t.name, t.kinds, t.file) for t in got.facts.targets} == {
        ("subject", ("lib",), "src/lib.rs"),
        ("subject", ("bin",), "src/main.rs"),
    }


def test_a_version_is_spelled_as_the_registry_does(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    registry.add("built", "1.0.0+spec.2")
    assert prepare(CrateSpec("built", "1.0.0"), toolchain, tmp_path / "work").version == "1.0.0+spec.2"


def test_sources_that_an_archive_closes_are_open_to_the_sandbox(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    registry.add("closed", mode=0o600)
    registry.add("whole", needs=[("closed", "1")])
    prepare(CrateSpec("whole", "1.0.0"), toolchain, tmp_path / "crate")
    unpacked = [p for p in (cargo_home() / "registry/src").glob("*/closed-1.0.0/**/*") if p.is_file()]
    assert {p.name for p in unpacked} >= {"Cargo.toml", "lib.rs"}
    assert {p.stat().st_mode & 0o777 for p in unpacked if p.name in ("Cargo.toml", "lib.rs")} == {0o604}


def test_a_shipped_lock_is_kept_where_cargo_accepts_it(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    registry.add("depend", "1.0.0")
    registry.add("subject", needs=[("depend", "1")])
    made = prepare(CrateSpec("subject", "1.0.0"), toolchain, tmp_path / "first").lock
    registry.add("depend", "1.9.0")
    registry.add("shipper", needs=[("depend", "1")], files={"Cargo.lock": made.decode().replace("subject", "shipper")})
    registry.add("stale", needs=[("depend", "1")], files={"Cargo.lock": "version = 4\n"})
    registry.add("broken", needs=[("depend", "1")], files={"Cargo.lock": "no lock"})
    kept = prepare(CrateSpec("shipper", "1.0.0"), toolchain, tmp_path / "second")
    assert kept.lock_origin == "shipped"
    assert b'name = "depend"\nversion = "1.0.0"' in kept.lock
    for name in ("stale", "broken"):
        anew = prepare(CrateSpec(name, "1.0.0"), toolchain, tmp_path / name)
        assert anew.lock_origin == "made"
        assert b'name = "depend"\nversion = "1.9.0"' in anew.lock


def fill(registry: Registry) -> None:
    """Crates that cannot be prepared, each for another reason."""
    registry.add("fine")
    registry.add("fine", "1.0.1")
    registry.add("yanked", yanked=True)
    registry.add("needs-nothing-there", needs=[("nowhere", "1")])
    registry.add("needs-no-version", needs=[("fine", "7")])
    registry.add("needs-yanked", needs=[("yanked", "1")])
    registry.add("torn", needs=[("fine", "=1.0.0"), ("tearing", "1")])
    registry.add("tearing", needs=[("fine", "=1.0.1")])
    registry.add("forged", checksum="0" * 64)
    registry.add("illegible", manifest="[lib\n")
    registry.add("impostor", files={"Cargo.toml": '[package]\nname = "other"\nversion = "1.0.0"\n'})
    registry.add("from-the-future", files={"Cargo.toml": '[package]\nname = "from-the-future"\nedition = "2099"\n'})
    registry.add("too-modern", manifest='rust-version = "1.999"\n')
    registry.add("climber", files={"../../evil": "x"})
    registry.add("patcher", manifest='[patch.crates-io]\nfine = { git = "https://example.org/fine" }\n')
    registry.add("outsider", manifest='workspace = "../.."\n')
    registry.add("pointer", manifest='[dependencies.metadata]\npath = "../../other"\n')
    registry.add("reader", manifest='[lib]\npath = "/etc/hostname"\n')


@pytest.mark.parametrize(
    ("name", "version", "cause"),
    [
        ("not-there", "1.0.0", "no_such_crate"),
        ("timed-out-authenticator-credential", "1.0.0", "no_such_crate"),
        ("fine", "9.0.0", "no_such_version"),
        ("yanked", "1.0.0", "yanked"),
        ("needs-nothing-there", "1.0.0", "missing_dependency"),
        ("needs-no-version", "1.0.0", "missing_dependency"),
        ("needs-yanked", "1.0.0", "yanked_dependency"),
        ("torn", "1.0.0", "unresolvable"),
        ("forged", "1.0.0", "checksum_mismatch"),
        ("illegible", "1.0.0", "broken_manifest"),
        ("impostor", "1.0.0", "broken_manifest"),
        ("from-the-future", "1.0.0", "needs_newer_rust"),
        ("too-modern", "1.0.0", "needs_newer_rust"),
        ("climber", "1.0.0", "hostile_archive"),
        ("patcher", "1.0.0", "hostile_archive"),
        ("outsider", "1.0.0", "hostile_archive"),
        ("pointer", "1.0.0", "hostile_archive"),
        ("reader", "1.0.0", "hostile_archive"),
    ],
)
def test_what_is_wrong_with_a_crate_is_told_apart(
    registry: Registry, toolchain: Toolchain, tmp_path: Path, name: str, version: str, cause: str
) -> None:
    fill(registry)
    with pytest.raises(FetchError) as caught:
        prepare(CrateSpec(name, version), toolchain, tmp_path / "work")
    assert caught.value.cause == cause, str(caught.value)
    assert not list(tmp_path.rglob("evil"))


def test_a_feature_that_is_not_there_is_named(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    registry.add("fine", manifest="[features]\nmore = []\n")
    with pytest.raises(causes.NoSuchFeature, match="no feature `moer`; it has more"):
        prepare(CrateSpec("fine", "1.0.0", ("moer",)), toolchain, tmp_path / "work")


@pytest.mark.parametrize("path", ["/config.json", "/fi/ne/fine", "/dl/fine/1.0.0"])
@pytest.mark.parametrize("status", [503, 403, 429])
def test_a_registry_in_trouble_is_never_the_crates_fault(
    registry: Registry, toolchain: Toolchain, tmp_path: Path, path: str, status: int
) -> None:
    registry.add("fine")
    registry.answers[path] = status
    with pytest.raises(RegistryUnavailable):
        prepare(CrateSpec("fine", "1.0.0"), toolchain, tmp_path / "work")


def test_a_registry_that_is_gone_is_never_the_crates_fault(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    registry.server.shutdown()
    registry.server.server_close()
    with pytest.raises(RegistryUnavailable):
        prepare(CrateSpec("fine", "1.0.0"), toolchain, tmp_path / "work")


# The public index, as cargo calls it; put together, since no host of a registry stands in this repository.
INDEX = "crates" + ".io index"

RECORDED = [
    (
        "no_such_crate",
        "error: no matching package named `no-such` found\n"
        "location searched: `local` index (which is replacing registry `crates-io`)\n"
        "required by package `oxidizer-fetch-only v0.0.0 (/x)`\n",
    ),
    (
        "missing_dependency",
        f"error: no matching package named `nowhere` found\nlocation searched: {INDEX}\n"
        "required by package `needs-missing v1.0.0`\n"
        '    ... which satisfies dependency `needs-missing = "=1.0.0"` of package `oxidizer-fetch-only v0.0.0 (/x)`\n',
    ),
    (
        "yanked",
        'error: failed to select a version for the requirement `yanky = "=1.0.0"`\n  version 1.0.0 is yanked\n'
        f"location searched: {INDEX}\nrequired by package `oxidizer-fetch-only v0.0.0 (/x)`\n",
    ),
    (
        "yanked_dependency",
        'error: failed to select a version for the requirement `ydep = "^1"`\n  version 1.0.0 is yanked\n'
        f"location searched: {INDEX}\nrequired by package `needs-yanked v1.0.0`\n"
        '    ... which satisfies dependency `needs-yanked = "=1.0.0"` of package `oxidizer-fetch-only v0.0.0 (/x)`\n',
    ),
    (
        "unresolvable",
        "error: failed to select a version for `good`.\n    ... required by package `featdep v1.0.0`\n"
        "versions that meet the requirements `^1` are: 1.0.1, 1.0.0\n\n"
        "package `featdep` depends on `good` with feature `zzz` but `good` does not have that feature.\n\n\n"
        "failed to select a version for `good` which could resolve this conflict\n",
    ),
    (
        "hostile_archive",
        "error: failed to download replaced source registry `crates-io`\n\nCaused by:\n"
        "  failed to unpack package `notgz v1.0.0 (registry `local`)`\n\nCaused by:\n"
        "  failed to iterate over archive\n\nCaused by:\n  unexpected end of file\n",
    ),
    (
        "needs_newer_rust",
        "error: failed to download replaced source registry `crates-io`\n\nCaused by:\n"
        "  failed to parse manifest at `/home/registry/src/newfeat-1.0.0/Cargo.toml`\n\nCaused by:\n"
        "  unknown Cargo.toml feature `nope`\n",
    ),
    (
        None,
        "error: failed to get `good` as a dependency of package `oxidizer-fetch-only v0.0.0 (/x)`\n\nCaused by:\n"
        "  failed to query replaced source registry `crates-io`\n\nCaused by:\n  download of config.json failed\n\n"
        "Caused by:\n  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 38827 after 0 ms)\n",
    ),
    (
        None,
        f"error: no matching package named `good` found\nlocation searched: {INDEX}\n"
        "required by package `oxidizer-fetch-only v0.0.0 (/x)`\n"
        "As a reminder, you're using offline mode (--offline) which can sometimes cause surprising failures\n",
    ),
    (None, "error: something that cargo never said before\n"),
]


@pytest.mark.parametrize(("cause", "words"), RECORDED)
def test_recorded_words_of_cargo_1_95_are_understood(cause: str | None, words: str) -> None:
    assert getattr(classify(words), "cause", None) == cause
