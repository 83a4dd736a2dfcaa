"""Miri's reports, as it prints them (it has no JSON while it interprets)."""

import pytest

from oxidizer.cluster.cargo import UndefinedBehaviour, read_miri

BOUNDS = """running 2 tests
test fine ... ok
error: Undefined Behavior: memory access failed: attempting to access 4 bytes, but got alloc1234+0x10 which is at or \
beyond the end of the allocation of size 16 bytes
  --> src/lib.rs:7:14
   |
7  |     unsafe { *p.add(4) }
   |              ^^^^^^^^^ Undefined Behavior occurred here
   |
   = help: this indicates a bug in the program: it performed an invalid operation, and caused Undefined Behavior
note: inside `tests::reads`
  --> src/lib.rs:15:9
"""
FREED = """error: Undefined Behavior: memory access failed: alloc1203 has been freed, so this pointer is dangling
   --> /box/src/src/raw.rs:120:5
    |
help: alloc1203 was allocated here:
   --> src/raw.rs:100:5
"""
UNSUPPORTED = """error: unsupported operation: can't call foreign function `getpid` on OS `linux`
 --> src/lib.rs:3:5
  |
"""
LEAK = """error: memory leaked: alloc1015 (Rust heap, size: 4, align: 4), allocated here:
   --> /rustlib/src/rust/library/alloc/src/boxed.rs:261:9
    |
"""
DEADLOCK = """error: the evaluated program deadlocked
 --> src/lib.rs:9:3
"""
OLD_DEADLOCK = DEADLOCK.replace("error: the", "error: deadlock: the")
FAILED = """error: test failed, to rerun pass `--lib`
error[E0308]: mismatched types
 --> src/lib.rs:1:1
"""


@pytest.mark.parametrize(
    ("text", "kind", "begin", "file", "line", "column"),
    [
        (BOUNDS, "Undefined Behavior", "memory access failed: attempting to access 4 bytes", "src/lib.rs", 7, 14),
        (FREED, "Undefined Behavior", "memory access failed: alloc1203 has been freed", "src/raw.rs", 120, 5),
        (UNSUPPORTED, "unsupported operation", "can't call foreign function", "src/lib.rs", 3, 5),
        (LEAK, "memory leaked", "alloc1015 (Rust heap", "/rustlib/src/rust/library/alloc/src/boxed.rs", 261, 9),
        (DEADLOCK, "deadlock", "the evaluated program deadlocked", "src/lib.rs", 9, 3),
        (OLD_DEADLOCK, "deadlock", "the evaluated program deadlocked", "src/lib.rs", 9, 3),
    ],
)
def test_reports(text: str, kind: str, begin: str, file: str, line: int, column: int) -> None:
    (found,) = read_miri(text)
    assert isinstance(found, UndefinedBehaviour)
    assert (found.kind, found.file, found.line, found.column) == (kind, file, line, column)
    assert found.message.startswith(begin)


def test_other_errors_are_none() -> None:
    assert read_miri(FAILED) == []
    assert len(read_miri(BOUNDS + LEAK)) == 2
