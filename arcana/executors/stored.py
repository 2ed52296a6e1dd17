"""The text of a checkpoint: a header, a line for each chip, and a last line that tells whether it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import arcana
from arcana.errors import BadFile, Problem, Problems
from arcana.executors.chunks import Key
from arcana.files import parse_json

FORMAT, VERSION = "arcana checkpoint", 1
_ANEW = "delete it to begin again"
_NONE = object()  # a part that only one of two fingerprints has
_MOST = 10  # differences that are told
_HASH = 64  # digits of SHA-256


def to_text(fingerprint: Mapping[str, Any], values: Mapping[Key, float]) -> str:
    """Header, ``point chip value`` in hexadecimal (bit for bit), ``end <chips> <sum of all before>``."""
    header = {"format": FORMAT, "version": VERSION, "arcana": arcana.__version__, "fingerprint": fingerprint}
    lines = [f"{point} {chip} {value.hex()}" for (point, chip), value in sorted(values.items())]
    text = "\n".join([json.dumps(header, sort_keys=True), *lines, ""])
    return f"{text}end {len(lines)} {_sum(text)}\n"


def from_text(path: Path, text: str, fingerprint: Mapping[str, Any]) -> dict[Key, float]:
    """The values of a checkpoint of this study.

    Raises:
        BadFile: if it is of another study (every part that differs is named), another version, or damaged.
    """
    header, *lines = text.split("\n")
    _check_header(path, _header(path, header), fingerprint)
    body, _, last = text.rstrip("\n").rpartition("\n")
    if last != f"end {len(lines) - 2} {_sum(body + chr(10))}":
        raise BadFile(path, Problem("checkpoint", last[:60], "the end of a whole file: cut or damaged", hint=_ANEW))
    values = {}
    for line in lines[:-2]:
        point, chip, value = line.split()
        values[int(point), int(chip)] = float.fromhex(value)
    return values


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _header(path: Path, line: str) -> dict[str, Any]:
    try:
        header = parse_json(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        hint = "another file, or a damaged one: take another path"
        raise BadFile(path, Problem("first line", line[:60], "the header of an arcana checkpoint", hint=hint))
    return header


def _check_header(path: Path, header: dict[str, Any], ours: Mapping[str, Any]) -> None:
    problems = Problems()
    version = header.get("version")
    if version != VERSION:
        hint = "written by a newer arcana" if isinstance(version, int) and version > VERSION else _ANEW
        raise BadFile(path, Problem("format version", version, f"{VERSION}", hint=hint))
    if header.get("arcana") != arcana.__version__:
        problems.note("arcana's version in the checkpoint", header.get("arcana"), f"{arcana.__version__}, as here")
    for name, theirs, wanted in islice(_differences("", header.get("fingerprint"), dict(ours)), _MOST):
        allowed = "nothing" if wanted is _NONE else repr(_short(wanted))
        found = None if theirs is _NONE else _short(theirs)
        problems.note(f"{name} of the checkpoint", found, f"{allowed}, as in this study")
    if problems:
        hint = "it belongs to another study: take another path, or delete it"
        problems[-1] = Problem(problems[-1].field, problems[-1].value, problems[-1].allowed, hint=hint)
    problems.raise_if_any(path)


def _short(value: Any) -> Any:
    """A hash by its first digits: people only compare them."""
    is_hash = isinstance(value, str) and len(value) == _HASH and set(value) <= set("0123456789abcdef")
    return f"{value[:8]}..." if is_hash else value


def _differences(name: str, theirs: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    """The innermost parts that differ: name, theirs, ours."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours} - ({"arcana"} if not name else set())):  # told of the header already
            yield from _differences(f"{name}.{key}" if name else key, theirs.get(key, _NONE), ours.get(key, _NONE))
    elif isinstance(theirs, list) and isinstance(ours, list):
        for k, (a, b) in enumerate(zip_longest(theirs, ours, fillvalue=_NONE)):
            yield from _differences(f"{name}[{k}]", a, b)
    elif theirs != ours:
        yield name or "fingerprint", theirs, ours
