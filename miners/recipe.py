"""Recipes of mining: a function that returns one complete, frozen config; a file may change some of its keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from math import inf
from pathlib import Path
from typing import Any

from oxidizer.cluster.config import RecipeError, changed, read_keys
from oxidizer.cluster.sandbox import Limits
from oxidizer.datasets.records import canonical
from oxidizer.miners.cost import Price

__all__ = ["Injection", "Migration", "Pulls", "Recipe", "RecipeError", "load_recipe", "recipe_of", "starter"]

# Restriction lints contradict each other by design. These teach an idiom; of opposite pairs both are here, since each
# is probed alone over the default groups. `non_ascii_literal` and `implicit_return` drown the rest and teach nothing.
RESTRICTION = (
    "alloc_instead_of_core", "as_pointer_underscore", "as_underscore", "clone_on_ref_ptr", "dbg_macro",
    "decimal_literal_representation", "default_numeric_fallback", "deref_by_slicing",
    "doc_paragraphs_missing_punctuation", "else_if_without_else", "empty_drop", "empty_enum_variants_with_brackets",
    "empty_structs_with_brackets", "exhaustive_enums", "exhaustive_structs", "field_scoped_visibility_modifiers",
    "filetype_is_file", "get_unwrap", "if_then_some_else_none", "impl_trait_in_params", "infinite_loop",
    "integer_division_remainder_used", "let_underscore_untyped", "lossy_float_literal", "map_err_ignore",
    "map_with_unused_argument_over_ranges", "missing_assert_message", "missing_asserts_for_indexing",
    "missing_inline_in_public_items", "mixed_read_write_in_expression", "multiple_inherent_impl", "mutex_atomic",
    "mutex_integer", "needless_raw_strings", "non_zero_suggestions", "pathbuf_init_then_push", "precedence_bits",
    "pub_with_shorthand", "pub_without_shorthand", "question_mark_used", "redundant_test_prefix",
    "redundant_type_annotations", "renamed_function_params", "rest_pat_in_fully_bound_structs", "return_and_then",
    "same_name_method", "semicolon_inside_block", "semicolon_outside_block", "separated_literal_suffix",
    "std_instead_of_alloc", "std_instead_of_core", "str_to_string", "string_add", "string_lit_chars_any", "try_err",
    "unnecessary_safety_comment", "unneeded_field_pattern", "unseparated_literal_suffix", "unused_trait_names",
    "unused_result_ok", "unwrap_in_result", "use_debug", "verbose_file_reads",
)  # fmt: skip

# rustc's lints that are off by default and carry a fix, the edition's among them.
RUSTC = (
    "absolute_paths_not_starting_with_crate", "boxed_slice_into_iter", "deprecated_safe_2024",
    "edition_2024_expr_fragment_specifier", "elided_lifetimes_in_paths", "explicit_outlives_requirements",
    "if_let_rescope", "impl_trait_overcaptures", "impl_trait_redundant_captures", "keyword_idents_2018",
    "keyword_idents_2024", "let_underscore_drop", "macro_use_extern_crate", "missing_unsafe_on_extern",
    "redundant_imports", "redundant_lifetimes", "rust_2021_incompatible_closure_captures",
    "rust_2021_incompatible_or_patterns", "rust_2021_prefixes_incompatible_syntax", "rust_2021_prelude_collisions",
    "rust_2024_guarded_string_incompatible_syntax", "rust_2024_incompatible_pat", "rust_2024_prelude_collisions",
    "single_use_lifetimes", "trivial_casts", "trivial_numeric_casts", "unit_bindings", "unreachable_pub",
    "unsafe_attr_outside_unsafe", "unsafe_op_in_unsafe_fn", "unused_extern_crates", "unused_import_braces",
    "unused_lifetimes", "unused_macro_rules", "unused_qualifications",
)  # fmt: skip


@dataclass(frozen=True)
class Injection:
    """What the injected miner tries and keeps in one crate. Caps are absolute; rare codes and hard cases come first."""

    operators: tuple[str, ...] = ()
    """The operators at work, by name; none named means all."""
    tried_per_function: int = 10
    """Mutants tried per outermost function or item, of those that share runs."""
    tried_errors: int = 780
    """Mutants tried for compile errors, of those that share runs."""
    tried_lints: int = 400
    """Mutants tried for lints."""
    tried_syntax: int = 96
    """Mistakes of syntax tried, of those that share runs."""
    tried_alone: int = 32
    """Mutants tried that need a run of their own, mistakes of syntax among them."""
    tried_manifest: int = 6
    """Mistakes in Cargo.toml tried, each with a run of cargo of its own, which may build dependencies again."""
    tried_tests: int = 40
    """Changes of behaviour tried on the tests."""
    tried_survivors: int = 12
    """Mutants made for the compiler, which it does not mind, tried on the tests."""
    per_code: int = 60
    """Tuples kept per code."""
    per_operator: int = 40
    """Tuples kept per operator."""
    per_function: int = 16
    """Tuples kept per outermost function or item."""
    per_crate: int = 800
    """Tuples kept in all."""
    lint_share: float = 0.4
    """The share of `per_crate` that lints may have."""
    trivial_share: float = 0.2
    """The share of `per_crate` that may be `trivial`: the tool itself is sure of the fix."""
    audit_share: float = 0.0125
    """The share of what the compiler showed without cargo that is judged once more alone, by cargo."""

    alone_without_batch: int = 60
    """Mutants judged alone in a crate whose shared runs cannot be had, or cannot be trusted."""

    def __post_init__(self) -> None:
        for key in fields(self):
            value = getattr(self, key.name)
            if isinstance(value, int) and value < 0:
                raise RecipeError(f"recipe: [injected] {key.name} must be 0 or more, not {value}")
        for name in ("audit_share", "lint_share", "trivial_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise RecipeError(f"recipe: [injected] {name} is a share from 0 to 1, not {share}")


@dataclass(frozen=True)
class Migration:
    """What the migration miner tries and keeps in one crate. Caps are absolute; rare codes come first."""

    moves: tuple[str, ...] = ("edition", "dependency", "future", "toolchain")
    """The kinds of moves, see docs/MINING.md."""
    older: str = ""
    """The toolchain to move from, older than the run's: rustup's name for it, or a sysroot's folder; without it no such
    move. A plan holds the first line of its `rustc --version`.
    """
    new_lints: tuple[str, ...] = ()
    """What the run's toolchain complains of by itself and `older` does not; a plan fills it in."""
    builds: int = 100
    """Builds in which one move is to be mended."""
    rounds: int = 12
    """Those in which the tools' suggestions are laid on, one after the other: errors hide behind errors."""
    fixes: int = 400
    """A move that takes more fixes is given up: each lesson would carry all of them."""
    dependencies: int = 5
    """Moves of dependencies tried."""
    successors: int = 3
    """The crate's own later versions that are looked at for repairs and moves."""
    minimising: int = 90
    """Builds to find which hunks of a later version a move needs."""
    hunks: int = 30
    """A move that needs more hunks of a later version is given up."""
    tried: int = 40
    """Lessons tried per move."""
    per_code: int = 8
    """Lessons tried per code and move, as far as one can tell before."""
    per_function: int = 3
    """Lessons tried per outermost function or item and move."""
    per_crate: int = 100
    """Tuples kept in all."""

    def __post_init__(self) -> None:
        for key in fields(self):
            value = getattr(self, key.name)
            if isinstance(value, int) and value < 0:
                raise RecipeError(f"recipe: [migration] {key.name} must be 0 or more, not {value}")
        known = type(self).moves
        if unknown := [kind for kind in self.moves if kind not in known]:
            raise RecipeError(f"recipe: [migration] moves: no kind {unknown[0]!r}; there are: {', '.join(known)}")


