"""The JSON of the C++ library *cereal*, as far as the vendor's configurations use it.

Assumptions, none of them checked against the library itself:

- The document is ``{"value0": {...}}``; members of an object have camelCase names (``xHop``, ``latchSoDc``).
- An array of fixed length (cores, neurons, synapses, destinations, bool[4]) is an object with the keys ``value0``,
  ``value1``, ...; a vector (chips) is a JSON list. The reader takes either for both.
- A map is a list of ``{"key": ..., "value": ...}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from arcana.errors import Problems, did_you_mean

_SHOWN = 200  # problems that are collected before the reader stops looking at more of them


def camel(name: str) -> str:
    """``so_dc_on`` as ``soDcOn``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def structure(members: Mapping[str, str]) -> str:
    """An object; values are JSON text."""
    return "{" + ", ".join(f'"{camel(name)}": {value}' for name, value in members.items()) + "}"


def array(items: Iterable[str], between: str = ", ") -> str:
    """An array of fixed length; items are JSON text."""
    return "{" + between.join(f'"value{k}": {item}' for k, item in enumerate(items)) + "}"


def vector(items: Iterable[str], between: str = ", ") -> str:
    """A vector; items are JSON text."""
    return "[" + between.join(items) + "]"


def mapping(items: Mapping[str, str]) -> str:
    """A map from names; values are JSON text."""
    return vector(f'{{"key": {json.dumps(key)}, "value": {value}}}' for key, value in items.items())


def leaf(members: Mapping[str, Any]) -> str:
    """An object of plain values; a list or tuple is an array of fixed length."""
    return structure({name: _plain(value) for name, value in members.items()})


def _plain(value: Any) -> str:
    return array(map(json.dumps, value)) if isinstance(value, list | tuple) else json.dumps(value)


class Node:
    """A value with its place in the document; what is wrong with it is noted, and reading goes on."""

    def __init__(self, value: Any, path: str, problems: Problems) -> None:
        self.value, self.path, self.problems = value, path, problems

    def refuse(self, given: object, allowed: str, hint: str = "") -> None:
        """Note that this value is not as it should be."""
        if len(self.problems) < _SHOWN:
            self.problems.note(self.path, given, allowed, hint=hint)

    def members(self, known: Iterable[str], ignored: Iterable[str] = ()) -> dict[str, Node]:
        """The members of an object by snake_case name; others are refused unless they are ignored."""
        if not isinstance(self.value, dict):
            self.refuse(_kind(self.value), "an object")
            return {}
        names = {camel(name): name for name in known}
        found = {}
        skipped = {camel(name) for name in ignored}
        for key, value in self.value.items():
            if key in names:
                found[names[key]] = Node(value, f"{self.path}.{key}", self.problems)
            elif key not in skipped:
                hint = did_you_mean(key, [*names, *skipped])
                Node(value, f"{self.path}.{key}", self.problems).refuse(key, "a known member", hint)
        return found

    def items(self, most: int) -> Iterator[tuple[int, Node]]:
        """The items of an array or a vector with their numbers; some may be missing."""
        pairs: list[tuple[Any, Any]] = []
        if isinstance(self.value, list):
            pairs = [(f"value{k}", value) for k, value in enumerate(self.value)]
        elif isinstance(self.value, dict):
            pairs = list(self.value.items())
        else:
            self.refuse(_kind(self.value), "an array: a list, or an object with value0, value1, ...")
        for key, value in pairs:
            match = re.fullmatch(r"value(\d{1,9})", key, re.ASCII)
            if match is None or int(match[1]) >= most:
                self.refuse(key, f"value0 to value{most - 1}")
                continue
            yield int(match[1]), Node(value, f"{self.path}[{match[1]}]", self.problems)

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The entries of a map with names as keys."""
        if not isinstance(self.value, list):
            self.refuse(_kind(self.value), 'a map: a list of {"key": ..., "value": ...}')
            return
        seen = set()
        for k, entry in enumerate(self.value):
            here = Node(entry, f"{self.path}[{k}]", self.problems)
            pair = here.members(("key", "value"))
            if "key" not in pair or "value" not in pair or not isinstance(pair["key"].value, str):
                here.refuse(entry, 'an object with "key" (a name) and "value"')
            elif pair["key"].value in seen:
                here.refuse(pair["key"].value, "each key once")
            else:
                seen.add(pair["key"].value)
                yield pair["key"].value, pair["value"]

    def whole(self, low: int, high: int) -> int:
        """A whole number of a range; ``low`` where it is none, after a note."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            self.refuse(self.value, f"a whole number from {low} to {high}")
            return low
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse(self.value, "true or false")
        return self.value is True

    def mask(self, bits: int) -> int:
        """An array of flags as a number, bit k for item k."""
        return sum(1 << k for k, item in self.items(bits) if item.flag())


def bits(value: int, count: int) -> Sequence[bool]:
    """A number as flags, bit k as item k."""
    return [bool(value >> k & 1) for k in range(count)]


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a number")
