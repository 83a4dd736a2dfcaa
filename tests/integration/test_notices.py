"""The licence bundle, with real cargo against a real (small, local) registry: whole, alike, and never with a hole."""

import hashlib
import os
import random
from pathlib import Path

import pytest

from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import content_hash, pack_source
from oxidizer.datasets.corpus.notices import NoticesInterrupted, Used, faults, read_notices, write_notices
from oxidizer.datasets.corpus.texts import STANDARD
from tests.integration.small_registry import Registry

MIT = "Copyright (c) 2020 Ann\n" + "Permission is hereby granted. " * 20
APACHE = "Apache License\n" + "Version 2.0. " * 60


def used(crate: str, license: str = "MIT", version: str = "1.0.0", **more: object) -> Used:
    told = {"source": "registry", "member": ".", "source_url": f"https://example.org/{crate}", **more}
    return Used(crate, version, license=license, **told)  # type: ignore[arg-type]


SHIPS, TWICE, BARE = used("ships"), used("twice", "MIT OR Apache-2.0"), used("bare", "Apache-2.0 WITH LLVM-exception")


def fill(registry: Registry) -> None:
    registry.add("ships", manifest='authors = ["Ann <a@example.org>"]\n', files={"LICENSE": MIT, "NOTICE": "Of Ann.\n"})
    registry.add("twice", files={"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE, "src/copied/LICENSE": MIT})
    registry.add("bare", manifest='authors = ["Bob [x](y)"]\n', files={"LICENSE": "../LICENSE"})
    texts = {"licenses/Apache-2.0": f'r#"{APACHE}"#', "exceptions/LLVM-exception": 'r"As an exception."'}
    registry.add("spdx", STANDARD.version, files={f"src/text/{name}": text for name, text in texts.items()})


def files(corpus: Path) -> dict[str, bytes]:
    return {p.relative_to(corpus).as_posix(): p.read_bytes() for p in sorted(corpus.rglob("*")) if p.is_file()}


def test_every_crate_has_its_texts_and_names(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    fill(registry)
    bundle = write_notices(tmp_path / "corpus", [TWICE, BARE, SHIPS, SHIPS], toolchain)
    assert [n.crate for n in bundle.notices] == ["bare", "ships", "twice"]
    assert bundle.missing == ()
    bare, ships, twice = bundle.notices
    assert [(t.name, t.standard) for t in ships.texts] == [("LICENSE", False), ("NOTICE", False)]
    assert ships.authors == ("Ann <a@example.org>",)
    assert ships.sha256 == hashlib.sha256(bytes(registry.answers["/dl/ships/1.0.0"])).hexdigest()  # type: ignore[arg-type]
    assert [t.name for t in twice.texts] == ["LICENSE-APACHE", "LICENSE-MIT", "src/copied/LICENSE"]
    assert [(t.name, t.standard) for t in bare.texts] == [
        ("LICENSE", False), ("Apache-2.0", True), ("LLVM-exception", True),
    ]  # fmt: skip
    written = files(tmp_path / "corpus")
    texts = {name for name in written if name.startswith("licences/texts/")}
    assert len(texts) == 6, "the MIT text of three places is one"
    assert all(name == f"licences/texts/{hashlib.sha256(written[name]).hexdigest()}.txt" for name in texts)
    assert written[f"licences/texts/{ships.texts[0].sha256}.txt"] == MIT.encode()
    assert written[f"licences/texts/{bare.texts[1].sha256}.txt"] == APACHE.rstrip().encode() + b"\n"
    assert set(written) - texts == {"licences/INDEX.md", "licences/index.json"}
    page = written["licences/INDEX.md"].decode()
    assert r"- authors: Bob \[x\](y)" in page
    assert "standard text, none shipped: [Apache-2.0](texts/" in page
    assert read_notices(tmp_path / "corpus") == bundle
    assert list(faults(tmp_path / "corpus", [SHIPS, TWICE, BARE])) == []


def test_an_interrupted_bundle_goes_on_and_ends_alike(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    fill(registry)
    crates = [SHIPS, TWICE, BARE]
    write_notices(tmp_path / "whole", crates, toolchain)
    told = registry.answers["/dl/twice/1.0.0"]
    registry.answers["/dl/twice/1.0.0"] = 503
    forget("twice")
    random.Random(1).shuffle(crates)
    with pytest.raises(NoticesInterrupted, match=r"twice 1\.0\.0 could not be fetched.*run the same command again"):
        write_notices(tmp_path / "again", crates, toolchain)
    assert not (tmp_path / "again/licences/index.json").exists()
    with (tmp_path / "again/licences/journal.jsonl").open("ab") as journal:
        journal.write(b'{"crate": "torn')
    registry.answers["/dl/twice/1.0.0"] = told
    for path in list(registry.answers):
        if "ships" in path or "bare" in path:
            registry.answers[path] = 503
    write_notices(tmp_path / "again", crates, toolchain)
    assert files(tmp_path / "again") == files(tmp_path / "whole"), "what was fetched once was not fetched again"


def test_a_corpus_that_grows_or_shrinks_keeps_what_it_has(
    registry: Registry, toolchain: Toolchain, tmp_path: Path
) -> None:
    fill(registry)
    write_notices(tmp_path / "one", [TWICE, SHIPS], toolchain)
    write_notices(tmp_path / "two", [SHIPS], toolchain)
    registry.answers.clear()
    write_notices(tmp_path / "one", [SHIPS], toolchain)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_what_cannot_be_had_is_listed(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    fill(registry)
    registry.add("gone", yanked=True)
    registry.add("strange")
    crates = [
        used("gone"),
        used("nowhere"),
        used("strange", "Zlib"),
        used("forge", source="git"),
        used("ships", member="../.."),
        used("mine", source="path", version="0" * 16),
    ]
    bundle = write_notices(tmp_path, crates, toolchain)
    said = "\n".join(bundle.missing)
    for words in (
        "gone 1.0.0: its sources cannot be had: gone 1.0.0 was yanked",
        "nowhere 1.0.0: its sources cannot be had: the registry has no crate",
        "strange 1.0.0: it ships no licence text, and SPDX has none of `Zlib`",
        "forge 1.0.0: its sources cannot be had: it comes from a git",
        "ships 1.0.0: its sources cannot be had: its folder `../..` lies outside",
        "no archive of its source",
    ):
        assert words in said
    assert len(bundle.missing) == len(crates)
    assert set(bundle.missing) <= set(faults(tmp_path, crates))
    assert "- **missing**: its sources" in (tmp_path / "licences/INDEX.md").read_text()
    registry.answers["/go/ne/gone"] = bytes(registry.answers["/go/ne/gone"]).replace(b"true", b"false")  # type: ignore[arg-type]
    # What was missing is asked for again.
    assert "gone 1.0.0: it ships no licence text" in write_notices(tmp_path, crates, toolchain).missing[1]


def test_a_package_of_ones_own_comes_from_its_archive(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    tree = tmp_path / "own"
    (tree / "part").mkdir(parents=True)
    (tree / "Cargo.toml").write_text('[workspace]\nmembers = ["part"]\n[workspace.package]\nauthors = ["Cy"]\n')
    (tree / "part/Cargo.toml").write_text('[package]\nname = "part"\nauthors.workspace = true\n')
    (tree / "LICENSE").write_text(MIT)
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(pack_source(tree))
    whole = content_hash(tree)
    own = used("part", version=whole[:16], source="path", member="part", archive=archive)
    (notice,) = write_notices(tmp_path / "corpus", [own], toolchain).notices
    assert (notice.authors, [t.name for t in notice.texts], notice.sha256) == (("Cy",), ["LICENSE"], whole)
    (tree / "LICENSE").write_text(MIT + "!")
    archive.write_bytes(pack_source(tree))
    (changed,) = write_notices(tmp_path / "other", [own], toolchain).notices
    assert "is not the source that its version names" in changed.missing[0]


def test_a_bundle_that_was_touched_is_found_out(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> None:
    fill(registry)
    bundle = write_notices(tmp_path, [SHIPS, BARE], toolchain)
    first, second = sorted((tmp_path / "licences/texts").iterdir())[:2]
    first.write_text("other")
    second.unlink()
    (tmp_path / "licences/texts/more.txt").write_text("more")
    said = "\n".join(faults(tmp_path, [SHIPS, TWICE]))
    for words in (
        "twice 1.0.0 is not in the index",
        "bare 1.0.0 is in the index and not in the corpus",
        f"{first.name} was changed",
        f"the text {second.stem} is missing",
        "more.txt belongs to no crate",
    ):
        assert words in said
    assert write_notices(tmp_path, [SHIPS, BARE], toolchain) == bundle
    assert list(faults(tmp_path, [SHIPS, BARE])) == [], "and is mended by building it again"
    (tmp_path / "licences/index.json").write_text("{}")
    with pytest.raises(ValueError, match="no index of licences"):
        read_notices(tmp_path)
    assert write_notices(tmp_path, [SHIPS, BARE], toolchain) == bundle


def forget(crate: str) -> None:
    """Take a crate out of cargo's cache."""
    for path in Path(os.environ["CARGO_HOME"]).glob(f"registry/cache/*/{crate}-*.crate"):
        path.unlink()
