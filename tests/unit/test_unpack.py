"""Unpacking and copying: plain trees come through byte for byte, everything clever is refused."""

import gzip
import io
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.unpack import TreeLimits, content_hash, copy_tree, pack_source, unpack_crate


def file(
    name: str, data: bytes = b"x", mode: int = 0o644, kind: bytes = tarfile.REGTYPE
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = len(data), mode, kind
    return info, data


def link(name: str, target: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def packed(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.GNU_FORMAT) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., tuple[Path, tuple[str, ...]]]:
    def run(archive: bytes, **limits: int) -> tuple[Path, tuple[str, ...]]:
        (tmp_path / "a.crate").write_bytes(archive)
        dest = tmp_path / "out"
        return dest, unpack_crate(tmp_path / "a.crate", dest, "a", "1.0.0", TreeLimits(**limits))

    return run


def listing(tree: Path) -> dict[str, bytes]:
    return {p.relative_to(tree).as_posix(): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}


Unpack = Callable[..., tuple[Path, tuple[str, ...]]]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_a_plain_archive_comes_out_whole(unpack: Unpack, format: int) -> None:
    deep = "/".join(["folder"] * 12) + "/" + "n" * 90 + ".rs"
    tree, stripped = unpack(
        packed(
            file("a-1.0.0/Cargo.toml", b"[package]"),
            file("a-1.0.0/src", b"", kind=tarfile.DIRTYPE),
            file("a-1.0.0/src/lib.rs", b"y" * 100_000),
            file("a-1.0.0/" + deep, b"deep"),
            file("a-1.0.0/run.sh", b"#!", mode=0o4777),
            format=format,
        )
    )
    assert listing(tree) == {"Cargo.toml": b"[package]", "src/lib.rs": b"y" * 100_000, deep: b"deep", "run.sh": b"#!"}
    assert stripped == ()
    assert (tree / "run.sh").stat().st_mode & 0o7777 == 0o755
    assert (tree / "Cargo.toml").stat().st_mode & 0o7777 == 0o644


def test_names_that_are_not_ascii_come_through(unpack: Unpack) -> None:
    tree, _ = unpack(packed(file("a-1.0.0/tests/été.txt"), format=tarfile.PAX_FORMAT))
    assert list(listing(tree)) == ["tests/été.txt"]


def test_hostile_configuration_is_left_out_at_any_depth_and_named(unpack: Unpack) -> None:
    tree, stripped = unpack(
        packed(
            file("a-1.0.0/.cargo/config.toml"),
            file("a-1.0.0/.cargo/more/x"),
            file("a-1.0.0/sub/rust-toolchain"),
            file("a-1.0.0/sub/rust-toolchain.toml"),
            file("a-1.0.0/.cargo_vcs_info.json"),
        )
    )
    assert stripped == (".cargo", "sub/rust-toolchain", "sub/rust-toolchain.toml")
    assert list(listing(tree)) == [".cargo_vcs_info.json"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([file("a-1.0.0/../../evil")], "no crate needs"),
        ([file("/etc/passwd")], "outside of a-1.0.0"),
        ([file("b-1.0.0/x")], "outside of a-1.0.0"),
        ([file("a-1.0.0/./x")], "no crate needs"),
        ([file("a-1.0.0//x")], "no crate needs"),
        ([file("a-1.0.0")], "outside of a-1.0.0"),
        ([file("a-1.0.0/a\\b")], "no crate needs"),
        ([file("a-1.0.0/a\nb")], "no crate needs"),
        ([file("a-1.0.0/" + "n" * 300)], "no crate needs"),
        ([file("a-1.0.0/x"), file("a-1.0.0/x")], "one file"),
        ([file("a-1.0.0/x"), file("a-1.0.0/X")], "one file"),
        ([file("a-1.0.0/src/x"), file("a-1.0.0/SRC/y")], "one file"),
        ([file("a-1.0.0/é"), file("a-1.0.0/e\u0301")], "one file"),
        ([file("a-1.0.0/x"), file("a-1.0.0/x/y")], "one file"),
        ([link("a-1.0.0/x", "/etc/passwd", tarfile.SYMTYPE)], "neither a file nor a folder"),
        ([link("a-1.0.0/x", "a-1.0.0/y", tarfile.LNKTYPE)], "neither a file nor a folder"),
        ([file("a-1.0.0/x", b"", kind=tarfile.CHRTYPE)], "neither a file nor a folder"),
        ([file("a-1.0.0/x", b"", kind=tarfile.FIFOTYPE)], "neither a file nor a folder"),
        ([file("a-1.0.0/" + "d/" * 40 + "x")], "deeper than"),
    ],
)
def test_clever_members_are_refused(
    unpack: Unpack, members: list[tuple[tarfile.TarInfo, bytes]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnpackError, match=words):
        unpack(packed(*members))
    assert {p.name for p in tmp_path.iterdir()} <= {"a.crate", "out"}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"members": 2}, "more than 2 members"),
        ({"file_bytes": 10}, "more bytes"),
        ({"total_bytes": 15_000}, "more bytes"),
        ({"total_bytes": 1000}, "more than the limit|more bytes"),
    ],
)
def test_limits_hold(unpack: Unpack, limits: dict[str, int], words: str) -> None:
    with pytest.raises(UnpackError, match=words):
        unpack(packed(*(file(f"a-1.0.0/{n}", bytes(9000)) for n in range(3))), **limits)