@dataclass(frozen=True)
class Pulls:
    """What the pull-request miner tries and keeps of one repository."""

    per_repository: int = 400
    """Pull requests tried, drawn over its whole history."""
    per_unit: int = 40
    """Pull requests that are built in one target, one after the other."""
    oldest: str = "2015-07-01"
    """The day before which nothing is tried: today's compiler builds next to nothing of before."""
    files: int = 60
    """Files that a change may touch."""
    lines: int = 3000
    """Lines that it may add and delete."""
    diff_bytes: int = 1 << 20
    """Bytes of its whole diff."""
    fixes_per_code: int = 3
    """Compile errors of a unit that become `diag_fix` tuples, per code: most say that something is not there yet."""
    fix_lines: int = 200
    """Lines that each of the two diffs of such a tuple may add and take away."""
    red_commits: int = 2
    """Steps of each proven branch that are looked at: whether the earlier commit does not compile, as one in fifty."""
    chats: int = 10
    """Proven pairs of a unit that are also told as a conversation with tools, at most half of them without a test that
    failed before; each costs a few more runs of cargo.
    """

    def __post_init__(self) -> None:
        for key in fields(self):
            value, least = getattr(self, key.name), 0 if key.name in ("chats", "red_commits") else 1
            if isinstance(value, int) and value < least:
                raise RecipeError(f"recipe: [pulls] {key.name} must be at least {least}, not {value}")
        try:
            date.fromisoformat(self.oldest)
        except ValueError as error:
            raise RecipeError(f"recipe: [pulls] oldest is a day such as 2015-07-01, not {self.oldest!r}") from error


