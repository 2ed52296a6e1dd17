"""The tables of time to accuracy."""

from __future__ import annotations

from benchmarks.accuracy import DURATION, NEURONS, STEPS, WANTED, Question, Walk, brian_walks, cost, torch_walks
from benchmarks.arcana_layer import Unavailable, engines
from benchmarks.peers import brian
from benchmarks.settings import Settings
from benchmarks.shapes import SHAPES
from benchmarks.speed import arcana_name
from benchmarks.tables import Table
from benchmarks.timing import Spread, number


def accuracy(settings: Settings) -> list[Table]:
    """The step that each method needs, and what a second then costs."""
    question = Question.ask(settings.oracle)
    steps = STEPS[:4] if settings.quick else STEPS
    walks = torch_walks(question, steps)
    base = arcana_name(engines()[0], "rk4")
    found: dict[str, Walk | str] = dict(walks)
    shapes = {name: shape for name, shape in settings.shapes.items() if not shape.recurrent}
    costs = {name: cost(shape, walks, settings.rounds, settings.seconds) for name, shape in shapes.items()}
    if not settings.quick:
        for name, walk in brian_walks(question, "cython", STEPS[3:]).items():
            found[name] = walk
            for shape in ("single", "batch"):
                if shape in costs and isinstance(walk, Walk):
                    _cost_of_brian(costs[shape], name, shape, walk)
    return [_steps(found, question, steps), _seconds(found, costs, base)]


def _steps(found: dict[str, Walk | str], question: Question, steps: tuple[float, ...]) -> Table:
    table = Table(
        f"Time to accuracy: the largest dt with a median spike-time error of at most {WANTED * 1e3:g} ms",
        ("method", "dt, ms", "median error, ms", "missed and extra"),
        notes=[
            f"against LSODA; {NEURONS} of the 256 neurons of the shape single over {DURATION:g} s, "
            f"{sum(map(len, question.reference))} spikes; a missed or extra spike counts as an infinite error",
            f"dt tried: {', '.join(f'{dt * 1e3:g}' for dt in steps)} ms (Brian2 from {STEPS[3] * 1e3:g} ms down); "
            "'not at': not even at the smallest",
            "Euler in arcana and in the eager loop gives the same spikes: one walk for both",
            "Brian2 puts spikes and the refractory period on the grid of dt with every method",
        ],
    )
    for name, walk in found.items():
        if isinstance(walk, str):
            table.notes.append(f"not measured: {name}: {walk}")
            continue
        dt = f"{walk.dt * 1e3:g}" if walk.dt else f"not at {walk.tried * 1e3:g}"
        table.add(name, dt, number(walk.error * 1e3), f"{100 * walk.lost:.3g} %")
    return table


def _seconds(found: dict[str, Walk | str], costs: dict[str, dict[str, Spread]], base: str) -> Table:
    second = Table(
        "Processor seconds of one second of network, forward, each at its dt above",
        ("method", *(cell for name in costs for cell in (f"{name}, s", "/ rk4"))),
        notes=[
            f"rk4: {base}",
            "from as many steps as the time limit of a run allows, times the steps in a second",
            "'>': at this dt the error is still too large, so an accurate run costs more",
        ],
    )
    for name, walk in found.items():
        if isinstance(walk, str) or not any(name in spent for spent in costs.values()):
            continue
        more = "" if walk.dt else "> "
        cells: list[str] = []
        for spent in costs.values():
            if name in spent:
                times = number(spent[name].median / spent[base].median)
                cells += [f"{more}{spent[name]}", f"{more}{times}"]
            else:
                cells += ["", ""]
        second.add(name, *cells)
    return second


def _cost_of_brian(spent: dict[str, Spread], name: str, shape_name: str, walk: Walk) -> None:
    shape, method = SHAPES[shape_name], name.rpartition(", ")[2]
    # The fastest first: with many neurons Cython, which need not be built for each step, is no slower than C++
    fastest = tuple(reversed(brian.TARGETS)) if shape.batch == 1 else ("cython", "numpy")
    for target in fastest:
        try:
            result = brian.run(
                brian.Settings(shape.batch, shape.n_in, shape.n_out, 1000, walk.tried, target, method)
            )
        except Unavailable:
            continue
        spent[name] = Spread.of([result.cpu * DURATION / walk.tried])
        return
