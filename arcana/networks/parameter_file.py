"""Parameters of a circuit in a file, by the names of neurons and connections."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arcana.errors import BadFile, BadInput, Problem, Problems, unknown_name
from arcana.files import parse_json, read_text, write_whole
from arcana.networks.circuit import Circuit

VERSION = 1
_KEYS = ("version", "threshold", "decay", "weight", "provenance")


def write_parameters(circuit: Circuit, path: str | Path, provenance: Mapping[str, Any] | None = None) -> Path:
    """Write what ``circuit.parameters_table()`` holds, to the last bit, as JSON.

    Args:
        circuit: The circuit.
        path: The file.
        provenance: Where they come from, as plain data.

    Raises:
        BadFile: if the file cannot be written.
    """
    table = circuit.parameters_table()
    data = {
        "version": VERSION,
        "provenance": dict(provenance or {}),
        "threshold": table["threshold"],
        "decay": table["decay"],
        "weight": [[*key, value] for key, value in table["weight"].items()],
    }
    return write_whole(path, json.dumps(data, indent=1) + "\n")


def read_parameters(circuit: Circuit, path: str | Path) -> dict[str, Any]:
    """Load a file of ``write_parameters`` into a circuit; all of its parameters have to be there.

    Returns:
        The provenance that the file states.

    Raises:
        BadFile: listing unknown and missing names, values that are none, and a file of a newer version.
    """
    text = read_text(path)
    try:
        data = parse_json(text)
    except ValueError as error:
        raise BadFile(path, Problem("file", Path(path).name, "JSON", hint=str(error))) from error
    if not isinstance(data, dict):
        raise BadFile(path, Problem("file", type(data).__name__, "a table with " + ", ".join(_KEYS)))
    problems = Problems(unknown_name("key", str(key), _KEYS) for key in data if key not in _KEYS)
    if data.get("version") != VERSION:
        problems.note("version", data.get("version"), str(VERSION), hint="written by another version of arcana")
    given = {"threshold": _table(data, "threshold", problems), "decay": _table(data, "decay", problems)}
    weight = _weights(data.get("weight"), problems)
    for what, wanted in circuit.parameters_table().items():
        found = weight if what == "weight" else given[what]
        for key in wanted:
            if key not in found:
                problems.note(what, "missing", f"a value for {'->'.join(key) if isinstance(key, tuple) else key}")
    try:
        copy.deepcopy(circuit).load_parameters(**given, weight=weight)
    except BadInput as error:
        problems.extend(error.problems)
    problems.raise_if_any(path)
    circuit.load_parameters(**given, weight=weight)
    provenance = data.get("provenance")
    return provenance if isinstance(provenance, dict) else {}


def _table(data: Mapping[str, Any], what: str, problems: Problems) -> dict[str, Any]:
    table = data.get(what)
    if isinstance(table, dict):
        return table
    problems.note(what, type(table).__name__, "a table of numbers by neuron")
    return {}


def _weights(rows: Any, problems: Problems) -> dict[Any, Any]:
    found = {}
    for k, row in enumerate(rows if isinstance(rows, list) else [rows]):
        if isinstance(row, list) and len(row) in (3, 4) and all(isinstance(name, str) for name in row[:-1]):
            if tuple(row[:-1]) in found:
                problems.note(f"weight[{k}]", row, "each connection once")
            found[tuple(row[:-1])] = row[-1]
        else:
            problems.note(f"weight[{k}]", row, "[source, target, number]")
    return found
