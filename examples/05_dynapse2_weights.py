"""Weights of DYNAP-SE2: trained as fractions, then as sums of the four weight currents that all words share.

    python examples/05_dynapse2_weights.py
    python examples/05_dynapse2_weights.py --seeds 1 --quick

The frozen-noise task of example 02 on DYNAP-SE2. An input word has four switches; its current is the sum of those
of four weight currents, shared by the whole core, that are switched on, and a neuron has at most 64 words. Three
networks of each seed are compared by the smaller of their two ratios:

    float      weights with fractions and biases of any size, trained for all updates
    rounded    the same one: biases to the nearest codes, weights to the nearest sums of the best four currents
    trained    rounded half-way through the updates, and trained on as sums, with the biases of the codes

Each is the best of its updates by loss.
"""

from __future__ import annotations

import argparse
import copy
import runpy
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch
from rich.console import Console
from rich.table import Table

import arcana
from arcana.circuits.names import RECEPTORS
from arcana.model import DPILayer, UpdateParams
from arcana.quantize.codes import decode_biases, encode_biases, on_chip

noise = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("02_frozen_noise.py"))))
CHIP = arcana.load_profile("dynapse2")
DEFAULT = CHIP.default_biases() | {"refractory": 1e-3}  # the chip has no period of 0
LEARNING_RATE = 0.03


@dataclass(frozen=True)
class Result:
    """One seed: the smaller of the two ratios of each network, and what the chip is given."""

    seed: int
    floating: float
    rounded: float
    trained: float
    weight_error: float
    words: tuple[int, ...]
    currents: tuple[float, ...]
    seconds: float

    @property
    def kept(self) -> float:
        """What the trained sums keep of the ratio with fractions."""
        return self.trained / self.floating


def layer(biases: dict[str, float], like: DPILayer, whole: bool, switches: int = 4) -> DPILayer:
    """Two neurons on DYNAP-SE2 with these biases and the weights of another layer."""
    biases = {"refractory": DEFAULT["refractory"]} | biases
    net = DPILayer(
        like.n_in, like.n_out, like.dt, "dynapse2", recurrent=True, solver="heun",
        weight_switches=switches, train_ampa=True, train_gabab=True, **biases,
    )  # fmt: skip
    net.whole_weights = whole
    with torch.no_grad():
        for name, weights in like.named_parameters():
            if name.startswith(("W_", "R_")):
                net.get_parameter(name).copy_(weights)
    return net


def biases_of(net: DPILayer) -> dict[str, float]:
    """Those that are not the chip's defaults."""
    values = {name: net.nominal(name).item() for name in net.bias_names() if name != "refractory"}
    return {name: v for name, v in values.items() if abs(v - DEFAULT.get(name, 0)) > 1e-6 * v}


def of_codes(biases: dict[str, float]) -> dict[str, float]:
    """What the chip makes of biases. Its words bring their own weight currents: Iw stays, as their unit."""
    wanted = DEFAULT | biases
    units = {f"Iw_{r}": on_chip(wanted, CHIP)[f"Iw_{r}"] for r in RECEPTORS}
    return {**decode_biases(encode_biases(wanted, CHIP), CHIP), **units}


def ratio(net: DPILayer, X: torch.Tensor) -> float:
    with torch.no_grad():
        return min(noise.ratios_of(net(X)[0].mean(1) / noise.DT))


def train(net: DPILayer, X: torch.Tensor, updates: int) -> DPILayer:
    """The network with the least loss of all updates."""
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=LEARNING_RATE)
    optimizer.register_step_post_hook(UpdateParams)
    wanted, least, best = noise.TARGET * torch.eye(2), float("inf"), net
    for _ in range(updates + 1):
        rates = net(X)[0].mean(1) / noise.DT
        loss = ((rates - wanted) / noise.TARGET).pow(2).mean()
        if loss.item() < least:
            least, best = loss.item(), copy.deepcopy(net).eval()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return best


def weight_error(net: DPILayer) -> float:
    """||sums - weights|| / ||weights|| of all weights [A / A]: also of those that the fan-in leaves out."""
    made, sums, weights = net.counts(), [], []
    units = on_chip(DEFAULT | biases_of(net), CHIP)
    for name, weight in net.named_parameters():
        if name in made:
            unit = units[f"Iw_{name[2:]}"]
            sums.append(unit * made[name].detach())
            weights.append(unit * weight.detach())
    wanted, got = torch.cat(weights, -1), torch.cat(sums, -1)
    return ((got - wanted).norm() / wanted.norm()).item()


def run(seed: int, updates: int, switches: int = 4) -> Result:
    start, X, first = time.process_time(), noise.patterns(seed), noise.network(seed)
    free, half = biases_of(first), updates // 2
    codes = of_codes(free)
    halfway = train(layer(free, first, whole=False), X, half)
    floating = train(layer(free, halfway, whole=False), X, updates - half)
    rounded = layer(codes, floating, True, switches)
    trained = train(layer(codes, halfway, True, switches), X, updates - half)
    words = sum((mask > 0).sum(-1) for mask in trained.switch_masks().values())
    ratios = (ratio(net, X) for net in (floating, rounded, trained))
    chip = weight_error(rounded), tuple(words.tolist()), tuple(trained.switch_currents().tolist())
    return Result(seed, *ratios, *chip, time.process_time() - start)


def main(
    seeds: int = 5, updates: int = 120, quick: bool = False, show: bool = True, switches: int = 4
) -> list[Result]:
    """Run each seed and print a table. ``quick`` stops after 80 updates."""
    results = [run(seed, min(updates, 80) if quick else updates, switches) for seed in range(seeds)]
    table = Table(title="Frozen noise on DYNAP-SE2: smaller ratio of the two patterns")
    for column in (
        "seed",
        "float",
        "rounded",
        "trained",
        "kept",
        "weight error",
        "words",
        "currents [nA]",
        "CPU s",
    ):
        table.add_column(column, justify="right")
    for r in results:
        table.add_row(
            str(r.seed), f"{r.floating:.1f}", f"{r.rounded:.1f}", f"{r.trained:.1f}", f"{r.kept:.0%}",
            f"{r.weight_error:.1%}", ", ".join(map(str, r.words)), " ".join(f"{c * 1e9:.2f}" for c in r.currents),
            f"{r.seconds:.1f}",
        )  # fmt: skip
    if show:
        Console().print(table)
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many, counted from 0")
    parser.add_argument("--updates", type=int, default=120, help="updates of a seed")
    parser.add_argument("--quick", action="store_true", help="at most 80 updates")
    parser.add_argument("--switches", type=int, default=4, help="of a word; the chip has 4")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # many small operations: more threads only wait for each other
    done = main(arguments.seeds, arguments.updates, arguments.quick, switches=arguments.switches)
    raise SystemExit(0 if all(r.kept >= 0.9 for r in done) else 1)
