"""Line numbers in rustc's words are those of the wanted text: in the margin, behind file names, in closures' types."""

from oxidizer.cluster.numbering import rendered_anew, renumbered

CLOSURE = "{closure@src/lib.rs:9:5: 11:6}"
TOLD = f"""\
error[E0308]: mismatched types in `{CLOSURE}`
  --> src/lib.rs:12:9
   |
 9 |     let f = || {{
   |             -- here
...
12 |         x
   |         ^ expected `u8`, found `{CLOSURE}`
   |
note: it is defined here
  ::: src/other.rs:9:1
   |
 9 | fn g() {{}}
   |    ^
help: 12 | is one way
   |
12 -         x
12 +         y
   |
   = note: see src/other.rs:12:1, and 12 more
           which goes on
"""
ANEW = f"""\
error[E0308]: mismatched types in `{CLOSURE.replace("9:5: 11", "7:5: 9")}`
  --> src/lib.rs:10:9
   |
 7 |     let f = || {{
   |             -- here
...
10 |         x
   |         ^ expected `u8`, found `{CLOSURE.replace("9:5: 11", "7:5: 9")}`
   |
note: it is defined here
  ::: src/other.rs:9:1
   |
 9 | fn g() {{}}
   |    ^
help: 12 | is one way
   |
10 -         x
10 +         y
   |
   = note: see src/other.rs:12:1, and 12 more
           which goes on
"""


def lower(by: int, file: str = "src/lib.rs"):  # type: ignore[no-untyped-def]
    return lambda named, line, _: line - by if named == file else line


def test_a_diagnostic_is_told_with_other_lines() -> None:
    assert rendered_anew(TOLD, "src/lib.rs", lower(2)) == ANEW
    assert rendered_anew(ANEW, "src/lib.rs", lower(-2)) == TOLD
    assert rendered_anew(TOLD, "src/lib.rs", lower(0)) == TOLD


def test_a_file_that_is_named_by_an_arrow_owns_the_margin_below() -> None:
    moved = rendered_anew(TOLD, "src/lib.rs", lower(-1, "src/other.rs"))
    assert moved == TOLD.replace("other.rs:9", "other.rs:10").replace(" 9 | fn", "10 | fn").replace(
        "other.rs:12", "other.rs:13"
    )


def test_the_longest_number_makes_the_margin() -> None:
    wide = rendered_anew(TOLD, "src/lib.rs", lower(-88))
    assert "\n   --> src/lib.rs:100:9\n    |\n 97 |     let f" in wide
    assert "\n...\n100 |         x\n    |         ^ exp" in wide
    assert "\n   ::: src/other.rs:9:1\n    |\n  9 | fn g()" in wide
    assert "\nhelp: 12 | is one way\n    |\n100 -         x\n" in wide
    assert wide.endswith("    = note: see src/other.rs:12:1, and 12 more\n            which goes on\n")
    assert rendered_anew(wide, "src/lib.rs", lower(88)) == TOLD


def test_where_another_number_is_the_longest_the_margin_stays() -> None:
    far = TOLD.replace("other.rs:9:1", "other.rs:99:1").replace(" 9 | fn", "99 | fn")
    assert rendered_anew(far, "src/lib.rs", lower(3)).count("\n 9 |     ") == 1


def test_a_place_whose_line_is_not_shown_makes_no_margin() -> None:
    there = TOLD.replace("help: 12", "help: defined here\n  --> /rustc/library/core/src/lib.rs:622:4\nhelp: 12")
    assert "\n   --> src/lib.rs:100:9\n    |\n" in rendered_anew(there, "src/lib.rs", lower(-88))


def test_messages_have_places_alone() -> None:
    assert renumbered(f"`{CLOSURE}` and 9 | 9:5", lower(2)) == "`{closure@src/lib.rs:7:5: 9:6}` and 9 | 9:5"
    assert renumbered("plain words", lower(2)) == "plain words"
