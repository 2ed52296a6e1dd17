"""Two processes train one network: each takes half of the batch, on a virtual chip of its own if you like.

    torchrun --nproc-per-node 2 examples/08_two_processes.py
    torchrun --nproc-per-node 2 examples/08_two_processes.py --check
    python examples/08_two_processes.py --chips      # starts its two processes by itself

DistributedDataParallel averages the gradients of all processes, each makes the same step of the optimiser, and
``UpdateParams`` makes the network legal in each in the same way: the networks stay equal, bit for bit. Mismatch is
kept in buffers, and ``broadcast_buffers=False`` leaves each process its own: gradients are then means over chips.

``--check`` holds the averaged gradients against those of one process that sees the whole batch.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from arcana import MismatchModel, units
from arcana.model import DPILayer, Sequential, UpdateParams
from arcana.nn.chips import apply_mismatch, remove_mismatch

LINES, CLASSES, STEPS, DT = 24, 2, 150, 1e-3
BATCH = 16  # of all processes together
FRESH = 64  # samples to judge by
HIGH, TARGET = 80.0, 30.0  # Hz: the busy lines of a class, and the neuron of the class
CV = 0.1


@dataclass(frozen=True)
class Result:
    """What the training did, the same in each process.

    Attributes:
        losses: Before each update, over the whole batch.
        accuracy: Share of the fresh samples that were told apart, without mismatch.
        same: Whether all processes ended with the same network, bit for bit.
    """

    losses: tuple[float, ...]
    accuracy: float
    same: bool


def network(dtype: torch.dtype) -> Sequential:
    """24 lines, 8 neurons, one neuron for each class; the same in each process."""
    slow = 30 * units.pA
    synapses = {f"{kind}_{r}": slow for kind in ("Itau", "Igain") for r in ("ampa", "gabab")}
    options = {
        "train_ampa": True,
        "train_gabab": True,
        "train_Iw_ampa": True,
        "solver": "heun",
        "substeps": 4,
        "refractory": 4e-3,
    }
    generator = torch.Generator().manual_seed(1)
    layers = [
        DPILayer(n, m, DT, profile="dynapse1", Iw_ampa=weight, Iw_gabab=weight, **synapses, **options)
        for n, m, weight in ((LINES, 8, 11 * units.pA), (8, CLASSES, 30 * units.pA))
    ]
    with torch.no_grad():
        for layer in layers:
            layer.W_ampa.copy_(3 * torch.rand(layer.W_ampa.shape, generator=generator))
            layer.W_gabab.copy_(torch.rand(layer.W_gabab.shape, generator=generator))
    return Sequential(*layers).to(dtype)


def samples(number: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Poisson events (number, T, 24) and classes: each class has its own busy half of the lines."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.arange(number) % CLASSES
    busy = (torch.arange(LINES) % CLASSES == classes[:, None]).double()
    rates = HIGH * (0.2 + 0.8 * busy) * DT
    return (torch.rand(number, STEPS, LINES, generator=generator) < rates[:, None]).double(), classes


def cost(net: torch.nn.Module, X: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Mean squared distance of the rates to 30 Hz and 0 Hz: a mean over samples, so that means of shards add up."""
    spikes, _ = net(X)
    wanted = TARGET * torch.nn.functional.one_hot(classes, CLASSES)
    return ((spikes.mean(1) / DT - wanted) / TARGET).pow(2).mean()


