"""The judge of MountainCarContinuous: gymnasium's own environment, many episodes side by side."""

from __future__ import annotations

import torch

from arcana.errors import BadInput, Problems
from arcana.limits import MOST, is_whole
from arcana.networks.circuit import Circuit
from arcana.networks.mountain_car import Episodes, check_driver

ENVIRONMENT = "MountainCarContinuous-v0"


@torch.no_grad()
def judge_in_gymnasium(circuit: Circuit, episodes: int = 100, seed: int = 0) -> Episodes:
    """Returns, ends and lengths of episodes 0, 1, ... in gymnasium, each from rest and from a start of its own.

    Episode k is ``reset(seed=seed + k)``: the same starts whoever drives. gymnasium keeps its car in float32.

    Args:
        circuit: A circuit with the observation (position, velocity) and one action.
        episodes: How many.
        seed: Of the first episode.

    Raises:
        BadInput: if gymnasium is missing (``arcana[rl]``), and listing sizes that are not whole numbers and a
            circuit that has not two inputs and one output.
    """
    try:
        import gymnasium
    except ImportError as error:
        raise BadInput.one("gymnasium", "not installed", "pip install '.[rl]'") from error
    problems = Problems()
    if not is_whole(episodes, 1):
        problems.note("episodes", episodes, f"a whole number from 1 to {MOST}")
    if not is_whole(seed, 0, 2**31):
        problems.note("seed", seed, f"a whole number from 0 to {2**31}")
    check_driver(circuit.connectome, problems)
    problems.raise_if_any()
    cars = [gymnasium.make(ENVIRONMENT) for _ in range(episodes)]
    dtype, state = circuit.cell.threshold.dtype, circuit.rest(episodes)
    seen = torch.stack([torch.from_numpy(car.reset(seed=seed + k)[0]) for k, car in enumerate(cars)])
    returns, steps = torch.zeros(episodes, dtype=torch.float64), torch.zeros(episodes, dtype=torch.long)
    solved, going = torch.zeros(episodes, dtype=torch.bool), list(range(episodes))
    while going:
        action, state = circuit.step(seen.to(dtype), state)
        for k in list(going):
            observation, reward, arrived, late, _ = cars[k].step([action[k].item()])
            seen[k] = torch.from_numpy(observation)
            returns[k] += float(reward)
            steps[k] += 1
            solved[k] = arrived
            if arrived or late:
                going.remove(k)
    for car in cars:
        car.close()
    return Episodes(returns, solved, steps)
