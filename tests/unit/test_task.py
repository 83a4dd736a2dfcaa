"""Laws of records as messages: an answer that is shown is read back as the very fix; no answer breaks the reader."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from oxidizer.cluster.edits import Edit, conflict
from oxidizer.datasets.task import (
    TOOLS,
    Ambiguous,
    AnswerError,
    ChangesNothing,
    DoesNotApply,
    ForbiddenPath,
    Form,
    NotShown,
    Unparsable,
    messages,
    read_answer,
    read_call,
    read_calls,
    shown,
)
from tests.unit.lessons import fixed, row

ROOT = Path(__file__).resolve().parents[2]
REAL = [path.read_bytes() for path in sorted((ROOT / "tests/crates").rglob("*.rs")) if path.stat().st_size < 20_000]
FORMS = [Form(), Form(answer="diff", explained=True), Form(style="agent"), Form(style="agent", explained=True)]
LINES = [
    "fn f() {",
    "    g();",
    "}",
    "",
    "    // é",
    "=======",
    "<<<<<<< SEARCH",
    "--- a",
    "+++ b",
    "```",
    "\\ x",
    "-y",
]
SOURCE = st.lists(st.sampled_from(LINES), min_size=1, max_size=30).flatmap(
    lambda lines: st.sampled_from([e.join(lines) + last for e in ("\n", "\r\n") for last in ("", e)])
)
NEW = st.sampled_from(["", "x", "\n", "é\nz", "new();\n", "\nlead", "}\n", "\r\n", "=======\n", "    g();\n"])
LIB = b"struct S { size: u64 }\nimpl S {\n    fn size(&self) -> u64 {\n        size\n    }\n}\n"
SIZE = Edit("src/lib.rs", LIB.index(b"        size\n") + 8, LIB.index(b"        size\n") + 12, b"self.size")


@st.composite
def lessons(draw: st.DrawFn) -> tuple[dict[str, bytes], list[Edit]]:
    files = {"src/lib.rs": draw(SOURCE | st.sampled_from([text.decode() for text in REAL])).encode()}
    if draw(st.booleans()):
        files["src/with space.rs"] = draw(SOURCE).encode()
    edits = []
    for file, text in files.items():
        ends = [i for i in range(len(text) + 1) if i == len(text) or text[i] & 0xC0 != 0x80]
        cuts = sorted(draw(st.lists(st.sampled_from(ends), min_size=2, max_size=4)))
        edits += [Edit(file, a, b, draw(NEW).encode()) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    assume(conflict(edits) is None)
    return files, edits


def answered(said: Sequence[Mapping[str, Any]], files: Mapping[str, bytes], pieces: Any) -> list[Edit]:
    calls = [call["function"] for message in said for call in message.get("tool_calls", ())]
    edits = [call["arguments"] for call in calls if call["name"] == "edit"]
    return read_calls(edits, files, pieces) if edits else read_answer(said[-1]["content"], files, pieces)


@given(lessons(), st.sampled_from(FORMS), st.sampled_from([600, 8192]))
@settings(max_examples=150, deadline=None)
def test_what_is_shown_is_read_back_as_the_fix(case: Any, form: Form, budget: int) -> None:
    files, edits = case
    after = fixed(files, edits)
    form = replace(form, budget_bytes=budget)
    assume(all(files[file].strip() and files[file] != after[file] for file in files))
    lesson = row(files, edits)
    try:
        said, pieces = messages(lesson, form), shown(lesson, form).pieces
    except NotShown as e:
        refused = e.reason
    else:
        refused = ""
    if refused:
        event(refused)
        assert refused in ("too_large", "not_unique")
        return
    assert fixed(files, answered(said, files, pieces)) == after
    given_out = [said[1]["content"], *(m["content"] for m in said if m["role"] == "tool")][: 1 + len(pieces)]
    assert sum(len(text.encode()) for text in given_out) <= budget
    assert all(piece.text in files[piece.file] for piece in pieces)
    assert messages(lesson, form) == said


def test_most_lessons_can_be_shown() -> None:
    """The law above would hold of a form that refuses everything."""
    source = REAL[0]
    at = source.index(b"fn ")
    for form in FORMS:
        lesson = row({"src/lib.rs": source}, [Edit("src/lib.rs", at, at + 2, b"pub fn")])
        assert messages(lesson, form)


def test_a_lesson_reads_well() -> None:
    said = messages(row({"src/lib.rs": LIB}, [SIZE], line=4))
    assert [message["role"] for message in said] == ["system", "user", "assistant"]
    assert said[1]["content"] == (
        "In the crate made 0.1.0, `cargo check --lib` reports:\n\n"
        "```\nerror[E0425]: cannot find value `size` in this scope\n --> src/lib.rs:3:9\n```\n\n"
        "src/lib.rs, lines 3 to 5:\n```rust\n    fn size(&self) -> u64 {\n        size\n    }\n```"
    )
    assert said[2]["content"] == (
        "src/lib.rs\n<<<<<<< SEARCH\n        size\n=======\n        self.size\n>>>>>>> REPLACE\n"
    )


def test_an_agent_sees_only_what_was_seen() -> None:
    lesson = row({"src/lib.rs": LIB}, [SIZE], line=4, member="crates/a b")
    said = messages(lesson, Form(style="agent"))
    assert [message["role"] for message in said[2:]] == ["assistant", "tool"] * 3 + ["assistant"]
    calls = [(c["function"]["name"], json.loads(c["function"]["arguments"]))
             for message in said for c in message.get("tool_calls", ())]  # fmt: skip
    assert calls == [
        ("read", {"path": "src/lib.rs", "start_line": 3, "end_line": 5}),
        ("edit", {"path": "src/lib.rs", "old_text": "        size", "new_text": "        self.size"}),
        ("bash", {"command": "cd 'crates/a b' && cargo check --lib"}),
    ]
    answers = [message["content"] for message in said if message["role"] == "tool"]
    assert answers == ["    fn size(&self) -> u64 {\n        size\n    }\n", "edited src/lib.rs", ""]
    assert [tool["function"]["name"] for tool in TOOLS] == [name for name, _ in calls]
    for tool, (_, given_arguments) in zip(TOOLS, calls, strict=True):
        assert set(tool["function"]["parameters"]["required"]) == set(given_arguments)


def test_new_warnings_of_a_move_are_not_promised_away() -> None:
    said = [messages(row({"src/lib.rs": LIB}, [SIZE], origin=origin), Form(style="agent"))[0]["content"]
            for origin in ("injected", "migration")]  # fmt: skip
    assert "new ones" in said[0]
    assert "new errors" in said[1]


def test_the_tool_promises_what_the_system_message_promises() -> None:
    promised = messages(row({"src/lib.rs": LIB}, [SIZE]), Form(style="agent"))[0]["content"]
    told = TOOLS[-1]["function"]["description"]
    for said in (promised, told):
        for part in ("Of what cargo prints", "shows only the diagnostics", "asked about", "new ones", "nothing."):
            assert part in said


def test_long_code_is_cut_around_the_change_by_whole_lines() -> None:
    body = "".join(f"    let é{i} = {i};\n" for i in range(400))
    source = f"fn long() {{\n{body}}}\n".encode()
    at = source.index(b"= 200;")
    lesson = row({"src/lib.rs": source}, [Edit("src/lib.rs", at, at + 5, b"= 1")], line=350)
    form = Form(budget_bytes=1500)
    said = messages(lesson, form)[1]["content"]
    pieces = shown(lesson, form).pieces
    assert 1300 < len(said.encode()) <= 1500
    assert "lines of this excerpt are left out for their length" in said
    assert any(piece.line <= 202 < piece.stop for piece in pieces)
    assert any(piece.line <= 350 < piece.stop for piece in pieces), "what the diagnostic marks"
    assert all(piece.text.endswith(b";\n") for piece in pieces)


def test_a_long_diagnostic_leaves_room_for_the_code() -> None:
    lesson = row({"src/lib.rs": LIB}, [SIZE])
    lesson["error"]["rendered"] = "error: long\n" + "note: é\n" * 1000
    said = messages(lesson, Form(budget_bytes=1024))[1]["content"]
    assert "more lines are left out" in said
    assert len(said.encode()) <= 1024
    assert "        size\n" in said


@pytest.mark.parametrize(
    ("diff", "reason"),
    [
        ("--- a/Cargo.lock\n+++ b/Cargo.lock\n@@ -1,1 +1,1 @@\n-a\n+b\n", "lock_file"),
        ("--- /dev/null\n+++ b/new.rs\n@@ -0,0 +1,1 @@\n+b\n", "no_change_of_text"),
        ("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,1 +1,1 @@\n-\udcff\n+b\n", "not_text"),
        ("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,1 +1,1 @@\n-other\n+b\n", "code_elsewhere"),
        ("", "code_elsewhere"),
    ],
)
def test_what_cannot_be_shown_says_why(diff: str, reason: str) -> None:
    lesson = {**row({"src/lib.rs": LIB}, [SIZE]), "patch_diff": diff}
    with pytest.raises(NotShown) as e:
        messages(lesson)
    assert e.value.reason == reason


def test_a_record_too_large_for_the_budget_is_refused() -> None:
    source = b'fn f() {\n    g("' + b"x" * 5000 + b'");\n}\n'
    lesson = row({"src/lib.rs": source}, [Edit("src/lib.rs", 13, 14, b"h")])
    with pytest.raises(NotShown, match="exceed the budget"):
        messages(lesson, Form(budget_bytes=4096))


FILES = {"src/lib.rs": LIB, "Cargo.toml": b"[package]\nname = 'a'\n", "twice.rs": b"a\nb\na\n"}


def block(old: str, new: str, file: str = "src/lib.rs") -> str:
    return f"{file}\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


UNNAMED = block("        size\n", "        self.size\n", "")[1:]


@pytest.mark.parametrize(
    "text",
    [
        block("        size\n", "        self.size\n"),
        "Sure! **src/lib.rs**\n\nThe file:\n`src/lib.rs`:\n```rust\n" + UNNAMED + "```\nDone.",
        "```diff\n--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -3,3 +3,3 @@ impl S {\n     fn size(&self) -> u64 {\n"
        "-        size\n+        self.size\n     }\n```\nThat is all.\n",
        "--- src/lib.rs\t2024-01-01\n+++ src/lib.rs\t2024-01-01\n@@ -900 +900 @@\n-        size\n+        self.size",
        block("        size\r\n", "        self.size\r\n"),
        block("size\n", "self.size\n"),
    ],
)  # fmt: skip
def test_answers_as_models_write_them(text: str) -> None:
    edits = read_answer(text, FILES)
    assert fixed(FILES, edits)["src/lib.rs"] == LIB.replace(b"        size\n", b"        self.size\n")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Unparsable),
        ("I would write `self.size`.", Unparsable),
        ("\ud800", Unparsable),
        ("src/lib.rs\n<<<<<<< SEARCH\n        size\n", Unparsable),
        ("src/lib.rs\n<<<<<<< SEARCH\na\n=======\nb\n=======\nc\n>>>>>>> REPLACE\n", Unparsable),
        (UNNAMED, Unparsable),
        ("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -4,2 +4,1 @@\n-        size\n+        self.size\n", Unparsable),
        ("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -4,1 +4,1 @@\n-        size\n+        self.size\n+x\n", Unparsable),
        ("@@ -4,1 +4,1 @@\n-        size\n+        self.size\n", Unparsable),
        (block("        sise\n", "        self.size\n"), DoesNotApply),
        (block("ize\n", "ide\n"), DoesNotApply),
        (block("", "fn g() {}\n"), DoesNotApply),
        (block("        size\n", "x\n") + block("        size\n", "y\n"), DoesNotApply),
        (block("a\n", "b\n", "twice.rs"), Ambiguous),
        (block("        size\n", "x\n", "src/main.rs"), ForbiddenPath),
        (block("a\n", "x\n", "/etc/passwd"), ForbiddenPath),
        (block("a\n", "x\n", "../lib.rs"), ForbiddenPath),
        (block("a\n", "x\n", "src/../../lib.rs"), ForbiddenPath),
        (block("a\n", "x\n", ".git/config"), ForbiddenPath),
        (block("a\n", "x\n", ".Cargo/config.toml"), ForbiddenPath),
        (block("a\n", "x\n", "C:\\a.rs"), ForbiddenPath),
        (block("a\n", "x\n", "build.rs"), ForbiddenPath),
        (block("a\n", "x\n", "tests/it.rs"), ForbiddenPath),
        ("--- /dev/null\n+++ b/src/new.rs\n@@ -0,0 +1,1 @@\n+x\n", ForbiddenPath),
        ("--- a/src/lib.rs\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n", ForbiddenPath),
        (block("        size\n", "        size\n"), ChangesNothing),
    ],
)
def test_each_fault_of_an_answer_has_its_own_name(text: str, kind: type[AnswerError]) -> None:
    with pytest.raises(AnswerError) as e:
        read_answer(text, FILES)
    assert type(e.value) is kind
    assert str(e.value).endswith(".")


def test_forbidden_is_what_no_answer_may_touch_even_where_it_was_shown() -> None:
    files = {".cargo/config.toml": b"a\n", "vendor/.git/config": b"a\n"}
    for file in files:
        with pytest.raises(ForbiddenPath):
            read_answer(block("a\n", "b\n", file), files)


def test_only_what_was_shown_is_edited() -> None:
    twice = {"src/lib.rs": LIB + LIB, "build.rs": b"fn main() {}\n"}
    pieces = shown(row({"src/lib.rs": LIB}, [SIZE], line=4), Form()).pieces
    edits = read_answer(block("        size\n", "        self.size\n"), twice, pieces)
    assert fixed(twice, edits)["src/lib.rs"] == LIB.replace(b"        size\n", b"        self.size\n") + LIB
    with pytest.raises(Ambiguous):
        read_answer(block("        size\n", "        self.size\n"), twice)
    with pytest.raises(ForbiddenPath):
        read_answer(block("fn main() {}\n", "fn main() {};\n", "build.rs"), twice, pieces)
    with pytest.raises(ValueError, match="does not hold"):
        read_answer("", {"src/lib.rs": b"x"}, pieces)


@pytest.mark.parametrize(
    ("source", "text", "after"),
    [
        (b"a\r\nb\r\n", block("a\n", "c\nd\n", "f"), b"c\r\nd\r\nb\r\n"),
        (b"a\r\nb", block("b\n", "c\nd\n", "f"), b"a\r\nc\r\nd"),
        (b"a\nb", block("b\n", "c\n", "f"), b"a\nc"),
        (b"a\nb", block("b\n\\ No newline at end of file\n", "b\n", "f"), b"a\nb\n"),
        (b"a\nb\n", block("b\n", "b\n\\ No newline at end of file\n", "f"), b"a\nb"),
        (b"a\nb\n", "--- f\n+++ f\n@@ -2 +2 @@\n-b\n+b\n\\ No newline at end of file\n", b"a\nb"),
        (b"a\nb", "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n", b"c\nb"),
        (b"a\n\nb\n", "--- f\n+++ f\n@@ -1,3 +1,3 @@\n-a\n+c\n\n b\n", b"c\n\nb\n"),
        (b"a\nb\na\n", "--- f\n+++ f\n@@ -3 +3 @@\n-a\n+c\n", b"a\nb\nc\n"),
        (b"", block("", "a\n", "f"), b"a\n"),
    ],
)
def test_ends_of_lines_and_files_are_kept(source: bytes, text: str, after: bytes) -> None:
    files = {"f": source}
    assert fixed(files, read_answer(text, files)) == {"f": after}


def test_a_call_is_read() -> None:
    arguments = json.dumps({"path": "src/lib.rs", "old_text": "        size\n", "new_text": "        self.size\n"})
    assert fixed(FILES, read_call(arguments, FILES))["src/lib.rs"].count(b"self.size") == 1
    for wrong, kind in (
        ("{", Unparsable),
        ("[" * 100_000, Unparsable),
        ("[1]", Unparsable),
        ('{"path": 1, "old_text": "a", "new_text": "b"}', Unparsable),
        ('{"path": "src/lib.rs", "old_text": "\\ud800", "new_text": "b"}', Unparsable),
        ('{"path": "src/lib.rs", "old_text": "size", "new_text": "b"}', Ambiguous),
        ('{"path": "src/lib.rs", "old_text": "sise", "new_text": "b"}', DoesNotApply),
        ('{"path": "src/lib.rs", "old_text": "", "new_text": "b"}', DoesNotApply),
        ('{"path": "a/.git/b", "old_text": "a", "new_text": "b"}', ForbiddenPath),
        ('{"path": "src/lib.rs", "old_text": "struct", "new_text": "struct"}', ChangesNothing),
    ):
        with pytest.raises(kind):
            read_call(wrong, FILES)


SAID = ["src/lib.rs", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "--- a/src/lib.rs", "+++ b/src/lib.rs", "```"]
SAID += ["@@ -1,2 +1,2 @@", "@@ -0,0 +1 @@", "@@ -999999999 +1 @@", "\\ No newline at end of file", " ", "", "-", "+"]
SAID += [f"{sign}{line}" for sign in " -+" for line in LIB.decode().splitlines()] + LIB.decode().splitlines()


@given(st.lists(st.sampled_from(SAID) | st.text(max_size=9), max_size=14).map("\n".join) | st.text())
@settings(max_examples=200, deadline=None)
def test_no_answer_breaks_the_reader(text: str) -> None:
    for read in (read_answer, read_call):
        try:
            edits = read(text, FILES)
        except AnswerError as e:
            event(type(e).__name__)
            continue
        assert fixed(FILES, edits) != FILES


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=4), lambda x: st.lists(x, max_size=3))


@given(
    st.dictionaries(st.sampled_from(["path", "old_text", "new_text", "x"]), JSON | st.sampled_from(["Cargo.toml", "a"]))
)
@settings(deadline=None)
def test_no_call_breaks_the_reader(arguments: dict[str, Any]) -> None:
    try:
        edits = read_call(json.dumps(arguments), FILES)
    except AnswerError:
        return
    assert fixed(FILES, edits) != FILES
