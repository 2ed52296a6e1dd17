"""Mismatch: its distribution, its sample, correlation and parts."""

from __future__ import annotations

import json
import pickle
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib


from arcana.circuits.names import BIASES
from arcana.errors import BadInput
from arcana.hardware.registry import load_profile
from arcana.mismatch import Mismatch, MismatchModel

# ln f of Idc at CV 0.2, chip 0 of seed 7, population "0"
DIGITS = [-0.013904502522690316, 0.04358920981933203, -0.3043823431322102]


class TestDistribution:
    @pytest.mark.parametrize("cv", [0.05, 0.2, 0.5])
    def test_lognormal_keeps_the_mean_and_has_the_cv(self, cv):
        factors = np.exp(MismatchModel(cv).log_factors("Idc", 200_000, np.random.default_rng(0)))
        assert factors.min() > 0
        assert factors.mean() == pytest.approx(1.0, abs=4 * cv / np.sqrt(200_000))
        assert factors.std() / factors.mean() == pytest.approx(cv, rel=0.02)

    def test_normal_is_redrawn_above_zero(self):
        small = np.exp(MismatchModel(0.1, "normal").log_factors("Idc", 200_000, np.random.default_rng(0)))
        assert small.mean() == pytest.approx(1.0, abs=1e-3)
        assert small.std() == pytest.approx(0.1, rel=0.02)
        assert np.isfinite(MismatchModel(1.0, "normal").log_factors("Idc", 10_000, np.random.default_rng(0))).all()

    def test_zero_is_nothing(self):
        assert not MismatchModel(0.0).log_factors("Idc", 10, np.random.default_rng(0)).any()
        assert not MismatchModel({"Ith": 0.2}).log_factors("Idc", 10, np.random.default_rng(0)).any()

    def test_scaled_and_from_profile(self):
        assert MismatchModel(0.1).scaled(2).cv == 0.2
        assert MismatchModel({"Ith": 0.1}).scaled(3).cv_of("Ith") == pytest.approx(0.3)
        profile = load_profile("dynapse1")
        model = MismatchModel.from_profile(profile)
        assert model.distribution == profile.mismatch_distribution
        assert {name: model.cv_of(name) for name in BIASES} == {name: profile.mismatch_cv(name) for name in BIASES}

    def test_scaled_says_what_is_possible(self):
        assert MismatchModel({"Ith": 0.4}, "normal").scaled(0).cv == {"Ith": 0}
        assert MismatchModel(0.4).scaled(2.5).cv == 1.0
        with pytest.raises(BadInput, match=r"Ith is 1\.2\d*, .*scale is 3; .*scaled by at most 2\.5"):
            MismatchModel({"Ith": 0.4, "Idc": 0.1}).scaled(3)
        for factor in (-1, float("nan"), float("inf"), "2", True):
            with pytest.raises(BadInput, match=r"scale is .*, allowed: a finite number >= 0"):
                MismatchModel(0.1).scaled(factor)

    def test_a_shape_for_each_bias(self):
        model = MismatchModel(0.3, {"Ith": "normal"})
        for bias, shape in (("Ith", "normal"), ("Idc", "lognormal")):
            expected = MismatchModel(0.3, shape).sample(2, 4).log_factors("0", bias, 9)
            assert np.array_equal(model.sample(2, 4).log_factors("0", bias, 9), expected)
        with pytest.raises(BadInput) as caught:
            MismatchModel(0.3, {"Ith": "norml", "Itth": "normal"})
        assert len(caught.value.problems) == 2
        assert "distribution of Ith" in str(caught.value)
        assert "did you mean 'Ith'" in str(caught.value)

    def test_a_percentage_is_not_a_cv(self):
        with pytest.raises(BadInput, match=r"mismatch is 20, .*10 % is written 0\.1"):
            MismatchModel(20)

    def test_the_callers_table_is_copied(self):
        table = {"Ith": 0.1}
        model = MismatchModel(table)
        table["Ith"] = 0.9
        assert model.cv_of("Ith") == 0.1

    def test_all_problems_at_once(self):
        with pytest.raises(BadInput) as caught:
            MismatchModel({"Idcc": 0.1, "Ith": 1.5, "Idc": float("nan")}, "gauss")
        assert len(caught.value.problems) == 4
        assert "did you mean 'Idc'" in str(caught.value)

    @pytest.mark.parametrize(("n_chips", "seed"), [(0, 0), (1, -1), (1.0, 0), (1, True)])
    def test_samples_of_nothing(self, n_chips, seed):
        with pytest.raises(BadInput):
            MismatchModel(0.1).sample(n_chips, seed)


