"""Legal settings of two chips, as plain data that a test can spoil: inputs, outputs, several cores, recurrence.

``in`` (3 lines) -> ``hidden`` (4 neurons, C0c0) -> ``out`` (3 neurons, C1c2, read) -> ``hidden``, and ``hidden``
onto itself. ``spare`` (2 neurons, C0c1) neither sends nor listens. Every tag is heard by at least three neurons.
"""

from __future__ import annotations

from arcana.circuits.names import BIASES, OPTIONAL_BIASES
from arcana.config import ChipConfig
from arcana.hardware import load_profile

HIDDEN, OUT, SPARE = (0, 0, 1), (1, 2, 10), (0, 1, 0)  # chip, core and first neuron


def settings(data):
    return ChipConfig.model_validate(data)


def legal(name):
    """The settings as plain data for ``dynapse1``, ``dynapse2``, or a profile of one's own."""
    chip = load_profile(name) if isinstance(name, str) else name
    first = first_word(chip)
    data = {
        "profile": {"name": chip.name, "hash": chip.hash()},
        "provenance": {"arcana_version": "0"},
        "populations": [{"name": n, "size": s, "dt_s": 1e-3} for n, s in (("hidden", 4), ("out", 3), ("spare", 2))],
        "inputs": [{"name": "in", "size": 3, "events": [[k, tag(chip, "in", k), 0, 1] for k in range(3)]}],
        "outputs": [{"name": "out", "neurons": [[1, 2, 10 + k, monitor_tag(chip, k)] for k in range(3)]}],
        "cores": [core(chip, *place[:2]) for place in (HIDDEN, SPARE, OUT)],
        "neurons": [],
    }
    for k in range(4):
        mine = tag(chip, "hidden", k)
        cams = rows(chip, [("in", j, "ampa") for j in range(3)] + [("hidden", j, "gabaa") for j in range(4)])
        cams += rows(chip, [("out", j, "gabab") for j in range(3)], start=20)
        srams = [[first, mine, 1, 0, 0], [first + 1, mine, 4, 1, 0]]
        data["neurons"].append(neuron(HIDDEN, "hidden", k, cams, srams))
    for k in range(3):
        cams = rows(chip, [("hidden", j, "nmda") for j in range(4)])
        srams = [[first, tag(chip, "out", k), 1, -1, 0]]
        if chip.topology.monitor_hops is not None:
            srams.append([3, monitor_tag(chip, k), 15, *chip.topology.monitor_hops])
        data["neurons"].append(neuron(OUT, "out", k, cams, srams))
    data["neurons"] += [neuron(SPARE, "spare", k, [], []) for k in range(2)]
    return data


def neuron(place, population, k, cams, srams):
    chip, core_, first = place
    where = {"chip": chip, "core": core_, "neuron": first + k, "population": population, "index": k}
    return {**where, "tau2": False, "cams": cams, "srams": srams}


def core(chip, number, core_):
    codes = {name: {"coarse": 1, "fine": 100} for name, bias in chip.bias.items() if bias.scope == "core"}
    return {"chip": number, "core": core_, "biases": codes, "latches": {}}


def exact_core(chip, number, core_):
    values = {name: 1e-11 for name in BIASES if name not in OPTIONAL_BIASES}
    switches = [1e-10] * chip.synapse.weight_bits
    return {"chip": number, "core": core_, "exact": values, "exact_switches": switches}


def rows(chip, senders, start=0):
    """Input words that listen to (part, number, receptor)."""
    found = []
    for word, (part, k, receptor) in enumerate(senders, start=start):
        mine = chip.synapse.receptor[receptor]
        switches = 0 if mine.weight_bit is None else 1 << mine.weight_bit
        found.append([word, tag(chip, part, k), mine.code, switches, 0])
    return found


def tag(chip, part, k):
    """SE1: place of the sender (inputs use places that no neuron has); SE2: numbers."""
    if chip.routing.addressing == "source":
        return {"in": 256 * 3 + 200, "hidden": 1, "out": 256 * 2 + 10}[part] + k
    return {"in": 300, "hidden": 100, "out": 200}[part] + k


def monitor_tag(chip, k):
    return 256 * 2 + 10 + k if chip.topology.monitor_hops is None else 40 + k


def first_word(chip):
    """First output word for routing."""
    return 1 if chip.topology.monitor_hops is None else 0


def find(data, population, index):
    return next(n for n in data["neurons"] if (n["population"], n["index"]) == (population, index))
