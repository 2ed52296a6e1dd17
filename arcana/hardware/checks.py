"""What must fit together between the sections of a profile.

All of it looks at raw tables, so that one wrong number hides none of it; wrong shapes are refused elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arcana.errors import Problems, unknown_name
from arcana.hardware.model import join


def check_sources(data: Mapping[str, Any], problems: Problems) -> None:
    """Every source that is named anywhere stands in [sources]."""
    known = data.get("sources", {})
    if isinstance(known, Mapping):
        for key, name in _source_names(data, ""):
            if name not in known:
                problems.append(unknown_name(key, name, known))


def check_references(data: Mapping[str, Any], problems: Problems) -> None:
    """Names that point to another section exist there, no two biases set the same, and counts agree."""
    biases, latches = _tables(data.get("bias")), _tables(data.get("latch"))
    for key, name in _bias_names(data):
        if name not in biases:
            problems.append(unknown_name(key, name, biases))
    setters: dict[str, str] = {}
    for name, bias in biases.items():
        latch, model_bias = bias.get("latch"), bias.get("model_bias")
        if isinstance(latch, str) and latch not in latches:
            problems.append(unknown_name(f"bias.{name}.latch", latch, latches))
        if isinstance(model_bias, str) and setters.setdefault(model_bias, name) != name:
            allowed = f"a model bias that {setters[model_bias]} does not set already"
            problems.note(f"bias.{name}.model_bias", model_bias, allowed)
    topology = data.get("topology")
    stated = topology.get("biases_per_core") if isinstance(topology, Mapping) else None
    count = sum(bias.get("scope", "core") == "core" for bias in biases.values())
    if isinstance(stated, int) and stated != count:
        problems.note("topology.biases_per_core", stated, f"{count}, the number of biases with the scope 'core'")


def _bias_names(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All places that name a chip bias."""
    synapse = data.get("synapse")
    for receptor, entry in _tables(synapse.get("receptor") if isinstance(synapse, Mapping) else None).items():
        key = f"synapse.receptor.{receptor}"
        for part in ("weight_bias", "biases"):
            yield from ((f"{key}.{part}", name) for name in _texts(entry.get(part)))
    for delay, entry in _tables(data.get("delay")).items():
        yield from ((f"delay.{delay}.parameter", name) for name in _texts(entry.get("parameter")))
    remarks = data.get("code_remark", ())
    for index, entry in enumerate(remarks if isinstance(remarks, list | tuple) else ()):
        if isinstance(entry, Mapping):
            yield from ((f"code_remark[{index}].bias", name) for name in _texts(entry.get("bias")))


def _source_names(here: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(here, Mapping):
        for name, item in here.items():
            inside = join(key, str(name))
            if isinstance(item, list | tuple) and (name == "source" or str(name).endswith("_source")):
                yield from ((inside, source) for source in _texts(item))
            else:
                yield from _source_names(item, inside)
    elif isinstance(here, list | tuple):
        for index, item in enumerate(here):
            yield from _source_names(item, f"{key}[{index}]")


def _tables(section: Any) -> dict[str, Mapping[str, Any]]:
    """The tables of a section, by name; nothing where it has another shape."""
    entries = section.items() if isinstance(section, Mapping) else ()
    return {str(name): entry for name, entry in entries if isinstance(entry, Mapping)}


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, str)]
