"""The corpus commands as a person types them: killed and continued, on Ray as on one machine, with their statuses."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oxidizer.cli import app
from oxidizer.datasets.corpus.contamination import Index, SealedCode
from oxidizer.datasets.corpus.shards import file_hash
from oxidizer.datasets.sealed import sealed_names
from tests.unit.corpus_runs import function, varied, write_run

RECIPE = "[shards]\nbytes = 60000\nrow_group = 7\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_run(folder, "run", varied(12, 9))
    Index.of(SealedCode(name, None, function(name)[1]) for name in sealed_names()).save(folder / "sealed.index")
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def command(world: Path, target: Path, *more: str) -> list[str]:
    words = ["build", str(world / "run"), "--out", str(target), "--index", str(world / "sealed.index")]
    return ["corpus", *words, "--recipe", str(world / "recipe.toml"), *more]


def oxidizer(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def files(corpus: Path) -> dict[str, str]:
    return {path.relative_to(corpus).as_posix(): file_hash(path) for path in corpus.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(world: Path) -> Path:
    code, said = oxidizer(*command(world, world / "finished"))
    assert code == 0, said
    assert "diag_fix" in said
    return world / "finished"


def test_a_build_on_ray_gives_the_same_bytes(world: Path, finished: Path, tmp_path: Path) -> None:
    code, said = oxidizer(*command(world, tmp_path / "corpus", "--address", "local", "--workers", "2"))
    assert code == 0, said
    assert files(tmp_path / "corpus") == files(finished)


def test_a_build_that_is_killed_is_never_taken_for_whole_and_goes_on(
    world: Path, finished: Path, tmp_path: Path
) -> None:
    corpus, chance = tmp_path / "corpus", random.Random(3)
    words = [sys.executable, "-c", "from oxidizer.cli import main; main()", *command(world, corpus)]
    killed = 0
    while not (corpus / "manifest.json").exists():
        began = time.monotonic()
        running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        # Later each time, so that it comes to its end.
        limit_s = chance.uniform(0.2, 1.5) * (1 + killed)
        while running.poll() is None and time.monotonic() - began < limit_s:
            time.sleep(0.01)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            killed += 1
            if not (corpus / "manifest.json").exists() and corpus.exists():
                assert oxidizer("corpus", "audit", str(corpus))[0] == 10
    assert killed
    code, said = oxidizer(*command(world, corpus))
    assert code == 0, said
    assert files(corpus) == files(finished)


def test_what_a_person_asks_of_a_corpus(finished: Path, tmp_path: Path) -> None:
    assert oxidizer("corpus", "audit", str(finished))[0] == 0
    assert "all of them records" in oxidizer("corpus", "validate", str(finished))[1]
    stats = oxidizer("corpus", "stats", str(finished))[1]
    assert "codes" in stats
    assert "licences: MIT" in stats
    for family, word in (("diag_fix", "diff"), ("chat", "bash"), ("negatives", "still_there")):
        assert word in oxidizer("corpus", "sample", str(finished), "--family", family, "-n", "2")[1]
    code, said = oxidizer("corpus", "diff", str(finished), str(finished))
    assert (code, "gained" in said) == (0, True)
    for form, family in (("jsonl", "negatives"), ("chat", "diag_fix"), ("chat", "chat")):
        target = tmp_path / f"{family}.{form}"
        code, said = oxidizer(
            "corpus", "export", str(finished), "--family", family, "--format", form, "--out", str(target)
        )
        assert code == 0, said
        rows = [json.loads(line) for line in target.read_text().splitlines()]
        assert all("messages" in row for row in rows) is (form == "chat")
        assert len(rows) > 10
    assert oxidizer("corpus", "validate", str(tmp_path / "negatives.jsonl"))[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build", "nowhere", "--out", "c", "--index", "i"], "nowhere is no run directory"),
        (["audit", "nowhere"], "there is no folder nowhere"),
        (["stats", "nowhere"], "has no manifest.json"),
        (["validate", "nowhere"], "neither a .parquet or .jsonl file"),
        (["seal", "--out", "i", "--list", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(words: list[str], said: str) -> None:
    code, output = oxidizer("corpus", *words)
    assert code == 1
    assert said in output
    assert "Traceback" not in output


def test_a_row_that_is_no_record_is_told_with_its_file_and_field(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"type": "qa"}\n[]\n')
    code, said = oxidizer("corpus", "validate", str(tmp_path))
    assert code == 1
    assert "rows.jsonl, row 1: schema_version: None" in said.replace("\n", "")
    assert "2 of 2 rows are no records" in said
