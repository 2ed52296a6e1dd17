"""Random search for the parameters of a circuit: many candidates side by side, the best looked at again."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from arcana.errors import Problems
from arcana.limits import MOST, is_whole
from arcana.networks.circuit import Circuit
from arcana.networks.connectome import Connectome
from arcana.networks.fast import FastCircuit
from arcana.networks.fiuri import FiuriState
from arcana.networks.fiuri_rules import Exact
from arcana.networks.mountain_car import Episodes, check_driver, drive, starts
from arcana.typing import Tensor


@dataclass(frozen=True)
class Candidates:
    """Parameters of many circuits.

    Attributes:
        threshold: (rows, n).
        decay: (rows, n).
        weight: (rows, connections), in the order of the connectome.
    """

    threshold: Tensor
    decay: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.threshold)

    def __getitem__(self, rows: Tensor) -> Candidates:
        return Candidates(self.threshold[rows], self.decay[rows], self.weight[rows])

    def circuit(self, connectome: Connectome) -> FastCircuit:
        """All of them as one circuit with a row for each."""
        return FastCircuit(connectome, Exact(), self.threshold, self.decay, self.weight)

    def repeated(self, times: int) -> Candidates:
        """Each of them ``times`` times, one after the other."""
        return Candidates(*(p.repeat_interleave(times, 0) for p in (self.threshold, self.decay, self.weight)))

    def load_into(self, circuit: Circuit, row: int) -> None:
        """Give a circuit the parameters of one row."""
        T, d, w = (p[row].tolist() for p in (self.threshold, self.decay, self.weight))
        names = circuit.neurons
        weights = dict(zip(circuit.connectome.keys, w, strict=True))
        circuit.load_parameters(dict(zip(names, T, strict=True)), dict(zip(names, d, strict=True)), weights)


@dataclass(frozen=True)
class Found:
    """Result of ``search``.

    Attributes:
        best: The best candidate (one row).
        score: Its mean over the second look.
        scores: Of all elites.
        elites: The candidates of the second look.
        solved: Share of all candidates that solved their one episode.
    """

    best: Candidates
    score: float
    scores: Tensor
    elites: Candidates
    solved: float


def sample(
    connectome: Connectome, n: int, generator: torch.Generator,
    threshold: tuple[float, float] = (0.0, 1.0), decay: tuple[float, float] = (0.0, 0.5),
    weight: tuple[float, float] = (0.0, 1.0),
) -> Candidates:  # fmt: skip
    """Uniform random candidates within these ranges."""

    def draw(low: float, high: float, k: int) -> Tensor:
        return low + (high - low) * torch.rand(n, k, generator=generator, dtype=torch.float64)

    neurons = len(connectome.neurons)
    return Candidates(draw(*threshold, neurons), draw(*decay, neurons), draw(*weight, len(connectome.connections)))


def drive_all(
    candidates: Candidates, connectome: Connectome, generator: torch.Generator, episodes: int
) -> Episodes:
    """Every candidate on ``episodes`` cars; the rows of a candidate lie together.

    Cars start at the same places for all candidates, so that luck does not decide between them.
    """
    circuit = candidates.repeated(episodes).circuit(connectome)
    template = Circuit(connectome).double()
    car = starts(episodes, generator, torch.float64).repeat(len(candidates), 1)
    zero = torch.zeros(len(car), len(connectome.neurons), dtype=torch.float64)
    state = FiuriState(zero, zero)

    def policy(observation: Tensor) -> Tensor:
        nonlocal state
        motor, _, state = circuit.run(template.encode(observation).unsqueeze(1), state)
        return template.read(motor[:, 0])

    return drive(policy, car)


@torch.no_grad()
def search(connectome: Connectome, n: int = 12000, elites: int = 16, episodes: int = 100, seed: int = 0) -> Found:
    """Random search with elites on MountainCarContinuous: n candidates drive once, the best ``elites`` 100 times.

    Raises:
        BadInput: listing sizes that are not whole numbers >= 1, a seed that is none, a circuit that has not two
            inputs and one output, and more elites than candidates.
    """
    problems = Problems()
    for name, value, least in (("n", n, 1), ("elites", elites, 1), ("episodes", episodes, 1), ("seed", seed, 0)):
        if not is_whole(value, least):
            problems.note(name, value, f"a whole number from {least} to {MOST}")
    check_driver(connectome, problems)
    if not problems and elites > n:
        problems.note("elites", elites, f"at most the {n} candidates")
    problems.raise_if_any()
    generator = torch.Generator().manual_seed(seed)
    candidates = sample(connectome, n, generator)
    first = drive_all(candidates, connectome, generator, 1)
    best = candidates[first.returns.argsort(descending=True)[:elites]]
    again = drive_all(best, connectome, generator, episodes).returns.view(elites, episodes).mean(-1)
    order = again.argsort(descending=True)
    return Found(
        best[order[:1]], float(again.max()), again[order], best[order], float(first.solved.double().mean())
    )
