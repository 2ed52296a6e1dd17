"""Writes hardware_profiles/schema.json, by which editors check profile files, from the models.

``--check`` writes nothing and exits with 1 if the file differs from what would be written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from arcana.files import write_whole
from arcana.hardware import HardwareProfile

FILE = Path(__file__).resolve().parent.parent / "hardware_profiles" / "schema.json"


def schema_text() -> str:
    schema = _without_titles(HardwareProfile.model_json_schema())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "arcana hardware profile"}
    return json.dumps(head | schema, indent=1, sort_keys=True) + "\n"


def _without_titles(node: Any) -> Any:
    """Titles only repeat the keys; a property that is itself called title is a table and stays."""
    if isinstance(node, dict):
        return {
            key: _without_titles(item)
            for key, item in node.items()
            if not (key == "title" and isinstance(item, str))
        }
    return [_without_titles(item) for item in node] if isinstance(node, list) else node


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--file", type=Path, default=FILE, help="the schema file")
    arguments = parser.parse_args()
    if not arguments.check:
        write_whole(arguments.file, schema_text())
        return 0
    if arguments.file.exists() and json.loads(arguments.file.read_text("utf-8")) == json.loads(schema_text()):
        return 0
    print(f"{arguments.file.name} is stale: run python scripts/make_profile_schema.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
