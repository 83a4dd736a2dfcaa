"""Objects of strangers' JSON, read by the types that GitHub documents; what has another type is counted, not known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DIGITS = re.compile(r"[0-9]{1,18}")
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Fields:
    """One JSON object. A field that is absent, null or of a wrong type reads as None."""

    fields: dict[str, Any]
    counts: Counter[str]
    """Where wrong types are counted."""

    def has(self, key: str) -> bool:
        """Whether the object speaks of the field at all, be it as null."""
        return key in self.fields

    def text(self, key: str) -> str | None:
        """A string, made such that it can be written as UTF-8."""
        value = self._typed(key, str)
        return None if value is None else value.encode("utf-8", "replace").decode("utf-8")

    def number(self, key: str) -> int | None:
        """A natural number; ids are written as text in places."""
        value = self.fields.get(key)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
            return value
        self._wrong(key, value)
        return None

    def flag(self, key: str) -> bool | None:
        """A truth value."""
        value = self._typed(key, bool)
        return None if value is None else bool(value)

    def text_of(self, key: str) -> str:
        """A string where there is one, for fields that have had several types; else empty, and nothing is counted."""
        value = self.fields.get(key)
        return value if isinstance(value, str) else ""

    def shape_of(self, key: str) -> Fields:
        """An object where there is one, for fields that have had several types; else empty, and nothing is counted."""
        value = self.fields.get(key)
        return Fields(value if isinstance(value, dict) else {}, self.counts)

    def oid(self, key: str) -> str | None:
        """The hash of a git object."""
        value = self.text(key)
        return value if value and _OID.fullmatch(value) else None

    def shape(self, key: str) -> Fields:
        """An object; an empty one where there is none."""
        return Fields(self._typed(key, dict) or {}, self.counts)

    def shapes(self, key: str) -> Iterator[Fields]:
        """The objects of a list."""
        for value in self._typed(key, list) or ():
            if isinstance(value, dict):
                yield Fields(value, self.counts)
            else:
                self._wrong(key, value)

    def _typed(self, key: str, wanted: type) -> Any:
        value = self.fields.get(key)
        if isinstance(value, wanted):
            return value
        self._wrong(key, value)
        return None

    def _wrong(self, key: str, value: object) -> None:
        if value is not None:
            self.counts[f"field: wrong type of {key}"] += 1
