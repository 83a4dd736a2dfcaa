"""The terms of a corpus: which licences its rows may have, and what share-alike ones ask of them.

Of an expression the permissive part is taken: `MIT OR GPL-3.0-only` as `MIT`; of an AND all parts have to be on the
list. CC-BY-SA goes into shards of its own, and its authors and links go along into whatever is made of a row. Judging
never raises, whatever the text. Nothing here is legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from oxidizer.datasets.licence import PERMISSIVE
from oxidizer.datasets.records import Attribution
from oxidizer.datasets.spdx import COPYLEFT, choose, leaves, named, near, parse, unknown

SHARE_ALIKE = frozenset({"CC-BY-SA-2.5", "CC-BY-SA-3.0", "CC-BY-SA-4.0"})
"""What questions and answers of the large sites are under, by their year."""

Cause = Literal["licence_missing", "licence_unknown", "licence_unlisted", "licence_copyleft"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Judgement:
    """Whether a row of a licence may be in a corpus, and where."""

    kept: str | None
    """The SPDX expression to record: what was taken of it. None where refused."""
    share_alike: bool
    """It may be in shards of share-alike rows only."""
    cause: Cause | None
    """A stable word for reports; None where kept."""
    reason: str
    """A sentence for a person."""


@dataclass(frozen=True)
class Terms:
    """The licences that a corpus takes. Raises ValueError for a list that cannot be meant."""

    allowed: frozenset[str] = PERMISSIVE
    """As SPDX spells them; a licence with an exception is one of its own."""
    share_alike: frozenset[str] = SHARE_ALIKE
    """Taken into shards of their own; none where empty."""

    def __post_init__(self) -> None:
        if not self.allowed:
            raise ValueError(
                "the list of allowed licences is empty; name some, or leave it out for the permissive ones"
            )
        for licence in sorted(self.allowed | self.share_alike):
            _check_name(licence)
        if bound := sorted(licence for licence in self.allowed if COPYLEFT.match(licence)):
            raise ValueError(
                f"{bound[0]} is copyleft and cannot be allowed; CC-BY-SA is for the list of share-alike licences"
            )
        if free := sorted(licence for licence in self.share_alike if not licence.startswith("CC-BY-SA-")):
            raise ValueError(f"{free[0]} is no CC-BY-SA licence; put it into the list of allowed licences")

    @classmethod
    def of(cls, allowed: Iterable[str] | None = None, share_alike: Iterable[str] | None = None) -> Terms:
        """The terms of a configuration; what is left out is as usual. Raises ValueError."""
        return cls(
            PERMISSIVE if allowed is None else frozenset(allowed),
            SHARE_ALIKE if share_alike is None else frozenset(share_alike),
        )

    def judge(self, expression: str | None) -> Judgement:
        """What of an SPDX expression is taken, or why nothing is."""
        if not expression or not expression.strip():
            return _refused("licence_missing", "No licence is named.")
        parsed = parse(expression)
        if parsed is None:
            return _refused("licence_unknown", f"The licence `{_short(expression)}` is no valid SPDX expression.")
        for allowed, alike in ((self.allowed, False), (self.allowed | self.share_alike, True)):
            if (chosen := choose(parsed, allowed)) is not None:
                return Judgement(chosen.render(), alike, None, f"`{_short(expression)}` may be used.")
        return self._refusal(expression, parsed)

    def _refusal(self, expression: str, parsed: Any) -> Judgement:
        refused = leaves(parsed) - self.allowed - self.share_alike
        if copyleft := sorted(licence for licence in refused if COPYLEFT.match(licence)):
            return _refused("licence_copyleft", f"`{_short(expression)}` is copyleft ({', '.join(copyleft)}).")
        if strange := sorted(unknown(parsed)):
            return _refused("licence_unknown", f"SPDX knows no {', '.join(strange)} of `{_short(expression)}`.")
        return _refused(
            "licence_unlisted", f"`{_short(expression)}` is not on the list of licences ({', '.join(sorted(refused))})."
        )


@dataclass(frozen=True)
class Inheritance:
    """What a row owes to the rows it is made of."""

    license: str
    attribution: tuple[Attribution, ...]


def is_share_alike(expression: str | None) -> bool:
    """Every way to use what is under this licence passes CC-BY-SA on; False for what is no expression."""
    return bool(_alike(expression))


def needs_attribution(expression: str | None) -> bool:
    """The licence asks for author and link with each copy: CC-BY, share-alike or not."""
    parsed = parse(expression or "")
    return parsed is not None and bool(_bound(parsed, "CC-BY-"))


def attributions(row: Row) -> tuple[Attribution, ...]:
    """A row's `attribution`, one mapping or a list of them, as far as it names an author and a link on the web."""
    told = row.get("attribution")
    entries = [told] if isinstance(told, Mapping) else told if isinstance(told, Sequence) else []
    found = (_attribution(entry) for entry in entries if isinstance(entry, Mapping))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def attribution_missing(row: Row) -> str | None:
    """Why a row's attribution does not do for its `license`; None where it does, or none is needed."""
    if not needs_attribution(row.get("license")):
        return None
    told = row.get("attribution")
    if not told:
        return f"`{row['license']}` asks for an attribution, and there is none"
    entries = [told] if isinstance(told, Mapping) else told
    if not isinstance(entries, Sequence) or any(
        not isinstance(entry, Mapping) or _attribution(entry) is None for entry in entries
    ):
        return f"`{row['license']}` asks for an author and a link in each attribution"
    return None


