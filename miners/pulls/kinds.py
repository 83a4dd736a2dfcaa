"""Which kind a pull request is of: by what its people call it, and by the shape of its diff.

What each kind goes by:

- safety: words of unsoundness (undefined behaviour, data race, CVE); `unsafe` that goes, as a title says; miri's finds.
- deprecation: words of deprecating and of taking out what was deprecated, or attributes that do.
- migration: another edition, old ways of the language that go, a newer version of a dependency with code that follows.
- dependency: a dependency of all code comes, and the title or nothing else speaks; `rationale` is what is said of it.
- perf: words of speed, allocation and inlining; benches that change with code beside them.
- bug_fix: words of mending and of what goes wrong; a label `bug`; an issue that it fixes, where nothing new is public.
- refactor: words of tidying; nothing but tests changes; and what says and shows nothing else.
- feature: words of adding; public items come.

The first rule that holds decides, from the surest to the weakest: prefix, label, title, diff, commit messages and body.
Nothing is drawn by chance and nothing is read but what is given here, so equal input gives equal kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from oxidizer.datasets.records.pulls import Kind
from oxidizer.miners.pulls.shape import Shape

_PREFIX: dict[str, Kind] = {
    "fix": "bug_fix", "bugfix": "bug_fix", "hotfix": "bug_fix", "feat": "feature", "feature": "feature",
    "perf": "perf", "refactor": "refactor", "style": "refactor", "chore": "refactor", "deprecate": "deprecation",
    "deps": "dependency", "security": "safety",
}  # fmt: skip
_LABELS: tuple[tuple[str, Kind], ...] = (
    (r"security|soundness|unsound|\bI-?unsound|advisory", "safety"),
    (r"deprecat", "deprecation"),
    (r"perf(ormance)?\b|optimi[sz]ation|speed", "perf"),
    (r"\bbug\b|regression|\bfix\b", "bug_fix"),
    (r"migration|edition", "migration"),
    (r"refactor|clean-?up|tech(nical)?[- ]debt|code[- ]quality", "refactor"),
    (r"enhancement|feature", "feature"),
)
_TITLE: tuple[tuple[str, Kind], ...] = (
    (
        r"unsound|soundness|undefined behaviou?r|\bUB\b|use[- ]after[- ]free|double[- ](free|drop)|data race|memory"
        r"[- ]?(safe|unsafe|corrupt)|uninitiali[sz]ed|out[- ]of[- ]bounds (read|write|access)|buffer overflow|\bCVE-|"
        r"RUSTSEC|\bmiri\b|aliasing|stacked borrows|provenance|(remove|avoid|drop|less|reduce|no|forbid|eliminate)\b.*"
        r"\bunsafe\b|panic safety|exception safety",
        "safety",
    ),
    (r"deprecat", "deprecation"),
    (
        r"\bedition\b|rust[ -]?20(18|21|24)|migrat|\bport(ing)? (to|from)\b|\b(upgrade|update|bump|switch|move|convert"
        r"|adapt|transition)(s|d|ed|ing)?\b.*\b(to|for|new)\b.*(\d|stable|nightly|edition|\bapi\b|\bcore\b)"
        r"|\b(upgrade|update|bump)(s|d|ing)?\b.*\b(dep|dependenc|crate)|\bmsrv\b|minimum (supported )?rust"
        r"|(fix|for|on|with|latest|new|current|newest|recent)\b.*\bnightl|\bto (latest|new) rust|rustup"
        r"|breaking changes"
        r"|(keep|catch|catching) up with|works? on \d",
        "migration",
    ),
    (
        r"\b(faster|speed|fast path|perf(ormance)?|optimi[sz]\w*|slow|throughput|simd|sse\d?|avx\d?|neon|vectori[sz]\w*"
        r"|swar|inlin(e|ing)|(avoid|reduce|fewer|less|eliminate|remove|unnecessary|without)\b.*\b(alloc\w*|cop(y|ies|ying)"
        r"|clon\w+|bounds? check\w*|memcpy|branch\w*|overhead)"
        r"|re-?us(e|ing)\b.*\b(buffers?|alloc\w*)|code ?size|binary size"
        r"|compile[- ]times?)\b",
        "perf",
    ),
    (
        r"\b(fix(e[sd]|ing)?|bug(s|fix)?|regress\w*|incorrect\w*|wrong\w*|panic(s|ked|king)?|crash\w*|overflow\w*|broken"
        r"|breakage|leak\w*|hang\w*|off[- ]by[- ]one|correct(ly)?|handle\w*|prevent\w*|reject\w*|don'?t|do not|should"
        r"|mistake|repair\w*|work ?around|error out|invalid|ensure\w*|properly|typo\w*|instead of"
        r" (abort|panick?|fail|error)\w*)\b",
        "bug_fix",
    ),
    (
        r"\b(refactor\w*|clean(ed|ing|s)?[- ]?up|simplif\w+|renam\w+|reorgani[sz]\w+|restructur\w+|extract\w*"
        r"|mov(e|es|ed|ing)|split\w*|tid(y|ied|ying)|unify|dedup\w*|deduplicat\w+|reformat|rustfmt|clippy|lint\w*|warnings?|unused"
        r"|dead code|rewrit\w+|reduce|style|nits?|moderni[sz]\w+|idiomatic|redundant|remove|drop|delete|replace\w*|use"
        r"|consolidat\w+|merge|reuse|inherit|re-?work\w*)\b",
        "refactor",
    ),
    (
        r"\b(add\w*|implement\w*|impl|support\w*|introduc\w+|new|allow\w*|enabl\w+|expos\w+|provid\w+|extend\w*|make"
        r"|feature|creat\w+|derive\w*|stabili[sz]\w+|export|accept|permit|no_?std|serde|const|into|from|public|pub)\b",
        "feature",
    ),
)
_FIXES_ISSUE = re.compile(
    r"\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\b:?\s+(?:[\w./-]*#|https?://\S+/issues/)\d+", re.I
)
_VERBS_OF_ADDING = re.compile(r"^\W*(?:add|implement|impl|support|introduce|allow|expose|provide|enable)\w*\b", re.I)
_BEGINS_FIXING = re.compile(r"^\W*(?:\w+\W+)?(?:fix|bug|bugfix)(?:e[sd])?\b(?!.*\b(?:slow|perf))", re.I)
_FOR_TOOLS = re.compile(r"\b(?:clippy|rustfmt|lints?|warnings?)\b", re.I)
_MOST_TOLD = 4000


@dataclass(frozen=True)
class Told:
    """What people said of a pull request."""

    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    """Those of its commits, whole."""

    @property
    def aside(self) -> str:
        """Body and first lines of the messages: much is said there in passing."""
        heads = [message.strip().partition("\n")[0] for message in self.messages]
        return "\n".join([*heads, self.body])[:_MOST_TOLD]


@dataclass(frozen=True)
class Rule:
    """One thing that a kind is told by."""

    name: str
    kind: Kind
    holds: Callable[[Told, Shape], bool]


def kind_of(told: Told, shape: Shape) -> Kind:
    """The kind of a pull request."""
    return deciding(told, shape).kind


def deciding(told: Told, shape: Shape) -> Rule:
    """The rule that decides: the first that holds."""
    return next(rule for rule in RULES if rule.holds(told, shape))


def rationale(told: Told, shape: Shape) -> str:
    """What is said of the dependencies that come: the paragraphs that name one, in order; "" where nothing is."""
    names = [re.escape(name).replace("_", "[-_]").replace(r"\-", "[-_]") for name in shape.dependencies_added]
    if not names:
        return ""
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(names)})(?![\w-])", re.IGNORECASE)
    paragraphs = [
        part.strip() for text in (told.title, told.body, *told.messages) for part in re.split(r"\n\s*\n", text)
    ]
    return "\n\n".join(dict.fromkeys(part for part in paragraphs if pattern.search(part)))


def _prefixed(told: Told) -> Kind | None:
    """The kind by a conventional prefix: `fix(parser)!: ...`."""
    match = re.match(r"\s*\[?(\w+)\]?(?:\([^)]*\))?!?:\s", told.title)
    return _PREFIX.get(match[1].lower()) if match else None


def _by_prefix(kind: Kind) -> Rule:
    return Rule(f"prefix says {kind}", kind, lambda told, shape: _prefixed(told) == kind)


def _by_label(pattern: str, kind: Kind) -> Rule:
    label = re.compile(pattern, re.IGNORECASE)
    return Rule(f"label says {kind}", kind, lambda told, shape: any(map(label.search, told.labels)))


def _by_title(pattern: str, kind: Kind) -> Rule:
    words = re.compile(pattern, re.IGNORECASE)
    return Rule(f"title says {kind}", kind, lambda told, shape: words.search(told.title) is not None)


def _by_aside(pattern: str, kind: Kind) -> Rule:
    words = re.compile(pattern, re.IGNORECASE)
    return Rule(f"messages or body say {kind}", kind, lambda told, shape: words.search(told.aside) is not None)


def _adds(told: Told) -> bool:
    """The title begins with a word of adding."""
    return _VERBS_OF_ADDING.match(told.title) is not None


def _adds_dependency(told: Told, shape: Shape) -> bool:
    """One comes that the title names, or a title says no more than that one comes."""
    if not shape.dependencies_added:
        return False
    title = told.title.lower().replace("_", "-")
    named = any(re.search(rf"(?<![\w-]){re.escape(n.lower().replace('_', '-'))}(?![\w-])", title)
                for n in shape.dependencies_added)  # fmt: skip
    return named or re.search(r"\bdependenc(y|ies)\b|\bcrate\b", title) is not None


def _follows_edition(told: Told, shape: Shape) -> bool:
    return shape.edition_changed or (shape.old_ways_removed >= 3 and 4 * shape.old_ways_removed >= shape.code_removed)


def _takes_out_deprecated(told: Told, shape: Shape) -> bool:
    return shape.deprecated_removed > 0 and shape.public_removed > 0


_SAFETY, _DEPRECATION, _MIGRATION, _PERF, _BUG, _REFACTOR, _FEATURE = (_by_title(*row) for row in _TITLE)
_BUG_ASIDE = _by_aside(_TITLE[4][0], "bug_fix")

RULES: tuple[Rule, ...] = (
    *(_by_prefix(kind) for kind in dict.fromkeys(_PREFIX.values())),
    _by_label(*_LABELS[0]),
    _SAFETY,
    _by_label(*_LABELS[1]),
    _DEPRECATION,
    Rule("what was deprecated goes", "deprecation", _takes_out_deprecated),
    Rule("the title names a dependency that comes", "dependency", _adds_dependency),
    *(_by_label(*row) for row in _LABELS[2:]),
    Rule("the edition is another one", "migration", lambda told, shape: shape.edition_changed),
    _MIGRATION,
    Rule("begins with fixing", "bug_fix", lambda told, shape: _BEGINS_FIXING.match(told.title) is not None),
    _PERF,
    Rule("tidies for a tool", "refactor", lambda told, shape: _FOR_TOOLS.search(told.title) is not None),
    Rule("says that it adds, and something public comes", "feature", lambda t, s: _adds(t) and s.public_added > 0),
    _BUG,
    Rule("nothing but tests changes", "refactor", lambda t, s: s.test_lines > 0 and s.code_added + s.code_removed == 0),
    Rule("says that it adds", "feature", lambda told, shape: _adds(told)),
    Rule("old ways go", "migration", _follows_edition),
    _REFACTOR,
    _FEATURE,
    Rule("fixes an issue, and nothing public comes", "bug_fix",
         lambda told, shape: shape.public_added == 0 and _FIXES_ISSUE.search(told.aside) is not None),
    Rule("what is unsafe goes", "safety", lambda t, s: s.unsafe_removed > s.unsafe_added and s.public_added == 0),
    Rule("attributes deprecate", "deprecation", lambda told, shape: shape.deprecated_added > 0),
    Rule("a dependency moves, and code follows", "migration",
         lambda told, shape: bool(shape.dependencies_changed) and shape.code_removed > 0 and shape.public_added == 0),
    Rule("a dependency comes", "dependency",
         lambda told, shape: bool(shape.dependencies_added) and shape.public_added == 0),
    Rule("public items come", "feature", lambda told, shape: shape.public_added > shape.public_removed),
    Rule("benches change with code", "perf",
         lambda told, shape: shape.bench_lines > 0 and shape.code_added > 0 and shape.bench_lines >= shape.test_lines),
    *(_by_aside(pattern, kind) for pattern, kind in (_TITLE[0], _TITLE[3])),
    _BUG_ASIDE,
    Rule("tests come with a change inside", "bug_fix", lambda t, s: s.test_lines > 0 and s.code_added > 0),
    Rule("nothing else is said", "refactor", lambda told, shape: True),
)  # fmt: skip
"""From the surest to the weakest."""
