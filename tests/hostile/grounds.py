"""Where stages stand: labelled scratch folders, so that what a killed run left is known, and goes with the next one."""

from __future__ import annotations

import os
from pathlib import Path

from oxidizer.cluster.labels import Standing
from oxidizer.cluster.scratch import owned_folders, remove
from tests.hostile.stage import remove_containers
from tests.hostile.strays import end_strays

GROUNDS = Path(f"/var/tmp/oxidizer-hostile-{os.getuid()}")


def clear_grounds(root: Path) -> None:
    """Remove the folders of processes that are gone, with what still lives in them. Raises OSError."""
    for owned in owned_folders(root):
        if owned.standing is Standing.DEAD:
            end_strays(owned.folder)
            remove_containers(owned.folder)
            remove(owned)
