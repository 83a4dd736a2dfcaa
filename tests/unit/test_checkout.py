import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.checkout import FILE, LINK, PROGRAM, Checkout
from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.unpack import TreeLimits

SUBMODULE = 0o160000


class Store:
    """Objects by the hash of what they hold."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def tree(self, **files: tuple[int, bytes]) -> dict[bytes, tuple[int, str]]:
        return self.listing({name.replace("__", "/").encode(): file for name, file in files.items()})

    def listing(self, files: dict[bytes, tuple[int, bytes]]) -> dict[bytes, tuple[int, str]]:
        found = {}
        for path, (mode, content) in files.items():
            oid = hashlib.sha1(content).hexdigest()
            self.blobs[oid] = content
            found[path] = (mode, oid)
        return found

    def checkout(self, root: Path, limits: TreeLimits | None = None) -> Checkout:
        return Checkout(root, self.blobs.__getitem__, lambda oid: len(self.blobs[oid]), limits)


def held(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_what_two_trees_share_is_not_touched(tmp_path: Path) -> None:
    store = Store()
    checkout = store.checkout(tmp_path / "src")
    checkout.show(store.tree(a__same=(FILE, b"1"), a__b__gone=(FILE, b"2"), other=(FILE, b"3"), run=(FILE, b"#!")))
    for path in (tmp_path / "src").rglob("*"):
        os.utime(path, (1, 1))
    checkout.show(store.tree(a__same=(FILE, b"1"), other=(FILE, b"4"), run=(PROGRAM, b"#!"), new=(FILE, b"5")))
    root = tmp_path / "src"
    assert held(root) == {"a/same": b"1", "other": b"4", "run": b"#!", "new": b"5"}
    assert (root / "a/same").stat().st_mtime == 1
    assert (root / "other").stat().st_mtime > time.time() - 60
    assert (root / "run").stat().st_mode & 0o111
    assert not (root / "a/b").exists()


def test_the_trees_own_lock_is_back_after_another_one_was_laid_over_it(tmp_path: Path) -> None:
    store = Store()
    checkout = store.checkout(tmp_path / "src")
    locked, bare = store.listing({b"Cargo.lock": (FILE, b"own")}), store.listing({b"x": (FILE, b"")})
    lock = tmp_path / "src/Cargo.lock"
    checkout.show(locked)
    lock.write_bytes(b"made")
    checkout.show(locked)
    assert lock.read_bytes() == b"own"
    checkout.show(bare)
    lock.write_bytes(b"made")
    checkout.show(bare)
    assert not lock.exists()


def test_links_become_what_they_lead_to_inside_and_all_else_is_left_out(tmp_path: Path) -> None:
    store = Store()
    (tmp_path / "secret").write_text("no")
    tree = store.listing({
        b"LICENSE": (FILE, b"free"), b"sub/LICENSE": (LINK, b"../LICENSE"), b"twice": (LINK, b"sub/LICENSE"),
        b"out": (LINK, b"../secret"), b"absolute": (LINK, b"/etc/passwd"), b"circle": (LINK, b"circle"),
        b"to_config": (LINK, b".cargo/config.toml"), b".cargo/config.toml": (FILE, b"[build]"),
        b"rust-toolchain": (FILE, b"nightly"), b"vendored": (SUBMODULE, b"x"),
    })  # fmt: skip
    left_out = store.checkout(tmp_path / "src").show(tree)
    assert held(tmp_path / "src") == {"LICENSE": b"free", "sub/LICENSE": b"free", "twice": b"free"}
    assert set(left_out) == {".cargo", "absolute", "circle", "out", "rust-toolchain", "to_config", "vendored"}


@pytest.mark.parametrize("path", [b"../x", b"a/../../x", b"a//b", b"x\0y", b"caf\xe9", b"a\\b"])
def test_hostile_names_are_refused_and_nothing_changes(tmp_path: Path, path: bytes) -> None:
    store = Store()
    checkout = store.checkout(tmp_path / "src")
    checkout.show(store.tree(kept=(FILE, b"1")))
    with pytest.raises(UnpackError):
        checkout.show(store.listing({path: (FILE, b"2")}))
    assert held(tmp_path) == {"src/kept": b"1"}


def test_names_that_are_one_file_elsewhere_and_trees_too_large_are_refused(tmp_path: Path) -> None:
    store = Store()
    checkout = store.checkout(tmp_path / "src", TreeLimits(total_bytes=10))
    with pytest.raises(UnpackError, match="one file on some"):
        checkout.show(store.listing({b"Readme": (FILE, b"1"), b"README": (FILE, b"2")}))
    with pytest.raises(UnpackError, match="more bytes"):
        checkout.show(store.listing({b"a": (FILE, b"1" * 11)}))


def test_an_object_that_cannot_be_read_in_the_middle_leaves_no_file_of_another_tree(tmp_path: Path) -> None:
    store = Store()
    checkout = store.checkout(tmp_path / "src")
    first = store.tree(a=(FILE, b"1"), b=(FILE, b"2"), z=(FILE, b"3"))
    checkout.show(first)
    broken = store.tree(a=(FILE, b"4"), m=(FILE, b"5"), z=(FILE, b"6"))
    read = checkout._read

    def fails_at_last(oid: str) -> bytes:
        if store.blobs[oid] == b"6":
            raise OSError("lost")
        return read(oid)

    checkout._read = fails_at_last
    with pytest.raises(OSError, match="lost"):
        checkout.show(broken)
    checkout._read = read
    checkout.show(first)
    assert held(tmp_path / "src") == {"a": b"1", "b": b"2", "z": b"3"}


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(NAMES, st.tuples(st.sampled_from([FILE, PROGRAM]), st.binary(max_size=3)), max_size=6)


def consistent(files: dict[str, tuple[int, bytes]]) -> dict[bytes, tuple[int, bytes]]:
    return {
        name.encode(): file for name, file in files.items() if not any(other.startswith(f"{name}/") for other in files)
    }


@given(trees=st.lists(FILES.map(consistent), min_size=1, max_size=4))
def test_whatever_was_shown_before_the_folder_holds_the_tree(
    tmp_path_factory: pytest.TempPathFactory, trees: list[dict[bytes, tuple[int, bytes]]]
) -> None:
    store, root = Store(), tmp_path_factory.mktemp("shown") / "src"
    checkout = store.checkout(root)
    for tree in trees:
        checkout.show(store.listing(tree))
        assert held(root) == {name.decode(): content for name, (_, content) in tree.items()}
        assert all(bool((root / n.decode()).stat().st_mode & 0o100) == (m == PROGRAM) for n, (m, _) in tree.items())
