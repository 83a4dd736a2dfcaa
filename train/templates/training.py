"""`oxidizer train templates`: draws fixes, runs two campaigns over their crates, fits, and leaves a model's folder.

Each step is kept beside the model until that is whole; the same command continues.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from oxidizer import __version__
from oxidizer.cluster.campaign import stoppable
from oxidizer.cluster.rundir import Json
from oxidizer.cluster.session import Session, session
from oxidizer.cluster.standings import require
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.reading import Corpus
from oxidizer.miners.recipe import Recipe
from oxidizer.serve.judging.crates import CrateCampaign, OtherQuestion, Quarantined, say
from oxidizer.serve.policies.templates.counts import Book
from oxidizer.serve.policies.templates.model import example_lines, save
from oxidizer.train.templates.fit import fit, read_book, read_labelled
from oxidizer.train.templates.lessons import by_toolchain, draw, write_units
from oxidizer.train.templates.recipe import TemplateRecipe
from oxidizer.train.templates.work import CANDIDATES, Plan


class CannotTrain(RuntimeError):
    """Training cannot run, or cannot go on; the message says why, for a person."""


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    corpus: Corpus
    target: Path
    recipe: TemplateRecipe
    seed: int
    toolchain: Toolchain
    backend: str
    mining: Recipe
    """For the limits of sandboxes."""

    @property
    def work(self) -> Path:
        """Where the steps are kept until the model is whole."""
        return self.target.with_name(f"{self.target.name}.work")

    @property
    def asked(self) -> Json:
        """What decides the model."""
        return {
            "corpus": self.corpus.manifest["asked"], "recipe": asdict(self.recipe), "seed": self.seed,
            "toolchain": self.toolchain.version,
        }  # fmt: skip


def train(order: Order, out: Console, **where: Any) -> Json:
    """Train; the model's lineage. `where` says on which Ray (see `session`). Raises CannotTrain, Stopped, OSError."""
    if order.target.exists():
        raise CannotTrain(f"{order.target} is there already: give another --out, or take it away")
    rows, left = draw(order.corpus, order.recipe, order.seed)
    if not rows:
        raise CannotTrain(f"{order.corpus.folder} has no fix to learn from: {left or 'its train split is empty'}")
    made_by = by_toolchain(row for own in rows.values() for row in own)
    if made_by != {order.toolchain.version}:
        raise CannotTrain(
            f"the corpus was made by {', '.join(sorted(made_by))}, here is {order.toolchain.version}: give --toolchain"
        )
    begin(order)
    units = write_units(rows, order.work / "tasks", order.toolchain.version)
    say(out, f"{sum(map(len, rows.values()))} fixes of {len(rows)} crates")
    require(order.backend, order.toolchain.sysroot, frozenset())
    limits = order.mining.limits
    try:
        with stoppable(), session(cpus=limits.cpus, memory_bytes=limits.memory_bytes, **where) as ray:
            book = _survey(order, units, ray, out)
            labels = _label(order, book, units, ray, out)
    except (OtherQuestion, Quarantined) as error:
        raise CannotTrain(str(error)) from error
    labelled = read_labelled(labels)
    try:
        model, metrics = fit(book, labelled, order.seed)
    except ValueError as error:
        raise CannotTrain(f"{order.corpus.folder}: {error}") from error
    model.lineage = {
        "name": f"{order.target.name}@1", "asked": order.asked, "code": __version__, "left_out": left,
        "metrics": metrics, "parents": [],
    }  # fmt: skip
    save(order.target, model, book)
    shutil.rmtree(order.work)
    return model.lineage


def begin(order: Order) -> None:
    """See that what is kept of an earlier start was asked for the same. Raises CannotTrain, OSError."""
    order.work.mkdir(parents=True, exist_ok=True)
    note = order.work / "asked.json"
    asked = json.dumps(order.asked, sort_keys=True)
    if note.exists() and note.read_text(encoding="utf-8") != asked:
        raise CannotTrain(
            f"{order.work} was begun for another corpus, recipe, seed or toolchain: give another --out, or take it away"
        )
    note.write_text(asked, encoding="utf-8")


def _survey(order: Order, units: Sequence[Json], ray: Session, out: Console) -> Book:
    run = order.work / "survey"
    campaign = CrateCampaign(run, order.asked, {}, lambda s: f"{s['fixes']} fixes, {s['said']} said by templates")
    campaign.execute(units, _plan(order, ray, campaign.begin()), ray, out)
    book = read_book(run)
    if not book.examples:
        raise CannotTrain(f"none of the fixes could be shown again: `oxidizer logs {run} CRATE` says what was seen")
    return book


def _label(order: Order, book: Book, units: Sequence[Json], ray: Session, out: Console) -> Path:
    run, kept = order.work / "labels", order.work / "book.jsonl"
    if not kept.exists():
        part = kept.with_suffix(".part")
        part.write_text("".join(json.dumps(line) + "\n" for line in example_lines(book)), encoding="utf-8")
        part.replace(kept)
    known = {one.crate for one in book.examples}
    wanted = [unit for unit in units if unit["crate"] in known]
    if order.recipe.label_crates:
        wanted = wanted[:: max(1, len(wanted) // order.recipe.label_crates)][: order.recipe.label_crates]
    campaign = CrateCampaign(
        run, order.asked, {"candidates": CANDIDATES},
        lambda s: f"{s['candidates']} candidates, {s['green']} of {s['judged']} judged ones compile",
    )  # fmt: skip
    plan = replace(
        _plan(order, ray, campaign.begin()), judged=order.recipe.judged, labelled=order.recipe.labelled,
        book=str(kept.absolute()),
    )  # fmt: skip
    campaign.execute(wanted, plan, ray, out)
    return run


def _plan(order: Order, ray: Session, run: str) -> Plan:
    return Plan(
        order.mining, (), order.seed, order.backend, None if ray.address else str(order.toolchain.sysroot),
        order.toolchain.version, ray.share, run=run,
    )  # fmt: skip
