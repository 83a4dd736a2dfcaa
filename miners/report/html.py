"""The page: one file that asks nothing of the network, works from disk, on a phone, in the dark and on paper.

What a crate's author wrote can be anything. The template escapes all of it, and the page's own content policy lets only
the one script run whose hash it names, so that a slip in a template would still not run a stranger's code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from oxidizer.cluster.visible import visible
from oxidizer.miners.cost import digits
from oxidizer.miners.report.browse import browsable
from oxidizer.miners.report.code import diagnostic, diff
from oxidizer.miners.report.codes import OFTEN
from oxidizer.miners.report.facts import RunFacts, load_tuple, read_run
from oxidizer.miners.report.figures import figures
from oxidizer.miners.report.pulls import pair_row

_STEP_LABELS = {
    "harvested": "harvested",
    "candidates": "selected",
    "proven": "proven by the probe",
    "kept": "kept",
}
_CRATE_ROWS = 400


def write_report(run: Path) -> Path:
    """Write `report.json` and `report.html` into a run directory; the path of the page.

    Raises RunUnreadable where the directory is not a run or is damaged.
    """
    facts = read_run(run)
    shown = figures(facts)
    publish(run / "report.html", page(facts, shown))
    # The figures last: what they tell of is in the page too.
    publish(run / "report.json", json.dumps(shown, indent=2, allow_nan=False) + "\n")
    return run / "report.html"


def page(facts: RunFacts, shown: dict[str, Any]) -> str:
    """The whole page as text, from the facts and their figures."""
    if shown["pulls"] is not None:
        rows = [pair_row(facts.path, *sample) for sample in shown["pulls"]["samples"]]
        return render("pulls.html.j2", {**shown, "sample_rows": rows}, ["report.js"])
    units = dict(zip(facts.tuples.values("id"), facts.tuples.values("unit"), strict=True))
    more = {
        "often": OFTEN,
        "browse": {name: _trusted(value) for name, value in browsable(facts).items()},
        "steps": _steps(shown["funnel"]),
        "crate_rows": shown["crates"][:_CRATE_ROWS],
        "slow": [row for unit in shown["slowest"] for row in shown["crates"] if row["unit"] == unit],
        "stage_names": [stage["stage"] for stage in shown["time"]["stages"]],
        "sample_rows": [load_tuple(facts.path, units[sample], sample) for sample in shown["samples"]],
    }
    return render("report.html.j2", {**shown, **more}, ["report.js", "browse.js"])


def render(template: str, values: dict[str, Any], scripts: list[str]) -> str:
    """A page of ours, with the one style and the scripts that its content policy lets run."""
    script = "".join(map(_own, scripts))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    own = {"style": Markup(_own("style.css")), "script": Markup(script), "script_hash": digest}
    return _environment().get_template(template).render(**values, **own)


def _trusted(value: Any) -> Any:
    """Base64 as it is: it needs no escaping, and megabytes of it no look at each character."""
    if isinstance(value, list):
        return [Markup(part) for part in value]
    return Markup(value) if isinstance(value, str) else value


def publish(path: Path, text: str) -> None:
    """Write beside and rename: a reader sees the old file or the new one, never half of one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("oxidizer.miners.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters.update(
        amount=lambda number: f"{number:,}",
        percent=percent,
        seconds=seconds,
        money=digits,
        size=lambda count: f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB",
        words=lambda text: text.replace("_", " "),
        pretty=lambda value: json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False),
        moment=lambda text: re.sub(r"(\d)T(\d\d:\d\d).*", r"\1 \2", text),
        width=lambda part, whole: round(100 * min(part / whole, 1), 3) if whole else 0,
        diagnostic=diagnostic,
        diff=diff,
        prose=lambda text: text.split("`"),
        named=lambda names: [{"name": name, "count": 0} for name in names],
    )
    return environment


def _steps(funnel: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each step with its label and how many of it went on to the next (None at the last)."""
    following = [step["count"] for step in funnel[1:]] + [None]
    return [
        {**step, "label": _STEP_LABELS[step["step"]], "onward": after}
        for step, after in zip(funnel, following, strict=True)
    ]


def percent(share: float | None) -> str:
    """A share from 0 to 1 for people: no rounding to 0% or 100% of what is neither; a dash where there is none."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.995 <= share < 1 or 0 < share < 0.1:
        return f"{min(share, 0.999):.1%}"
    return f"{share:.0%}"


def seconds(value: float) -> str:
    """A duration for people: 0.4 s, 12 s, 3 min 05 s, 2 h 10 min."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
