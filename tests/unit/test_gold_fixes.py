"""The law of the patch policy: no gold fix is refused. Every mistake of every operator on its fixture, taken back."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, apply, by_file, inverse
from oxidizer.cluster.policy import DEFAULT, LESSON, screen
from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.operators import family, operators
from oxidizer.miners.operators.operator import Code, Route

CRATES = Path(__file__).parents[1] / "crates"
LIB = "src/lib.rs"
WITHOUT_SOURCE = {
    # Two of one name: the diagnostic, whose place this test knows only about, asks for one of them to go.
    ("repeat_item", "deleted_item"),
    ("repeat_method", "deleted_item"),
    # Broken syntax that reads as an item, which goes when it is mended.
    ("foreign_keyword", "deleted_item"),
    # The fix is the trick: without the source nobody knows that it was there.
    ("macro_without_bang", "panic_in_place"),
    ("safe_impl_of_unsafe_trait", "new_unsafe"),
}
"""Operators whose fixes are refused where no source vouches for them, and by what name."""


def reader(texts: Mapping[str, bytes]) -> Callable[[str], bytes]:
    def read(file: str) -> bytes:
        if file not in texts:
            raise FileNotFoundError(file)
        return texts[file]

    return read


@cache
def source() -> dict[str, bytes]:
    """The fixtures, each under a name of its own; of the workspace all files."""
    texts = {f"{path.stem}/{LIB}": path.read_bytes() for path in sorted((CRATES / "mistakes").glob("*.rs"))}
    manifests = {path for path in (CRATES / "manifest").rglob("*") if path.suffix in (".rs", ".toml")}
    return texts | {str(path.relative_to(CRATES / "manifest")): path.read_bytes() for path in sorted(manifests)}


def made() -> Iterator[tuple[Mistake, dict[str, bytes], tuple[Edit, ...]]]:
    """Every mistake, the files that it changes as they are then, and its gold fix."""
    read = reader(source())
    for operator in operators():
        files = [f"{family(operator)}/{LIB}"]
        if operator.route is Route.MANIFEST:
            files = [file for file in source() if file.endswith("/Cargo.toml")]
        for file in files:
            workspace = Code("Cargo.toml", source()["Cargo.toml"]) if operator.route is Route.MANIFEST else None
            for mistake in mistakes(Code(file, source()[file], workspace), [operator]):
                groups = by_file(mistake.site.edits)
                broken = {name: apply(read(name), group) for name, group in groups.items()}
                yield mistake, broken, inverse(mistake.site.edits, read)


def test_no_gold_fix_is_refused() -> None:
    count = Counter[str]()
    for mistake, broken, gold in made():
        found = screen(gold, reader({**source(), **broken}), source=reader(source()))
        assert found == (), (mistake.operator.name, mistake.site.cause, found)
        count[mistake.operator.name] += 1
    assert {operator.name for operator in operators()} == set(count)
    assert count.total() > 2500


def test_few_are_refused_where_no_source_is_at_hand_and_each_kind_is_known() -> None:
    """The diagnostic is taken to be the operator's own, where its first edit is."""
    every, refused = 0, set[tuple[str, str]]()
    total = 0
    for mistake, broken, gold in made():
        code, first = mistake.operator.codes[:1], gold[0]
        span = Span(first.file, first.start, first.start + 1, 1, 1, 1, 1, True, None, None, None, None)
        target = Diagnostic("error", (code[0] or None) if code else None, "", (span,), (), "")
        tricks = [t.name.value for t in screen(gold, reader({**source(), **broken}), target=target)]
        named = {name for name in tricks if name in DEFAULT.refused}
        if mistake.operator.route is Route.MANIFEST:
            # Where a source fix is asked, and that is all one knows, the manifest is not to be touched.
            assert named == {"manifest_edit"}
            continue
        every, total = every + 1, total + bool(named)
        refused |= {(mistake.operator.name, name) for name in named}
    assert refused == WITHOUT_SOURCE
    assert total < 0.02 * every


def test_no_lesson_of_the_operators_teaches_to_silence() -> None:
    taught = Counter(
        (mistake.operator.name, trick.name.value)
        for mistake, broken, gold in made()
        for trick in screen(gold, reader({**source(), **broken}), policy=LESSON)
    )
    assert taught == {}
