"""Mismatch from measurements: estimates and their intervals, shapes, correlations, rates, and bad tables."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from constant_input import EXCITABLE, STRONG, exact, rate
from our_solver import TECHNOLOGY, defaults

from arcana.errors import BadFile, BadInput
from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.mismatch.firing import BIASES_OF_RATE, firing_rate
from arcana.mismatch.measured import fit_mismatch
from arcana.model import DPILayer, Sequential
from arcana.nn.chips import apply_mismatch
from arcana.quantize.biasgen import BiasGenerator

CHIP = load_profile("dynapse1")
DRIVEN = {"Itau_mem": 2e-12, "Igain_mem": 80e-12, "refractory": 5e-3}  # fires from a few pA on
TIMES = {"Itau_mem": "tau_mem", "Itau_ampa": "tau_ampa", "Itau_ahp": "tau_ahp"}


def table(model, cores=4, neurons=64, seed=0, spread_of_cores=0.1):
    """What a measurement of virtual chips would find: times [s] whose core levels nobody knows."""
    rng, drawn, columns = np.random.default_rng(seed), model.sample(1, seed), {}
    core = np.repeat(np.arange(cores), neurons)
    for bias in model.cv:
        level = np.exp(rng.normal(0, spread_of_cores, cores))[core]
        log_f = np.concatenate([drawn.log_factors(f"C0c{k}", bias, neurons)[0] for k in range(cores)])
        name, sign = (TIMES[bias], -1) if bias in TIMES else (bias, 1)
        columns[name] = 20e-3 * level * np.exp(sign * log_f)
    return {"core": core, "neuron": np.tile(np.arange(neurons), cores), **columns}


class TestEstimates:
    """By simulation: how often the interval holds the truth, and how far off the estimates are on average."""

    tables = 500

    @pytest.mark.parametrize("shape", ["lognormal", "normal"])
    @pytest.mark.parametrize(("cores", "neurons", "cv"), [(4, 64, 0.2), (20, 4, 0.1), (1, 30, 0.3)])
    def test_coverage_and_bias(self, shape, cores, neurons, cv):
        model, inside, found = MismatchModel({"Itau_mem": cv}, shape), 0, []
        for seed in range(self.tables):
            fit = fit_mismatch(table(model, cores, neurons, seed), distribution=shape)["Itau_mem"]
            inside += fit.spread.low <= cv <= fit.spread.high
            found.append(fit.spread.cv)
        assert 0.92 <= inside / self.tables <= 0.98
        assert np.mean(found) == pytest.approx(cv, rel=0.02)

    def test_robust_coverage_with_and_without_outliers(self):
        model, inside, found, fooled = MismatchModel({"Itau_mem": 0.2}), 0, [], []
        for seed in range(400):
            measured = table(model, 4, 64, seed)
            if seed % 2:
                measured["tau_mem"][:5] /= 10  # 2 % of the neurons
                fooled.append(fit_mismatch(measured)["Itau_mem"].spread.cv)
            spread = fit_mismatch(measured, robust=True)["Itau_mem"].spread
            inside += spread.low <= 0.2 <= spread.high
            found.append(spread.cv)
        assert 0.92 <= inside / 400 <= 0.98
        assert np.mean(found) == pytest.approx(0.2, rel=0.03)
        assert np.mean(fooled) > 0.3

    @pytest.mark.parametrize("shape", ["lognormal", "normal"])
    def test_the_right_shape_is_chosen(self, shape):
        model, right = MismatchModel({"Itau_mem": 0.2}, shape), 0
        for seed in range(100):
            right += fit_mismatch(table(model, 8, 250, seed))["Itau_mem"].shape.verdict == shape
        assert right >= 95

    def test_few_neurons_are_undecided_and_say_so(self):
        fits = [fit_mismatch(table(MismatchModel({"Itau_mem": 0.1}), 1, 20, seed)) for seed in range(50)]
        assert sum(fit["Itau_mem"].shape.verdict == "undecided" for fit in fits) >= 45
        fit = next(fit for fit in fits if fit["Itau_mem"].shape.verdict == "undecided")
        assert fit["Itau_mem"].distribution == "lognormal"
        assert any("Itau_mem: lognormal is assumed" in note for note in fit.notes)

    def test_a_mixture_is_neither(self):
        measured = table(MismatchModel({"Itau_mem": 0.05}), 2, 400)
        measured["tau_mem"][::2] *= 1.5
        fit = fit_mismatch(measured)
        assert fit["Itau_mem"].shape.verdict == "neither"
        assert "several populations?" in str(fit)

    def test_correlations_lie_in_their_intervals(self):
        truth = {("Itau_ampa", "Itau_mem"): 0.5, ("Itau_mem", "refractory"): -0.3, ("Itau_ampa", "refractory"): 0.0}
        cv = {"Itau_mem": 0.2, "Itau_ampa": 0.15, "refractory": 0.3}
        model = MismatchModel(cv, {"refractory": "normal"}, truth)
        for robust in (False, True):
            inside = dict.fromkeys(truth, 0)
            for seed in range(400):
                fit = fit_mismatch(table(model, 2, 100, seed), robust=robust)
                for p in fit.pairs:
                    inside[p.first, p.second] += p.low <= truth[p.first, p.second] <= p.high
            assert all(0.92 <= hits / 400 <= 0.98 for hits in inside.values()), (robust, inside)

    def test_levels_of_cores_are_no_mismatch_and_are_reported(self):
        model = MismatchModel({"Itau_mem": 0.1})
        fits = [fit_mismatch(table(model, 30, 20, seed, spread_of_cores=0.4)) for seed in range(20)]
        assert np.mean([f["Itau_mem"].spread.cv for f in fits]) == pytest.approx(0.1, rel=0.02)
        assert np.mean([f["Itau_mem"].between for f in fits]) == pytest.approx(0.4, rel=0.05)
        one = fit_mismatch(table(model, 30, 20, 0, spread_of_cores=0.4), group_by=())["Itau_mem"]
        assert one.spread.cv > 0.3
        assert one.between is None

    def test_the_model_draws_what_was_measured(self):
        truth = MismatchModel({"Itau_mem": 0.2, "Itau_ampa": 0.1}, correlation={("Itau_mem", "Itau_ampa"): 0.7})
        fit = fit_mismatch(table(truth, 8, 250))
        assert fit.model.cv_of("Itau_mem") == pytest.approx(0.2, rel=0.06)
        assert fit.model.correlation["Itau_ampa", "Itau_mem"] == pytest.approx(0.7, abs=0.05)
        assert fit.model.cv_of("Ith") == 0
        again = fit_mismatch(table(fit.model, 8, 250, seed=3))
        assert again["Itau_mem"].spread.cv == pytest.approx(fit["Itau_mem"].spread.cv, rel=0.08)
        whole = fit.completed(MismatchModel.from_profile(CHIP))
        assert whole.cv_of("Itau_mem") == fit.model.cv_of("Itau_mem")
        assert whole.cv_of("Ith") == 0.1
        assert whole.correlation == fit.model.correlation

    def test_which_correlations_the_model_gets(self):
        measured = table(MismatchModel({"Itau_mem": 0.2, "Itau_ampa": 0.1, "Itau_ahp": 0.1}), 4, 64)
        assert fit_mismatch(measured, correlation="none").model.correlation is None
        assert len(fit_mismatch(measured, correlation="all").model.correlation) == 3
        free = [
            fit_mismatch(table(MismatchModel(dict.fromkeys(TIMES, 0.2)), 4, 64, s)).model.correlation
            for s in range(100)
        ]
        assert sum(found is not None for found in free) <= 12  # 5 % of all fits, not of all pairs

    def test_pairs_that_cannot_be_together_are_shrunk(self):
        model = MismatchModel(dict.fromkeys(TIMES, 0.2), correlation={("Itau_mem", "Itau_ampa"): 0.9})
        measured = table(model, 1, 300)
        third = measured["tau_ahp"]  # each pair on neurons of its own: with both where the other is missing
        third[:100], third[100:200] = measured["tau_mem"][:100], 1e-3 / measured["tau_ampa"][100:200]
        measured["tau_ampa"][:100] = np.nan
        measured["tau_mem"][100:200] = np.nan
        third[200:] = np.nan
        fit = fit_mismatch(measured, correlation="all")
        assert any("so that they can be together" in note for note in fit.notes)
        R = np.array([[fit.model.correlation.get((min(a, b), max(a, b)), 1.0) for a in TIMES] for b in TIMES])
        assert np.linalg.eigvalsh(R)[0] >= -1e-9


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


class TestTables:
    def test_a_file_is_the_arrays(self, tmp_path):
        measured = table(MismatchModel({"Itau_mem": 0.2, "refractory": 0.1}), 3, 20)
        names = list(measured)
        lines = [",".join(repr(float(measured[n][k])) for n in names) for k in range(60)]
        head = ",".join(names).replace("tau_mem", "tau_mem [s]")
        path = tmp_path / "measured.csv"
        path.write_text("\ufeff# of chip 3\n" + "\n".join([head, *lines]) + "\n\n")
        records = np.rec.fromarrays(list(measured.values()), names=names)
        milli = {**measured, "tau_mem (ms)": measured["tau_mem"] * 1e3}
        del milli["tau_mem"]
        fits = [fit_mismatch(t, "dynapse1") for t in (measured, path, str(path), records, milli)]
        for fit in fits[1:]:
            np.testing.assert_allclose(fit["Itau_mem"].spread, fits[0]["Itau_mem"].spread, rtol=1e-12)
        assert fits[1].to_dict()["model"] == fits[0].to_dict()["model"]
        path.write_text("\n".join([head, *lines]).replace(",", ";"))
        assert fit_mismatch(path).to_dict()["biases"] == fits[1].to_dict()["biases"]

    def test_what_is_left_out_is_listed_with_its_line(self, tmp_path):
        path = tmp_path / "measured.csv"
        rows = [f"0,{k % 2},{k},{20 + k % 5}" for k in range(20)]
        path.write_text("chip,core,neuron,tau_mem [ms]\n" + "\n".join([*rows, "1,0,0,30", "0,0,21,", "0,0,22,nan"]))
        fit = fit_mismatch(path)
        assert [(row.where, row.reason) for row in fit.left_out] == [
            ("line 23 (chip 0 core 0 neuron 21)", "not measured"),
            ("line 24 (chip 0 core 0 neuron 22)", "not measured"),
            ("line 22 (chip 1 core 0 neuron 0)", "the only neuron of its core"),
        ]
        assert fit["Itau_mem"].neurons == 20
        assert np.isnan(fit.log_factors["Itau_mem"][[20, 21, 22]]).all()

    def test_every_problem_with_its_row(self, tmp_path):
        path = tmp_path / "measured.csv"
        path.write_text("core,tau_mem,taw_ampa,tau_nmda [h]\n0,-1,1,1\n0,x,1,1\n0.5,inf,1,1\n0,1_0,1,1\n0,0,1,1\n")
        with pytest.raises(BadFile) as caught:
            fit_mismatch(path)
        assert len(caught.value.problems) == 8
        for text in ("line 2 (core 0), tau_mem is '-1' s", "line 3", "line 4, core is '0.5'", "line 5", "line 6",
                     "did you mean 'tau_ampa'", "'h', allowed: one of s, ms"):  # fmt: skip
            assert text in str(caught.value)
        path.write_text("core,tau_mem\n0,1,2\n0\n")
        with pytest.raises(BadFile, match="line 2 is '3 cells'"):
            fit_mismatch(path)
        path.write_text("tau_mem\n" + "x\n" * 50)
        with pytest.raises(BadFile, match="further problems is 30"):
            fit_mismatch(path)

    @pytest.mark.parametrize(
        ("given", "options", "text"),
        [
            ({}, {}, "no rows"),
            ({"tau_mem": []}, {}, "no rows"),
            ({"core": [1, 2, 3]}, {}, "at least one measured quantity"),
            ({"tau_mem": [1e-3, 2e-3]}, {}, "at least 3 more than cores"),
            ({"tau_mem": [1e-3] * 9, "core": range(9)}, {}, "every neuron is the only one of its core"),
            ({"tau_mem": [1e-3] * 9, "tau_ampa": [1e-3] * 8}, {}, "lengths of the columns"),
            ({"tau_mem": [[1e-3] * 9]}, {}, "one-dimensional"),
            ({"tau_mem": [np.nan] * 9}, {}, "neurons with Itau_mem is 0"),
            ({"tau_mem": np.linspace(15, 25, 9)}, {}, r"median of tau_mem is 20.0 s.*'tau_mem \[ms\]'"),
            ({"tau_mem": [1e-3] * 9, "Itau_mem": [1e-12] * 9}, {}, "columns for Itau_mem"),
            ({"tau_mem": [1e-3] * 9, "date": [1] * 9}, {}, "column is 'date'"),
            ({"tau_mem": [1e-3] * 9}, {"ignore": ("date",)}, "ignore is 'date'"),
            ({"tau_mem": [1e-3] * 9}, {"group_by": ("board",)}, "group_by is 'board'"),
            ({"tau_mem": [1e-3] * 9}, {"distribution": "norml", "missing": "", "correlation": ""}, "3 problems"),
            ({"tau_mem": [1e-3, 5e-3, 1e-4, 5e-2, 1e-3]}, {}, "CV of Itau_mem.*robust=True"),
            (3, {}, "path of a CSV file"),
        ],
    )  # fmt: skip
    def test_refused(self, given, options, text):
        with pytest.raises(BadInput, match=text):
            fit_mismatch(given, **options)

    def test_columns_can_be_passed_over(self):
        fit = fit_mismatch({"tau_mem": [1e-3, 1.1e-3, 1.2e-3, 1e-3], "date": list("abcd")}, ignore=("date",))
        assert fit["Itau_mem"].neurons == 4
        with pytest.raises(KeyError):
            fit["Ith"]

    @pytest.mark.parametrize("distribution", ["lognormal", "normal"])
    @pytest.mark.parametrize("robust", [False, True])
    def test_no_spread_is_a_cv_of_0(self, distribution, robust):
        fit = fit_mismatch({"tau_mem": [3e-3] * 8}, distribution=distribution, robust=robust)
        assert fit["Itau_mem"].spread == pytest.approx((0, 0, 0), abs=1e-9)

    def test_outliers_are_listed_and_counted_unless_robust(self):
        measured = table(MismatchModel({"Itau_mem": 0.1}), 4, 64)
        measured["tau_mem"][70] /= 30
        fit, robust = fit_mismatch(measured), fit_mismatch(measured, robust=True)
        for found in (fit, robust):
            (outlier,) = found.outliers
            assert outlier.where == "row 70 (core 1 neuron 6)"
            assert outlier.factor == pytest.approx(30, rel=0.5)
        assert fit["Itau_mem"].spread.cv > 0.2
        assert robust["Itau_mem"].spread.low < 0.1 < robust["Itau_mem"].spread.high
        assert "robust=True" in str(fit)

    def test_it_prints_and_is_saved(self):
        measured = table(MismatchModel({"Itau_mem": 0.2, "refractory": 0.1}), 3, 40)
        measured["tau_mem [ms]"] = measured.pop("tau_mem") * 1e3
        measured["refractory"][:15] = np.nan
        fit = fit_mismatch(measured)
        text = str(fit)
        for part in ("Itau_mem", "tau_mem [ms]", "120", "values left out: 15", "... and 5 more", "refractory"):
            assert part in text
        data = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
        assert MismatchModel.from_dict(data["model"]) == fit.model
        assert len(data["left_out"]) == 15


def test_the_example_finds_what_it_put_in(tmp_path):
    path = Path(__file__).parents[2] / "examples" / "07_measured_mismatch.py"
    spec = importlib.util.spec_from_file_location("example_07_measured_mismatch", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    fit = example.main(drawing=tmp_path / "fit.png", show=False)
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")
    for found in fit.biases:
        assert found.spread.low <= example.TRUTH.cv_of(found.bias) <= found.spread.high
        assert found.distribution == example.TRUTH.distribution_of(found.bias)
    assert fit.model.correlation == pytest.approx({("Idc", "Itau_mem"): 0.4}, abs=0.07)


def test_none_of_it_loads_torch():
    code = "import sys, arcana.mismatch.measured; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_places_that_no_chip_has_and_neurons_that_are_there_twice():
    table = {"chip": [0] * 4, "core": [0, 0, 0, 9], "neuron": [0, 1, 0, 300], "tau_mem": [20e-3] * 4}
    with pytest.raises(BadInput) as caught:
        fit_mismatch(table, "dynapse1")
    text = str(caught.value)
    assert "core is 9, allowed: 0 to 3 on dynapse1" in text
    assert "neuron is 300, allowed: 0 to 255 on dynapse1" in text
    assert "row 2, neuron is 0, allowed: each neuron once: it is in row 0" in text


@pytest.mark.parametrize("amount", ["2pA", None, [2e-12], float("nan")])
def test_biases_of_the_measurement_are_numbers(amount):
    table = {"core": [0] * 5, "tau_mem": [20e-3, 21e-3, 22e-3, 23e-3, 24e-3]}
    with pytest.raises(BadInput, match=r"biases\['Itau_mem'\] is"):
        fit_mismatch(table, "dynapse1", biases={"Itau_mem": amount})
