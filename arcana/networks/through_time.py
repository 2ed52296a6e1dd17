"""Gradients through an episode: a circuit that solves MountainCarContinuous learns to do it with less.

The circuit runs in its ``annealed`` variant, the car is differentiable, and what is minimised is

    0.1 sum of u^2 until the goal  +  10 mean max(0, goal - furthest position)

the cost of the task, and a term that holds cars at the goal. After each update the ``exact`` circuit is judged on
starting places of its own; the best one is kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch

from arcana.networks.circuit import Circuit
from arcana.networks.mountain_car import GOAL, Episodes, at_goal, drive, move, starts
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
    rate: float = 3e-3,
    temperature: float = 0.02,
    progress: Callable[[int, float], None] | None = None,
) -> Refined:
    """Train a circuit that solves the task, by gradients through whole episodes; it is left as the best one found.

    Args:
        circuit: An exact circuit with one action; trained in place.
        updates: Optimiser steps.
        cars: Starting places of an update, and as many for judging.
        seed: Of the starting places.
        rate: Learning rate of Adam.
        temperature: Of the annealed gates.
        progress: Called after each update with its number and the mean return.
    """
    generator = torch.Generator().manual_seed(seed)
    dtype = circuit.cell.threshold.dtype
    judged = starts(2 * cars, generator, dtype)
    optimizer = torch.optim.Adam(circuit.parameters(), lr=rate)
    before = float(judge(circuit, judged).returns.mean())
    best, kept, history = before, copy.deepcopy(circuit.state_dict()), []
    for k in range(updates):
        circuit.cell.set_variant("annealed", temperature=temperature)
        loss = _cost(circuit, starts(cars, generator, dtype))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(circuit.parameters(), 1.0)
        optimizer.step()
        circuit.cell.set_variant("exact")
        score = float(judge(circuit, judged).returns.mean())
        history.append(score)
        if score > best:
            best, kept = score, copy.deepcopy(circuit.state_dict())
        if progress is not None:
            progress(k, score)
    circuit.load_state_dict(kept)
    return Refined(before, best, tuple(history))


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