class TestSample:
    def test_a_chip_follows_from_seed_chip_population_and_bias_alone(self):
        few, many = MismatchModel(0.2).sample(2, seed=5), MismatchModel(0.2).sample(7, seed=5)
        many.log_factors("1", "Ith", 3)  # another order of asking
        assert np.array_equal(few.log_factors("0", "Idc", 8), many.log_factors("0", "Idc", 8)[:2])
        drawn = [few.log_factors(p, b, 8) for p in ("0", "1") for b in ("Idc", "Ith")]
        rows = {row.tobytes() for block in drawn for row in block}
        assert len(rows) == 8
        assert not np.array_equal(
            few.log_factors("0", "Idc", 8), MismatchModel(0.2).sample(2, 6).log_factors("0", "Idc", 8)
        )

    def test_json_round_trip(self):
        for cv in (0.15, {"Idc": 0.1, "Ith": 0.2}):
            mismatch = MismatchModel(cv, "normal").sample(3, seed=9)
            again = Mismatch.from_dict(json.loads(json.dumps(mismatch.to_dict())))
            assert again == mismatch
            assert np.array_equal(again.log_factors("0", "Idc", 4), mismatch.log_factors("0", "Idc", 4))
        with pytest.raises(BadInput, match="did you mean 'seed'"):
            Mismatch.from_dict({"cv": 0.1, "distribution": "normal", "n_chips": 1, "sed": 0})

    def test_the_numbers_of_the_first_version(self):
        """What a chip of a seed is must never change: the draws, written again, and some of their digits."""
        for shape in ("lognormal", "normal"):
            rows = MismatchModel(0.5, shape).sample(2, seed=5, first=3).log_factors("C0c1", "Ith", 200)
            for row, chip in zip(rows, (3, 4), strict=True):
                rng = np.random.default_rng([5, chip, zlib.crc32(b"C0c1"), zlib.crc32(b"Ith")])
                if shape == "lognormal":
                    s = np.sqrt(np.log1p(0.25))
                    assert np.array_equal(row, s * rng.standard_normal(200) - s * s / 2)
                else:
                    f = 1 + 0.5 * rng.standard_normal(200)
                    while (f <= 0).any():
                        f[f <= 0] = 1 + 0.5 * rng.standard_normal((f <= 0).sum())
                    assert np.array_equal(row, np.log(f))
        digits = MismatchModel(0.2).sample(1, seed=7).log_factors("0", "Idc", 3)[0]
        assert digits == pytest.approx(DIGITS, rel=1e-12)

    @pytest.mark.parametrize("shape", ["lognormal", "normal"])
    def test_a_chip_alone_is_the_one_among_many(self, shape):
        model = MismatchModel(0.4, shape, {("Idc", "Ith"): 0.5})
        many, one = model.sample(6, seed=8), model.chip(seed=8, index=4)
        assert (one.n_chips, one.first) == (1, 4)
        for bias in ("Idc", "Ith", "refractory"):
            assert np.array_equal(one.log_factors("2", bias, 30)[0], many.log_factors("2", bias, 30)[4])
        with pytest.raises(BadInput, match="first is -1"):
            model.chip(0, -1)

    def test_a_changed_copy_does_not_keep_the_old_draws(self):
        mismatch = MismatchModel(0.2).sample(2, seed=1)
        before = mismatch.log_factors("0", "Idc", 4)
        moved = replace(mismatch, first=1, n_chips=1)
        assert np.array_equal(moved.log_factors("0", "Idc", 4)[0], before[1])
        assert not np.array_equal(replace(mismatch, seed=2).log_factors("0", "Idc", 4), before)

    def test_old_files_and_new_ones(self):
        old = {"cv": 0.1, "distribution": "normal", "n_chips": 2, "seed": 1, "first": 3}
        assert Mismatch.from_dict(old) == MismatchModel(0.1, "normal").sample(2, 1, 3)
        assert Mismatch.from_dict(old).to_dict() == old  # and a version without correlations can read it back
        assert MismatchModel.from_dict({"cv": 0.1, "distribution": "normal"}) == MismatchModel(0.1, "normal")
        model = MismatchModel({"Ith": 0.1, "Idc": 0.3}, {"Idc": "normal"}, {("Ith", "Idc"): -0.3})
        drawn = model.sample(2, 3).resampled({"refractory": 9, "Iw_ampa": 2}).only("Idc", "Iw_ampa")
        for thing, kind in ((model, MismatchModel), (drawn, Mismatch)):
            again = kind.from_dict(json.loads(json.dumps(thing.to_dict())))
            assert again == thing
            assert pickle.loads(pickle.dumps(thing)) == thing
        assert np.array_equal(again.log_factors("0", "Idc", 4), drawn.log_factors("0", "Idc", 4))

    @pytest.mark.parametrize(
        ("changed", "text"),
        [({"correlation": [["Ith", "Idc"]]}, "correlation is"), ({"correlation": "Ith"}, "correlation is 'Ith'"),
         ({"correlation": [["Ith", "Idc", 0.1], ["Ith", "Idc", 0.2]]}, "correlation is"),
         ({"resampled": 3}, "resampled is 3"), ({"only": "Ith"}, "only is 'Ith'"), ({"only": ["Itth"]}, "'Ith'"),
         ({"resampled": {"Ith": -1}}, "seed of Ith is -1"), ({"corelation": []}, "did you mean 'correlation'")],
    )  # fmt: skip
    def test_files_that_make_no_mismatch(self, changed, text):
        with pytest.raises(BadInput, match=text):
            Mismatch.from_dict({**MismatchModel(0.1).sample().to_dict(), **changed})
        with pytest.raises(BadInput, match="a mapping with cv"):
            Mismatch.from_dict([0.1])


