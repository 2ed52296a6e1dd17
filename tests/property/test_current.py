"""I2V and V2I are inverse, monotone, and agree for floats and tensors; so are the other conversions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcana import load_profile
from arcana.circuits import current as c
from arcana.circuits import relations as r
from arcana.errors import BadInput
from arcana.model import DPINeuron
from arcana.units import parse, show, thermal_voltage

TECHNOLOGY = load_profile("dynapse1").technology()
currents = st.floats(1e-14, 1e-4)


@given(currents)
def test_v2i_undoes_i2v(current: float) -> None:
    assert c.V2I(c.I2V(current, TECHNOLOGY), TECHNOLOGY) == pytest.approx(current, rel=1e-12)
    assert DPINeuron.V2I(DPINeuron.I2V(current)) == pytest.approx(current, rel=1e-12)


@given(st.floats(-0.1, 1.2))
def test_i2v_undoes_v2i(voltage: float) -> None:
    assert c.I2V(c.V2I(voltage, TECHNOLOGY), TECHNOLOGY) == pytest.approx(voltage, abs=1e-12)


@given(currents, currents)
def test_i2v_rises(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert c.I2V(low, TECHNOLOGY) <= c.I2V(high, TECHNOLOGY)


@given(st.lists(currents, min_size=1, max_size=5))
def test_tensors_give_what_floats_give(values: list[float]) -> None:
    tensor = torch.tensor(values, dtype=torch.float64)
    assert c.I2V(tensor, TECHNOLOGY).tolist() == pytest.approx([c.I2V(v, TECHNOLOGY) for v in values], rel=1e-12)
    assert c.V2I(c.I2V(tensor, TECHNOLOGY), TECHNOLOGY).tolist() == pytest.approx(values, rel=1e-12)


def test_i0_has_voltage_zero_and_the_slope_is_kappa_over_ut() -> None:
    t = TECHNOLOGY
    assert c.I2V(t.I0, t) == 0
    assert c.I2V(math.e * t.I0, t) == pytest.approx(t.Ut / t.kappa, rel=1e-12)


@given(st.floats(1e-5, 10), st.floats(1e-13, 1e-10))
def test_time_constants_and_leaks_are_inverse(tau: float, capacitance: float) -> None:
    leak = r.leak_for(tau, capacitance, TECHNOLOGY)
    assert r.tau_of(leak, capacitance, TECHNOLOGY) == pytest.approx(tau, rel=1e-12)
    current = r.current_for_time(tau, capacitance, TECHNOLOGY)
    assert r.time_of(current, capacitance, TECHNOLOGY) == pytest.approx(tau, rel=1e-12)


def test_the_membrane_of_the_reference_profile_has_21_ms() -> None:
    t = load_profile("arcana-reference").technology()
    assert r.tau_of(5e-12, t.C_mem, t) == pytest.approx(3e-12 * 0.025 / (0.705 * 5e-12), rel=1e-12)


@pytest.mark.parametrize("wrong", [0.0, -1e-12, math.nan, torch.tensor([1e-12, -1e-12])])
def test_a_current_that_is_not_positive_has_no_voltage(wrong: float) -> None:
    with pytest.raises(BadInput, match="current"):
        c.I2V(wrong, TECHNOLOGY)


@given(st.floats(1e-15, 9e8).map(lambda x: float(f"{x:.4g}")))
def test_a_shown_number_reads_back(value: float) -> None:
    assert parse(show(value, "A"), "A") == pytest.approx(value, rel=1e-4)


def test_numbers_are_shown_with_a_prefix() -> None:
    assert show(5e-12, "A") == "5 pA"
    assert show(0.021, "s") == "21 ms"
    assert parse("0.3ms", "s") == pytest.approx(3e-4)
    with pytest.raises(BadInput, match="5 V"):
        parse("5 V", "A")


def test_temperature_goes_through_the_thermal_voltage() -> None:
    t = TECHNOLOGY.at_temperature(310.0)
    assert t.Ut == pytest.approx(0.0267137, rel=1e-5)
    assert thermal_voltage(290.11) == pytest.approx(0.025, rel=1e-4)
    assert t.I0 == TECHNOLOGY.I0
    with pytest.raises(BadInput, match="temperature is -3"):
        TECHNOLOGY.at_temperature(-3.0)
