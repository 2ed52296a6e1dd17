"""The least that a step costs: the operations of the equations times what each costs on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.machine import Limits
from benchmarks.network import DENSITY, SYNAPSES
from benchmarks.shapes import Shape


@dataclass(frozen=True)
class Work:
    """What one neuron needs in one forward step."""

    transcendental: int  # exp, log
    divide: int
    add: float  # additions of a weight to an input current
    bytes: float  # that have to reach or leave main memory


# One evaluation of F(x): exp(x) for the current itself, exp(x kappa / (kappa + 1)) and the exponential of the
# sigmoid for the feedback, exp(-x / kappa) for the saturation of the leak. Their arguments differ by factors that
# are not whole, so none follows from another by multiplications.
SLOPE_EXPONENTIALS = 4
# The gate of NMDA, the sigmoid, and Igain / (Igain + I). (Two of them could share a division by cross-multiplying,
# at the price of range in float32; not counted as possible.)
SLOPE_DIVISIONS = 3
EVALUATIONS = {"euler": 1, "heun": 2, "rk4": 4}


def work_per_step(solver: str, substeps: int, shape: Shape) -> Work:
    """The operations of one step of ``substeps`` sub-steps.

    Left out, because only a neuron that fires or is released needs them, a few times in a hundred steps: the
    interpolated crossing (a root and a division) and the decay of currents over part of a sub-step (five
    exponentials). Left out too: multiplications and comparisons, which run beside the exponentials' own.
    """
    evaluations = EVALUATIONS[solver] * substeps
    # Euler works in linear current. With the current as state exp(x) becomes log(I): the count is the same.
    exponentials = SLOPE_EXPONENTIALS * evaluations
    # Every event adds a row of counts to the input current of a receptor. A dense row, because that is how weights
    # are trained: n_in DENSITY rows per step and receptor.
    adds = shape.n_in * DENSITY * len(SYNAPSES)
    if shape.recurrent:
        adds += shape.n_out * DENSITY / 2  # spikes are fewer than events; their rate is not known beforehand
    # The spike (float32) is written; the events are read once per sequence, shared by its n_out neurons. The state
    # stays in cache over the whole sequence.
    moved = 4 + 4 * shape.n_in / shape.n_out / shape.chips
    return Work(exponentials, SLOPE_DIVISIONS * evaluations, adds, moved)


def floor_ns(work: Work, measured: Limits) -> float:
    """Nanoseconds, each operation at the least cost that was measured."""
    return (
        work.transcendental * measured.least("exp")
        + work.divide * measured.least("divide")
        + work.add * measured.least("add")
        + work.bytes / measured.copy  # bytes / (GB/s) is ns
    )


def traced(solver: str) -> tuple[int, int] | None:
    """Exponentials and divisions of the program that the engine compiles for one sub-step; None without it.

    More than ``work_per_step`` has, because a vector of neurons walks the path of the one that fires.
    """
    try:
        from arcana.circuits.equations import Live
        from arcana.engine.program.circuit import Circuit, substep
        from arcana.engine.program.node import needed
    except ImportError:
        return None
    program = substep(Circuit(solver, leak_saturation=True, live=Live(), external=False))
    ops = [node.op for node in needed(program.outputs.values())]
    # a sigmoid is an exponential and a division; exp_of_rare is skipped unless a neuron is being released
    exponentials = sum(ops.count(op) for op in ("exp", "log", "sigmoid"))
    return exponentials, ops.count("div") + ops.count("sigmoid")
