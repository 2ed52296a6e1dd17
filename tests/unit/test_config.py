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
        arcana.DPILayer(3, 2, profile=chip, refractory=2e-3),
    ]
    net = arcana.Sequential(ADM(2, 0.1, 0.1, 0), *layers)
    return arcana.configure(arcana.graph_of(net), chip, seed=1, note='a [ 1 ] "note"\\ [ 2, 3 ]\n')


@pytest.fixture
def path(config, tmp_path):
    return config.save(tmp_path / "chip.json")


def test_save_load_save(config, path, tmp_path):
    again = ChipConfig.load(path)
    assert again == config
    assert again.save(tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_a_synapse_is_a_line_and_strings_stay_as_they_are(config, path):
    lines = path.read_text().splitlines()
    assert "        [0, 0, 1]," in lines
    assert ChipConfig.load(path).provenance.note == config.provenance.note
    assert path.read_text().endswith("}\n")


def test_the_order_in_the_file_does_not_matter(config, path):
    data = json.loads(path.read_text())
    data["cores"][0]["biases"] = dict(reversed(data["cores"][0]["biases"].items()))
    data["connections"][0]["synapses"].reverse()
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
    assert len(leaves) > 150
    for where in leaves:
        broken = copy.deepcopy(data)
        _put(broken, where, {"not": "this"})
        path.write_text(json.dumps(broken))
        with pytest.raises(BadFile) as error:
            ChipConfig.load(path)
        assert str(where[-1]) in str(error.value), where


def test_every_key_may_be_missing_or_misspelt(path):
    data = json.loads(path.read_text())
    optional = {"seed", "note", "latches", "encoder", "leak_saturation", "substeps", "cams", "srams", "tags"}
    for where in [w for w in _keys(data) if "biases" not in w[:-1] and "latches" not in w[:-1]]:
        broken = copy.deepcopy(data)
        holder = _at(broken, where[:-1])
        value = holder.pop(where[-1])
        path.write_text(json.dumps(broken))
        if where[-1] not in optional:
            with pytest.raises(BadFile):
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
        ('"version": 1', f'"version": {VERSION + 1}', "written by a newer arcana: upgrade with"),
        ('"version": 1', '"version": true', "version is True"),
        ('"version": 1', '"version": "1"', "version is '1'"),
        ("arcana.chip_config", "other", "format is 'other'"),
        ('"dt_s": 0.001', '"dt_s": NaN', "populations[0].dt_s is 'NaN'"),
        ('"dt_s": 0.001', '"dt_s": -0.001', "populations[0].dt_s is -0.001"),
        ('"dt_s": 0.001', '"dt_s": "0.001"', "populations[0].dt_s is '0.001'"),
        ('"coarse": 1', '"coarse": 8', "is 8, allowed: less than or equal to 7"),
        ('"coarse": 1', '"coarse": 1.5', "is 1.5, allowed: a valid integer"),
        ('"fine": 5', '"fine": 300, "fine": 5', "the key 'fine' stands there twice"),
        ('"receptor": "ampa"', '"receptor": "amap"', "did you mean 'ampa'?"),
        ('"solver": "rk4"', '"solver": "rk5"', "did you mean 'rk4'?"),
        ("[0, 0, 1]", "[0, 0, 0]", "synapses[0] is [0, 0, 0]"),
        ("[0, 0, 1]", "[0, 0]", "synapses[0] is [0, 0]"),
        ("[0, 0, 1]", "[9, 0, 1]", "pre < 4, post < 3"),
        ('"target": "layer1"', '"target": "layer9"', "target is 'layer9', allowed: one of input, layer0, layer1"),
        ('"name": "layer1"', '"name": "layer0"', "names used once"),
        ('"core": 1', '"core": 0', "each (chip, core) once"),
        ('"channels": 2', '"channels": 3', "3 thresholds, one for each channel"),
        ('"cams": []', '"cams": [1]', "cams is [1]"),
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
    text = path.read_text().replace('"dt_s": 0.001', '"dt_s": 0').replace('"rk4"', '"rk"').replace('"ampa"', '"am"')
    path.write_text(text)
    with pytest.raises(BadFile) as error:
        ChipConfig.load(path)
    assert len(error.value.problems) == 6
