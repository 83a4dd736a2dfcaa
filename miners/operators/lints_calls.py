"""Mistakes that clippy finds in calls of methods: the long way round where one method says it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import Form, LintOperator, Reworded
from oxidizer.miners.operators.operator import Code, Site, ancestor
from oxidizer.miners.operators.shapes import LITERALS, PRIMARY, method
from oxidizer.miners.operators.surroundings import function_of, parameter_types
from oxidizer.miners.operators.wording import short

_QUOTES = ("'\"'", "'\\''")
"""Characters that are written otherwise in a string."""
_CLOSURE = ("closure_expression",)
_TEXTS = "name|text|str|string|key|label|path|title|message|host|prefix|suffix"
_INDEX = ("identifier", "integer_literal", "binary_expression", "call_expression", "field_expression")


class NthZero(Reworded):
    """`next()` becomes `nth(0)`."""

    name = "next_by_nth_zero"
    codes = ("clippy::iter_nth_zero",)
    rationale = "An iterator's next element is asked for with `next`; people who think of indices write `nth(0)`."
    forms = (Form("next", 0, ".nth(0)"),)
    because = "`{value}` is asked for its element 0 with `nth(0)` where `next()` gives the next one"

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call in a free function: clippy leaves those of types alone."""
        if ancestor(node, "impl_item", "trait_item") is None:
            yield from super().sites(node, code)


class FirstByGet(Reworded):
    """`first()` becomes `get(0)`."""

    name = "first_by_get_zero"
    codes = ("clippy::get_first",)
    rationale = "A slice has `first` for its first element; `get(0)` is what one writes by habit from indexing."
    forms = (Form("first", 0, ".get(0)"),)
    because = "the first element of `{value}` is read with `get(0)` where `first()` says so"


class GetByNth(Reworded):
    """`get(i)` becomes `iter().nth(i)`."""

    name = "get_by_iter_nth"
    codes = ("clippy::iter_nth",)
    rationale = "What can be indexed needs no iterator to reach an element: `get` is shorter and does not step."
    forms = (Form("get", 1, ".iter().nth({})", first=_INDEX),)
    because = "an element of `{value}` is reached with `iter().nth(..)` where `get(..)` indexes it"


class PositionIsSome(Reworded):
    """`any(p)` becomes `position(p).is_some()`."""

    name = "any_by_position"
    codes = ("clippy::search_is_some",)
    rationale = "Whether some element fits is what `any` answers; a search that asks whether it found one is a detour."
    forms = (Form("any", 1, ".position({}).is_some()"),)
    because = "`{value}` is searched with `position(..)` only to ask `is_some()`, which `any(..)` answers"


class FilterNext(Reworded):
    """`find(p)` becomes `filter(p).next()`."""

    name = "find_by_filter_next"
    codes = ("clippy::filter_next",)
    rationale = "The first element that fits is what `find` gives; `filter` and then `next` says it in two steps."
    forms = (Form("find", 1, ".filter({}).next()", first=_CLOSURE),)
    because = "`{value}` goes through `filter(..).next()`, which is `find(..)`"


class MapFlatten(Reworded):
    """`flat_map(f)` and `and_then(f)` become `map(f).flatten()`."""

    name = "map_then_flatten"
    codes = ("clippy::map_flatten",)
    rationale = "`map` followed by `flatten` is one method, `flat_map` or `and_then`, which people forget."
    forms = tuple(Form(name, 1, ".map({}).flatten()") for name in ("flat_map", "and_then"))
    because = "`{value}` goes through `map(..).flatten()` where `{name}(..)` does both"


class FlatMapOption(Reworded):
    """`filter_map(f)` becomes `flat_map(f)`."""

    name = "flat_map_of_option"
    codes = ("clippy::flat_map_option",)
    rationale = "A closure that gives an `Option` belongs into `filter_map`; `flat_map` hides that at most one comes."
    forms = (Form("filter_map", 1, ".flat_map({})"),)
    because = "`flat_map` on `{value}` gets a closure that gives an `Option`, which is `filter_map`"


class MapClone(Reworded):
    """`cloned()` and `copied()` become a `map` with a closure."""

    name = "copied_by_map"
    codes = ("clippy::map_clone",)
    rationale = "Copying every element has a name, `copied` or `cloned`; a closure that does it is noise."
    forms = (Form("copied", 0, ".map(|x| *x)"), Form("cloned", 0, ".map(|x| x.clone())"))
    because = "the elements of `{value}` are copied by a closure in `map` where `{name}()` does it"


class ClonedForCopied(Reworded):
    """`copied()` becomes `cloned()`."""

    name = "cloned_for_copied"
    codes = ("clippy::cloned_instead_of_copied",)
    rationale = "`copied` promises that the elements are `Copy` and cheap; `cloned` out of habit takes that away."
    forms = (Form("copied", 0, ".cloned()"),)
    because = "`{value}` gives elements that are `Copy`, but they are taken with `cloned()` instead of `copied()`"


