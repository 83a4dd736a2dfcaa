"""The JSON Schema of each type of record, as files for those who read a corpus without Oxidizer.

    python -m oxidizer.datasets.records.schemas

writes them anew. A test holds the files to the classes: what others rely on does not change unseen.
"""

from __future__ import annotations

import json
from pathlib import Path

from oxidizer.datasets.records.reading import TYPES
from oxidizer.datasets.records.record import Record

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


def schema_text(model: type[Record]) -> str:
    """A type's JSON Schema (draft 2020-12), by public names; bytes are base64."""
    schema = model.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=1) + "\n"


def main() -> None:
    """Write all files."""
    SCHEMAS.mkdir(exist_ok=True)
    for name, model in TYPES.items():
        (SCHEMAS / f"{name}.json").write_text(schema_text(model), "utf-8")


if __name__ == "__main__":
    main()
