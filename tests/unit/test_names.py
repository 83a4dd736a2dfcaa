"""Misspelt and new names: as people err, never a keyword or a word of the file, and the same in every process."""

import subprocess
import sys
from collections import Counter

import pytest
from tree_sitter import Node

from oxidizer.miners.mistakes import mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.names import renamed, renamed_function, typo
from oxidizer.miners.operators.operator import Code, walk

NAMES = (
    "x", "id", "len", "path", "buffer", "line_no", "max_depth", "HashMap", "MAX_SIZE", "Entry", "r#type", "items", "_",
    "is_empty", "read_entry", "IOError",
)  # fmt: skip


def named(source: str, name: str) -> tuple[Node, Code]:
    """The last node that is the name."""
    code = Code("src/lib.rs", source.encode())
    return [node for node in walk(code.root) if code.text(node) == name and not node.children][-1], code


def at(place: int, name: str) -> tuple[Node, Code]:
    """The name, after so many blank lines."""
    return named("\n" * place + f"fn k() {{ f({name}); }}\n", name)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "_"])
def test_a_typo_is_one_slip_of_the_hand(name: str) -> None:
    wrong = {typo(*at(place, name)) for place in range(200)}
    assert name not in wrong
    assert all(word.isidentifier() or word.startswith("r#") for word in wrong)
    changes = Counter(len(word) - len(name) for word in wrong)
    assert set(changes) <= {-1, 0, 1}
    if len(name) > 3:
        assert set(changes) == {-1, 0, 1}, "letters are dropped, doubled, swapped and mistaken"
        assert any(sorted(word) == sorted(name) for word in wrong), "swapped"
        assert any(sorted(word) != sorted(name) and len(word) == len(name) for word in wrong), "mistaken"
        assert len(wrong) >= 8
        assert {word[0] for word in wrong} == {name[0]}


def test_a_name_is_no_keyword_and_no_word_of_the_file() -> None:
    source = "fn k(aas: u8, sa: u8, ad: u8, ass: u8, s: u8, q: u8) { f(as_); loop_; row; rows; }\n"
    for place in range(100):
        node, code = named("\n" * place + source.replace("as_", "az"), "az")
        assert typo(node, code) not in {"as", "aas", "sa", "ad", "ass", "az"}
        node, code = named("\n" * place + source, "row")
        assert renamed(node, code) not in {"row", "rows"}


def test_a_rename_is_one_of_several_ways() -> None:
    assert {renamed(*at(place, "line_no")) for place in range(200)} >= {"line_nos", "row_no", "line", "current_line_no"}
    assert {renamed(*at(place, "MAX_SIZE")) for place in range(200)} >= {"MAX_SIZES", "MAXIMUM_SIZE", "SIZE", "MAX"}
    assert {renamed(*at(place, "ReadBuf")) for place in range(200)} >= {"ReadBufs", "ReadBuffer", "Buf", "RawReadBuf"}
    verbs = {renamed_function(*at(place, "get_entry"), ("get", "fetch", "take")) for place in range(200)}
    assert verbs >= {"fetch_entry", "take_entry", "entry"}
    assert "get_get_entry" not in verbs


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_another_one(name: str) -> None:
    node, code = at(0, name)
    assert typo(node, code) != name
    assert renamed(node, code) != name


def test_the_same_place_gives_the_same_name_in_every_process() -> None:
    program = (
        "from oxidizer.miners.operators.names import *; from oxidizer.miners.operators.operator import *\n"
        "code = Code('a.rs', b'fn k() { f(buffer, total, index); }')\n"
        "print([typo(n, code) + renamed(n, code) for n in walk(code.root) if n.type == 'identifier'])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, check=True, text=True, timeout=60,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
    assert said != {""}


def proposed(name: str, body: str) -> set[str]:
    """What the operator puts into the code, over many places."""
    (operator,) = (o for o in operators() if o.name == name)
    sources = [("\n" * place + body).encode() for place in range(100)]
    return {m.site.edits[0].replacement.decode() for s in sources for m in mistakes(Code("src/lib.rs", s), [operator])}


def test_extra_arguments_and_parameters_are_of_many_kinds() -> None:
    assert proposed("extra_argument", "fn k() { f(a); }\n") >= {", None", ", true", ", 0", ", a", ', ""'}
    assert proposed("extra_argument", "fn k() { f(); }\n") >= {"None", "true", "0"}
    new = proposed("new_parameter", "fn k(a: u8) { let limit = 1; }\nfn l() { k(1); }\n")
    assert len(new) > 10
    assert ", strict: bool" in new
    assert ", limit: usize" not in new, "a name of the file"
