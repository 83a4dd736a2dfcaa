"""Every family of a corpus as messages: what is given, what is asked for, and what is refused."""

from typing import Any

import pytest

from oxidizer.cluster.edits import Edit, from_diff
from oxidizer.datasets.task import Form, NotShown, messages, pair, read_answer
from tests.unit.lessons import fixed, row

SOURCE = b"fn f() -> u8 {\n    return 1;\n}\n"
FIX = Edit("src/lib.rs", SOURCE.index(b"return 1;"), SOURCE.index(b"return 1;") + 9, b"1")
STYLE = row({"src/lib.rs": SOURCE}, [FIX], line=2, explanation="A last `return` is not needed.", **{"class": "style"})
STYLE["error"] |= {"tool": "clippy", "code": "clippy::needless_return"}


def test_a_diff_is_explained_without_its_diagnostic() -> None:
    _, asked, told = messages(STYLE, family="explain_diff")
    assert told["content"] == "A last `return` is not needed."
    assert STYLE["error"]["rendered"].strip() not in asked["content"]
    diff = asked["content"].partition("```diff\n")[2].removesuffix("```")
    assert fixed({"src/lib.rs": SOURCE}, from_diff(diff, lambda _: SOURCE)) == fixed({"src/lib.rs": SOURCE}, [FIX])


def test_a_rule_of_style_is_named_and_followed() -> None:
    _, asked, told = messages(STYLE, family="style_guide")
    assert "return 1;" in asked["content"]
    assert "needless_return" not in asked["content"]
    assert told["content"].startswith("It breaks `clippy::needless_return`. A last `return` is not needed.")
    assert "```rust\nfn f() -> u8 {\n    1\n}\n```" in told["content"]
    layout = {**STYLE, "class": "lint", "error": {**STYLE["error"], "tool": "rustfmt", "code": None}}
    assert messages(layout, family="style_guide")[2]["content"].startswith("It breaks rustfmt's layout.")


TAUGHT: dict[str, Any] = {
    "type": "canon_teach", "prompt": "What is a `while let`?", "context": "",
    "target": {
        "explanation": "It loops while a pattern fits.", "code_before": "",
        "code_after": "while let Some(x) = i.next() {}", "citations": ["book/ch19.md#while-let@0123"],
    },
}  # fmt: skip
ASKED: dict[str, Any] = {"type": "qa", "question": "Why `Rc`?", "answer": "To share.", "attribution": "somebody"}
PULL: dict[str, Any] = {
    "type": "pr_pair", "repo": "a/b", "title": "No return", "body": "It is not needed.", "commit_msg": "x",
    "model_diff": STYLE["patch_diff"],
}  # fmt: skip
SAID: dict[str, Any] = {
    "type": "chat",
    "messages": [{"role": "user", "content": "Hi", "tool_calls": None}, {"role": "assistant", "content": "Hello"}],
}
PREFERRED: dict[str, Any] = {"type": "preference", "prompt": "Mend it", "chosen": "a", "rejected": "b"}


def test_a_teacher_cites_what_it_says() -> None:
    said = messages(TAUGHT)
    assert [message["role"] for message in said] == ["system", "user", "assistant"]
    assert said[2]["content"] == (
        "It loops while a pattern fits.\n\nFor example:\n```rust\nwhile let Some(x) = i.next() {}\n```\n\n"
        "Sources: book/ch19.md#while-let"
    )
    assert messages(ASKED)[1:] == [
        {"role": "user", "content": "Why `Rc`?"},
        {"role": "assistant", "content": "To share."},
    ]


@pytest.mark.parametrize("answer", ["blocks", "diff"])
def test_a_pull_request_is_answered_by_an_edit(answer: Any) -> None:
    said = messages(PULL, Form(answer=answer))
    assert "No return\n\nIt is not needed." in said[1]["content"]
    files = {"src/lib.rs": SOURCE}
    assert fixed(files, read_answer(said[2]["content"], files)) == fixed(files, [FIX])


def test_chats_are_as_they_are_and_preferences_have_two_ends() -> None:
    assert messages(SAID) == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert messages(PREFERRED) == [{"role": "user", "content": "Mend it"}, {"role": "assistant", "content": "a"}]
    assert pair(PREFERRED)[2] == [{"role": "assistant", "content": "b"}]
    assert pair({**PREFERRED, "prompt": SAID["messages"]})[0] == messages(SAID)


@pytest.mark.parametrize(
    ("lesson", "family", "reason"),
    [
        (STYLE, "poem", "no_such_family"),
        (STYLE, "qa", "no_such_family"),
        ({**STYLE, "class": "borrow"}, "style_guide", "no_such_family"),
        ({**STYLE, "explanation": ""}, "explain_diff", "incomplete"),
        ({**ASKED, "answer": ""}, None, "incomplete"),
        ({**ASKED, "question": "é" * 5000}, None, "too_large"),
        ({**ASKED, "answer": "\udcff"}, None, "not_text"),
        ({**PULL, "model_diff": ""}, None, "incomplete"),
    ],
)
def test_what_cannot_be_shown_says_why(lesson: Any, family: Any, reason: str) -> None:
    with pytest.raises(NotShown) as e:
        messages(lesson, family=family)
    assert e.value.reason == reason


def test_a_form_is_checked_at_once() -> None:
    wrong: Any = "yaml"
    for form in ({"answer": wrong}, {"style": wrong}, {"budget_bytes": 100}):
        with pytest.raises(ValueError, match="form: "):
            Form(**form)
