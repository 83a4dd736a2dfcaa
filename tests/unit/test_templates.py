"""Templates: mined of one fix they give it back, and elsewhere they make the same of other words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.edits import Edit, apply
from oxidizer.serve.policies.prompt import Prompt
from oxidizer.serve.policies.templates.candidates import candidates, is_readable
from oxidizer.serve.policies.templates.counts import Book, Counts, Example, example_of
from oxidizer.serve.policies.templates.holes import distance
from oxidizer.serve.policies.templates.instances import instances
from oxidizer.serve.policies.templates.mine import gives, mine
from oxidizer.serve.policies.templates.model import Model, NoModel, load, load_book, save
from oxidizer.serve.policies.templates.outcome import outcome, token_edits
from oxidizer.serve.policies.templates.policy import TemplatePolicy
from oxidizer.serve.policies.templates.ranker import Calibration, fit_calibration, fit_ranker
from oxidizer.serve.policies.templates.scene import Scene
from oxidizer.serve.policies.templates.template import (
    Atom,
    Part,
    Template,
    from_plain,
    in_words,
    to_plain,
)
from tests.unit.template_scenes import FILE, diagnostic, scene, span

BORROWED = b"fn size(text: &str) -> usize { text.len() }\nfn main() { let word = String::new(); size(word); }\n"
ELSEWHERE = b"fn add(all: &Vec<u8>) {}\nfn run(items: Vec<u8>) { add(items) }\n"
BORROW: Template = (Part("before", "P", (Atom("literal", "&"),)),)


def mismatched(code: bytes, marked: bytes, nth: int) -> Scene:
    at = span(code, marked, nth=nth, label="expected `&_`, found `_`")
    return scene(code, diagnostic(at, "mismatched types"))


def insertion(code: bytes, before: bytes, nth: int, new: bytes) -> Edit:
    at = span(code, before, nth=nth).byte_start
    return Edit(FILE, at, at, new)


def learned(name: str, crate: str, code: bytes, marked: bytes, nth: int, new: bytes = b"&") -> Example:
    here = mismatched(code, marked, nth)
    return example_of(here, name, crate, mine(here, [insertion(code, marked, nth, new)]), [])


def test_a_fix_is_said_by_anchors_and_made_elsewhere() -> None:
    here = mismatched(BORROWED, b"word", 1)
    found = mine(here, [insertion(BORROWED, b"word", 1, b"&")])
    assert BORROW in found
    there = mismatched(ELSEWHERE, b"items", 1)
    (made,) = instances(there, BORROW)
    assert b"add(&items)" in apply(ELSEWHERE, made.edits)


def test_a_misspelling_is_a_hole_for_a_similar_name() -> None:
    code = b"fn total() -> u8 { 1 }\nfn main() { let n = totl(); total(); }\n"
    at = span(code, b"totl", label="not found in this scope")
    here = scene(code, diagnostic(at, "cannot find function `totl` in this scope", "E0425"))
    found = mine(here, [Edit(FILE, at.byte_start, at.byte_end, b"total")])
    assert (Part("replace", "P", (Atom("hole", "similar"),)),) in found


def test_words_of_the_diagnostic_are_quoted() -> None:
    code = b"struct Point { left: u8 }\nfn f(p: Point) -> u8 { p.right }\n"
    at = span(code, b"right", label="unknown field")
    help_at = diagnostic(at, "available field is: `left`", None)
    here = scene(code, diagnostic(at, "no field `right` on type `Point`", "E0609", [help_at]))
    found = mine(here, [Edit(FILE, at.byte_start, at.byte_end, b"left")])
    assert any(atom.kind == "quoted" for template in found for part in template for atom in part.pattern)


def test_a_graft_is_what_stands_elsewhere_between_the_same_words() -> None:
    code = (
        b"fn a(x: &[u8]) { x.iter().map(f).count(); }\nfn b(x: &[u8]) { x.iter().count(); }\nfn c() { x.iter().map(f) }"
    )
    at = span(code, b"count", nth=1)
    here = scene(code, diagnostic(at, "mismatched types"))
    grafts = here.fillers.grafts(here.anchors.places["P"])
    assert b"map" in grafts


@pytest.mark.parametrize(
    ("one", "other", "far"), [(b"ab", b"ba", 1), (b"abc", b"abd", 1), (b"a", b"abcd", 3), (b"x", b"x", 0)]
)
def test_distance(one: bytes, other: bytes, far: int) -> None:
    assert distance(one, other, 3) == far == distance(other, one, 3)


NAMES = ["size", "text", "word", "&", "mut", "(", ")", ".", "len", "String", "?", "::", "7", "'a"]


@given(st.data())
def test_what_is_mined_gives_the_fix_back(data: st.DataObject) -> None:
    here = mismatched(BORROWED, b"word", 1)
    found = here.view.file(FILE)
    assert found is not None
    first = data.draw(st.integers(20, len(found.tokens) - 2))
    last = data.draw(st.integers(first, min(first + 2, len(found.tokens) - 1)))
    new = " ".join(data.draw(st.lists(st.sampled_from(NAMES), max_size=3))).encode()
    edit = Edit(FILE, found.tokens.starts[first], found.tokens.starts[last], new + b" ")
    wanted = outcome(here.view, [edit])
    for template in mine(here, [edit]):
        assert gives(here, template, wanted)
        assert from_plain(to_plain(template)) == template
        assert in_words(template)


@given(st.data())
def test_an_outcome_is_what_the_tokens_become(data: st.DataObject) -> None:
    """Two ways to write one change have one outcome, and its least edits make the same tokens."""
    here = mismatched(BORROWED, b"word", 1)
    file = here.view.file(FILE)
    assert file is not None
    first = data.draw(st.integers(1, len(file.tokens) - 2))
    new = " ".join(data.draw(st.lists(st.sampled_from(NAMES), max_size=3))).encode()
    start, end = file.tokens.starts[first], file.tokens.ends[first]
    small = [Edit(FILE, start, end, b" " + new + b" ")]
    lead = BORROWED[file.tokens.starts[first - 1] : start]
    wide = [Edit(FILE, file.tokens.starts[first - 1], end, lead + b"  " + new + b" ")]
    assert outcome(here.view, small) == outcome(here.view, wide)
    least = token_edits(here.view, outcome(here.view, small))
    made = [Edit(e.file, e.start, e.end, b" " + b" ".join(e.said) + b" ") for e in least]
    assert outcome(here.view, made) == outcome(here.view, small)


@pytest.mark.parametrize(
    "plain",
    [
        [["replace", "P", [["nothing", "x"]]]], [["replace", "P", [["hole", "x"]]]], [["move", "P", []]],
        [["replace", 3, []]], "x", [[1]], None,
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused(plain: Any) -> None:
    with pytest.raises(ValueError, match="no template"):
        from_plain(plain)


EXAMPLES = [
    learned("a", "one", BORROWED, b"word", 1),
    learned("b", "two", ELSEWHERE, b"items", 1),
    learned("c", "two", ELSEWHERE, b"items", 1, b"*"),
    learned("d", "three", BORROWED, b"text", 1, b"&"),
    learned("e", "three", BORROWED, b"word", 1, b"&mut "),
]


def plain(counts: Counts) -> object:
    return {
        key: {t: vars(tally) for t, tally in tallies.items() if tally.applied}
        for key, tallies in counts.tallies.items()
    }


@given(st.sets(st.sampled_from(range(len(EXAMPLES)))), st.sets(st.sampled_from(range(len(EXAMPLES)))))
def test_learning_more_is_learning_of_all(one: set[int], other: set[int]) -> None:
    grown = Book(EXAMPLES[n] for n in one).with_more(EXAMPLES[n] for n in other)
    anew = Book(EXAMPLES[n] for n in sorted(one | other, reverse=True))
    assert grown.kept == anew.kept
    assert plain(grown.counts) == plain(anew.counts)


def test_a_crate_left_out_leaves_the_others() -> None:
    book = Book(EXAMPLES)
    own = book.of(e for e in book.examples if e.crate == "two")
    rest = book.of(e for e in book.examples if e.crate != "two")
    assert plain(book.counts.without(own)) == plain(rest)


def test_chance_is_not_kept() -> None:
    assert BORROW not in Book(EXAMPLES[:1]).kept
    assert BORROW in Book(EXAMPLES[:2]).kept


def trained() -> Model:
    book = Book(EXAMPLES)
    here = mismatched(BORROWED, b"word", 1)
    assert candidates(here, book.counts)
    return Model(book.counts, None, Calibration(), {"name": "little@1", "metrics": {"fixes": 5}})


def test_the_policy_proposes_what_it_has_seen() -> None:
    there = mismatched(ELSEWHERE, b"items", 1)
    policy = TemplatePolicy(trained())
    (samples,) = policy.propose([there.prompt], 8)
    assert b"add(&items)" in apply(ELSEWHERE, samples[0].edits)
    assert samples[0].source.startswith("template ")
    assert all(0 <= sample.probability <= 1 for sample in samples)
    made = [outcome(there.view, sample.edits) for sample in samples]
    assert len(set(made)) == len(made)


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    book, model = Book(EXAMPLES), trained()
    save(tmp_path / "model", model, book)
    again = load(tmp_path / "model")
    assert plain(again.counts) == plain(model.counts)
    assert again.lineage["metrics"] == {"fixes": 5}
    assert load_book(tmp_path / "model").examples == book.examples
    there: Prompt = mismatched(ELSEWHERE, b"items", 1).prompt
    assert TemplatePolicy(again).propose([there], 8) == TemplatePolicy(model).propose([there], 8)
    assert TemplatePolicy.of(tmp_path / "model").name == "little@1"
    with pytest.raises(FileExistsError):
        save(tmp_path / "model", model, book)


@pytest.mark.parametrize("damage", ["lineage.json", "templates.jsonl", "calibration.json"])
def test_what_is_no_model_is_refused_with_the_way_out(tmp_path: Path, damage: str) -> None:
    save(tmp_path / "model", trained(), Book(EXAMPLES))
    (tmp_path / "model" / damage).write_text("{", encoding="utf-8")
    with pytest.raises(NoModel):
        load(tmp_path / "model")
    (tmp_path / "model" / damage).unlink()
    with pytest.raises(NoModel, match="train templates"):
        load(tmp_path / "model")


def test_what_cannot_be_parsed_is_not_proposed() -> None:
    here = mismatched(BORROWED, b"word", 1)
    assert is_readable(here, [insertion(BORROWED, b"word", 1, b"&")])
    assert not is_readable(here, [insertion(BORROWED, b"word", 1, b"(")])


def test_the_ranker_learns_and_is_the_same_for_the_same_seed() -> None:
    width = 32
    rows = [[float((n * k) % 7) for k in range(width)] for n in range(400)]
    labels = [float(row[3] > 3) for row in rows]
    one, other = fit_ranker(rows, labels, 7), fit_ranker(rows, labels, 7)
    assert one.text == other.text
    rated = one.rate(rows)
    assert min(r for r, label in zip(rated, labels, strict=True) if label) > max(
        r for r, label in zip(rated, labels, strict=True) if not label
    )
    with pytest.raises(ValueError, match="right"):
        fit_ranker(rows, [0.0] * 400, 7)


@settings(deadline=None)  # the first call imports scipy
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_calibration_never_turns_an_order_around(pairs: list[tuple[float, bool]]) -> None:
    found = fit_calibration([said for said, _ in pairs], [right for _, right in pairs])
    assert list(found.said) == sorted(found.said)
    assert list(found.right) == sorted(found.right)
    assert 0 <= found.right[0] <= found.right[-1] <= 1
