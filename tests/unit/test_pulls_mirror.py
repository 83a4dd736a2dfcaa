"""Repositories as they are named: cloned with their pull refs, or read in place; what is not whole says what to do."""

import subprocess
from pathlib import Path

import pytest

from oxidizer.miners.pulls.mirror import Mirror, named, open_mirror, without_password
from oxidizer.miners.pulls.objects import GitError
from tests.unit.made_repository import MadeRepository


@pytest.fixture
def repo(tmp_path: Path) -> MadeRepository:
    made = MadeRepository(tmp_path / "octo" / "crate.git")
    made.commit({"a": "1\n"}, "First")
    made.merge_pull(1, [{"b": "2\n"}])
    made.branch(2, [{"c": "3\n"}])
    return made


def cause(source: object, cache: Path) -> str:
    with pytest.raises(GitError) as error:
        open_mirror(str(source), cache)
    assert "\n" not in str(error.value)
    return error.value.cause


def clone(repo: MadeRepository, dest: Path, *options: str) -> Path:
    git("clone", "--quiet", *options, repo.git_dir.as_uri(), str(dest))
    return dest


def has(git_dir: Path, oid: str) -> bool:
    return not subprocess.run(["git", f"--git-dir={git_dir}", "cat-file", "-e", oid], capture_output=True).returncode


def git(*args: str) -> None:
    subprocess.run(["git", *args], check=True, capture_output=True)


def test_a_folder_is_read_in_place(repo: MadeRepository, tmp_path: Path) -> None:
    expected = Mirror(repo.git_dir, "octo/crate", repo.head, None)
    assert open_mirror(str(repo.git_dir), tmp_path / "cache") == expected
    assert not (tmp_path / "cache").exists()


def test_a_work_tree_and_one_beside_it_are_their_repository(repo: MadeRepository, tmp_path: Path) -> None:
    work = clone(repo, tmp_path / "you" / "work")
    git("-C", str(work), "worktree", "add", "--quiet", "--detach", str(tmp_path / "beside"))
    for path in (work, tmp_path / "beside"):
        mirror = open_mirror(str(path), tmp_path / "cache")
        assert (mirror.git_dir, mirror.name, mirror.head) == (work / ".git", "you/work", repo.head)


def test_an_address_is_cloned_with_its_pull_refs_and_later_brought_up_to_date(
    repo: MadeRepository, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    first = open_mirror(repo.git_dir.as_uri(), cache)
    assert (first.name, first.head, first.git_dir.parent) == ("octo/crate", repo.head, cache)
    refs = subprocess.run(
        ["git", f"--git-dir={first.git_dir}", "for-each-ref", "--format=%(refname)"], capture_output=True
    )
    assert refs.stdout.decode().split() == ["refs/heads/main", "refs/pull/1/head", "refs/pull/2/head"]
    old = repo.head
    repo.commit({"d": "4\n"})
    assert open_mirror(repo.git_dir.as_uri(), cache, head=old).head == old
    assert not has(first.git_dir, repo.head), "what is there needs no fetch"
    # A clone of before that commit gets it.
    assert open_mirror(repo.git_dir.as_uri(), cache, head=repo.head).head == repo.head
    assert open_mirror(repo.git_dir.as_uri(), cache, head=old).head == old
    assert open_mirror(repo.git_dir.as_uri(), cache).head == repo.head
    assert sorted(path.name for path in cache.iterdir()) == ["octo+crate.git", "octo+crate.lock"]


def test_history_that_was_rewritten_and_a_branch_that_was_renamed(repo: MadeRepository, tmp_path: Path) -> None:
    old = open_mirror(repo.git_dir.as_uri(), tmp_path / "cache")
    new = repo.ref("refs/heads/trunk", repo.commit({"x": "y"}, "Rewritten", on=None))
    repo.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    repo.git("update-ref", "-d", "refs/heads/main")
    mirror = open_mirror(repo.git_dir.as_uri(), tmp_path / "cache")
    assert mirror.head == new
    # Who still reads the old history finds it.
    git(f"--git-dir={mirror.git_dir}", "cat-file", "-e", old.head)


def test_a_clone_that_failed_leaves_nothing(tmp_path: Path) -> None:
    assert cause((tmp_path / "octo" / "none.git").as_uri(), tmp_path / "cache") == "unreachable"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["octo+none.lock"]


def test_no_hook_and_no_template_gets_into_a_clone(
    repo: MadeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary, hooks = tmp_path / "canary", tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "reference-transaction").write_text(f"#!/bin/sh\ntouch {canary}\n")
    (hooks / "reference-transaction").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    mirror = open_mirror(repo.git_dir.as_uri(), tmp_path / "cache")
    assert not (mirror.git_dir / "hooks").exists()
    assert not canary.exists()


@pytest.mark.parametrize("source", ["ext::sh -c true", "--upload-pack=touch", "-x", "nowhere", "", "a:b c"])
def test_what_is_no_address_and_no_folder(tmp_path: Path, source: str) -> None:
    assert cause(source, tmp_path / "cache") == "not_a_repository"


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "octo" / "plain").mkdir(parents=True)
    assert cause(tmp_path / "octo" / "plain", tmp_path) == "not_a_repository"
    (tmp_path / "octo" / "plain" / ".git").write_text("gitdir: /nowhere\n")
    assert cause(tmp_path / "octo" / "plain", tmp_path) == "not_a_repository"


