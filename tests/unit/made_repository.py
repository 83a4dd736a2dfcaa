"""A small maker of git repositories: pull requests that land in every way, and what strangers put into a tree.

repo = MadeRepository(folder / "octo+crate.git")
repo.commit({"src/lib.rs": "fn a() {}\\n"}, "First")
landed = repo.merge_pull(1, [{"src/lib.rs": "fn b() {}\\n"}])     # -> the commit after
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

Files = Mapping[str | bytes, str | bytes | tuple[str, str] | None]
"""Path → content; None takes a file away; (mode in octal, id) puts any object there."""


class MadeRepository:
    """A bare repository. Its clock moves a minute a commit, so that the same calls give the same ids."""

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        self.clock = 1_600_000_000
        git_dir.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(git_dir))

    def git(self, *args: str, stdin: bytes = b"", index: str = "index", check: bool = True) -> str:
        """What a git command says in this repository."""
        stamp = f"{self.clock} +0000"
        env = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
            "GIT_DIR": str(self.git_dir), "GIT_INDEX_FILE": str(self.git_dir / index),
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.com", "GIT_COMMITTER_DATE": stamp,
        }  # fmt: skip
        done = subprocess.run(["git", *args], input=stdin, capture_output=True, env=env, cwd="/")
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.decode(errors="surrogateescape").strip()

    @property
    def head(self) -> str:
        """The newest commit of main."""
        return self.git("rev-parse", "refs/heads/main")

    def blob(self, content: str | bytes) -> str:
        """A file's content; its id."""
        content = content.encode() if isinstance(content, str) else content
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def raw_tree(self, entries: Sequence[tuple[str, bytes, str]]) -> str:
        """A tree that git itself would not make: (mode, name, id), as they stand."""
        raw = b"".join(b"%s %s\0%s" % (mode.encode(), name, bytes.fromhex(oid)) for mode, name, oid in entries)
        return self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)

    def tree(self, files: Files, base: str | None = None) -> str:
        """The tree of a commit or tree, changed."""
        (self.git_dir / "made").unlink(missing_ok=True)
        if base:
            self.git("read-tree", base, index="made")
        lines = b""
        for path, file in files.items():
            name = path.encode() if isinstance(path, str) else path
            if file is None:
                lines += b"0 " + b"0" * 40 + b"\t" + name + b"\0"
            else:
                mode, oid = file if isinstance(file, tuple) else ("100644", self.blob(file))
                lines += f"{mode} {oid}\t".encode() + name + b"\0"
        self.git("update-index", "-z", "--add", "--replace", "--index-info", stdin=lines, index="made")
        return self.git("write-tree", "--missing-ok", index="made")

    def commit_tree(self, tree: str, message: str, parents: Sequence[str]) -> str:
        """A commit of a tree, on no branch."""
        self.clock += 60
        given = [word for parent in parents for word in ("-p", parent)]
        return self.git("commit-tree", tree, *given, stdin=message.encode())

    def commit(self, files: Files, message: str = "Change", on: str | None = "main") -> str:
        """A commit on a branch: `main`, or any commit's id, which then moves no branch; None for a root."""
        parent = self.git("rev-parse", "--verify", "--quiet", on, check=False) if on else ""
        made = self.commit_tree(self.tree(files, parent), message, [parent] if parent else [])
        if on == "main":
            self.ref("refs/heads/main", made)
        return made

    def ref(self, name: str, oid: str) -> str:
        """Point a ref at a commit; the commit."""
        self.git("update-ref", name, oid)
        return oid

    def branch(self, number: int, changes: Sequence[Files], on: str | None = None, message: str = "Work") -> str:
        """The commits of pull request `number`, and its pull ref; its head."""
        head = on or self.head
        for at, files in enumerate(changes):
            head = self.commit(files, f"{message} {at} on {number}", on=head)
        return self.ref(f"refs/pull/{number}/head", head)

    def land(self, head: str, message: str, on: str | None = None) -> str:
        """A merge commit of a head, whose files win; on main, or on another commit."""
        base = on or self.head
        made = self.commit_tree(self._merged(base, head), message, [base, head])
        return made if on else self.ref("refs/heads/main", made)

    def _merged(self, base: str, head: str) -> str:
        fork = self.git("merge-base", base, head)
        diff = self.git("diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", fork, head)
        files: dict[str | bytes, tuple[str, str] | None] = {}
        for line in diff.splitlines():
            facts, path = line.split("\t")
            _, mode, _, oid, _ = facts.split()
            files[path] = None if mode == "000000" else (mode, oid)
        return self.tree(files, base)

    def merge_pull(self, number: int, changes: Sequence[Files]) -> str:
        """A pull request that lands by a merge commit; the commit after, as in all of these."""
        return self.land(self.branch(number, changes), f"Merge pull request #{number} from someone/work\n\nA title\n")

    def bors_pull(self, number: int, changes: Sequence[Files], words: str = "Auto merge of #{} - someone:work") -> str:
        """One that a bot merges: `Auto merge of #N` or, of another bot, `Merge #N`."""
        return self.land(self.branch(number, changes), words.format(number))

    def squash_pull(self, number: int, changes: Sequence[Files], says: str = "* Work") -> str:
        """One that lands as a single commit, `Title (#N)`."""
        head = self.branch(number, changes)
        made = self.commit_tree(self._merged(self.head, head), f"A title (#{number})\n\n{says}\n", [self.head])
        return self.ref("refs/heads/main", made)

    def rebase_pull(self, number: int, changes: Sequence[Files], on: str | None = None) -> str:
        """One whose commits are copied onto main, which tells no number; `on` is where its branch begins."""
        start = on or self.head
        head = self.branch(number, changes, start)
        for commit in self.git("rev-list", "--reverse", f"{start}..{head}").split():
            self.cherry_pick(commit)
        return self.head

    def stacked_pull(self, number: int, changes: Sequence[Files], above: int) -> str:
        """One that is merged into the branch of pull request `above`, whose ref moves on to it."""
        base = self.git("rev-parse", f"refs/pull/{above}/head")
        head = self.branch(number, changes, base)
        landed = self.land(head, f"Merge pull request #{number} from someone/above", on=base)
        return self.ref(f"refs/pull/{above}/head", landed)

    def cherry_pick(self, commit: str, message: str | None = None) -> str:
        """A commit's change once more, on main."""
        tree = self._picked(commit)
        said = message or self.git("log", "-1", "--format=%B", commit)
        return self.ref("refs/heads/main", self.commit_tree(tree, said, [self.head]))

    def _picked(self, commit: str) -> str:
        diff = subprocess.run(
            ["git", f"--git-dir={self.git_dir}", "diff-tree", "-p", "--binary", "--full-index", f"{commit}^1", commit],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        (self.git_dir / "made").unlink(missing_ok=True)
        self.git("read-tree", self.head, index="made")
        self.git("apply", "--cached", "--binary", "--whitespace=nowarn", "-", stdin=diff, index="made")
        return self.git("write-tree", "--missing-ok", index="made")
