"""The settings file: canonical, whole, and strict about what it reads."""

from __future__ import annotations

import copy
import json

import pytest

import arcana
from arcana.config import VERSION, ChipConfig
from arcana.errors import BadFile
from arcana.hardware import load_profile
from arcana.model import ADM


@pytest.fixture(scope="module")
def config():
    chip = load_profile("dynapse2")
    layers = [
        arcana.DPILayer(4, 3, profile=chip, refractory=2e-3),
        arcana.DPILayer(3, 2, profile=chip, refractory=4e-3),
    ]
    net = arcana.Sequential(ADM(2, 0.1, 0.1, 0), *layers)
    return arcana.map_network(net, chip, seed=1, note='a [ 1 ] "note"\\ [ 2, 3 ]\n').configuration()


@pytest.fixture
def path(config, tmp_path):
    return config.save(tmp_path / "chip.json")


def test_save_load_save(config, path, tmp_path):
    again = ChipConfig.load(path)
    assert again == config
    assert again.save(tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_a_row_of_a_table_and_a_code_are_a_line_and_strings_stay_as_they_are(config, path):
    lines = {line.strip(" ,") for line in path.read_text().splitlines()}
    for neuron in config.neurons:
        assert all(str(row) in lines for row in (*neuron.cams, *neuron.srams))
    for core in config.cores:
        for name, code in core.biases.items():
            assert f'"{name}": {{"coarse": {code.coarse}, "fine": {code.fine}}}' in lines
    assert ChipConfig.load(path).provenance.note == config.provenance.note
    assert path.read_text().endswith("}\n")


def test_the_order_in_the_file_does_not_matter(config, path):
    data = json.loads(path.read_text())
    data["cores"][0]["biases"] = dict(reversed(data["cores"][0]["biases"].items()))
    data["cores"].reverse()
    data["neurons"].reverse()
    for rows in (n[key] for n in data["neurons"] for key in ("cams", "srams")):
        rows.reverse()
    data["inputs"][0]["events"].reverse()
    path.write_text(json.dumps(dict(reversed(data.items()))))
    assert ChipConfig.load(path).to_json() == config.to_json()


def test_an_existing_file_is_kept_where_asked(config, path):
    before = path.read_bytes()
    with pytest.raises(BadFile, match="a file that does not exist yet"):
        config.save(path, overwrite=False)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["chip.json"]


def test_a_file_cut_off_anywhere_is_refused(path):
    text = path.read_text()
    for k in [0, 1, 2, *range(5, len(text) - 2, 97), len(text) - 2]:
        path.write_text(text[:k])
        with pytest.raises(BadFile, match="cut off or was edited"):
            ChipConfig.load(path)


def test_every_single_value_may_be_wrong(path):
    """Each leaf of the file in turn holds what it cannot: always a BadFile that names the place."""
    data = json.loads(path.read_text())
    leaves = list(_leaves(data))
    assert len(leaves) > 500
    every_kind = {tuple(k for k in where if isinstance(k, str)): where for where in leaves}
    for where in [*every_kind.values(), *leaves[::7]]:
        broken = copy.deepcopy(data)
        _put(broken, where, {"not": "this"})
        path.write_text(json.dumps(broken))
        with pytest.raises(BadFile) as error:
            ChipConfig.load(path)
        place = "".join(f".{k}" if isinstance(k, str) else f"[{k}]" for k in where).lstrip(".")
        assert f"{place} is {{'not': 'this'}}" in str(error.value)


def test_every_key_may_be_missing_or_misspelt(path):
    data = json.loads(path.read_text())
    optional = {
        "seed", "note", "latches", "encoder", "leak_saturation", "substeps", "cams", "srams", "tau2", "stage",
        "exact", "exact_switches", "exact_tau2", "outputs", "solver", "biases", "events",
    }  # fmt: skip
    kinds = {tuple(k for k in w if isinstance(k, str)): w for w in _keys(data) if "latches" not in w[:-1]}
    for where in [w for w in kinds.values() if "biases" not in w[:-1]]:
        broken = copy.deepcopy(data)
        holder = _at(broken, where[:-1])
        value = holder.pop(where[-1])
        path.write_text(json.dumps(broken))
        if where[-1] not in optional:
            with pytest.raises(BadFile, match=where[-1]):
                ChipConfig.load(path)
        holder[f"{where[-1]}x"] = value
        path.write_text(json.dumps(broken))
        with pytest.raises(BadFile, match=f"{where[-1]}"):
            ChipConfig.load(path)


def _leaves(data, where=()):
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    if not pairs:
        yield from [where] if pairs is None else []
        return
    for key, value in pairs:
        yield from _leaves(value, (*where, key))


def _keys(data, where=()):
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if isinstance(data, dict):
            yield (*where, key)
        yield from _keys(value, (*where, key))


def _at(data, where):
    for key in where:
        data = data[key]
    return data


def _put(data, where, value):
    _at(data, where[:-1])[where[-1]] = value


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('"version": 2', f'"version": {VERSION + 1}', "written by a newer arcana: upgrade this one"),
        ('"version": 2', '"version": 1', "no longer read: map the network again with `arcana map`"),
        ('"version": 2', '"version": 0', "version is 0"),
        ('"version": 2', '"version": true', "version is True"),
        ('"version": 2', '"version": "2"', "version is '2'"),
        ('"version": 2', '"version": 2.5', "version is 2.5"),
        ("arcana.chip_config", "other", "format is 'other'"),
        ('"dt_s": 0.001', '"dt_s": NaN', "populations[0].dt_s is 'NaN'"),
        ('"dt_s": 0.001', '"dt_s": -0.001', "populations[0].dt_s is -0.001"),
        ('"dt_s": 0.001', '"dt_s": "0.001"', "populations[0].dt_s is '0.001'"),
        ('"coarse": 1', '"coarse": 8', "is 8, allowed: less than or equal to 7"),
        ('"coarse": 1', '"coarse": 1.5', "is 1.5, allowed: a valid integer"),
        ('"fine": 5', '"fine": 300, "fine": 5', "the key 'fine' stands there twice"),
        ('"solver": "rk4"', '"solver": "rk5"', "did you mean 'rk4'?"),
        ('"cams": [', '"cams": [[0, 1], ', "neurons[0].cams[0] is [0, 1], allowed: [word, tag, receptor,"),
        ('"srams": [', '"srams": [[], ', "neurons[0].srams[0] is [], allowed: [word, tag, cores, dx, dy]"),
        ('"events": [', '"events": [[4, 1, 0, 1], ', "inputs[0].events[0].line is 4, allowed: 0 to 3"),
        ('"events": [', '"events": [[-1, 1, 0, 1], ', "inputs[0].events[0].line is -1, allowed: 0 to 3"),
        ('"events": [', '"events": [[0, 1], ', "inputs[0].events[0] is [0, 1], allowed: [line, tag, chip, cores]"),
        ('"outputs": [', '"outputs": [{"name": "o", "neurons": [[0]]}, ', "[chip, core, neuron, tag]"),
        ('"population": "layer1"', '"population": "layer9"', "is 'layer9', allowed: one of layer0, layer1"),
        ('"index": 2', '"index": 3', "is 3, allowed: 0 to 2 of layer0"),
        ('"index": 2', '"index": 0', "is 'layer0[0]', allowed: each neuron of a population once"),
        ('"index": 2', '"index": 0', "2 neurons, layer0[2] is missing"),
        ('"name": "layer1"', '"name": "layer0"', "names used once"),
        ('"core": 1', '"core": 0', "each (chip, core) once"),
        (
            '"core": 1,\n   "biases"',
            '"core": 2,\n   "biases"',
            "is 'chip 0 core 1', allowed: a core listed in cores",
        ),
        ('"channels": 2', '"channels": 3', "3 thresholds, one for each channel"),
        ('"tau2": false', '"tau2": 0', "tau2 is 0"),
        ('"stage": 1', '"stage": -1', "populations[1].stage is -1"),
        ('"coarse": 1', '"low_range": 1, "coarse": 1', "low_range is 1"),
        ('"exact": {}', '"exact": {"Idc": 1e-12}', "none where there are codes (biases)"),
        ('"exact": {}', '"exact": {"Idd": 1e-12}', "did you mean 'Idc'?"),
        ('"exact": {}', '"exact": {"Idc": -1e-12}', "cores[0].exact.Idc is -1e-12"),
        ('"exact_tau2": null', '"exact_tau2": 0', "cores[0].exact_tau2 is 0"),
        ('"threshold_up"', '"treshold_up"', "did you mean 'threshold_up'?"),
        ('"size": 4', '"size": 6', "an UP and a DOWN line for each channel"),
    ],
)
def test_edited_by_hand(path, old, new, text):
    whole = path.read_text()
    assert old in whole
    path.write_text(whole.replace(old, new))
    with pytest.raises(BadFile) as error:
        ChipConfig.load(path)
    assert text in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a": 1e999}', b"\0"]
)
def test_what_is_no_settings_file(tmp_path, content):
    path = tmp_path / "chip.json"
    path.write_bytes(content)
    with pytest.raises(BadFile):
        ChipConfig.load(path)


def test_all_problems_of_a_file_at_once(path):
    text = path.read_text().replace('"dt_s": 0.001', '"dt_s": 0').replace('"rk4"', '"rk"')
    path.write_text(text.replace('"tau2": false', '"tau2": 0', 2))
    with pytest.raises(BadFile) as error:
        ChipConfig.load(path)
    assert len(error.value.problems) == 6
