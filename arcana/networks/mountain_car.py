"""MountainCarContinuous for many cars at once, and differentiable.

    v' = clamp(v + 0.0015 u - 0.0025 cos(3 x), -0.07, 0.07),   x' = clamp(x + v', -1.2, 0.6),   u in [-1, 1]
    v' = 0 where x' = -1.2 and v' < 0;   reward -0.1 u^2, and 100 at x' >= 0.45 with v' >= 0, which ends the episode

The same task as gymnasium's ``MountainCarContinuous-v0``, in which results are judged; this one is for searching
and for gradients through time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch

from arcana.errors import Problems
from arcana.networks.connectome import Connectome
from arcana.typing import Tensor

POWER, GRAVITY, GOAL = 0.0015, 0.0025, 0.45
LEFT, RIGHT, FASTEST = -1.2, 0.6, 0.07
START = (-0.6, -0.4)  # where a car stands at first
LONGEST = 999  # steps

Policy: TypeAlias = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Episodes:
    """What many cars did.

    Attributes:
        returns: Sum of rewards of each car.
        solved: Whether it reached the goal.
        steps: Steps that it took.
    """

    returns: Tensor
    solved: Tensor
    steps: Tensor


def check_driver(wiring: Connectome, problems: Problems) -> None:
    """Note a circuit that cannot drive: it needs two inputs (position, velocity) and one output."""
    if (ways := (len(wiring.inputs), len(wiring.outputs))) != (2, 1):
        problems.note("circuit", "{} inputs, {} outputs".format(*ways), "2 inputs (position, velocity), 1 output")


def starts(n: int, generator: torch.Generator, dtype: torch.dtype | None = None) -> Tensor:
    """Cars at rest, (n, 2): position and velocity."""
    position = START[0] + (START[1] - START[0]) * torch.rand(n, generator=generator, dtype=dtype)
    return torch.stack([position, torch.zeros_like(position)], -1)


def grid(n: int, dtype: torch.dtype | None = None) -> Tensor:
    """Cars at rest, evenly spaced over all starting places, (n, 2): a mean over them has no luck in it."""
    position = START[0] + (START[1] - START[0]) * (torch.arange(n, dtype=dtype) + 0.5) / n
    return torch.stack([position, torch.zeros_like(position)], -1)


def move(car: Tensor, action: Tensor) -> Tensor:
    """The next position and velocity (n, 2) for actions (n,) from -1 to 1."""
    x, v = car.unbind(-1)
    v = (v + POWER * action.clamp(-1, 1) - GRAVITY * torch.cos(3 * x)).clamp(-FASTEST, FASTEST)
    x = (x + v).clamp(LEFT, RIGHT)
    return torch.stack([x, torch.where((x <= LEFT) & (v < 0), torch.zeros_like(v), v)], -1)


def at_goal(car: Tensor) -> Tensor:
    """Whether the episode is over, (n,)."""
    return (car[..., 0] >= GOAL) & (car[..., 1] >= 0)


def drive(policy: Policy, car: Tensor, longest: int = LONGEST) -> Episodes:
    """Let every car drive until it is at the goal, or ``longest`` steps have gone by.

    Args:
        policy: Called once for each step with the observations (n, 2) of all cars; it keeps its own state.
        car: From ``starts``.
        longest: Most steps.
    """
    returns = torch.zeros(len(car), dtype=car.dtype)
    steps = torch.zeros(len(car), dtype=torch.long)
    going = torch.ones(len(car), dtype=torch.bool)
    for _ in range(longest):
        action = policy(car)
        car = move(car, action)
        returns = returns - torch.where(going, 0.1 * action.square(), torch.zeros_like(returns))
        steps += going
        arrived = going & at_goal(car)
        returns = returns + 100.0 * arrived
        going = going & ~arrived
        if not bool(going.any()):
            break
    return Episodes(returns, ~going, steps)
