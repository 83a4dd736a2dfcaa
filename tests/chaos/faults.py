"""The faults: each is made ready by the campaign's own course, strikes once, and is mended after a while.

None of them touches anything but the campaign's processes and the stage's own mounts, network, registry, clock and
daemon. Each sees for itself that it bit, and says how the command may end for it: `row` is its line in the table of
docs/SECURITY.md, and a test holds the two together.
"""

from tests.chaos import processes, surroundings
from tests.chaos.fault import Fault

KINDS: tuple[type[Fault], ...] = (*processes.KINDS, *surroundings.KINDS)
