"""What a command printed, short and for a person: the head and the tail of it, and how much lies between.

Messages of cargo, the compiler and libtest, which are JSON, become the text that those would print; what is of no use
to a person (artifacts, tests that pass) is left out. Not promised: that the text is harmless on a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

_SILENT = ("compiler-artifact", "build-script-executed", "build-finished")
_MARKS = (b'{"reason"', b'{"$message_type"', b'{ "type"', b'{"type"')
_LINE_CHARS = 2048
_READ_LINES = 20_000
"""Lines that are read from either end: what has more of them to leave out is cut there."""


@dataclass(frozen=True)
class Said:
    """One stream of a command. `tail` is empty where `head` is all of it."""

    bytes: int
    """What the command printed in all, before messages became text."""
    head: str
    tail: str
    cut: int
    """How many bytes of what was printed lie between head and tail and are told of nowhere."""


def said(output: bytes, end_bytes: int) -> Said:
    """At most about `end_bytes` from the beginning of a stream, and as many from its end."""
    lines = output.splitlines(keepends=True)
    head = _some(lines, end_bytes)
    rest = lines[len(head) :]
    tail = _some(rest[::-1], end_bytes)
    cut = sum(map(len, rest[: len(rest) - len(tail)]))
    return Said(len(output), "".join(head), "".join(reversed(tail)), cut)


def _some(lines: Sequence[bytes], most: int) -> list[str]:
    """The first lines as texts, empty where a line is of no use: as many as fit."""
    texts: list[str] = []
    room = most
    for line in lines[:_READ_LINES]:
        text = _text(line, max(most // 2, _LINE_CHARS // 8)) if most else ""
        room -= len(text)
        if room < 0 or not most:
            break
        texts.append(text)
    return texts


def _text(line: bytes, most: int) -> str:
    """A line as a person reads it; empty where it says nothing to one."""
    if line.startswith(_MARKS):
        try:
            told = _told(json.loads(line))
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            told = None
        if told is not None:
            return _shortened(told, most)
    return _shortened(line.decode("utf-8", "replace"), min(most, _LINE_CHARS))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} … {len(text) - most:,} more characters\n"


def _told(message: dict[str, object]) -> str | None:
    """What a message says; None where it is none that we know."""
    if message.get("reason") in _SILENT:
        return ""
    inner = message.get("message")
    if message.get("reason") == "compiler-message" and isinstance(inner, dict):
        return _rendered(inner)
    if message.get("$message_type"):
        return _rendered(message)
    if message.get("type") in ("test", "suite"):
        return _tested(message)
    return None


def _rendered(message: dict[str, object]) -> str | None:
    rendered = message.get("rendered")
    if message.get("$message_type") in ("artifact", "future_incompat", "unused_extern"):
        return ""
    return rendered.rstrip("\n") + "\n" if isinstance(rendered, str) else None


def _tested(message: dict[str, object]) -> str:
    """A line of libtest's: tests that begin or pass are many, and say nothing."""
    event = message.get("event")
    if message["type"] == "suite":
        if event == "started":
            return ""
        counts = (f"{message[key]} {key}" for key in ("passed", "failed", "ignored") if key in message)
        return f"test result: {event}. {'; '.join(counts)}\n"
    if event in ("started", "ok", "ignored"):
        return ""
    printed = message.get("stdout") or message.get("message") or ""
    return f"test {message.get('name')} ... {event}\n" + (f"{str(printed).rstrip()}\n" if printed else "")