class OneCharPattern(LintOperator):
    """`split('x')` becomes `split("x")`."""

    name = "string_for_char_pattern"
    codes = ("clippy::single_char_pattern",)
    rationale = "A pattern of one character is a `char`, which is faster to search than a string of length one."
    nodes = ("char_literal",)
    _methods = frozenset(
        {"split", "find", "rfind", "contains", "starts_with", "ends_with", "splitn", "rsplit", "rsplitn", "split_once",
         "rsplit_once", "trim_matches", "trim_start_matches", "trim_end_matches", "strip_prefix", "strip_suffix",
         "split_terminator", "matches", "replace"}
    )  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A character as the argument of a search."""
        call = method(node.parent.parent if node.parent and node.parent.type == "arguments" else None, code)
        text = code.text(node)
        if call and call.name in self._methods and node in call.args and text not in _QUOTES and text[0] == "'":
            cause = f'`{call.name}` on `{short(code, call.value, 30)}` gets the string `"{text[1:-1]}"` for a `char`'
            yield code.site(cause, code.replace(node, f'"{text[1:-1]}"'))


class PushOneChar(LintOperator):
    """`push('x')` becomes `push_str("x")`."""

    name = "push_str_of_char"
    codes = ("clippy::single_char_add_str",)
    rationale = "One character is added to a string with `push`; `push_str` with a string of length one is a detour."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `push` or `insert` of a literal."""
        call = method(node, code)
        if call is None or call.name not in ("push", "insert") or not call.args:
            return
        text, last = code.text(call.args[-1]), call.args[-1]
        if last.type == "char_literal" and text not in _QUOTES and text[0] == "'":
            cause = f'`{call.name}_str` adds the one character `"{text[1:-1]}"` to `{short(code, call.value, 30)}`'
            yield code.site(cause, code.replace(call.field, f"{call.name}_str"), code.replace(last, f'"{text[1:-1]}"'))


class IntoIterOfIterator(Reworded):
    """`iter()` becomes `iter().into_iter()`."""

    name = "iterator_into_iter"
    codes = ("clippy::useless_conversion",)
    rationale = "An iterator is already one: `into_iter` on it gives back the same value, and is added to be sure."
    forms = (
        *(Form(n, 0, f".{n}().into_iter()") for n in ("iter", "iter_mut", "chars", "bytes", "enumerate", "rev")),
        *(Form(n, 1, f".{n}({{}}).into_iter()") for n in ("zip", "skip", "take", "map", "filter", "split", "chunks")),
    )
    because = "`{old}` is an iterator already, and `into_iter()` converts it to itself"


