"""Runs of a board with other codes: each set of codes once, and no more of them than allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from arcana.config import ChipConfig
from arcana.errors import BadInput
from arcana.quantize.biasgen import BiasGenerator
from arcana.training.calibrate_board import Board
from arcana.training.calibrate_knobs import Knob, turned
from arcana.training.calibrate_objective import Reader, Seen
from arcana.training.calibrate_search import Moves
from arcana.typing import Tensor

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Score:
    """One run on the calibration data.

    Attributes:
        losses: The objectives, in their order.
        accuracy: Share of series whose class has the highest rate; None where classes are not known.
        rate: Mean rate of the outputs [Hz].
    """

    losses: tuple[float, ...]
    accuracy: float | None
    rate: float

    @property
    def loss(self) -> float:
        """The objective that decides, the last one."""
        return self.losses[-1]

    def not_below(self, other: Score) -> bool:
        """Whether the accuracy is at least the other's."""
        return self.accuracy is None or other.accuracy is None or self.accuracy >= other.accuracy


class Scorer:
    """From spikes to scores: what to measure, without a board."""

    def __init__(self, reader: Reader, objectives: Sequence[Callable[[Seen], float]], y: Tensor | None) -> None:
        self.reader, self.objectives, self.y = reader, objectives, y

    def score(self, seen: Seen) -> Score:
        """The score of a run.

        Raises:
            BadInput: for an objective that is not a finite number.
        """
        losses = tuple(objective(seen) for objective in self.objectives)
        for k, loss in enumerate(losses):
            if not math.isfinite(loss):
                raise BadInput.one(f"objective {k}", loss, "a finite number for any spikes")
        right = None
        if self.y is not None and seen.classes is not None:
            right = float((seen.classes.argmax(-1) == self.y).double().mean())
        return Score(losses, right, float(seen.out.mean()) / self.reader.dt)


class Trials:
    """All sets of codes that were tried.

    Attributes:
        runs: Runs so far.
        limit: Runs that are allowed.
        best: Moves with the least last objective among those whose accuracy is not below that of the start.
        history: That objective after each run.
    """

    def __init__(
        self, board: Board, X: Tensor, scorer: Scorer, knobs: Sequence[Knob], progress: Progress | None
    ) -> None:
        self.board, self.X, self.scorer, self.knobs, self.progress = board, X, scorer, tuple(knobs), progress
        self.config, self.generator = board.config, BiasGenerator(board.profile)
        self.runs, self.limit = 0, 1
        self.history: list[float] = []
        self._found: dict[tuple[tuple[int, int], ...], tuple[Moves, Score]] = {}
        self.best = np.zeros(len(self.knobs))
        self.before = self._new(self.best)

    @property
    def after(self) -> Score:
        """The score of the best."""
        return self._found[self._key(self.best)][1]

    def loss_at(self, moves: Moves, k: int) -> float | None:
        """Objective ``k`` of the codes at these moves; None where that takes a run more than allowed."""
        known = self._found.get(self._key(moves))
        if known is not None:
            return known[1].losses[k]
        return self._new(moves).losses[k] if self.runs < self.limit else None

    def lowest(self, k: int) -> tuple[Moves, float]:
        """The moves with the least objective ``k`` so far, the first of equal ones."""
        moves, score = min(self._found.values(), key=lambda one: one[1].losses[k])
        return moves, score.losses[k]

    def reached(self, k: int, aim: float, model: Score | None) -> bool:
        """Whether objective ``k`` came to ``aim``; with a model, whether the best did and is as accurate as it."""
        if model is None:
            return self.lowest(k)[1] <= aim
        return self.after.losses[k] <= aim and self.after.not_below(model)

    def settings(self, moves: Moves) -> ChipConfig:
        """The settings with the codes at these moves."""
        return self.config.with_biases(turned(self.knobs, moves.tolist(), self.generator))

    def _new(self, moves: Moves) -> Score:
        self.board.set_codes(self.settings(moves).cores)
        seen = self.scorer.reader.read(self.board.run(self.X), len(self.X))
        score = self.scorer.score(seen)
        self._found[self._key(moves)] = (moves.copy(), score)
        self.runs += 1
        if self.runs == 1 or (score.loss < self.after.loss and score.not_below(self.before)):
            self.best = moves.copy()
        self.history.append(self.after.loss)
        if self.progress is not None:
            self.progress(self.runs, self.after.loss)
        return score

    def _key(self, moves: Moves) -> tuple[tuple[int, int], ...]:
        codes = (k.turned(m, self.generator) for k, m in zip(self.knobs, moves.tolist(), strict=True))
        return tuple((code.coarse, code.fine) for code in codes)
