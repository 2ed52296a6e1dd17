"""The network that a settings file describes, rebuilt from its codes and tables alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arcana.circuits.names import BIASES, RECEPTORS
from arcana.config import ChipConfig, CoreBiases, EncoderSettings, PlacedNeuron
from arcana.errors import BadInput, Problems
from arcana.graph import Delay, Encoder, NetworkGraph, Population, Projection, Source
from arcana.hardware.model import below
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Floats, Ints
from arcana.mapping.wiring import Wiring, wiring
from arcana.quantize.biasgen import BiasGenerator, Code
from arcana.quantize.codes import CoreCodes, decode_biases

SECOND_LEAK = "IF_TAU2_N"
_DELAYS: dict[int, Delay] = {0: "none", 1: "precise", 2: "mismatched"}


@dataclass(frozen=True)
class CoreValues:
    """What the neurons of a core have: biases [A, s, 1/A], the second leak [A], and the switched currents [A]."""

    biases: Mapping[str, float]
    tau2: float | None
    switches: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Decoded:
    """A settings file as a network.

    Attributes:
        graph: Populations with the currents of their codes, and the connections of the tables.
        outputs: (population, index) of each output line.
        places: For each population, the (chip, core, neuron) of its neurons.
    """

    graph: NetworkGraph
    outputs: tuple[tuple[str, int], ...]
    places: Mapping[str, tuple[tuple[int, int, int], ...]]


def decode(config: ChipConfig, profile: HardwareProfile) -> Decoded:
    """The network on a chip with these settings.

    The weight of an input word is, in units of its receptor's weight current, 1 on a chip without weight
    switches, and sum of bit_i W_i / Iw on one with them.

    Raises:
        BadInput: listing codes and names that the chip does not have.
    """
    problems, values = Problems(), {}
    for core in config.cores:
        try:
            values[core.chip, core.core] = core_values(core, profile)
        except BadInput as error:
            problems.extend(below(f"C{core.chip}c{core.core}", error.problems))
    problems.raise_if_any()
    members = _members(config)
    populations = tuple(
        Population(
            p.name,
            p.size,
            p.dt_s,
            _biases(members[p.name], values),
            p.solver,
            p.leak_saturation,
            p.substeps,
            p.stage,
        )
        for p in config.populations
    )
    graph = NetworkGraph(
        tuple(Source(lines.name, lines.size) for lines in config.inputs),
        populations,
        _projections(config, profile, values),
        None if config.encoder is None else _encoder(config.encoder),
        tuple(dict.fromkeys(name for name, _ in _outputs(config))),
        profile.technology(),
    )
    places = {name: tuple((n.chip, n.core, n.neuron) for n in found) for name, found in members.items()}
    return Decoded(graph, _outputs(config), places)


def core_values(core: CoreBiases, profile: HardwareProfile) -> CoreValues:
    """The currents of a core's codes, or the exact ones that stand in their place."""
    if core.exact:
        return CoreValues(dict(core.exact), core.exact_tau2, tuple(core.exact_switches))
    codes = {name: Code(code.coarse, code.fine) for name, code in core.biases.items()}
    low_range = frozenset(name for name, code in core.biases.items() if code.low_range)

    def current(name: str) -> float:
        return BiasGenerator(profile).current(name, *codes[name], low_range=name in low_range)

    second, names = second_leak(profile), switch_biases(profile)
    biases = decode_biases(CoreCodes(codes, core.latches, low_range), profile)
    tau2 = current(second) if second in codes else None
    switches = tuple(current(name) for name in names if name in codes)
    return CoreValues(biases, tau2, switches if len(switches) == len(names) else ())


def second_leak(profile: HardwareProfile) -> str:
    """The chip's bias for the second leak of the membrane; empty where it has none."""
    return SECOND_LEAK if SECOND_LEAK in profile.bias else ""


def switch_biases(profile: HardwareProfile) -> tuple[str, ...]:
    """The chip's biases of the weight switches, in order; empty where it has none."""
    found = {r.weight_bit: r.weight_bias for r in profile.synapse.receptor.values() if r.weight_bit is not None}
    return tuple(found[bit] or "" for bit in sorted(found))


def _members(config: ChipConfig) -> dict[str, list[PlacedNeuron]]:
    members: dict[str, list[PlacedNeuron]] = {p.name: [] for p in config.populations}
    for neuron in sorted(config.neurons, key=lambda n: n.index):
        members[neuron.population].append(neuron)
    return members


