"""The same circuit in Brian2, run in a process of its own: ``python -m benchmarks.peers.brian SETTINGS``.

A process of its own, because Brian2 keeps its device, clock and code generator in global variables. What is timed
is the run alone: in the runtime targets the difference between a long and a short run, in C++ standalone what
Brian2 itself reports of the compiled program.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks.arcana_layer import Unavailable
from benchmarks.network import RECEPTORS, TICK, draw, events

TARGETS = ("numpy", "cython", "cpp_standalone")
MARK = "result: "
PARTS = (*RECEPTORS, "ahp")
SOMA = """
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


@dataclass(frozen=True)
class Settings:
    """What to run: sizes, step [s] and number of steps, code generator, integration method."""

    batch: int
    n_in: int
    n_out: int
    steps: int
    dt: float = TICK
    target: str = "numpy"
    method: str = "euler"
    neurons: tuple[int, ...] = ()  # whose spikes are returned


@dataclass(frozen=True)
class Result:
    """Seconds per step, and the spike times [s] of the neurons asked for."""

    cpu: float
    wall: float
    trains: list[list[float]] = field(default_factory=list)


def run(settings: Settings, timeout: float = 300.0) -> Result:
    """Run in another process.

    Raises:
        Unavailable: if Brian2 or its compiler is not there, or the run fails; the last line of its message.
    """
    command = [sys.executable, "-m", "benchmarks.peers.brian", json.dumps(asdict(settings))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"not finished after {timeout:.0f} s") from error
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return Result(**json.loads(line.removeprefix(MARK)))
    said = [line for line in done.stderr.splitlines() if line.strip()]
    raise Unavailable(said[-1] if said else f"ended with code {done.returncode}")


def _simulate(s: Settings) -> Result:
    import brian2 as b2

    net = draw(s.n_in, s.n_out)
    t = net.technology
    standalone = s.target == "cpp_standalone"
    if standalone:
        b2.set_device("cpp_standalone", build_on_run=False)
    else:
        b2.prefs.codegen.target = s.target
    b2.defaultclock.dt = s.dt * b2.second
    constants = {
        "kappa": t.kappa,
        "Ut": t.Ut * b2.volt,
        "C_mem": t.C_mem * b2.farad,
        "I0": t.I0 * b2.amp,
    }
    group = b2.NeuronGroup(
        s.batch * s.n_out,
        SOMA + "".join(INTEGRATOR.format(part) for part in PARTS),
        threshold="Imem > Ith",
        reset="Imem = I0; Iahp = ahp + jump_ahp",
        refractory="period",
        method=s.method,
        namespace=constants,
    )
    for name, value in net.biases.items():
        repeated = np.tile(value, s.batch)
        if name == "Ipfb_norm":
            group.Ipfb_norm = repeated / b2.amp
        elif name == "refractory":
            group.period = repeated * b2.second
        elif not name.endswith(PARTS):
            setattr(group, name, repeated * b2.amp)
    group.Imem = t.I0 * b2.amp
    for part in PARTS:
        b = net.biases
        tau = getattr(t, f"C_{part}") * t.Ut / (t.kappa * b[f"Itau_{part}"])
        jump = b[f"Igain_{part}"] / b[f"Itau_{part}"] * b[f"Iw_{part}"]
        setattr(group, f"I{part}", t.I0 * b2.amp)
        setattr(group, f"tau_{part}", np.tile(tau, s.batch) * b2.second)
        setattr(group, f"jump_{part}", np.tile(jump, s.batch) * b2.amp)
    objects = [group, *_input(b2, s, group, net.counts)]
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(*objects, monitor)
    if standalone:
        network.run(s.steps * s.dt * b2.second)
        with tempfile.TemporaryDirectory() as folder:
            b2.device.build(directory=folder, with_output=False)
            each = b2.device._last_run_time / s.steps
            return Result(each, each, _trains(monitor, s))
    short = max(1, s.steps // 10)
    network.run(s.dt * b2.second)  # compiles
    taken = []
    for steps in (short, s.steps - 1 - short):
        begun = time.process_time(), time.perf_counter()
        network.run(steps * s.dt * b2.second)
        taken.append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
    # Each run prepares its code objects anew: the difference is what the steps cost.
    more = s.steps - 1 - 2 * short
    cpu, wall = ((long - brief) / more for brief, long in zip(*taken, strict=True))
    return Result(cpu, wall, _trains(monitor, s))


def _input(b2: Any, s: Settings, group: Any, counts: dict[str, Any]) -> list[Any]:
    per_tick = round(TICK / s.dt)
    X = events(s.batch, s.steps, s.n_in, per_tick).numpy()
    X[:, 0] = 0  # an event at time 0 cannot be delivered in time
    sequence, step, index = np.nonzero(X)
    # Brian2 delivers after it has integrated a step: an event given one step early acts at its own time.
    times = (step - 1) * s.dt * b2.second
    source = b2.SpikeGeneratorGroup(s.batch * s.n_in, sequence * s.n_in + index, times)
    objects = [source]
    for receptor in RECEPTORS:
        post, pre = np.nonzero(counts[receptor])
        offset = np.arange(s.batch)[:, None]
        synapses = b2.Synapses(source, group, on_pre=f"I{receptor} += jump_{receptor}")
        synapses.connect(i=(offset * s.n_in + pre).ravel(), j=(offset * s.n_out + post).ravel())
        objects.append(synapses)
    return objects


def _trains(monitor: Any, s: Settings) -> list[list[float]]:
    index, times = np.asarray(monitor.i), np.asarray(monitor.t) + s.dt  # seen in the state at the end of a step
    return [times[index == n].tolist() for n in s.neurons]


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    sys.stdout.write("\n" + MARK + json.dumps(asdict(_simulate(Settings(**given)))) + "\n")
