"""A proven pull request as the conversation of an agent that makes the change: it reads, edits, builds and says what it
did.

Promises: each output was printed in the sandbox, by that command line, on just the tree that the edits up to there
give (see `printed.py` for what is taken out of it). Where the change has tests that fail without it, they are edited
first and seen to fail, then the source is edited. What cannot be told so is left out, with its reason: what takes files
away, too, for which a shell would have to run. Not promised: that an agent would come to this change by what it reads.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oxidizer.cluster.cargo import read_format_check
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.project import Project
from oxidizer.cluster.sandbox import SOURCE, RunResult, Status
from oxidizer.datasets.corpus.split import row_home
from oxidizer.datasets.records import Chat, PrPair, to_row
from oxidizer.datasets.task import BUILD_TOOLS, NotShown
from oxidizer.datasets.task.build import BuildTalk
from oxidizer.miners.pulls.asking import request_of
from oxidizer.miners.pulls.closing import Checked, closing_words
from oxidizer.miners.pulls.edited import Edited, edited
from oxidizer.miners.pulls.ground import Ground
from oxidizer.miners.pulls.objects import Objects
from oxidizer.miners.pulls.printed import printed, warnings_in
from oxidizer.miners.pulls.proof import Proof, Trees

FILES = 12
"""The most files of a change that is told."""
BYTES = 64 << 10
"""The most bytes of a conversation."""
_OUTLINE = r"^ *(pub(\([a-z ]+\))? )?((const|async|unsafe|default) )*(fn|struct|enum|trait|impl|mod|macro_rules!)\b"


class Untold(Exception):
    """A pair that no conversation is made of; a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Step:
    """What is edited at once."""

    files: Sequence[Edited]
    says: str


class Teller:
    """Tells pairs of one repository, on the ground where they were just proven."""

    def __init__(self, objects: Objects, ground: Ground, most: int) -> None:
        self._objects, self._ground, self._most = objects, ground, most
        self.left: Counter[str] = Counter()
        """Pairs that were not told, by reason."""
        self._told: Counter[bool] = Counter()

    def tell(self, pair: PrPair, trees: Trees, proof: Proof) -> Chat | None:
        """The conversation of a pair, whose proof was the last on the ground. Raises SandboxUnavailable, Unproven,
        GitError.
        """
        try:
            self._check_room(proof)
            telling = _Telling(self._objects, self._ground, pair, trees, proof)
            chat = telling.chat()
        except (Untold, NotShown) as why:
            self.left[why.reason] += 1
            return None
        self._told[bool(proof.fail_to_pass)] += 1
        return chat

    def _check_room(self, proof: Proof) -> None:
        room = self._most if proof.fail_to_pass else self._most // 2
        if sum(self._told.values()) >= self._most or (not proof.fail_to_pass and self._told[False] >= room):
            raise Untold("enough")


