"""Mismatch from a table of measurements: virtual cores are measured, a model is fitted, chips are drawn from it.

    python examples/07_measured_mismatch.py
    python examples/07_measured_mismatch.py --table my_chip.csv --chip dynapse1 --picture fit.png

Without ``--table`` four cores of 256 neurons are made up: their membrane time constants, refractory periods and
firing rates follow from a mismatch that is known here, and from levels of the cores. A few neurons are silent or
were never measured, and one was measured wrongly. What the fit says is printed beside what was put in.

No chip was measured for this example: the numbers show the method, not silicon.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from rich.console import Console

from arcana.files import write_whole
from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.mismatch.firing import firing_rate
from arcana.mismatch.measured import MismatchFit, fit_mismatch

CORES, NEURONS = 4, 256
TRUTH = MismatchModel(
    {"Itau_mem": 0.20, "refractory": 0.25, "Idc": 0.15}, {"refractory": "normal"}, {("Itau_mem", "Idc"): 0.4}
)
BIASES = {"Itau_mem": 2e-12, "Igain_mem": 80e-12, "refractory": 5e-3}  # what the core is set to
DC = (20e-12, 200e-12)  # A: the rates are measured at two currents


def measured(chip: str, seed: int) -> dict[str, np.ndarray]:
    """Columns of a table, as an experiment with these neurons would fill it."""
    technology, rng = load_profile(chip).technology(), np.random.default_rng(seed)
    drawn, core = TRUTH.sample(1, seed), np.repeat(np.arange(CORES), NEURONS)
    f = {
        bias: np.exp(np.concatenate([drawn.log_factors(f"C0c{k}", bias, NEURONS)[0] for k in range(CORES)]))
        for bias in TRUTH.cv
    }
    level = np.exp(rng.normal(0, 0.1, CORES))[core]  # the bias generators of the cores differ, too
    leak = BIASES["Itau_mem"] * f["Itau_mem"]
    biases = {**load_profile(chip).default_biases(), **BIASES, "Itau_mem": leak}
    biases["refractory"] = BIASES["refractory"] * f["refractory"]
    table = {
        "chip": np.zeros_like(core), "core": core, "neuron": np.tile(np.arange(NEURONS), CORES),
        "tau_mem [ms]": 1e3 * level * technology.C_mem * technology.Ut / (technology.kappa * leak),
        "refractory [ms]": 1e3 * biases["refractory"],
        **{
            f"rate@Idc={1e12 * current:g}pA": firing_rate({**biases, "Idc": current * f["Idc"]}, technology)
            for current in DC
        },
    }  # fmt: skip
    table["rate@Idc=20pA"][[11, 500]] = 0.0  # silent
    table["tau_mem [ms]"][[3, 4]] = np.nan  # not measured
    table["refractory [ms]"][700] *= 12  # a slip
    return table


def density(shape: str, f: np.ndarray, cv: float) -> np.ndarray:
    """Probability density of a factor with mean 1."""
    if shape == "normal":
        return np.exp(-0.5 * ((f - 1) / cv) ** 2) / (cv * np.sqrt(2 * np.pi))
    s = np.sqrt(np.log1p(cv * cv))
    return np.exp(-0.5 * (np.log(f) / s + s / 2) ** 2) / (f * s * np.sqrt(2 * np.pi))


def picture(fit: MismatchFit) -> bytes:
    """Histograms of the factors with both shapes, the fitted one solid (PNG). Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(fit.biases), figsize=(3.6 * len(fit.biases), 3.4), squeeze=False)
    for axis, found in zip(axes[0], fit.biases, strict=True):
        cv, low, high = found.spread
        low_end, high_end = max(1e-3, 1 - 4 * cv), 1 + 5 * cv
        f = np.exp(fit.log_factors[found.bias])
        f = f[(f > low_end) & (f < high_end)]  # an outlier would only squeeze the rest
        axis.hist(f / f.mean(), bins=np.linspace(low_end, high_end, 46), density=True, color="#b8c4d6")
        x = np.linspace(low_end, high_end, 400)
        for shape, colour in (("lognormal", "#c43a31"), ("normal", "#1f5fa8")):
            width, line = (2, "-") if shape == found.distribution else (1, "--")
            axis.plot(x, density(shape, x, cv), color=colour, lw=width, ls=line, label=shape)
        axis.set_title(f"{found.bias}: CV {cv:.3f} ({low:.3f} to {high:.3f})\n{found.shape.verdict}", fontsize=9)
        axis.set_xlabel("factor (mean 1)")
        axis.set_yticks([])
    axes[0][0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


def main(
    table: Path | None = None, chip: str = "dynapse1", seed: int = 1, drawing: Path | None = None, show: bool = True
) -> MismatchFit:
    """Fit, print, draw."""
    columns = measured(chip, seed) if table is None else table
    fit = fit_mismatch(columns, chip, biases=BIASES if table is None else None, robust=True)
    if drawing is not None:
        write_whole(drawing, picture(fit))
    if show:
        console = Console()
        console.print(fit)
        if table is None:
            for found in fit.biases:
                console.print(
                    f"{found.bias}: put in CV {TRUTH.cv_of(found.bias):g}, {TRUTH.distribution_of(found.bias)}; "
                    f"found {found.spread.cv:.3f}, {found.distribution}",
                    highlight=False,
                )
        chips = fit.completed(MismatchModel.from_profile(load_profile(chip))).sample(n_chips=3, seed=seed)
        drawn = np.exp(chips.log_factors("C0c0", fit.biases[0].bias, 5))
        console.print(f"factors of {fit.biases[0].bias} on the first neurons of three new chips:\n{drawn.round(3)}")
    return fit


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="CSV file with a row for each neuron")
    parser.add_argument("--chip", default="dynapse1", help="profile of the chip")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up chip")
    parser.add_argument("--picture", type=Path, help="also draw histograms and fits (PNG)")
    arguments = parser.parse_args()
    main(arguments.table, arguments.chip, arguments.seed, arguments.picture)
