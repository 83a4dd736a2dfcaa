"""A database dump of the documented shape, written from a few words on each crate."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_HEADERS = {
    "categories": "category,crates_cnt,created_at,description,id,path,slug",
    "crate_downloads": "crate_id,downloads",
    "crates": "created_at,description,documentation,homepage,id,max_features,max_upload_size,name,readme,repository,"
    "updated_at",
    "crates_categories": "category_id,crate_id",
    "default_versions": "crate_id,num_versions,version_id",
    "dependencies": "crate_id,default_features,explicit_name,features,id,kind,optional,req,target,version_id",
    "versions": "bin_names,categories,checksum,crate_id,crate_size,created_at,description,documentation,downloads,"
    "edition,features,has_lib,homepage,id,keywords,license,links,num,num_no_build,published_by,repository,rust_version,"
    "updated_at,yanked",
}
README = 'A "quoted" readme,\nof several lines\n\nid,name,repository\n'


@dataclass(frozen=True)
class Release:
    """A version; the last of a crate is its default."""

    version: str = "1.0.0"
    day: str = "2026-06-01"
    yanked: bool = False
    licence: str = "MIT OR Apache-2.0"
    size: int | None = 50_000
    rust: str = ""
    has_lib: str = "t"
    edition: str = "2021"
    needs: Sequence[tuple[str, int]] = ()
    """Names of crates, and the kind: 0 to build, 1 for the build script, 2 for tests."""


@dataclass(frozen=True)
class Crate:
    """A crate of the dump."""

    name: str
    releases: Sequence[Release] = (Release(),)
    downloads: int = 1000
    repository: str = ""
    categories: Sequence[str] = ()


def write_dump(folder: Path, crates: Sequence[Crate]) -> Path:
    """Write `data/*.csv`; the dump's folder."""
    ids = {crate.name: number for number, crate in enumerate(crates, 7)}
    slugs = {slug: number for number, slug in enumerate(sorted({s for c in crates for s in c.categories}), 3)}
    rows: dict[str, list[Mapping[str, object]]] = {table: [] for table in _HEADERS}
    rows["categories"] = [{"id": n, "slug": slug, "category": slug, "path": "root"} for slug, n in slugs.items()]
    for crate in crates:
        own = ids[crate.name]
        rows["crates"].append({"id": own, "name": crate.name, "readme": README, "repository": crate.repository})
        rows["crate_downloads"].append({"crate_id": own, "downloads": crate.downloads})
        rows["crates_categories"] += [{"crate_id": own, "category_id": slugs[slug]} for slug in crate.categories]
        for release in crate.releases:
            version = len(rows["versions"]) + 100
            rows["versions"].append({
                "id": version, "crate_id": own, "num": release.version,
                "created_at": f"{release.day} 11:52:13.123456+00", "yanked": "ft"[release.yanked],
                "license": release.licence, "features": '{"std": []}',
                "crate_size": "" if release.size is None else release.size, "rust_version": release.rust,
                "has_lib": release.has_lib, "edition": release.edition, "bin_names": "{}", "keywords": "{a,b}",
            })  # fmt: skip
            rows["dependencies"] += [
                {"version_id": version, "crate_id": ids[name], "kind": kind, "req": "^1"}
                for name, kind in release.needs
            ]
        rows["default_versions"].append({"crate_id": own, "version_id": version, "num_versions": len(crate.releases)})
    (folder / "data").mkdir(parents=True)
    for table, header in _HEADERS.items():
        _write(folder / f"data/{table}.csv", header.split(","), rows[table])
    return folder


def _write(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
