"""Repositories whose pull requests are traps for evidence: each lands something of which the right verdict is known."""

from collections.abc import Mapping
from pathlib import Path

from tests.unit.made_repository import MadeRepository

MANIFEST = '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n'
MODULES = ("merged", "squashed", "rebased", "lower", "upper", "dev", "turns", "yanked", "red")

_TURNS = """\
use std::fs;

/// Ends as the next letter of a pattern says, P or F, and well behind its end.
fn turn(name: &str, pattern: &str) {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    let before = fs::read(&path).unwrap_or_default().len();
    fs::write(&path, vec![0; before + 1]).unwrap();
    assert_ne!(pattern.as_bytes().get(before), Some(&b'F'));
}
"""


def module(value: int, said: int | None = None, above: str = "", tests: str = "") -> str:
    """A module with a value, and a test of what it should be."""
    return (
        f"{above}pub fn value() -> u32 {{\n    {value}\n}}\n\n#[cfg(test)]\nmod tests {{\n"
        f"    #[test]\n    fn is_right() {{\n        assert_eq!(super::value(), {said or value});\n    }}\n{tests}}}\n"
    )


def test(name: str, body: str) -> str:
    """A test function."""
    return f"#[test]\nfn {name}() {{\n    {body}\n}}\n"


def calc(folder: Path) -> tuple[MadeRepository, dict[str, str]]:
    """One package whose every pull request is a scenario, in the order in which they land; their commits after."""
    repo = MadeRepository(folder / "octo+calc.git")
    # In a quarter that has cfg-if 1.0.0 and none after it.
    repo.clock = 1_604_000_000
    repo.commit({"Cargo.toml": MANIFEST, **_first()}, "First")
    landed = {
        "merged": repo.merge_pull(1, _with_a_red_commit(_documented(2, moved="pub fn new() {}\n\n"))),
        "squashed": repo.squash_pull(2, [_under_a_compile_error()]),
        "rebased": repo.rebase_pull(
            3,
            [
                {"src/rebased.rs": module(2)},
                {"tests/one.rs": test("works", "assert_eq!(calc::rebased::value(), 2);")},
            ],
        ),
    }
    _stacked(repo, landed)
    landed["dev"] = repo.squash_pull(
        6,
        [
            {
                "Cargo.toml": MANIFEST + '[dev-dependencies]\ncfg-if = "1"\n',
                "src/dev.rs": "pub fn value() -> u32 {\n    2\n}\n",
                "tests/dev.rs": test(
                    "picks", "cfg_if::cfg_if! { if #[cfg(test)] { assert_eq!(calc::dev::value(), 2); } }"
                ),
            }
        ],
    )
    _flaky(repo, landed)
    _past(repo, landed)
    return repo, landed


def _past(repo: MadeRepository, landed: dict[str, str]) -> None:
    """A dependency withdrawn since, a base that does not build any more, and trees with hostile names."""
    landed["yanked"] = repo.squash_pull(
        10,
        [
            {
                "Cargo.toml": MANIFEST + '[dependencies]\nscopeguard = "=0.3.0"\n[dev-dependencies]\ncfg-if = "1"\n',
                "src/yanked.rs": module(2).replace("    2\n", "    *scopeguard::guard(2, |_| ())\n"),
            }
        ],
        "It must not leak.\n\nscopeguard sees to that.",
    )
    repo.commit({"src/red.rs": module(1).replace("    1\n", '    "1"\n')}, "Rot")
    landed["red"] = repo.squash_pull(11, [{"src/red.rs": module(2)}])
    for number, name in ((12, b".."), (13, b".git")):
        landed[f"hostile {name.decode()}"] = _hostile(repo, number, name)


def _hostile(repo: MadeRepository, number: int, name: bytes) -> str:
    """One in a tree with a folder that would lead out of it, or into git's own; main does not keep that."""
    kept, inner = repo.head, repo.raw_tree([("100644", b"config", repo.blob("x"))])

    def landed(value: int, message: str) -> str:
        tree = repo.tree({"src/red.rs": module(value)}, kept)
        entries = [("40000", name, inner)]
        for line in repo.git("ls-tree", tree).splitlines():
            facts, _, path = line.partition("\t")
            mode, _, oid = facts.split()
            entries.append((mode.lstrip("0"), path.encode(), oid))
        return repo.ref("refs/heads/main", repo.commit_tree(repo.raw_tree(entries), message, [repo.head]))

    landed(number, "Hostile\n")
    after = landed(number + 2, f"A title (#{number})\n")
    repo.ref("refs/heads/main", repo.commit_tree(f"{kept}^{{tree}}", "Back\n", [after]))
    return after


