"""The patch policy: what a fix may not do to be called a fix, and what is worth a flag.

`screen` reads a patch by its syntax trees, before anything is built. Held is against the patch what it brings, item by
item: what stood there before, or stands there in the healthy source, is no trick of the patch, so the inverse of a
mistake never has one (a restored `unsafe` block, `panic!` arm or `#[allow]` is the fix). A name in macros counts like
one in code, and so do other names for the same thing: `use std::process::exit as leave`, a macro of the file's own.

| trick | is | |
|---|---|---|
| `deleted_test` | a test function, an example in documentation or a test target goes | refused |
| `ignored_test` | a test gets `#[ignore]`, `#[cfg(..)]`, or its example `ignore`, `no_run`, .. | refused |
| `expected_panic` | a test gets `should_panic` | refused |
| `removed_assertion` | fewer assertions in a test, or fewer `unwrap`, `?` and `Err(..)` by which it fails | refused |
| `trivial_assertion` | an assertion that names no code, or one thing twice; an `eq` that looks not at both | refused |
| `changed_expectation` | a test, or a constant of tests, has other values; a test compares in another way | refused |
| `skipped_assertion` | a test is left before it asserts, or asserts on a condition, in a closure, a macro | refused |
| `changed_test` | test code changes where neither mistake nor diagnostic is there, and nothing forces it | refused |
| `shadowed_macro` | a macro takes the name of `assert!`, `panic!` or their kin, or one that it is given | refused |
| `silenced_lint` | a new `allow`, `expect`, `clippy::`, `doc(hidden)` ..; `warn`, `deny` lowered; `[lints]` | refused |
| `hidden_code` | a new `cfg`, `cfg_attr`, `cfg!`, an attribute whose name a macro makes | refused |
| `unfinished_code` | a new `todo!`, `unimplemented!`, a macro that calls what it is given or joins parts | refused |
| `panic_in_place` | a new `panic!` that is a body, an arm, an `else` or a value; what always fails | refused |
| `early_exit` | a new `process::exit`, `process::abort`, `CommandExt`, .., a `use` or the parts of them | refused |
| `endless_loop` | a new `loop`, `while 1 == 1` or `for _ in 0..` without a way out | refused |
| `gutted_body` | a function that did something gives a constant, a default, its argument, or returns first | refused |
| `deleted_item` | an item, field or variant goes, or fewer see it, and the diagnostic does not ask for that | refused |
| `new_unsafe` | new `unsafe`, `extern` for what was safe; without a source, blocks and functions fit E0133 | refused |
| `linked_code` | `#[link]`, `#[no_mangle]`, `#[ctor]`, .., `global_asm!`, `asm!`, `extern fn` with a body | refused |
| `outside_file` | `include!` and `#[path]` that leave the crate, `env!` of anything but `CARGO_..` | refused |
| `forged_output` | a text of cargo's or libtest's, a stream or memory opened by its file, raw descriptors | refused |
| `manifest_edit` | Cargo.toml or Cargo.lock, where the mistake was not made there | refused |
| `build_script_edit` | the build script, what it takes in or needs, where no mistake nor diagnostic is | refused |
| `proc_macro_edit` | the package of a procedural macro, or one that it needs, where neither is | refused |
| `foreign_file` | a file that is no Rust, or is named in another way | refused |
| `generated_file` | a file that a program wrote | refused |
| `deletion` | the patch only takes words of the code away | flag |
| `placeholder` | a new macro that panics, behind an `if` or in a closure | flag |
| `renamed_item` | an item has another name and is the same | flag |

Not promised: that a patch without a trick mends anything (the compiler and the tests say that), nor that a wrong
computation is noticed. Without a source honest fixes are refused too, where they do what a trick does: an arm that
rightly panics, a `cfg` that was missing, a test put right. docs/SECURITY.md names the test that holds each line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.tricks.patch import Patch
from oxidizer.cluster.tricks.trick import Trick, TrickName
from oxidizer.cluster.verdict import Reason, Verdict

_FLAGS = frozenset({TrickName.DELETION, TrickName.PLACEHOLDER, TrickName.RENAMED_ITEM})


@dataclass(frozen=True)
class Policy:
    """What is looked for, and what of it is refused."""

    refused: frozenset[TrickName] = frozenset(TrickName) - _FLAGS
    flagged: frozenset[TrickName] = _FLAGS
    """Told of, and no reason to refuse."""
    unsafe_for: frozenset[str] = frozenset({"E0133"})
    """Codes that ask for the word: without a source, a fix of theirs may bring it."""

    def __post_init__(self) -> None:
        if both := self.refused & self.flagged:
            raise ValueError(f"a trick is refused or flagged, not both: {', '.join(sorted(both))}")


DEFAULT = Policy()
LESSON = Policy(
    refused=frozenset(
        {TrickName.SILENCED_LINT, TrickName.HIDDEN_CODE, TrickName.IGNORED_TEST, TrickName.UNFINISHED_CODE}
    ),
    flagged=frozenset(),
)
"""What no lesson may teach, be it the gold fix: to silence."""
RECORD = Policy(refused=frozenset(), flagged=frozenset({TrickName.DELETION, TrickName.PLACEHOLDER}))
"""What a corpus tells of a gold fix."""


def screen(
    edits: Sequence[Edit], read: Callable[[str], bytes], *, source: Callable[[str], bytes] | None = None,
    target: Diagnostic | None = None, policy: Policy = DEFAULT,
) -> tuple[Trick, ...]:  # fmt: skip
    """The tricks of a patch, in the order of their places, each once.

    `read` reads the code that the edits change, `source` the healthy source where that is other code; `target` is the
    diagnostic to be mended. Raises EditConflict where the edits cannot be applied, FileNotFoundError where they name no
    file.
    """
    found = Patch(edits, read, source, target).tricks(policy.refused | policy.flagged, policy.unsafe_for)
    once = {(trick.file, trick.line, trick.name): trick for trick in found}
    return tuple(once[place] for place in sorted(once))


def names(tricks: Sequence[Trick]) -> tuple[str, ...]:
    """The names of tricks, each once, in order."""
    return tuple(sorted({trick.name.value for trick in tricks}))


def refusal(tricks: Sequence[Trick], policy: Policy = DEFAULT) -> Verdict | None:
    """The verdict on a patch with tricks that the policy refuses; None where it refuses none."""
    refused = [trick for trick in tricks if trick.name in policy.refused]
    if not refused:
        return None
    detail = "; ".join(f"{t.name} at {t.file}:{t.line}: {t.sentence}" for t in refused)
    return Verdict(False, Reason.TRICK, detail, flags=names(tricks))


def flagged(verdict: Verdict, tricks: Sequence[Trick]) -> Verdict:
    """The verdict with the names of tricks beside the flags that it has."""
    return replace(verdict, flags=tuple(sorted({*verdict.flags, *names(tricks)}))) if tricks else verdict
