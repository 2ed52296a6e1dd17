"""Configurations: their names and ours, everything wrong at once, and any valid one runs or is refused."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from arcana.errors import BadFile, BadInput
from arcana.networks.rate import RateConfig, RateNetwork, read_config, to_upstream
from arcana.networks.rate.transfer import TRANSFERS
from arcana.networks.rate.upstream import NAMES, OF_NO_EFFECT

FILE = "two_populations.yml"


def test_the_shipped_file_is_the_published_network():
    config = read_config(FILE)
    assert (config.neurons, config.in_degree, config.sizes) == (10_000, 500, (8000, 2000))
    assert (config.steps, config.samples, config.before, config.stride) == (4440, 101, 400, 40)
    assert config.strength == ((1.0, -1.5), (1.0, -1.0))
    assert (config.integration, config.all_to_all_scaling) == ("explicit", "sqrt_n")
    assert config.scale_in == pytest.approx(5 * math.sqrt(500))


def test_new_configurations_take_the_exact_step():
    fields = {"neurons": 10, "in_degree": 2, "strength": [[1.0]], "strength_in": [1.0], "dt_s": 1e-3, "tau_s": 0.01,
              "duration_s": 0.1, "window_s": 0.01}  # fmt: skip
    assert read_config(fields).integration == "exact"
    assert read_config(fields).all_to_all_scaling == "n"


def test_both_kinds_of_names_and_back():
    theirs = read_config(FILE, K=100, TAU=[0.05, 0.01])
    ours = read_config(FILE, in_degree=100, tau_s=[0.05, 0.01])
    assert theirs == ours
    assert read_config(to_upstream(theirs)) == theirs
    any_pair = read_config(FILE, plastic=[[0, 1], [1, 0]])
    assert read_config(to_upstream(any_pair)) == any_pair
    assert read_config(theirs) == theirs
    assert read_config(theirs, K=50).in_degree == read_config(theirs, in_degree=50).in_degree == 50
    assert set(NAMES.values()) <= set(RateConfig.model_fields)
    assert not set(OF_NO_EFFECT) & set(NAMES)


def test_files_of_yaml_and_json(tmp_path):
    wanted = read_config(FILE, K=100)
    (tmp_path / "a.yml").write_text(yaml.safe_dump(to_upstream(wanted)))
    (tmp_path / "a.json").write_text(json.dumps(wanted.model_dump()))
    assert read_config(tmp_path / "a.yml") == read_config(str(tmp_path / "a.json")) == wanted


def test_lists_of_the_file_are_cut_to_the_populations_and_those_of_the_user_are_not():
    one = {"N_POP": 1, "frac": [1.0], "Jab": [1.0], "PROBA_TYPE": ["None"], "K": 50}
    assert read_config(FILE, **one).tau_s == (0.04,)
    with pytest.raises(BadInput, match=r"TAU \(tau_s\) is \[0.1, 0.2\].*one value, or 1"):
        read_config(FILE, **one, TAU=[0.1, 0.2])


def test_one_stimulus_needs_no_list_and_numbers_may_be_text():
    """YAML reads 1e-3 as text."""
    config = read_config(FILE, T_STIM_ON=1.0, DT="1e-3", T_WINDOW="0.1")
    assert (config.stimulus_on_s, config.stimulus_off_s, config.stride) == ((1.0,), (2.0,), 100)


def test_words_of_either_side_for_either_name():
    theirs = read_config(FILE, PROBA_TYPE=["cos", "cos_spec", "lr", "None"], TF_TYPE="brunel", CON_TYPE="all2all")
    ours = read_config(
        FILE, structure=["cosine", "cosine_by_sqrt_k", "low_rank", "none"], transfer="brunel_2003",
        connectivity="all_to_all",
    )  # fmt: skip
    mixed = read_config(
        FILE, structure=["cos", "cos_spec", "lr", "none"], TF_TYPE="brunel_2003", CON_TYPE="all_to_all"
    )
    assert theirs == ours == mixed


def test_numbers_of_numpy_and_torch():
    wanted = read_config(FILE, N_NEURON=1000, K=50, TAU=[0.04, 0.01], nmda=False)
    given = {
        "N_NEURON": np.int64(1000),
        "K": np.float32(50),
        "TAU": np.array([0.04, 0.01]),
        "nmda": np.bool_(False),
    }
    assert read_config(FILE, **given) == wanted
    assert read_config(FILE, **{**given, "TAU": torch.tensor([0.04, 0.01], dtype=torch.float64)}) == wanted


def test_the_source_decides_how_steps_are_taken_and_overrides_do_not():
    many = read_config(FILE).model_dump()
    del many["integration"], many["all_to_all_scaling"]
    assert read_config(FILE, **many).integration == "explicit"
    assert read_config(many).integration == "exact"
    assert read_config({}, **to_upstream(read_config(FILE)) | {"integration": "exact"}).integration == "exact"


BAD = {
    "an unknown field": ({"TAU_FACT": 3}, ["'TAU_FACT'", "did you mean 'TAU_FAC'?"]),
    "our names as well": ({"in_degre": 3}, ["did you mean 'in_degree'?"]),
    "negative K": ({"K": -3}, ["K (in_degree) is -3", "greater than 0"]),
    "K above N": ({"K": 2001}, ["K (in_degree) is 2001", "at most 2000"]),
    "an unknown transfer": ({"TF_TYPE": "rely"}, ["did you mean 'relu'?"]),
    "an unknown transfer of ours": ({"transfer": "sigmod"}, ["did you mean 'sigmoid'?"]),
    "a structure": ({"PROBA_TYPE": ["cosin", "None", "None", "None"]}, ["PROBA_TYPE", "did you mean 'cosine'?"]),
    "the size of J": ({"Jab": [1.0, 2.0, 3.0]}, ["Jab is [1.0, 2.0, 3.0]", "1, 4, 9"]),
    "another size of J": ({"Jab": [1.0]}, ["Jab (strength)", "2 rows of 2"]),
    "the size of tau": ({"TAU": [0.1, 0.2, 0.3]}, ["TAU (tau_s)", "one for each population"]),
    "NaN": ({"GAIN": math.nan, "TAU": [0.1, math.inf]}, ["GAIN (gain) is nan", "TAU[1] (tau_s) is inf"]),
    "tau 0": ({"TAU": [0.0, 0.1]}, ["TAU[0] (tau_s) is 0"]),
    "shares": ({"frac": [0.5, 0.6]}, ["frac (fractions)", "sum to 1"]),
    "no neuron left": ({"frac": [0.99999, 0.00001], "N_NEURON": 100, "K": 5}, ["at least one of 100 neurons"]),
    "N_POP": ({"N_POP": 3}, ["N_POP is 3", "2, the number of shares"]),
    "windows": ({"T_WINDOW": 0.0031}, ["T_WINDOW (window_s)", "a multiple of dt_s = 0.0025"]),
    "a window that is too long": ({"T_WINDOW": 20.0}, ["T_WINDOW (window_s)", "at most duration_s = 10"]),
    "an end before its onset": ({"T_STIM_OFF": [0.5, 4.5]}, ["T_STIM_OFF (stimulus_off_s) is 0.5"]),
    "the explicit step": ({"TAU_SYN": [0.001, 0.002]}, ["TAU_SYN (tau_syn_s)", "at least dt_s / 2"]),
    "a covariance": ({"PROBA_TYPE": ["lr", *["None"] * 3], "LR_COV": [[1, 2, 0, 0], [2, 1, 0, 0], *[[0] * 4] * 2]},
                     ["low_rank_cov", "negative eigenvalues"]),
    "flags are no numbers": ({"K": True, "Jab": [True, -1, 1, -1]}, ["K (in_degree) is True", "Jab[0][0]"]),
    "numbers are no flags": ({"IF_STP": 2}, ["IF_STP is 2", "0 or 1"]),
    "no list": ({"Ja0": {"E": 1}}, ["Ja0 (strength_in)", "a list"]),
    "two names of one": ({"K": 50, "in_degree": 60}, ["K, in_degree is (50, 60)", "names of the same field"]),
    "words, each once": ({"PROBA_TYPE": ["a", "a", "a", "None"]}, ["PROBA_TYPE is 'a', allowed: a known name"]),
    "a stimulus between steps": ({"T_STIM_ON": [1.001, 3.5]}, ["(stimulus_on_s) is 1.001", "dt_s = 0.0025"]),
    "shares of words": ({"frac": [0.5, "x"]}, ["frac[1] (fractions) is 'x'"]),
    "all at once": ({"K": -1, "GAIN": "x", "frac": [0.4, 0.5], "foo": 1, "T_WINDOW": 0.0031, "N_BATCH": 0},
                    ["K (in_degree)", "GAIN (gain)", "frac (fractions)", "'foo'", "T_WINDOW", "N_BATCH (batch)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said(name):
    overrides, said = BAD[name]
    with pytest.raises(BadFile) as caught:
        read_config(FILE, **overrides)
    assert not [part for part in said if part not in str(caught.value)], str(caught.value)
    if name in ("words, each once", "shares of words"):
        assert len(caught.value.problems) == 1


@pytest.mark.parametrize("given", ["gone.yml", 3, None, ["a"]])
def test_what_is_no_configuration(given):
    with pytest.raises(BadInput):
        read_config(given)


@pytest.mark.parametrize(
    ("text", "said"), [("a: [1, 2\nb: 3", "line 2"), ("just text", "a table"), ("- 1\n- 2", "a table")]
)
def test_damaged_files(tmp_path, text, said):
    (tmp_path / "bad.yml").write_text(text)
    with pytest.raises(BadFile, match=said):
        read_config(tmp_path / "bad.yml")


@pytest.mark.parametrize(
    ("weights", "said"),
    [(torch.zeros(3, 3), r"\(3, 3\)"), (torch.full((40, 40), math.nan), "1,600 of 1,600"), ([["a"]], "list")],
)
def test_weights_that_cannot_be(weights, said):
    with pytest.raises(BadInput, match=said):
        RateNetwork.from_config(FILE, weights, N_NEURON=40, K=4)


def test_what_is_trained_and_types():
    with pytest.raises(BadInput, match=r"did you mean 'recurrent'[\s\S]*torch.float16"):
        RateNetwork.from_config(FILE, train="recurent", dtype=torch.float16, N_NEURON=40, K=4)


numbers = st.floats(0.05, 3.0)


@st.composite
def configs(draw):
    count, dt = draw(st.integers(1, 3)), draw(st.sampled_from([1e-3, 2.5e-3]))
    shares = [draw(st.integers(1, 4)) for _ in range(count)]
    size = draw(st.integers(20, 60))
    J = [[draw(numbers) * (1 if pre == 0 else -1) for pre in range(count)] for _ in range(count)]
    kinds = ["none", "cosine", "cosine_by_sqrt_k", "low_rank", "von_mises"]
    return {
        "neurons": size, "fractions": [s / sum(shares) for s in shares], "in_degree": draw(st.floats(1, 6)),
        "connectivity": draw(st.sampled_from(["sparse", "all_to_all"])),
        "all_to_all_scaling": draw(st.sampled_from(["n", "sqrt_n"])),
        "structure": [draw(st.sampled_from(kinds)) for _ in range(count**2)],
        "structure_strength": draw(st.floats(0, 1)), "weight_noise": draw(st.floats(0, 1)), "strength": J,
        "gain": draw(numbers), "strength_in": [draw(numbers) for _ in range(count)], "drive": draw(numbers),
        "integration": draw(st.sampled_from(["exact", "explicit"])), "dt_s": dt,
        "tau_s": draw(st.floats(5e-3, 0.1)),
        "rate_dynamics": draw(st.booleans()), "synaptic_dynamics": draw(st.booleans()), "tau_syn_s": 5e-3,
        "nmda": draw(st.booleans()), "transfer": draw(st.sampled_from(list(TRANSFERS))),
        "threshold": draw(st.floats(0.5, 2)), "plastic": draw(st.sampled_from([[], [[0, 0]]])),
        "input_variance": draw(st.floats(0, 0.5)), "held_until_stimulus": draw(st.booleans()),
        "stimulus_on_s": [4 * dt], "stimulus_off_s": [8 * dt], "stimulus_strength": draw(st.floats(-1, 1)),
        "duration_s": 12 * dt, "warm_up_s": 4 * dt, "window_s": 4 * dt, "batch": draw(st.integers(1, 3)),
        "record": draw(st.sampled_from(["first", "all"])), "seed": draw(st.integers(0, 9)),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore::arcana.networks.rate.connectivity.ProbabilityWarning")  # small populations
@settings(deadline=None)
@given(configs())
def test_any_configuration_runs_or_is_refused(fields):
    """20 steps, all of them finite; refused are K > N_b, and rates that overflow."""
    refused = ""
    try:
        network = RateNetwork.from_config(fields)
        rates = network()
    except BadInput as error:
        refused = str(error)
    if refused:
        assert re.search(r"^in_degree is .* at most|they grow without bound until step \d+ of 20", refused)
        return
    config = network.config
    assert config.steps == 20
    assert rates.shape == (
        config.batch,
        config.samples,
        config.sizes[0] if config.record == "first" else config.neurons,
    )
    assert bool(torch.isfinite(rates).all())
    assert read_config(to_upstream(config)) == config