class _Telling:
    """One conversation."""

    def __init__(self, objects: Objects, ground: Ground, pair: PrPair, trees: Trees, proof: Proof) -> None:
        assert ground.project is not None
        assert ground.standing is not None
        self._objects, self._ground = objects, ground
        self._project: Project = ground.project
        self._standing = ground.standing
        self._pair, self._trees, self._proof = pair, trees, proof
        self._tests_first = trees.before != trees.mixed != trees.after and bool(proof.fail_to_pass)

    def chat(self) -> Chat:
        """The record. Raises Untold, NotShown."""
        if self._pair.sealed:
            raise Untold("sealed")
        asked = request_of(self._pair.title, self._pair.body)
        if asked is None:
            raise Untold("says_nothing")
        steps = self._steps()
        talk = BuildTalk.begun(_request(self._pair, asked), root=SOURCE, env=sorted(self._project.typed_env.items()))
        self._talk(talk, steps)
        if talk.size_bytes > BYTES:
            raise Untold("too_large")
        return self._record(talk)

    def _steps(self) -> list[_Step]:
        """The edits, tests before source where that shows something. Raises Untold, NotShown."""
        trees = self._trees
        between = [(trees.before, trees.mixed), (trees.mixed, trees.after)]
        if not self._tests_first:
            between = [(trees.before, trees.after)]
        steps = [edited(self._objects, self._objects.changes(old, new)) for old, new in between]
        if not all(steps):
            raise Untold("nothing_to_edit")
        if any(one.needs_more for files in steps for one in files):
            raise Untold("takes_files_away")
        if len({one.file for files in steps for one in files}) > FILES:
            raise Untold("too_many_files")
        # Told before anything runs: edits alone can be too many.
        if sum(len(c["old_text"]) + len(c["new_text"]) for f in steps for one in f for c in one.calls) > BYTES:
            raise Untold("too_large")
        says = ["First the tests.", "Now the source."] if self._tests_first else [""]
        return [_Step(files, word) for files, word in zip(steps, says, strict=True)]

    def _talk(self, talk: BuildTalk, steps: Sequence[_Step]) -> None:
        first, *later = steps
        done = {one.file for one in first.files}
        others = [one for step in later for one in step.files if one.file not in done]
        known = {one.file: one for one in (*others, *first.files) if one.before is not None}
        self._ground.show(self._trees.before)
        self._look(talk, known.values())
        talk.turn("read", *(read for one in known.values() for read in one.reads()))
        if talk.size_bytes > BYTES:
            raise Untold("too_large")
        if self._proof.fail_to_pass and not later:
            self._see_failing(talk, "First I see what fails.")
        _edit(talk, first)
        for step in later:
            self._ground.show(self._trees.mixed)
            self._see_failing(talk, "The tests should fail now.")
            talk.turn("read", *(read for one in step.files if one.file in done for read in one.reads()))
            _edit(talk, step)
        self._ground.show(self._trees.after)
        talk.closed(closing_words(self._pair, [one for step in steps for one in step.files], self._checked(talk)))

    def _look(self, talk: BuildTalk, known: Iterable[Edited]) -> None:
        """What files there are, and what is in those that are too long to be read whole."""
        self._say(talk, "find . -name '*.rs' -o -name Cargo.toml | LC_ALL=C sort")
        long = [shlex.quote(one.file) for one in known if one.is_long and one.file.endswith(".rs")]
        if long:
            self._say(talk, f"grep -nE '{_OUTLINE}' {' '.join(long)}")

    def _see_failing(self, talk: BuildTalk, says: str) -> None:
        """The target in which most of the tests fail that pass afterwards. Raises Untold where they do not."""
        line, build = self._test_line(self._chosen())
        compiles = self._proof.evidence == "test"
        runs = [self._tested(line, build if compiles else None) for _ in range(1 + compiles)]
        text = printed(runs[0].stdout)
        if any(printed(run.stdout) != text for run in runs):
            raise Untold("unsteady_output")
        names = {test.filter for test in self._proof.fail_to_pass}
        if runs[0].ok or not (any(name in text for name in names) if compiles else "\nerror" in f"\n{text}"):
            raise Untold("not_seen_failing")
        talk.ran(line, text, runs[0].exit_code or 0, says)

    def _chosen(self) -> tuple[str, ...]:
        """cargo's words for the target that holds the most of them."""
        counts = Counter((test.package, test.target) for test in self._proof.fail_to_pass)
        chosen = min(counts, key=lambda target: (-counts[target], target))
        words = self._ground.words_for(TestId(*chosen, ""))
        if not words:
            raise Untold("target_not_named")
        return words

    def _checked(self, talk: BuildTalk) -> Checked:
        """What the change is held to at the end. Raises Untold where the tests or clippy do not agree with it."""
        every = ("--workspace",) if self._ground.has_members else ()
        style = self._say(talk, self._line("fmt", *(("--all",) if every else ()), "--check"), bad=True)
        lints = self._say(talk, self._line("clippy", "-q", *every, *self._standing.features))
        selections: list[tuple[str, ...]] = [("--tests", *every)]
        examples = sorted(test for test in self._proof.fail_to_pass if test.is_doctest)
        selections += sorted({self._ground.words_for(test) for test in examples})
        for selection in selections:
            line, build = self._test_line(selection)
            run = self._tested(line, build)
            if not run.ok:
                raise Untold("not_green")
            talk.ran(line, printed(run.stdout), 0)
        return Checked(sorted(read_format_check(style)), warnings_in(lints), self._failed())

    def _failed(self) -> list[str]:
        return sorted(test.name for test in self._proof.fail_to_pass)

    def _test_line(self, selection: Sequence[str]) -> tuple[str, list[str]]:
        """A line that runs some tests, and cargo's arguments that build them before."""
        features = self._standing.features
        package = [word for word in selection if word != "--doc"]
        build = ["build", *package, *features] if "--doc" in selection else ["test", "--no-run", *selection, *features]
        return self._line("test", "-q", *selection, *features), build

    def _tested(self, line: str, build: Sequence[str] | None) -> RunResult:
        run = self._project.typed(line) if build is None else self._project.typed_tests(line, build)
        if run is None:
            raise Untold("target_changed")
        return _ended(run)

    def _say(self, talk: BuildTalk, line: str, *, bad: bool = False) -> str:
        """Run a line and tell of it; what it printed. Raises Untold where it fails and may not."""
        run = _ended(self._project.typed(line))
        if not run.ok and not bad:
            raise Untold("command_failed")
        text = printed(run.stdout)
        talk.ran(line, text, run.exit_code or 0)
        return text

    def _line(self, *words: str) -> str:
        typed = shlex.join(["cargo", *words])
        folder = self._standing.folder
        return typed if folder == "." else f"cd {shlex.quote(folder)} && {typed}"

    def _record(self, talk: BuildTalk) -> Chat:
        pair = self._pair
        whole = [{"tool_calls": None, "tool_call_id": None, **message} for message in talk.messages]
        return Chat.new(
            family="chat", messages=whole, tools=json.dumps(BUILD_TOOLS, ensure_ascii=False),
            repo=row_home(to_row(pair)), attribution=[], license=pair.license, source_url=pair.source_url,
            commit=pair.commit, parents=[pair.id],
        )  # fmt: skip


def _request(pair: PrPair, asked: str) -> str:
    tests = " Write tests for it too." if pair.test_diff else ""
    return f"A pull request to {pair.repo}:\n\n{asked}\n\nMake this change.{tests}"


def _edit(talk: BuildTalk, step: _Step) -> None:
    """What a step edits."""
    calls = [(call, f"edited {one.file}") for one in step.files for call in one.calls]
    talk.turn("edit", *calls, says=step.says)


def _ended(run: RunResult) -> RunResult:
    """A run that ended by itself."""
    if run.status not in (Status.OK, Status.FAILED):
        raise Untold(f"ended_by_{run.status}")
    return run