def _biases(
    neurons: list[PlacedNeuron], values: Mapping[tuple[int, int], CoreValues]
) -> dict[str, float | tuple[float, ...]]:
    found: dict[str, float | tuple[float, ...]] = {}
    cores = [values[n.chip, n.core] for n in neurons]
    for name in BIASES:
        if name not in cores[0].biases:
            continue
        row = tuple(core.biases.get(name, 0.0) for core in cores)
        if name == "Itau_mem":
            row = tuple(
                core.tau2 if n.tau2 and core.tau2 is not None else leak
                for n, core, leak in zip(neurons, cores, row, strict=True)
            )
        found[name] = row[0] if len(set(row)) == 1 else row
    return found


def _outputs(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    at = {(n.chip, n.core, n.neuron): (n.population, n.index) for n in config.neurons}
    return tuple(at[a.chip, a.core, a.neuron] for lines in config.outputs for a in lines.addresses)


def _projections(
    config: ChipConfig, profile: HardwareProfile, values: Mapping[tuple[int, int], CoreValues]
) -> tuple[Projection, ...]:
    """Equal words of one pair of neurons are counted; the rows come out in order of population and receptor."""
    wires = wiring(config, profile)
    names, number, index = _senders(config)
    source, pre = number[wires.pre], index[wires.pre]
    target, post = number[wires.inputs + wires.post], index[wires.inputs + wires.post]
    codes = {r.code: k for k, r in enumerate(profile.synapse.receptor[name] for name in RECEPTORS)}
    receptor = np.array([codes[code] for code in wires.receptor.tolist()], dtype=np.int64)
    weight = _weights(wires, receptor, config, values)
    rows = np.stack([source, target, receptor, wires.flags & 3, pre, post])
    keys, place = np.unique(rows, axis=1, return_inverse=True)
    count = np.zeros(keys.shape[1])
    np.add.at(count, place.ravel(), weight)
    found = []
    for s, t, r, f in np.unique(keys[:4], axis=1).T.tolist():
        mine = (keys[:4] == np.array([[s], [t], [r], [f]])).all(0)
        triples = zip(keys[4, mine].tolist(), keys[5, mine].tolist(), count[mine].tolist(), strict=True)
        found.append(Projection.of(names[s], names[t], RECEPTORS[r], triples, _DELAYS.get(f, "none")))
    return tuple(found)


def _senders(config: ChipConfig) -> tuple[list[str], Ints, Ints]:
    """Name of each part, and for each sender (lines, then neurons) the number of its part and its index there."""
    names = [*(i.name for i in config.inputs), *(p.name for p in config.populations)]
    number = {name: k for k, name in enumerate(names)}
    lines = [(number[i.name], k) for i in config.inputs for k in range(i.size)]
    neurons = [(number[n.population], n.index) for n in config.neurons]
    table = np.array(lines + neurons, dtype=np.int64).reshape(-1, 2)
    return names, table[:, 0], table[:, 1]


def _weights(
    wires: Wiring, receptor: Ints, config: ChipConfig, values: Mapping[tuple[int, int], CoreValues]
) -> Floats:
    """Weight of each word in units of its receptor's weight current."""
    weight = np.ones(wires.pre.size)
    if not wires.switches.any():
        return weight
    table: dict[tuple[int, int, int, int], float] = {}
    cores = [(n.chip, n.core) for n in config.neurons]
    for k, (post, r, bits) in enumerate(
        zip(wires.post.tolist(), receptor.tolist(), wires.switches.tolist(), strict=True)
    ):
        key = (*cores[post], r, bits)
        if key not in table:
            core = values[cores[post]]
            table[key] = switched(core.switches, bits) / core.biases[f"Iw_{RECEPTORS[r]}"]
        weight[k] = table[key]
    return weight


def switched(currents: tuple[float, ...], bits: int) -> float:
    """I = sum of bit_i I_i [A]."""
    return sum(current for k, current in enumerate(currents) if bits >> k & 1)


def _encoder(settings: EncoderSettings) -> Encoder:
    return Encoder(
        channels=settings.channels,
        threshold_up=tuple(settings.threshold_up),
        threshold_down=tuple(settings.threshold_down),
        refractory=settings.refractory_steps,
        reset=settings.reset,
        events_per_step=settings.events_per_step,
        upsample=settings.upsample,
    )
