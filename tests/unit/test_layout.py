"""Laws of layouts: whatever mutants share a text, each sees of its own region what it would see alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxidizer.cluster.diagnostics import Diagnostic, Expansion, Span
from oxidizer.cluster.edits import Edit, apply
from oxidizer.cluster.layout import Entangled, Influence, Layout, Mutant, Rounds

FILE = "src/lib.rs"
LAW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the code."""
LINES = st.lists(st.sampled_from(["a;", "", "\tx", "é", "c\r", "日本;"]), max_size=5)
WITH = st.sampled_from(["", "x", "ö ö", "\n", "y\nz", "long words in a line"])


def sentinel(number: int) -> bytes:
    return f"fn sentinel_{number}() {{}}".encode()


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """A file of functions with other lines between them, and the functions' byte ranges."""
    source, regions = b"", []
    for number in range(draw(st.integers(1, 6))):
        source += "".join(f"{line}\n" for line in draw(LINES)[:2]).encode()
        body = f"fn f{number}() {{\n{''.join(f'{line}{chr(10)}' for line in draw(LINES))}}}".encode()
        regions.append((len(source), len(source) + len(body)))
        source += body + draw(st.sampled_from([b"\n", b" // after\n"]))
    return source.removesuffix(b"\n") if draw(st.booleans()) else source, regions


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, list[Mutant]]:
    """A file, and a mutant of some of its functions."""
    source, regions = draw(files())
    chosen = draw(st.lists(st.sampled_from(regions), unique=True, min_size=1))
    return source, [draw(mutants(source, *region)) for region in chosen]


@st.composite
def mutants(draw: st.DrawFn, source: bytes, start: int, end: int) -> Mutant:
    cuts = sorted(draw(st.lists(st.integers(start, end), min_size=2, max_size=6, unique=True)))
    edits = []
    for a, b in zip(cuts[::2], cuts[1::2], strict=False):
        # The next edit may not meet this one.
        if edits and edits[-1].end == a:
            continue
        new = draw(WITH).encode()
        edits.append(Edit(FILE, a, b, new))
    return Mutant(tuple(edits), FILE, start, end)


def laid_out(source: bytes, mutants: Sequence[Mutant], *, guarded: bool = True) -> Layout:
    return Layout(mutants, lambda _: source, sentinel if guarded else None)


def line_of(text: bytes, offset: int) -> int:
    return text.count(b"\n", 0, offset) + 1


def span(text: bytes, start: int, end: int, *, primary: bool = True, file: str = FILE) -> Span:
    lines = line_of(text, start), line_of(text, end)
    return Span(file, start, end, *lines, 1, 1, primary, None, None, None, None)


def complaint(*spans: Span, children: Sequence[Diagnostic] = ()) -> Diagnostic:
    return Diagnostic("error", "E0308", "words", spans, tuple(children), "")


def solo(source: bytes, mutant: Mutant) -> tuple[bytes, int, int]:
    """The text with one mutant alone, and its region there."""
    text = apply(source, mutant.edits)
    return text, mutant.start, mutant.end + len(text) - len(source)


def placed(layout: Layout, source: bytes, number: int) -> int:
    """Where the mutant's region starts in the common text, by counting what lies before it."""
    mutant = layout.mutants[number]
    before = [m for m in layout.mutants if m.end <= mutant.start]
    return mutant.start + sum(len(e.replacement) - (e.end - e.start) for m in before for e in m.edits)


@given(mutated())
@LAW
def test_each_region_reads_as_it_does_alone(case: tuple[bytes, list[Mutant]]) -> None:
    source, group = case
    layout = laid_out(source, group)
    for number, mutant in enumerate(group):
        text, start, end = solo(source, mutant)
        at = placed(layout, source, number)
        assert layout.texts[FILE][at : at + end - start] == text[start:end]


@given(mutated())
@LAW
def test_what_no_mutant_changes_stays(case: tuple[bytes, list[Mutant]]) -> None:
    source, group = case
    edits = sorted(edit for mutant in group for edit in mutant.edits)
    assert laid_out(source, group, guarded=False).texts[FILE] == apply(source, edits)


@given(mutated())
@LAW
def test_the_sentinel_stands_behind_all_and_is_nobodys(case: tuple[bytes, list[Mutant]]) -> None:
    source, group = case
    layout = laid_out(source, group)
    text = layout.texts[FILE]
    assert text == laid_out(source, group, guarded=False).texts[FILE] + b"\n" + sentinel(0) + b"\n"
    at = text.index(sentinel(0))
    assert layout.owner(complaint(span(text, at + 3, at + 11))) is None


