"""The tap withdrawal circuit: tap it, let it learn to drive a car up a hill, and look at what its neurons do.

    python examples/11_tap_withdrawal.py                     # half a minute; needs arcana[plot]
    python examples/11_tap_withdrawal.py --updates 60 --folder pictures
    python examples/11_tap_withdrawal.py --seed 3 --save driver.json

A random search over 12,000 circuits finds one that solves MountainCarContinuous, gradients through whole episodes
make it cheaper. Pictures: the wiring, all neurons of the published circuit at a tap on the head and on the tail,
and all neurons of the new circuit while it drives. docs/tap-withdrawal.md explains the model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

from arcana.files import write_whole
from arcana.networks import TWC
from arcana.networks.mountain_car import at_goal, grid, move
from arcana.networks.parameter_file import write_parameters
from arcana.networks.pictures import circuit_picture, trace_picture
from arcana.networks.search import search
from arcana.networks.through_time import judge, refine

INPUTS = ("position", "velocity")
HEAD, TAIL = (-1.2, 0.1), (0.6, -0.1)  # the first drives AVM and ALM, the second PLM and PVD


def taps(steps: int = 60) -> torch.Tensor:
    """A tap on the head and one on the tail, six steps each, (1, steps, 2)."""
    obs = torch.zeros(1, steps, 2, dtype=torch.float64)
    obs[0, 10:16], obs[0, 35:41] = (torch.tensor(place, dtype=torch.float64) for place in (HEAD, TAIL))
    return obs


@torch.no_grad()
def one_drive(circuit: TWC) -> torch.Tensor:
    """What the circuit sees on its way from the middle of the valley, (1, steps, 2)."""
    car, state, seen = grid(1, torch.float64), circuit.rest(1), []
    while not bool(at_goal(car)) and len(seen) < 999:
        seen.append(car)
        action, state = circuit.step(car, state)
        car = move(car, action)
    return torch.stack(seen, 1)


def learn(seed: int, updates: int, candidates: int = 12000) -> tuple[TWC, dict[str, float]]:
    """Search, then gradients; mean returns over 256 starting places after each."""
    circuit = TWC().double()
    found = search(circuit.connectome, n=candidates, seed=seed)
    found.best.load_into(circuit, 0)
    shown = iter(track(range(updates), "gradients through time"))
    refined = refine(circuit, updates, seed=seed, progress=lambda *_: next(shown, None))
    list(shown)
    return circuit, {"searched": refined.before, "refined": refined.after}


def main(
    seed: int = 0, updates: int = 20, folder: Path = Path(), save: Path | None = None, candidates: int = 12000
) -> dict[str, float]:
    """Tap, learn, draw; returns of the learned circuit."""
    console, published, obs = Console(), TWC().double(), taps()
    circuit, score = learn(seed, updates, candidates) if updates else (TWC.solved(), {})
    drive = one_drive(circuit)
    with torch.no_grad():
        pictures = {
            "circuit.png": circuit_picture(published.graph()),
            "taps.png": trace_picture(published, published.run(obs), obs, INPUTS),
            "drive.png": trace_picture(circuit, circuit.run(drive), drive, INPUTS),
        }
    cars = judge(circuit, grid(256, torch.float64))
    score |= {"mean": float(cars.returns.mean()), "solved": float(cars.solved.double().mean())}
    console.print(", ".join(f"{name} {value:.2f}" for name, value in score.items()))
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        write_whole(folder / name, picture)
        console.print(f"written: {folder / name}")
    if save is not None:
        write_parameters(circuit, save, {"seed": seed, "updates": updates, **score})
        console.print(f"written: {save}")
    return score


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of search and training")
    parser.add_argument("--updates", type=int, default=20, help="of the gradient training; 0: the shipped solution")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the pictures go")
    parser.add_argument("--save", type=Path, help="where the parameters go")
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
