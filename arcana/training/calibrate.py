"""``calibrate``: make a bad chip good by its bias codes, from its spikes alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from arcana.config import BiasCode, ChipConfig
from arcana.emulate import Emulator
from arcana.mapping.drc import require
from arcana.quantize.biasgen import BiasGenerator
from arcana.training.calibrate_board import Board, EmulatorBoard
from arcana.training.calibrate_checks import Given, check
from arcana.training.calibrate_knobs import Knob
from arcana.training.calibrate_objective import Objective, Reader, objective_of
from arcana.training.calibrate_search import descend
from arcana.training.calibrate_trials import Progress, Score, Scorer, Trials
from arcana.typing import Tensor
from arcana.units import show


@dataclass(frozen=True)
class Change:
    """One bias of one core with its codes and currents [A] before and after."""

    chip: int
    core: int
    bias: str
    before: BiasCode
    after: BiasCode
    current_before: float
    current_after: float

    def __str__(self) -> str:
        codes = (f"({c.coarse}, {c.fine})" for c in (self.before, self.after))
        currents = (show(current, "A") for current in (self.current_before, self.current_after))
        ratio = self.current_after / self.current_before
        return (
            f"C{self.chip}c{self.core} {self.bias}: {' -> '.join(codes)}, {' -> '.join(currents)} (x {ratio:.2f})"
        )


@dataclass(frozen=True)
class Calibration:
    """What calibration found.

    Attributes:
        config: The settings with the best codes.
        before: Score on the calibration data with the codes as they were.
        after: Score with the best codes: the objective is never larger, the accuracy never smaller.
        model: Score of the emulated settings without mismatch: what was aimed at.
        changes: Every code that changed.
        history: The best objective after each evaluation; the first is ``before``.
        evaluations: Runs of the board.
        stopped: "target" (the objective is what was aimed at), "converged" (no step helps) or "budget".
    """

    config: ChipConfig
    before: Score
    after: Score
    model: Score
    changes: tuple[Change, ...]
    history: tuple[float, ...]
    evaluations: int
    stopped: str

    def __str__(self) -> str:
        head = f"objective {self.before.loss:.4g} -> {self.after.loss:.4g}"
        if self.before.accuracy is not None and self.after.accuracy is not None:
            head += f", accuracy {100 * self.before.accuracy:.1f} % -> {100 * self.after.accuracy:.1f} %"
        return "\n  ".join([f"{head}, {self.evaluations} runs ({self.stopped})", *map(str, self.changes)])


def calibrate(
    board: Emulator | Board,
    X: Tensor,
    y: Tensor | None = None,
    *,
    objective: Objective | Sequence[Objective] = "cross_entropy",
    classes: int | None = None,
    biases: Iterable[str] | None = None,
    budget: int = 200,
    reach: float = 3.0,
    target: float | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Search the bias codes with which this chip does best, from its spikes alone.

    min over codes of loss(spikes of the board on X), one bias of one core at a time. Nothing but codes of biases
    that the neurons of a core share is changed, and nothing is known of the chip but what its monitor shows. The
    search uses no randomness: the same spikes lead to the same codes. A board is left with the best codes, also if
    it fails on the way; an ``Emulator`` stays as it is.

    Args:
        board: The emulator of one board, or anything with the four parts of ``Board``.
        X: Series to calibrate on, (B, T, n) as the board takes them, as a tensor or an array. Judge the result on
            others.
        y: Class of each series, whole numbers from 0, (B,). None takes the classes that the settings decide for
            when they are emulated without mismatch: calibration then needs no labels.
        objective: "cross_entropy" of the class rates (output spikes); "core_rates", the distance of the mean rate
            of each core in each series from that of the settings emulated without mismatch (spikes of all neurons,
            no classes); or a function of the output spikes (B, T, n_out) and the classes. Several are followed one
            after another, each from what is best by it so far; the last one decides.
        classes: Number of classes, of equally many neighbouring output lines. "cross_entropy" needs it, and it is
            not taken from y, where a class may be missing. None: no classes, and no accuracy.
        biases: The chip's names of the biases that may change, on all cores in use; None: weights, time constants,
            gain and constant current of the synapses and neurons in use.
        budget: Most runs of the board.
        reach: A current changes by at most this factor either way, before it is rounded to a level.
        target: Objective that is good enough, if the accuracy is that of the settings emulated without mismatch;
            None takes the objective from there as well.
        progress: Called after each run with the number of runs and the best objective.

    Raises:
        BadInput: listing everything that is wrong with the arguments; later, spikes of wrong shape from a board
            and an objective that is not a finite number.
    """
    given = check(board, X, y, objective, classes, biases, budget, reach, target)
    mine = EmulatorBoard(board) if isinstance(board, Emulator) else board
    config, reader = given.config, Reader(given.config, given.classes)
    ideal = EmulatorBoard(Emulator.from_config(config, given.profile))
    seen = reader.read(ideal.run(given.X), len(given.X))
    labels = given.y if given.y is not None or seen.classes is None else seen.classes.argmax(-1)
    scorer = Scorer(reader, [objective_of(o, labels, seen) for o in given.objectives], labels)
    model = scorer.score(seen)
    trials = Trials(mine, given.X, scorer, given.knobs, progress)
    try:
        stopped = _search(trials, given, model, target)
    finally:
        mine.set_codes(trials.settings(trials.best).cores)
    changes = _changes(given.knobs, trials)
    note = f"calibrated: {len(changes)} codes changed after {trials.runs} runs"
    note = "; ".join(part for part in (config.provenance.note, note) if part)
    provenance = config.provenance.model_copy(update={"note": note})
    found = trials.settings(trials.best).model_copy(update={"provenance": provenance})
    require(found, given.profile)
    return Calibration(
        found, trials.before, trials.after, model, changes, tuple(trials.history), trials.runs, stopped
    )


def _search(trials: Trials, given: Given, model: Score, target: float | None) -> str:
    """Each objective in turn with an equal share of what is left of the budget."""
    stopped, number = "", len(given.objectives)
    for k in range(number):
        trials.limit = trials.runs + (given.budget - trials.runs) // (number - k)
        start, loss = trials.lowest(k)
        last = k == number - 1
        aim = target if target is not None and last else model.losses[k]
        done = partial(trials.reached, k, aim, model if last else None)
        stopped = descend(partial(trials.loss_at, k=k), start, loss, math.log(given.reach), done)
    return stopped


def _changes(knobs: Sequence[Knob], trials: Trials) -> tuple[Change, ...]:
    generator, found = BiasGenerator(trials.board.profile), []
    for knob, move in zip(knobs, trials.best.tolist(), strict=True):
        code = knob.turned(move, generator)
        if code != knob.code:
            current = generator.current(knob.bias, code.coarse, code.fine, low_range=code.low_range)
            found.append(Change(knob.chip, knob.core, knob.bias, knob.code, code, knob.current, current))
    return tuple(sorted(found, key=lambda c: (c.chip, c.core, c.bias)))
