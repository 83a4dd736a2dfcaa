"""What a trick is: its name, of a closed set, and where a patch does it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TrickName(StrEnum):
    """Every trick that has a name. `cluster/policy.py` says which are refused."""

    DELETED_TEST = "deleted_test"
    IGNORED_TEST = "ignored_test"
    EXPECTED_PANIC = "expected_panic"
    REMOVED_ASSERTION = "removed_assertion"
    TRIVIAL_ASSERTION = "trivial_assertion"
    CHANGED_EXPECTATION = "changed_expectation"
    SKIPPED_ASSERTION = "skipped_assertion"
    CHANGED_TEST = "changed_test"
    SHADOWED_MACRO = "shadowed_macro"
    SILENCED_LINT = "silenced_lint"
    HIDDEN_CODE = "hidden_code"
    UNFINISHED_CODE = "unfinished_code"
    PANIC_IN_PLACE = "panic_in_place"
    EARLY_EXIT = "early_exit"
    ENDLESS_LOOP = "endless_loop"
    GUTTED_BODY = "gutted_body"
    DELETED_ITEM = "deleted_item"
    NEW_UNSAFE = "new_unsafe"
    LINKED_CODE = "linked_code"
    OUTSIDE_FILE = "outside_file"
    FORGED_OUTPUT = "forged_output"
    MANIFEST_EDIT = "manifest_edit"
    BUILD_SCRIPT_EDIT = "build_script_edit"
    PROC_MACRO_EDIT = "proc_macro_edit"
    FOREIGN_FILE = "foreign_file"
    GENERATED_FILE = "generated_file"
    DELETION = "deletion"
    PLACEHOLDER = "placeholder"
    RENAMED_ITEM = "renamed_item"


@dataclass(frozen=True)
class Trick:
    """One trick at one place of a patch."""

    name: TrickName
    file: str
    line: int
    """Of the patched file, from 1; of what the patch takes away: where it stood."""
    sentence: str
    """What the patch does there."""


@dataclass(frozen=True)
class Fact:
    """Something that stands in a piece of code, and that a patch may not bring."""

    names: tuple[TrickName, ...]
    """What bringing it is called; of several, the first one that a policy looks for."""
    what: str
    """Facts of one `what` in one item are alike; behind a `|` stands what a move within the item may change."""
    owner: str
    """The item that it stands in or on."""
    at: int
    """Its byte offset in the piece."""
    sentence: str
