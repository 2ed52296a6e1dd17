"""Drawn settings in every form: written, read and written again they are the same bytes, and nothing was lost."""

from __future__ import annotations

import warnings
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcana.config import ChipConfig
from arcana.errors import ArcanaWarning, BadInput
from arcana.hardware import load_profile
from arcana.interop import FORMS, export_config, import_config
from arcana.interop.samna_common import idle_codes

BOTH = ("dynapse1", "dynapse2")
READ = [(family, f.name) for f in FORMS.values() if f.read is not None for family in f.families]
legal_name = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.:>-]{0,8}", fullmatch=True)
BIASES = ("bias-text", "set-bias", "netparser")
LOW_RANGE = ("netparser", "caer-words")


@cache
def chip(name):
    return load_profile(name)


@cache
def small(name):
    """The same chip with 4 neurons in a core and 4 input words: the vendor's files list every one of them."""
    whole = chip(name)
    topology = whole.topology.model_copy(update={"neurons_per_core": 4, "cam_per_neuron": 4})
    return whole.model_copy(update={"name": f"{name}-small", "topology": topology})


@st.composite
def boards(draw, profile, low_range=False):
    """Settings whose tables fit the chip; they need not make a sensible network."""
    se1 = profile.family == "dynapse1"
    cores = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=3, unique=True))
    slots = [(chip, core, n) for chip, core in cores for n in (1, 2, profile.neurons_per_core - 1)]
    places = draw(st.lists(st.sampled_from(slots), max_size=5, unique=True))
    names = draw(st.lists(legal_name, min_size=2, max_size=2, unique=True))
    owner = [draw(st.sampled_from(names)) for _ in places]
    ranks = [owner[:k].count(name) for k, name in enumerate(owner)]
    inputs = draw(st.lists(st.tuples(legal_name, st.integers(1, 3)), max_size=2, unique_by=lambda i: i[0]))
    read = draw(st.lists(st.sampled_from(places), max_size=3)) if places else []
    tags = st.integers(1, 4 * profile.neurons_per_core - 1 if se1 else 2047)
    return ChipConfig.model_validate(
        {
            "profile": {"name": profile.name, "hash": profile.hash()},
            "provenance": {"arcana_version": "0"},
            "populations": [
                {"name": n, "size": owner.count(n), "dt_s": 1e-3} for n in dict.fromkeys(owner)
            ],
            "inputs": [
                {"name": n, "size": size, "events": draw(st.lists(events(size, tags), max_size=4))}
                for n, size in inputs
            ],
            "outputs": [{"name": draw(legal_name), "neurons": [[*p, draw(tags)] for p in read]}],
            "cores": [draw(cores_of(profile, place, low_range)) for place in cores],
            "neurons": [
                {
                    "chip": p[0], "core": p[1], "neuron": p[2], "population": name, "index": rank,
                    "tau2": se1 and draw(st.booleans()), "cams": draw(cams(profile, tags)),
                    "srams": draw(srams(profile, p, tags)),
                }
                for p, name, rank in zip(places, owner, ranks, strict=True)
            ],
        }
    )  # fmt: skip


def events(size, tags):
    return st.tuples(st.integers(0, size - 1), tags, st.integers(0, 3), st.integers(1, 15)).map(list)


@st.composite
def cores_of(draw, profile, place, low_range):
    names = sorted(name for name, bias in profile.bias.items() if bias.scope == "core")
    codes = st.integers(0, profile.biasgen.coarse_codes - 1)
    flag = st.booleans() if low_range else st.just(False)
    code = st.fixed_dictionaries({"coarse": codes, "fine": st.integers(0, 255), "low_range": flag})
    latches = (
        st.dictionaries(st.sampled_from(sorted(profile.latch)), st.booleans()) if profile.latch else st.just({})
    )
    biases = draw(st.dictionaries(st.sampled_from(names), code, min_size=1, max_size=30))
    return {"chip": place[0], "core": place[1], "biases": biases, "latches": draw(latches)}


@st.composite
def cams(draw, profile, tags):
    words = draw(st.lists(st.integers(0, profile.fan_in - 1), max_size=5, unique=True))
    codes = sorted(r.code for r in profile.synapse.receptor.values())
    most, flags = (1 << profile.synapse.weight_bits) - 1, 7 if profile.synapse.weight_bits else 0
    few = draw(tags)  # so that some words have equal tags
    return [
        [
            w, draw(tags | st.just(few)), draw(st.sampled_from(codes)),
            draw(st.integers(1, most)) if most else 0, draw(st.integers(0, flags)),
        ]
        for w in words
    ]  # fmt: skip


