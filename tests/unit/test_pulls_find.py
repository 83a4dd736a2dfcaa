"""Pull requests in history: each way to land is known by its own, and nothing is taken for one that is none."""

from pathlib import Path

import pytest

from oxidizer.miners.pulls.find import Found, Pull, find_pulls
from oxidizer.miners.pulls.objects import GitError, Objects
from tests.unit.made_repository import MadeRepository

LINES = "".join(f"line {i}\n" for i in range(40))


@pytest.fixture
def repo(tmp_path: Path) -> MadeRepository:
    made = MadeRepository(tmp_path / "octo+crate.git")
    made.commit({"a.rs": LINES, "b.rs": LINES}, "First")
    return made


def found(repo: MadeRepository) -> Found:
    with Objects(repo.git_dir, repo.git_dir.parent / "scratch") as objects:
        return find_pulls(objects, repo.head)


def only(repo: MadeRepository) -> Pull:
    (pull,) = found(repo).pulls
    return pull


def edit(word: str, line: int = 3, file: str = "a.rs", text: str = LINES) -> dict[str, str]:
    return {file: text.replace(f"line {line}\n", f"{word}\n")}


def other(at: int) -> dict[str, str]:
    return {f"other{at}.rs": f"fn other{at}() {{}}\n"}


def test_a_merge(repo: MadeRepository) -> None:
    base = repo.head
    after = repo.merge_pull(7, [edit("one"), other(1)])
    pull = only(repo)
    head = repo.git("rev-parse", "refs/pull/7/head")
    assert pull == Pull("merge", 7, base, head, after, repo.clock, stacked=False)


@pytest.mark.parametrize(
    "words", ["Auto merge of #{} - a:b, r=c", "Merge #{}", "Merge #{} r=me", "auto merge of #{} : x"]
)
def test_a_merge_by_a_bot(repo: MadeRepository, words: str) -> None:
    after = repo.bors_pull(8, [edit("one")], words)
    assert (only(repo).kind, only(repo).number, only(repo).after) == ("bors", 8, after)


def test_before_is_what_it_landed_on_not_where_it_began(repo: MadeRepository) -> None:
    head = repo.branch(3, [edit("one")])
    base = repo.commit(other(1))
    after = repo.land(head, "Merge pull request #3 from x/y")
    assert (only(repo).before, only(repo).after) == (base, after)


def test_a_squash_and_its_head(repo: MadeRepository) -> None:
    base = repo.head
    after = repo.squash_pull(9, [edit("one"), other(1), other(2)])
    head = repo.git("rev-parse", "refs/pull/9/head")
    assert only(repo) == Pull("squash", 9, base, head, after, repo.clock, stacked=False)


def test_the_head_of_a_squash_is_known_though_main_moved_on(repo: MadeRepository) -> None:
    fork = repo.head
    repo.commit(other(1))
    head = repo.branch(4, [edit("one"), edit("two", 20)], on=fork)
    # Main came into the branch meanwhile, as the button "update branch" does it.
    head = repo.ref("refs/pull/4/head", repo.land(repo.head, "Merge branch 'main' into work", on=head))
    repo.commit(other(2))
    repo.ref("refs/heads/main", repo.commit_tree(repo._merged(repo.head, head), "Both (#4)", [repo.head]))
    assert only(repo).head == head


def test_a_rebase_of_several_commits(repo: MadeRepository) -> None:
    fork = repo.head
    base = repo.commit(other(1))
    after = repo.rebase_pull(5, [edit("one"), other(2), other(3)], on=fork)
    repo.commit(other(4))
    pull = only(repo)
    assert (pull.kind, pull.number, pull.before, pull.after) == ("rebase", 5, base, after)
    assert pull.head == repo.git("rev-parse", "refs/pull/5/head")


def test_a_rebase_whose_commits_all_bear_the_number_is_one(repo: MadeRepository) -> None:
    base = repo.head
    head = repo.branch(6, [edit("one"), other(1)])
    for commit in repo.git("rev-list", "--reverse", f"{base}..{head}").split():
        repo.cherry_pick(commit, "Part of it (#6)")
    assert (only(repo).kind, only(repo).before, only(repo).after) == ("rebase", base, repo.head)


