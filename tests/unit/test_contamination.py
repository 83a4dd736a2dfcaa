"""The index of sealed code: copies are found, idioms are not, and an index that cannot be trusted is refused."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.datasets.corpus.contamination import Index, IndexUnusable, Limits, SealedCode, outer_items
from oxidizer.datasets.corpus.sealing import rust_files
from oxidizer.datasets.corpus.tokens import tokens

FUNCTION = """\
/// The checksum of a block, after RFC 1071.
pub fn checksum(block: &[u8], seed: u32) -> Result<u16, Error> {
    let mut sum = u64::from(seed);
    for pair in block.chunks_exact(2) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    if let [last] = block.chunks_exact(2).remainder() {
        sum += u64::from(*last) << 8;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(!sum & 0xffff).map_err(|_| Error::TooLarge { sum })
}
"""
OTHER = """\
impl<'a> Walker<'a> {
    fn descend(&mut self, path: &'a Path) -> io::Result<Option<Entry>> {
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(|entry| entry.file_name());
        let depth = self.stack.len();
        if self.limit.is_some_and(|limit| depth >= limit) {
            return Ok(None);
        }
        self.stack.push(Level { entries: entries.into_iter(), depth });
        Ok(self.stack.last_mut().and_then(|level| level.entries.next()).map(Entry::from))
    }
}
"""
IDIOMS = [
    "fn new() -> Self { Self::default() }",
    "fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.debug_list().entries(self.iter()).finish() }",
    "fn size_hint(&self) -> (usize, Option<usize>) { let (_, upper) = self.iter.size_hint(); (0, upper) }",
]
TABLE = f"static TABLE: [u8; 400] = [{'0, 1, 1, 0, ' * 100}];"
SEALED = [
    SealedCode("inet", "https://forge.example/inet", FUNCTION + "\n".join(IDIOMS) + TABLE),
    SealedCode("walker", None, OTHER),
]
INDEX = Index.of(SEALED)


def test_a_copy_is_found_with_whose_it_is() -> None:
    hit = INDEX.judge(tokens(FUNCTION))
    assert hit is not None
    assert (hit.reason, hit.name, hit.measure) == ("similar_function", "inet", 1.0)
    assert str(hit) == "is like a function of inet (1.00)"


def test_a_copy_in_other_clothes_is_found() -> None:
    clothed = re.sub(r"///.*\n", "", FUNCTION).replace("    ", "\t").replace(";", "; // so\n").replace("seed", "start")
    hit = INDEX.judge(tokens(clothed))
    assert hit is not None
    assert hit.name == "inet"


def test_a_copy_among_other_code_is_found_by_its_runs() -> None:
    own = "fn own_{n}() {{ let v = [a{n}(1), b{n}(2), c{n}(3)]; if v.is_empty() {{ return; }} d{n}(v, n); }}\n"
    hit = INDEX.judge(tokens("".join(own.format(n=n) for n in range(4)) + "mod copied {" + FUNCTION + "}"))
    assert hit is not None
    assert hit.reason == "shared_runs"
    assert str(hit).startswith("has runs of tokens of inet (0.")


def test_idioms_tables_and_what_is_too_short_are_no_copies() -> None:
    other_table = f"const OWN: [u8; 400] = [{'0, 1, 1, 0, ' * 100}];"
    for code in (*IDIOMS, other_table, "", "fn main() {}"):
        assert INDEX.judge(tokens(code)) is None
    # They are too short alone; together they are a copy.
    assert INDEX.judge(tokens("\n".join(IDIOMS * 2))) is not None


def test_code_of_ones_own_is_no_copy() -> None:
    own = Path(__file__).parent.parent / "crates"
    documents = [tokens(item) for path in sorted(own.rglob("*.rs")) for item in outer_items(path.read_text("utf-8"))]
    assert sum(len(document) >= INDEX.limits.least for document in documents) > 5
    assert INDEX.judge_all(documents) == [None] * len(documents)


def test_one_and_many_are_judged_alike() -> None:
    documents = [tokens(code) for code in (FUNCTION, OTHER, *IDIOMS, TABLE, "", FUNCTION + OTHER)] * 20
    assert INDEX.judge_all(documents) == [INDEX.judge(document) for document in documents[:8]] * 20


@pytest.mark.parametrize("changed", [0.0, 0.01, 0.03])
def test_few_changes_do_not_hide_a_copy(changed: float) -> None:
    chance = random.Random(5)
    for source, name in ((FUNCTION, "inet"), (OTHER, "walker")):
        for _ in range(5):
            document = [token if chance.random() >= changed else f"other_{chance.random()}" for token in tokens(source)]
            hit = INDEX.judge(document)
            assert hit is not None
            assert hit.name == name


def test_the_bytes_are_those_of_the_code_whatever_its_order(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    INDEX.save(one)
    Index.of([*reversed(SEALED), SEALED[0]][:2]).save(other)
    assert one.read_bytes() == other.read_bytes()
    loaded = Index.load(one)
    assert loaded.about == INDEX.about
    assert [sealed["name"] for sealed in loaded.about["sealed"]] == ["inet", "walker"]
    assert loaded.about["sealed"][0]["repository"] == "https://forge.example/inet"
    assert loaded.about["sealed"][1]["functions"] == 1
    assert loaded.judge(tokens(FUNCTION)) == INDEX.judge(tokens(FUNCTION))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]


def test_limits_travel_with_the_index(tmp_path: Path) -> None:
    Index.of(SEALED, Limits(least=30, run=10, various=5, permutations=64)).save(tmp_path / "index")
    loaded = Index.load(tmp_path / "index")
    assert loaded.limits == Limits(least=30, run=10, various=5, permutations=64)
    assert loaded.judge(tokens(FUNCTION)) is not None


@pytest.mark.parametrize("codes", [[], [SealedCode("empty", None, "// nothing\n")]])
def test_an_empty_index_is_refused(codes: list[SealedCode]) -> None:
    with pytest.raises(IndexUnusable, match=r"empty.*would let everything pass; make one with"):
        Index.of(codes)


def test_a_missing_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match="there is no index of sealed code; make one with"):
        Index.load(tmp_path / "none")


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    INDEX.save(whole)
    content = whole.read_bytes()
    middle = content.index(INDEX._runs.tobytes()) + 5
    broken = [b"", b"\0", b"words", content[:-1], content[: len(content) // 2], content[1:]]
    broken.append(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    for number, damaged in enumerate(broken):
        path = tmp_path / str(number)
        path.write_bytes(damaged)
        with pytest.raises(IndexUnusable, match="make one with"):
            Index.load(path)
    with pytest.raises(IndexUnusable, match="cannot be read"):
        Index.load(tmp_path)


def test_an_index_of_another_format_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "other").open("wb") as file:
        np.savez(file, about=np.frombuffer(b'{"format": 99}', np.uint8), **{n: np.zeros(1) for n in ARRAYS})
    with pytest.raises(IndexUnusable, match="format 99, not 1"):
        Index.load(tmp_path / "other")


ARRAYS = ("functions", "owners", "runs", "run_owners")


def test_impossible_limits_are_refused() -> None:
    for wrong in ({"similarity": 0.0}, {"share": 1.5}, {"run": 80}, {"various": 30}):
        with pytest.raises(ValueError, match=r"above 0|at least as many"):
            Limits(**wrong)


@settings(max_examples=20, deadline=None)
@given(st.text() | st.text(alphabet="fn impl{}()\ud800 \n"))
def test_any_text_can_be_sealed(text: str) -> None:
    assert all(isinstance(item, str) for item in outer_items(text))
    Index.of([*SEALED, SealedCode("any", None, text)])


def test_outer_items_are_functions_and_what_holds_none() -> None:
    code = "impl A { fn a() { fn b() {} } const C: u8 = 1; }\nmod m { struct D; trait E { fn f(); } }\n"
    code += "macro_rules! g { () => {} }"
    assert sorted(outer_items(code)) == [
        "const C: u8 = 1;", "fn a() { fn b() {} }", "fn f();", "macro_rules! g { () => {} }", "struct D;",
    ]  # fmt: skip


def test_a_tree_gives_its_rust_files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/b.rs").write_bytes(b"fn b() {} // \xff")
    (tmp_path / "a.rs").write_text("fn a() {}")
    (tmp_path / "a.txt").write_text("no")
    (tmp_path / "c.rs").symlink_to(tmp_path / "a.rs")
    assert [code.code for code in rust_files(tmp_path, "n", None)] == ["fn a() {}", "fn b() {} // \ufffd"]
