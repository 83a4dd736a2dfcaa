"""Operators one by one: sites that they leave alone, and causes that are true of the broken code."""

import pytest

from oxidizer.cluster.edits import apply
from oxidizer.miners.mistakes import Mistake, mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.names import plural
from oxidizer.miners.operators.operator import Code

BY_NAME = {operator.name: operator for operator in operators()}


def found(source: str, name: str) -> list[Mistake]:
    return list(mistakes(Code("src/lib.rs", source.encode()), [BY_NAME[name]]))


PATTERNS = [
    "(a, b) = c.f()", "[a, b] = c.f()", "S { a } = c.f()", "T(a) = c.f()", "_ = c.f()", "a = Some(c)", "a = c.f(1)",
    "a = 1", "a += b", "a = a",
]  # fmt: skip


@pytest.mark.parametrize("statement", PATTERNS)
def test_no_assignment_is_turned_round_that_nobody_would_write_so(statement: str) -> None:
    assert found(f"fn k() {{ {statement}; }}\n", "assign_backwards") == []
    assert len(found("fn k() { a = c.f(); }\n", "assign_backwards")) == 1
    assert len(found("fn k() { a = b; }\n", "assign_backwards")) == 1


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
    ("misspell_path", "File::open(p)", "`Flie` is written for `File` where `File::open` is meant"),
    ("misspell_local", "f(&total)", "`totall` is written for `total` where `&total` is meant"),
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


def broken(source: str, name: str) -> list[str]:
    return [apply(source.encode(), list(m.site.edits)).decode() for m in found(source, name)]


LATER = [
    # The next use of the place goes through the loan, by the form that is natural there.
    ("v.push(1);\n    f(v.len());", "let v_ref = &mut v;\n    v.push(1);\n    f(v_ref.len());"),
    ("v.push(1);\n    v.pop();", "let v_ref = &mut v;\n    v.push(1);\n    v_ref.pop();"),
    ("v.push(1);\n    f(&v);", "let v_ref = &mut v;\n    v.push(1);\n    f(v_ref);"),
    ("v -= 1;\n    f(v + 1);", "let v_ref = &mut v;\n    v -= 1;\n    f(*v_ref + 1);"),
    # In a closure, or after the name was bound anew, it would mean something else.
    ("v.push(1);\n    f(|| v.len());", "let v_ref = &mut v;\n    v.push(1);\n    drop(v_ref);\n    f(|| v.len());"),
    ("v.push(1);\n    let v = v;", "let v_ref = &mut v;\n    v.push(1);\n    drop(v_ref);\n    let v = v;"),
]


@pytest.mark.parametrize(("body", "wrong"), LATER)
def test_a_loan_is_needed_by_a_use_that_is_there(body: str, wrong: str) -> None:
    source = "fn k(mut v: V) {{\n    {}\n}}\n"
    assert source.format(wrong) in broken(source.format(body), "hold_exclusive_loan")


def test_a_shared_loan_changes_nothing() -> None:
    source = "fn k(mut v: V) {{\n    {}\n}}\n"
    assert broken(source.format("v.push(1);\n    v.pop();"), "hold_shared_loan")[0] == source.format(
        "let v_ref = &v;\n    v.push(1);\n    drop(v_ref);\n    v.pop();"
    )
    assert broken(source.format("if c {\n        v.push(1);\n    }"), "hold_shared_loan") == []


def test_a_step_is_left_out_with_its_line() -> None:
    source = "fn k(v: &mut V) {\n    f();\n    v.push(1);\n    if c { v.clear(); }\n    #[cfg(x)]\n    v.pop();\n}\n"
    assert broken(source, "drop_step") == [
        source.replace("    v.push(1);\n", ""), source.replace(" v.clear();", ""),
    ]  # fmt: skip


def test_blocks_are_laid_out_on_lines() -> None:
    source = "fn k() {\n    let x = if c {\n        1\n    } else {\n        2\n    };\n}\n"
    assert broken(source, "match_on_bool") == [
        "fn k() {\n    let x = match c {\n        true => {\n            1\n        }\n"
        "        false => {\n            2\n        }\n    };\n}\n"
    ]
    source = "fn k() {\n    if a {\n        f();\n    } else if b {\n        g();\n    }\n}\n"
    assert broken(source, "nest_else_if") == [
        "fn k() {\n    if a {\n        f();\n    } else {\n        if b {\n            g();\n        }\n    }\n}\n"
    ]
    source = "fn k() {\n    loop {\n        match c {\n            _ => f(),\n        };\n    }\n}\n"
    assert broken(source, "continue_at_end") == [source.replace("};\n", "};\n        continue;\n")]