@st.composite
def srams(draw, profile, place, tags):
    topology = profile.topology
    words = [w for w in range(4) if w not in topology.monitor_destinations]
    found = []
    for w in draw(st.lists(st.sampled_from(words), max_size=3, unique=True)):
        (x, y), (u, v) = topology.chip_positions[place[0]], draw(st.sampled_from(topology.chip_positions))
        own = draw(st.integers(0, 3)) * profile.neurons_per_core + place[2]
        tag = own if profile.family == "dynapse1" else draw(tags)
        found.append([w, tag, draw(st.integers(1, 15)), u - x, v - y])
    if topology.monitor_hops is not None and draw(st.booleans()):
        found.append([3, draw(tags), draw(st.integers(0, 15)), *topology.monitor_hops])
    return found


def rows(config):
    """The tables of all neurons that have any."""
    found = {(n.chip, n.core, n.neuron): (sorted(n.cams), sorted(n.srams)) for n in config.neurons}
    return {place: tables for place, tables in found.items() if any(tables)}


def codes(config):
    return {(c.chip, c.core, name): code for c in config.cores for name, code in c.biases.items()}


def not_idle(found, idle):
    return {key: code for key, code in found.items() if (code.coarse, code.fine) != idle.get(key[2])}


def converted(config, profile, form, **options):
    """Text, settings read from it, and the text of those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArcanaWarning)  # drawn boards break rules, and lists look turned round
        text = export_config(config, profile, form, **options)
        again = import_config(text, profile, form, **options)
        return text, again, export_config(again, profile, form, **options)


@pytest.mark.parametrize(("family", "form"), READ)
@given(data=st.data())
def test_written_read_and_written_again(family, form, data):
    profile = small(family) if form.startswith("samna") else chip(family)
    config = data.draw(boards(profile, form in LOW_RANGE))
    options = {}
    if form in BIASES and family == "dynapse1":
        options["dialect"] = data.draw(st.sampled_from(["samna", "caer"]))
    if form == "bias-text":
        options["order"] = data.draw(st.sampled_from(["coarse-fine", "fine-coarse"]))
    text, again, second = converted(config, profile, form, **options)
    assert second.encode() == text.encode()
    holds = FORMS[form].holds
    if "biases" in holds:
        idle = idle_codes(profile) if form.startswith("samna") else {}  # what these files are filled up with
        ours, theirs = (not_idle(codes(c), idle) for c in (config, again))
        assert ours == theirs
    if "tables" in holds:
        assert rows(again) == rows(config)
    if "inputs" in holds:
        kept = {(n.chip, n.core, n.neuron): (n.population, n.index, n.tau2) for n in config.neurons}
        assert {(n.chip, n.core, n.neuron): (n.population, n.index, n.tau2) for n in again.neurons} == kept
        assert [(i.name, i.size, sorted(i.events)) for i in again.inputs] == [
            (i.name, i.size, sorted(i.events)) for i in config.inputs
        ]
        assert again.outputs == config.outputs


@pytest.mark.parametrize(("family", "form"), READ)
@given(data=st.data())
def test_a_damaged_text_is_refused_or_still_settings(family, form, data):
    profile = small(family) if form.startswith("samna") else chip(family)
    text = written(family, form)
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from([*'{}[]()":,-=>#x019aU \n\u00e9', "", '"a"', "9" * 20]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArcanaWarning)
        try:
            import_config("\n" + text[:at] + put + text[at + 1 :], profile, form)
        except BadInput as error:
            refused = error.problems
        else:
            refused = None
    assert refused is None or all(problem.allowed for problem in refused)


@cache
def written(family, form):
    profile = small(family) if form.startswith("samna") else chip(family)
    se1 = family == "dynapse1"
    kind = next(iter(profile.synapse.receptor.values())).code
    neuron = {"chip": 1, "core": 2, "neuron": 3, "population": "a->b", "index": 0, "tau2": False}
    neuron["cams"] = [
        [0, 9, kind, 0 if se1 else 5, 0 if se1 else 3],
        [3, 9, kind, 0 if se1 else 5, 0 if se1 else 3],
    ]
    neuron["srams"] = [[1, profile.neurons_per_core + 3, 4, -1, 1]]
    names = [name for name, bias in profile.bias.items() if bias.scope == "core"][:3]
    config = ChipConfig.model_validate(
        {
            "profile": {"name": profile.name, "hash": profile.hash()},
            "provenance": {"arcana_version": "0"},
            "populations": [{"name": "a->b", "size": 1, "dt_s": 1e-3}],
            "inputs": [{"name": "in", "size": 2, "events": [[1, 9, 1, 4]]}],
            "outputs": [{"name": "out", "neurons": [[1, 2, 3, 9]]}],
            "cores": [{"chip": 1, "core": 2, "biases": {n: {"coarse": 1, "fine": 9} for n in names}}],
            "neurons": [neuron],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArcanaWarning)
        return export_config(config, profile, form)
