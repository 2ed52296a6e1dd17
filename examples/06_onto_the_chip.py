"""A network onto a board: placed, routed and rounded to bias codes, written to a file, and emulated from it.

    python examples/06_onto_the_chip.py
    python examples/06_onto_the_chip.py --chip dynapse2 --picture board.png

320 recurrent neurons, more than a core holds: 256 excite (AMPA), 64 inhibit (GABA_B), 32 Poisson lines drive them.
Nothing is trained. The network is mapped twice:

    codes     bias codes, as a chip takes them
    exact     the currents themselves in place of codes, for emulation only

Each time the settings are saved, read back, and the board that they describe is emulated on the same input. With
exact currents every spike has to be the same: the tables are all that is left of the connections. With codes the
biases are a percent or so off, so the spikes of a recurrent network move; their rates should not move much.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

import arcana

EXCITE, INHIBIT, LINES = 256, 64, 32
RATE, DT, STEPS, SERIES = 30.0, 1e-3, 500, 4  # Hz, s
BIASES = {
    "Itau_mem": 2e-12, "Igain_mem": 80e-12, "refractory": 2e-3, "Itau_ampa": 100e-12, "Igain_ampa": 200e-12,
    "Iw_ampa": 10e-12, "Iw_gabab": 2e-12,
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One mapping: what was written, how far its emulation does what the network does, seconds of both."""

    name: str
    mapping: arcana.Mapping
    bytes: int
    agreement: arcana.Agreement
    seconds: float


def network(chip: str, generator: torch.Generator) -> arcana.DPILayer:
    """Random connections; no neuron has more than 64 synapses."""
    n = EXCITE + INHIBIT
    excites = torch.arange(n) < EXCITE
    net = arcana.DPILayer(LINES, n, DT, chip, recurrent=True, **BIASES)
    with torch.no_grad():
        for name, weights in net.named_parameters():
            if name.startswith(("W_", "R_")):
                weights.zero_()
        net.W_ampa.copy_(2.0 * (torch.rand(n, LINES, generator=generator) < 0.25))
        net.R_ampa.copy_((torch.rand(n, n, generator=generator) < 0.05) & excites)
        net.R_gabab.copy_((torch.rand(n, n, generator=generator) < 0.2) & ~excites)
    return net


def onto_the_chip(net: arcana.DPILayer, chip: str, X: torch.Tensor, exact: bool, folder: Path) -> Result:
    """Map, save, read back, emulate, compare."""
    start, name = time.perf_counter(), "exact" if exact else "codes"
    mapping = arcana.map_network(net, chip, exact=exact)
    path = mapping.configuration().save(folder / f"{name}.json")
    emulator = arcana.Emulator.from_config(path, chip)  # nothing but the file and the profile
    agreement = arcana.agreement(net, emulator, X)
    return Result(name, mapping, path.stat().st_size, agreement, time.perf_counter() - start)


def main(chip: str = "dynapse1", seed: int = 1, picture: Path | None = None, show: bool = True) -> list[Result]:
    """Map with codes and with exact currents; print the report and a table."""
    generator = torch.Generator().manual_seed(seed)
    net = network(chip, generator)
    X = (torch.rand(SERIES, STEPS, LINES, generator=generator) < RATE * DT).float()
    with tempfile.TemporaryDirectory() as folder:
        results = [onto_the_chip(net, chip, X, exact, Path(folder)) for exact in (False, True)]
    if picture is not None:
        picture.write_bytes(results[0].mapping.report().picture())
    if show:
        print(results[0].mapping.report())
        table = Table(title=f"{EXCITE + INHIBIT} neurons on {chip}, emulated from the file")
        for column in ("biases", "file [kB]", "spikes", "same steps", "rates off by", "seconds"):
            table.add_column(column, justify="right")
        for r in results:
            table.add_row(
                r.name, f"{r.bytes / 1e3:.0f}", str(r.agreement.spikes), f"{r.agreement.equal:.3%}",
                f"{r.agreement.rate_error:.2%}", f"{r.seconds:.1f}",
            )  # fmt: skip
        Console().print(table)
        for r in results:
            print(f"{r.name}: {r.agreement}")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chip", default="dynapse1", help="profile of the chip")
    parser.add_argument("--seed", type=int, default=1, help="of the connections and the input")
    parser.add_argument("--picture", type=Path, help="also draw the board (PNG)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a small network: more threads only wait for each other
    _, exact = main(arguments.chip, arguments.seed, arguments.picture)
    raise SystemExit(0 if exact.agreement.same else 1)