NESTED = [
    (
        "nest_else_if",
        '    if c {\n        f();\n    } else if d {\n        g(\n            "a\nb",\n        );\n    }\n',
        '    if c {\n        f();\n    } else {\n        if d {\n            g(\n                "a\nb",\n'
        "            );\n        }\n    }\n",
    ),
    (
        "nest_condition",
        "    if c && d {\n        f();\n    }\n",
        "    if c {\n        if d {\n            f();\n        }\n    }\n",
    ),
    (
        "match_for_if_let",
        "    if let Some(x) = e {\n        f(x);\n    } else {\n        g();\n\n        h();\n    }\n",
        "    match e {\n        Some(x) => {\n            f(x);\n        }\n        _ => {\n            g();\n\n"
        "            h();\n        }\n    }\n",
    ),
    (
        "else_after_return",
        "    if c {\n        return;\n    }\n    f();\n    g();\n",
        "    if c {\n        return;\n    } else {\n        f();\n        g();\n    }\n",
    ),
]


@pytest.mark.parametrize(("name", "body", "wrong"), NESTED)
def test_what_goes_into_a_block_moves_in(name: str, body: str, wrong: str) -> None:
    """A layout that no formatter leaves would tell where the mistake is; the lines of a text stay as they are."""
    assert broken(f"fn k() {{\n{body}}}\n", name) == [f"fn k() {{\n{wrong}}}\n"]


QUOTED = [
    ("repeat_pattern", "match e { 1 | 2 => f(), _ => g() }", "`1` stands twice among the alternatives `1 | 1`"),
    ("drop_argument", "f(a, b)", "`f(a)` lacks the argument `b`"),
    (
        "swap_and_drop_reference",
        "formatter.debug_struct(name).field(first_name, first).field(second, &second_field)",
        "`second` and `second_field` are in the wrong order in `….field(second_field, second)`, and not borrowed",
    ),
]


@pytest.mark.parametrize(("name", "code", "cause"), QUOTED)
def test_what_a_cause_quotes_as_broken_is_so(name: str, code: str, cause: str) -> None:
    """A long chain is cut before its last call, which is the one that is meant."""
    assert cause in [m.site.cause for m in found(f"fn k() {{ {code} }}\n", name)]


BOUND = "fn k<'a>(w: &'a [u8]) -> impl Iterator<Item = &'a u8> + %s { w.iter() }\n"
TRUE = [
    ("derive_without_basis", "struct Game { name: String }\n",
     "`Game` derives `Copy`, which asks for `Clone` and for fields that are `Copy`"),
    ("derive_without_basis", "struct Game { name: String }\n", "`Game` derives `Eq` but has no `PartialEq`"),
    ("wrong_slice_pattern", "fn k() { let [a, ..] = b; }\n", "`[a, ..]` asks for four parts more, each a `_`"),
    ("wrong_slice_pattern", "fn k() { let [a] = b; }\n", "`[a]` is given one more part, `_`"),
    ("drop_outlives_bound", BOUND % "'_",
     "`impl Iterator<Item = &'a u8> + '_` has lost its `'_`, which says how long what is in it lives"),
    ("drop_outlives_bound", "fn k<'a, T: Debug + 'a>(t: T) {}\n",
     "`T` is used for `'a`, but no bound `'a` says that it lives so long"),
    ("needless_question_mark", "fn k() -> Option<u8> { let a = b.next(); a }\n",
     "`?` is applied to `b.next()`, which is to be bound as it is"),
    ("unwrap_plain_value", "fn k() { let a = b.next(); }\n",
     "`unwrap` is called on `b.next()`, which is to be taken as it is"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source", "cause"), TRUE)
def test_a_cause_is_true_of_each_kind_that_its_site_may_be_of(name: str, source: str, cause: str) -> None:
    assert cause in [m.site.cause for m in found(source, name)]