def test_a_bomb_is_refused_by_its_ratio(unpack: Unpack) -> None:
    with pytest.raises(UnpackError, match="far more than its packed size"):
        unpack(packed(file("a-1.0.0/x", bytes(64 << 20))))


def broken_checksum() -> bytes:
    raw = bytearray(gzip.decompress(packed(file("a-1.0.0/x"))))
    raw[0] ^= 1
    return gzip.compress(bytes(raw))


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"hello", "not a whole gzip"),
        (packed(file("a-1.0.0/x", os.urandom(50_000)))[:-9000], "not a whole gzip"),
        (gzip.compress(gzip.decompress(packed(file("a-1.0.0/x")))[:700]), "ends in the middle"),
        (broken_checksum(), "checksum"),
        (packed(file("a-1.0.0/x")) + packed(file("a-1.0.0/hidden")), "after the archive's end"),
        (packed(file("a-1.0.0/" + "n/" * 40_000 + "x")), "a header of"),
        (packed((tarfile.TarInfo("a-1.0.0/\udcff"), b"")), "not UTF-8"),
    ],
    ids=["no gzip", "cut gzip", "cut archive", "checksum", "behind the end", "long header", "name"],
)
def test_broken_archives_are_refused(unpack: Unpack, archive: bytes, words: str) -> None:
    with pytest.raises(UnpackError, match=words):
        unpack(archive)


def with_size(field: bytes) -> bytes:
    """An archive of one file whose header says this of its size."""
    raw = bytearray(gzip.decompress(packed(file("a-1.0.0/x", b"y" * 3000))))
    raw[124:136] = field.ljust(12, b"\0")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return gzip.compress(bytes(raw))


@pytest.mark.parametrize("field", [b"-1", b"-1001", b"+10", b"1_0", b"0o10", b"\x80" + b"\0" * 10 + b"\x09", b"9"])
def test_a_size_has_octal_digits_and_nothing_else(unpack: Unpack, field: bytes) -> None:
    with pytest.raises(UnpackError, match="not octal"):
        unpack(with_size(field))


def test_headers_without_a_member_are_few(unpack: Unpack) -> None:
    header = tarfile.TarInfo.create_pax_global_header({"comment": "c" * 60_000})
    end = gzip.decompress(packed(file("a-1.0.0/x")))
    with pytest.raises(UnpackError, match="headers for one member"):
        unpack(gzip.compress(header * 5 + end))


def test_long_headers_cost_little(unpack: Unpack) -> None:
    header = tarfile.TarInfo.create_pax_global_header({chr(97 + n % 26): "" for n in range(26)})
    many = tarfile.TarInfo("a-1.0.0/x")
    many.pax_headers = {f"{n}": "" for n in range(6000)}
    archive = header * 3 + gzip.decompress(packed((many, b""), format=tarfile.PAX_FORMAT))
    began = time.monotonic()
    assert list(listing(unpack(gzip.compress(archive))[0])) == ["x"]
    assert time.monotonic() - began < 1


def test_the_archives_own_folder_counts(unpack: Unpack) -> None:
    own = [file("a-1.0.0/", b"", kind=tarfile.DIRTYPE)] * 5
    with pytest.raises(UnpackError, match="more than 4 members"):
        unpack(packed(*own), members=4)


