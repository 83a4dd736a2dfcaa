"""A model of templates on disk: a folder of files that a person can read.

    lineage.json       what it was made of: corpus, recipe, code version, metrics
    templates.jsonl    one template a line: its id, itself, in words, and its tallies [applied, right] by key
    suggestions.jsonl  one kind of suggestion a line, with its tallies
    examples.jsonl     what is counted of each fix: needed to learn more, not to propose
    ranker.txt         LightGBM's own text; calibration.json the steps from its word to a probability

`lineage.json` is written last: its existence means that the model is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from oxidizer.datasets.records import canonical
from oxidizer.serve.policies.templates.counts import Book, Counts, Example, Tally
from oxidizer.serve.policies.templates.ranker import Calibration, Ranker, read_ranker
from oxidizer.serve.policies.templates.template import Template, from_plain, in_words, to_plain

_LINEAGE, _TEMPLATES, _SUGGESTIONS = "lineage.json", "templates.jsonl", "suggestions.jsonl"
_EXAMPLES, _RANKER, _CALIBRATION = "examples.jsonl", "ranker.txt", "calibration.json"
SCHEMA_VERSION = 1


class NoModel(ValueError):
    """A folder is no model, or one that this version cannot read; says what to do."""


@dataclass
class Model:
    """What a template policy knows."""

    counts: Counts
    ranker: Ranker | None = None
    """None: candidates are ranked by their best reason."""
    calibration: Calibration = field(default_factory=Calibration)
    lineage: dict[str, Any] = field(default_factory=dict)


def template_id(template: Template) -> str:
    """A short name: the first 8 hex digits of the SHA-256 of its JSON."""
    return hashlib.sha256(canonical(to_plain(template))).hexdigest()[:8]


def save(folder: Path, model: Model, book: Book) -> None:
    """Write a model where nothing is yet. Raises FileExistsError, OSError."""
    if folder.exists():
        raise FileExistsError(f"{folder} is there already: give another folder for the model, or take it away")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _write_lines(part / _TEMPLATES, _template_lines(model.counts))
    _write_lines(part / _SUGGESTIONS, _suggestion_lines(model.counts))
    _write_lines(part / _EXAMPLES, example_lines(book))
    if model.ranker:
        (part / _RANKER).write_text(model.ranker.text, encoding="utf-8")
    (part / _CALIBRATION).write_text(json.dumps(asdict(model.calibration)) + "\n", encoding="utf-8")
    lineage = {"schema_version": SCHEMA_VERSION, "kind": "templates", **model.lineage}
    (part / _LINEAGE).write_text(json.dumps(lineage, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(part, folder)


def load(folder: Path) -> Model:
    """A model to propose with. Raises NoModel."""
    try:
        lineage = json.loads((folder / _LINEAGE).read_text(encoding="utf-8"))
        if lineage.get("kind") != "templates" or lineage.get("schema_version") != SCHEMA_VERSION:
            raise NoModel(f"{folder} is no model of templates of version {SCHEMA_VERSION}")
        counts = Counts()
        for line in _lines(folder / _TEMPLATES):
            template = from_plain(line["template"])
            for key, (applied, right) in line["tallies"].items():
                counts.tallies[key][template] = Tally(applied, right)
        for line in _lines(folder / _SUGGESTIONS):
            for key, (applied, right) in line["tallies"].items():
                counts.suggestions[key][line["suggestion"]] = Tally(applied, right)
        steps = json.loads((folder / _CALIBRATION).read_text(encoding="utf-8"))
        ranker = read_ranker(folder / _RANKER) if (folder / _RANKER).exists() else None
        return Model(counts, ranker, Calibration(tuple(steps["said"]), tuple(steps["right"])), lineage)
    except FileNotFoundError as error:
        raise NoModel(
            f"{folder} is no model: {error.filename} is not there. `oxidizer train templates` makes one"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoModel(f"the model in {folder} cannot be read: {error}") from error


def load_book(folder: Path) -> Book:
    """The fixes that a model was made of. Raises NoModel."""
    try:
        return Book(examples_of(_lines(folder / _EXAMPLES)))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise NoModel(f"what the model in {folder} was made of cannot be read: {error}") from error


def examples_of(lines: Iterable[Mapping[str, Any]]) -> Iterator[Example]:
    """The examples of `example_lines`. Raises ValueError, KeyError, TypeError or IndexError for what is none."""
    names: list[str] = []
    templates: list[Template] = []
    for line in lines:
        if "names" in line:
            names, templates = line["names"], [from_plain(plain) for plain in line["templates"]]
            continue
        closest, wider, code, every = line["keys"]
        yield Example(
            line["id"], line["crate"], (closest, wider, code, every),
            frozenset(names[n] for n in line["anchors"]), frozenset(names[n] for n in line["quoted"]),
            tuple(templates[n] for n in line["templates"]),
            tuple((name, bool(right)) for name, right in line["suggestions"]),
        )  # fmt: skip


def _template_lines(counts: Counts) -> Iterator[dict[str, Any]]:
    by_template: dict[Template, dict[str, list[int]]] = defaultdict(dict)
    for key, tallies in counts.tallies.items():
        for template, tally in tallies.items():
            by_template[template][key] = [tally.applied, tally.right]
    for template in sorted(by_template):
        tallies_of = dict(sorted(by_template[template].items()))
        yield {
            "id": template_id(template), "template": to_plain(template), "words": in_words(template),
            "tallies": tallies_of,
        }  # fmt: skip


def _suggestion_lines(counts: Counts) -> Iterator[dict[str, Any]]:
    by_name: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for key, tallies in counts.suggestions.items():
        for name, tally in tallies.items():
            by_name[name][key] = [tally.applied, tally.right]
    for name in sorted(by_name):
        yield {"suggestion": name, "tallies": dict(sorted(by_name[name].items()))}


def example_lines(book: Book) -> Iterator[dict[str, Any]]:
    """Names and templates once, then each fix by their numbers: scenes share most of both."""
    names = sorted({name for example in book.examples for name in (*example.anchors, *example.quoted)})
    templates = sorted({template for example in book.examples for template in example.templates})
    name_of = {name: number for number, name in enumerate(names)}
    number_of = {template: number for number, template in enumerate(templates)}
    yield {"names": names, "templates": [to_plain(template) for template in templates]}
    for example in book.examples:
        yield {
            "id": example.id, "crate": example.crate, "keys": list(example.keys),
            "anchors": sorted(name_of[name] for name in example.anchors),
            "quoted": sorted(name_of[name] for name in example.quoted),
            "templates": [number_of[template] for template in example.templates],
            "suggestions": [[name, int(right)] for name, right in example.suggestions],
        }  # fmt: skip


def _write_lines(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