@given(mutated(), st.data())
@LAW
def test_offsets_of_a_diagnostic_are_brought_back(case: tuple[bytes, list[Mutant]], data: st.DataObject) -> None:
    source, group = case
    layout = laid_out(source, group)
    number = data.draw(st.integers(0, len(group) - 1))
    text, start, end = solo(source, group[number])
    base = placed(layout, source, number)
    a = data.draw(st.integers(0, end - start))
    b = data.draw(st.integers(a, end - start))
    shown = complaint(span(layout.texts[FILE], base + a, base + b))
    assert layout.owner(shown) == number
    back = alone_in(layout, shown, number)
    wanted = span(text, start + a, start + b)
    if back is None:
        assert wanted.line_end == text.count(b"\n") + 1, "only beside the sentinel, on a last line without an end"
    else:
        assert back == complaint(wanted), "bytes and lines as they are alone"


@given(mutated(), st.data())
@LAW
def test_untouched_bytes_have_their_place_in_the_source(case: tuple[bytes, list[Mutant]], data: st.DataObject) -> None:
    source, group = case
    layout = laid_out(source, group)
    number = data.draw(st.integers(0, len(group) - 1))
    mutant, base = group[number], placed(layout, source, number)
    for at in range(mutant.start, mutant.edits[0].start):
        assert layout.source_place(FILE, base + at - mutant.start) == at
    lead = min(m.edits[0].start for m in group)
    assert all(layout.source_place(FILE, at) == at for at in range(lead))
    assert layout.source_place("src/other.rs", 7) == 7


# Whose a diagnostic is.

SOURCE = b"fn a() {\n    1;\n}\n\n\n\n\nfn b() {\n    2;\n}\n\n\n\n\nmacro m;\n"
SEEN = Influence(is_seen=True, spoils=frozenset({"a"}))
PAIR = (
    Mutant((Edit(FILE, 13, 15, b"long;"),), FILE, 0, 17, influence=SEEN),
    Mutant((Edit(FILE, SOURCE.index(b"2;"), SOURCE.index(b"2;") + 2, b"3"),), FILE, 22, 39, influence=SEEN),
)
COMMON = laid_out(SOURCE, PAIR).texts[FILE]
A, B, NOBODY = COMMON.index(b"long"), COMMON.index(b"3\n"), COMMON.index(b"macro")


def at(offset: int, *, primary: bool = True, call: Span | None = None, file: str = FILE) -> Span:
    place = span(COMMON, offset, offset + 1, primary=primary, file=file)
    return replace(place, expansion=Expansion("m!", call)) if call else place


OWNERS = {
    "its primary span": (complaint(at(A)), 0),
    "its first primary span that lies in a region": (complaint(at(NOBODY), at(B)), 1),
    "its primary span before a secondary one": (complaint(at(A, primary=False), at(B)), 1),
    "a macro's call": (complaint(at(NOBODY, call=at(B))), 1),
    "the outermost of nested calls": (complaint(at(NOBODY, call=at(A, call=at(B)))), 1),
    "the call before the definition": (complaint(at(A, call=at(B))), 1),
    "the definition, where the call is nobody's": (complaint(at(A, call=at(NOBODY))), 0),
    "a call of a macro from elsewhere": (complaint(at(0, file="/lib/core.rs", call=at(B))), 1),
    "a secondary span": (complaint(at(NOBODY), at(B, primary=False)), 1),
    "a child": (complaint(at(NOBODY), children=[complaint(at(B))]), 1),
    "a child's child": (complaint(at(NOBODY), children=[complaint(children=[complaint(at(A))])]), 0),
    "a secondary span before a child": (complaint(at(A, primary=False), children=[complaint(at(B))]), 0),
    "no place of a mutant": (complaint(at(NOBODY)), ""),
    "no place": (complaint(), ""),
    "another file": (complaint(at(A, file="src/other.rs")), ""),
}


@pytest.mark.parametrize("told", OWNERS)
def test_a_diagnostic_belongs_to_the_mutant_at(told: str) -> None:
    diagnostic, owner = OWNERS[told]
    assert laid_out(SOURCE, PAIR).owner(diagnostic) == owner


POINTED = ("a secondary span", "a child", "a child's child", "a secondary span before a child")


def test_an_error_elsewhere_that_points_to_what_nobody_sees_is_of_another_one() -> None:
    """What a trait says is changed: its impl is pointed to, whatever is wrong in there."""
    unseen = laid_out(SOURCE, [replace(mutant, influence=Influence()) for mutant in PAIR])
    for told, (diagnostic, owner) in OWNERS.items():
        assert unseen.owner(diagnostic) == ("" if told in POINTED else owner)
        lint = replace(diagnostic, level="warning", code="dead_code")
        assert unseen.owner(lint) == owner, "a lint may be of any"


