"""Behaviour cloning: the tap withdrawal circuit learns what another one does, by gradients through time.

    python examples/12_behaviour_cloning.py                     # two to three minutes
    python examples/12_behaviour_cloning.py --updates 2000 --save driver.json

The teacher is the circuit that is shipped; the student sees what it sees and what it does, and none of its
parameters. A random search finds the circuit of 20,000 whose actions are nearest to the teacher's; then the
recorded drives are gone through in pieces, each from the state that the circuit had at the end of the piece
before, and gradients go back through a piece while the gates become sharp. What is judged is the exact circuit:
its distance from the teacher on drives that it has not seen, and its own driving.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from arcana.networks import TWC, FiuriState
from arcana.networks.mountain_car import grid, move, starts
from arcana.networks.parameter_file import write_parameters
from arcana.networks.search import sample
from arcana.networks.through_time import judge

STEPS, PIECE, RATE = 240, 60, 3e-3
HOT, COLD = 0.1, 0.02  # temperature of the gates, at first and at last


@torch.no_grad()
def record(teacher: TWC, n: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """What n cars see (n, STEPS, 2) while the teacher drives, and what it does (n, STEPS)."""
    car, state, seen, done = starts(n, generator, torch.float64), teacher.rest(n), [], []
    for _ in range(STEPS):
        seen.append(car)
        action, state = teacher.step(car, state)
        done.append(action)
        car = move(car, action)
    return torch.stack(seen, 1), torch.stack(done, 1)


@torch.no_grad()
def nearest(circuit: TWC, seen: torch.Tensor, done: torch.Tensor, candidates: int, seed: int) -> None:
    """Give the circuit the parameters of the best of many random ones, judged on four cars."""
    drawn = sample(circuit.connectome, candidates, torch.Generator().manual_seed(seed))
    many, distance = drawn.circuit(circuit.connectome), torch.zeros(candidates, dtype=torch.float64)
    zero = torch.zeros(candidates, len(circuit.neurons), dtype=torch.float64)
    for obs, wanted in zip(seen[:4], done[:4], strict=True):
        motor, _, _ = many.run(circuit.encode(obs[None]).repeat(candidates, 1, 1), FiuriState(zero, zero))
        distance += (circuit.read(motor) - wanted).square().mean(-1)
    drawn.load_into(circuit, int(distance.argmin()))


@torch.no_grad()
def distance(circuit: TWC, seen: torch.Tensor, done: torch.Tensor) -> float:
    """Root mean square difference of the actions."""
    return float((circuit(seen)[0] - done).square().mean().sqrt())


def clone(circuit: TWC, seen: torch.Tensor, done: torch.Tensor, updates: int) -> None:
    """Gradients through pieces of the episodes."""
    optimizer = torch.optim.Adam(circuit.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    for k in track(range(updates), "cloning"):
        circuit.cell.set_variant("annealed", temperature=HOT * (COLD / HOT) ** (k / updates))
        first = k * PIECE % STEPS
        if first == 0:
            state = circuit.rest(len(seen))
        action, state = circuit(seen[:, first : first + PIECE], state)
        state = FiuriState(*(x.detach() for x in state))
        loss = (action - done[:, first : first + PIECE]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(circuit.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    circuit.cell.set_variant("exact")


def main(updates: int = 1000, seed: int = 0, candidates: int = 20000, save: Path | None = None) -> dict[str, float]:
    """Search, clone, judge before and after."""
    console, circuit, generator = Console(), TWC().double(), torch.Generator().manual_seed(seed)
    (seen, done), unseen = (record(TWC.solved(), n, generator) for n in (32, 64))
    nearest(circuit, seen, done, candidates, seed)
    found: dict[str, float] = {}
    for stage in ("searched", "cloned"):
        if stage == "cloned":
            clone(circuit, seen, done, updates)
        cars = judge(circuit, grid(256, torch.float64))
        found |= {f"{stage}, distance": distance(circuit, *unseen), f"{stage}, return": float(cars.returns.mean())}
        found |= {f"{stage}, solved": float(cars.solved.double().mean())}
    for name, value in found.items():
        console.print(f"{name}: {value:.3f}")
    if save is not None:
        console.print(f"written: {write_parameters(circuit, save, {'seed': seed, 'updates': updates, **found})}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=1000, help="of the gradient training")
    parser.add_argument("--seed", type=int, default=0, help="of episodes and search")
    parser.add_argument("--candidates", type=int, default=20000, help="of the random search")
    parser.add_argument("--save", type=Path, help="where the parameters go")
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
