"""Gradients through an episode: a circuit that solves MountainCarContinuous learns to do it with less.

The circuit runs in its ``annealed`` variant, the car is differentiable, and what is minimised is

    0.1 sum of u^2 until the goal  +  10 mean max(0, goal - furthest position)

the cost of the task, and a term that holds cars at the goal. After each update the ``exact`` circuit is judged on
a grid of starting places; the best one is kept.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from arcana.errors import Problems
from arcana.limits import MOST, is_whole
from arcana.networks.circuit import Circuit
from arcana.networks.mountain_car import GOAL, Episodes, at_goal, check_driver, drive, grid, move, starts
from arcana.typing import Tensor

SHORTFALL = 10.0  # weight of the distance that is missing to the goal
MARGIN = 0.02  # beyond the goal: where a car stops counting as short of it


@dataclass(frozen=True)
class Refined:
    """Result of ``refine``.

    Attributes:
        before: Mean return of the exact circuit at first.
        after: Of the circuit as it is left.
        history: Mean return after each update.
    """

    before: float
    after: float
    history: tuple[float, ...]


@torch.no_grad()
def judge(circuit: Circuit, cars: Tensor) -> Episodes:
    """What the circuit, as it stands, makes of these cars; from rest."""
    state = circuit.rest(len(cars))

    def policy(observation: Tensor) -> Tensor:
        nonlocal state
        action, state = circuit.step(observation, state)
        return action

    return drive(policy, cars)


def refine(
    circuit: Circuit,
    updates: int = 60,
    cars: int = 32,
    seed: int = 0,
    rate: float = 1e-3,
    temperature: float = 0.02,
    judges: int = 256,
    progress: Callable[[int, float], None] | None = None,
) -> Refined:
    """Train a circuit that solves the task, by gradients through whole episodes; it is left as the best one found.

    Args:
        circuit: An exact circuit with one action; trained in place.
        updates: Optimiser steps.
        cars: Starting places of an update, drawn anew.
        seed: Of the starting places.
        rate: Learning rate of Adam.
        temperature: Of the annealed gates.
        judges: Starting places by which the circuit is judged, evenly spaced.
        progress: Called after each update with its number and the mean return.

    Raises:
        BadInput: listing sizes that are not whole numbers >= 1, rates that are not > 0, and a circuit that is not
            ``exact`` or has not two inputs and one output.
    """
    _check(
        circuit, {"updates": updates, "cars": cars, "judges": judges}, {"rate": rate, "temperature": temperature}
    )
    generator = torch.Generator().manual_seed(seed)
    dtype = circuit.cell.threshold.dtype
    judged = grid(judges, dtype)
    optimizer = torch.optim.Adam(circuit.parameters(), lr=rate)
    before = _score(circuit, judged)
    best, kept, history = before, copy.deepcopy(circuit.state_dict()), []
    for k in range(updates):
        circuit.cell.set_variant("annealed", temperature=temperature)
        loss = _cost(circuit, starts(cars, generator, dtype))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(circuit.parameters(), 1.0)
        optimizer.step()
        circuit.cell.set_variant("exact")
        score = _score(circuit, judged)
        history.append(score)
        if score > best:
            best, kept = score, copy.deepcopy(circuit.state_dict())
        if progress is not None:
            progress(k, score)
    circuit.load_state_dict(kept)
    return Refined(before, best, tuple(history))


def _check(circuit: Circuit, sizes: Mapping[str, object], rates: Mapping[str, object]) -> None:
    problems = Problems()
    if circuit.cell.variant != "exact":
        problems.note("variant", circuit.cell.variant, "exact: it is annealed here, and judged as it is")
    check_driver(circuit.connectome, problems)
    for name, value in sizes.items():
        if not is_whole(value, 1):
            problems.note(name, value, f"a whole number from 1 to {MOST}")
    for name, value in rates.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
            problems.note(name, value, "a finite number > 0")
    problems.raise_if_any()


def _score(circuit: Circuit, cars: Tensor) -> float:
    return float(judge(circuit, cars).returns.mean())


def _cost(circuit: Circuit, car: Tensor) -> Tensor:
    with torch.no_grad():  # the exact circuit tells how long it takes
        longest = int(judge(circuit, car).steps.max())
    state, cost, furthest = circuit.rest(len(car)), car.new_zeros(len(car)), car[:, 0]
    going = torch.ones(len(car), dtype=torch.bool)
    for _ in range(longest):
        action, state = circuit.step(car, state)
        cost = cost + torch.where(going, 0.1 * action.square(), torch.zeros_like(cost))
        car = move(car, action)
        furthest = torch.where(going, torch.maximum(furthest, car[:, 0]), furthest)
        going = going & ~at_goal(car)
        if not bool(going.any()):
            break
    return (cost + SHORTFALL * (GOAL + MARGIN - furthest).clamp(min=0)).mean()