def test_what_is_inserted_at_the_edges_of_a_region_is_its_own() -> None:
    edges = [
        Mutant((Edit(FILE, 0, 0, b"const "), Edit(FILE, 17, 17, b" }")), FILE, 0, 17),
        Mutant((Edit(FILE, 22, 22, b"const "), Edit(FILE, 39, 39, b" }")), FILE, 22, 39),
    ]
    layout = laid_out(SOURCE, edges)
    text = layout.texts[FILE]
    ends = [text.index(b"} }") + 2, text.rindex(b"} }") + 2]
    assert [layout.owner(complaint(span(text, at, at + 1))) for at in ends] == [0, 1]
    starts = [text.index(b"const"), text.rindex(b"const")]
    assert [layout.owner(complaint(span(text, at, at + 1))) for at in starts] == [0, 1]


def alone_in(layout: Layout, diagnostic: Diagnostic, owner: int) -> Diagnostic | None:
    """None where another mutant shows."""
    try:
        return layout.alone(diagnostic, owner)
    except Entangled:
        return None


@pytest.mark.parametrize(("lines", "is_free"), [(0, False), (1, False), (3, True), (9, True)])
def test_a_diagnostic_that_shows_the_lines_of_another_mutant_needs_its_own_run(lines: int, is_free: bool) -> None:
    """rustc shows up to three lines between two that it points at."""
    source = b"fn a() { 1 }\nfn b() { 2 }\n" + b"\n" * lines + b"struct C;\n" + b"\n" * 4
    pair = [Mutant((Edit(FILE, n + 9, n + 10, b"one"),), FILE, n, n + 12) for n in (0, 13)]
    layout = laid_out(source, pair)
    text = layout.texts[FILE]
    at, other, far = text.index(b"one"), text.rindex(b"one"), text.index(b"struct")
    own = span(text, at, at + 3)
    assert layout.alone(complaint(own), 0) == complaint(own)
    elsewhere = complaint(own, children=[complaint(span(text, other, other + 3))])
    with pytest.raises(Entangled) as entangled:
        layout.alone(elsewhere, 0)
    assert entangled.value.other == 1
    pointed = complaint(own, span(text, far, far + 6, primary=False))
    grown = len(text.removesuffix(b"\n" + sentinel(0) + b"\n")) - len(source) - 2
    alone = complaint(own, replace(pointed.spans[1], byte_start=far - grown, byte_end=far - grown + 6))
    assert alone_in(layout, pointed, 0) == (alone if is_free else None)


@pytest.mark.parametrize("new", [b" 1 ", b"\n    1;\n    2;\n    3\n"])
def test_what_lies_below_lines_that_come_or_go_is_brought_back(new: bytes) -> None:
    source = b"impl S {\nfn a() {\n    1\n}\n}\nfn b() {}\n" + b"\n" * 9 + b"fn c() {}\n" + b"\n" * 9
    other = Mutant((Edit(FILE, 34, 36, b"{\n}"),), FILE, 27, 36)
    layout = laid_out(source, [Mutant((Edit(FILE, 17, 24, new),), FILE, 9, 25), other])
    text, alone = layout.texts[FILE], apply(source, layout.mutants[0].edits)
    told = [
        complaint(span(code, code.index(b"1"), code.index(b"1") + 1), span(code, end, end + 4, primary=False))
        for code in (text, alone) for end in [code.index(b"fn c")]
    ]  # fmt: skip
    assert layout.alone(told[0], 0) == told[1]
    whole = [complaint(span(code, 0, code.index(b"}\n}") + 3)) for code in (text, alone)]
    assert layout.alone(whole[0], 0) == whole[1]
    assert alone_in(layout, complaint(span(text, 0, text.index(b"fn b") + 4)), 0) is None, "the other shows"


@pytest.mark.parametrize(("column", "line"), [(13, 3), (16, 5), (9, 3)])
def test_a_closure_is_named_by_its_file_without_folders(column: int, line: int) -> None:
    """Whose file that is, the code at the place tells: its own, the one where another removes two lines, no one's."""
    source = b"fn a() {\n    1\n}\nfn b() {\n    let f = || 2;\n}\n"
    texts = {FILE: source, "src/m/lib.rs": source.replace(b"let f", b"let long")}
    group = [Mutant((Edit(file, 8, 15, b" 1 "),), file, 0, 16) for file in texts]
    layout = Layout(group, lambda file: texts[file], sentinel)
    told = replace(complaint(span(layout.texts[FILE], 9, 10)), message=f"`{{closure@lib.rs:3:{column}: 3:15}}`")
    alone = layout.alone(told, 0)
    assert alone.message == f"`{{closure@lib.rs:{line}:{column}: {line}:15}}`"