def shard(rank: int, world: int, dtype: torch.dtype, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The part of a batch that one process sees; all parts have one size, so that their mean is the batch's."""
    X, classes = samples(BATCH, seed)
    part = slice(rank * BATCH // world, (rank + 1) * BATCH // world)
    return X[part].to(dtype), classes[part]


def parallel(net: Sequential) -> DistributedDataParallel:
    """The network with averaged gradients.

    ``find_unused_parameters`` can stay off: every parameter that is trained is in every forward run. Turn it on if
    a part of your network is not.
    """
    with warnings.catch_warnings():  # newer versions name it otherwise, but have nothing yet that does the same
        warnings.simplefilter("ignore", FutureWarning)
        return DistributedDataParallel(net, broadcast_buffers=False)


def gradients(net: Sequential) -> torch.Tensor:
    """All gradients in a row."""
    return torch.cat([p.grad.flatten() for p in net.parameters() if p.requires_grad])


def train(updates: int, chips: bool) -> Result:
    """Train, with a fresh chip for each process and each batch if ``chips``."""
    rank, world = dist.get_rank(), dist.get_world_size()
    net = network(torch.float32)
    model = parallel(net)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=0.05)
    optimizer.register_step_post_hook(UpdateParams)  # same parameters in, same parameters out
    losses = []
    for k in range(updates):
        if chips:
            apply_mismatch(net, MismatchModel(CV).sample(1, seed=0, first=k * world + rank))
        loss = cost(model, *shard(rank, world, torch.float32, seed=k))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(over_all(loss.detach()) / world)
    remove_mismatch(net)
    X, classes = samples(FRESH, seed=10**6)
    with torch.no_grad():
        accuracy = (net(X.float())[0].sum(1).argmax(-1) == classes).double().mean().item()
    weights = torch.cat([p.detach().flatten() for p in net.parameters() if p.requires_grad])
    first = weights.clone()
    dist.broadcast(first, 0)
    differ = over_all((weights != first).sum())
    return Result(tuple(losses), accuracy, differ == 0)


def over_all(value: torch.Tensor) -> float:
    """The sum of a number over all processes."""
    value = value.clone()
    dist.all_reduce(value)
    return value.item()


def check(dtype: torch.dtype, chips: bool) -> float:
    """Largest difference between averaged gradients and those of one process, over the largest gradient."""
    rank, world = dist.get_rank(), dist.get_world_size()
    net = network(dtype)
    if chips:
        apply_mismatch(net, MismatchModel(CV).sample(1, seed=0, first=rank))
    model = parallel(net)  # kept until the gradients are there: without it they are not averaged
    cost(model, *shard(rank, world, dtype, seed=0)).backward()

    alone = network(dtype)
    if chips:  # each shard on its chip
        for k in range(world):
            apply_mismatch(alone, MismatchModel(CV).sample(1, seed=0, first=k))
            (cost(alone, *shard(k, world, dtype, seed=0)) / world).backward()
    else:  # the whole batch in one go
        cost(alone, *shard(0, 1, dtype, seed=0)).backward()
    expected = gradients(alone)
    assert expected.abs().max() > 0
    return ((gradients(net) - expected).abs().max() / expected.abs().max()).item()


def show(result: Result) -> None:
    """What one process says for all."""
    print(f"{dist.get_world_size()} processes, {len(result.losses)} updates of {BATCH} samples")
    losses = f"loss {result.losses[0]:.3f} -> {result.losses[-1]:.3f}"
    print(f"{losses}, accuracy on {FRESH} fresh samples {result.accuracy:.3f}")
    print("networks of all processes are equal, bit for bit" if result.same else "networks DIFFER")


def work(arguments: argparse.Namespace) -> bool:
    """What each process does; whether all is well."""
    torch.set_num_threads(1)  # else each process would take all processors
    speaks = dist.get_rank() == 0
    if arguments.check:
        well = True
        for dtype, most in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
            for chips in (False, True):
                found = check(dtype, chips)
                well &= found <= most
                if speaks:
                    where = "each process on its own chip" if chips else "no mismatch"
                    print(f"{dtype}, {where}: gradients differ by {found:.1e} (allowed: {most:.0e})")
        return well
    result = train(arguments.updates, arguments.chips)
    if speaks:
        show(result)
    return result.same


def start(rank: int, world: int, meeting: str, arguments: argparse.Namespace) -> None:
    """A process that was not started by torchrun."""
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=world)
    well = work(arguments)
    dist.destroy_process_group()
    raise SystemExit(0 if well else 1)


def main(arguments: argparse.Namespace) -> None:
    """Join the processes that torchrun started, or start two."""
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
        well = work(arguments)
        dist.destroy_process_group()
        raise SystemExit(0 if well else 1)
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        torch.multiprocessing.spawn(start, (2, meeting, arguments), nprocs=2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=40, help="updates of the optimiser")
    parser.add_argument("--chips", action="store_true", help="a fresh virtual chip for each process and batch")
    parser.add_argument("--check", action="store_true", help="compare the gradients with those of one process")
    main(parser.parse_args())
