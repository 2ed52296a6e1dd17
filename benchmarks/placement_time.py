"""Time of a placement against the number of neurons, 64 synapses each."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from arcana.mapping.place import place
from benchmarks.placement_graphs import growing
from benchmarks.tables import Table

SIZES = (250, 500, 1000, 2000, 3000, 4000)
STEEPEST = 1.5
LONGEST = (3000, 60.0)  # neurons, s

Timed = dict[int, float]


def measure() -> Timed:
    """Processor seconds by neurons."""
    found = {}
    for neurons in SIZES:
        g = growing(neurons)
        begun = time.process_time()
        place(g.circuit, g.kind, g.need, g.layout, method="search")
        found[neurons] = time.process_time() - begun
    return found


def exponent(timed: Timed) -> tuple[float, float]:
    """Fit of time = a * neurons^b: b, a."""
    b, log_a = np.polyfit(np.log(list(timed)), np.log(list(timed.values())), 1)
    return float(b), float(np.exp(log_a))


def table(timed: Timed) -> Table:
    """Seconds by size."""
    found = Table("Time of a placement", ("neurons", "seconds for 64 synapses each"))
    for neurons, seconds in timed.items():
        found.add(neurons, f"{seconds:.1f}")
    found.notes.append(f"Processor time, one thread. It grows with neurons^{exponent(timed)[0]:.2f}.")
    return found


def broken(timed: Timed) -> list[str]:
    """Promises that are not kept."""
    wrong, steep = [], exponent(timed)[0]
    if steep > STEEPEST:
        wrong.append(f"time grows with neurons^{steep:.2f}, not {STEEPEST}")
    if timed[LONGEST[0]] > LONGEST[1]:
        wrong.append(f"{LONGEST[0]} neurons take {timed[LONGEST[0]]:.0f} s, not {LONGEST[1]:.0f} s")
    return wrong


def draw(path: Path, timed: Timed) -> None:
    """Both axes logarithmic, with the fit."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    steep, factor = exponent(timed)
    sizes = np.array(list(timed), dtype=float)
    figure, axis = plt.subplots(figsize=(6.4, 4), layout="constrained")
    axis.loglog(sizes, list(timed.values()), "o", color="#1f6f8b", label="measured")
    axis.loglog(
        sizes, factor * sizes**steep, "-", color="#1f6f8b", alpha=0.5, label=f"fit: neurons$^{{{steep:.2f}}}$"
    )
    limit = timed[SIZES[0]] * (sizes / sizes[0]) ** STEEPEST
    axis.loglog(sizes, limit, ":", color="#9a9a9a", label=f"neurons$^{{{STEEPEST}}}$")
    axis.set_xticks(sizes, [f"{n:,.0f}" for n in sizes])
    axis.minorticks_off()
    low, high = min(timed.values()), max(*timed.values(), float(limit.max()))
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low / 2 < t < high * 2]
    axis.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_xlabel("neurons, 64 synapses each")
    axis.set_ylabel("processor time of a placement (s)")
    axis.set_title("Placement on 16 cores, one thread", loc="left", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