class TestCorrelation:
    pair = ("Itau_mem", "Igain_mem")

    @pytest.mark.parametrize("shape", ["lognormal", "normal"])
    @pytest.mark.parametrize("cv", [0.1, 1.0])
    def test_each_bias_spreads_as_before_and_both_together(self, shape, cv):
        n = 200_000
        drawn = MismatchModel(cv, shape, {self.pair: 0.6}).sample(1, seed=2)
        alone = MismatchModel(cv, shape).sample(1, seed=3)
        a, b = (np.exp(drawn.log_factors("0", name, n)[0]) for name in self.pair)
        for f in (a, b):
            assert f.min() > 0
            assert ks_2samp(f, np.exp(alone.log_factors("0", "Ith", n)[0])).pvalue > 1e-3
        ranks = np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1]  # of Gaussians: 6/pi asin(r/2)
        assert ranks == pytest.approx(6 / np.pi * np.arcsin(0.3), abs=4 / np.sqrt(n))
        if shape == "lognormal":
            assert np.corrcoef(np.log(a), np.log(b))[0, 1] == pytest.approx(0.6, abs=4 * 0.64 / np.sqrt(n))

    def test_a_bias_that_is_in_no_pair_stays_bit_for_bit(self):
        free, tied = MismatchModel(0.2).sample(3, 1), MismatchModel(0.2, correlation={self.pair: 0.6}).sample(3, 1)
        nothing = MismatchModel(0.2, correlation={self.pair: 0.0}).sample(3, 1)
        assert np.array_equal(free.log_factors("0", "Ith", 9), tied.log_factors("0", "Ith", 9))
        assert not np.array_equal(free.log_factors("0", "Itau_mem", 9), tied.log_factors("0", "Itau_mem", 9))
        assert np.array_equal(free.log_factors("0", "Itau_mem", 9), nothing.log_factors("0", "Itau_mem", 9))

    def test_the_order_of_names_of_asking_and_of_others_does_not_matter(self):
        table = {("Itau_mem", "Igain_mem"): 0.4, ("Ith", "Igain_mem"): -0.5, ("Idc", "refractory"): 0.3}
        turned = {(b, a): r for (a, b), r in reversed(table.items())}
        one, other = MismatchModel(0.2, correlation=table), MismatchModel(0.2, correlation=turned)
        assert one == other
        names = ("Itau_mem", "Igain_mem", "Ith", "Idc", "refractory")
        first = {name: one.sample(2, 6).log_factors("0", name, 7) for name in names}
        again = other.sample(5, 6)
        for name in reversed(names):
            assert np.array_equal(again.log_factors("0", name, 7)[:2], first[name])
        del table["Idc", "refractory"]
        fewer = MismatchModel(0.2, correlation=table).sample(2, 6)
        assert np.array_equal(fewer.log_factors("0", "Ith", 7), first["Ith"])

    def test_one_and_minus_one(self):
        model = MismatchModel(
            0.2, correlation={("Ith", "Idc"): 1.0, ("Ith", "Iw_ampa"): -1.0, ("Idc", "Iw_ampa"): -1.0}
        )
        a, b, c = (model.sample(1, 1).log_factors("0", name, 50)[0] for name in ("Ith", "Idc", "Iw_ampa"))
        s2 = np.log1p(0.04)
        np.testing.assert_allclose(a, b, atol=1e-7)
        np.testing.assert_allclose(a + s2 / 2, -(c + s2 / 2), atol=1e-7)

    def test_a_cv_of_0_stays_1(self):
        drawn = MismatchModel({"Ith": 0.2}, correlation={("Ith", "Idc"): 0.5}).sample(1, 1)
        assert not drawn.log_factors("0", "Idc", 5).any()
        assert drawn.log_factors("0", "Ith", 5).all()

    def test_what_is_no_correlation(self):
        table = {
            ("Itau_mem", "Igain_mem"): 0.9, ("Igain_mem", "Ith"): 0.9, ("Itau_mem", "Ith"): -0.9, ("Ith", "Ith"): 1,
            ("Ith", "Idcc"): 0.1, ("Ith", "Idc"): 1.5, ("Idc", "Ith"): float("nan"), "Ith": 0.1,
            ("Igain_mem", "Itau_mem"): 0.9,
        }  # fmt: skip
        with pytest.raises(BadInput) as caught:
            MismatchModel(2.0, "gauss", table)
        text = str(caught.value)
        assert len(caught.value.problems) == 9
        assert "correlation of Igain_mem, Itau_mem, Ith is 'a matrix with the eigenvalue -0.8'" in text
        assert "did you mean 'Idc'" in text
        factor = float(text.split("all of them times ")[1].split()[0])
        possible = {pair: factor * table[pair] for pair in list(table)[:3]}
        MismatchModel(0.1, correlation=possible)
        with pytest.raises(BadInput, match="eigenvalue"):
            MismatchModel(0.1, correlation={pair: 1.01 * r for pair, r in possible.items()})
        with pytest.raises(BadInput, match=r"correlation is 0\.4, allowed: a mapping"):
            MismatchModel(0.1, correlation=0.4)


