"""The words about promises: there are some for each, and a table says what a campaign makes of it."""

import io

import pytest
from rich.console import Console

from oxidizer.cluster.means import MEANS
from oxidizer.cluster.probes import LIMITS, PROBES
from oxidizer.cluster.promise_table import fit_for_campaigns, print_standings
from oxidizer.cluster.promises import Level, Promise, Standing, promises_named
from oxidizer.cluster.sandbox import HOME_BYTES, SHM_BYTES

KEPT = Standing(Promise.NETWORK, Level.KEPT, "a namespace")
WEAKER = Standing(Promise.MEMORY, Level.WEAKER, "a [watcher] looks", "run as root")
DISPENSABLE = Standing(Promise.CPU, Level.ABSENT, "no bound", "run as root")
HOPELESS = Standing(Promise.ENDS, Level.ABSENT, "processes live on", "another sandbox")


def test_every_promise_has_words_and_one_probe() -> None:
    assert list(MEANS) == list(Promise)
    assert [probe.promise for probe in PROBES] == list(Promise)
    for means in MEANS.values():
        assert means.lost
        assert means.remedy
        assert means.kept("docker")
        assert means.kept("bubblewrap")


def test_what_fills_a_scratch_folder_is_no_file_too_big() -> None:
    assert LIMITS.tmp_bytes < HOME_BYTES == SHM_BYTES < HOME_BYTES + (1 << 20) < LIMITS.file_bytes < LIMITS.disk_bytes


def printed(*standings: Standing) -> str:
    out = io.StringIO()
    print_standings("bubblewrap", {"control groups": "version 2"}, standings, Console(file=out, width=70))
    return out.getvalue()


def test_the_table_names_everything_and_keeps_brackets() -> None:
    text = printed(KEPT, WEAKER, DISPENSABLE)
    for part in ("control groups  version 2", "✓ kept", "a [watcher] looks", "mend it: run as root", "✗ absent"):
        assert part in text
    assert text.rstrip().endswith("A campaign runs here only with --accept-weaker memory,cpu")
    assert "Every promise is kept." in printed(KEPT)
    assert "No campaign runs here with this sandbox: without ends." in printed(KEPT, WEAKER, HOPELESS)


def test_only_what_nobody_can_do_without_makes_a_machine_unfit() -> None:
    assert fit_for_campaigns([KEPT, WEAKER, DISPENSABLE])
    assert not fit_for_campaigns([KEPT, HOPELESS])
    with pytest.raises(ValueError, match="no promise was tried"):
        fit_for_campaigns([])


def test_names_come_one_by_one_or_with_commas() -> None:
    assert promises_named([]) == frozenset()
    assert promises_named(["memory,cpu", "disk"]) == {Promise.MEMORY, Promise.CPU, Promise.DISK}
    with pytest.raises(ValueError, match="did you mean 'cpu'"):
        promises_named(["memory,cpuu"])