def _first() -> Mapping[str, str]:
    """The files that the first pull request finds."""
    return {
        "src/lib.rs": "".join(f"pub mod {name};\n" for name in MODULES),
        **{f"src/{name}.rs": module(1) for name in MODULES},
        "src/merged.rs": _documented(1),
        "src/dev.rs": "pub fn value() -> u32 {\n    1\n}\n",
        "src/lower.rs": "pub fn value() -> u32 {\n    std::process::abort()\n}\n",
        "src/upper.rs": _dense(1),
        "src/squashed.rs": module(1, tests="    #[test]\n    fn rests() {}\n"),
        # Long broken, and first in order.
        "tests/a_old.rs": test("rots", "assert_eq!(1, 2);"),
        "tests/one.rs": test("works", "assert_eq!(calc::rebased::value(), 1);"),
        "tests/two.rs": test("works", "assert!(calc::rebased::value() > 0);"),
        "tests/twin.rs": f"mod squashed {{\nmod tests {{\n{test('is_right', '')}}}\n}}\n",
        "tests/turns.rs": _TURNS,
    }


def _with_a_red_commit(right: str) -> list[Mapping[str, str]]:
    """Commits of which one does not compile and the next one mends it."""
    return [{"src/merged.rs": right.replace("    2\n", "    twice(1)\n")}, {"src/merged.rs": right}]


def _documented(value: int, moved: str = "") -> str:
    """Two examples: one of the value, and one that `moved` moves down."""
    example = "/// ```\n/// assert_eq!(calc::merged::{}(), {});\n/// ```\n"
    steady = f"{moved}{example.format('steady', 7)}pub fn steady() -> u32 {{\n    7\n}}\n\n"
    return module(value, above=steady + example.format("value", value))


def _under_a_compile_error() -> Mapping[str, str]:
    """A new function; one test of two is edited to call it, and another program has a test of the same name."""
    fresh = "pub fn fresh() -> u32 {\n    3\n}\n\n"
    library = module(1, above=fresh, tests="    #[test]\n    fn rests() {}\n")
    twin = f"mod squashed {{\nmod tests {{\n{test('is_right', '')}}}\n}}\n"
    return {
        "src/squashed.rs": library.replace("super::value(), 1", "super::fresh(), 3"),
        "tests/twin.rs": twin + test("sees", "assert_eq!(calc::squashed::fresh(), 3);"),
    }


def _dense(value: int) -> str:
    """Source and test on neighbouring lines, so that one hunk holds both."""
    return (
        f"pub fn value() -> u32 {{ {value} }}\n"
        f"#[cfg(test)] mod tests {{ #[test] fn is_right() {{ assert_eq!(super::value(), {value}); }} }}\n"
    )


def _stacked(repo: MadeRepository, landed: dict[str, str]) -> None:
    """One that mends what ends a whole program, and one above it whose only hunk mixes source and test."""
    crash = test("dies", "assert_eq!(calc::lower::value(), 4);") + test("lives", "")
    repo.branch(4, [{"src/lower.rs": "pub fn value() -> u32 {\n    4\n}\n", "tests/crash.rs": crash}])
    landed["upper"] = repo.stacked_pull(5, [{"src/upper.rs": _dense(2)}], above=4)
    head = repo.git("rev-parse", "refs/pull/4/head")
    landed["lower"] = repo.land(head, "Merge pull request #4 from someone/work\n\nA title\n")


def _flaky(repo: MadeRepository, landed: dict[str, str]) -> None:
    """Tests that waver after, or before; one that nothing but chance can have changed; and one that only lacks data."""
    wavering = test("wavers", 'turn("wavers", "PF");') + test("stumbles", 'turn("stumbles", "PPFP");')
    landed["turns"] = repo.merge_pull(7, [{"src/turns.rs": module(2), "tests/turns.rs": _TURNS + wavering}])
    unlucky = test("has_bad_luck", 'turn("unlucky", "PPFFF");')
    landed["unlucky"] = repo.merge_pull(
        8, [{"tests/turns.rs": _TURNS + wavering + unlucky, "build.md": "Tests need luck.\n"}]
    )
    table = test("reads", 'assert_eq!(include_str!("../data/table.csv").trim(), "1,2");')
    landed["data"] = repo.merge_pull(9, [{"tests/reads.rs": table, "data/table.csv": "1,2\n"}])


def pair(folder: Path) -> MadeRepository:
    """Two small pull requests."""
    repo = MadeRepository(folder / "octo+two.git")
    repo.commit({"Cargo.toml": MANIFEST, "src/lib.rs": module(1)}, "First")
    for value in (2, 3):
        repo.squash_pull(value, [{"src/lib.rs": module(value)}])
    return repo
