"""Time to accuracy: what one second of network costs each method at a step that makes it accurate enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from arcana.nn.simulate import simulate
from benchmarks.arcana_layer import Unavailable, engine, engines, layer_for, layer_of
from benchmarks.jobs import TorchJob
from benchmarks.network import TICK, Array, Network, draw, events
from benchmarks.oracle import exact, median_error
from benchmarks.peers import brian
from benchmarks.peers.eager import EagerDPI
from benchmarks.shapes import SHAPES, Shape
from benchmarks.speed import affordable
from benchmarks.timing import Spread, interleave

STEPS = (1e-3, 0.5e-3, 0.25e-3, 0.1e-3, 0.05e-3, 0.025e-3, 0.01e-3, 0.005e-3)  # [s]
WANTED = 1e-4  # [s], median error of the spike times
DURATION = 1.0  # [s]
NEURONS = 32  # of the 256, spread evenly: the exact solution is slow
CHUNK = 0.1  # [s], for memory: at small steps the input of a second is large


@dataclass(frozen=True)
class Walk:
    """The largest step at which a method is accurate enough (None: none of those tried), and its errors there."""

    dt: float | None
    tried: float
    error: float
    lost: float


Trains = Callable[[float], list[Array]]


@dataclass(frozen=True)
class Question:
    """The network, the events per tick, which neurons are looked at, and when they really fire."""

    X: torch.Tensor
    neurons: tuple[int, ...]
    reference: list[Array]

    @classmethod
    def ask(cls, path: Path | None = None) -> Question:
        """The network of the shape ``single`` over one second; no events at time 0, which Brian2 cannot deliver."""
        shape = SHAPES["single"]
        X = events(1, round(DURATION / TICK), shape.n_in)
        X[:, 0] = 0
        neurons = tuple(range(0, shape.n_out, shape.n_out // NEURONS))
        return cls(X, neurons, exact(draw(shape.n_in, shape.n_out), X[0], neurons, path))

    def chunks(self, dt: float) -> list[tuple[float, torch.Tensor]]:
        """Start times, and the input on steps of dt."""
        per_tick, size = round(TICK / dt), round(CHUNK / TICK)
        pieces = []
        for first in range(0, self.X.shape[1], size):
            ticks = self.X[:, first : first + size]
            X = torch.zeros(1, ticks.shape[1] * per_tick, ticks.shape[2])
            X[:, ::per_tick] = ticks
            pieces.append((first * TICK, X))
        return pieces

    def of_layer(self, solver: str, dt: float) -> list[Array]:
        """Spikes of arcana, interpolated inside a step (``euler``: at its end)."""
        layer, state = layer_of(_network(), solver, dt, train=False), None
        times = []
        for start, X in self.chunks(dt):
            trace = simulate(layer, X, record=("spike_times",), state=state)
            state = trace.state
            times.append(trace["spike_times"][0].numpy() + start)
        return [column[~np.isnan(column)] for column in np.concatenate(times).T[list(self.neurons)]]

    def of_eager(self, dt: float) -> list[Array]:
        """Spikes of the eager loop, at the end of a step."""
        model, state, spikes = EagerDPI(_network(), dt, hoist=True), None, []
        with torch.no_grad():
            for _, X in self.chunks(dt):
                out, state = model(X, state)
                spikes.append(out[0])
        fired = torch.cat(spikes).numpy()
        return [(np.nonzero(fired[:, n])[0] + 1) * dt for n in self.neurons]

    def of_brian(self, target: str, method: str, dt: float) -> list[Array]:
        """Spikes of Brian2, on its grid."""
        found = brian.run(_brian(SHAPES["single"], target, method, dt, self.neurons))
        return [np.array(train) for train in found.trains]

    def walk(self, trains: Trains, steps: tuple[float, ...] = STEPS) -> Walk:
        """Smaller and smaller steps until the method is accurate enough."""
        error = lost = float("nan")
        for dt in steps:
            error, lost = median_error(self.reference, trains(dt))
            if error <= WANTED:
                return Walk(dt, dt, error, lost)
        return Walk(None, steps[-1], error, lost)


def _network() -> Network:
    shape = SHAPES["single"]
    return draw(shape.n_in, shape.n_out)


def _brian(
    shape: Shape, target: str, method: str, dt: float, neurons: tuple[int, ...] = (), duration: float = DURATION
) -> brian.Settings:
    steps = round(duration / dt)
    return brian.Settings(shape.batch, shape.n_in, shape.n_out, steps, dt, target, method, neurons)


def torch_jobs(shape: Shape, walks: dict[str, Walk], steps: int) -> dict[str, TorchJob]:
    """The methods in torch at a shape, each at the step that its walk ended with."""
    net = draw(shape.n_in, shape.n_out)
    jobs = {}
    for name, walk in walks.items():
        method, _, solver = name.partition(", ")
        sized = replace(shape, steps=steps)
        per_tick = round(TICK / walk.tried)
        if method.startswith("arcana "):
            kind = method.removeprefix("arcana ")
            layer = layer_for(shape, solver, walk.tried, train=False)
            jobs[name] = TorchJob(layer, sized, lambda m, X: m(X)[0], partial(engine, kind), per_tick=per_tick)
        elif method == "eager loop":
            model = EagerDPI(net, walk.tried, shape.chips, hoist=True)
            jobs[name] = TorchJob(model, sized, lambda m, X: m(X)[0], per_tick=per_tick)
    return jobs


def cost(shape: Shape, walks: dict[str, Walk], rounds: int, seconds: float) -> dict[str, Spread]:
    """Processor seconds for one second of a shape, from as many steps as are affordable."""
    jobs = torch_jobs(shape, walks, steps=1000)
    steps = {name: affordable(job.forward, job.X.shape[1], seconds) for name, job in jobs.items()}
    times = interleave({name: partial(job.forward, steps[name]) for name, job in jobs.items()}, rounds)
    return {
        name: Spread.of(timed.cpu) * (DURATION / walks[name].tried / steps[name]) for name, timed in times.items()
    }


def torch_walks(question: Question, steps: tuple[float, ...] = STEPS) -> dict[str, Walk]:
    """The step of each method in torch. Forward Euler is walked once: all programs for it find the same spikes."""
    kind = engines()[0]
    euler: Trains = question.of_eager if kind == "reference" else partial(question.of_layer, "euler")
    found = {f"arcana {kind}, {s}": question.walk(partial(question.of_layer, s), steps) for s in ("rk4", "heun")}
    walked = question.walk(euler, steps)
    return found | {f"arcana {kind}, euler": walked, "eager loop, euler": walked}


def brian_walks(question: Question, target: str, steps: tuple[float, ...]) -> dict[str, Walk | str]:
    """The steps of Brian2 with two methods, or the reason why not."""
    found: dict[str, Walk | str] = {}
    for method in ("euler", "rk4"):
        try:
            found[f"brian2, {method}"] = question.walk(partial(question.of_brian, target, method), steps)
        except Unavailable as error:
            found[f"brian2, {method}"] = str(error)
    return found
