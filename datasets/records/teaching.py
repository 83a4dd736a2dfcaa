"""Lessons in words: from books and documentation with citations, and questions with answers."""

from __future__ import annotations

from typing import Any, Literal

from oxidizer.datasets.records.record import Record, Sourced


class Target(Record):
    """What a model is to say. A citation is an anchor into the source: `path#heading@sha256`."""

    explanation: str
    code_before: str
    code_after: str
    citations: list[str]


class CanonTeach(Sourced):
    """A lesson from a text that people trust: the book, the reference, an API guideline."""

    type: Literal["canon_teach"] = "canon_teach"
    source: str
    """Which text, e.g. `rust-book`."""
    topic: str
    prompt: str
    context: str
    target: Target
    spdx: str
    """The licence of the text."""

    def lesson(self) -> dict[str, Any]:
        """The question with its context, and the answer."""
        return {
            "source": self.source, "topic": self.topic, "prompt": self.prompt, "context": self.context,
            "target": self.target.model_dump(mode="json"),
        }  # fmt: skip


class Attribution(Record):
    """Whom a licence wants named, and where the original is."""

    author: str
    link: str
    title: str


class Qa(Sourced):
    """A question and its answer, in people's words."""

    type: Literal["qa"] = "qa"
    question: str
    answer: str
    difficulty: int
    """1 to 5."""
    topic: str
    attribution: list[Attribution]
    """All who wrote it; empty only where the licence asks for none."""

    def lesson(self) -> dict[str, Any]:
        """Question and answer."""
        return {"question": self.question, "answer": self.answer}
