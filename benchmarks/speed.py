"""Forward, and forward and backward, at every shape: all methods interleaved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.arcana_layer import Unavailable, engine, engines, layer_for
from benchmarks.jobs import Job, TorchJob
from benchmarks.network import draw
from benchmarks.peers import lif, rockpool_dynapse
from benchmarks.peers.eager import EagerDPI
from benchmarks.shapes import Shape
from benchmarks.timing import Spread, Times, interleave, once, ratio

PHASES = ("forward", "train")
TRIAL = 10  # steps of the first run that says how many steps are affordable
LONGER = 20.0  # largest factor from one such run to the next
EAGER = ("eager loop", "eager loop, input hoisted")
Failures = dict[str, str]


@dataclass(frozen=True)
class Timed:
    """A method at a shape in one phase: seconds per step of every round, and the steps of a run."""

    times: Times
    steps: int
    lanes: int

    def ns(self, clock: str = "cpu") -> Spread:
        """Nanoseconds per neuron and step."""
        return Spread.of(getattr(self.times, clock)) * (1e9 / self.lanes)

    def over(self, other: Timed, clock: str = "cpu") -> Spread:
        """How many times longer this takes than the other, round by round."""
        return ratio(getattr(self.times, clock), getattr(other.times, clock))


def arcana_name(kind: str, solver: str) -> str:
    """Name of a row."""
    return f"arcana {kind}, {solver}"


def methods(device: str = "cpu", others: bool = True, quick: bool = False) -> dict[str, Callable[[Shape], Job]]:
    """What is compared, by name; making a job may raise ``Unavailable``."""

    def ours(kind: str, solver: str, shape: Shape) -> Job:
        with engine(kind):
            pass  # refuses here an engine that does not exist
        return TorchJob(layer_for(shape, solver), shape, lambda m, X: m(X)[0], partial(engine, kind), device)

    def eager(hoist: bool, shape: Shape) -> Job:
        net = draw(shape.n_in, shape.n_out, shape.recurrent)
        model = EagerDPI(net, chips=shape.chips, hoist=hoist)
        return TorchJob(model, shape, lambda m, X: m(X)[0], device=device)

    found: dict[str, Callable[[Shape], Job]] = {}
    for kind in engines():
        for solver in ("euler", "heun", "rk4"):
            if kind == "fused" or solver != "heun":
                found[arcana_name(kind, solver)] = partial(ours, kind, solver)
    found |= {name: partial(eager, hoist) for name, hoist in zip(EAGER, (False, True), strict=True)}
    if others:
        found |= {name: partial(lif.job, name, device=device) for name in lif.LIFS}
        if device == "cpu" and not quick:  # it compiles for every number of steps
            found[rockpool_dynapse.NAME] = rockpool_dynapse.job
    return found


def measure(
    shape: Shape, available: dict[str, Callable[[Shape], Job]], rounds: int, seconds: float
) -> tuple[dict[str, dict[str, Timed]], Failures]:
    """Time all methods at a shape. A run that would take longer than ``seconds`` is cut to fewer steps.

    Returns:
        Results by phase and method, and the reasons of the methods that could not be measured.
    """
    made: dict[str, Job] = {}
    failures: Failures = {}
    for name, make in available.items():
        try:
            made[name] = make(shape)
        except Unavailable as error:
            failures[name] = str(error)
    results: dict[str, dict[str, Timed]] = {}
    for phase in PHASES:
        steps: dict[str, int] = {}
        for name, job in made.items():
            try:
                steps[name] = affordable(partial(getattr(job, phase)), shape.steps, seconds)
            except Exception as error:  # another toolkit may fail in any way; the others go on
                failures[f"{name}, {phase}"] = f"{type(error).__name__}: {error}".splitlines()[0]
        calls = {name: partial(getattr(made[name], phase), count) for name, count in steps.items()}
        results[phase] = {
            name: Timed(
                Times([t / steps[name] for t in timed.cpu], [t / steps[name] for t in timed.wall]),
                steps[name],
                shape.lanes,
            )
            for name, timed in interleave(calls, rounds).items()
        }
    return results, failures


def affordable(run: Callable[[int], object], steps: int, seconds: float) -> int:
    """How many of the steps can be run in the time.

    Found with longer and longer runs: what a call costs whatever its length is not a cost of steps.
    """
    now = min(TRIAL, steps)
    while True:
        run(now)  # may compile
        taken = once(lambda: run(now))[1]  # noqa: B023
        if now == steps or taken > seconds / 3:
            return now
        now = min(steps, max(2 * now, int(0.9 * now * min(seconds / taken, LONGER))))


def faster_eager(timed: dict[str, Timed]) -> str:
    """The eager loop that other numbers are given against: the faster of the two."""
    return min((n for n in EAGER if n in timed), key=lambda n: timed[n].ns().median)
