"""Bumps, statistics, balance, pictures, memory, and runs in files."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcana.errors import BadFile, BadInput
from arcana.networks.rate import RateNetwork, read_config
from arcana.networks.rate.analysis import balance, decode_bump, population_curves, rate_statistics
from arcana.networks.rate.connectivity import angles
from arcana.networks.rate.memory import check_fits, estimate
from arcana.networks.rate.stored_runs import read_run, run_bytes

FILE = "two_populations.yml"
SMALL = {"N_NEURON": 200, "K": 20, "DURATION": 0.5, "T_STEADY": 0.2, "T_WINDOW": 0.1}


@given(st.integers(3, 300), st.floats(0, 5), st.floats(0, 1), st.floats(0, 2 * math.pi))
def test_a_cosine_is_decoded(n, mean, share, at):
    """r = m (1 + s cos(theta - a)): m0 = m, m1 = m s, direction a; the phase counts the other way round."""
    rates = torch.from_numpy(mean * (1 + share * np.cos(angles(n) - at)))
    bump = decode_bump(rates)
    assert float(bump.m0) == pytest.approx(mean, abs=1e-9)
    assert float(bump.m1) == pytest.approx(mean * share, abs=1e-9)
    if mean * share > 1e-3:
        assert math.cos(float(bump.direction) - at) == pytest.approx(1, abs=1e-9)
        assert math.cos(float(bump.phase) + at) == pytest.approx(1, abs=1e-9)


def test_the_phase_is_that_of_the_source():
    rates = torch.rand(2, 5, 40, dtype=torch.float64)
    k = np.arange(40)
    F = (rates.numpy() * np.exp(-2j * np.pi * k / 40)).sum(-1)
    bump = decode_bump(rates)
    np.testing.assert_allclose(bump.phase, np.angle(F) % (2 * np.pi))
    np.testing.assert_allclose(bump.m1, 2 * np.abs(F) / 40)


@pytest.mark.parametrize("rates", [torch.zeros(2), torch.zeros(0, 5), torch.full((4,), math.nan), ["a", "b", "c"]])
def test_rates_that_are_none(rates):
    with pytest.raises(BadInput, match=r"rates(\[0\])? is"):
        decode_bump(rates)


def test_statistics_of_known_rates():
    rates = torch.tensor([[[0.0, 1.0, 4.0], [0.0, 3.0, 4.0]]])
    found = rate_statistics(rates, "E")
    assert (found.name, found.mean, found.silent) == ("E", 2.0, pytest.approx(1 / 3))
    assert found.sd == pytest.approx(np.std([0, 2, 4]))
    assert found.cv == pytest.approx((0.5 + 0) / 2)
    assert rate_statistics(torch.zeros(3, 4)).cv == 0


def test_excitation_and_inhibition_by_hand():
    network = RateNetwork.from_config(FILE, dtype=torch.float64, **SMALL)
    rates = torch.rand(200, dtype=torch.float64)
    W = np.concatenate([block.dense() for block in network.blocks])
    W[:160] *= 1.5  # fast and slow receptors
    ff = network.config.scale_in * np.repeat([2.0, 1.0], [160, 40])
    e, i = ff + rates.numpy() @ np.maximum(W, 0), rates.numpy() @ np.minimum(W, 0)
    found = balance(network, rates)
    assert [b.name for b in found] == ["E", "I"]
    for b, part in zip(found, (slice(160), slice(160, 200)), strict=True):
        assert b.excitatory == pytest.approx(e[part].mean())
        assert b.inhibitory == pytest.approx(i[part].mean())
        assert b.net == pytest.approx((e + i)[part].mean())
        assert b.ratio == pytest.approx(abs(b.net) / b.excitatory)
    with pytest.raises(BadInput, match=r"rates is \(160,\)"):
        balance(network, rates[:160])


def test_balance_with_plastic_synapses_is_that_of_the_released_share():
    """At a fixed point: what is left over is what keeps the rates there."""
    network = RateNetwork.from_config(
        FILE, dtype=torch.float64, plastic=[(0, 0), (1, 0)], release=0.2, M0=0.5, GAIN=0.2, nmda=False,
        held_until_stimulus=False, integration="exact", **{**SMALL, "DURATION": 4.0},
    )  # fmt: skip
    ff = network.config.scale_in * network.program()(0)
    late = network.run(lambda step: ff)[0, -200:]
    rates = late.mean(0)
    assert float(late.std(0).max()) < 1e-3
    for found, part in zip(balance(network, rates), (slice(160), slice(160, 200)), strict=True):
        active = bool((rates[part] > 0).all())
        assert active
        assert found.net == pytest.approx(float(rates[part].mean()), rel=1e-3)
    none = RateNetwork.from_config(network.config, dtype=torch.float64, plastic=[])
    assert balance(none, rates)[0].net > 1.2 * balance(network, rates)[0].net


def test_arrays_and_rates_with_gradients_are_looked_at_as_well():
    from arcana.networks.rate.pictures import curves_picture, ring_picture

    network = RateNetwork.from_config(FILE, train="feed_forward", **SMALL)
    rates = network()
    assert rates.requires_grad
    array = rates.detach().numpy()
    assert decode_bump(rates).m1.requires_grad
    np.testing.assert_array_equal(decode_bump(array).m1, decode_bump(rates).m1.detach())
    assert rate_statistics(array) == rate_statistics(rates)
    np.testing.assert_allclose(population_curves(network, array)["E"], array.mean(-1), rtol=1e-6)
    for picture in (curves_picture, ring_picture):
        assert picture(network, rates) == picture(network, array)
    assert balance(network, np.ones(200), np.ones(200)) == balance(network, torch.ones(200), torch.ones(200))


@pytest.mark.parametrize("record", ["first", "all"])
def test_curves_pictures_and_files(record, tmp_path):
    from arcana.networks.rate.pictures import connections_picture, curves_picture, ring_picture

    network = RateNetwork.from_config(FILE, record=record, batch=2, **SMALL)
    rates = network()
    curves = population_curves(network, rates)
    assert list(curves) == (["E"] if record == "first" else ["E", "I"])
    torch.testing.assert_close(curves["E"], rates[..., :160].mean(-1))
    for picture in (curves_picture(network, rates), ring_picture(network, rates), connections_picture(network)):
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    (tmp_path / "run.npz").write_bytes(run_bytes(network.config, rates))
    stored = read_run(tmp_path / "run.npz")
    assert stored.config == network.config
    assert torch.equal(stored.rates, rates)
    np.testing.assert_allclose(stored.times, 0.1 * np.arange(1, 7))


def test_the_snippet_of_the_page_runs(capsys):
    page = (Path(__file__).resolve().parents[2] / "docs" / "rates.md").read_text("utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(snippet, {})
    assert "RateStatistics(name='E'" in capsys.readouterr().out


def test_runs_that_cannot_be_read(tmp_path):
    network = RateNetwork.from_config(FILE, **SMALL)
    whole = run_bytes(network.config, network())
    (tmp_path / "cut.npz").write_bytes(whole[:500])
    (tmp_path / "text.npz").write_text("rates")
    with np.load(io.BytesIO(whole)) as data:
        parts = dict(data)
    np.savez(tmp_path / "newer.npz", **{**parts, "version": 2})
    np.savez(tmp_path / "other.npz", **{**parts, "rates": parts["rates"][:, 1:]})
    said = {"gone": "arcana rates run", "cut": "arcana rates run", "text": "arcana rates run", "newer": "upgrade",
            "other": r"\(1, 5, 160\)"}  # fmt: skip
    for name, text in said.items():
        with pytest.raises(BadFile, match=text):
            read_run(tmp_path / f"{name}.npz")


def test_memory_is_estimated_before_the_run():
    config = read_config(FILE)
    parts = estimate(config)
    network = RateNetwork.from_config(FILE, N_NEURON=4000, K=200)
    small = estimate(network.config)
    kept = sum(block.bytes for block in network.blocks)
    assert kept < small["weights"] < 5 * kept
    double = estimate(network.config, dtype=torch.float64, trained=("recurrent",))
    assert double["weights"] > 4 * 4000**2 * 8 > 8 * small["weights"]
    assert double["state"] == 2 * small["state"]
    assert estimate(config, whole=True)["input"] == 4440 * parts["input"]
    assert check_fits(config, free=10**9) == sum(parts.values()) < 2e8
    with pytest.raises(
        BadInput, match=r"memory is 0.067 GB, allowed: at most 0.01, which are free \(weights 0.*samples"
    ) as caught:
        check_fits(config, free=10**7)
    assert caught.value.problems[0].unit == "GB"
