"""A run with records: spikes, exact spike times and currents of every layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from arcana.circuits.dpi import DPIState
from arcana.engine.drive import RECORDABLE
from arcana.errors import BadInput, Problems, unknown_name
from arcana.nn.base import DPIModule
from arcana.nn.sequential import NetworkState, Sequential
from arcana.typing import Tensor


@dataclass(frozen=True)
class Trace:
    """What ``simulate`` recorded.

    Attributes:
        output: Output of the last module (B, T, n).
        state: State to go on from.
        records: For each module by its position, the recorded tensors by name (..., B, T, n): ``spikes`` (0/1),
            ``spike_times`` [s] from the start (NaN where none), currents [A] at the end of each step; an encoder
            has ``spikes`` only.
        dt: Time step [s].
    """

    output: Tensor
    state: DPIState | NetworkState | tuple[DPIState, ...]
    records: tuple[dict[str, Tensor], ...]
    dt: float

    def __getitem__(self, name: str) -> Tensor:
        """A record of the last module."""
        if name not in self.records[-1]:
            raise BadInput(unknown_name("record", name, self.records[-1]))
        return self.records[-1][name]

    def rates(self, module: int = -1) -> Tensor:
        """Mean firing rate of each neuron [Hz], (..., B, n)."""
        spikes = self.records[module]["spikes"]
        return spikes.mean(-2) / self.dt


def check_record(record: Sequence[str]) -> tuple[str, ...]:
    """The names of the records that are wanted.

    Raises:
        BadInput: listing unknown ones, with the nearest known ones.
    """
    record = (record,) if isinstance(record, str) else tuple(record)
    problems = Problems(unknown_name("record", name, RECORDABLE) for name in record if name not in RECORDABLE)
    problems.raise_if_any()
    return record


@torch.no_grad()
def simulate(
    net: nn.Module,
    X: Tensor,
    record: Sequence[str] = ("spikes",),
    state: DPIState | NetworkState | None = None,
) -> Trace:
    """Run a layer or a ``Sequential`` and keep what is asked for, without gradients.

    Args:
        net: A ``DPILayer`` or ``Sequential``.
        X: Input (B, T, channels).
        record: Any of spikes, spike_times, Imem, Iampa, Inmda, Igabaa, Igabab, Iahp, refractory.
        state: As returned in a trace before; None starts from rest.

    Raises:
        BadInput: listing unknown names in ``record``, with the nearest known ones.
    """
    record = check_record(record)
    if isinstance(net, DPIModule):
        if not (state is None or isinstance(state, DPIState)):
            raise BadInput.one("state", type(state).__name__, "the DPIState of this layer")
        out = net.run(X, state, record=record)
        return Trace(out.spikes, out.state, (out.records,), net.dt)
    if not isinstance(net, Sequential):
        raise BadInput.one("net", type(net).__name__, "a DPILayer or a Sequential")
    if isinstance(state, DPIState):
        raise BadInput.one("state", "DPIState", "the tuple of states of this Sequential")
    dt = next((m.dt for m in net if isinstance(m, DPIModule)), float("nan"))
    output, after, records = net.run(X, state, record)
    return Trace(output, after, records, dt)
