"""Conversations: with tools or without, and pairs of answers of which one is better."""

from __future__ import annotations

from typing import Any, Literal

from oxidizer.datasets.records.parts import RecordedVerdict
from oxidizer.datasets.records.record import Record, Sourced
from oxidizer.datasets.records.teaching import Attribution


class Function(Record):
    """Which tool is called, and with what: `arguments` is JSON in a string, as the OpenAI API has it."""

    name: str
    arguments: str


class ToolCall(Record):
    """One call of a tool."""

    id: str
    type: Literal["function"]
    function: Function


class Message(Record):
    """One message. `tool_calls` are an assistant's; `tool_call_id` says which call a tool's message answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: list[ToolCall] | None
    tool_call_id: str | None


class Chat(Sourced):
    """A conversation to learn from, made of a lesson that `parents` names."""

    type: Literal["chat"] = "chat"
    family: str
    """What it teaches: chat, explain_diff, style_guide, ..."""
    messages: list[Message]
    tools: str
    """The tools' JSON schemas, as one JSON text; empty where there are none."""
    repo: str
    """What it is split by: host and path of a repository, or `crate:<name>`."""
    attribution: list[Attribution]

    def lesson(self) -> dict[str, Any]:
        """All that is said."""
        return {"family": self.family, "messages": [message.model_dump(mode="json") for message in self.messages]}


class Preference(Sourced):
    """Two answers to one prompt, and who says that one is better."""

    type: Literal["preference"] = "preference"
    prompt: list[Message]
    chosen: str
    rejected: str
    judge: str
    """Who decided: `compiler`, `tests`, ..."""
    verdicts: list[RecordedVerdict]
    sealed: bool

    def lesson(self) -> dict[str, Any]:
        """Prompt and answers."""
        prompt = [message.model_dump(mode="json") for message in self.prompt]
        return {"prompt": prompt, "chosen": self.chosen, "rejected": self.rejected}
