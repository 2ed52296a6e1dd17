"""Everything that a user may get wrong in Python: one kind of error, and it says what the value was."""

from __future__ import annotations

import json

import pytest
import torch

import arcana
from arcana.config import ChipConfig
from arcana.data import load_basic_motions, read_events, read_signal, write_events
from arcana.errors import ArcanaError
from arcana.hardware import load_profile
from arcana.hardware.registry import profile_text
from arcana.model import ADM
from arcana.quantize import BiasGenerator
from arcana.quantize.bias_list import read_bias_list
from arcana.quantize.codes import encode_biases

NAN, INF = float("nan"), float("inf")


def layer(*sizes, **options):
    return arcana.DPILayer(*(sizes or (2, 3)), **options)


def one():
    return load_profile("dynapse1")


def chip_generator():
    return BiasGenerator(one())


def settings(folder):
    net = layer(profile=one(), refractory=1e-3)
    return arcana.map_network(net, one()).configuration().save(folder / "chip.json")


def edited(folder, old, new):
    path = settings(folder)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def profile_file(folder, old, new):
    path = folder / "mine.toml"
    text = profile_text("dynapse1")
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def text_file(folder, text, name="file.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def list_of(*lines):
    return "\n".join(["", *lines])


X = torch.zeros(1, 5, 2)

# name: (call with a folder of its own, what the message must hold)
TABLE = {
    # constructors of layers
    "unknown bias": (lambda d: layer(Itau_mm=1e-12), "Itau_mm", "did you mean 'Itau_mem'?"),
    "unknown bias, chip's name": (lambda d: layer(IF_TAU1_N=1e-12), "IF_TAU1_N", "known"),
    "negative current": (lambda d: layer(Itau_mem=-5e-12), "Itau_mem is -5e-12 A"),
    "nan current": (lambda d: layer(Itau_mem=NAN), "Itau_mem is nan A"),
    "infinite current": (lambda d: layer(Itau_mem=INF), "Itau_mem is inf A"),
    "zero leak": (lambda d: layer(Itau_mem=0), "Itau_mem is 0 A", "> 0"),
    "text for a current": (lambda d: layer(Itau_mem="5 pA"), "Itau_mem is '5 pA'"),
    "None for a current": (lambda d: layer(Itau_mem=None), "Itau_mem is None"),
    "one bad neuron": (lambda d: layer(Idc=[0, 1e-12, -3e-12]), "Idc is -3e-12 A"),
    "values for other neurons": (lambda d: layer(Idc=[1e-12] * 4), "Idc is (4,)", "3 neurons"),
    "out of the generator's range": (lambda d: layer(profile="dynapse1", Idc=1.0), "Idc is 1.0 A", "2.4e-05"),
    "negative refractory": (lambda d: layer(refractory=-1e-3), "refractory is -0.001 s"),
    "several at once": (
        lambda d: layer(0, 3, Itau_mm=1, Idc=-1, solver="rk5", train_foo=True),
        "5 problems",
        "n_in is 0",
        "'Itau_mm'",
        "Idc is -1 A",
        "did you mean 'rk4'?",
        "train_foo",
    ),
    "profile and bias at once": (
        lambda d: layer(profile="dynapse3", Itau_mm=1),
        "2 problems",
        "'dynapse3'",
        "'Itau_mm'",
    ),
    "n_out": (lambda d: layer(2, 2.5), "n_out is 2.5"),
    "dt": (lambda d: layer(dt=0), "dt is 0 s"),
    "dt nan": (lambda d: layer(dt=NAN), "dt is nan s"),
    "fan_in": (lambda d: layer(fan_in=-1), "fan_in is -1"),
    "substeps": (lambda d: layer(substeps=0), "substeps is 0"),
    "substeps of text": (lambda d: layer(substeps="two"), "substeps is 'two'"),
    "leak_saturation": (lambda d: layer(leak_saturation="no"), "leak_saturation is 'no'"),
    "surrogate": (lambda d: layer(surrogate_fn=3), "surrogate_fn is 3"),
    "bias groups with a gap": (lambda d: layer(bias_groups=[0, 2, 2]), "bias_groups is [0, 2, 2]"),
    "bias groups of text": (lambda d: layer(bias_groups=["a", "b", "c"]), "bias_groups is ['a', 'b', 'c']"),
    "train an unknown bias": (lambda d: layer(train_Itau_mm=True), "train_Itau_mm", "did you mean"),
    "train a bias at zero": (lambda d: layer(train_Iw_ahp=True), "Iw_ahp is 0.0 A"),
    "set an unknown bias": (lambda d: layer().set_bias("Igan_mem", 1e-12), "did you mean 'Igain_mem'?"),
    "set a negative bias": (lambda d: layer().set_bias("Igain_mem", -1e-12), "Igain_mem is -1e-12 A"),
    # inputs
    "wrong width": (lambda d: layer()(torch.zeros(1, 5, 7)), "(1, 5, 7)", "(batch, time, 2)"),
    "empty batch": (lambda d: layer()(torch.zeros(0, 5, 2)), "(0, 5, 2)", "at least one series"),
    "no time": (lambda d: layer()(torch.zeros(1, 0, 2)), "(1, 0, 2)"),
    "no tensor": (lambda d: layer()([[0, 1]]), "X is 'list'"),
    "integers": (lambda d: layer()(X.int()), "torch.int32"),
    "nan event": (lambda d: layer()(X + NAN), "X[0, 0, 0] is nan"),
    "negative event": (lambda d: layer()(X - 1), "X[0, 0, 0] is -1.0"),
    "state of another net": (lambda d: layer()(X, layer(2, 4)(X)[1]), "state.Imem", "(1, 4)"),
    "record": (lambda d: arcana.simulate(layer(), X, ("Imen",)), "did you mean 'Imem'?"),
    "simulate another module": (lambda d: arcana.simulate(torch.nn.Linear(2, 2), X), "'Linear'"),
    "empty network": (lambda d: arcana.Sequential(), "at least one module"),
    "layers that do not fit": (lambda d: arcana.Sequential(layer(), layer()), "module 1: n_in is 2", "3"),
    # encoder
    "threshold of zero": (lambda d: ADM(1, 0.0, 0.1, 0), "threshold_up is 0.0"),
    "negative threshold": (lambda d: ADM(1, 0.1, -0.1, 0), "threshold_down is -0.1"),
    "thresholds of other channels": (lambda d: ADM(2, [0.1] * 3, 0.1, 0), "(3,)"),
    "reset": (lambda d: ADM(1, 0.1, 0.1, 0, reset="lvel"), "did you mean 'level'?"),
    "refractory of the encoder": (lambda d: ADM(1, 0.1, 0.1, -1), "refractory is -1"),
    "signal of wrong shape": (lambda d: ADM(1, 0.1, 0.1, 0)(torch.zeros(5, 1)), "(5, 1)"),
    "signal with a hole": (
        lambda d: ADM(1, 0.1, 0.1, 0)(torch.full((1, 5, 1), NAN)),
        "input_signal[0, 0, 0] is nan",
    ),
    "fit a constant": (lambda d: ADM(1, 1, 1, 0).fit(X[..., :1], max_rate=5, dt=1e-3), "constant"),
    "fit to no rate": (lambda d: ADM(2, 1, 1, 0).fit(X, max_rate=-5, dt=0), "max_rate is -5", "dt is 0"),
    # mismatch
    "mismatch of an unknown bias": (lambda d: layer().add_mismatch("Itau_men"), "did you mean 'Itau_mem'?"),
    "mismatch above one": (lambda d: layer().add_mismatch("Itau_mem", 1.5), "is 1.5"),
    "mismatch model": (
        lambda d: arcana.MismatchModel({"Itau_mm": 0.1, "Idc": -1}, "gauss"),
        "3 problems",
        "'Itau_mm'",
        "-1",
        "'gauss'",
    ),
    "chips": (lambda d: arcana.MismatchModel().sample(0, seed=-1), "n_chips is 0", "seed is -1"),
    "mismatch file": (lambda d: arcana.Mismatch.from_dict({"cv": 0.1, "sed": 1}), "did you mean 'seed'?"),
    # profiles
    "profile": (lambda d: load_profile("dynapse3"), "'dynapse3'", "did you mean"),
    "profile file": (lambda d: load_profile(d / "gone.toml"), "gone.toml", "no such file"),
    "profile with an unknown key": (
        lambda d: load_profile(profile_file(d, "kappa_n =", "kapa_n =")),
        "kapa_n",
        "did you mean 'kappa_n'?",
    ),
    "profile with a wrong unit": (
        lambda d: load_profile(profile_file(d, '0.025, unit = "V"', '0.025, unit = "A"')),
        "'A'",
        "'V'",
    ),
    "profile of a newer schema": (
        lambda d: load_profile(profile_file(d, 'schema_version = "1.0"', 'schema_version = "9.0"')),
        "'9.0'",
        "upgrade",
    ),
    "profile that is no TOML": (lambda d: load_profile(profile_file(d, "[chip]", "[chip")), "TOML", "line"),
    "chip bias": (lambda d: chip_generator().code("IF_TAU1_M", 1e-12), "did you mean 'IF_TAU1_N'?"),
    "current of no code": (lambda d: chip_generator().code("IF_DC_P", 1.0), "1.0 A", "24 uA"),
    "code": (lambda d: chip_generator().current("IF_DC_P", 8, 300), "is 8", "is 300"),
    "biases left out": (
        lambda d: encode_biases({"Itau_mem": NAN}, one()),
        "Itau_mem is nan A",
        "Igain_mem is None",
    ),
    # files
    "settings file missing": (lambda d: ChipConfig.load(d / "gone.json"), "gone.json", "no such file"),
    "settings file is a folder": (lambda d: ChipConfig.load(d), "readable"),
    "settings cut off": (lambda d: ChipConfig.load(edited(d, '"cores"', '"co\n')), "cut off"),
    "settings of a newer version": (
        lambda d: ChipConfig.load(edited(d, '"version": 2', '"version": 3')),
        "version is 3",
        "upgrade",
    ),
    "settings of an older version": (
        lambda d: ChipConfig.load(edited(d, '"version": 2', '"version": 1')),
        "version is 1",
        "arcana map",
    ),
    "settings with an unknown key": (
        lambda d: ChipConfig.load(edited(d, '"populations"', '"populatons"')),
        "did you mean 'populations'?",
    ),
    "settings with a code too large": (lambda d: ChipConfig.load(edited(d, '"coarse": 1', '"coarse": 9')), "is 9"),
    "settings of another chip": (
        lambda d: arcana.Emulator.from_config(settings(d), load_profile("dynapse2")),
        "'dynapse2'",
        "'dynapse1'",
    ),
    "settings over an old file": (
        lambda d: ChipConfig.load(settings(d)).save(d / "chip.json", overwrite=False),
        "--force",
    ),
    "recording missing": (lambda d: read_signal(d / "gone.csv"), "no such file"),
    "recording empty": (lambda d: read_signal(text_file(d, "")), "an empty file"),
    "recording binary": (lambda d: read_signal(text_file(d, b"\xff\xfe\0")), "UTF-8"),
    "recording with a bad cell": (lambda d: read_signal(text_file(d, "t,a\n0,1\n1,x\n2,3\n")), "line 3", "'x'"),
    "recording without a clock": (lambda d: read_signal(text_file(d, "a\n1\n2\n")), "dt is None"),
    "recording with a gap": (lambda d: read_signal(text_file(d, "t,a\n0,1\n1,1\n2,1\n4,1\n")), "line 4 to line 5"),
    "events without times": (lambda d: read_events(text_file(d, "time,channel\n1,2\n")), "did you mean 'time'?"),
    "events with bad cells": (
        lambda d: read_events(text_file(d, "time_s,channel,polarity\n-1,0,UP\n0,1.5,UP\n0,0,up\n0,0\n")),
        "4 problems",
        "line 2",
        "'-1'",
        "'1.5'",
        "'up'",
        "2 columns",
    ),
    "events of an empty file": (lambda d: read_events(text_file(d, "# nothing\n")), "an empty file"),
    "events to write": (lambda d: write_events(d / "e.csv", [NAN], [-1], [2]), "times[0] is nan", "is -1", "is 2"),
    "bias list": (
        lambda d: read_bias_list(list_of("C0c0:(IF_TAU1_M,0,1)", "C9c0:(IF_DC_P,85,1)", "hello"), one()),
        "4 problems",
        "did you mean 'IF_TAU1_N'?",
        "is 9",
        "swap the two",
        "'hello'",
    ),
    "bias list for other cores": (
        lambda d: ChipConfig.load(settings(d)).with_biases(read_bias_list("C3c3:(IF_DC_P,0,1)", one())),
        "'C3c3'",
        "C0c0",
    ),
    # quantities
    "unit": (lambda d: arcana.units.parse("5 pV", "A"), "'5 pV'", "'5 pA'"),
    "temperature": (lambda d: arcana.units.thermal_voltage(-3), "-3 K"),
}


def test_the_table_is_as_long_as_it_was_promised():
    assert len(TABLE) >= 75


@pytest.mark.parametrize("name", TABLE)
def test_bad_input(name, tmp_path):
    call, *fragments = TABLE[name]
    with pytest.raises(ArcanaError) as error:
        call(tmp_path)
    text = str(error.value)
    missing = [part for part in fragments if part not in text]
    assert not missing, text
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]  # no half-written file


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = settings(tmp_path)
    before = path.read_bytes()
    config = ChipConfig.load(path)
    monkeypatch.setattr("pathlib.Path.replace", _no_space)
    with pytest.raises(OSError, match="no space"):
        config.model_copy(update={"outputs": []}).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["chip.json"]
    assert json.loads(before)["version"] == 2


def _no_space(*_arguments):
    raise OSError("no space left on device")


def test_shipped_recordings_of_a_damaged_installation(tmp_path, monkeypatch):
    monkeypatch.setattr("arcana.data.shipped.FOLDER", tmp_path)
    with pytest.raises(ArcanaError, match="reinstall arcana"):
        load_basic_motions()
