"""Outputs as records keep them: the same for two runs of one tree, and otherwise as they were printed."""

from oxidizer.datasets.task.tools import OUTPUT_BYTES, cut_output
from oxidizer.miners.pulls.asking import request_of
from oxidizer.miners.pulls.printed import printed, warnings_in

UNUSED = "warning: unused variable: `x`\n --> src/lib.rs:{}:9\n  |\n2 |     let x = 1;\n  |         ^\n\n"
FAILED = """\

running 2 tests
F.
failures:

---- t::adds stdout ----

thread 't::adds' (4711) panicked at src/lib.rs:9:9:
warning: mine
  left: 1

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in {}s

error: test failed, to rerun pass `--lib`
"""


def test_time_threads_and_hashes_are_taken_out() -> None:
    first, again = (FAILED.format(time) for time in ("0.12", "3.00"))
    again = again.replace("4711", "12")
    assert printed(first.encode()) == printed(again.encode())
    assert "thread 't::adds' panicked at src/lib.rs:9:9" in printed(first.encode())
    assert "warning: mine\n  left: 1" in printed(first.encode())
    died = "process didn't exit successfully: `/box/target/debug/deps/foo_bar-0123456789abcdef -q` (signal: 6)\n"
    assert printed(died.encode()) == died.replace("-0123456789abcdef", "")


def test_warnings_come_in_order_each_once_and_uncounted() -> None:
    late, early = UNUSED.format(12), UNUSED.format(3)
    counts = "warning: `foo` (lib test) generated 2 warnings (1 duplicate)\n"
    runs = [late + early, early + late + counts, early + late + early]
    assert len({printed((run + FAILED.format("0.1")).encode()) for run in runs}) == 1
    text = printed(runs[0].encode())
    assert text.index("lib.rs:3:") < text.index("lib.rs:12:")
    assert warnings_in(printed((runs[0] + FAILED.format("0.1")).encode())) == 2
    assert warnings_in("") == 0


def test_errors_stay_behind_warnings_as_they_came() -> None:
    error = (
        "error[E0425]: cannot find `y`\n --> src/lib.rs:1:1\n\nerror: could not compile `foo` (lib) due to 1 error\n"
    )
    assert printed((error + UNUSED.format(3)).encode()) == UNUSED.format(3) + error
    assert printed(error.encode()) == error


def test_an_output_is_cut_in_the_middle_and_says_so() -> None:
    text = "".join(f"{at} {'x' * 90}\n" for at in range(200))
    cut = cut_output(text)
    assert len(cut.encode()) <= OUTPUT_BYTES + 64
    head, _, rest = cut.partition("… (")
    count, _, tail = rest.partition(" lines are left out here)\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert head
    assert tail
    assert int(count) == 200 - len((head + tail).splitlines())
    assert cut_output("short\n") == "short\n"


def test_a_request_is_what_somebody_could_act_on() -> None:
    assert request_of("Saturate instead of overflowing", "") == "Saturate instead of overflowing"
    body = (
        "<!-- template -->\nThe sum of two lengths wraps around at the limit.\n\n- [x] tests\nFixes #12\nr? @somebody\n"
    )
    assert request_of("Fix", body) == "Fix\n\nThe sum of two lengths wraps around at the limit."
    assert request_of("Sum wraps, says @ann", "") == "Sum wraps, says someone"
    for title in ("", "WIP", "Fix tests", "Address review comments", "Update README", "v1.2.3"):
        assert request_of(title, "Closes #1\r\n\r\nhttps://example.com/a/very/long/link/of/words") is None
