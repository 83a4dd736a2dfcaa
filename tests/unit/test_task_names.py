"""Which file an answer is for: an answer for a file that was not shown is never read as an edit of another."""

import pytest

from oxidizer.datasets.task import AnswerError, ForbiddenPath, Unparsable, read_answer
from tests.unit.lessons import fixed

LIB = b"struct S { size: u64 }\nimpl S {\n    fn size(&self) -> u64 {\n        size\n    }\n}\n"
FILES = {"src/lib.rs": LIB, "Cargo.toml": b"[package]\nname = 'a'\n", "twice.rs": b"a\nb\na\n"}


def block(old: str, new: str, file: str = "src/lib.rs") -> str:
    return f"{file}\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


UNNAMED = block("        size\n", "        self.size\n", "")[1:]
ABOVE = ["{}", "`{}`:", "File: {}", "File: `{}`", "**File:** {}", "In {}:", "In `{}`, I write:", "### `{}`", '"{}":']
ABOVE += ["**`{}`**\n\n", "_{}_", "1. The file {}.", "{}, lines 3 to 5:", "{}:4:9", "[{}](https://a.b/c.rs)", "// {}"]
ABOVE += ["<file path='{}'>", "<file>{}</file>", "Now ({}):", "{}\n====\n", "*** Update File: {}"]
ABOVE += ["\u201c{}\u201d\u2014so:"]
ABOVE += ["In {}:\n```rust", "In {}:\n\n~~~", "```rust {}", "```rust:{}", '```rust title="{}"', "See:\n```{}"]
NOT_SHOWN = ["build.rs", "tests/a.rs", "src/b.rs", "src/lib.rs.bak", "crates/src/lib.rs", "../src/lib.rs", "lib.rs"]
NOT_SHOWN += ["/src/lib.rs", "C:\\lib.rs", "src\\lib.rs", "Cargo.lock", ".git/config", "Makefile", "tests/data/words"]
NOT_SHOWN += ["~/a"]


@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize("files", [{"src/lib.rs": LIB}, FILES], ids=["one", "several"])
def test_a_name_is_read_whatever_stands_around_it(above: str, files: dict[str, bytes]) -> None:
    mended = LIB.replace(b"        size\n", b"        self.size\n")
    for before in ("", block("[package]\n", "[package]\n\n", "Cargo.toml") if files is FILES else ""):
        text = f"{before}Sure, and/or so.\n{above.format('src/lib.rs')}\n{UNNAMED}"
        assert fixed(files, read_answer(text, files))["src/lib.rs"] == mended
        for name in NOT_SHOWN:
            with pytest.raises(ForbiddenPath):
                read_answer(text.replace("src/lib.rs", name), files)


@pytest.mark.parametrize("name", ["src/with space.rs", "src/a(1).rs", "a=b, c.rs"])
def test_a_name_that_was_shown_may_be_odd(name: str) -> None:
    files = {name: LIB, "src/lib.rs": LIB, "c.rs": LIB}
    for above in ("{}", "File: {}", "In `{}`:", "./{}:"):
        assert {edit.file for edit in read_answer(f"{above.format(name)}\n{UNNAMED}", files)} == {name}


@pytest.mark.parametrize(
    "above",
    [
        "",
        "Here it is:",
        "I change `size` to `self.size`, e.g. so:",
        "Lock it with `mutex.lock()`; `Send/Sync` and I/O are as before, and `\\n` too...",
        "As https://doc.rust-lang.org/std/index.html says:",
        "All `*.rs` are read, std::fs::read() and/or v1.0.2 is called.",
        "In tests/a.rs nothing changes.\nThe block:",
        "```rust",
    ],
)
def test_prose_names_no_file(above: str) -> None:
    mended = LIB.replace(b"        size\n", b"        self.size\n").replace(b"struct S", b"pub struct S")
    first = block("struct S { size: u64 }\n", "pub struct S { size: u64 }\n")
    for before, files in ((first, FILES), (first.partition("\n")[2], {"src/lib.rs": LIB})):
        assert fixed(files, read_answer(f"{before}{above}\n{UNNAMED}", files))["src/lib.rs"] == mended


HUNK = "@@ -4 +4 @@\n-        size\n+        self.size\n"
BESIDE = "--- a/src/b.rs\n+++ b/src/b.rs\n" + HUNK


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("--- a/src/old.rs\n+++ b/src/lib.rs\n" + HUNK, ForbiddenPath),
        ("--- a/src/lib.rs\n+++ b/src/new.rs\n" + HUNK, ForbiddenPath),
        ("--- src/old.rs\n+++ src/lib.rs\n" + HUNK, ForbiddenPath),
        ("--- /dev/null\n+++ b/src/lib.rs\n" + HUNK, ForbiddenPath),
        ("--- b/src/lib.rs\n+++ b/src/lib.rs\n" + HUNK, ForbiddenPath),
        ("diff --git a/x.rs b/y.rs\nsimilarity index 100%\nrename from x.rs\nrename to y.rs\n", ForbiddenPath),
        ("diff --git a/x.rs b/x.rs\ndeleted file mode 100644\n", ForbiddenPath),
        ("diff --git a/src/b.rs b/src/b.rs\n" + HUNK, Unparsable),
        ("In src/b.rs:\n" + HUNK, Unparsable),
        (BESIDE, ForbiddenPath),
    ],
)
def test_no_part_of_a_diff_is_taken_for_another_file(text: str, kind: type[AnswerError]) -> None:
    own = "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1 +1 @@\n-struct S { size: u64 }\n+struct S { size: u32 }\n"
    for answer in (text, f"{own}\nAnd:\n{text}", f"{text}\n{own}"):
        with pytest.raises(AnswerError) as e:
            read_answer(answer, {"src/lib.rs": LIB})
        assert type(e.value) is kind


@pytest.mark.parametrize("diff", [BESIDE, BESIDE.partition("@@")[0], HUNK, "diff --git a/x b/y\nrename from x\n"])
def test_blocks_and_a_diff_are_not_one_answer(diff: str) -> None:
    own = block("        size\n", "        self.size\n")
    for text in (f"{own}\n{diff}", f"{diff}\n{own}", f"{own}```diff\n{diff}```\n{own}"):
        with pytest.raises(Unparsable, match="one format"):
            read_answer(text, {"src/lib.rs": LIB})


def test_a_line_with_two_names_is_no_name() -> None:
    for above in ("From tests/a.rs to src/lib.rs:", "In tests/a.rs:\n```rust src/lib.rs", "Cargo.toml, src/lib.rs"):
        with pytest.raises(Unparsable, match="several"):
            read_answer(f"{above}\n{UNNAMED}", FILES)
