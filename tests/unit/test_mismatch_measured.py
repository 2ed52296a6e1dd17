"""Mismatch from measurements: estimates and their intervals, shapes, correlations, rates, and bad tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))


from arcana.errors import BadFile, BadInput
from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.mismatch.measured import fit_mismatch

CHIP = load_profile("dynapse1")
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