class TestParts:
    model = MismatchModel(0.2, correlation={("Itau_mem", "Igain_mem"): 0.5})

    def test_resampled_biases_come_from_another_seed_and_no_other_changes(self):
        base = self.model.sample(3, seed=1, first=2)
        base.log_factors("0", "Idc", 6)  # what is drawn already must not stay
        other = base.resampled({"Idc": 77})
        assert np.array_equal(
            other.log_factors("0", "Idc", 6), self.model.sample(3, 77, 2).log_factors("0", "Idc", 6)
        )
        for bias in ("Ith", "Itau_mem", "Igain_mem"):
            assert np.array_equal(other.log_factors("0", bias, 6), base.log_factors("0", bias, 6))
        twice = other.resampled({"Ith": 5, "Idc": 1})
        assert np.array_equal(twice.log_factors("0", "Idc", 6), base.log_factors("0", "Idc", 6))
        assert not np.array_equal(twice.log_factors("0", "Ith", 6), base.log_factors("0", "Ith", 6))

    def test_drawn_biases_are_not_drawn_again(self):
        base = self.model.sample(3, seed=1)
        drawn = base.log_factors("0", "Ith", 6)
        assert base.resampled({"Idc": 2}).log_factors("0", "Ith", 6) is drawn
        assert base.only("Ith").log_factors("0", "Ith", 6) is drawn

    def test_a_pair_is_not_torn_apart(self):
        base = self.model.sample(2, 1)
        with pytest.raises(BadInput, match=r"all or none of Igain_mem, Itau_mem .*the model correlates them"):
            base.resampled({"Itau_mem": 3})
        with pytest.raises(BadInput, match="all or none"):
            base.resampled({"Itau_mem": 3, "Igain_mem": 4})
        both = base.resampled({"Itau_mem": 3, "Igain_mem": 3})
        for bias in ("Itau_mem", "Igain_mem"):
            assert np.array_equal(both.log_factors("0", bias, 4), self.model.sample(2, 3).log_factors("0", bias, 4))

    def test_only(self):
        base = self.model.sample(2, 1)
        one = base.only("Itau_mem", "Ith")
        assert np.array_equal(one.log_factors("0", "Itau_mem", 4), base.log_factors("0", "Itau_mem", 4))
        assert not one.log_factors("0", "Igain_mem", 4).any()
        assert one.log_factors("0", "Idc", 4).shape == (2, 4)
        assert not one.only("Idc").log_factors("0", "Ith", 4).any()
        assert not base.only().log_factors("0", "Ith", 4).any()

    def test_unknown_names_and_seeds(self):
        with pytest.raises(BadInput) as caught:
            self.model.sample().resampled({"Idcc": 1, "Ith": -1})
        assert len(caught.value.problems) == 2
        with pytest.raises(BadInput, match="did you mean 'Idc'"):
            self.model.sample().only("Idcc")
