"""Fiuri neurons wired by a connectome: the circuit as a module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from arcana.errors import BadInput, Problems, unknown_name
from arcana.graded import EXCITATORY, GAP, INHIBITORY, Connection, GradedGraph, Unit, is_number
from arcana.networks.connectome import Connectome, Key
from arcana.networks.fast import FastCircuit
from arcana.networks.fiuri import FiuriCell, FiuriState, Variant
from arcana.networks.fiuri_rules import Exact
from arcana.networks.weights import GapJunction, MaskedDense
from arcana.nn.checks import inspectable
from arcana.typing import Tensor


@dataclass(frozen=True)
class Trace:
    """A run of a circuit.

    Attributes:
        action: (B, T), or (B, T, outputs) where there are several.
        E: Internal states after each step (B, T, n).
        O: Outputs after each step (B, T, n).
        state: To go on from.
    """

    action: Tensor
    E: Tensor
    O: Tensor  # noqa: E741 (the name of the literature)
    state: FiuriState


class Circuit(nn.Module):
    """Neurons, connections and interfaces of a connectome, stepped all at once.

    In one step the observation is written to the sensory neurons (E and O), then all neurons read the states of
    the step before, and the action is read from the internal states of the motor neurons.

    Args:
        connectome: Names, connections and interfaces.
        variant: See ``FiuriCell``; its options as well.
        **options: Of the variant.

    Raises:
        BadInput: for a connectome without inputs or outputs, and as ``FiuriCell``.

    Attributes:
        connectome: As given.
        neurons: Names, in the order of all states.
        connections: The connections, in the order of the file.
        cell: The neurons.
        excitatory: Chemical synapses that add.
        inhibitory: Chemical synapses that subtract.
        gaps: Gap junctions.
    """

    _sensory: Tensor

    def __init__(self, connectome: Connectome, variant: Variant = "exact", **options: float) -> None:
        super().__init__()
        missing = Problems()
        for ways in ("inputs", "outputs"):
            if not getattr(connectome, ways):
                missing.note(ways, 0, "at least one interface: a circuit is driven and read through them")
        missing.raise_if_any()
        self.connectome = connectome
        n, index = len(connectome.neurons), {name: k for k, name in enumerate(connectome.neurons)}
        self._at = {
            kind: [(index[c.target], index[c.source]) for c in connectome.connections if c.kind == kind]
            for kind in (EXCITATORY, INHIBITORY, GAP)
        }
        self.cell = FiuriCell(n, variant, **options)
        self.excitatory, self.inhibitory = (MaskedDense(_mask(self._at[k], n)) for k in (EXCITATORY, INHIBITORY))
        self.gaps = GapJunction([j for _, j in self._at[GAP]], [i for i, _ in self._at[GAP]], n)
        pairs = [(index[i.positive], index[i.negative]) for i in connectome.inputs]
        self.register_buffer("_sensory", torch.tensor([k for pair in pairs for k in pair]), persistent=False)
        self._motor = [index[name] for o in connectome.outputs for name in (o.positive, o.negative)]
        self.load_parameters(weight={key: c.weight for key, c in connectome.keys.items()})

    @property
    def neurons(self) -> tuple[str, ...]:
        """Names, in the order of all states."""
        return self.connectome.neurons

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Source, target and kind of each connection, with the weight that it has now."""
        return tuple(replace(c, weight=self._weight(c)) for c in self.connectome.connections)

    # ------------------------------------------------------------------ run

    def rest(self, batch: int) -> FiuriState:
        """State of ``batch`` circuits at the start: all zero."""
        return FiuriState.rest((batch, len(self.neurons)), self.cell.threshold)

    def step(self, obs: Tensor, state: FiuriState) -> tuple[Tensor, FiuriState]:
        """One control step: observation (B, inputs) -> action (B,) or (B, outputs), and the next state."""
        self._check(obs, state, 2)
        return self._step(self.encode(obs), state)

    def forward(self, obs: Tensor, state: FiuriState | None = None) -> tuple[Tensor, FiuriState]:
        """A sequence (B, T, inputs) from a given state, or from rest -> actions (B, T), and the state after it."""
        self._check(obs, state, 3)
        start = self.rest(len(obs)) if state is None else state
        if isinstance(self.cell.rule, Exact) and not self._differentiable(obs, start):
            motor, _, after = self._fast(self.cell.rule).run(self.encode(obs), start)
            return self.read(motor), after
        trace = self.run(obs, state=start)
        return trace.action, trace.state

    def run(self, obs: Tensor, reset: Tensor | None = None, state: FiuriState | None = None) -> Trace:
        """A sequence with records.

        Args:
            obs: (B, T, inputs).
            reset: (T,) or (B, T), True where E is set to 0 before that step (O stays, as in the original).
            state: To start from; None is rest.

        Raises:
            BadInput: for wrong shapes, NaN, and values that are not finite.
        """
        self._check(obs, state, 3)
        state = self.rest(len(obs)) if state is None else state
        resets = self._resets(reset, obs)
        if isinstance(self.cell.rule, Exact) and not self._differentiable(obs, state):
            trace_E, trace_O, after = self._fast(self.cell.rule).run(self.encode(obs), state, resets, record=True)
            assert trace_O is not None
            return Trace(self.decode(trace_E), trace_E, trace_O, after)
        actions, states = [], []
        for t, sensed in enumerate(self.encode(obs).unbind(1)):
            if resets is not None:
                state = state.reset(resets[:, t])
            action, state = self._step(sensed, state)
            actions.append(action)
            states.append(state)
        E, O = (torch.stack(series, 1) for series in zip(*states, strict=True))  # noqa: E741
        return Trace(torch.stack(actions, 1), E, O, state)

    def encode(self, obs: Tensor) -> Tensor:
        """States of the sensory neurons (..., 2 inputs) for observations (..., inputs)."""
        pairs = [i.encode(x) for i, x in zip(self.connectome.inputs, obs.unbind(-1), strict=True)]
        return torch.stack([state for pair in pairs for state in pair], -1)

    def decode(self, E: Tensor) -> Tensor:
        """Action (...) or (..., outputs) for internal states (..., n)."""
        return self.read(E[..., self._motor])

    def read(self, motor: Tensor) -> Tensor:
        """Action for internal states of the motor neurons (..., 2 outputs)."""
        pairs = enumerate(self.connectome.outputs)
        actions = [o.decode(motor[..., 2 * k], motor[..., 2 * k + 1]) for k, o in pairs]
        return actions[0] if len(actions) == 1 else torch.stack(actions, -1)

    def _fast(self, rule: Exact) -> FastCircuit:
        weights = self.cell.threshold.new_tensor([self._weight(c) for c in self.connectome.connections])
        return FastCircuit(self.connectome, rule, self.cell.threshold.detach(), self.cell.decay.detach(), weights)

    def _differentiable(self, obs: Tensor, state: FiuriState) -> bool:
        """Whether somebody may ask for a gradient; the compiled loop has none, and knows two types."""
        parameters = any(p.requires_grad for p in self.parameters())
        wanted = torch.is_grad_enabled() and (parameters or any(x.requires_grad for x in (obs, *state)))
        compiled = obs.device.type == "cpu" and obs.dtype in (torch.float32, torch.float64) and inspectable(obs)
        return wanted or not compiled

    def _step(self, sensed: Tensor, state: FiuriState) -> tuple[Tensor, FiuriState]:
        where = self._sensory.expand(len(sensed), -1)
        state = FiuriState(state.E.scatter(-1, where, sensed), state.O.scatter(-1, where, sensed))
        current = self.excitatory(state.O) - self.inhibitory(state.O)
        state = self.cell(current, state, self.gaps)
        return self.decode(state.E), state

    def _check(self, obs: Any, state: FiuriState | None, axes: int) -> None:
        problems, inputs = Problems(), len(self.connectome.inputs)
        shape = f"(batch, time, {inputs})" if axes == 3 else f"(batch, {inputs})"
        if not isinstance(obs, torch.Tensor):
            problems.note("obs", type(obs).__name__, f"a torch tensor {shape}")
        elif obs.ndim != axes or obs.shape[-1] != inputs or 0 in obs.shape:
            problems.note("obs", tuple(obs.shape), f"{shape}, none of them 0", "(shape)")
        else:
            if obs.dtype != self.cell.threshold.dtype:
                problems.note("obs", obs.dtype, f"{self.cell.threshold.dtype}, the type of the parameters")
            if not bool(torch.isfinite(obs).all()):
                problems.note("obs", f"{int((~torch.isfinite(obs)).sum())} values", "finite numbers")
            if state is not None:
                self._check_state(state, (len(obs), len(self.neurons)), problems)
        problems.raise_if_any()

    def _check_state(self, state: Any, shape: tuple[int, ...], problems: Problems) -> None:
        tensors = isinstance(state, FiuriState) and all(isinstance(x, torch.Tensor) for x in state)
        if not tensors or [(tuple(x.shape), x.dtype) for x in state] != [(shape, self.cell.threshold.dtype)] * 2:
            given = [f"{x.dtype} {tuple(x.shape)}" for x in state] if tensors else type(state).__name__
            problems.note("state", given, f"FiuriState with E and O of {self.cell.threshold.dtype} {shape}")
        elif not bool(torch.isfinite(torch.stack(tuple(state))).all()):
            problems.note("state", "NaN or infinity", "finite numbers")

    def _resets(self, reset: Any, obs: Tensor) -> Tensor | None:
        if reset is None:
            return None
        try:
            given = torch.as_tensor(reset)
        except (TypeError, ValueError, RuntimeError):  # no numbers, or rows of several lengths
            given = torch.empty(0)
        if given.dtype != torch.bool or tuple(given.shape) not in ((obs.shape[1],), tuple(obs.shape[:2])):
            allowed = f"booleans ({obs.shape[1]},) or {tuple(obs.shape[:2])}"
            raise BadInput.one("reset", f"{given.dtype} {tuple(given.shape)}", allowed)
        return given.expand(obs.shape[:2])

    # ------------------------------------------------------------------ parameters

    def load_parameters(
        self,
        threshold: Mapping[str, float] | None = None,
        decay: Mapping[str, float] | None = None,
        weight: Mapping[Key, float] | None = None,
    ) -> None:
        """Set parameters by the names of neurons, and of (source, target); those that are not named stay.

        Where two neurons are connected in two ways, a weight is named (source, target, kind).

        Raises:
            BadInput: listing unknown names, a decay or weight < 0, and values that are not finite.
        """
        problems, index = Problems(), {name: k for k, name in enumerate(self.neurons)}
        known = self.connectome.keys
        tables: dict[str, Any] = {"threshold": threshold, "decay": decay, "weight": weight}
        for what, table in tables.items():
            if not isinstance(table, Mapping | None):
                problems.note(what, type(table).__name__, "a table of values by name")
        problems.raise_if_any()
        for what, given in (("threshold", threshold or {}), ("decay", decay or {})):
            for name, value in given.items():
                if name not in index:
                    problems.append(unknown_name(what, str(name), self.neurons))
                else:
                    _number(problems, f"{what} of {name}", value, signed=what == "threshold")
        for key, value in (weight or {}).items():
            if key not in known:
                problems.append(unknown_name("weight", _arrow(key), [_arrow(k) for k in known]))
            else:
                _number(problems, f"weight of {_arrow(key)}", value, signed=False)
        problems.raise_if_any()
        with torch.no_grad():
            for name, value in (threshold or {}).items():
                self.cell.threshold[index[name]] = value
            for name, value in (decay or {}).items():
                self.cell.raw_decay[index[name]] = value
            for key, value in (weight or {}).items():
                raw, place = self._place(known[key])
                raw[place] = value

    def parameters_table(self) -> dict[str, dict[Any, float]]:
        """What ``load_parameters`` takes: threshold and decay by neuron, weight by (source, target)."""
        T, d = self.cell.threshold.tolist(), self.cell.decay.tolist()
        return {
            "threshold": dict(zip(self.neurons, T, strict=True)),
            "decay": dict(zip(self.neurons, d, strict=True)),
            "weight": {key: self._weight(c) for key, c in self.connectome.keys.items()},
        }

    def graph(self) -> GradedGraph:
        """The circuit as plain data, with the parameters that it has now."""
        T, d = self.cell.threshold.tolist(), self.cell.decay.tolist()
        units = zip(self.neurons, T, d, map(self.connectome.role, self.neurons), strict=True)
        return GradedGraph(tuple(Unit(*unit) for unit in units), self.connections)

    def _weight(self, c: Connection) -> float:
        raw, place = self._place(c)
        return max(raw[place].item(), 0.0)

    def _place(self, c: Connection) -> tuple[Tensor, Any]:
        at = (self.neurons.index(c.target), self.neurons.index(c.source))
        if c.kind == GAP:
            return self.gaps.raw, self._at[GAP].index(at)
        return (self.excitatory if c.kind == EXCITATORY else self.inhibitory).raw, at


def _mask(pairs: list[tuple[int, int]], n: int) -> Tensor:
    mask = torch.zeros(n, n, dtype=torch.bool)
    for target, source in pairs:
        mask[target, source] = True
    return mask


def _arrow(pair: Any) -> str:
    return "->".join(map(str, pair)) if isinstance(pair, tuple) else str(pair)


def _number(problems: Problems, field: str, value: Any, signed: bool) -> None:
    number = is_number(value)
    if not number or (value < 0 and not signed):
        hint = "" if signed or not number else "the kind of a connection sets its sign"
        problems.note(field, value, "a finite number" if signed else "a finite number >= 0", hint=hint)
