"""The tap withdrawal circuit against traces that the original program made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from arcana.networks import TWC

GOLDEN = Path(__file__).parents[1] / "golden" / "twc"
EXACT, SMOOTH = np.load(GOLDEN / "twc.npz"), np.load(GOLDEN / "twc_smooth.npz")
SETS = sorted(key.removesuffix("_T") for key in EXACT.files if key.endswith("_T"))
SEQUENCES = ("uniform", "swing", "plateaus", "quantised")
OPTIONS = ("k_gj", "k_fire", "k_in", "theta_in", "leak")  # in the order of the file
# All weights equal, and a state that repeats every three steps: what was rounded grows by 71 each time
UNSTABLE = {(s, "plateaus", "sol") for s in ("p00_asloaded", "p01_xml_nominal")}


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def circuit(parameters, variant="exact", **options):
    twc = TWC(variant, **options)
    names = [str(name) for name in EXACT["neuron_names"]]
    pairs = zip(map(str, EXACT["conn_src"]), map(str, EXACT["conn_dst"]), strict=True)
    values = (dict(zip(names, EXACT[f"{parameters}_{what}"].tolist(), strict=True)) for what in "TD")
    twc.load_parameters(*values, dict(zip(pairs, EXACT[f"{parameters}_W"].tolist(), strict=True)))
    assert list(twc.neurons) == names
    return twc


@torch.no_grad()
def differences(twc, sequence, golden, key):
    trace = twc.run(torch.tensor(EXACT[f"obs_{sequence}"])[None], torch.tensor(EXACT[f"reset_{sequence}"]))
    found = {"action": trace.action, "E": trace.E, "O": trace.O}
    return {name: np.abs(value[0].numpy() - golden[f"{key}_{name}"]) for name, value in found.items()}


def test_there_are_ten_parameter_sets():
    assert len(SETS) == 10


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("parameters", SETS)
def test_exact(parameters, sequence):
    for difference in differences(circuit(parameters), sequence, EXACT, f"{parameters}_{sequence}").values():
        assert difference.max() <= 1e-12


@pytest.mark.parametrize("row", ["def", "sol"])
@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("parameters", SETS)
def test_smooth(parameters, sequence, row):
    values = SMOOTH["v2_hparams_" + {"def": "default", "sol": "sol"}[row]].tolist()
    twc = circuit(parameters, "smooth", **dict(zip(OPTIONS, values, strict=True)))
    found = differences(twc, sequence, SMOOTH, f"{parameters}_{sequence}_{row}")
    for difference in found.values():
        if (parameters, sequence, row) in UNSTABLE:
            assert difference[:105].max() <= 1e-8  # until rounding has grown, and again after the next reset
            assert difference[130:].max() <= 1e-8
        else:
            assert difference.max() <= 1e-8


@pytest.mark.parametrize(("parameters", "sequence", "row"), sorted(UNSTABLE))
def test_there_our_own_last_bits_grow_as_much(parameters, sequence, row):
    """The same circuit with one weight moved by its last bit departs from itself as it does from the file."""
    values = SMOOTH["v2_hparams_sol"].tolist()
    runs = []
    for weight in (1.0, 1.0 + 2.0**-52):
        twc = circuit(parameters, "smooth", **dict(zip(OPTIONS, values, strict=True)))
        twc.load_parameters(weight={("PVC", "AVA"): weight})
        with torch.no_grad():
            obs, reset = (torch.tensor(EXACT[f"{what}_{sequence}"]) for what in ("obs", "reset"))
            runs.append(twc.run(obs[None], reset).E)
    apart = (runs[0] - runs[1]).abs().amax((0, 2))
    assert apart[:95].max() < 1e-13
    assert apart[:130].max() > 1e-4
    growth = apart[112] / apart[109]
    assert 60 < growth < 80