_TABLES = ("injected", "migration", "pulls", "limits", "price")
_MINER_OF = {"injected": "injected", "migration": "migration", "pulls": "pull-requests"}
"""The tables that concern one miner alone."""


@dataclass(frozen=True)
class Recipe:
    """All that decides which tuples a campaign keeps, beside the crates and the seed."""

    groups: tuple[str, ...] = ("style", "complexity", "perf", "correctness", "suspicious", "pedantic", "nursery")
    """clippy's lint groups to harvest whole."""
    restriction: tuple[str, ...] = RESTRICTION
    """clippy's restriction lints to harvest, by name."""
    rustc: tuple[str, ...] = RUSTC
    """rustc's lints to harvest beside those that are on by default."""
    skip: tuple[str, ...] = ("clippy::non_ascii_literal", "clippy::implicit_return")
    """Codes never taken: noise."""
    per_code: int = 6
    """Sure suggestions (MachineApplicable) tried per code and crate."""
    per_item: int = 4
    """Suggestions tried per outermost function or item."""
    unsure_per_code: int = 2
    """Suggestions that may be incorrect, tried per code and crate; what fails is kept as a reject."""
    per_crate: int = 120
    """Suggestions tried per crate, rare codes first."""
    formatting: int = 6
    """rustfmt changes tried per crate."""
    audit_share: float = 0.02
    """Share of what is proven together that is proven once more alone."""
    test_cap_s: float = 90.0
    """Seconds that one test executable may run."""
    injected: Injection = field(default_factory=Injection)
    """What the injected miner tries and keeps."""
    migration: Migration = field(default_factory=Migration)
    """What the migration miner tries and keeps."""
    pulls: Pulls = field(default_factory=Pulls)
    """What the pull-request miner tries and keeps."""
    limits: Limits = field(default_factory=Limits)
    """What a crate's commands may use."""
    price: Price = field(default_factory=Price)
    """What the work costs; decides no tuples."""

    def __post_init__(self) -> None:
        for name in ("per_code", "per_item", "per_crate"):
            if getattr(self, name) < 1:
                raise RecipeError(f"recipe: {name} must be at least 1, not {getattr(self, name)}")
        for name in ("unsure_per_code", "formatting"):
            if getattr(self, name) < 0:
                raise RecipeError(f"recipe: {name} must be 0 or more, not {getattr(self, name)}")
        if not 0 < self.test_cap_s < inf:
            raise RecipeError(f"recipe: test_cap_s is a number of seconds, not {self.test_cap_s}")
        if not 0 <= self.audit_share <= 1:
            raise RecipeError(f"recipe: audit_share is a share from 0 to 1, not {self.audit_share}")

    @property
    def lesson(self) -> dict[str, Any]:
        """The part that decides the tuples, as plain data."""
        return {key: value for key, value in asdict(self).items() if key != "price"}

    def asked(self, miners: Collection[str]) -> dict[str, Any]:
        """As JSON holds it, without what concerns none of the miners."""
        told: dict[str, Any] = json.loads(canonical(self.lesson))
        others = {table for table, miner in _MINER_OF.items() if miner not in miners}
        others |= set(told) - {*_TABLES, "test_cap_s"} if "suggestions" not in miners else set()
        return {key: told[key] for key in self.lesson if key not in others}

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that name this recipe."""
        return hashlib.sha256(canonical(self.lesson)).hexdigest()[:8]


def starter() -> Recipe:
    """The default: every clippy group, the chosen restriction lints, caps that keep one lint from drowning the rest."""
    return Recipe()


def load_recipe(path: Path | None) -> Recipe:
    """The default recipe with the keys of a TOML file laid over it. Raises RecipeError."""
    return changed(starter(), read_keys(path), str(path), _TABLES) if path else starter()


def recipe_of(asked: dict[str, Any]) -> Recipe:
    """The recipe that a run.json holds as plain data. Raises RecipeError."""
    return changed(starter(), asked, "run.json", _TABLES)
