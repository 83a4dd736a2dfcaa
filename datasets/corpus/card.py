"""The dataset card: `README.md` with the `configs:` by which `load_dataset` finds the shards, made of the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from oxidizer.datasets.corpus.families import FAMILY_IS, SHARE_ALIKE
from oxidizer.datasets.corpus.split import SPLITS, TRAIN
from oxidizer.datasets.spdx import leaves, parse

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MOST = 24
_HUB = frozenset({
    "0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "bsl-1.0", "cc0-1.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "isc",
    "mit", "unlicense", "zlib",
})  # fmt: skip
"""Licences that the dataset hub knows by these names; the rest is `other` to it."""


def card(manifest: Mapping[str, Any]) -> str:
    """The card of a corpus; the same manifest gives the same card."""
    shards = manifest["shards"]
    names = [name + apart for apart in ("", SHARE_ALIKE) for name in FAMILY_IS]
    families = [_family(name, shards) for name in names if any(s["family"] == name for s in shards)]
    total, pulls = (sum(s["rows"] for s in shards if s["family"] == name) for name in ("diag_fix", "pr_pair"))
    trained = [s for s in shards if (s["family"], s["split"]) == ("diag_fix", TRAIN)]
    balance: dict[str, Counter[str]] = {name: Counter() for name in ("classes", "codes", "origins")}
    for shard in trained:
        for name, counts in shard["counts"].items():
            balance[name].update(counts)
    environment = Environment(
        loader=PackageLoader("oxidizer.datasets.corpus", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.update(
        amount=lambda number: f"{number:,}",
        size=lambda count: f"{count / 1e6:.1f} MB",
        rarest=lambda dropped: sorted(dropped.items(), key=lambda item: (-item[1], item[0]))[:6],
        cell=lambda text: str(text).replace("|", "\\|").replace("\n", " ")[:100],
    )
    asked = manifest["recipe"]["shares"]
    licences = sorted({licence for shard in shards for licence in shard["license"]})
    named = {name.lower() for licence in licences for name in leaves(parse(licence))}
    return environment.get_template("card.md.j2").render(
        {name: manifest[name] for name in ("code", "runs", "stages", "shares", "crates", "in_tests", "index")},
        families=families,
        total=total,
        pulls=pulls,
        trained=sum(shard["rows"] for shard in trained),
        size=next((name for limit, name in _SIZES if total + pulls < limit), "n>1M"),
        licences=licences,
        hub_licences=sorted({name if name in _HUB else "other" for name in named}),
        asked={"crate": asked["crate"], "code": asked["code"], "class": asked["error_class"]},
        balance={name: counts.most_common() for name, counts in balance.items() if counts},
        most=_MOST,
    )


def _family(name: str, shards: list[dict[str, Any]]) -> dict[str, Any]:
    splits = []
    for split in SPLITS:
        own = [shard for shard in shards if (shard["family"], shard["split"]) == (name, split)]
        if own:
            sums = {key: sum(shard[key] for shard in own) for key in ("rows", "bytes")}
            splits.append({"name": split, "shards": len(own), **sums})
    return {"name": name, "is": FAMILY_IS[name.removesuffix(SHARE_ALIKE)], "splits": splits}