def inherit(parents: Sequence[Row]) -> Inheritance:
    """The licence and the attribution of what is made of these rows: all of theirs together.

    Raises ValueError where there are none, or one has no licence, or lacks the attribution that its licence asks for.
    """
    if not parents:
        raise ValueError("a derived row has parents; give those it is made of")
    for parent in parents:
        if parse(parent.get("license") or "") is None:
            raise ValueError(f"the parent {parent.get('id')} has no licence that could be passed on")
        if missing := attribution_missing(parent):
            raise ValueError(f"the parent {parent.get('id')} cannot be passed on: {missing}")
    licences = sorted({str(parent["license"]) for parent in parents})
    joined = " AND ".join(f"({licence})" if " OR " in licence else licence for licence in licences)
    owed = (one for parent in parents for one in attributions(parent))
    return Inheritance(licences[0] if len(licences) == 1 else joined, tuple(dict.fromkeys(owed)))


def unfaithful(row: Row, parents: Iterable[Row]) -> str | None:
    """How a derived row fails what its share-alike parents ask for; None where it does not.

    It has to be under their licences too, and to name all of their authors and links.
    """
    own, named_there = _alike(row.get("license")), {(one.author, one.link) for one in attributions(row)}
    for parent in parents:
        if lost := _alike(parent.get("license")) - own:
            return f"its parent {parent.get('id')} is under {', '.join(sorted(lost))}, and it is not"
        for one in attributions(parent) if needs_attribution(parent.get("license")) else ():
            if (one.author, one.link) not in named_there:
                return f"its parent {parent.get('id')} is by {one.author} ({one.link}), which it does not say"
    return None


def _alike(expression: str | None) -> frozenset[str]:
    """The share-alike licences that bind whoever uses this; none where a way leads past them."""
    parsed = parse(expression or "")
    return _bound(parsed, "CC-BY-SA-") if parsed is not None else frozenset()


def _bound(parsed: Any, prefix: str) -> frozenset[str]:
    named_there = leaves(parsed)
    binding = frozenset(licence for licence in named_there if licence.startswith(prefix))
    return frozenset() if choose(parsed, named_there - binding) is not None else binding


def _attribution(entry: Row) -> Attribution | None:
    author, link, title = (entry.get(key) or "" for key in ("author", "link", "title"))
    if not isinstance(author, str) or not isinstance(link, str) or not author.strip() or not _is_link(link):
        return None
    return Attribution(author=author, link=link, title=title if isinstance(title, str) else "")


def _is_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _check_name(licence: str) -> None:
    spelled = named(licence)
    if spelled is None:
        meant = near(licence)
        raise ValueError(f"SPDX knows no licence `{licence}`" + (f"; is {meant} meant?" if meant else ""))
    if spelled != licence:
        raise ValueError(f"`{licence}` is written `{spelled}` by SPDX; write it so in the list of licences")


def _refused(cause: Cause, reason: str) -> Judgement:
    return Judgement(None, False, cause, reason)


def _short(expression: str) -> str:
    return expression if len(expression) <= 200 else f"{expression[:200]}.."
