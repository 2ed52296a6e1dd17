"""From modules to the plain graph that the mapper takes."""

from __future__ import annotations

from torch import nn

from arcana.circuits.names import RECEPTORS
from arcana.errors import Problems
from arcana.graph import Encoder, NetworkGraph, Population, Projection, Source
from arcana.nn.base import DPIModule
from arcana.nn.encoder import ADM
from arcana.nn.sequential import Sequential
from arcana.typing import Tensor


def graph_of(net: nn.Module) -> NetworkGraph:
    """The graph of a ``DPILayer`` or a ``Sequential`` of an optional ADM and DPI layers.

    Biases are the nominal ones (mismatch belongs to a chip, not to the network); synapses are the whole-number
    counts that ``forward`` uses.

    Raises:
        BadInput: listing every module that has no counterpart on a chip.
    """
    modules = list(net) if isinstance(net, Sequential) else [net]
    problems = Problems()
    encoder: Encoder | None = None
    if isinstance(modules[0], ADM):
        encoder = _encoder(modules[0])
        del modules[0]
    for k, module in enumerate(modules):
        if not isinstance(module, DPIModule):
            problems.note(f"module {k}", type(module).__name__, "a DPILayer (an ADM only in front)")
        elif not module.whole_weights:
            problems.note(f"module {k}: whole_weights", False, "True: a chip has whole synapses")
    if not modules:
        problems.note("net", "an encoder only", "at least one DPILayer")
    problems.raise_if_any()
    layers = [m for m in modules if isinstance(m, DPIModule)]
    source = Source("input", layers[0].n_in)
    populations, projections, before = [], [], source.name
    for k, layer in enumerate(layers):
        name = f"layer{k}"
        populations.append(_population(name, layer))
        counts = layer.counts()
        for kind, pre in (("W", before), ("R", name)):
            for receptor in RECEPTORS:
                synapses = _synapses(counts[f"{kind}_{receptor}"]) if f"{kind}_{receptor}" in counts else ()
                if synapses:
                    projections.append(Projection(pre, name, receptor, synapses))
        before = name
    return NetworkGraph((source,), tuple(populations), tuple(projections), encoder)


def _population(name: str, layer: DPIModule) -> Population:
    biases: dict[str, float | tuple[float, ...]] = {}
    for bias in layer.bias_names():
        value = layer.nominal(bias).detach().double()
        if layer.bias_groups is not None and value.ndim:
            value = value[layer.bias_groups]
        biases[bias] = value.item() if value.ndim == 0 else tuple(value.tolist())
    return Population(
        name, layer.n_out, layer.dt, biases, layer.solver, layer.leak_saturation, layer.substeps
    )  # fmt: skip


def _synapses(counts: Tensor) -> tuple[tuple[int, int, int], ...]:
    post, pre = counts.detach().nonzero(as_tuple=True)
    number = counts.detach()[post, pre]
    rows = zip(pre.tolist(), post.tolist(), number.tolist(), strict=True)
    return tuple((i, j, int(n)) for i, j, n in rows)


def _encoder(adm: ADM) -> Encoder:
    return Encoder(
        channels=adm.N,
        threshold_up=tuple(adm.threshold_up.detach().double().tolist()),
        threshold_down=tuple(adm.threshold_down.detach().double().tolist()),
        refractory=adm.refractory,
        reset=adm.reset,
        events_per_step=adm.events_per_step,
        upsample=adm.upsample,
    )
