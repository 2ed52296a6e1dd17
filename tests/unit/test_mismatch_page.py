"""What docs/mismatch.md says: its snippets run, and its numbers are those that come out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.mismatch.firing import firing_rate
from arcana.mismatch.measured import fit_mismatch

PAGE = (Path(__file__).parents[2] / "docs" / "mismatch.md").read_text(encoding="utf-8")
CHIP = load_profile("dynapse1")
FLAT = " ".join(PAGE.split())


def measured(cv, shape, cores, neurons, seed):
    """Membrane time constants [s] of virtual cores whose levels differ by 10 %."""
    model, core = MismatchModel({"Itau_mem": cv}, shape), np.repeat(np.arange(cores), neurons)
    drawn, level = model.sample(1, seed), np.exp(np.random.default_rng(seed).normal(0, 0.1, cores))[core]
    log_f = np.concatenate([drawn.log_factors(f"C0c{k}", "Itau_mem", neurons)[0] for k in range(cores)])
    return {"core": core, "tau_mem": 20e-3 * level * np.exp(-log_f)}


def test_the_snippets_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (table,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "chip3.csv").write_text(table)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "docs/mismatch.md", "exec"), names)
    assert names["fit"].rows == 5
    assert "not measured" in capsys.readouterr().out  # the empty cell
    assert MismatchModel.from_dict(json.loads((tmp_path / "chip3.json").read_text())) == names["model"]
    assert names["model"].cv_of("Ith") == 0.1
    assert names["model"].cv_of("Itau_mem") == names["fit"].model.cv_of("Itau_mem") != 0.1
    assert names["chips"].n_chips == 1000


def test_the_exponents_of_the_rate():
    (formula,) = re.findall(r"^    rate ~ (.*)$", PAGE, re.MULTILINE)
    said = {name: float(power) for name, power in (part.split("^") for part in formula.split())}
    biases = {**CHIP.default_biases(), "Itau_mem": 2e-12, "Igain_mem": 80e-12, "refractory": 5e-3, "Idc": 100e-12}
    for name, power in said.items():
        up, down = (
            np.log(firing_rate({**biases, name: biases[name] * f}, CHIP.technology())) for f in (1.001, 1 / 1.001)
        )
        assert float(up - down) / (2 * np.log(1.001)) == pytest.approx(power, abs=0.0051)
    assert len(said) == 7


@pytest.mark.parametrize(("cv", "neurons", "share"), [(0.2, 250, 0.8), (0.1, 1000, 0.8), (0.2, 500, 0.93)])
def test_how_many_neurons_tell_the_shape(cv, neurons, share):
    assert "9 of 10 tables of 250 neurons at CV 0.2, or of 1,000 neurons at 0.1" in FLAT
    right, tables = 0, 30
    for shape in ("lognormal", "normal"):
        for seed in range(tables):
            fit = fit_mismatch(measured(cv, shape, 1, neurons, seed))
            right += fit["Itau_mem"].shape.verdict == shape
    assert right >= share * 2 * tables


@pytest.mark.parametrize(("cores", "neurons", "said"), [(64, 3, 4), (32, 8, 2), (8, 64, 1)])
def test_how_far_off_a_wide_normal_spread_is(cores, neurons, said):
    assert re.search(rf"{said} % in {cores} cores of {neurons}\b", FLAT)
    found = [
        fit_mismatch(measured(0.5, "normal", cores, neurons, seed), distribution="normal")["Itau_mem"].spread.cv
        for seed in range(150)
    ]
    off = 100 * (np.array(found) / 0.5 - 1)
    error = off.std() / np.sqrt(len(off))
    assert off.mean() == pytest.approx(said, abs=0.5 + 3 * error)  # the page rounds to whole per cents
    assert error < 1.2


def test_what_the_profiles_assume():
    assert "| CV 0.1 in the profiles | **assumed**" in PAGE
    for name in ("dynapse1", "dynapse2"):
        model = MismatchModel.from_profile(load_profile(name))
        assert {model.cv_of(bias) for bias in ("Itau_mem", "Idc", "Iw_ampa", "refractory")} == {0.1}
        assert (model.distribution_of("Idc"), model.correlation) == ("lognormal", None)