def test_a_pax_header_may_set_a_name_only(unpack: Unpack) -> None:
    info, data = file("a-1.0.0/x")
    info.pax_headers = {"size": "5"}
    with pytest.raises(UnpackError, match="sets size"):
        unpack(packed((info, data), format=tarfile.PAX_FORMAT))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "own"
    for name, text in {
        "Cargo.toml": "[workspace]",
        "src/target/mod.rs": "// a module called target",
        "target/debug/junk": "junk",
        "sub/target/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
        "sub/target/junk": "junk",
        ".git/config": "x",
        ".cargo/config.toml": "x",
        "LICENSE": "MIT",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "secret").write_text("secret")
    (root / "sub/LICENSE").symlink_to("../LICENSE")
    (root / "secret").symlink_to(tmp_path / "secret")
    (root / "config").symlink_to(".cargo/config.toml")
    (root / "loop").symlink_to(".")
    os.mkfifo(root / "pipe")
    return root


def test_a_copy_has_the_sources_only_and_says_what_it_left_out(workspace: Path, tmp_path: Path) -> None:
    notes = copy_tree(workspace, tmp_path / "copy")
    assert listing(tmp_path / "copy") == {
        "Cargo.toml": b"[workspace]",
        "LICENSE": b"MIT",
        "src/target/mod.rs": b"// a module called target",
        "sub/LICENSE": b"MIT",
    }
    assert not (tmp_path / "copy/sub/LICENSE").is_symlink()
    assert notes == (
        ".cargo (configuration)",
        ".git (history)",
        "config (a link out of the tree)",
        "loop (a link to no file)",
        "pipe (not a regular file)",
        "secret (a link out of the tree)",
        "sub/target (build output)",
        "target (build output)",
    )


def test_a_copy_keeps_to_the_limits(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpackError, match="more than 2 members"):
        copy_tree(workspace, tmp_path / "copy", TreeLimits(members=2))


def test_what_is_left_out_is_told_in_plain_words(workspace: Path, tmp_path: Path) -> None:
    (workspace / "circle").symlink_to("circle")
    os.mkfifo(workspace / "\x1b]0;title\x07")
    os.mkfifo(os.fsencode(workspace) + b"/\xff")
    notes = copy_tree(workspace, tmp_path / "copy")
    assert "circle (a link to no file)" in notes
    assert all(note.isprintable() for note in notes), notes


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: [(root / f"d{n}").mkdir() for n in range(30)], "more folders"),
        (lambda root: (root / "/".join("d" * 12)).mkdir(parents=True), "deeper"),
        (lambda root: [os.mkfifo(root / f"p{n}") for n in range(30)], "no sources"),
    ],
    ids=["many", "deep", "pipes"],
)
def test_folders_and_what_is_left_out_have_a_limit(make: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    make(tmp_path / "own")
    with pytest.raises(UnpackError, match=words):
        copy_tree(tmp_path / "own", tmp_path / "copy", TreeLimits(members=20, depth=8))


def test_a_mark_of_a_build_folder_is_not_read_whole(workspace: Path, tmp_path: Path) -> None:
    (workspace / "huge").mkdir()
    with (workspace / "huge/CACHEDIR.TAG").open("wb") as mark:
        mark.truncate(1 << 43)
    with pytest.raises(UnpackError, match="more bytes"):
        copy_tree(workspace, tmp_path / "copy")


def test_packing_is_deterministic_and_comes_back_the_same(workspace: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    copy_tree(workspace, one)
    copy_tree(workspace, two)
    os.utime(two / "LICENSE", (1, 1))
    assert pack_source(one) == pack_source(two)
    assert content_hash(one) == content_hash(two)
    (tmp_path / "p.tar.gz").write_bytes(pack_source(one))
    with tarfile.open(tmp_path / "p.tar.gz") as tar:
        assert tar.getnames() == sorted(listing(one))
        assert {(m.mtime, m.uid, m.uname) for m in tar} == {(0, 0, "")}
        tar.extractall(tmp_path / "back", filter="data")
    assert content_hash(tmp_path / "back") == content_hash(one)


def test_the_hash_sees_names_bytes_and_modes(workspace: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    copy_tree(workspace, tree)
    seen = {content_hash(tree)}
    (tree / "LICENSE").write_text("MIT-0")
    seen.add(content_hash(tree))
    (tree / "LICENSE").rename(tree / "LICENCE")
    seen.add(content_hash(tree))
    (tree / "LICENCE").chmod(0o755)
    seen.add(content_hash(tree))
    assert len(seen) == 4
