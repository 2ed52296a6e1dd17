"""Tasks that are drawn: what they ask for has to be kept until the end."""

from __future__ import annotations

import torch

from arcana.errors import Problems
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.split import check_seed, test_size, validation_size
from arcana.networks.brnn.task import Data, Kind, Task
from arcana.typing import Tensor

FEWEST = 10  # series: each part has two, so that its answers can differ


def adding(length: int = 50, size: int = 2000, seed: int = 0) -> Task:
    """Answer x_i + x_j: input 0 is x, uniform in [0, 1]; input 1 is 1 at steps i, j, one in each half, and else 0.

    Args:
        length: Steps T.
        size: Series, all parts together: a fifth for the test, 15 % of the others for validation.
        seed: Of the series.

    Raises:
        BadInput: listing a length below 2, fewer than 10 series, and a seed that is none.
    """
    _check(length, 2, size, seed)
    generator = torch.Generator().manual_seed(seed)
    values, marks = torch.rand(size, length, generator=generator), torch.zeros(size, length)
    half, rows = length // 2, torch.arange(size)
    marks[rows, torch.randint(0, half, (size,), generator=generator)] = 1
    marks[rows, torch.randint(half, length, (size,), generator=generator)] = 1
    sums = (values * marks).sum(1, keepdim=True)
    return _task("adding", torch.stack((values, marks), 2), sums, 1, "values")


def flip_flop(length: int = 50, size: int = 2000, seed: int = 0, rate: float = 0.1) -> Task:
    """Class 1 if the last pulse was +1, class 0 if it was -1; there is one input, 0 between pulses.

    Args:
        length: Steps T. The first step always has a pulse.
        size: As in ``adding``.
        seed: Of the series.
        rate: Probability of a pulse in every other step: 1 / rate steps are to be bridged in the mean.

    Raises:
        BadInput: listing a length below 1, fewer than 10 series, a seed that is none, and a rate outside 0 to 1.
    """
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    problems = Problems()
    if not number or not 0 <= rate <= 1:
        problems.note("rate", rate, "a probability from 0 to 1")
    _check(length, 1, size, seed, problems)
    generator = torch.Generator().manual_seed(seed)
    pulses = torch.rand(size, length, generator=generator) < rate
    pulses[:, 0] = True
    signs = 2.0 * torch.randint(0, 2, (size, length), generator=generator) - 1
    last = (pulses * torch.arange(1, length + 1)).argmax(1)
    y = (signs[torch.arange(size), last] > 0).long()
    return _task("flip-flop", (signs * pulses)[..., None], y, 2, "classes")


def delayed_match(length: int = 50, size: int = 2000, seed: int = 0, cues: int = 2) -> Task:
    """Class 1 if the cue at the end is the one at the start, else 0; both are as likely. Between them is nothing.

    Each cue has an input, which is 1 while it is shown: for the first and the last tenth of the steps.

    Args:
        length: Steps T.
        size: As in ``adding``.
        seed: Of the series.
        cues: Number of cues.

    Raises:
        BadInput: listing a length below 3, fewer than 10 series, a seed that is none, and fewer than 2 cues.
    """
    problems = Problems()
    if not is_whole(cues, 2):
        problems.note("cues", cues, f"a whole number from 2 to {MOST}")
    _check(length, 3, size, seed, problems)
    generator = torch.Generator().manual_seed(seed)
    first = torch.randint(0, cues, (size,), generator=generator)
    same = torch.randint(0, 2, (size,), generator=generator)
    other = (first + torch.randint(1, cues, (size,), generator=generator)) % cues
    second, shown = torch.where(same == 1, first, other), max(1, length // 10)
    X = torch.zeros(size, length, cues)
    X[:, :shown] = torch.nn.functional.one_hot(first, cues).float()[:, None]
    X[:, -shown:] = torch.nn.functional.one_hot(second, cues).float()[:, None]
    return _task("delayed-match", X, same, 2, "classes")


def _task(name: str, X: Tensor, y: Tensor, n_out: int, kind: Kind) -> Task:
    """Series are independent draws, so that any cut is a fair one."""
    n_test = test_size(len(X))
    n_validation = max(2, validation_size(len(X) - n_test))

    def part(start: int, stop: int) -> Data:
        return X[start:stop], y[start:stop]

    end = n_test + n_validation
    return Task(name, part(end, len(X)), part(n_test, end), part(0, n_test), n_out, kind)


def _check(length: object, shortest: int, size: object, seed: object, problems: Problems | None = None) -> None:
    problems = Problems() if problems is None else problems
    if not is_whole(length, shortest):
        problems.note("length", length, f"a whole number from {shortest} to {MOST}", "steps")
    if not is_whole(size, FEWEST):
        problems.note("size", size, f"a whole number from {FEWEST} to {MOST}", "series")
    check_seed(seed, problems)
    problems.raise_if_any()
