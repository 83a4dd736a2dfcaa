"""The crates registry's public database dump: a folder of CSV files, read lazily and by columns.

The dump is published each day as an archive that holds `data/*.csv`, one file a table, with a header; booleans are `t`
and `f`, times are `2015-02-27 11:52:13.123456+00`, quoted texts may hold line breaks (`crates.csv` holds whole
readmes). Which tables and columns it has: `dump-db.toml` in the registry's own source.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

TABLES: Mapping[str, tuple[str, ...]] = {
    "categories": ("id", "slug"),
    "crate_downloads": ("crate_id", "downloads"),
    "crates": ("id", "name", "repository"),
    "crates_categories": ("crate_id", "category_id"),
    "default_versions": ("crate_id", "version_id"),
    "dependencies": ("version_id", "crate_id", "kind"),
    "versions": (
        "id", "crate_id", "num", "created_at", "yanked", "license", "crate_size", "rust_version", "has_lib", "edition",
    ),
}  # fmt: skip
"""The tables and columns that are read."""
_NUMBERS = frozenset({"id", "crate_id", "category_id", "version_id", "downloads", "crate_size", "kind"})


class DumpError(ValueError):
    """A dump that cannot be read. The message names the file and the way out."""


class Dump:
    """An unpacked dump; nothing is read before a table is collected."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the unpacked archive, its dated folder, or the `data` folder itself.

        Raises DumpError where it is none of them, or lacks a file or a column.
        """
        self.folder = _data(folder)
        for table, columns in TABLES.items():
            path = self.folder / f"{table}.csv"
            if not path.is_file():
                raise DumpError(f"{folder}: the dump has no {table}.csv; unpack the whole archive")
            with path.open(encoding="utf-8", errors="replace") as file:
                header = [name.strip().strip('"') for name in file.readline(1 << 16).split(",")]
            if missing := [name for name in columns if name not in header]:
                raise DumpError(f"{path}: there is no column {', '.join(missing)}; take a newer dump")

    def table(self, name: str) -> pl.LazyFrame:
        """A table's columns that are read; numbers as Int64, all else as text (empty is null)."""
        import polars as pl

        columns = TABLES[name]
        overrides = {column: pl.Int64 if column in _NUMBERS else pl.String for column in columns}
        return pl.scan_csv(self.folder / f"{name}.csv", schema_overrides=overrides, infer_schema=False).select(columns)


def _data(folder: Path) -> Path:
    """The folder that holds the tables."""
    if folder.is_file():
        raise DumpError(f"{folder} is a file; unpack it and give the folder: tar -xzf {folder.name}")
    if not folder.is_dir():
        raise DumpError(f"{folder}: there is no such folder; unpack the dump's archive and give its folder")
    found = sorted({path.parent for depth in ("", "data/", "*/data/") for path in folder.glob(f"{depth}crates.csv")})
    if len(found) > 1:
        raise DumpError(f"{folder} holds {len(found)} dumps ({', '.join(p.parent.name for p in found)}); give one")
    if not found:
        raise DumpError(f"{folder}: there is no crates.csv, nor data/crates.csv; give the folder of an unpacked dump")
    return found[0]
