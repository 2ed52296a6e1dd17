"""The bRNN family against forward passes that the original scripts made, from their own parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from arcana.errors import BadInput
from arcana.networks.brnn import BRNN, BRNNState

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "brnn" / "brnn_forward.npz")
X = GOLDEN["x"]
TAGS = sorted({key.split("|")[0] for key in GOLDEN.files} - {"x"})
BRACKET = "w10_06_DaleCB_MA"  # diverges, by a misplaced bracket: no preset
STALE = ("w10_04_STPnonDale", "w10_05_STPDale")  # u starts at a value that is not in the file
NAMES = {"state": "state", "z_t": "z", "U": "u", "X": "x", "logits": "logits"}


def parameters(tag):
    start = f"{tag}|param|"
    return {key.removeprefix(start): GOLDEN[key] for key in GOLDEN.files if key.startswith(start)}


def differences(tag, network, state=None):
    """Largest difference over the largest value, by name."""
    trace = network.run(torch.from_numpy(X).to(network.cell.b), state)
    found = {}
    for theirs, ours in NAMES.items():
        if f"{tag}|{theirs}" in GOLDEN.files:
            expected = GOLDEN[f"{tag}|{theirs}"]
            found[ours] = np.abs(getattr(trace, ours).detach().numpy() - expected).max() / np.abs(expected).max()
    return found


def test_all_tags_are_looked_at():
    assert len(TAGS) == 17
    assert {BRACKET, *STALE} < set(TAGS)


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag not in (BRACKET, *STALE)])
def test_forward(tag):
    found = differences(tag, BRNN.from_reference(tag, parameters(tag)))
    assert {"state", "z", "logits"} <= set(found)
    assert max(found.values()) <= 1e-5


@pytest.mark.parametrize("tag", STALE)
def test_where_u_started_elsewhere(tag):
    """From the first u that is stored follows where it started; from there all is as in the file."""
    network = BRNN.from_reference(tag, parameters(tag)).double()
    rest = network.start(len(X))
    z_u, U = (p.detach() for p in network.cell.plasticity()[1:])
    first = torch.from_numpy(GOLDEN[f"{tag}|U"][:, 0]).double()
    u = (first - U * z_u - U * rest.r) / (1 - z_u - U * rest.r)
    assert (u - rest.u).abs().max() > 0.05
    found = differences(tag, network, BRNNState(rest.v, rest.r, u, rest.x))
    assert max(found.values()) <= 1e-5
    from_rest = differences(tag, network)
    assert from_rest["z"] <= 1e-5
    assert from_rest["logits"] <= 2e-3


def test_the_misplaced_bracket_is_refused_by_its_name():
    with pytest.raises(BadInput, match=r"tag is 'w10_06_DaleCB_MA'.* outside the sigmoid"):
        BRNN.from_reference(BRACKET, parameters(BRACKET))


def test_parameters_that_are_missing_strange_or_not_finite_are_named():
    tag = "w11_01_CBGRU"
    good = parameters(tag)
    with pytest.raises(BadInput, match="parameter is 'Kx'"):
        BRNN.from_reference(tag, good | {"lstm.rnncell.Kx": np.zeros(3)})
    with pytest.raises(BadInput, match=r"cell.K is 'missing'"):
        BRNN.from_reference(tag, {k: v for k, v in good.items() if not k.endswith(".K")})
    with pytest.raises(BadInput, match=r"fc.weight is 'missing'"):
        BRNN.from_reference(tag, {k: v for k, v in good.items() if k != "fc.weight"})
    for params in (None, [1], "w11"):
        with pytest.raises(BadInput, match="params is"):
            BRNN.from_reference(tag, params)
    with pytest.raises(BadInput, match="tag is 'None'"):
        BRNN.from_reference(None, good)
    with pytest.raises(BadInput, match=r"W is '576 of 576 not finite', allowed: finite numbers"):
        BRNN.from_reference(tag, good | {"lstm.rnncell.W": np.full((24, 24), np.nan, dtype=np.float32)})


def test_the_misplaced_bracket_explains_the_network_that_diverges():
    """z = dt sigmoid(|K| r) + exp(p_z) x + g_z gives what is stored; its z is far outside 0 ... dt."""
    p = {name.rpartition(".")[2]: value.astype(float) for name, value in parameters(BRACKET).items()}
    v, r, states, gates = np.zeros((5, 24)), np.full((5, 24), 0.5), [], []
    for x in X.astype(float).swapaxes(0, 1):
        z = p["dt"] / (1 + np.exp(-r @ np.abs(p["K"]).T)) + x @ np.exp(p["p_z"]).T + p["g_z"].ravel()
        v = (1 - z) * v + p["dt"] * (r @ p["K"].T + x @ p["p_r"].T + p["b_r"].ravel())
        r = 1 / (1 + np.exp(-np.clip(v, -700, None)))
        states.append(v)
        gates.append(z)
    for name, series in (("state", states), ("z_t", gates)):
        stored = GOLDEN[f"{BRACKET}|{name}"]
        assert np.abs(np.stack(series, 1) - stored).max() <= 1e-5 * np.abs(stored).max()
    assert np.abs(gates).max() > 10 * abs(p["dt"])
    assert np.abs(states[-1]).max() > 100
