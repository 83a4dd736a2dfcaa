"""The design's decisions, held: who imports whom, what stands where, and what is never written down."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARROW = ("cluster", "datasets", "miners", "serve", "eval", "train")
"""Each may import what stands left of it."""
RAY_MAY_BE_IN = {
    *(f"cluster/{name}.py" for name in ("session", "campaign", "jobs", "metrics")),
    "datasets/corpus/engine.py",
    "serve/app.py",
    "serve/vllm.py",
    "train/launch.py",
}
LONGEST = 400


def tracked() -> list[Path]:
    """The files of the repository, tracked or not yet, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


FILES = tracked()
PYTHON = [path for path in FILES if path.suffix == ".py"]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, by its full name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def in_package(folder: str) -> list[Path]:
    return [path for path in PYTHON if path.relative_to(ROOT).parts[0] == folder]


def test_there_is_something_to_guard() -> None:
    assert len(PYTHON) > 20
    assert {"cluster", "datasets", "miners"} <= {path.relative_to(ROOT).parts[0] for path in PYTHON}


@pytest.mark.parametrize("folder", ARROW)
def test_arrows_point_only_left(folder: str) -> None:
    above = {f"oxidizer.{other}" for other in ARROW[ARROW.index(folder) + 1 :]} | {"oxidizer.cli", "tests"}
    for path in in_package(folder):
        for module in imports(path):
            assert not any(module == other or module.startswith(f"{other}.") for other in above), (
                f"{name(path)} imports {module}: {folder} knows nothing of it"
            )


def test_ray_is_imported_only_where_work_is_spread() -> None:
    found = {
        name(path)
        for folder in ARROW
        for path in in_package(folder)
        if any(module.split(".")[0] == "ray" for module in imports(path))
    }
    assert found <= RAY_MAY_BE_IN


def test_folders_are_packages_by_their_links_alone() -> None:
    for folder in ARROW:
        assert (ROOT / "oxidizer" / folder).is_symlink()
        assert (ROOT / "oxidizer" / folder).readlink() == Path("..", folder)
        assert not (ROOT / folder / "__init__.py").exists(), f"{folder}/ would shadow other people's {folder}"
    own = {path.name for path in (ROOT / "oxidizer").iterdir() if not path.is_symlink() and path.name[0] not in "._"}
    assert own <= {"__init__.py", "cli.py", "corpora.py", "models.py", "supplies.py", "terminal.py", "py.typed"}


def python(code: str, cwd: Path = ROOT) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_datasets_is_never_ours_at_the_root() -> None:
    found = python(
        "import importlib.util as u; s = u.find_spec('datasets'); print(s.origin if s and s.origin else 'nothing')"
    )
    assert found == "nothing" or not Path(found).is_relative_to(ROOT / "datasets")


def test_mining_imports_no_torch() -> None:
    folders = ("cluster", "datasets", "miners")
    below = [path for folder in folders for path in in_package(folder)]
    modules = sorted(f"oxidizer.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}" for path in below)
    code = f"""
import importlib, sys
for module in {["oxidizer.cli", *modules]!r}:
    importlib.import_module(module.removesuffix(".__init__"))
print([name for name in ("torch", "transformers", "peft", "deepspeed") if name in sys.modules])
"""
    assert python(code) == "[]"


def test_help_needs_neither_ray_nor_torch() -> None:
    code = "import sys, oxidizer.cli; print([name for name in ('ray', 'torch') if name in sys.modules])"
    assert python(code) == "[]"


def test_shipped_tables_are_readable() -> None:
    # Under tests/ a table may be broken on purpose.
    shipped = [path for path in FILES if path.suffix == ".toml" and not path.is_relative_to(ROOT / "tests")]
    assert len(shipped) > 1
    for path in shipped:
        assert tomllib.loads(path.read_text(encoding="utf-8")), f"{name(path)} is empty"


def test_a_file_has_one_reason_to_exist() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    assert {file: length for file, length in lengths.items() if length > LONGEST} == {}


def never_written() -> re.Pattern[str]:
    """Hosts of package registries and paths of a developer's machine; put together, so that this file holds none."""
    hosts = ["crates io", "pypi org", "files pythonhosted", "npmjs org", "deb debian", "proxy golang"]
    folders = ["root", "work", "farm", "opt/wheels", "opt/pypi"]
    written = [host.replace(" ", r"\.") for host in hosts]
    return re.compile("|".join(written + [rf"(?<![\w.\-/}}])/{folder}/[\w.]" for folder in folders]))


def test_no_registry_host_and_no_path_of_a_machine_is_written_down() -> None:
    pattern = never_written()
    found = []
    for path in FILES:
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if match := pattern.search(line):
                found.append(f"{name(path)}:{number}: {match[0]}")
    assert found == []


def test_that_guard_sees_what_it_is_for() -> None:
    pattern = never_written()
    for bad in ("https://static.crates" + ".io/x", "see '/ro" + "ot/.cargo'", "/wo" + "rk/shared/x"):
        assert pattern.search(bad), bad
    for good in ("/box/src", "tests/home/x", "$HOME/x", "the crates registry"):
        assert not pattern.search(good), good
