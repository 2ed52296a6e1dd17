"""The command: ``python -m benchmarks``; ``--help`` lists its options."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import warnings
from pathlib import Path

import torch
from rich.console import Console

from benchmarks import chart, document, sections
from benchmarks.check import Disagreement, check
from benchmarks.machine import describe
from benchmarks.section_accuracy import accuracy
from benchmarks.section_speed import Speed, speed
from benchmarks.settings import Settings
from benchmarks.shapes import SHAPES
from benchmarks.tables import Table

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
IMAGE = Path("images") / "benchmarks.png"
WIDTH = 150  # of the output where there is no terminal
SECTIONS = ("speed", "limits", "memory", "accuracy", "coldstart", "threads")


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory, as ratios.")
    parser.add_argument("action", nargs="?", choices=("run", "check"), default="run", help="check: the eager loop")
    parser.add_argument("--quick", action="store_true", help="two shapes, fewer repeats, large steps only")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, help="which sizes (all)")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="which parts (all)")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: the part speed on a GPU")
    parser.add_argument("--oracle", type=Path, help="file of exact spike times (one in the user's cache)")
    parser.add_argument("--out", type=Path, help="write the page there, and its chart into images/ beside it")
    parser.add_argument(
        "--write-docs", action="store_true", help=f"write {DOCUMENT.relative_to(ROOT)} and its chart"
    )
    options = parser.parse_args(given)
    if options.write_docs and (options.quick or options.shapes or options.only or options.device != "cpu"):
        parser.error("--write-docs takes a whole run: no --quick, --shapes, --only or --device")
    return options


def measure(settings: Settings, wanted: list[str], console: Console) -> tuple[dict[str, list[Table]], Speed | None]:
    """Run the parts and print each as it is done."""
    found: dict[str, list[Table]] = {}
    timed: Speed | None = None

    def keep(heading: str, tables: list[Table]) -> None:
        found[heading] = tables
        for table in tables:
            table.show(console)

    if "speed" in wanted:
        timed = speed(settings)
        keep("Speed", timed.tables)
    if "limits" in wanted:
        keep("Against the machine's limits", sections.machine(settings, timed))
    if "memory" in wanted:
        keep("Memory", sections.memory(settings))
    if "accuracy" in wanted:
        keep("Time to accuracy", accuracy(settings))
    if "coldstart" in wanted:
        keep("Cold start", sections.cold_start(settings))
    if "threads" in wanted:
        keep("Threads", sections.threads(settings))
    return found, timed


def main(given: list[str]) -> int:
    """Run the command."""
    options = arguments(given)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of other toolkits; arcana's own concern inputs that are meant to be strong
    logging.disable(logging.WARNING)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    if options.action == "check":
        try:
            console.print("\n".join(check()), highlight=False)
        except Disagreement as error:
            console.print(str(error), style="red")
            return 1
        return 0
    cuda = options.device.startswith("cuda")
    if cuda and not torch.cuda.is_available():
        console.print("No GPU: torch.cuda.is_available() is False.", style="red")
        return 1
    settings = Settings.of(options.shapes, options.quick, options.device, options.oracle)
    begun = time.perf_counter()
    console.print("\n".join(f"{name}: {value}" for name, value in describe(options.device).items()) + "\n")
    wanted = ["speed"] if cuda else options.only or list(SECTIONS)
    tables, timed = measure(settings, wanted, console)
    console.print(f"{(time.perf_counter() - begun) / 60:.1f} minutes")
    path = DOCUMENT if options.write_docs else options.out
    if path:
        image = None
        if timed is not None and "batch" in timed.timed:
            title = f"32 sequences of 256 neurons: {SHAPES['batch']}"
            chart.draw(path.parent / IMAGE, timed.timed["batch"], settings.clock, title)
            image = IMAGE.as_posix()
        own = [word for word in given if word not in (str(options.out), str(options.oracle), "--out", "--oracle")]
        command = " ".join(["python -m benchmarks", *own])
        document.write(path, document.page(tables, settings, image, command, torch.cuda.is_available()))
        console.print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
