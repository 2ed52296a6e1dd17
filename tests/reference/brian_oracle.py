"""A second independent solution: the same neurons written in Brian2, in amperes, all of them in one NeuronGroup.

Brian2 integrates Imem and the five integrators with its rk4 on a fixed grid. A spike is seen at the end of the grid
step in which the threshold was crossed, and the refractory period ends on the grid as well, so that its spikes come
up to one grid step late, and a neuron that drives itself falls behind by half a step per interspike interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from oracle import PARTS, RECEPTORS, Cell

EQUATIONS = """
dImem/dt = kappa / (C_mem * Ut) * Imem * (Iin * Igain_mem / (Imem + Igain_mem) - Ileak + Ifb) : amp
Iin = clip(Idc + ampa + nmda * Imem / (Imem + Inmda_thr) - gabab, I0, 1*amp) * open + I0 * (1 - open) : amp
open = int(not_refractory) : 1
Ileak = (Itau_mem + gabaa + ahp) * (1 - (I0 / Imem)**(1 / kappa)) : amp
Ifb = I0**(1 / (kappa + 1)) * Imem**(kappa / (kappa + 1)) / (1 + exp(-Ipfb_norm * (Imem - Ipfb_th))) : amp
Itau_mem : amp (constant)
Igain_mem : amp (constant)
Ith : amp (constant)
Idc : amp (constant)
Inmda_thr : amp (constant)
Ipfb_th : amp (constant)
Ipfb_norm : 1/amp (constant)
period : second (constant)
"""
INTEGRATOR = """
{0} = clip(I{0}, I0, 1*amp) : amp
dI{0}/dt = -I{0} / tau_{0} * int(I{0} > I0) : amp
tau_{0} : second (constant)
jump_{0} : amp (constant)
"""


def solve_brian(cells: Sequence[Cell], duration: float, grid: float = 5e-6) -> list[np.ndarray]:
    """Spike times [s] of each cell; rk4 in steps of ``grid``, events at multiples of it and later than 0."""
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    b2.defaultclock.dt = grid * b2.second
    one = cells[0]
    constants = {
        "kappa": one.kappa,
        "Ut": one.Ut * b2.volt,
        "C_mem": one.C["mem"] * b2.farad,
        "I0": one.I0 * b2.amp,
    }
    group = b2.NeuronGroup(
        len(cells),
        EQUATIONS + "".join(INTEGRATOR.format(part) for part in PARTS),
        threshold="Imem > Ith",
        reset="Imem = I0; Iahp = ahp + jump_ahp",
        refractory="period",
        method="rk4",
    )
    for name in ("Itau_mem", "Igain_mem", "Ith", "Idc", "Inmda_thr", "Ipfb_th"):
        setattr(group, name, [c.bias[name] for c in cells] * b2.amp)
    group.Ipfb_norm = [c.bias["Ipfb_norm"] for c in cells] / b2.amp
    group.period = [c.bias["refractory"] for c in cells] * b2.second
    group.Imem = one.I0 * b2.amp
    for part in PARTS:
        setattr(group, f"I{part}", one.I0 * b2.amp)
        setattr(group, f"tau_{part}", [c.tau(part) for c in cells] * b2.second)
        setattr(group, f"jump_{part}", [c.jump(part) for c in cells] * b2.amp)
    objects = [group]
    for receptor in RECEPTORS:
        objects += _events(b2, group, receptor, cells, duration, grid)
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(*objects, monitor)
    network.run(duration * b2.second, namespace=constants)
    trains = monitor.spike_trains()
    # a spike that Brian2 stamps t was seen in the state at t + grid
    return [np.asarray(trains[i] / b2.second) + grid for i in range(len(cells))]


def _events(
    b2: Any, group: Any, receptor: str, cells: Sequence[Cell], duration: float, grid: float
) -> list[object]:
    """The input of one receptor: source i + n m carries what comes to cell i as the m-th of its tick."""
    n, index, tick = len(cells), [], []
    for i, c in enumerate(cells):
        times = np.asarray(c.events.get(receptor, np.empty(0)))
        ticks, counts = np.unique(np.rint(times[times < duration] / grid).astype(int), return_counts=True)
        for t, count in zip(ticks, counts, strict=True):
            index += [i + n * m for m in range(count)]
            tick += [t] * count
    if not index:
        return []
    if min(tick) < 1:
        raise ValueError("Brian2 cannot deliver an event at time 0 in time")
    # Brian2 delivers after it has integrated the step: an event given one step early acts at its own time.
    times = (np.array(tick) - 1) * grid * b2.second
    source = b2.SpikeGeneratorGroup(n * (max(index) // n + 1), index, times)
    synapses = b2.Synapses(source, group, on_pre=f"I{receptor} += jump_{receptor}")
    synapses.connect(i=np.arange(source.N), j=np.arange(source.N) % n)
    return [source, synapses]
