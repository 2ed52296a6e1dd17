"""Working memory of the bRNN family: what conductances, Dale's law and plastic synapses keep, and for how long.

    pip install ".[brnn,plot]"
    python examples/14_working_memory.py                        # a minute
    python examples/14_working_memory.py --presets cb_rnn,matrix_a --task digits --folder pictures

Networks learn to hold the last of some pulses (flip-flop), to read digits window by window, or to say whether two
cues, 40 steps apart, are the same (delayed match, which none of them learns in 60 epochs). Printed: the score where
the end of each sequence is not shown, or where silence follows it, and time constants after training. Drawn:
histograms of time constants before and after, all units in one sequence, and the score against what was shown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from arcana.files import write_whole
from arcana.networks.brnn import (
    BRNN,
    Tracker,
    delayed_match,
    digits,
    fit,
    flip_flop,
    scores_by_delay,
    scores_by_share,
    time_constants,
)  # fmt: skip
from arcana.networks.brnn.pictures import cropping_picture, memory_picture, time_constants_picture

SHARES, DELAYS = (0.25, 0.5, 0.75, 1.0), (0, 5, 20, 50)
TASKS = {"digits": lambda seed: digits(seed=seed), "flip-flop": lambda seed: flip_flop(20, seed=seed),
         "delayed-match": lambda seed: delayed_match(length=50, size=1200, seed=seed)}  # fmt: skip
DT = {"delayed-match": 0.3, "flip-flop": 0.3, "digits": 0.6}


@torch.no_grad()
def constants(network: BRNN, x: torch.Tensor) -> torch.Tensor:
    """Time constants [steps] of all units at all steps of some sequences."""
    return time_constants(network.run(x).z.clamp(1e-6, 1 - 1e-6))


def main(
    presets: str = "vanilla,cb_rnn,dale_cb,dale_cb_stp", task: str = "flip-flop", epochs: int = 100,
    folder: Path = Path(), seed: int = 0, hidden: int = 32,
) -> dict[str, dict[str, list[float]]]:  # fmt: skip
    """Train, measure, draw; scores by share and by delay for each preset."""
    made, console = TASKS[task](seed), Console()
    shown = made.test[0][:64]
    head = ["preset", "score", *(f"{s:.0%} shown" for s in SHARES[:-1]), *(f"+ {d} silent" for d in DELAYS[1:])]
    title = f"{made.name}, chance {made.chance:.0%}"
    table = Table(*head, "time constants, 5 / 50 / 95 % [steps]", title=title)
    found: dict[str, dict[str, list[float]]] = {}
    pictures: dict[str, bytes] = {}
    for preset in presets.split(","):
        torch.manual_seed(seed)
        network = BRNN(preset, made.n_in, hidden, made.n_out, dt=DT[task])
        before, tracker = constants(network, shown), Tracker(network, shown)
        fit(network, made, epochs=epochs, seed=seed, progress=tracker)
        after = constants(network, shown)
        shares, delays = scores_by_share(network, made, SHARES), scores_by_delay(network, made, DELAYS)
        found[preset] = {"shares": shares, "delays": delays, "z": [row[1] for row in tracker.history["z"]]}
        levels = torch.quantile(after.flatten()[:100_000], torch.tensor([0.05, 0.5, 0.95]))
        table.add_row(preset, *(f"{v:.2f}" for v in (shares[-1], *shares[:-1], *delays[1:])),
                      " / ".join(f"{v:.3g}" for v in levels.tolist()))  # fmt: skip
        pictures[f"time_constants_{preset}.png"] = time_constants_picture(
            {"before training": before, "after": after}, preset
        )
        with torch.no_grad():
            pictures[f"memory_{preset}.png"] = memory_picture(network.run(made.test[0][:1]))
    scores = {preset: values["shares"] for preset, values in found.items()}
    pictures["cropping.png"] = cropping_picture(SHARES, scores, made.chance)
    (console if console.is_terminal else Console(width=140)).print(table)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        write_whole(folder / name, picture)
    console.print(f"{len(pictures)} pictures written to {folder}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default="vanilla,cb_rnn,dale_cb,dale_cb_stp", help="commas between")
    parser.add_argument("--task", choices=TASKS, default="flip-flop")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path(), help="where the pictures go")
    parser.add_argument("--seed", type=int, default=0)
    torch.set_num_threads(1)
    main(**vars(parser.parse_args()))
