"""What mistakes do to others in a shared run: the names that they spoil, and those that they need."""

from oxidizer.cluster.batch import in_two
from oxidizer.cluster.layout import Influence, Mutant
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.operators.operator import Route
from tests.unit.test_mistakes import PLACES, Numbers, found, routed
from tests.unit.test_sites import found as found_by_name


def seen(mistake: Mistake) -> set[str]:
    """The names of what it changes and other code sees."""
    return {name for name in mistake.influence.spoils if not name.endswith("()")}


def run(mistake: Mistake) -> set[str]:
    """The names of what the compiler cannot run now."""
    return {name.removesuffix("()") for name in mistake.influence.spoils if name.endswith("()")}


def test_what_other_code_sees_has_names() -> None:
    """A signature that of its function, all else those of the item and its parts; what lies in a body none."""
    names = [(PLACES[m.site.edits[0].start], seen(m)) for m in found(PLACES, routed(Numbers, Route.ITEM))]
    body, array = set[str](), {"Array", "SIZE", "size"}
    assert names[:4] == [("1", body), ("2", body), ("3", {"Array", "items"}), ("4", array)]
    assert names[4:] == [("5", body), ("6", {"deep"}), ("0", body), ("6", body)]
    assert not any(seen(m) or m.influence.is_seen for m in found(PLACES, routed(Numbers, Route.BODY)))
    generic = "impl<'a, T: Clone> super::Held<T> { type Of = T; const N: [u8; 1] = X; fn f<U>(u: U) { fn g() {} } }\n"
    (of_impl,) = found(generic, routed(Numbers, Route.ITEM))
    assert (seen(of_impl), of_impl.influence.is_seen) == ({"Held", "Of", "N", "f"}, True)
    (nameless,) = found("impl Marker for u32 { const N: u8 = 1; }\n", routed(Numbers, Route.ITEM))
    assert seen(nameless) == {"u32", "N"}
    answers = "impl fmt::Display for Held { fn fmt(&self, f: &mut fmt::Formatter<'_; 9>) -> fmt::Result { f } }\n"
    assert not any(seen(m) for m in found(answers, routed(Numbers, Route.ITEM))), "the trait says how it is called"
    assert found(answers, routed(Numbers, Route.ITEM))[0].influence.is_seen


def test_a_changed_signature_needs_all_that_it_says() -> None:
    lib = "fn caller(n: [u8; 1]) -> u8 { callee(n).field }\n"
    (mistake,) = found(lib, routed(Numbers, Route.ITEM))
    assert {"callee", "field", "n"} <= mistake.influence.needs
    assert "caller" not in mistake.influence.needs
    again = found(lib.replace(".field", ".field + caller(n)"), routed(Numbers, Route.ITEM))[0]
    assert "caller" in again.influence.needs


def test_what_the_compiler_runs_is_spoilt_for_all_that_run_it() -> None:
    lib = """\
const fn one() -> u8 { 1 }
const fn two() -> u8 { one() }
const fn three() -> u8 { two() + 3 }
fn four() -> u8 { three() + 4 }
const FIVE: u8 = three() + 5;
fn six() -> [u8; FIVE] { let [a; 6] = b::<{ two() }>(); [0; one()] }
"""
    mistakes = [*found(lib, routed(Numbers, Route.BODY)), *found(lib, routed(Numbers, Route.ITEM))]
    names = {lib[m.site.edits[0].start]: run(m) for m in mistakes}
    callers = {"one", "two", "three", "FIVE"}
    assert names["1"] == callers
    assert names["3"] == names["5"] | {"three"} == {"three", "FIVE"}
    assert names["4"] == names["0"] == set()
    needs = {lib[m.site.edits[0].start]: m.influence.needs for m in found(lib, routed(Numbers, Route.BODY))}
    assert {"FIVE()", "two()", "one()"} <= needs["0"]
    assert needs["1"] == needs["4"] == set(), "what is called when the program runs does not matter"
    assert run(found(lib, routed(Numbers, Route.SYNTAX))[0]) == callers
    lint = found(lib, routed(Numbers, Route.LINT))
    assert run(lint[0]) == callers, "a function that is const no more complains where it is called"
    assert not any(m.influence.needs for m in lint), "lints are of code that compiles"


def test_an_import_that_a_lint_is_for_is_said_elsewhere() -> None:
    """It is suspected, and yet no error is its own that only points to it."""
    (mistake,) = found_by_name("use std::fmt;\nfn f() -> fmt::Result { Ok(()) }\n", "import_unused")
    assert mistake.influence == Influence(imports=True)


def test_a_spoiled_run_is_divided_where_it_is_most_likely_spoiled() -> None:
    """Imports, names that others say, what the compiler runs, then the middle; each part has some."""
    nothing, runs, says = Influence(), Influence(spoils=frozenset({"f()"})), Influence(spoils=frozenset({"fmt"}))
    imports = Influence(imports=True)

    def group(*influences: Influence) -> dict[int, Mutant]:
        return {n: Mutant((), "lib.rs", 0, 9, (), influence) for n, influence in enumerate(influences)}

    assert in_two(group(nothing, runs, says, imports)) == ([3], [0, 1, 2])
    assert in_two(group(nothing, runs, says, nothing)) == ([2], [0, 1, 3])
    assert in_two(group(nothing, runs, nothing, runs)) == ([1, 3], [0, 2])
    assert in_two(group(says, says, runs)) == ([0, 1], [2])
    assert in_two(group(says, says, says)) == ([0], [1, 2])
    assert in_two(group(nothing, nothing)) == ([0], [1])
