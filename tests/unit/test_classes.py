import pytest

from oxidizer.cluster.classes import CLASSES, class_of, table
from oxidizer.cluster.lints import Lint, NoLints, clippy_group, members, parse_lint_help

HELP = """
Lint checks provided by rustc:

                name  default  meaning
                ----  -------  -------
        single-use-x  allow    used once; see `a`,  b and c
      unused-imports  warn     imports that are never used

Lint groups provided by rustc:

                name  sub-lints
                ----  ---------
            warnings  all lints that are set to issue warnings
              unused  unused-imports, unused-mut


Lint checks loaded by this crate:

                name  default  meaning
                ----  -------  -------
  clippy::needless-x  warn     x that nobody needs

Lint groups loaded by this crate:

                name  sub-lints
                ----  ---------
         clippy::all  clippy::needless-x, clippy::other
       clippy::style  clippy::needless-x
"""


@pytest.mark.parametrize(
    ("tool", "code", "expected"),
    [
        ("rustc", "E0499", "borrow"),
        ("rustc", "E0382", "move"),
        ("rustc", "E0106", "lifetime"),
        ("rustc", "E0277", "trait"),
        ("rustc", "E0308", "type"),
        ("rustc", "E0425", "resolve"),
        ("rustc", "E0603", "visibility"),
        ("rustc", "E0765", "syntax"),
        ("rustc", "E0004", "pattern"),
        ("rustc", "E0133", "unsafe"),
        ("rustc", "E0015", "const"),
        ("rustc", "E0774", "macro"),
        ("rustc", "unused_imports", "lint"),
        ("rustc", "non_snake_case", "style"),
        ("rustc", "invalid_value", "ub"),
        ("clippy", "clippy::use_self", "lint"),
        ("clippy", "clippy::needless_return", "style"),
        ("clippy", "clippy::needless_lifetimes", "lifetime"),
        ("rustc", None, "syntax"),
        ("rustfmt", None, "style"),
        ("test", None, "test"),
        ("miri", "E0308", "ub"),
    ],
)
def test_a_diagnostic_has_the_class_of_its_subject(tool: str, code: str | None, expected: str) -> None:
    assert class_of(tool, code) == expected


def test_a_compilers_own_errors_are_classed_alike_under_clippy() -> None:
    assert class_of("clippy", "E0382") == class_of("rustc", "E0382") == "move"


def test_what_the_table_does_not_know_follows_a_rule() -> None:
    assert class_of("rustc", "E9999") == "type"
    assert class_of("clippy", "clippy::not_yet_written") == "lint"


def test_every_class_but_that_of_tests_has_codes() -> None:
    assert set(CLASSES) - set(table().values()) == {"test"}


def test_lint_help_is_read_with_names_as_codes() -> None:
    lints = parse_lint_help(HELP)
    assert list(lints) == ["single_use_x", "unused_imports", "clippy::needless_x"]
    assert lints["single_use_x"].meaning == "used once; see `a`,  b and c"
    assert lints["clippy::needless_x"] == Lint(
        "clippy::needless_x", "warn", "x that nobody needs", ("clippy::all", "clippy::style")
    )
    assert clippy_group(lints["clippy::needless_x"]) == "style"
    assert clippy_group(lints["unused_imports"]) is None
    assert members(lints, "unused") == ["unused_imports"]


def test_an_empty_list_of_lints_is_refused() -> None:
    with pytest.raises(NoLints):
        parse_lint_help("error: no such driver")
    with pytest.raises(KeyError):
        members(parse_lint_help(HELP), "clippy::nonsense")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("lifetime may not live long enough", "lifetime"),
        ("format argument must be a string literal", "macro"),
        ("2 positional arguments in format string, but there is 1 argument", "macro"),
        ("cannot find derive macro `Debgu` in this scope", "macro"),
        ("type `Inner` is private", "visibility"),
        ("the `Self` constructor can only be used with tuple or unit structs", "type"),
        ("expected `;`, found keyword `let`", "syntax"),
        ("prefix `ab` is unknown", "syntax"),
    ],
)
def test_an_error_without_a_code_goes_by_its_words(message: str, expected: str) -> None:
    assert class_of("rustc", None, message) == expected


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("E0533", "expected value, found struct variant `Shape::Square`", "resolve"),
        ("E0533", "expected unit struct, unit variant or constant, found associated function `f`", "pattern"),
        ("E0391", "cycle detected when simplifying constant for the type system `A`", "const"),
        ("E0391", "cycle detected when computing the super predicates of `A`", "type"),
        ("E0392", "lifetime parameter `'a` is never used", "lifetime"),
        ("E0392", "type parameter `T` is never used", "type"),
        ("E0599", "the method `len` exists for struct `A<B>`, but its trait bounds were not satisfied", "trait"),
        ("E0599", "no method named `lne` found for struct `A` in the current scope", "resolve"),
        ("E0658", "cannot call conditionally-const operator in constant functions", "const"),
        ("E0658", "use of unstable library feature `x`", "resolve"),
    ],
)
def test_a_code_that_speaks_of_two_classes_goes_by_its_words(code: str, message: str, expected: str) -> None:
    assert class_of("rustc", code, message) == expected
