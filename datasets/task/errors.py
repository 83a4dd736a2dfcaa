"""What can be wrong with a record that shall be shown, and with an answer; each kind is a type of its own."""

from __future__ import annotations


class NotShown(ValueError):
    """A record that no form can show honestly; the text is the reason.

    `reason` is a word to count by: too_large, not_text, no_change_of_text, lock_file, code_elsewhere, not_unique,
    no_such_family, incomplete.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class AnswerError(ValueError):
    """An answer that is no edit. The text is a sentence that may be shown to the model."""


class Unparsable(AnswerError):
    """Neither a search/replace block nor a hunk of a diff, nor arguments of an edit, can be read in the answer."""


class DoesNotApply(AnswerError):
    """What the answer would replace is not in the code, or two of its edits touch the same lines."""


class Ambiguous(AnswerError):
    """What the answer would replace is in the code more than once."""


class ForbiddenPath(AnswerError):
    """The answer edits a file that it was not shown, or one that no answer may edit."""


class ChangesNothing(AnswerError):
    """An edit that leaves the code as it is."""
