"""A workbench reads, and so writes, the crate's files and no others, whatever a tool calls a file."""

from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.workbench import Workbench

NOBODY: Any = None  # no command is run here


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.rs", "src/../../secret.rs", "{}/secret.rs"])
def test_a_file_outside_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "root/src").mkdir(parents=True)
    (tmp_path / "root/src/lib.rs").write_text("inside")
    (tmp_path / "secret.rs").write_text("secret")
    bench = Workbench(NOBODY, tmp_path / "root")
    assert bench.read("src/lib.rs") == b"inside"
    with pytest.raises(FileNotFoundError):
        bench.read(name.format(tmp_path))
    with pytest.raises(FileNotFoundError), bench.applied([Edit(name.format(tmp_path), 0, 6, b"planted")]):
        pass
    assert (tmp_path / "secret.rs").read_text() == "secret"