class IterCount(Reworded):
    """`len()` becomes `iter().count()`."""

    name = "len_by_iter_count"
    codes = ("clippy::iter_count",)
    rationale = "A collection knows its length; counting its elements one by one is a habit from streams."
    forms = (Form("len", 0, ".iter().count()"),)
    because = "the elements of `{value}` are counted with `iter().count()` though it knows its `len()`"

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call on what is not known to be a text."""
        call = method(node, code)
        kind = (
            parameter_types(function_of(node), code).get(code.text(call.value)) if call and call.name == "len" else None
        )
        known = code.text(kind) if kind is not None else "["
        unlikely = call is not None and re.search(
            rf"(?:^|\.)(?:self|inner|iter|other|s|{_TEXTS})$", code.text(call.value)
        )
        if re.search(r"\[|Vec", known) and not (unlikely and kind is None):
            yield from super().sites(node, code)


class BorrowedIntoIter(Reworded):
    """`v.iter()` becomes `(&v).into_iter()`."""

    name = "into_iter_on_borrow"
    codes = ("clippy::into_iter_on_ref",)
    rationale = "`into_iter` on a borrow does what `iter` says plainly; it looks as if the elements were moved out."
    forms = (
        Form("iter", 0, ").into_iter()", before="(&", value=r"^(?!self$)[\w.]+$"),
        Form("iter_mut", 0, ").into_iter()", before="(&mut ", value=r"^(?!self$)[\w.]+$"),
    )
    because = "`into_iter()` on a borrow of `{value}` does not move its elements, which `{name}()` would say"


class FirstCharCompared(Reworded):
    """`starts_with('x')` becomes `chars().next() == Some('x')`."""

    name = "starts_with_by_chars"
    codes = ("clippy::chars_next_cmp", "clippy::chars_last_cmp")
    rationale = "Whether a string begins or ends with a character is asked with one method, not by taking it apart."
    forms = (
        Form("starts_with", 1, ".chars().next() == Some({})", first=("char_literal",)),
        Form("ends_with", 1, ".chars().next_back() == Some({})", first=("char_literal",)),
    )
    because = "`{value}` is taken apart into `chars()` to compare one of them, where `{name}(..)` asks for it"


class OffsetWithCast(Reworded):
    """`p.add(n)` becomes `p.offset(n as isize)`."""

    name = "offset_with_cast"
    codes = ("clippy::ptr_offset_with_cast",)
    rationale = "A pointer moves by a `usize` with `add`; casting the count to `isize` for `offset` is the old way."
    forms = (
        Form("add", 1, ".offset({} as isize)", first=tuple(PRIMARY - LITERALS)),
        Form("add", 1, ".offset(({}) as isize)", first=("binary_expression",)),
    )
    because = "`{value}` is moved by `offset` with a count cast to `isize`, where `add` takes it as it is"


class ToOwnedForClone(Reworded):
    """`clone()` becomes `to_owned()`."""

    name = "to_owned_for_clone"
    codes = ("clippy::implicit_clone",)
    rationale = "`to_owned` on a value that is owned already is a `clone` that does not say so."
    forms = (Form("clone", 0, ".to_owned()", value=rf"(?:{_TEXTS})$"),)
    because = "`{value}` has an owned type, so `to_owned()` only clones it"


class ToStringForToOwned(Reworded):
    """`to_owned()` and `into()` of a text become `to_string()`."""

    name = "to_string_of_str"
    codes = ("clippy::str_to_string",)
    rationale = "A `str` becomes a `String` with `to_owned`; `to_string` goes through `Display`, made for formatting."
    forms = (Form("to_owned", 0, ".to_string()"), Form("into", 0, ".to_string()", value=r'"$'))
    because = "the text `{value}` becomes a `String` by the formatting method `to_string()`"


class GetThenCheck(Reworded):
    """`contains_key(k)` becomes `get(k).is_some()`."""

    name = "contains_by_get"
    codes = ("clippy::unnecessary_get_then_check",)
    rationale = "Whether a key is there is asked with `contains`; fetching its value to see whether it came is not."
    forms = tuple(
        Form(name, 1, ".get({}).is_some()", first=("reference_expression",), value=r"^[\w.]+$")
        for name in ("contains_key", "contains")
    )
    because = "`{value}` is asked with `get(..).is_some()` for what `{name}(..)` answers"


class RevNext(Reworded):
    """`next_back()` becomes `rev().next()`."""

    name = "next_back_by_rev"
    codes = ("clippy::manual_next_back",)
    rationale = "The last element of an iterator with two ends comes from `next_back`, without turning it round."
    forms = (Form("next_back", 0, ".rev().next()", value=r"\)$"),)
    because = "`{value}` is turned round by `rev()` to take one element that `next_back()` gives"


class SkipNext(Reworded):
    """`nth(n)` becomes `skip(n).next()`."""

    name = "nth_by_skip_next"
    codes = ("clippy::iter_skip_next",)
    rationale = "Skipping some elements and taking the next one is what `nth` does."
    forms = (Form("nth", 1, ".skip({}).next()"),)
    because = "`{value}` goes through `skip(..).next()`, which is `nth(..)`"


class ToVecByHand(Reworded):
    """`to_vec()` becomes `iter().cloned().collect()`."""

    name = "to_vec_by_collect"
    codes = ("clippy::iter_cloned_collect",)
    rationale = "A slice becomes a `Vec` with `to_vec`, which copies at once; collecting clones is a habit."
    forms = (Form("to_vec", 0, ".iter().cloned().collect()"),)
    because = "`{value}` is collected element by element, where `to_vec()` copies it"

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call whose type its place tells."""
        if node.parent is not None and node.parent.type in ("block", "field_initializer", "return_expression"):
            yield from super().sites(node, code)


class DigitRadix(Reworded):
    """`is_ascii_digit()` becomes `is_digit(10)`."""

    name = "digit_by_radix"
    codes = ("clippy::is_digit_ascii_radix",)
    rationale = "A `char` has named tests for digits; `is_digit` with 10 or 16 says the same less clearly."
    forms = (Form("is_ascii_digit", 0, ".is_digit(10)"), Form("is_ascii_hexdigit", 0, ".is_digit(16)"))
    because = "`{value}` is tested by `is_digit` with a radix, where `{name}()` names the test"


class SaturatingByHand(Reworded):
    """`saturating_sub(n)` becomes `checked_sub(n).unwrap_or(0)`."""

    name = "saturating_by_checked"
    codes = ("clippy::manual_saturating_arithmetic",)
    rationale = "A subtraction that stops at zero is `saturating_sub`; a checked one with a default is the long way."
    forms = (Form("saturating_sub", 1, ".checked_sub({}).unwrap_or(0)"),)
    because = "`{value}` is reduced by `checked_sub(..).unwrap_or(0)`, which is `saturating_sub(..)`"
