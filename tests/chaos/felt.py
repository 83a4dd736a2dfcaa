"""What a command has felt since it was given, and how it may end for it: as the table of docs/SECURITY.md says."""

from oxidizer.cluster.campaign import RETRIES
from tests.chaos.fault import Fault


class Felt:
    """The faults of one start of the command."""

    def __init__(self) -> None:
        self._tried: list[Fault] = []
        self._ending: Fault | None = None

    def tries(self, fault: Fault) -> None:
        """It is about to strike, and may do a part of it even where it then finds nothing to hit."""
        self._tried.append(fault)

    def strikes(self, fault: Fault) -> None:
        """It struck: if it ends the command, that ends so and in no other way."""
        self._ending = fault if fault.ends else None

    def fair(self, *, is_whole: bool) -> set[int]:
        """The exit statuses that are explained."""
        done = {0} if is_whole else set()
        if self._ending is not None:
            return {*done, *self._ending.ends}
        later = {status for fault in self._tried for status in (*fault.ends, *fault.may_end)}
        is_spent = sum(fault.takes_a_try for fault in self._tried) > RETRIES
        return {*done, *later, *({3} if is_spent else ())}
