"""Pass 4: the settings of each core: bias codes, and on SE2 the four weight currents that its words switch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arcana.circuits.names import RECEPTORS
from arcana.config import BiasCode, CoreBiases
from arcana.errors import BadInput, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.circuit import Circuit, Floats, Ints, Layout, Placement
from arcana.mapping.cluster import BiasSet, Clustering
from arcana.mapping.decode import second_leak, switch_biases
from arcana.quantize.biasgen import BiasGenerator, Code
from arcana.quantize.codes import on_chip
from arcana.quantize.switched import choose_switches, switch_levels


@dataclass(frozen=True)
class SwitchedCore:
    """How well the four weight currents of a core make its weights.

    Attributes:
        chip: Chip of the core.
        core: Its number there.
        words: How many weights it has.
        rms: ||made - wanted|| / ||wanted||.
        dropped: Weights that are nearest to no current at all, and have no word.
    """

    chip: int
    core: int
    words: int
    rms: float
    dropped: int


@dataclass(frozen=True, eq=False)
class CoreSettings:
    """Settings of the cores that are used, and the weight switches of each synapse group (groups,)."""

    cores: tuple[CoreBiases, ...]
    switches: Ints
    switched: tuple[SwitchedCore, ...]


def quantise(
    circuit: Circuit,
    clustering: Clustering,
    placement: Placement,
    layout: Layout,
    profile: HardwareProfile,
    *,
    exact: bool = False,
    switched: bool = False,
    seed: int = 0,
) -> CoreSettings:
    """Settings of all cores that hold neurons.

    Args:
        circuit: The network.
        clustering: Bias set of each neuron.
        placement: Core of each neuron.
        layout: The board.
        profile: The chip.
        exact: Write currents in place of codes (for emulation only).
        switched: Choose four weight currents per core for its weights; else each receptor has its own switch, and
            a weight of n is n words.
        seed: Of the search for weight currents.

    Raises:
        BadInput: listing second leaks and weights that no code makes.
    """
    switches, wanted = _own_switches(circuit, profile), np.zeros(0)
    if switched:
        wanted = _wanted(circuit, clustering, profile, exact)
    cores, fits, problems = [], [], Problems()
    for core in np.unique(placement.core).tolist():
        chip, number = int(layout.chip[core]), int(layout.core[core])
        mine = np.flatnonzero(placement.core[circuit.post] == core)
        kind = int(clustering.kind[np.flatnonzero(placement.core == core)[0]])
        currents: tuple[float, ...] | None = None
        if switched and mine.size:
            levels = None if exact else switch_levels(profile)
            fit = choose_switches(wanted[mine], levels=levels, seed=seed)
            switches[mine], currents = fit.masks, tuple(fit.currents.tolist())
            fits.append(SwitchedCore(chip, number, mine.size, fit.rms, fit.dropped))
        make = _exact if exact else _coded
        try:
            cores.append(make(chip, number, clustering.sets[kind], currents, profile))
        except BadInput as error:
            problems.extend(error.problems)
    problems.raise_if_any()
    return CoreSettings(tuple(cores), switches, tuple(fits))


def _own_switches(circuit: Circuit, profile: HardwareProfile) -> Ints:
    bits = [profile.synapse.receptor[name].weight_bit for name in RECEPTORS]
    masks = np.array([0 if bit is None else 1 << bit for bit in bits], dtype=np.int64)
    return masks[circuit.receptor]


def _wanted(circuit: Circuit, clustering: Clustering, profile: HardwareProfile, exact: bool) -> Floats:
    """Weight current of each synapse group [A]: count * Iw, for the pulse that the core will have."""
    table = np.zeros((len(clustering.sets), len(RECEPTORS)))
    wanted = np.zeros(circuit.pre.size)
    for population in circuit.graph.populations:  # Iw may differ from neuron to neuron here
        start = circuit.starts[population.name]
        mine = (circuit.post >= start) & (circuit.post < start + population.size)
        for r, name in enumerate(RECEPTORS):
            here = mine & (circuit.receptor == r)
            iw = population.values(f"Iw_{name}")[circuit.post[here] - start]
            wanted[here] = circuit.count[here] * iw
    for k, bias_set in enumerate(clustering.sets):
        chip = bias_set.biases if exact else on_chip(bias_set.biases, profile)
        for r, name in enumerate(RECEPTORS):
            table[k, r] = chip[f"Iw_{name}"] / bias_set.biases[f"Iw_{name}"]
    needed: Floats = wanted * table[clustering.kind[circuit.post], circuit.receptor]
    return needed


def _exact(
    chip: int, core: int, bias_set: BiasSet, currents: tuple[float, ...] | None, profile: HardwareProfile
) -> CoreBiases:
    if currents is None:
        names = {r.weight_bit: name for name, r in profile.synapse.receptor.items() if r.weight_bit is not None}
        currents = tuple(bias_set.biases[f"Iw_{names[bit]}"] for bit in sorted(names))
    return CoreBiases(
        chip=chip, core=core, exact=dict(bias_set.biases), exact_switches=list(currents), exact_tau2=bias_set.tau2
    )


def _coded(
    chip: int, core: int, bias_set: BiasSet, currents: tuple[float, ...] | None, profile: HardwareProfile
) -> CoreBiases:
    assert bias_set.codes is not None
    generator, codes = BiasGenerator(profile), dict(bias_set.codes.codes)
    if bias_set.tau2 is not None:
        codes[second_leak(profile)] = generator.code(second_leak(profile), bias_set.tau2)
    for name, current in zip(switch_biases(profile), currents or (), strict=False):
        codes[name] = generator.code(name, current)
    for name, bias in profile.bias.items():
        if bias.scope == "core" and name not in codes:
            codes[name] = Code(*(bias.idle_code or (0, 0)))
    return CoreBiases(
        chip=chip, core=core, latches=dict(bias_set.codes.latches),
        biases={name: BiasCode(coarse=int(c.coarse), fine=int(c.fine)) for name, c in codes.items()},
    )  # fmt: skip
