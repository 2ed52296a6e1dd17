"""A circuit of graded neurons as programs of its kind have it: an object for each neuron and each connection.

What ``benchmarks.graded`` compares with; plain Python, the same law and the same order of additions.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcana.graded import EXCITATORY, GAP, Connection
from arcana.networks import TWC, Interface
from arcana.networks.fiuri_rules import HIGH, LOW


class Neuron:
    """One neuron with the state of the last step."""

    def __init__(self, threshold: float, decay: float) -> None:
        self.threshold, self.decay = threshold, decay
        self.E = self.O = 0.0
        self.incoming: list[Wire] = []

    def following(self) -> tuple[float, float]:
        """State after a step, from what the others are now."""
        S = self.E
        for wire in self.incoming:
            S += wire.current()
        S = min(max(S, LOW), HIGH)
        if self.threshold < S:
            return S - self.threshold, S - self.threshold
        return (self.E - self.decay if self.E == S else S), 0.0

    def write(self, state: float) -> None:
        """Set by the world."""
        self.E = self.O = state


class Wire:
    """One connection."""

    def __init__(self, connection: Connection, source: Neuron, target: Neuron) -> None:
        self.kind, self.weight = connection.kind, connection.weight
        self.source, self.target = source, target

    def current(self) -> float:
        """What the target gets."""
        sent = self.weight * self.source.O
        if self.kind == EXCITATORY:
            return sent
        if self.kind != GAP or self.source.O < self.target.E:
            return -sent
        return sent if self.source.O > self.target.E else 0.0


class ObjectLoop:
    """The circuit with the parameters of ``twc``."""

    def __init__(self, twc: TWC) -> None:
        table = twc.parameters_table()
        self.neurons = {name: Neuron(table["threshold"][name], table["decay"][name]) for name in twc.neurons}
        for connection in twc.connections:
            target = self.neurons[connection.target]
            target.incoming.append(Wire(connection, self.neurons[connection.source], target))
        self.inputs, self.output = twc.connectome.inputs, twc.connectome.outputs[0]

    def step(self, observation: Sequence[float]) -> float:
        """Write the sensory neurons, step all of them at once, read the action."""
        for interface, value in zip(self.inputs, observation, strict=True):
            positive, negative = encoded(interface, value)
            self.neurons[interface.positive].write(positive)
            self.neurons[interface.negative].write(negative)
        following = [neuron.following() for neuron in self.neurons.values()]
        for neuron, (E, O) in zip(self.neurons.values(), following, strict=True):  # noqa: E741
            neuron.E, neuron.O = E, O
        return self.action()

    def action(self) -> float:
        """From the internal states of the motor neurons."""
        o = self.output
        shares = (
            (self.neurons[n].E - o.low_state) / (o.high_state - o.low_state) for n in (o.positive, o.negative)
        )
        more, less = (min(max(share, 0.0), 1.0) for share in shares)
        return o.high * more + o.low * less

    def run(self, observations: Sequence[Sequence[float]]) -> list[float]:
        """Actions of a sequence, from rest."""
        for neuron in self.neurons.values():
            neuron.write(0.0)
        return [self.step(observation) for observation in observations]


def encoded(interface: Interface, value: float) -> tuple[float, float]:
    """States of the positive and of the negative neuron."""
    span, rest = interface.high_state - interface.low_state, interface.low_state
    if value >= interface.valley:
        return span * (value / interface.high) + rest, rest
    return rest, span * (value / interface.low) + rest
