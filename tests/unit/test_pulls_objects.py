"""git's objects: read strictly, by ids alone, with nothing of the repository obeyed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxidizer.miners.pulls.hazards import check_changes, check_tree, is_lfs_pointer
from oxidizer.miners.pulls.mirror import open_mirror
from oxidizer.miners.pulls.objects import FILE, LINK, PROGRAM, SUBMODULE, Change, Entry, GitError, Hunk, Objects
from oxidizer.miners.pulls.paths import check_path, check_spelling
from tests.unit.made_repository import MadeRepository

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 12345\n"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> MadeRepository:
    made = MadeRepository(tmp_path_factory.mktemp("made") / "octo+crate.git")
    made.commit({"src/lib.rs": "fn a() {}\n", "src/deep/er.rs": "x\n", "README": "r\n"}, "First\n\nWords\n")
    return made


@pytest.fixture(scope="module")
def objects(repo: MadeRepository) -> Iterator[Objects]:
    with Objects(repo.git_dir, repo.git_dir.parent / "scratch") as opened:
        yield opened


def cause(error: "pytest.ExceptionInfo[GitError]") -> str:
    assert str(error.value)
    assert "Traceback" not in str(error.value)
    return error.value.cause


def test_a_commit(repo: MadeRepository, objects: Objects) -> None:
    second = repo.commit({"new": "n"}, "\n  Second \nmore", on=repo.head)
    commit = objects.commit(second)
    assert commit.parents == (repo.head,)
    assert commit.tree == repo.git("rev-parse", f"{second}^{{tree}}")
    assert (commit.author_s, commit.commit_s) == (repo.clock, repo.clock)
    assert commit.subject == "Second"
    assert commit.message.endswith(b"Second \nmore")


def test_a_commit_with_signature_encoding_and_bytes_of_no_encoding(repo: MadeRepository, objects: Objects) -> None:
    raw = (
        f"tree {repo.git('rev-parse', 'main^{tree}')}\nauthor \udce9 <a> 12 +0100\ncommitter C <c@d> 34 -0000\n"
        "encoding latin1\ngpgsig -----BEGIN\n \n parent no\n -----END\n\ncaf\udce9\n\ntree x\n"
    ).encode(errors="surrogateescape")
    commit = objects.commit(repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw))
    assert (commit.author_s, commit.commit_s, commit.parents) == (12, 34, ())
    assert commit.message == b"caf\xe9\n\ntree x\n"


@pytest.mark.parametrize("raw", [b"", b"tree x\n\n", b"author a <b> 1 +0000\n\nx", b"\xff\0"])
def test_a_malformed_commit_is_a_reason(repo: MadeRepository, objects: Objects, raw: bytes) -> None:
    oid = repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
    with pytest.raises(GitError) as error:
        objects.commit(oid)
    assert cause(error) == "malformed_commit"


def test_blobs_and_sizes_keep_every_byte(repo: MadeRepository, objects: Objects) -> None:
    for content in (b"", b"\n", b"a\0b\r\n\xff", b"missing\n" * 20_000):
        oid = repo.blob(content)
        assert objects.size(oid) == len(content)
        assert objects.blob(oid) == content


def test_what_is_missing_of_another_kind_or_too_large_is_a_reason(repo: MadeRepository, objects: Objects) -> None:
    large = repo.blob("x" * 1001)
    told = []
    for ask in (
        lambda: objects.blob("1" * 40), lambda: objects.blob(repo.head), lambda: objects.blob(large, limit=1000),
        lambda: objects.tree("1" * 40), lambda: objects.commit("1" * 40), lambda: objects.diff("1" * 40, "2" * 40),
        lambda: objects.changes("1" * 40, "2" * 40), lambda: objects.patch_ids("1" * 40),
    ):  # fmt: skip
        with pytest.raises(GitError) as error:
            ask()
        told.append(cause(error))
    assert told == ["missing_object", "missing_object", "too_large", *["missing_object"] * 5]
    assert objects.kind("1" * 40) is None
    assert objects.blob(large) == b"x" * 1001  # the reader still stands


@pytest.mark.parametrize("oid", ["HEAD", "--help", "main:README", "", "a" * 39, "a" * 40 + "\n", "A" * 40])
def test_nothing_but_an_id_is_asked_for(objects: Objects, oid: str) -> None:
    for ask in (objects.blob, objects.tree, objects.commit, objects.size):
        with pytest.raises(GitError) as error:
            ask(oid)
        assert cause(error) == "bad_id"


def test_a_broken_object_is_a_reason_and_the_next_is_read(repo: MadeRepository, objects: Objects) -> None:
    oid, good = repo.blob("will break"), repo.blob("good")
    path = repo.git_dir / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(b"no zlib at all")
    with pytest.raises(GitError) as error:
        objects.blob(oid)
    assert cause(error) == "broken_repository"
    assert objects.blob(good) == b"good"


def test_a_tree_is_everything_below_it(repo: MadeRepository, objects: Objects) -> None:
    module = "3" * 40
    tree = repo.tree({"run": ("100755", repo.blob("r")), "link": ("120000", repo.blob("run")), b"caf\xe9": "x",
                      "sub": ("160000", module)}, repo.head)  # fmt: skip
    found = objects.tree(tree)
    assert list(found) == sorted(found)
    assert set(found) == {b"README", b"caf\xe9", b"link", b"run", b"src/deep/er.rs", b"src/lib.rs", b"sub"}
    assert [found[path].mode for path in (b"README", b"run", b"link", b"sub")] == [FILE, PROGRAM, LINK, SUBMODULE]
    assert found[b"sub"].oid == module
    assert len(objects.folders(tree)) == 3


def test_trees_that_git_would_not_make_are_a_reason(repo: MadeRepository, objects: Objects) -> None:
    blob = repo.blob("x")
    twice = repo.raw_tree([("100644", b"a", blob), ("100755", b"a", blob)])
    slash = repo.raw_tree([("100644", b"../a", blob)])
    cut = repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=b"100644 a\0abc")
    for tree in (twice, slash, cut):
        with pytest.raises(GitError) as error:
            objects.tree(tree)
        assert cause(error) == "malformed_tree"


def test_a_small_tree_that_unfolds_to_millions_is_a_reason(repo: MadeRepository, objects: Objects) -> None:
    for seed in (("100644", repo.blob("x")), ("040000", repo.raw_tree([]))):
        tree = repo.raw_tree([(seed[0], b"%02d" % i, seed[1]) for i in range(20)])
        for _ in range(6):
            tree = repo.raw_tree([("040000", b"%02d" % i, tree) for i in range(20)])
        with pytest.raises(GitError) as error:
            objects.tree(tree)
        assert cause(error) == "too_large"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        *((path, None) for path in (b"src/lib.rs", b"a/.gitignore", b".github/x.yml", "größe.rs".encode())),
        *((path, "hostile_path") for path in (
            b"..", b"a/../b", b"./a", b".git/config", b"a/.GIT/x", b"/etc/passwd", b"a//b", b"a/", b"", b"a\\b",
            b"a\nb", b"a\x1bb", b".git . ./config", b"GIT~1/config", b".git::$INDEX_ALLOCATION/x",
            ".g\u200cit/config".encode(), b"x" * 5000,
        )),
        (b"caf\xe9.rs", "path_not_utf8"),
    ],
)  # fmt: skip
def test_paths(path: bytes, word: str | None) -> None:
    if word is None:
        check_path(path)
        return
    with pytest.raises(GitError) as error:
        check_path(path)
    assert cause(error) == word
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "paths", [(b"A", b"a"), (b"src/x", b"Src/y"), ("é".encode(), "e\u0301".encode()), (b"a", b"A/x")]
)
def test_names_that_are_one_on_other_file_systems(paths: tuple[bytes, ...]) -> None:
    with pytest.raises(GitError) as error:
        check_spelling(paths)
    assert cause(error) == "case_collision"
    check_spelling([b"a/x", b"a/y", b"b/X", b"a/z/q", b"a/z/p"])


def test_a_hostile_tree_is_seen_whole(repo: MadeRepository, objects: Objects) -> None:
    blob = repo.blob("[core]")
    config = repo.raw_tree([("100644", b"config", blob)])
    for mode, name, word in (("040000", b".git", "hostile_path"), ("040000", b"..", "hostile_path")):
        with pytest.raises(GitError) as error:
            check_tree(objects.tree(repo.raw_tree([(mode, name, config)])))
        assert cause(error) == word
    with pytest.raises(GitError) as error:
        check_tree(objects.tree(repo.raw_tree([("100600", b"a", blob)])))
    assert cause(error) == "odd_mode"
    check_tree(objects.tree(repo.git("rev-parse", "main^{tree}")))


def test_changes_and_their_content(repo: MadeRepository, objects: Objects) -> None:
    before = repo.git("rev-parse", "main^{tree}")
    after = repo.tree({"README": None, "src/lib.rs": ("100755", repo.blob("fn a() {}\n")), b"n\xff": "new"}, before)
    old = objects.tree(before)
    assert objects.changes(before, after) == [
        Change(b"README", old[b"README"], None),
        Change(b"n\xff", None, Entry(FILE, repo.blob("new"))),
        Change(b"src/lib.rs", old[b"src/lib.rs"], Entry(PROGRAM, old[b"src/lib.rs"].oid)),
    ]
    assert objects.changes(before, before) == []


def test_what_is_elsewhere_is_a_reason(repo: MadeRepository, objects: Objects) -> None:
    before = repo.git("rev-parse", "main^{tree}")
    for file, word in ((("160000", "4" * 40), "submodule"), (POINTER, "lfs_pointer")):
        after = repo.tree({"thing": file}, before)
        for pair in ((before, after), (after, before)):
            with pytest.raises(GitError) as error:
                check_changes(objects, objects.changes(*pair))
            assert cause(error) == word
    check_changes(objects, objects.changes(before, repo.tree({"docs": f"like this:\n{POINTER}"}, before)))
    assert not is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1\n")


def test_a_giant_diff_is_a_reason_and_is_not_held(repo: MadeRepository, objects: Objects) -> None:
    before = repo.git("rev-parse", "main^{tree}")
    after = repo.tree({"giant": "".join(f"{i}\n" for i in range(200_000))}, before)
    with pytest.raises(GitError) as error:
        objects.diff(before, after, limit=10_000)
    assert cause(error) == "too_large"
    assert len(objects.diff(before, after)) > 1_000_000


def test_a_diff_that_is_not_utf8_is_kept_byte_for_byte(repo: MadeRepository, objects: Objects) -> None:
    before = repo.git("rev-parse", "main^{tree}")
    after = repo.tree({b"caf\xe9": b"caf\xe9 au lait\n"}, before)
    diff = objects.diff(before, after)
    assert b"+caf\xe9 au lait\n" in diff
    assert b'"b/caf\\351"' in diff


TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"\r\n", b"@@ -1 +1 @@\n", b"-x\n", b"\x0b\n"]), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS, st.booleans())
def test_hunks_make_the_new_text_of_the_old(
    repo: MadeRepository, objects: Objects, old: list[bytes], new: list[bytes], ends: bool
) -> None:
    new = new if ends else [*new, b"no end"]
    hunks = objects.hunks(repo.blob(b"".join(old)), repo.blob(b"".join(new)))
    made, at = [], 0
    for hunk in hunks:
        made += old[at : hunk.old_start]
        assert len(made) == hunk.new_start
        made += new[hunk.new_start : hunk.new_start + hunk.new_count]
        at = hunk.old_start + hunk.old_count
    assert made + old[at:] == new


def test_hunks_of_bytes_that_look_binary(repo: MadeRepository, objects: Objects) -> None:
    assert objects.hunks(repo.blob(b"\0\nx\n"), repo.blob(b"\0\ny\n")) == [Hunk(1, 1, 1, 1)]


def test_patch_ids_are_those_of_the_change_alone(repo: MadeRepository, objects: Objects) -> None:
    fork = repo.head
    moved = repo.commit({"zzz": "z"}, on=fork)
    # A message may look like a diff, and is none.
    words = "Words\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    here, there = repo.commit({"same": "s"}, words, on=fork), repo.commit({"same": "s"}, "B", on=moved)
    found = objects.patch_ids(here, there, f"^{fork}")
    assert sorted(map(sorted, found.values())) == sorted([sorted([here, there]), [moved]])
    ids = objects.change_ids([(fork, here), (moved, there), (fork, there), (fork, fork), (moved, here)])
    assert ids[fork, here] == ids[moved, there] != ids[fork, there]
    assert (fork, fork) not in ids
    assert (moved, here) in ids  # the same after, another before
    assert objects.patch_ids() == {}


FILES = st.dictionaries(
    st.sampled_from([b"README", b"src/lib.rs", b"src/new.rs", b"src/deep", b"caf\xe9", b"a b/\"c\""]),
    st.none() | st.tuples(st.sampled_from([FILE, PROGRAM, LINK]), st.binary(max_size=20)),
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_with_files_changes_these_and_nothing_else(repo: MadeRepository, objects: Objects, files: dict) -> None:  # type: ignore[type-arg]
    base = repo.git("rev-parse", "main^{tree}")
    made = objects.tree(objects.with_files(base, files))
    told = {path: (entry.mode, objects.blob(entry.oid)) for path, entry in made.items()}
    kept = {p: (e.mode, objects.blob(e.oid)) for p, e in objects.tree(base).items() if p not in files}
    if files.get(b"src/deep"):  # a file where a folder was
        kept.pop(b"src/deep/er.rs", None)
    assert told == kept | {path: file for path, file in files.items() if file is not None}


@pytest.mark.parametrize("path", [b"../x", b".git/config", b"a/.Git/x", b"/x", b""])
def test_with_files_makes_no_hostile_path(repo: MadeRepository, objects: Objects, path: bytes) -> None:
    with pytest.raises(GitError) as error:
        objects.with_files(repo.git("rev-parse", "main^{tree}"), {path: (FILE, b"x")})
    assert cause(error) == "hostile_path"


def shape(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*")}


def test_the_repository_is_never_written(repo: MadeRepository, tmp_path: Path) -> None:
    before = shape(repo.git_dir)
    with Objects(repo.git_dir, tmp_path) as objects:
        tree = objects.commit(repo.head).tree
        made = objects.with_files(tree, {b"n": (FILE, b"only here")})
        objects.diff(tree, made)
        objects.patch_ids(repo.head)
        objects.refs()
    assert shape(repo.git_dir) == before
    with Objects(repo.git_dir, tmp_path) as again:
        assert again.blob(again.tree(made)[b"n"].oid) == b"only here"


def test_refs_are_those_of_the_first_look(repo: MadeRepository, tmp_path: Path) -> None:
    with Objects(repo.git_dir, tmp_path) as objects:
        first = objects.refs()
        repo.ref("refs/heads/late", repo.head)
        assert objects.refs() == first != {}
    repo.git("update-ref", "-d", "refs/heads/late")


def test_a_repository_that_changes_is_read_by_its_ids(repo: MadeRepository, tmp_path: Path) -> None:
    moving = repo.commit({"moving": "m"}, on=repo.head)
    repo.ref("refs/heads/moving", moving)
    with Objects(repo.git_dir, tmp_path) as objects:
        tree = objects.commit(moving).tree
        repo.ref("refs/heads/moving", repo.head)
        repo.git("repack", "-a", "-d", "-q", "-k")
        repo.git("prune-packed")
        assert b"moving" in objects.tree(tree)


def test_nothing_of_the_repository_is_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = MadeRepository(tmp_path / "octo+evil.git")
    first = repo.commit({"a.rs": "old\nsame\n", ".gitattributes": "*.rs diff=evil filter=evil\n"}, "First")
    second = repo.commit({"a.rs": "new\nsame\n"}, "Second")
    with Objects(repo.git_dir, tmp_path / "clean") as objects:
        clean = _looks(objects, first, second)
    canary = tmp_path / "canary"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {canary}\n")
    evil.chmod(0o755)
    (repo.git_dir / "config").open("a").write(
        f'[core]\n\tfsmonitor = {evil}\n\thooksPath = {tmp_path}\n\tpager = {evil}\n\tsshCommand = {evil}\n'
        f'[diff]\n\texternal = {evil}\n\tnoprefix = true\n\trenames = copies\n\tcontext = 0\n\talgorithm = patience\n'
        f'[diff "evil"]\n\ttextconv = {evil}\n\tcommand = {evil}\n[filter "evil"]\n\tclean = {evil}\n'
        f'\tsmudge = {evil}\n\tprocess = {evil}\n[remote "origin"]\n\turl = ext::{evil}\n\tpromisor = true\n'
        f'[alias]\n\tdiff = !{evil}\n'
    )  # fmt: skip
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info" / "attributes").write_text("* diff=evil filter=evil -text binary\n")
    (repo.git_dir / "info" / "grafts").write_text(f"{second}\n")
    hooks = repo.git_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-index-change", "pre-auto-gc", "post-checkout"):
        os.link(evil, hooks / name)
    repo.ref(f"refs/replace/{first}", second)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND"):
        monkeypatch.setenv(name, str(evil))
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=0")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "diff.external")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(evil))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    canary.unlink(missing_ok=True)  # making the replacement ran a hook
    assert open_mirror(str(repo.git_dir), tmp_path).head == second
    with Objects(repo.git_dir, tmp_path / "evil-scratch") as objects:
        assert _looks(objects, first, second) == clean
        with pytest.raises(GitError):
            objects.blob("5" * 40)
        assert objects.refs()["refs/heads/main"] == second
    assert not canary.exists()


def _looks(objects: Objects, first: str, second: str) -> list[object]:
    a, b = objects.commit(first), objects.commit(second)
    made = objects.with_files(a.tree, {b"a.rs": (FILE, b"new\n")})
    old, new = objects.tree(a.tree)[b"a.rs"], objects.tree(b.tree)[b"a.rs"]
    return [a, b, objects.diff(a.tree, b.tree), objects.hunks(old.oid, new.oid), objects.patch_ids(second), made,
            objects.changes(a.tree, b.tree)]  # fmt: skip
