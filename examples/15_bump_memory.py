"""A ring of rate units learns to remember a direction: a bump of activity that stays where a stimulus put it.

    pip install ".[plot]"
    python examples/15_bump_memory.py                 # 20 s; writes bump_memory.png

One population with uniform inhibition and nothing else: no neuron knows its neighbours. Its weights are trained,
through time, so that the activity late in a delay of 1 s points to where the stimulus was. They stay inhibitory all
the while (Dale's law). Printed: the error of the decoded direction after 3 s, before and after.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch

from arcana.files import write_whole
from arcana.networks.rate import RateNetwork
from arcana.networks.rate.analysis import decode_bump
from arcana.networks.rate.connectivity import angles
from arcana.networks.rate.pictures import ring_picture

CONFIG = {
    "neurons": 120, "in_degree": 10, "connectivity": "all_to_all", "strength": [[-12.0]], "strength_in": [4.0],
    "transfer": "sigmoid", "threshold": 2.0, "dt_s": 0.02, "tau_s": 0.1, "synaptic_dynamics": False,
    "window_s": 0.1, "duration_s": 1.5,
}  # fmt: skip
ON, OFF = 0.1, 0.4  # of the stimulus [s]
STRENGTH, AMPLITUDE = 2.0, 0.5  # of the stimulus; of the bump that is asked for


def inputs(network: RateNetwork, directions: torch.Tensor, noise: float, seed: int) -> torch.Tensor:
    """A stimulus at each direction [rad], (B, steps, N), unscaled."""
    config = network.config
    theta = torch.tensor(angles(config.neurons), dtype=torch.float32)
    bump = STRENGTH * (1 + torch.cos(theta - directions[:, None])) / 2
    whole = torch.full((len(directions), config.steps, config.neurons), config.strength_in[0])
    on, off = (round(t / config.dt_s) for t in (ON, OFF))
    whole[:, on:off] += bump[:, None]
    generator = torch.Generator().manual_seed(seed)
    return whole + noise * torch.randn(whole.shape, generator=generator)


def errors(network: RateNetwork, directions: torch.Tensor, rates: torch.Tensor) -> torch.Tensor:
    """Distance of the decoded direction at the end from the stimulus [degrees]."""
    apart = decode_bump(rates[:, -1]).direction - directions
    return torch.rad2deg(torch.remainder(apart + math.pi, 2 * math.pi) - math.pi).abs()


def trained(updates: int, seed: int, batch: int = 16) -> RateNetwork:
    """The network after so many updates."""
    network = RateNetwork.from_config(CONFIG, train="recurrent", seed=seed)
    adam = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.003)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(adam, updates)
    generator = torch.Generator().manual_seed(seed)
    for k in range(updates):
        # One direction in each sector, so that every update sees the whole ring
        sectors = torch.arange(batch) + torch.rand(batch, generator=generator)
        directions = 2 * math.pi * sectors / batch
        rates = network(inputs(network, directions, 0.1, 1000 * seed + k), network.initial(batch, seed=k))
        F = torch.fft.fft(rates)[..., 1] * 2 / rates.shape[-1]
        wanted = AMPLITUDE * torch.polar(torch.ones(batch), -directions)
        late = F[:, rates.shape[1] // 3 :]
        loss = (late - wanted[:, None]).abs().square().mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        decay.step()
        if (k + 1) % 20 == 0:
            print(f"update {k + 1:4d}: loss {loss.item():.4f}", flush=True)
    return network


@torch.no_grad()
def judged(
    network: RateNetwork, delay: float = 3.0, number: int = 48, seed: int = 99
) -> tuple[RateNetwork, torch.Tensor, torch.Tensor]:
    """A run with a longer delay, from directions and noise that training never saw: network, rates, errors."""
    state = network.state_dict()
    longer = RateNetwork.from_config({**CONFIG, "duration_s": OFF + delay}, train="recurrent")
    longer.load_state_dict(state)
    directions = 2 * math.pi * torch.rand(number, generator=torch.Generator().manual_seed(seed))
    rates = longer(inputs(longer, directions, 0.1, seed), longer.initial(number, seed=seed))
    return longer, rates, errors(longer, directions, rates)


def main(updates: int = 150, seed: int = 0, out: Path = Path("bump_memory.png")) -> tuple[float, float]:
    """Train, judge, draw; mean errors [degrees] before and after."""
    before = float(judged(RateNetwork.from_config(CONFIG, train="recurrent", seed=seed))[2].mean())
    network, rates, after = judged(trained(updates, seed))
    told = f"{after.mean():.1f} with it (largest {after.max():.1f})"
    print(f"after 3 s: {before:.0f} degrees off without training, {told}")
    write_whole(out, ring_picture(network, rates))
    return before, float(after.mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bump_memory.png"))
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
