"""From a list's entry to a prepared tree, with real cargo against a real (small, local) registry over HTTP."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from oxidizer.cluster import registry as causes
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, cargo_home_view, expand, prepare
from oxidizer.cluster.registry import classify
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.cluster.unpack import content_hash


class Registry:
    """A sparse registry in memory: paths and what is answered to them, bytes or an HTTP status."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | int] = {}
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path, 404)
                body = answer if isinstance(answer, bytes) else b""
                self.send_response(200 if isinstance(answer, bytes) else answer)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.answers["/config.json"] = json.dumps({"dl": self.url + "/dl/{crate}/{version}"}).encode()
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def add(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        needs: Sequence[tuple[str, str]] = (),
        manifest: str = "",
        files: dict[str, str] | None = None,
        yanked: bool = False,
        checksum: str | None = None,
    ) -> None:
        """Publish a crate; `manifest` follows its [package] table's first lines."""
        tables = "".join(f'[dependencies.{crate}]\nversion = "{req}"\n' for crate, req in needs)
        head = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
        data = crate_file(name, version, {"Cargo.toml": head + manifest + tables, "src/lib.rs": "", **(files or {})})
        kinds = {"features": [], "optional": False, "default_features": True, "target": None, "kind": "normal"}
        row = {
            "name": name,
            "vers": version,
            "deps": [{"name": crate, "req": req, **kinds} for crate, req in needs],
            "cksum": checksum or hashlib.sha256(data).hexdigest(),
            "features": {},
            "yanked": yanked,
        }
        index = f"/{name[:2]}/{name[2:4]}/{name}"
        known = self.answers.get(index, b"")
        assert isinstance(known, bytes)
        self.answers[index] = known + json.dumps(row).encode() + b"\n"
        self.answers[f"/dl/{name}/{version}"] = data


def crate_file(name: str, version: str, files: dict[str, str]) -> bytes:
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return find_toolchain()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that stands for the public one in a CARGO_HOME of its own, as a company's mirror does."""
    served = Registry()
    home = tmp_path / "cargo-home"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "sparse+{served.url}/"\n'
    )
    monkeypatch.setenv("CARGO_HOME", str(home))
    monkeypatch.setenv("CARGO_NET_RETRY", "0")
    for key in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(key, raising=False)
    yield served
    served.server.shutdown()
    served.server.server_close()


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


RECORDED = [
    (
        "no_such_crate",
        "error: no matching package named `no-such` found\n"
        "location searched: `local` index (which is replacing registry `crates-io`)\n"
        "required by package `oxidizer-fetch-only v0.0.0 (/x)`\n",
    ),
    (
        "missing_dependency",
        "error: no matching package named `nowhere` found\nlocation searched: crates.io index\n"
        "required by package `needs-missing v1.0.0`\n"
        '    ... which satisfies dependency `needs-missing = "=1.0.0"` of package `oxidizer-fetch-only v0.0.0 (/x)`\n',
    ),
    (
        "yanked",
        'error: failed to select a version for the requirement `yanky = "=1.0.0"`\n  version 1.0.0 is yanked\n'
        "location searched: crates.io index\nrequired by package `oxidizer-fetch-only v0.0.0 (/x)`\n",
    ),
    (
        "yanked_dependency",
        'error: failed to select a version for the requirement `ydep = "^1"`\n  version 1.0.0 is yanked\n'
        "location searched: crates.io index\nrequired by package `needs-yanked v1.0.0`\n"
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
        "error: no matching package named `good` found\nlocation searched: crates.io index\n"
        "required by package `oxidizer-fetch-only v0.0.0 (/x)`\n"
        "As a reminder, you're using offline mode (--offline) which can sometimes cause surprising failures\n",
    ),
    (None, "error: something that cargo never said before\n"),
]


@pytest.mark.parametrize(("cause", "words"), RECORDED)
def test_recorded_words_of_cargo_1_95_are_understood(cause: str | None, words: str) -> None:
    assert getattr(classify(words), "cause", None) == cause


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
