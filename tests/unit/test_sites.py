"""Operators one by one: sites that they leave alone, and causes that are true of the broken code."""

import pytest

from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code
from oxidizer.miners.operators.wording import plural

BY_NAME = {operator.name: operator for operator in operators()}


def found(source: str, name: str) -> list[Mistake]:
    return list(mistakes(Code("src/lib.rs", source.encode()), [BY_NAME[name]]))


PATTERNS = [
    "(a, b) = f(c)", "[a, b] = f(c)", "S { a } = f(c)", "T(a) = f(c)", "_ = f(c)", "a = Some(c)", "a = m::T::<u8>(c)",
]  # fmt: skip


@pytest.mark.parametrize("statement", PATTERNS)
def test_no_assignment_is_turned_round_where_a_side_is_a_pattern_or_would_be_one(statement: str) -> None:
    assert found(f"fn k() {{ {statement}; }}\n", "assign_backwards") == []
    assert len(found("fn k() { a = f(c); }\n", "assign_backwards")) == 1


def test_no_closure_is_made_where_code_may_run_at_compile_time() -> None:
    source = "fn k(mut n: u8) { n += 1; }\n"
    assert len(found(source, "closure_holds_loan")) == 1
    assert found(f"const {source}", "closure_holds_loan") == []


@pytest.mark.parametrize(
    ("name", "new"),
    [("a", "as_"), ("types", "type_"), ("loops", "loop_"), ("row", "rows"), ("rows", "row"), ("MAX", "MAXS")],
)
def test_a_new_name_is_no_keyword(name: str, new: str) -> None:
    assert plural(name) == new


HEALTHY = [
    ("misspell_path", "File::open(p)", "`Fiel` is written for `File` where `File::open` is meant"),
    ("misspell_local", "f(&total)", "`totla` is written for `total` where `&total` is meant"),
    ("float_for_integer", "1 << i", "the float `1.0` is written for the integer `1` where `1 << i` is meant"),
    (
        "literal_out_of_range",
        "b | 0xFF",
        "`0x1FF`, which is too large for its type, is written where `b | 0xFF` is meant",
    ),
    ("repeat_binding", "if let (ab, cd) = e {}", "`ab` is bound twice where `(ab, cd)` is meant"),
    ("drop_path_prefix", "mem::take(a)", "`take` is written without its `mem::` where `mem::take` is meant"),
]


@pytest.mark.parametrize(("name", "code", "cause"), HEALTHY)
def test_what_a_cause_quotes_of_the_healthy_code_is_what_is_meant(name: str, code: str, cause: str) -> None:
    assert cause in [m.site.cause for m in found(f"fn k() {{ {code} }}\n", name)]
