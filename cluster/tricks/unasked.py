"""Changes of tests that nothing asks for: where neither the diagnostic nor the mistake stands in a test, what it says
stays, but for what the patch's other names and arguments force on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.tricks.asked import Asked, asked
from oxidizer.cluster.tricks.forced import Forced
from oxidizer.cluster.tricks.items import Item, items
from oxidizer.cluster.tricks.kept import weaker
from oxidizer.cluster.tricks.piece import Word
from oxidizer.cluster.tricks.region import Change, Region
from oxidizer.cluster.tricks.testcode import Said, TestCode
from oxidizer.cluster.tricks.trick import Fact, TrickName


@dataclass(frozen=True)
class Unasked:
    """The tests of one changed file."""

    change: Change
    code: TestCode
    target: Diagnostic | None
    forced: Callable[[], Forced]

    def facts(self) -> Iterator[tuple[Region, Fact, frozenset[int]]]:
        """What is changed without need, with the lines of the patched file where it stands: where something of a name
        of its own stands too, that says it.
        """
        regions = self.change.regions
        tests = frozenset[str]().union(*(self.code.items(p) for r in regions for p in (r.before, r.after)))
        for region in regions:
            before, after = self.code.said(region.before, tests), self.code.said(region.after, tests)
            spoken = asked(self.target, self.change.file, region.begin, region.before)
            source = self.code.said(region.source, tests) if region.source is not None else None
            if before or after:
                yield from self._compared(region, before, after, source, spoken)
            yield from self._helpers(region, spoken)

    def _compared(
        self, region: Region, before: Said, after: Said, source: Said | None, spoken: Asked
    ) -> Iterator[tuple[Region, Fact, frozenset[int]]]:
        renamed = _renamed(before, after)
        for key in (*before, *(k for k in after if k not in before and k not in renamed.values())):
            old, new = before.get(key, []), after.get(renamed.get(key, key), [])
            meant = source.get(key, []) if source is not None else old
            if _texts(new) in (_texts(old), _texts(meant)) or self._is_unread(region, new):
                continue
            if not old and not self._is_barred(region, key, spoken, before):
                continue
            lines = self._lines(region, new)
            if old and (spoken.within(old) or _texts(meant) != _texts(old)):
                if new:
                    healthy = meant if source is not None else None
                    yield from ((region, fact, lines) for fact in weaker(old, new, healthy, spoken, key))
            elif not self.forced().allows(old, new):
                text = f"changes the test code `{key or self.change.file}`, where nothing asks for that"
                yield region, Fact((TrickName.CHANGED_TEST,), "", key, new[0].at if new else 0, text), lines

    def _helpers(self, region: Region, spoken: Asked) -> Iterator[tuple[Region, Fact, frozenset[int]]]:
        """What tests alone use, and compare with."""
        now = meant = None
        for item in self.code.helpers(region):
            now = now if now is not None else _by_place(items(region.after))
            meant = meant if meant is not None else _by_place(items(region.source or region.before))
            old = _words(item)
            other, healthy = now.get(_place(item)), meant.get(_place(item))
            new, right = _words(other), _words(healthy)
            if other is None or _texts(new) in (_texts(old), _texts(right)):
                continue
            if spoken.within(old) or _texts(right) != _texts(old) or self.forced().allows(old, new):
                continue
            constant = item.node.type in ("const_item", "static_item")
            name = TrickName.CHANGED_EXPECTATION if constant else TrickName.CHANGED_TEST
            text = f"changes `{item.name}`, which tests alone use"
            yield region, Fact((name,), "", item.name, new[0].at, text), self._lines(region, new)

    def _is_unread(self, region: Region, new: Sequence[Word]) -> bool:
        """The code before is broken, and no edit touches what stands here: a tree may have read it as anything."""
        if not region.before.root.has_error:
            return False
        shift = 0
        for edit in sorted(self.change.edits):
            start = edit.start + shift - region.start
            end = start + len(edit.replacement)
            if any(start <= w.at + len(w.text) and w.at <= end for w in new):
                return False
            shift += len(edit.replacement) - (edit.end - edit.start)
        return True

    def _is_barred(self, region: Region, key: str, spoken: Asked, before: Said) -> bool:
        """What is new among tests may change what others say: it has a name that they say, or adds to a type."""
        if key in region.before.owners or key.endswith(" use"):
            return True
        if key.endswith("!"):
            return False
        # A diagnostic in a test may ask for what is not there.
        impl = any(part.startswith("impl ") and " for " in part for part in key.split("::"))
        if impl and any(spoken.within(words) for words in before.values()):
            return False
        new = key
        while (outer := new.rpartition("::")[0]) and outer not in region.before.owners:
            new = outer
        parts = [new.rpartition("::")[2], *(part for part in key.split("::") if part.startswith("impl "))]
        names = {found[-1] for part in parts if (found := re.findall(r"\w+", part))} - {w.text for w in spoken.first}
        return any(re.search(rb"\b%s\b" % name.encode(), self.change.before) for name in names)

    def _lines(self, region: Region, words: Sequence[Word]) -> frozenset[int]:
        return frozenset(self.change.line(region.start + w.at) for w in words)


def _renamed(before: Said, after: Said) -> dict[str, str]:
    """What is there no more, and what most likely stands for it."""
    gone, come = ([k for k in side if k not in other] for side, other in ((before, after), (after, before)))
    found: dict[str, str] = {}
    for key in gone if come else ():
        had = Counter(w.text for w in before[key])
        alike = {k: (had & Counter(w.text for w in after[k])).total() for k in come if k not in found.values()}
        best = max(alike, key=lambda k: alike[k], default=None)
        if best is not None and 2 * alike[best] > had.total():
            found[key] = best
    return found


def _texts(words: Sequence[Word]) -> list[str]:
    """Words in one way of writing them, without last commas."""
    found: list[str] = []
    for word in words:
        if found and found[-1] == "," and word.text in (")", "]", "}"):
            found.pop()
        found.append(word.text)
    return found


def _place(item: Item) -> tuple[str, str, str]:
    return item.group, item.parent, item.name


def _by_place(found: Sequence[Item]) -> dict[tuple[str, str, str], Item]:
    return {_place(item): item for item in found}


def _words(item: Item | None) -> list[Word]:
    """What an item says behind its name: who sees it is no matter here."""
    name = item.node.child_by_field_name("name") if item is not None else None
    if item is None or name is None:
        return []
    return [w for w in item.code.words if name.end_byte <= w.at < item.end]
