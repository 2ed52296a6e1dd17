"""Finding things in a profile by their dotted key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from arcana.errors import BadInput, NotPublished, unknown_name
from arcana.hardware.model import join
from arcana.hardware.quantity import UNKNOWN, Fact, Sourced


def find(root: BaseModel, dotted_key: str) -> Any:
    """What stands at ``electrical.leak_current`` or ``bias.IF_DC_P.factor``; None if the profile leaves it out.

    Raises:
        BadInput: if there is nothing, with the nearest key that exists.
    """
    here: Any = root
    seen = ""
    for part in dotted_key.split("."):
        if here is None:  # a whole section is left out
            return None
        names = _names(here)
        if part not in names:
            raise BadInput(unknown_name(f"key {dotted_key!r}", join(seen, part), [join(seen, n) for n in names]))
        here = here[part] if isinstance(here, Mapping) else getattr(here, part)
        seen = join(seen, part)
    return here


def need(root: BaseModel, profile: str, dotted_key: str, needed_for: str) -> Any:
    """The bare value at a dotted key: a float for a quantity, a tuple for a series, else what stands there.

    Raises:
        NotPublished: if it is "unknown", or left out of the profile.
        BadInput: if there is no such key.
    """
    found = find(root, dotted_key)
    value = getattr(found, "value") if isinstance(found, Fact) else found  # noqa: B009 (Fact itself has none)
    if value is None or (isinstance(value, str) and value == UNKNOWN):
        note = found.note if isinstance(found, Fact) else ""
        raise NotPublished(dotted_key, profile, needed_for, note)
    return value


def facts(here: Any, key: str = "") -> Iterator[tuple[str, Sourced]]:
    """All sourced statements below a place, with their dotted keys, in the order of the models."""
    if isinstance(here, Sourced):
        yield key, here
    if isinstance(here, tuple | list):
        for index, item in enumerate(here):
            yield from facts(item, f"{key}[{index}]")
    else:
        for name in _names(here):
            item = here[name] if isinstance(here, Mapping) else getattr(here, name)
            yield from facts(item, join(key, name))


def _names(here: Any) -> list[str]:
    if isinstance(here, BaseModel):
        return list(type(here).model_fields)
    return [str(name) for name in here] if isinstance(here, Mapping) else []