def test_a_rebase_between_which_others_came_is_none(repo: MadeRepository) -> None:
    base = repo.head
    first, second = repo.git("rev-list", "--reverse", f"{base}..{repo.branch(6, [edit('one'), other(1)])}").split()
    repo.cherry_pick(first)
    repo.commit(other(9))
    repo.cherry_pick(second)
    assert found(repo) == Found([], {"interleaved": 1})


def test_rebases_on_rebases_are_taken_apart(repo: MadeRepository) -> None:
    base = repo.head
    low = repo.branch(1, [other(1)])
    high = repo.branch(2, [other(2)], on=low)
    first = repo.cherry_pick(low)
    second = repo.cherry_pick(high)
    assert [(p.number, p.before, p.after) for p in found(repo).pulls] == [(1, base, first), (2, first, second)]


def test_squashes_of_a_stack_are_no_rebase(repo: MadeRepository) -> None:
    low = repo.branch(1, [other(1)])
    high = repo.branch(2, [other(2)], on=low)
    repo.cherry_pick(low, "Low (#1)")
    repo.cherry_pick(high, "High (#2)")
    assert [(p.kind, p.number) for p in found(repo).pulls] == [("squash", 1), ("squash", 2)]


def test_a_stacked_pull_request(repo: MadeRepository) -> None:
    base = repo.head
    low = repo.branch(1, [other(1)])
    inner = repo.stacked_pull(2, [edit("two")], above=1)
    outer = repo.land(inner, "Merge pull request #1 from x/y")
    assert [(p.number, p.before, p.after, p.stacked) for p in found(repo).pulls] == [
        (2, low, inner, True),
        (1, base, outer, False),
    ]


def test_a_number_of_a_fork_is_not_ours(repo: MadeRepository) -> None:
    low = repo.branch(10, [other(1)])
    theirs = repo.commit(edit("two"), on=low)
    inner = repo.land(theirs, "Merge pull request #1 from friend/fork", on=low)
    repo.ref("refs/pull/10/head", inner)
    repo.land(inner, "Merge pull request #10 from x/y")
    assert [(p.number, p.stacked) for p in found(repo).pulls] == [(None, True), (10, False)]


def test_a_number_from_before_an_import_is_not_ours(repo: MadeRepository) -> None:
    head = repo.commit(edit("one"), on=repo.head)
    repo.land(head, "Merge pull request #1 from old/repository")
    squash = repo.commit(other(1), "A title (#2)")
    # Both numbers were given again after the import, and those never landed.
    repo.branch(1, [other(2)])
    repo.branch(2, [other(3)])
    result = found(repo)
    assert [(p.kind, p.number) for p in result.pulls] == [("merge", None), ("squash", None)]
    assert result.pulls[1].after == squash
    assert result.pulls[1].head is None
    assert result.odd == {"number_elsewhere": 2}


def test_a_head_that_was_pushed_anew_is_not_believed(repo: MadeRepository) -> None:
    fork = repo.head
    unrelated = repo.commit(other(5), "Something else", on=fork)
    repo.squash_pull(3, [edit("one")])
    repo.ref("refs/pull/3/head", unrelated)
    result = found(repo)
    assert [(p.number, p.head) for p in result.pulls] == [(3, None)]
    assert result.odd == {"head_differs": 1}


def test_a_cherry_pick_on_main_is_dropped_and_counted(repo: MadeRepository) -> None:
    after = repo.squash_pull(1, [edit("one")])
    repo.commit({"a.rs": LINES}, "Revert")
    repo.commit(other(1))
    repo.cherry_pick(after, "Again (#1)")
    result = found(repo)
    assert [p.after for p in result.pulls] == [after]
    assert result.left == {"cherry_pick": 1}


def test_a_copy_on_another_branch_drops_nothing(repo: MadeRepository) -> None:
    fork = repo.head
    after = repo.squash_pull(1, [edit("one")])
    repo.ref("refs/heads/stable", repo.commit(edit("one"), "Backport (#2)", on=fork))
    assert [p.after for p in found(repo).pulls] == [after]


def test_a_backport_is_no_rebase(repo: MadeRepository) -> None:
    fork = repo.head
    repo.commit(edit("one"), "Straight to main")
    repo.branch(4, [edit("one")], on=fork)
    assert found(repo) == Found([], {"copied_from_main": 1})