def test_files_that_are_named_get_a_sentinel_each_of_its_own() -> None:
    layout = Layout(PAIR, lambda _: SOURCE, sentinel, ["src/b.rs", "src/a.rs"])
    tails = [layout.texts[file].removeprefix(SOURCE) for file in ("src/a.rs", "src/b.rs")]
    assert tails == [b"\n" + sentinel(n) + b"\n" for n in (0, 1)]
    assert layout.texts[FILE] == COMMON.replace(sentinel(0), sentinel(2))


# Rounds.


@given(mutated(), st.data())
@LAW
def test_no_two_of_a_round_share_a_line_and_all_are_placed(
    case: tuple[bytes, list[Mutant]], data: st.DataObject
) -> None:
    source, once = case
    group = data.draw(st.lists(st.sampled_from(once), max_size=10))
    found = rounds(group, lambda _: source)
    assert sorted(number for numbers in found for number in numbers) == list(range(len(group)))
    assert all(numbers == sorted(numbers) for numbers in found), "the order is that of the mutants"
    held = [{line for n in numbers for line in lines(source, group[n])} for numbers in found]
    for numbers, taken in zip(found, held, strict=True):
        assert len(taken) == sum(len(lines(source, group[n])) for n in numbers)
    for later, numbers in enumerate(found):
        for n in numbers:
            earlier = [{x for m in found[k] if m < n for x in lines(source, group[m])} for k in range(later)]
            assert all(taken & lines(source, group[n]) for taken in earlier), "each is in the first that takes it"


def rounds(mutants: Sequence[Mutant], read: Callable[[str], bytes]) -> list[list[int]]:
    """All groups, one after the other."""
    found, left, queue = list[list[int]](), list(range(len(mutants))), Rounds(mutants, read)
    while left:
        found.append(queue.next(left))
        left = [n for n in left if n not in found[-1]]
    return found


def lines(source: bytes, mutant: Mutant) -> set[int]:
    return set(range(line_of(source, mutant.start), line_of(source, max(mutant.start, mutant.end - 1)) + 1))


def test_regions_on_one_line_are_in_two_rounds_and_files_do_not_meet() -> None:
    one = b"fn a() {} fn b() {\n} fn c() {}\n"
    regions = [(0, 9), (10, 20), (21, 30), (0, 9)]
    group = [Mutant((Edit(FILE, a, a, b"x"),), FILE, a, b) for a, b in regions]
    other = replace(group[0], file="src/other.rs")
    assert rounds([*group, other], lambda _: one) == [[0, 2, 4], [1], [3]]
    assert rounds([], lambda _: one) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "a", "b", "cd"]), st.booleans()), max_size=12))
@LAW
def test_nobody_in_a_round_needs_what_another_spoils(parts: list[tuple[str, str, bool]]) -> None:
    """Each line has a name and may call others; those that change what is seen never meet those that do not."""
    lines = [f"fn {name}() {{ {called} }}\n".encode() for name, called, _ in parts]
    starts = [sum(len(line) for line in lines[:n]) for n in range(len(lines))]
    places = [(at, at + len(line) - 1) for at, line in zip(starts, lines, strict=True)]
    group = [
        Mutant((Edit(FILE, at, at, b"x"),), FILE, at, end, (), Influence(is_seen, frozenset(name), frozenset(called)))
        for (at, end), (name, called, is_seen) in zip(places, parts, strict=True)
    ]
    found = rounds(group, lambda _: b"".join(lines))
    assert sorted(n for numbers in found for n in numbers) == list(range(len(group)))
    for numbers in found:
        assert len({parts[n][2] for n in numbers}) == 1
        for n in numbers:
            assert parts[n][0] not in {word for m in numbers if m != n for word in parts[m][1]}


def test_what_shows_the_code_of_another_is_beside_nobody_there_from_then_on() -> None:
    source = b"".join(b"fn f%d() {}\n" % n for n in range(4))
    group = [Mutant((Edit(FILE, at, at, b"x"),), FILE, at, at + 9) for at in (0, 11, 22, 22, 33)]
    queue = Rounds(group, lambda _: source)
    assert queue.next(range(5)) == [0, 1, 2, 4]
    queue.part(0, 2)
    assert queue.next(range(5)) == [0, 1, 4], "neither with it nor with another of its region"
    assert queue.next([2, 0, 1]) == [2, 1]
    queue.part(1, 2)
    assert queue.next(range(5)) == [0, 1, 4], "two may show the same region"
    queue.part(2, 0)
    assert queue.next([0, 2]) == [0]
