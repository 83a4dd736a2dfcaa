"""The kinds of shards that rows come into, and what is told of a row in each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oxidizer.datasets.corpus.licences import inherit, is_share_alike
from oxidizer.datasets.corpus.pulls import is_pull
from oxidizer.datasets.corpus.split import row_home
from oxidizer.datasets.records import Chat, DiagFix, Identified, PrPair, PrUnproven, Reject, to_row
from oxidizer.datasets.task import TOOLS, Form, NotShown, messages

Row = dict[str, Any]

FAMILY_IS = {
    "diag_fix": "the proven repairs themselves, each with all that is needed to prove it again",
    "chat": "the same repairs, and pull requests, as an agent's conversation with the tools `read`, `edit` and `bash`",
    "explain_diff": "their patches, and what they mend and why",
    "style_guide": "code that breaks a rule of style, the rule, and the code as it should be",
    "pr_pair": "pull requests: both trees by their hashes, the diff, what was said, and the tests that vouch for it",
    "pr_unproven": "pull requests of which nothing could be proven, with the cause: never to be taken for the others",
    "negatives": "what was tried and not kept, with the reason: never to be learnt as a repair",
}
"""What each family holds, in the order of the card."""
SHARE_ALIKE = "-share-alike"
"""How the families of rows end that are under a share-alike licence."""
_TYPES: Mapping[str, type[Identified]] = {
    "diag_fix": DiagFix, "chat": Chat, "explain_diff": Chat, "style_guide": Chat, "pr_pair": PrPair,
    "pr_unproven": PrUnproven, "negatives": Reject,
}  # fmt: skip
_OF = {
    "diag_fix": ("diag_fix", "chat", "explain_diff", "style_guide"), "reject": ("negatives",),
    "pr_pair": ("pr_pair", "chat"), "pr_unproven": ("pr_unproven",),
}  # fmt: skip
_FORMS = {"chat": Form(style="agent", explained=True), "explain_diff": Form(), "style_guide": Form()}


def families_of(kind: str, wanted: Sequence[str], licence: str) -> tuple[str, ...]:
    """Of the wanted families those that records of a type come into; share-alike ones have families of their own."""
    apart = SHARE_ALIKE if is_share_alike(licence) else ""
    return tuple(family + apart for family in _OF[kind] if family in wanted)


def type_of(family: str) -> type[Identified]:
    """The type of the records of a family's shards."""
    return _TYPES[family.removesuffix(SHARE_ALIKE)]


def told(row: Row, wanted: Sequence[str], mined: Sequence[Row] = ()) -> Iterator[tuple[str, Row]]:
    """What comes of a row: families, and a row for each. A conversation that its form has no room for is left out.

    `mined` are the conversations that were made of it when it was proven: of a pull request there are no others.
    """
    for family in families_of(row["type"], wanted, row["license"]):
        if (kind := family.removesuffix(SHARE_ALIKE)) not in _FORMS:
            yield family, row
        elif is_pull(row):
            yield from ((family, licensed(chat, row["license"])) for chat in mined)
        elif (chat := _chat(row, kind)) is not None:
            yield family, chat


def licensed(row: Row, licence: str) -> Row:
    """The row under the licence that a corpus takes it by; its hash changes with that, its id does not."""
    if row["license"] == licence:
        return row
    fields = {key: value for key, value in row.items() if key not in ("id", "sha256")}
    kind = Chat if row["type"] == "chat" else _TYPES[_OF[row["type"]][0]]
    return to_row(kind.new(**{**fields, "license": licence}))


def _chat(row: Row, family: str) -> Row | None:
    """A conversation of a row. It keeps the row's licence, its origin and its authors, and has its id as a parent."""
    try:
        said = messages(row, _FORMS[family], "diag_fix" if family == "chat" else family)
    except NotShown:
        return None
    owed = inherit([row])
    whole = [{"tool_calls": None, "tool_call_id": None, **message} for message in said]
    return to_row(
        Chat.new(
            family=family,
            messages=whole,
            tools=json.dumps(TOOLS, ensure_ascii=False) if family == "chat" else "",
            repo=row_home(row),
            attribution=list(owed.attribution),
            license=owed.license,
            source_url=row["source_url"],
            commit=row["commit"],
            parents=[row["id"]],
        )
    )
