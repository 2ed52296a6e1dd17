"""Presets side by side: the same task, the same number of units, several seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from arcana.errors import BadInput, Problems, unknown_name
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.network import BRNN
from arcana.networks.brnn.parts import PRESETS
from arcana.networks.brnn.task import Task
from arcana.networks.brnn.tasks import digits
from arcana.networks.brnn.tasks_synthetic import adding, delayed_match, flip_flop
from arcana.networks.brnn.training import fit

VERSION = 1
TASKS: Mapping[str, Callable[..., Task]] = {
    "digits": digits, "adding": adding, "flip-flop": flip_flop, "delayed-match": delayed_match,
}  # fmt: skip
OPTIONS = ("epochs", "batch", "rate", "patience")


@dataclass(frozen=True)
class Run:
    """One network.

    Attributes:
        preset: Name of the preset.
        seed: Of its first weights, of the parts of the data and of the order of training.
        parameters: How many are trained.
        validation: Score after each epoch.
        best: Epoch that was kept.
        test: Score on the test part with it; NaN if training failed.
        seconds: CPU time of the training.
        failed: Why training ended early, or "".
    """

    preset: str
    seed: int
    parameters: int
    validation: tuple[float, ...]
    best: int
    test: float
    seconds: float
    failed: str = ""


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` found.

    Attributes:
        task: Name of the task.
        chance: Score on the test part without looking at the input.
        settings: What all runs share.
        runs: All runs, preset by preset.
    """

    task: str
    chance: float
    settings: Mapping[str, Any]
    runs: tuple[Run, ...]

    @property
    def presets(self) -> list[str]:
        """In the order in which they were trained."""
        return list(dict.fromkeys(run.preset for run in self.runs))

    def of(self, preset: str) -> list[Run]:
        """The runs of one preset."""
        return [run for run in self.runs if run.preset == preset]

    def summary(self) -> list[dict[str, Any]]:
        """One row for each preset: parameters; mean, least and greatest test score; epochs and time of a run."""
        rows = []
        for preset in self.presets:
            mine = self.of(preset)
            tests = [run.test for run in mine]
            rows.append({
                "preset": preset, "parameters": mine[0].parameters, "mean": statistics.mean(tests),
                "least": min(tests), "greatest": max(tests),
                "epochs": statistics.mean(len(run.validation) for run in mine),
                "seconds": statistics.mean(run.seconds for run in mine),
                "failed": sum(bool(run.failed) for run in mine),
            })  # fmt: skip
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        runs = [asdict(run) for run in self.runs]
        return {"version": VERSION, "task": self.task, "chance": self.chance, "settings": dict(self.settings),
                "summary": self.summary(), "runs": runs}  # fmt: skip


def compare(
    presets: Sequence[str],
    task: Callable[..., Task] | Task | str,
    n_hidden: int = 48,
    dt: float = 0.1,
    seeds: int = 3,
    training: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int, float], None] | None = None,
) -> Comparison:
    """Train every preset with every seed 0 ... seeds - 1.

    Args:
        presets: Their names.
        task: Makes the task of a seed, called with ``seed=...``: ``digits``, ``adding`` or a function of your own;
            the name of one of arcana's; or a task, which is then the same for all seeds.
        n_hidden: Units.
        dt: See ``BRNN``.
        seeds: How many.
        training: What ``fit`` takes besides.
        progress: Called after each epoch with preset, seed, epoch and validation score.

    Raises:
        BadInput: listing unknown presets, an empty list, and as ``BRNN`` and ``fit``.
    """
    presets = [presets] if isinstance(presets, str) else list(presets)
    options = dict(training or {})
    problems = Problems(unknown_name("preset", str(name), PRESETS) for name in presets if name not in PRESETS)
    problems.extend(unknown_name("training", name, OPTIONS) for name in options if name not in OPTIONS)
    if not presets:
        problems.note("presets", "none", "at least one name")
    if not is_whole(seeds, 1):
        problems.note("seeds", seeds, f"a whole number from 1 to {MOST}")
    problems.raise_if_any()
    make = _maker(task)
    tasks = [make(seed=seed) for seed in range(seeds)]
    first = tasks[0]
    if not isinstance(first, Task):
        raise BadInput.one("task", type(first).__name__, "a function that gives a Task")
    for preset in presets:  # all that is wrong before the first hour of training
        BRNN(preset, first.n_in, n_hidden, first.n_out, dt=dt)

    def told(preset: str, seed: int) -> Callable[[int, float], None] | None:
        return None if progress is None else lambda epoch, value: progress(preset, seed, epoch, value)

    runs = tuple(
        _run(preset, seed, tasks[seed], n_hidden, dt, options, told(preset, seed))
        for preset in dict.fromkeys(presets)
        for seed in range(seeds)
    )
    settings = {"n_hidden": n_hidden, "dt": dt, "seeds": seeds, "steps": first.steps, "n_in": first.n_in, **options}
    return Comparison(first.name, first.chance, settings, runs)


def _maker(task: Callable[..., Task] | Task | str) -> Callable[..., Task]:
    if isinstance(task, Task):
        return lambda seed: task
    if isinstance(task, str):
        if task not in TASKS:
            raise BadInput(unknown_name("task", task, TASKS))
        return TASKS[task]
    if not callable(task):
        raise BadInput.one("task", type(task).__name__, "a function of the seed, a Task, or a name")
    return task


def _run(
    preset: str, seed: int, task: Task, n_hidden: int, dt: float, options: Mapping[str, Any],
    progress: Callable[[int, float], None] | None,
) -> Run:  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = BRNN(preset, task.n_in, n_hidden, task.n_out, dt=dt)
    count = sum(p.numel() for p in network.parameters())
    seen: list[float] = []

    def keep(epoch: int, value: float) -> None:
        seen.append(value)
        if progress is not None:
            progress(epoch, value)

    try:
        done = fit(network, task, seed=seed, progress=keep, **options)
    except BadInput:
        raise
    except RuntimeError as error:  # torch's word for a gradient that is no number
        if "non-finite" not in str(error):
            raise
        return Run(preset, seed, count, tuple(seen), len(seen) - 1, float("nan"), 0.0, "the gradient is no number")
    return Run(preset, seed, count, done.validation, done.best, done.test, done.seconds)
