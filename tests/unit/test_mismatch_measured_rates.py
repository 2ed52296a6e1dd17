"""Mismatch from measured rates: what a spread of rates says of the biases."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from constant_input import EXCITABLE, STRONG, exact, rate
from our_solver import TECHNOLOGY, defaults

from arcana.errors import BadInput
from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.mismatch.firing import BIASES_OF_RATE, firing_rate
from arcana.mismatch.measured import fit_mismatch
from arcana.model import DPILayer, Sequential
from arcana.nn.chips import apply_mismatch
from arcana.quantize.biasgen import BiasGenerator

CHIP = load_profile("dynapse1")
DRIVEN = {"Itau_mem": 2e-12, "Igain_mem": 80e-12, "refractory": 5e-3}  # fires from a few pA on


class TestRates:
    def test_the_integral_is_the_rate(self):
        """Against LSODA on equations that were written again from their sources (``tests/reference/oracle.py``)."""
        for extra in ({}, {**EXCITABLE, "refractory": 2e-3}, {**STRONG, "refractory": 5e-3}):
            for Idc in (6e-12, 20e-12, 330e-12):
                bias = defaults(Idc=Idc, **extra)
                predicted = float(firing_rate(bias, TECHNOLOGY))
                spikes = exact(bias, 6 / predicted if predicted else 0.3)
                assert (predicted == 0) == (spikes.size == 0)
                if predicted:
                    assert predicted == pytest.approx(rate(spikes), rel=1e-6)

    def test_it_stops_below_the_rheobase(self):
        currents = np.geomspace(1e-12, 1e-9, 400)
        rates = firing_rate(defaults(**{**EXCITABLE, "Idc": currents}), TECHNOLOGY)
        assert (rates[:20] == 0).all()
        assert (np.diff(rates) >= 0).all()
        assert rates[-1] > 100

    def rates(self, model, currents, seed=7, steps=4000, dt=5e-4):
        """Rates [Hz] of 256 neurons of one virtual chip, by the engine, from the first to the last spike."""
        found = {}
        for current in currents:
            net = DPILayer(1, 256, dt, CHIP, Idc=current, **DRIVEN)
            apply_mismatch(Sequential(net), model.sample(1, seed))
            with torch.no_grad():
                spikes = net(torch.zeros(1, steps, 1))[0][0].numpy()
            first, last = spikes.argmax(0), steps - 1 - spikes[::-1].argmax(0)
            counts = spikes.sum(0)
            found[f"rate@Idc={current * 1e12:g}pA"] = np.where(counts > 1, (counts - 1) / (last - first) / dt, 0)
        return found

    def test_there_and_back_with_one_bias(self):
        model = MismatchModel({"Idc": 0.2})
        measured = self.rates(model, (100e-12, 400e-12))
        truth = model.sample(1, 7).log_factors("0", "Idc", 256)[0]
        for columns in (measured, dict(list(measured.items())[:1])):
            fit = fit_mismatch(columns, CHIP, biases=DRIVEN)
            np.testing.assert_allclose(fit.log_factors["Idc"], truth - truth.mean(), atol=3e-3)
            assert fit["Idc"].spread.cv == pytest.approx(np.sqrt(np.expm1(truth.var(ddof=1))), rel=2e-3)
            assert fit["Idc"].spread.low < 0.2 < fit["Idc"].spread.high
            assert "attributed to Idc" in str(fit)

    def test_there_and_back_with_two_biases(self):
        model = MismatchModel({"Idc": 0.2, "refractory": 0.15})
        fit = fit_mismatch(
            self.rates(model, (30e-12, 200e-12, 800e-12)), CHIP, biases=DRIVEN, rate_bias=("Idc", "refractory")
        )
        for bias, cv in model.cv.items():
            truth = model.sample(1, 7).log_factors("0", bias, 256)[0]
            np.testing.assert_allclose(fit.log_factors[bias], truth - truth.mean(), atol=0.02)
            assert fit[bias].spread.low < cv < fit[bias].spread.high

    def test_a_measured_leak_is_taken_into_the_curve(self):
        model = MismatchModel({"Idc": 0.1, "Itau_mem": 0.4})
        drawn = {b: model.sample(1, 2).log_factors("0", b, 300)[0] for b in model.cv}
        bias = defaults(**DRIVEN)
        rates = firing_rate(
            {**bias, "Idc": 20e-12 * np.exp(drawn["Idc"]), "Itau_mem": 2e-12 * np.exp(drawn["Itau_mem"])},
            CHIP.technology(),
        )
        measured = {"rate@Idc=20pA": rates, "tau_mem": 40e-3 * np.exp(-drawn["Itau_mem"])}
        known = fit_mismatch(measured, CHIP, biases=DRIVEN)
        blind = fit_mismatch({"rate@Idc=20pA": rates}, CHIP, biases=DRIVEN)
        assert known["Idc"].spread.low < 0.1 < known["Idc"].spread.high
        assert blind["Idc"].spread.low > 0.1  # the leak's spread was attributed to Idc
        assert any("Itau_mem of each neuron is taken as measured" in note for note in known.notes)

    def test_what_is_attributed_to_one_bias_is_the_spread_of_all(self):
        """The numbers of docs/mismatch.md: with 10 % on every bias, 12.7 % are attributed to Idc."""
        drawn = MismatchModel(0.1).sample(1, seed=3)
        names = (*BIASES_OF_RATE, "Inmda_thr")
        biases = {**CHIP.default_biases(), **DRIVEN, "Idc": 100e-12}
        spread = {name: biases[name] * np.exp(drawn.log_factors("0", name, 20_000)[0]) for name in names}
        fit = fit_mismatch({"rate@Idc=100pA": firing_rate(spread, CHIP.technology())}, CHIP, biases=DRIVEN)
        assert fit["Idc"].spread.cv == pytest.approx(0.127, abs=0.001)
        assert any("Itau_mem -0.08, Igain_mem +0.42, Ith -0.24, Idc +0.69" in note for note in fit.notes)

    def test_codes_of_the_chip(self):
        code = CHIP.chip_bias_for("Idc").name
        current = BiasGenerator(CHIP).current(code, 3, 120)
        rates = float(firing_rate(defaults(**DRIVEN, Idc=current), CHIP.technology())) * np.linspace(0.9, 1.1, 6)
        named = fit_mismatch({f"rate@{code}=3/120": rates}, CHIP, biases=DRIVEN)
        plain = fit_mismatch({f"rate@Idc={current!r}": rates}, CHIP, biases=DRIVEN)
        np.testing.assert_array_equal(named.log_factors["Idc"], plain.log_factors["Idc"])

    def test_dead_and_impossible_neurons_are_listed(self):
        rates = np.linspace(30, 40, 20)
        rates[3], rates[5], rates[7] = 0, np.nan, 9000
        fit = fit_mismatch({"neuron": np.arange(20) + 100, "rate@Idc=100pA": rates}, CHIP, biases=DRIVEN)
        assert fit["Idc"].neurons == 17
        assert [row.where for row in fit.left_out] == [f"row {k} (neuron {100 + k})" for k in (3, 5, 7)]
        assert [row.reason for row in fit.left_out][:2] == ["silent", "not measured"]
        assert "no factors within" in fit.left_out[2].reason
        assert any("rates of 0 left out: 1" in note for note in fit.notes)
        with pytest.raises(BadInput) as caught:
            fit_mismatch({"rate@Idc=100pA": rates}, CHIP, biases=DRIVEN, missing="refuse")
        assert [p.field.split(",")[0] for p in caught.value.problems] == ["row 3", "row 5"]

    @pytest.mark.parametrize(
        ("columns", "options", "text"),
        [
            ({"rate": [1.0, 2, 3, 4]}, {}, "profile is None"),
            ({"rate@Idc=1s": [1.0, 2, 3, 4]}, {}, "unit A"),
            ({"rate@Idc=0pA": [1.0, 2, 3, 4]}, {}, "a current > 0"),
            ({"rate@Ith=1nA": [1.0, 2, 3, 4]}, {}, r"rate@Idc=100pA.*a code needs profile="),
            ({"rate@IF_DC_P=9/1": [1.0, 2, 3, 4]}, {"profile": CHIP}, "coarse"),
            ({"rate@IF_DK_P=1/1": [1.0, 2, 3, 4]}, {"profile": CHIP}, "IF_DC_P"),
            ({"rate@Idc=1pA": [1.0, 2, 3, 4]}, {"profile": CHIP}, "the nominal neuron fires"),
            ({"rate@Idc=9pA": [1.0, 2, 3, 4]}, {"rate_bias": ("Idc", "Ith")}, "at most 1"),
            ({"rate@Idc=9pA": [1.0, 2, 3, 4], "Idc [pA]": [1.0, 2, 3, 4]}, {}, "no other column measures"),
            ({"rate@Idc=9pA": [1.0, 2, 3, 4]}, {"rate_bias": "Idcc"}, "did you mean 'Idc'"),
            ({"rate@Idc=9pA": [1.0, 2, 3, 4]}, {"rate_bias": ()}, "one bias, or several"),
            ({"rate@Idc=9pA": [1.0, 2, 3, 4]}, {"biases": {"Iw_ahp": 1e-12}}, "measure with it off"),
            ({"rate@Idc=9pA": [1.0, 2, 3, 4]}, {"biases": {"Ith": -1, "Itth": 1}}, "2 problems"),
        ],
    )
    def test_refused(self, columns, options, text):
        biases = {} if "profile" in options or options.get("biases") else {"biases": DRIVEN}
        profile = {} if text.startswith(("profile", "unit", "a current", "rate@")) else {"profile": CHIP}
        with pytest.raises(BadInput, match=text):
            fit_mismatch(columns, **{**biases, **profile, **options})

    def test_currents_that_do_not_tell_two_biases_apart(self):
        rates = np.linspace(30, 40, 9)
        near = {"rate@Idc=100pA": rates, "rate@Idc=101pA": rates * 1.007}
        with pytest.raises(BadInput, match="much lower or higher current"):
            fit_mismatch(near, CHIP, biases=DRIVEN, rate_bias=("Idc", "refractory"))
        with pytest.raises(BadInput, match="a factor on 0 does nothing"):
            fit_mismatch(near, CHIP, biases={**DRIVEN, "refractory": 0.0}, rate_bias="refractory")
