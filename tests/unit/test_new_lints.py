"""What is new to a newer toolchain: what it calls otherwise only is not."""

from oxidizer.cluster.lints import Lint, new_lints, read_lints, renamed
from oxidizer.cluster.toolchain import find_toolchain


def lint(name: str, level: str) -> Lint:
    return Lint(name, level, "", ())


def lints(**levels: str) -> dict[str, Lint]:
    return {name: lint(name, level) for name, level in levels.items()}


def test_new_is_what_is_on_and_was_not_there_or_less_stern() -> None:
    older = lints(same="warn", sterner="warn", quiet="allow", softer="deny")
    newer = lints(same="warn", sterner="deny", quiet="allow", softer="warn", came="warn", off="allow", on="warn")
    assert new_lints(older, newer, {}) == ["came", "on", "sterner"]


def test_another_name_for_what_was_there_is_not_new() -> None:
    older, newer = lints(old="warn", weak="allow"), lints(new="warn", strong="warn")
    assert new_lints(older, newer, {}) == ["new", "strong"]
    assert new_lints(older, newer, {"old": "new", "weak": "strong"}) == ["strong"]


def test_the_toolchain_tells_what_it_renamed() -> None:
    driver = find_toolchain().bin / "clippy-driver"
    names = renamed(driver, ["clippy::logic_bug", "clippy::drop_ref", "clippy::of_nobody", "unused_imports"])
    assert names == {
        "clippy::logic_bug": "clippy::overly_complex_bool_expr", "clippy::drop_ref": "dropping_references",
    }  # fmt: skip
    assert set(names.values()) <= read_lints(driver).keys()
