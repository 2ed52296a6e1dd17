"""Measures the solvers and writes the tables of docs/numerics.md, each between its two markers, and the figure.

Takes about three minutes: the drawn neurons and their reference spikes come from tests/golden, everything else is
computed. The last digits depend on the machine: a few of the neurons are chaotic.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch

from arcana.circuits.dpi import coefficients
from arcana.circuits.equations import Coefficients
from arcana.files import read_text, write_whole

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))

import constant_input  # noqa: E402
import golden_spikes  # noqa: E402
import smooth_pieces  # noqa: E402
from drawn_neurons import CAPACITANCE, CONSTANTS, DURATION, FEEDBACK, INTEGRATOR, SOMA  # noqa: E402
from oracle import Cell, solve  # noqa: E402
from our_solver import TECHNOLOGY, biases, defaults, simulate  # noqa: E402
from spike_matching import Score, compare, pool  # noqa: E402

SOLVERS = ("rk4", "heun", "euler")
STEPS = (1e-3, 0.5e-3, 0.25e-3, 0.1e-3)
GOLDEN = golden_spikes.load()
PARTS = ("ampa", "nmda", "gabaa", "gabab", "ahp")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ms(seconds: float) -> str:
    digits = 4 if seconds < 1e-5 else 3 if seconds < 1e-4 else 2
    return f"{seconds * 1e3:.{digits}f}"


def percent(share: float) -> str:
    return f"{100 * share:.2f} %" if abs(share) < 0.1 else f"{100 * share:.0f} %"


def short(score: Score) -> str:
    return f"{ms(score.median)} / {ms(score.p90)} / {percent(score.lost)}"


def dt_name(dt: float) -> str:
    return f"{dt * 1e3:g} ms"


@cache
def spikes(solver: str, dt: float, dtype: torch.dtype = torch.float64) -> list[np.ndarray]:
    return simulate(GOLDEN.biases, GOLDEN.events, dt, DURATION, solver=solver, dtype=dtype).spikes


@cache
def scores(solver: str, dt: float) -> tuple[Score, list[Score]]:
    return compare(GOLDEN.lsoda, spikes(solver, dt))


def averaged(solver: str, dt: float, substeps: int | None = None) -> Coefficients:
    c = coefficients(biases(GOLDEN.biases), TECHNOLOGY, dt, solver=solver, substeps=substeps)
    return c._replace(**{part: smooth_pieces.averaged(getattr(c, part)) for part in PARTS})


# --------------------------------------------------------------------------------------------- the tables


def solvers() -> str:
    rows = [[dt_name(dt), *(short(scores(s, dt)[0]) for s in SOLVERS)] for dt in STEPS]
    return table(["dt", *(f"`{s}`" for s in SOLVERS)], rows)


def against_brian() -> str:
    rows = [
        [dt_name(dt), *(short(compare(GOLDEN.brian, spikes(s, dt))[0]) for s in SOLVERS)] for dt in (1e-3, 1e-4)
    ]
    rows.append(["Brian2 against LSODA", short(compare(GOLDEN.lsoda, GOLDEN.brian)[0]), "", ""])
    return table(["", *(f"`{s}`" for s in SOLVERS)], rows)


def regimes() -> str:
    rows = []
    for regime in FEEDBACK:
        of = GOLDEN.of(regime)
        pooled = [pool([scores(s, 1e-3)[1][i] for i in of]) for s in SOLVERS]
        rates = [GOLDEN.lsoda[i].size / DURATION for i in of]
        head = [regime, f"{len(of)} of {GOLDEN.drawn[regime].size}", f"{min(rates):.0f}-{max(rates):.0f} Hz"]
        rows.append([*head, *map(short, pooled)])
    return table(["feedback", "kept of drawn", "rates", *(f"`{s}`" for s in SOLVERS)], rows)


def counts() -> str:
    expected = np.array([s.size for s in GOLDEN.lsoda])
    rows = []
    for dt in (1e-3, 1e-4):
        for solver in SOLVERS:
            found = np.array([s.size for s in spikes(solver, dt)])
            by_regime = [found[GOLDEN.of(r)].sum() / expected[GOLDEN.of(r)].sum() - 1 for r in FEEDBACK]
            worst = np.abs(found - expected).max()
            rows.append([f"`{solver}`, {dt_name(dt)}", *(f"{100 * e:+.1f} %" for e in by_regime), str(worst)])
    return table(["", *FEEDBACK, "largest miscount of one neuron"], rows)


def unfavourable() -> str:
    each, fine = scores("rk4", 1e-3)[1], scores("rk4", 1e-4)[1]
    brian = compare(GOLDEN.lsoda, GOLDEN.brian)[1]
    bad = [i for i, s in enumerate(each) if s.lost > 0 or s.p90 > 0.15e-3]
    rows = [
        [
            f"{GOLDEN.regimes[i]} {GOLDEN.draws[i]}",
            str(each[i].expected),
            short(each[i]),
            short(fine[i]),
            short(brian[i]),
        ]
        for i in bad
    ]
    return table(["neuron", "spikes", "`rk4`, 1 ms", "`rk4`, 0.1 ms", "Brian2, 1 µs"], rows)


def order() -> str:
    rows = []
    for name, solver, plain in (
        ("`rk4`", "rk4", False),
        ("`rk4`, plain average", "rk4", True),
        ("`heun`", "heun", False),
        ("`euler`", "euler", False),
    ):
        errors = [np.median(smooth_pieces.errors(solver, dt, plain)) for dt in smooth_pieces.STEPS]
        rows.append([name, *(f"{e:.1e}" for e in errors), f"{np.median(smooth_pieces.order(solver, plain)):.2f}"])
    return table(["", *(dt_name(dt) for dt in smooth_pieces.STEPS), "order"], rows)


def average() -> str:
    rows = []
    for dt, substeps in ((1e-3, 2), (1e-3, 1), (0.25e-3, 1)):
        scaled = simulate(GOLDEN.biases, GOLDEN.events, dt, DURATION, substeps=substeps).spikes
        plain = simulate(GOLDEN.biases, GOLDEN.events, dt, DURATION, c=averaged("rk4", dt, substeps)).spikes
        rows.append([f"{dt / substeps * 1e3:g} ms", *(short(compare(GOLDEN.lsoda, s)[0]) for s in (scaled, plain))])
    return table(["sub-step", "scaled stages", "plain average"], rows)


def intervals() -> str:
    """Largest errors of the rate over Idc, of the first ten intervals, and of the refractory period."""
    curve = [defaults(Idc=Idc, refractory=1e-3, **constant_input.EXCITABLE) for Idc in constant_input.IDC]
    rates = np.array([constant_input.rate(constant_input.exact(n, 1.5)) for n in curve])
    adapting = np.array([np.diff(constant_input.exact(n, 0.7))[:10] for n in constant_input.ADAPTING])
    held = [defaults(Idc=1e-9, refractory=R, **constant_input.EXCITABLE) for R in (0.0, *constant_input.REFRACTORY)]
    periods = np.array([np.diff(constant_input.exact(n, 0.3))[:5].mean() for n in held])

    def row(solver: str, dt: float) -> list[str]:
        def run(neurons: list[dict[str, float]], duration: float, dtype: torch.dtype) -> list[np.ndarray]:
            return simulate(neurons, [{}] * len(neurons), dt, duration, solver=solver, dtype=dtype).spikes

        rate = np.array([constant_input.rate(s) for s in run(curve, 1.5, torch.float64)])
        first = np.array([np.diff(s)[:10] for s in run(constant_input.ADAPTING, 0.7, torch.float64)])
        gap = np.array([np.diff(s)[:5].mean() for s in run(held, 0.3, torch.float32)])
        gained = np.abs((gap - gap[0]) - (periods - periods[0])).max()
        worst = (np.abs(rate / rates - 1).max(), np.abs(first / adapting - 1).max())
        return [f"`{solver}`, {dt_name(dt)}", *(f"{100 * w:.3f} %" for w in worst), f"{ms(gained)} ms"]

    rows = [row(solver, dt) for dt in (1e-3, 1e-4) for solver in SOLVERS]
    return table(["", "rate, Idc 8-320 pA", "first ten intervals", "refractory period, 0.4-20 ms"], rows)


def stiffness() -> str:
    """Rate under ever larger constant input."""
    rows = []
    drives = np.array([0.5, 1, 2, 5, 10, 20]) * 1e-9
    neurons = [defaults(Idc=Idc, refractory=2e-3) for Idc in drives]
    exact = [constant_input.rate(solve(Cell(n, **CONSTANTS, C=CAPACITANCE), 0.2)) for n in neurons]
    found = {
        (solver, dt): [constant_input.rate(s) for s in simulate(neurons, [{}] * 6, dt, 0.2, solver=solver).spikes]
        for solver in SOLVERS
        for dt in (1e-3, 1e-4)
    }
    for i, Idc in enumerate(drives):
        errors = [f"{100 * (rates[i] / exact[i] - 1):+.2f} %" for rates in found.values()]
        rows.append([f"{Idc * 1e9:g} nA", f"{exact[i]:.1f} Hz", *errors])
    return table(["Idc", "exact", *(f"`{s}`, {dt_name(dt)}" for s, dt in found)], rows)


def precision() -> str:
    rows = []
    for dt in (1e-3, 1e-4):
        rows.append([dt_name(dt), short(compare(spikes("rk4", dt), spikes("rk4", dt, torch.float32))[0])])
    return table(["dt", "float32 against float64"], rows)


def ranges() -> str:
    def span(limits: tuple[float, float], scale: float) -> str:
        low, high = (f"{v * scale:.4g}" for v in limits)
        return low if low == high else f"{low}-{high}"

    units = {"Itau_mem": "pA", "Ith": "pA", "Idc": "pA", "refractory": "ms", "Inmda_thr": "pA"}
    rows = [[f"`{n}`", span(v, 1e3 if units[n] == "ms" else 1e12) + " " + units[n]] for n, v in SOMA.items()]
    rows.append(["`Igain_mem` / `Itau_mem`", "2-8"])
    for regime, (onset, steep) in FEEDBACK.items():
        rows.append([f"feedback, {regime}", f"onset {span(onset, 1e12)} pA, steepness {span(steep, 1e-9)} 1/nA"])
    for part, (tau, jump, rate) in INTEGRATOR.items():
        events = "one per spike" if rate is None else f"Poisson, {rate[0]}-{rate[1]} Hz"
        rows.append([f"`{part}`", f"tau {span(tau, 1e3)} ms, {span(jump, 1e12)} pA an event, {events}"])
    return table(["", "range"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "ranges": ranges, "solvers": solvers, "brian": against_brian, "regimes": regimes, "counts": counts,
    "unfavourable": unfavourable, "order": order, "average": average, "intervals": intervals,
    "stiffness": stiffness, "precision": precision,
}  # fmt: skip


def figure(path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    colours = dict(zip(SOLVERS, ("tab:blue", "tab:orange", "tab:gray"), strict=True))
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for solver, colour in colours.items():
        pooled = [scores(solver, dt)[0] for dt in STEPS]
        left.loglog(np.array(STEPS) * 1e3, [p.median * 1e3 for p in pooled], "o-", color=colour, label=solver)
        left.loglog(np.array(STEPS) * 1e3, [p.p90 * 1e3 for p in pooled], "o:", color=colour, mfc="none")
        errors = [np.median(smooth_pieces.errors(solver, dt)) for dt in smooth_pieces.STEPS]
        right.loglog(np.array(smooth_pieces.STEPS) * 1e3, errors, "o-", color=colour, label=solver)
    plain = [np.median(smooth_pieces.errors("rk4", dt, True)) for dt in smooth_pieces.STEPS]
    right.loglog(
        np.array(smooth_pieces.STEPS) * 1e3, plain, "s--", color="tab:blue", mfc="none", label="rk4, plain average"
    )
    left.set(
        xlabel="dt [ms]", ylabel="spike-time error [ms]", title="Spikes: median (solid), 90th percentile (dotted)"
    )
    right.set(xlabel="dt [ms]", ylabel="error of ln Imem", title="Between spikes and events")
    left.legend(frameon=False)
    right.legend(frameon=False, loc=(0.02, 0.2))
    for axis, steps in ((left, STEPS), (right, smooth_pieces.STEPS)):
        axis.set_xticks([dt * 1e3 for dt in steps], [f"{dt * 1e3:g}" for dt in steps])
        axis.minorticks_off()
        axis.grid(True, alpha=0.3)
    fig.savefig(path, dpi=110, metadata={"Software": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=ROOT / "docs" / "numerics.md", help="the document")
    parser.add_argument("--only", choices=TABLES, help="write this table alone, and no figure")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    text = read_text(arguments.file)
    wanted = [arguments.only] if arguments.only else list(TABLES)
    for name in wanted:
        start, end = f"<!-- {name} table: start -->", f"<!-- {name} table: end -->"
        if start not in text or end not in text:
            print(f"{arguments.file.name} lacks the lines {start} and {end}", file=sys.stderr)
            return 1
        print(f"measuring: {name}", file=sys.stderr)
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n\n{TABLES[name]()}\n\n{end}{rest.partition(end)[2]}"
    write_whole(arguments.file, text)
    if not arguments.only:
        figure(arguments.file.parent / "images" / "numerics_solvers.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
