"""What the records of a pull request hold of its words, and rows of before there were such fields."""

from oxidizer.datasets.records import PrUnproven, Review, check, decode, to_row
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.ground import Unproven
from oxidizer.miners.pulls.pair import Repository, Request, unproven
from oxidizer.miners.pulls.wording import Wording

PULL = Pull("merge", 12, "b" * 40, None, "c" * 40, 1_600_000_000, False)


def made(words: Wording, rationale: str = "") -> PrUnproven:
    repository = Repository("octo/one", "https://example.com/octo/one", False, "rustc 1.95.0", ())
    request = Request(PULL, "dependency", words, "MIT", "1" * 40, "2" * 40, b"diff", "diff", rationale)
    return unproven(repository, request, Unproven("no_tests", "none"))


def test_reviews_and_the_rationale_of_a_dependency_are_kept() -> None:
    review = Review(state="approved", body="Good.")
    record = made(Wording("Use x", "", (), reviews=(review,)), "x is small.")
    check(record)
    assert (record.reviews, record.rationale) == ([review], "x is small.")
    assert record.id == made(Wording("Use x", "", ())).id, "one lesson, whatever is said of it"


def test_rows_of_before_there_were_reviews_keep_their_hashes() -> None:
    record = made(Wording("Use x", "", ()))
    assert (record.reviews, record.rationale) == (None, None)
    old = {name: value for name, value in to_row(record).items() if name not in ("reviews", "rationale")}
    again = decode(old)
    check(again)
    assert again == record