def test_a_shallow_one(repo: MadeRepository, tmp_path: Path) -> None:
    assert cause(clone(repo, tmp_path / "shallow", "--depth=1"), tmp_path) == "shallow"


def test_a_partial_one_is_refused_until_its_files_came(repo: MadeRepository, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    bare = clone(repo, tmp_path / "octo" / "partial", "--bare", "--filter=blob:none")
    assert cause(bare, tmp_path) == "partial_clone"
    git("-C", str(bare), "fetch", "--quiet", "--refetch", "--no-filter", "origin")
    assert open_mirror(str(bare), tmp_path).head == repo.head


def test_an_empty_one_and_one_without_its_branch(repo: MadeRepository, tmp_path: Path) -> None:
    empty = MadeRepository(tmp_path / "octo" / "empty.git")
    assert cause(empty.git_dir, tmp_path) == "empty"
    assert cause(empty.git_dir.as_uri(), tmp_path / "cache") == "empty"
    repo.git("symbolic-ref", "HEAD", "refs/heads/gone")
    assert cause(repo.git_dir, tmp_path) == "no_head"


def test_a_broken_one(repo: MadeRepository, tmp_path: Path) -> None:
    first = repo.git("rev-list", "--max-parents=0", "HEAD")
    path = repo.git_dir / "objects" / first[:2] / first[2:]
    kept = path.read_bytes()
    path.unlink()
    assert cause(repo.git_dir, tmp_path) == "missing_object"
    path.write_bytes(kept[:10])
    assert cause(repo.git_dir, tmp_path) == "broken_repository"


def test_a_head_that_is_gone_is_told(repo: MadeRepository, tmp_path: Path) -> None:
    for source in (str(repo.git_dir), repo.git_dir.as_uri()):
        with pytest.raises(GitError, match=f"no commit {'1' * 40} any more") as error:
            open_mirror(source, tmp_path / "cache", head="1" * 40)
        assert error.value.cause == "missing_object"


def test_another_format_of_objects(tmp_path: Path) -> None:
    other = tmp_path / "octo" / "other.git"
    git("init", "--quiet", "--bare", "--object-format=sha256", str(other))
    assert cause(other, tmp_path) == "unknown_format"
    (other / "config").write_text("[core]\n\trepositoryformatversion = 9\n")
    assert cause(other, tmp_path) == "unknown_format"
    (other / "config").write_text("[core\n")
    assert cause(other, tmp_path) == "broken_repository"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/Octo/crate.git", "Octo/crate"), ("https://example.com/octo/crate/", "octo/crate"),
        ("git@example.com:octo/crate.git", "octo/crate"), ("https://u:p@example.com/group/octo/crate", "octo/crate"),
        ("ssh://git@example.com:22/octo/crate", "octo/crate"), ("git://example.com/octo/crate.rs", "octo/crate.rs"),
    ],
)  # fmt: skip
def test_names_of_addresses(url: str, name: str) -> None:
    assert named(url) == name


@pytest.mark.parametrize("folder", ["octo+crate", "octo+crate.git", "octo+crate/repo", "octo/crate", "octo/crate/.git"])
def test_names_of_folders(folder: str) -> None:
    assert named("", Path("/x") / folder) == "octo/crate"


@pytest.mark.parametrize(
    "bad", ["https://example.com/..//..", "file:///x/a b", "https://example.com/octo/..git.git/../x y"]
)
def test_what_gives_no_name(bad: str) -> None:
    with pytest.raises(GitError) as error:
        named(bad)
    assert error.value.cause == "no_name"


def test_a_password_is_not_told(tmp_path: Path) -> None:
    assert without_password("https://me:secret@example.com/o/c") == "https://example.com/o/c"
    assert without_password("git@example.com:o/c") == "git@example.com:o/c"
    with pytest.raises(GitError) as error:
        open_mirror("http://me:secret@127.0.0.1:1/octo/crate", tmp_path / "cache")
    assert error.value.cause == "unreachable"
    assert "secret" not in str(error.value)
