"""Reinforcement learning with the tap withdrawal circuit as the policy: stable-baselines3's PPO.

    pip install ".[rl]"
    python examples/13_reinforcement_learning.py                  # two minutes
    python examples/13_reinforcement_learning.py --steps 400000 --seed 1 --save driver.json

The mean of the action is what the circuit says, so its thresholds, decays and weights are what PPO trains; the
value is a small network of its own. The circuit has a state, and PPO draws single steps from its buffer. So each
observation carries the last few of them and the state of the circuit before those: gradients go back through that
many steps. It starts from a circuit that random search found: noise alone does not take the car up the hill. The
best circuit on the way is kept: what there is to gain is a few points of cost, and PPO sees them through noise.
"""

from __future__ import annotations

import argparse
import copy
from collections import deque
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from rich.console import Console
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from torch import nn

from arcana.networks import TWC, FiuriState
from arcana.networks.gym_judge import ENVIRONMENT, judge_in_gymnasium
from arcana.networks.mountain_car import grid
from arcana.networks.parameter_file import write_parameters
from arcana.networks.search import search
from arcana.networks.through_time import judge

WINDOW, TEMPERATURE, CARS, RATE, GAMMA = 16, 0.02, 16, 1e-4, 0.999
SCALE = (1.0, 10.0)  # of position and velocity, for the value network


class Remembering(gymnasium.Wrapper):
    """Observations of the last WINDOW steps, after E and O of the circuit before them: one flat array."""

    def __init__(self, env: gymnasium.Env, circuit: TWC) -> None:
        super().__init__(env)
        self.circuit = circuit
        size = 2 * len(circuit.neurons) + 2 * WINDOW
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float32)

    def reset(self, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """The car has stood there for WINDOW steps, and the circuit has slept."""
        seen, info = self.env.reset(**options)
        self.seen = deque([seen] * WINDOW, WINDOW)
        self.state = self.circuit.rest(1)
        return self.remembered(), info

    @torch.no_grad()
    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """The oldest observation leaves the window, and moves the state."""
        oldest = torch.from_numpy(self.seen[0])[None].to(self.circuit.cell.threshold)
        _, self.state = self.circuit.step(oldest, self.state)
        seen, reward, *rest = self.env.step(action)
        self.seen.append(seen)
        return self.remembered(), float(reward), *rest

    def remembered(self) -> np.ndarray:
        """What the policy gets."""
        return np.concatenate([self.state.E[0], self.state.O[0], *self.seen]).astype(np.float32)


class Through(BaseFeaturesExtractor):
    """The circuit's action after the window, and the last observation: (B, 3)."""

    def __init__(self, space: gymnasium.Space, circuit: TWC) -> None:
        super().__init__(space, 3)
        self.circuit = circuit

    def forward(self, remembered: torch.Tensor) -> torch.Tensor:
        """Gradients reach all parameters of the circuit."""
        n = len(self.circuit.neurons)
        *state, seen = remembered.to(self.circuit.cell.threshold).split([n, n, 2 * WINDOW], -1)
        window = seen.unflatten(-1, (WINDOW, 2))
        actions, _ = self.circuit(window, FiuriState(*state))
        return torch.cat([actions[:, -1:], window[:, -1] * window.new_tensor(SCALE)], -1).float()


class Heads(nn.Module):
    """The action as it is, and a value network that sees the car only."""

    latent_dim_pi, latent_dim_vf = 1, 64

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        """The circuit's action."""
        return features[:, :1]

    def forward_critic(self, features: torch.Tensor) -> torch.Tensor:
        """What the value is read from."""
        return self.value(features[:, 1:])


class CircuitPolicy(ActorCriticPolicy):
    """A Gaussian around the circuit's action."""

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = Heads()

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        self.action_net = nn.Identity()  # the library would put a linear layer behind the circuit
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


class KeepBest(BaseCallback):
    """Judges the exact circuit on a grid of starting places before each update of PPO, and remembers the best."""

    def __init__(self, circuit: TWC) -> None:
        super().__init__()
        self.circuit, self.best, self.kept, self.scores = circuit, -np.inf, {}, []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.judge()

    def judge(self) -> None:
        """The score of the circuit as it is now."""
        self.circuit.cell.set_variant("exact")
        self.scores.append(float(judge(self.circuit, grid(64, torch.float64)).returns.mean()))
        if self.scores[-1] > self.best:
            self.best, self.kept = self.scores[-1], copy.deepcopy(self.circuit.state_dict())
        self.circuit.cell.set_variant("annealed", temperature=TEMPERATURE)


def main(
    steps: int = 200_000, seed: int = 0, candidates: int = 2000, save: Path | None = None, rollout: int = 512
) -> tuple[dict[str, float], TWC]:
    """Search, PPO; mean returns over 100 episodes of gymnasium before and after, and the circuit."""
    console, circuit = Console(), TWC().double()
    search(circuit.connectome, n=candidates, seed=seed).best.load_into(circuit, 0)
    before = judge_in_gymnasium(circuit, 100, seed=10_000)
    console.print(f"searched: {before.returns.mean():.2f}, {before.solved.double().mean():.0%} solved")
    circuit.cell.set_variant("annealed", temperature=TEMPERATURE)
    cars = DummyVecEnv([lambda: Remembering(gymnasium.make(ENVIRONMENT), circuit)] * CARS)
    cars = VecNormalize(
        cars, norm_obs=False, gamma=GAMMA
    )  # of the reward: 100 at the goal is much for a value network
    options = {"features_extractor_class": Through, "features_extractor_kwargs": {"circuit": circuit},
               "log_std_init": -2.5, "ortho_init": False}  # fmt: skip
    learner = PPO(
        CircuitPolicy, cars, n_steps=rollout, batch_size=2 * rollout, n_epochs=4, gamma=GAMMA, gae_lambda=0.95,
        learning_rate=RATE, policy_kwargs=options, seed=seed,
    )  # fmt: skip
    keeper = KeepBest(circuit)
    learner.learn(steps, callback=keeper, progress_bar=console.is_terminal)
    keeper.judge()
    circuit.load_state_dict(keeper.kept)
    circuit.cell.set_variant("exact")
    console.print("mean return over a grid, update by update:", *(f"{score:.1f}" for score in keeper.scores))
    after = judge_in_gymnasium(circuit, 100, seed=10_000)
    console.print(f"after PPO: {after.returns.mean():.2f}, {after.solved.double().mean():.0%} solved")
    score = {"before": float(before.returns.mean()), "after": float(after.returns.mean())}
    if save is not None:
        console.print(f"written: {write_parameters(circuit, save, {'seed': seed, 'steps': steps, **score})}")
    return score, circuit


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200_000, help="of all cars together")
    parser.add_argument("--seed", type=int, default=0, help="of search and training")
    parser.add_argument(
        "--candidates", type=int, default=2000, help="of the random search"
    )  # few: something is left
    parser.add_argument("--save", type=Path, help="where the parameters go")
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
