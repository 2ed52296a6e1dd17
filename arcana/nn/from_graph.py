"""From a plain graph back to modules: any network of DPI populations, run stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from arcana.circuits.dpi import DPIState
from arcana.circuits.names import BIASES, RECEPTORS
from arcana.errors import BadInput, Problems
from arcana.graph import Encoder, NetworkGraph, Population
from arcana.hardware.biases import ContinuousBiasgen
from arcana.hardware.profile import HardwareProfile
from arcana.nn.encoder import ADM
from arcana.nn.layer import DPILayer
from arcana.stages import stages
from arcana.typing import Tensor

StagedState: TypeAlias = tuple[DPIState, ...]


class Staged(nn.Module):
    """The populations of a graph. Those of one stage are one recurrent layer; stages run one after another.

    Attributes:
        layers: One ``DPILayer`` for each stage.
        feeds: For each stage, the parts (sources and populations) that it listens to, in the order of its inputs.
        members: For each stage, the names of its populations, in the order of its neurons.
    """

    def __init__(self, graph: NetworkGraph, profile: HardwareProfile) -> None:
        super().__init__()
        problems = Problems()
        stage = stages(graph, problems)
        problems.raise_if_any()
        self.graph = graph
        self.sizes = {p.name: p.size for p in graph.parts}
        self.encoder = None if graph.encoder is None else encoder_of(graph.encoder)
        order = sorted(set(stage.values()))
        self.members = tuple(tuple(p.name for p in graph.populations if stage[p.name] == k) for k in order)
        self.feeds = tuple(self._feeds(names) for names in self.members)
        free = any_current(profile)
        layers = [self._layer(names, feeds, free) for names, feeds in zip(self.members, self.feeds, strict=True)]
        self.layers = nn.ModuleList(layers)

    @property
    def dt(self) -> float:
        """Time step [s]."""
        return self.graph.populations[0].dt

    def run(
        self, events: Tensor, state: StagedState | None = None, record: Sequence[str] = ()
    ) -> tuple[dict[str, Tensor], StagedState, dict[str, dict[str, Tensor]]]:
        """Events of all sources (B, T, lines) -> spikes of each population, the states, records of each population.

        Raises:
            BadInput: for a wrong shape, and for NaN or negative events.
        """
        if state is not None and len(state) != len(self.layers):
            raise BadInput.one("state", f"{len(state)} states", f"None, or {len(self.layers)}, one for each stage")
        spikes = self._sources(events)
        after: list[DPIState] = []
        records: dict[str, dict[str, Tensor]] = {}
        for k, layer in enumerate(self.layers):
            assert isinstance(layer, DPILayer)
            fed = [spikes[name] for name in self.feeds[k]]
            X = torch.cat(_alike(fed), -1) if fed else events.new_zeros(*events.shape[:-1], 1)
            out = layer.run(X, None if state is None else state[k], record=record)
            after.append(out.state)
            sizes = [self.sizes[name] for name in self.members[k]]
            spikes |= zip(self.members[k], torch.split(out.spikes, sizes, -1), strict=True)
            kept = {name: torch.split(value, sizes, -1) for name, value in out.records.items()}
            for j, name in enumerate(self.members[k]):
                records[name] = {what: parts[j] for what, parts in kept.items()}
        return {p.name: spikes[p.name] for p in self.graph.populations}, tuple(after), records

    def biases_of_members(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """For each stage, the names of its biases and of its populations."""
        layers = [layer for layer in self.layers if isinstance(layer, DPILayer)]
        return [(layer.bias_names(), names) for layer, names in zip(layers, self.members, strict=True)]

    def _sources(self, events: Tensor) -> dict[str, Tensor]:
        names = [s.name for s in self.graph.sources]
        width = sum(self.sizes[name] for name in names)
        if events.ndim < 3 or events.shape[-1] != width:
            raise BadInput.one("X", tuple(events.shape), f"(batch, time, {width})", "(shape)")
        if not names:
            return {}
        return dict(zip(names, torch.split(events, [self.sizes[name] for name in names], -1), strict=True))

    def _feeds(self, names: tuple[str, ...]) -> tuple[str, ...]:
        before = {p.source for p in self.graph.projections if p.target in names and p.source not in names}
        return tuple(p.name for p in self.graph.parts if p.name in before)

    def _layer(self, names: tuple[str, ...], feeds: tuple[str, ...], profile: HardwareProfile) -> DPILayer:
        populations = [p for p in self.graph.populations if p.name in names]
        first, n_out = _starts(populations)
        n_in = sum(self.sizes[name] for name in feeds) or 1  # a line that stays silent where nothing comes in
        mine = [p for p in self.graph.projections if p.target in names]
        one = populations[0]
        layer = DPILayer(
            n_in, n_out, one.dt, profile, any(p.source in names for p in mine), one.solver,
            leak_saturation=one.leak_saturation, substeps=one.substeps, **_biases(populations),
        )  # fmt: skip
        layer.fan_in = None  # the graph's counts are what there is, whatever they add up to
        layer.whole_weights = all(p.count.dtype.kind != "f" for p in mine)
        column, at = {}, 0
        for name in feeds:
            column[name], at = at, at + self.sizes[name]
        like: Tensor = layer.W_ampa
        tables = {
            f"{kind}_{r}": np.zeros((n_out, n_out if kind == "R" else n_in)) for r in RECEPTORS for kind in "WR"
        }
        for p in mine:
            inside = p.source in names
            table = tables[f"{'R' if inside else 'W'}_{p.receptor}"]
            pre = p.pre + (first[p.source] if inside else column[p.source])
            np.add.at(table, (p.post + first[p.target], pre), p.count)
        with torch.no_grad():
            for name, table in tables.items():
                if hasattr(layer, name):
                    getattr(layer, name).copy_(torch.from_numpy(table).to(like))
        return layer


def any_current(profile: HardwareProfile) -> HardwareProfile:
    """The same chip with a bias generator that makes any current: what a graph says is what is run."""
    generator = ContinuousBiasgen(kind="continuous", status="assumed", source=("arcana",))
    return profile.model_copy(update={"biasgen": generator})


def _starts(populations: Sequence[Population]) -> tuple[dict[str, int], int]:
    first, at = {}, 0
    for p in populations:
        first[p.name], at = at, at + p.size
    return first, at


def _biases(populations: Sequence[Population]) -> dict[str, Any]:
    """One value where all neurons have the same, else one for each neuron."""
    found: dict[str, Any] = {}
    for name in BIASES:
        if any(name in p.biases for p in populations):
            values = np.concatenate([_values(p, name) for p in populations])
            found[name] = float(values[0]) if (values == values[0]).all() else torch.from_numpy(values.copy())
    return found


def _values(population: Population, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if name not in population.biases:
        allowed = "set for all populations that run together, or for none"
        raise BadInput.one(f"{population.name}.{name}", None, allowed, BIASES[name].unit)
    return population.values(name)


def _alike(parts: list[Tensor]) -> list[Tensor]:
    """Add the axis of virtual chips where some parts have it and others do not."""
    most = max(parts, key=lambda x: x.ndim)
    return [x if x.ndim == most.ndim else x.expand(*most.shape[: most.ndim - x.ndim], *x.shape) for x in parts]


def encoder_of(settings: Encoder) -> ADM:
    """The delta modulator with these settings."""
    return ADM(
        settings.channels, list(settings.threshold_up), list(settings.threshold_down), settings.refractory,
        reset=settings.reset, events_per_step=settings.events_per_step, upsample=settings.upsample,
    )  # fmt: skip


def set_factors(net: Staged, factors: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Put ln(factor) on the biases of all populations: ``factors[population][bias]`` is (n,) or (chips, 1, n)."""
    for layer, names in zip(net.layers, net.members, strict=True):
        assert isinstance(layer, DPILayer)
        layer.set_mismatch({
            bias: torch.cat([factors[name][bias] for name in names], -1) for bias in layer.bias_names()
        })  # fmt: skip
