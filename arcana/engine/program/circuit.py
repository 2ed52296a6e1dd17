"""The programs that a kernel runs for one neuron: receive events, one sub-step, and the adjoints of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from arcana.circuits import equations as eq
from arcana.circuits.names import RECEPTORS
from arcana.engine.program.derivative import adjoints
from arcana.engine.program.node import Graph, Node, needed
from arcana.engine.program.symbols import spike_with, symbolic_equations
from arcana.surrogate import FastSigmoid, Surrogate

INTEGRATORS = (*RECEPTORS, "ahp")
LITERALS = {"zero": 0.0, "half": 0.5, "one": 1.0, "two": 2.0, "four": 4.0, "sixth": 1 / 6, "tiny": 1e-6}
# One number for all neurons
NUMBERS = tuple(f"k.{name}" for name in eq.Constants._fields if name not in LITERALS)


@dataclass(frozen=True)
class Circuit:
    """What distinguishes one compiled program from another; numbers are its arguments, not part of it."""

    solver: str
    leak_saturation: bool
    live: eq.Live
    external: bool
    surrogate: type[Surrogate] = FastSigmoid
    slope: str = ""  # the surrogate's, as text: a class may read a number that changes from run to run

    @property
    def single(self) -> bool:
        """Whether a step has one sub-step by definition."""
        return self.solver == "euler"

    @property
    def state(self) -> tuple[str, ...]:
        """Fields of ``equations.Neuron`` that move."""
        return ("x", *(name for name in INTEGRATORS if getattr(self.live, name)), "refractory")


@dataclass(frozen=True)
class Program:
    """Named results of a graph over named inputs.

    Inputs: ``n.<field>`` state, ``c.<coefficient>`` and ``k.<constant>``, ``event.<receptor>``, ``external``,
    ``fired``, ``when``, ``start``, and ``adj.<output>`` incoming adjoints.
    """

    outputs: dict[str, Node]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that the results depend on."""
        return tuple(str(node.value) for node in needed(self.outputs.values()) if node.op == "leaf")

    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients among the inputs, without ``c.``."""
        return tuple(name.removeprefix("c.") for name in self.inputs if name.startswith("c."))


@lru_cache
def substep(circuit: Circuit) -> Program:
    """State, ``fired`` and ``when`` after one sub-step."""
    g = Graph()
    return Program(_advance(g, circuit))


@lru_cache
def substep_adjoint(circuit: Circuit, wrt: tuple[str, ...]) -> Program:
    """Adjoints of a sub-step's inputs, by their names: state, ``fired``, ``external``, coefficients in ``wrt``."""
    g = Graph()
    results = _advance(g, circuit)
    del results["when"]  # a record, not differentiated
    incoming = [(node, g.leaf(f"adj.{name}")) for name, node in results.items()]
    names = [*(f"n.{name}" for name in circuit.state), "fired", *(f"c.{name}" for name in wrt)]
    return _adjoint_program(g, incoming, [*names, "external"] if circuit.external else names)


@lru_cache
def receive(circuit: Circuit, receptors: tuple[str, ...]) -> Program:
    """The currents after events at the receptors."""
    g = Graph()
    return Program(_receive(g, circuit, receptors))


@lru_cache
def receive_adjoint(circuit: Circuit, receptors: tuple[str, ...], wrt: tuple[str, ...]) -> Program:
    """Adjoints of the events and of the coefficients; the currents' own adjoints pass unchanged."""
    g = Graph()
    incoming = [(node, g.leaf(f"adj.{name}")) for name, node in _receive(g, circuit, receptors).items()]
    return _adjoint_program(g, incoming, [*(f"event.{r}" for r in receptors), *(f"c.{name}" for name in wrt)])


def _adjoint_program(g: Graph, incoming: list[tuple[Node, Node]], inputs: list[str]) -> Program:
    return Program(dict(zip(inputs, adjoints(incoming, [g.leaf(name) for name in inputs]), strict=True)))


def _advance(g: Graph, circuit: Circuit) -> dict[str, Node]:
    equations = symbolic_equations()
    slope: Any = circuit.surrogate.pseudo_derivative
    external = g.leaf("external") if circuit.external else None
    before: list[Any] = [g.const(0) if circuit.single else g.leaf(name) for name in ("fired", "when")]
    start: Any = g.const(0) if circuit.single else g.leaf("start")
    after, out = equations.advance(
        _neuron(g, circuit), eq.Fired(*before), start, external, _coefficients(g, circuit), spike_with(slope)
    )
    return {name: getattr(after, name) for name in circuit.state} | {"fired": out.fired, "when": out.when}


def _receive(g: Graph, circuit: Circuit, receptors: tuple[str, ...]) -> dict[str, Node]:
    events = tuple(g.leaf(f"event.{r}") if r in receptors else None for r in RECEPTORS)
    after = symbolic_equations().receive(_neuron(g, circuit), events, _coefficients(g, circuit))
    return {r: getattr(after, r) for r in receptors}


def _neuron(g: Graph, circuit: Circuit) -> Any:
    # An integrator that never moves lies at the floor, I0
    fields = {name: g.leaf(f"n.{name}") if name in circuit.state else g.const(1) for name in eq.Neuron._fields}
    return eq.Neuron(**fields)  # type: ignore[arg-type]


def _coefficients(g: Graph, circuit: Circuit) -> Any:
    def integrator(name: str) -> Any:
        leaves: Any = (g.leaf(f"c.{name}.{field}") for field in eq.Integrator._fields)
        return eq.Integrator(*leaves)

    k = {
        name: g.const(LITERALS[name]) if name in LITERALS else g.leaf(f"k.{name}") for name in eq.Constants._fields
    }
    special: dict[str, Any] = {
        "solver": circuit.solver,
        "substeps": 1,
        "leak_saturation": circuit.leak_saturation,
        "live": circuit.live,
        "k": eq.Constants(**k),  # type: ignore[arg-type]
        **{name: integrator(name) for name in INTEGRATORS},
    }
    plain: dict[str, Any] = {name: g.leaf(f"c.{name}") for name in eq.Coefficients._fields if name not in special}
    return eq.Coefficients(**special, **plain)
