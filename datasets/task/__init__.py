"""The one place that shows records as messages, and turns a model's answer back into edits."""

from oxidizer.datasets.task.errors import (
    Ambiguous,
    AnswerError,
    ChangesNothing,
    DoesNotApply,
    ForbiddenPath,
    NotShown,
    Unparsable,
)
from oxidizer.datasets.task.families import messages, pair
from oxidizer.datasets.task.form import Form
from oxidizer.datasets.task.reading import read_answer, read_call, read_calls
from oxidizer.datasets.task.repair import shown
from oxidizer.datasets.task.tools import BUILD_TOOLS, TOOLS

__all__ = [
    "BUILD_TOOLS",
    "TOOLS",
    "Ambiguous",
    "AnswerError",
    "ChangesNothing",
    "DoesNotApply",
    "ForbiddenPath",
    "Form",
    "NotShown",
    "Unparsable",
    "messages",
    "pair",
    "read_answer",
    "read_call",
    "read_calls",
    "shown",
]
