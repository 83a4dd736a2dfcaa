"""What a patch brings and what it takes, item by item: facts after held against those before and in the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from oxidizer.cluster.tricks.trick import Fact, TrickName

Key = tuple[str, str]


def brought(
    after: Sequence[Fact], before: Sequence[Fact], source: Sequence[Fact],
    owners: tuple[Collection[str], Collection[str]],
) -> list[Fact]:  # fmt: skip
    """The facts that stand neither before nor in the source. `owners` are the items before and after.

    What stood in an item that has another name now is still there; so is an arm that panics and went from its item to
    one that is new.
    """
    had = _counts(before) | _counts(source)
    left = _uncancelled(after, had, _key)
    loose = Counter[Key]()
    for (what, owner), count in had.items():
        loose[_base(what), owner] += count
    left = _uncancelled(left, loose, lambda fact: (_base(fact.what), fact.owner))
    gone, moved = Counter[str](), Counter[str]()
    for (what, owner), count in loose.items():
        (moved if owner in owners[1] else gone)[what] += count
    new = []
    for fact in left:
        base = _base(fact.what)
        if fact.owner not in owners[0] and gone[base] > 0:
            gone[base] -= 1
        elif fact.owner not in owners[0] and moved[base] > 0 and TrickName.PANIC_IN_PLACE in fact.names:
            moved[base] -= 1
        else:
            new.append(fact)
    return new


def _uncancelled(facts: Sequence[Fact], had: Counter[Key], key: Callable[[Fact], Key]) -> list[Fact]:
    """Those that nothing stands for; what does is used up."""
    left = []
    for fact in facts:
        if had[key(fact)] > 0:
            had[key(fact)] -= 1
        else:
            left.append(fact)
    return left


def _base(what: str) -> str:
    return what.partition("|")[0]


def taken(before: Sequence[Fact], after: Sequence[Fact], source: Sequence[Fact] | None) -> list[Fact]:
    """The facts that stood before, stand in the source where there is one, and do not stand after.

    What is not there under its name but came under a new one has been renamed.
    """
    had, has = _counts(before), _counts(after)
    meant = _counts(source) if source is not None else had
    missing = (had & meant) - has
    new = Counter[str]()
    for (what, _), count in (has - had - meant).items():
        new[what] += count
    gone = []
    for fact in before:
        if missing[_key(fact)] > 0:
            missing[_key(fact)] -= 1
            if new[fact.what] > 0:
                new[fact.what] -= 1
            else:
                gone.append(fact)
    return gone


def _key(fact: Fact) -> Key:
    return fact.what, fact.owner


def _counts(facts: Sequence[Fact]) -> Counter[Key]:
    return Counter(map(_key, facts))
