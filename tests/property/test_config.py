"""Settings files and codes under drawn values."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcana.circuits.names import BIASES
from arcana.config import (
    BiasCode,
    ChipConfig,
    CoreBiases,
    EncoderSettings,
    InputLines,
    OutputLines,
    PlacedNeuron,
    PlacedPopulation,
    ProfileId,
    Provenance,
)
from arcana.errors import BadFile, BadInput
from arcana.hardware import load_profile
from arcana.quantize import BiasGenerator, Code
from arcana.quantize.bias_list import bias_list, read_bias_list
from arcana.quantize.codes import CoreCodes, bias_limits, decode_biases, encode_biases

text = st.text(max_size=12)
legal_name = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.:>-]{0,11}", fullmatch=True)
positive = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)
codes = st.builds(BiasCode, coarse=st.integers(0, 7), fine=st.integers(0, 255), low_range=st.booleans())


def rows(*columns):
    """Rows of a table: some columns have limits, others hold any number."""
    return st.lists(st.tuples(*columns).map(list), max_size=4)


number = st.integers(-9, 5000)
parts = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@st.composite
def configs(draw):
    names = draw(st.lists(legal_name, min_size=2, max_size=4, unique=True))
    channels = draw(st.integers(1, 3))
    thresholds = st.lists(positive, min_size=channels, max_size=channels)
    sizes = {name: draw(st.integers(1, 9)) for name in names[1:]}
    places = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=3, unique=True))
    encoder = EncoderSettings(
        channels=channels,
        threshold_up=draw(thresholds),
        threshold_down=draw(thresholds),
        refractory_steps=draw(st.integers(0, 99)),
        reset=draw(st.sampled_from(["level", "signal"])),
        events_per_step=draw(st.integers(1, 99)),
        upsample=draw(st.integers(1, 99)),
    )
    line = st.integers(0, 2 * channels - 1)
    everyone = [(name, k) for name, size in sizes.items() for k in range(size)]
    outputs = [
        OutputLines(name=name, neurons=draw(rows(*[number] * 4))) for name in draw(st.sets(legal_name, max_size=2))
    ]
    return ChipConfig(
        profile=ProfileId(name=draw(text), hash=draw(text)),
        provenance=Provenance(
            arcana_version=draw(text), seed=draw(st.none() | st.integers()), note=draw(st.text(max_size=40))
        ),
        inputs=[InputLines(name=names[0], size=2 * channels, events=draw(rows(line, number, number, number)))],
        outputs=outputs,
        encoder=draw(st.none() | st.just(encoder)),
        populations=[
            PlacedPopulation(
                name=name,
                size=size,
                dt_s=draw(st.floats(1e-7, 0.1)),
                solver=draw(st.sampled_from(["rk4", "heun", "euler"])),
                leak_saturation=draw(st.booleans()),
                substeps=draw(st.none() | st.integers(1, 99)),
                stage=draw(st.integers(0, 9)),
            )
            for name, size in sizes.items()
        ],
        cores=[draw(cores(chip, core)) for chip, core in places],
        neurons=draw(st.permutations([draw(neurons(*who, *draw(st.sampled_from(places)))) for who in everyone])),
    )


@st.composite
def cores(draw, chip, core):
    """Codes, or exact values."""
    own = {
        "biases": draw(st.dictionaries(text, codes, max_size=4)),
        "latches": draw(st.dictionaries(text, st.booleans(), max_size=2)),
    }
    exact = {
        "exact": draw(st.dictionaries(st.sampled_from(sorted(BIASES)), parts, max_size=3)),
        "exact_switches": draw(st.lists(parts, max_size=4)),
        "exact_tau2": draw(st.none() | positive),
    }
    return CoreBiases(chip=chip, core=core, **draw(st.sampled_from([own, exact])))


@st.composite
def neurons(draw, population, index, chip, core):
    """A neuron in any place of a core, with any tables."""
    return PlacedNeuron(
        chip=chip,
        core=core,
        neuron=draw(st.integers(0, 999)),
        population=population,
        index=index,
        tau2=draw(st.booleans()),
        cams=draw(rows(*[number] * 5)),
        srams=draw(rows(*[number] * 5)),
    )


def problems_of(kind, call, *arguments):
    """What a call refuses; None if it takes it. Another kind of error fails the test."""
    try:
        call(*arguments)
    except kind as error:
        return error.problems
    return None


@given(configs())
def test_save_load_save_gives_the_same_bytes(config):
    with tempfile.TemporaryDirectory() as folder:
        path = config.save(Path(folder) / "a.json")
        again = ChipConfig.load(path)
        assert again.to_json().encode() == path.read_bytes()
        assert again.provenance == config.provenance
        assert again.populations == config.populations
        assert len(again.neurons) == len(config.neurons)
        assert in_order(again) == in_order(config)


def in_order(config):
    """Cores, neurons and lines without the order, which the file puts right."""
    held = config.model_dump()
    for part in (*held["neurons"], *held["inputs"]):
        for name in ("cams", "srams", "events"):
            part[name] = sorted(part.get(name, []))
    held["neurons"].sort(key=lambda n: (n["population"], n["index"]))
    held["cores"].sort(key=lambda c: (c["chip"], c["core"]))
    return held


@given(configs(), st.data())
def test_a_damaged_file_is_a_bad_file_or_still_the_settings(config, data):
    """One character changed: refused as a BadFile, or read as settings; never another error."""
    with tempfile.TemporaryDirectory() as folder:
        path = config.save(Path(folder) / "a.json")
        whole = path.read_text(encoding="utf-8")
        at = data.draw(st.integers(0, len(whole) - 1))
        put = data.draw(st.sampled_from(list('{}[],:"0-9eE.\\ntfN\u00e9')) | st.just(""))
        path.write_text(whole[:at] + put + whole[at + 1 :], encoding="utf-8")
        found = problems_of(BadFile, ChipConfig.load, path)
        assert found is None or found


def legal(profile, name, default):
    low, high = bias_limits(profile, name)
    if profile.chip_bias_for(name) is None:
        return st.just(default)
    return st.floats(math.log(low), math.log(high)).map(math.exp).map(lambda x: min(max(x, low), high))


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
@given(data=st.data())
def test_decoded_biases_stay_and_come_near(name, data):
    profile = load_profile(name)
    asked = {bias: data.draw(legal(profile, bias, v), bias) for bias, v in profile.default_biases().items()}
    for pulse in ("pulse", "pulse_ahp"):
        if profile.chip_bias_for(pulse) is not None:
            asked[pulse] = data.draw(legal(profile, pulse, None), pulse)
    first = encode_biases(asked, profile)
    made = decode_biases(first, profile)
    assert decode_biases(encode_biases(made, profile), profile) == made
    generator = BiasGenerator(profile)
    for bias in asked:
        chip_bias = profile.chip_bias_for(bias)
        if chip_bias is not None:
            levels = generator.levels(chip_bias.name)
            assert generator.current(chip_bias.name, *first.codes[chip_bias.name]) in levels


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
@given(data=st.data())
def test_any_codes_survive_the_text_list(name, data):
    profile = load_profile(name)
    count = BiasGenerator(profile).levels("IF_DC_P" if name == "dynapse1" else "SOIF_DC_P").shape[0]
    # Leaks stay at the small end, so that nothing looks like the other order.
    names = [b.name for b in profile.bias.values() if b.scope == "core" and "TAU" not in b.name]
    some = st.dictionaries(
        st.sampled_from(names),
        st.builds(BiasCode, coarse=st.integers(0, count - 1), fine=st.integers(0, 255)),
        min_size=1,
    )
    core = CoreBiases(chip=data.draw(st.integers(0, 3)), core=data.draw(st.integers(0, 3)), biases=data.draw(some))
    dialects = ["samna", "caer"] if name == "dynapse1" else ["samna"]
    dialect = data.draw(st.sampled_from(dialects))

    class Holder:
        cores = (core,)

    (again,) = read_bias_list(bias_list(Holder(), profile, dialect), profile, dialect)
    assert (again.chip, again.core) == (core.chip, core.core)
    assert again.biases == {n: Code(c.coarse, c.fine) for n, c in core.biases.items()}


@given(st.text(alphabet="C01c:(,)#IF_DC_P \n-9", max_size=60))
def test_any_text_is_a_list_or_refused_with_its_lines(drawn):
    profile = load_profile("dynapse1")
    found = problems_of(BadInput, read_bias_list, "\n" + drawn, profile)
    assert found is None or all(p.field.startswith(("line ", "list")) for p in found)


def test_core_codes_of_a_list_decode():
    profile = load_profile("dynapse2")
    biases = {**profile.default_biases(), "refractory": 1e-3}
    made = encode_biases(biases, profile)
    core = CoreBiases(
        chip=0, core=0, biases={n: BiasCode(coarse=c.coarse, fine=c.fine) for n, c in made.codes.items()}
    )

    class Holder:
        cores = (core,)

    (again,) = read_bias_list(bias_list(Holder()), profile)
    assert decode_biases(CoreCodes(again.biases, made.latches), profile) == decode_biases(made, profile)
