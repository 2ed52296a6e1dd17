"""Parameters of a circuit in a file: they come back to the last bit, and what is wrong or missing is listed."""

from __future__ import annotations

import json

import pytest
from graded_circuits import circuits
from hypothesis import HealthCheck, given, settings

from arcana.errors import BadFile
from arcana.networks import TWC
from arcana.networks.parameter_file import read_parameters, write_parameters


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(circuits())
def test_they_come_back(tmp_path, circuit):
    path = write_parameters(circuit, tmp_path / "parameters.json", {"seed": 3})
    table = circuit.parameters_table()
    nothing = {what: dict.fromkeys(values, 0.0) for what, values in table.items()}
    circuit.load_parameters(**nothing)
    assert read_parameters(circuit, path) == {"seed": 3}
    assert circuit.parameters_table() == table


def content(**changes):
    """The shipped circuit's parameters as data."""
    table = TWC.solved().parameters_table()
    weight = [[*key, value] for key, value in table["weight"].items()]
    return {"version": 1, "threshold": table["threshold"], "decay": table["decay"], "weight": weight, **changes}


def refused(folder, data, *words, count=None):
    path = folder / "parameters.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    twc = TWC()
    before = twc.parameters_table()
    with pytest.raises(BadFile) as caught:
        read_parameters(twc, path)
    for word in words:
        assert word in str(caught.value)
    assert count is None or len(caught.value.problems) == count
    assert twc.parameters_table() == before


@pytest.mark.parametrize(("text", "words"), [
    ("", ["JSON"]),
    ("[]", ["a table with version"]),
    ('{"version": 1, "version": 1}', ["twice"]),
    ("[" * 100_000, ["nested too deeply"]),
])  # fmt: skip
def test_no_parameters(tmp_path, text, words):
    refused(tmp_path, text, *words)


def test_no_file(tmp_path):
    with pytest.raises(BadFile, match="no such file"):
        read_parameters(TWC(), tmp_path / "none.json")


def test_all_that_is_wrong_at_once(tmp_path):
    data = content(version=2, colour="red")
    del data["threshold"]["AVA"]
    data["threshold"]["AVX"] = 0.5
    data["decay"]["PVC"] = -1.0
    data["decay"]["DVA"] = float("nan")
    missing = data["weight"].pop(0)
    data["weight"].append(data["weight"][0])
    data["weight"].append(["PVC", "nowhere", 1.0])
    data["weight"].append(3)
    data["weight"][5][2] = -0.5
    refused(
        tmp_path, data, "version is 2", "key is 'colour'", "a value for AVA", "threshold is 'AVX'",
        "decay of PVC is -1.0", "decay of DVA is 'NaN'", f"a value for {missing[0]}->{missing[1]}",
        "each connection once", "'PVC->nowhere'", "is 3, allowed: [source, target, number]", "sets its sign",
        count=11,
    )  # fmt: skip


@pytest.mark.parametrize("what", ["threshold", "decay", "weight"])
def test_a_missing_part(tmp_path, what):
    data = content()
    del data[what]
    refused(tmp_path, data, what, "missing")
