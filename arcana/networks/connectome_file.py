"""Connectomes from files: JSON, and XML with the same names."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arcana.errors import BadFile, BadInput, Problem, Problems, unknown_name
from arcana.files import parse_json, read_text
from arcana.graded import EXCITATORY, GAP, INHIBITORY, KINDS, Connection, Kind
from arcana.networks.connectome import VERSION, Connectome, check
from arcana.networks.interface import Interface

# The original's words for kinds of connections
_KINDS: Mapping[str, Kind] = {"ChemEx": EXCITATORY, "ChemIn": INHIBITORY, "AGJ": GAP, **{k: k for k in KINDS}}
_NUMBERS = {"valley": "valley", "min": "low", "max": "high", "minState": "low_state", "maxState": "high_state"}
_NAMES = {"pos": "positive", "neg": "negative"}


def read_connectome(path: str | Path) -> Connectome:
    """Read a circuit.

    JSON: ``{"neurons": [...], "connections": [[source, target, kind, weight]], "inputs": [...], "outputs": [...]}``
    with kind excitatory, inhibitory or gap (or the original's ChemEx, ChemIn, AGJ), weight 1 if left out, and
    interfaces ``{"pos", "neg", "valley", "min", "max", "minState", "maxState"}``; or ``"interfaces"``, a table of
    these by name, each with ``"type": "IN"`` or ``"OUT"``.

    XML: elements ``neuron`` (name), ``connection`` (src, dst, type, weight) and ``interface`` (the fields above),
    anywhere in the file, with attributes or child elements of these names.

    Raises:
        BadFile: listing everything that is wrong, with its place.
    """
    text = read_text(path)
    try:
        data = _from_xml(text) if text.lstrip().startswith("<") else parse_json(text)
    except (ValueError, ET.ParseError) as error:
        raise BadFile(path, Problem("file", text[:40], "JSON or XML", hint=str(error))) from error
    problems = Problems()
    if not isinstance(data, dict):
        raise BadFile(path, Problem("file", type(data).__name__, "a table with neurons and connections"))
    known = ("version", "neurons", "connections", "inputs", "outputs", "interfaces", "after_load")
    problems.extend(unknown_name("key", key, known) for key in data if key not in known)
    if data.get("version", VERSION) != VERSION:
        problems.note("version", data["version"], str(VERSION), hint="written by another version of arcana")
    neurons = _neurons(data.get("neurons"), problems)
    connections = _connections(data.get("connections"), problems)
    inputs, outputs = _interfaces(data, problems)
    if neurons is not None:  # without names every connection would be said to lead nowhere
        check(neurons, connections, inputs, outputs, problems)
    problems.raise_if_any(path)
    rows = (tuple(given.values()) for given in (connections, inputs, outputs))
    return Connectome(neurons or (), *rows)  # type: ignore[arg-type]


def _neurons(given: Any, problems: Problems) -> tuple[str, ...] | None:
    if not isinstance(given, list) or not all(isinstance(name, str) and name.strip() for name in given):
        problems.note("neurons", given, "a list of names")
        return None
    return tuple(given)


def _connections(given: Any, problems: Problems) -> dict[str, Connection]:
    if not isinstance(given, list):
        problems.note("connections", given, "a list of [source, target, kind, weight]")
        return {}
    found = {}
    for k, row in enumerate(given):
        if isinstance(row, list) and len(row) in (3, 4) and all(isinstance(part, str) for part in row[:3]):
            kind: Any = _KINDS.get(row[2], row[2])  # an unknown one is found with all the rest
            found[f"connections[{k}]"] = Connection(row[0], row[1], kind, *row[3:])
        else:
            problems.note(f"connections[{k}]", row, "[source, target, kind] or [source, target, kind, weight]")
    return found


def _interfaces(data: Mapping[str, Any], problems: Problems) -> tuple[dict[str, Interface], dict[str, Interface]]:
    rows = [(f"{way}[{k}]", way, row) for way in ("inputs", "outputs") for k, row in enumerate(_list(data, way))]
    table = data.get("interfaces", {})
    if not isinstance(table, dict):
        problems.note("interfaces", type(table).__name__, "a table by name")
        table = {}
    for name, row in table.items():
        way = {"IN": "inputs", "OUT": "outputs"}.get(str(row.get("type")) if isinstance(row, dict) else "")
        if way is None:
            problems.note(f"interfaces.{name}.type", row, "IN or OUT")
        else:
            rows.append((f"interfaces.{name}", way, {key: value for key, value in row.items() if key != "type"}))
    found: dict[str, dict[str, Interface]] = {"inputs": {}, "outputs": {}}
    for where, way, row in rows:
        interface = _interface(where, row, problems)
        if interface is not None:
            found[way][where] = interface
    return found["inputs"], found["outputs"]


def _interface(where: str, row: Any, problems: Problems) -> Interface | None:
    fields = {**_NAMES, **_NUMBERS}
    if not isinstance(row, dict):
        problems.note(where, row, "a table with " + ", ".join(fields))
        return None
    before = len(problems)
    problems.extend(unknown_name(f"{where}: field", key, fields) for key in row if key not in fields)
    for key in ("pos", "neg", "valley", "min", "max"):
        if key not in row:
            problems.note(f"{where}.{key}", None, "a value")
    if len(problems) > before:
        return None
    try:
        return Interface(**{fields[key]: value for key, value in row.items()})
    except BadInput as error:
        problems.extend(Problem(f"{where}.{p.field}", p.value, p.allowed, p.unit, p.hint) for p in error.problems)
        return Interface(str(row["pos"]), str(row["neg"]), 0.0, -1.0, 1.0)  # its neurons are looked at all the same


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    given = data.get(key, [])
    return given if isinstance(given, list) else [given]


class _NoDoctype(ET.TreeBuilder):
    """Refuses document types: entities that they define can make gigabytes of a few lines."""

    def doctype(self, name: str, *_: str | None) -> None:
        raise ValueError(f"<!DOCTYPE {name}> is not read: write the file without it")


def _from_xml(text: str) -> dict[str, Any]:
    root = ET.fromstring(text, ET.XMLParser(target=_NoDoctype()))
    interfaces: dict[str, dict[str, Any]] = {}
    for k, element in enumerate(_all(root, "interface")):
        row = _fields(element)
        name = row.pop("name", str(k))
        if name in interfaces:
            raise ValueError(f"the interface {name!r} stands there twice")
        interfaces[name] = {key: (row[key] if key in (*_NAMES, "type") else _number(row[key])) for key in row}
    connections: list[list[Any]] = []
    for element in _all(root, "connection"):
        row = _fields(element)
        weight = [_number(row["weight"])] if "weight" in row else []
        connections.append([row.get("src"), row.get("dst"), row.get("type"), *weight])
    neurons = [_fields(element).get("name", (element.text or "").strip()) for element in _all(root, "neuron")]
    return {"neurons": neurons, "connections": connections, "interfaces": interfaces}


def _all(root: ET.Element, tag: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.tag.lower() == tag]


def _fields(element: ET.Element) -> dict[str, str]:
    return dict(element.attrib) | {child.tag: (child.text or "").strip() for child in element}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
