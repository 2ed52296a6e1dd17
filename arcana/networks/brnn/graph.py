"""A network of the family as plain data: populations with their signs, and what their synapses do."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from arcana.errors import BadInput
from arcana.networks.brnn.cell import Cell
from arcana.networks.brnn.parts import Parts
from arcana.rate_graph import RateGraph, RatePopulation, RateProjection, Sign


@torch.no_grad()
def rate_graph(parts: Parts, cell: nn.Module, readout: nn.Linear) -> RateGraph:
    """``input`` -> ``E`` and ``I`` (or ``units``, where there are no signs) -> ``readout``.

    W and P are currents, K and P_z conductances: they reach the gate. Plastic are the synapses of W only, as in the
    equations. Parameters of a population are b and b_z (or the constant z), and z_x, z_u and U of the plasticity.

    Raises:
        BadInput: for torch's GRU, whose gates multiply what arrives.
    """
    if not isinstance(cell, Cell):
        raise BadInput.one("gate", parts.gate, "any other: torch's GRU has no form as populations and synapses")
    w = cell.weights()
    arrays = {name: _array(value) for name, value in w._asdict().items() if value is not None}
    values: dict[str, NDArray[np.float64]] = {name: arrays[name] for name in ("b", "b_z", "z") if name in arrays}
    if parts.plastic:
        values |= dict(zip(("z_x", "z_u", "U"), map(_array, cell.plasticity()), strict=True))
    excites = cell.excites.numpy()
    kinds: dict[str, tuple[Sign, NDArray[np.bool_]]] = {"units": ("mixed", np.ones_like(excites))}
    if parts.dale:
        kinds = {"E": ("excitatory", excites), "I": ("inhibitory", ~excites)}
    outputs = readout.out_features
    populations = [
        RatePopulation("input", w.P.shape[1], place="input"),
        *(
            RatePopulation(name, int(at.sum()), sign, parameters={k: v[at] for k, v in values.items()})
            for name, (sign, at) in kinds.items()
        ),
        RatePopulation("readout", outputs, place="output", parameters={"b": _array(readout.bias)}),
    ]
    projections = []
    for name, (_, post) in kinds.items():
        projections.append(RateProjection("input", name, arrays["P"][post]))
        if "P_z" in arrays:
            projections.append(RateProjection("input", name, arrays["P_z"][post], "conductance"))
        for source, (_, pre) in kinds.items():
            block = np.ix_(post, pre)
            projections.append(RateProjection(source, name, arrays["W"][block], plastic=parts.plastic))
            if "K" in arrays:
                projections.append(RateProjection(source, name, arrays["K"][block], "conductance"))
    seen = readout.weight
    for name, (_, pre) in kinds.items():
        if parts.output == "all" or name == "E":
            projections.append(RateProjection(name, "readout", _array(seen)[:, pre]))
    return RateGraph(tuple(populations), tuple(projections))


def _array(value: Any) -> NDArray[np.float64]:
    return np.asarray(value.detach().cpu(), dtype=np.float64)
