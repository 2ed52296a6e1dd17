"""Biases as codes and back: what the export and the emulation stand on."""

from __future__ import annotations

import math

import pytest

from arcana.circuits.names import RECEPTORS
from arcana.circuits.relations import tau_of
from arcana.errors import BadInput
from arcana.hardware import load_profile
from arcana.quantize import Code
from arcana.quantize.codes import DEFAULT_PULSE, CoreCodes, decode_biases, efficacy, encode_biases

CHIPS = ("dynapse1", "dynapse2")


def biases(profile, **changed):
    return {**profile.default_biases(), "refractory": 2e-3, **changed}


def fields(error) -> list[str]:
    return [problem.field for problem in error.value.problems]


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("changed", [{}, {"Itau_mem": 2e-12, "Idc": 25e-12}, {"Iw_ahp": 1e-10}, {"pulse": 1e-5}])
def test_what_was_decoded_stays(name, changed):
    profile = load_profile(name)
    codes = encode_biases(biases(profile, **changed), profile)
    decoded = decode_biases(codes, profile)
    assert encode_biases(decoded, profile) == codes
    assert decode_biases(encode_biases(decoded, profile), profile) == decoded


@pytest.mark.parametrize("name", CHIPS)
def test_a_decoded_bias_is_near_the_one_asked_for(name):
    profile = load_profile(name)
    asked = biases(profile, pulse=1e-5)
    made = decode_biases(encode_biases(asked, profile), profile)
    for bias, value in asked.items():
        # 6 %: half a step at the low end of the generators (docs/bias-generator.md)
        assert made[bias] == pytest.approx(value, rel=0.06), bias


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("receptor", RECEPTORS)
def test_the_efficacy_stays_when_a_pulse_width_comes_in(name, receptor):
    """A spike adds (Igain / Itau) Iw before and (Igain / Itau) Iw p after: equal within a code."""
    profile = load_profile(name)
    technology = profile.technology()
    asked = biases(profile)
    made = decode_biases(encode_biases(asked, profile), profile)
    assert "pulse" not in asked
    assert made["pulse"] == pytest.approx(DEFAULT_PULSE, rel=0.01)

    def jump(values):
        return values[f"Igain_{receptor}"] / values[f"Itau_{receptor}"] * values[f"Iw_{receptor}"]

    tau = tau_of(made[f"Itau_{receptor}"], getattr(technology, f"C_{receptor}"), technology)
    assert jump(made) * efficacy(made["pulse"], tau) == pytest.approx(jump(asked), rel=0.02)
    assert made[f"Iw_{receptor}"] > 1000 * asked[f"Iw_{receptor}"]


def test_the_efficacy_is_the_share_of_a_unit_jump():
    assert efficacy(1e-3, 20e-3) == pytest.approx(1 - math.exp(-0.05), rel=1e-12)
    assert efficacy(1e-12, 1.0) == pytest.approx(1e-12, rel=1e-9)  # no cancellation


def test_a_pulse_of_your_own_is_kept_and_weights_stay_as_they_are():
    profile = load_profile("dynapse1")
    made = decode_biases(encode_biases(biases(profile, pulse=2e-4, Iw_ampa=1e-9), profile), profile)
    assert made["pulse"] == pytest.approx(2e-4, rel=0.01)
    assert made["Iw_ampa"] == pytest.approx(1e-9, rel=0.01)


def test_zero_is_a_latch_on_dynapse2_and_a_code_on_dynapse1():
    two, one = load_profile("dynapse2"), load_profile("dynapse1")
    off = encode_biases(biases(two, Idc=0.0), two)
    assert off.latches == {"so_dc": False, "so_adaptation": False}
    assert "SOIF_DC_P" not in off.codes
    assert decode_biases(off, two)["Idc"] == 0.0
    on = encode_biases(biases(two, Idc=1e-11, Iw_ahp=1e-10), two)
    assert on.latches == {"so_dc": True, "so_adaptation": True}
    zero = encode_biases(biases(one, Idc=0.0), one)
    assert zero.codes["IF_DC_P"] == Code(0, 0)
    assert decode_biases(zero, one)["Idc"] == 0.0


def test_all_that_the_chip_cannot_have_is_listed_at_once():
    profile = load_profile("dynapse1")
    asked = biases(profile, Itau_mem=1e-3, Ith=1e-9, refractory=0.0, Iw_ampa=1e-6, pulse_ahp=1e-3)
    with pytest.raises(BadInput) as error:
        encode_biases(asked, profile, "hidden.")
    names = ("Itau_mem", "Ith", "refractory", "Iw_ampa", "pulse_ahp")
    assert sorted(fields(error)) == sorted(f"hidden.{name}" for name in names)
    assert "its layout fixes it" in str(error.value)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"Itau_mem": float("nan")}, "Itau_mem is nan A"),
        ({"Itau_mem": 0.0}, "Itau_mem is 0.0 A"),
        ({"Idc": -1e-12}, "Idc is -1e-12 A"),
        ({"pulse": float("inf")}, "pulse is inf s"),
        ({"Itau_mm": 1e-12}, "did you mean 'Itau_mem'?"),
    ],
)
def test_numbers_that_are_no_biases(changed, text):
    profile = load_profile("dynapse1")
    with pytest.raises(BadInput) as error:
        encode_biases(biases(profile, **changed), profile)
    assert text in str(error.value)


def test_a_weight_that_only_the_pulse_makes_too_large_is_shown_as_it_was_given():
    profile = load_profile("dynapse1")
    with pytest.raises(BadInput, match=r"Iw_ampa is 1e-06 A, .*PS_WEIGHT_EXC_F_N; it takes 4\.34\d* mA with"):
        encode_biases(biases(profile, Iw_ampa=1e-6), profile)


def test_a_missing_bias_is_named():
    profile = load_profile("dynapse1")
    some = biases(profile)
    del some["Itau_ampa"], some["Igain_mem"]
    with pytest.raises(BadInput) as error:
        encode_biases(some, profile)
    assert fields(error) == ["Igain_mem", "Itau_ampa"]


def test_decoding_lists_all_that_is_wrong():
    profile = load_profile("dynapse2")
    codes = encode_biases(biases(profile), profile)
    bad = {**codes.codes, "SOIF_LEEK_N": Code(0, 0), "SOIF_CC_N": Code(6, 300)}
    with pytest.raises(BadInput) as error:
        decode_biases(CoreCodes(bad, {"so_cd": True}), profile)
    text = str(error.value)
    assert len(error.value.problems) == 4
    assert all(part in text for part in ("did you mean 'SOIF_LEAK_N'?", "is 6", "is 300", "did you mean 'so_dc'?"))
    missing = {name: code for name, code in codes.codes.items() if name not in ("SOIF_LEAK_N", "DEAM_ETAU_P")}
    with pytest.raises(BadInput) as error:
        decode_biases(CoreCodes(missing, codes.latches), profile)
    assert sorted(fields(error)) == ["DEAM_ETAU_P", "SOIF_LEAK_N"]
