"""The page that a run writes: how it was measured, on what, and the tables."""

from __future__ import annotations

from pathlib import Path

from arcana.files import write_whole
from benchmarks.machine import describe
from benchmarks.settings import Settings
from benchmarks.tables import Table

INTRODUCTION = """\
# Speed and memory

Everything below was measured in one run, which also wrote this page: `{command}`. Trust the ratios: absolute times
belong to the machine, and on a machine with other users they change from one minute to the next.

- **Ratios** are taken round by round: every round runs each method once, so that a slow moment slows all of them.
  Entries are the median, with the least and the greatest of {rounds} rounds in brackets.
- **Time** is processor time (all threads together) with torch on one thread, unless a column says wall.
- **The network** is the same for all programs of the circuit: random events (5 % of the entries of the input, 50 Hz
  an input), all four synapses, adaptation, positive feedback and refractory period; neurons fire at about 20 Hz.
  Forward and backward computes the gradients of the counts of AMPA and GABA_B and of five biases of each neuron.
- **Per neuron-step** means divided by chips x batch x n_out x steps. A method whose run would take longer than
  {seconds:g} s is run on fewer steps; the last column says on how many.
- **The eager loop** is the circuit written as a torch module with a forward per time step
  (`benchmarks/peers/eager.py`), forward Euler, with and without the projection of the input taken out of the loop.
  It finds the same spikes as arcana's `solver="euler"` (`python -m benchmarks check`). Where it is a reference, the
  faster of the two is meant.
- **Other toolkits** run a linear projection and a layer of leaky integrate-and-fire neurons, much less work than a
  DPI neuron; rockpool runs its own simplified Dynap-SE neuron. They show what is usual, not the same thing.
"""
AGAIN = """\
## Doing it again

    make bench                              # everything, about a quarter of an hour
    python -m benchmarks --quick            # a first look
    python -m benchmarks --only speed --shapes batch chips
    python -m benchmarks check              # is the eager loop the same circuit?
    python -m benchmarks --write-docs       # this page and its chart
"""
GPU = """\
## On a GPU

    python -m benchmarks --device cuda

prints the tables of speed on a GPU, by the clock on the wall. {state}
"""


def page(tables: dict[str, list[Table]], settings: Settings, image: str | None, command: str, cuda: bool) -> str:
    """The whole document; ``tables`` by heading."""
    facts = describe(settings.device)
    parts = [INTRODUCTION.format(command=command, rounds=settings.rounds, seconds=settings.seconds)]
    parts.append("## Machine\n\n| | |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in facts.items()) + "\n")
    for heading, group in tables.items():
        parts.append(f"## {heading}\n")
        if image and heading == "Speed":
            parts.append(f"![Nanoseconds per neuron and step by method]({image})\n")
        parts += [table.markdown() for table in group]
    if not settings.device.startswith("cuda"):
        state = "This run did not use the one that is there." if cuda else "No GPU was at hand for this page."
        parts.append(GPU.format(state=state))
    return "\n".join([*parts, AGAIN])


def write(path: Path, text: str) -> None:
    """Write the page in one go."""
    write_whole(path, text)