def test_what_did_not_land_is_counted(repo: MadeRepository) -> None:
    fork = repo.head
    repo.branch(1, [other(1)])
    repo.branch(2, [edit("one"), other(2)], on=fork)
    repo.commit(edit("one"), "A part of it, by hand")
    repo.ref("refs/pull/3/head", repo.head)
    repo.ref("refs/pull/4/head", repo.commit_tree(repo.git("rev-parse", f"{fork}^{{tree}}"), "Nothing", [fork]))
    assert found(repo) == Found([], {"not_landed": 1, "partly_landed": 1, "fast_forward": 1, "no_change": 1})


def test_what_is_no_single_pull_request_is_counted(repo: MadeRepository) -> None:
    repo.land(repo.branch(1, [other(1)]), "Merge #1 #2")
    repo.land(repo.branch(3, [other(3)]), "Auto merge of #3 - a:rollup, r=a\n\nRollup of 2 pull requests\n")
    octopus = [repo.head, repo.branch(4, [other(4)]), repo.branch(5, [other(5)])]
    repo.ref("refs/heads/main", repo.commit_tree(repo.tree(other(6), repo.head), "Merge pull request #4", octopus))
    result = found(repo)
    assert result.pulls == []
    assert {key: result.left[key] for key in ("batch", "octopus")} == {"batch": 2, "octopus": 1}


def test_a_first_commit_with_a_number_has_no_before(tmp_path: Path) -> None:
    repo = MadeRepository(tmp_path / "octo+crate.git")
    repo.commit(other(1), "Everything (#1)")
    assert found(repo) == Found([], {"no_parent": 1})


def test_pull_refs_that_are_broken_break_nothing_else(repo: MadeRepository) -> None:
    lost = repo.branch(1, [other(1)])
    repo.branch(2, [other(2)], on=lost)  # a parent is missing
    whole = repo.rebase_pull(3, [other(3)])
    no_file = repo.branch(4, [other(4)])
    repo.ref("refs/pull/5/head", repo.blob("no commit"))
    for oid in (lost, repo.git("rev-parse", f"{no_file}:other4.rs")):
        (repo.git_dir / "objects" / oid[:2] / oid[2:]).unlink()
    result = found(repo)
    assert [(p.number, p.after) for p in result.pulls] == [(3, whole)]
    assert result.left == {"missing_object": 4}


def test_a_broken_main_line_is_a_reason(repo: MadeRepository) -> None:
    first = repo.head
    repo.commit(other(1))
    (repo.git_dir / "objects" / first[:2] / first[2:]).unlink()
    with pytest.raises(GitError) as error:
        found(repo)
    assert error.value.cause == "missing_object"


def test_malformed_commits_are_counted_and_their_neighbours_found(repo: MadeRepository) -> None:
    def timeless(parents: list[str], message: str) -> str:
        lines = [f"tree {repo.tree(other(9), repo.head)}", *(f"parent {p}" for p in parents), "author A <a>"]
        raw = "\n".join([*lines, "committer A <a> 12 +051800", "", message]).encode()
        return repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)

    head = repo.branch(1, [other(1)])
    repo.ref("refs/heads/main", timeless([repo.head, head], "Merge pull request #1 from x/y"))
    repo.ref("refs/heads/main", timeless([repo.head], "A title (#2)"))
    after = repo.squash_pull(3, [other(3)])
    repo.ref("refs/pull/4/head", timeless([repo.head], "Work"))
    result = found(repo)
    assert [p.after for p in result.pulls] == [after]
    assert result.left["malformed_commit"] == 2


@pytest.fixture
def busy(repo: MadeRepository) -> MadeRepository:
    repo.merge_pull(1, [other(1)])
    repo.squash_pull(2, [other(2), other(22)])
    repo.rebase_pull(3, [other(3), other(33)])
    return repo


def test_pulls_are_sorted_and_the_same_each_time(busy: MadeRepository) -> None:
    first, second = found(busy), found(busy)
    assert first == second
    assert [p.number for p in first.pulls] == [1, 2, 3]
    assert [p.time_s for p in first.pulls] == sorted(p.time_s for p in first.pulls)


def test_without_pull_refs_history_tells_what_it_can(busy: MadeRepository) -> None:
    for number in (1, 2, 3):
        busy.git("update-ref", "-d", f"refs/pull/{number}/head")
    result = found(busy)
    assert [(p.kind, p.number) for p in result.pulls] == [("merge", 1), ("squash", 2)]
    assert result.odd == {}
