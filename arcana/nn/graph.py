"""From modules to the plain graph that the mapper takes."""

from __future__ import annotations

from torch import nn

from arcana.circuits.names import RECEPTORS
from arcana.errors import Problems
from arcana.graph import Encoder, NetworkGraph, Population, Projection, Source
from arcana.nn.base import DPIModule
from arcana.nn.encoder import ADM
from arcana.nn.parameter import CountParameter
from arcana.nn.sequential import Sequential


def graph_of(net: nn.Module) -> NetworkGraph:
    """The graph of a ``DPILayer`` or a ``Sequential`` of an optional ADM and DPI layers.

    Biases are the nominal ones (mismatch belongs to a chip, not to the network); synapses are the counts that
    ``forward`` uses, whole or not.

    Raises:
        BadInput: listing every module that has no counterpart on a chip, and synapses that are not finite.
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
            continue
        for parameter, values in module.named_parameters():
            bad = (~values.isfinite()).nonzero()
            if len(bad) and isinstance(values, CountParameter):  # a bias that is 0 has the logarithm -inf
                at = tuple(bad[0].tolist())
                problems.note(f"module {k}: {parameter}{list(at)}", values[at].item(), "a finite number")
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
                table = counts.get(f"{kind}_{receptor}")
                if table is not None and bool((table > 0).any()):
                    matrix = table.detach().double().cpu().numpy()
                    projections.append(Projection.from_matrix(pre, name, receptor, matrix))
        before = name
    technology = layers[0].technology
    for k, layer in enumerate(layers):
        if layer.technology != technology:
            allowed = f"{layers[0].profile.name}, or one with the same constants, as layer 0"
            problems.note(f"layer {k}: profile", layer.profile.name, allowed)
    problems.raise_if_any()
    return NetworkGraph((source,), tuple(populations), tuple(projections), encoder, technology=technology)


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
