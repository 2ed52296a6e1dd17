"""Everything that a user may get wrong on the way to a chip: graphs, the mapper, netlists, address events."""

from __future__ import annotations

import pytest
import torch

import arcana
from arcana.data.aer import address_events, read_address_events, write_address_events
from arcana.errors import ArcanaError, BadInput
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.hardware.defects import DefectMap

NAN = float("nan")


def one():
    return load_profile("dynapse1")


def layer(*sizes, **options):
    return arcana.DPILayer(*(sizes or (2, 3)), **options)


def mapped(*sizes, to=None, **options):
    """A layer on a chip; options of the mapper begin with ``map_``."""
    of_map = {name.removeprefix("map_"): options.pop(name) for name in list(options) if name.startswith("map_")}
    return arcana.map_network(
        layer(*sizes, profile=one(), **{"refractory": 1e-3, **options}), to or one(), **of_map
    )


def graph(*synapses, receptor="ampa", biases=None, **of_population):
    """Three neurons that send to each other."""
    start = {**one().default_biases(), "refractory": 1e-3, **(biases or {})}
    start = {name: value for name, value in start.items() if value is not None}
    population = Population(**{"name": "p", "size": 3, "dt": 1e-3, "biases": start, **of_population})
    return NetworkGraph((), (population,), (Projection.of("p", "p", receptor, synapses or [(0, 1, 1)]),))


def map_graph(*synapses, **options):
    return arcana.map_network(graph(*synapses, **options), one())


def settings(folder):
    return mapped().configuration().save(folder / "chip.json")


def emulator(folder):
    return arcana.Emulator.from_config(settings(folder), one())


def events(*rows, out=False):
    return address_events(rows, out)


def netlist(text):
    return arcana.read_netlist("\n" + text, one())


def text_file(folder, text):
    path = folder / "file.csv"
    path.write_text(text)
    return path


X = torch.zeros(1, 5, 2)

# name: (call with a folder of its own, what the message must hold)
TABLE = {
    # graphs
    "count of a synapse": (lambda d: graph((0, 1, -2)), "p -> p (ampa): count is -2", "finite numbers > 0"),
    "synapse to nowhere": (lambda d: graph((0, 3, 1)), "p -> p (ampa): post is 3", "0 to 2"),
    "synapse from nowhere": (lambda d: graph((-1, 0, 1)), "p -> p (ampa): pre is -1", "0 to 2"),
    "unknown delay": (
        lambda d: NetworkGraph((), graph().populations, (Projection.of("p", "p", "ampa", [], "long"),)),
        "p -> p (ampa): delay is 'long'",
        "none, precise, mismatched",
    ),
    "unknown receptor": (lambda d: map_graph(receptor="amap"), "'amap'", "ampa"),
    "unknown solver of a population": (lambda d: map_graph(solver="rk5"), "solver is 'rk5'", "rk4"),
    "step of a population": (lambda d: map_graph(dt=NAN), "dt", "nan"),
    "step of zero": (lambda d: map_graph(dt=0.0), "dt", "0.0"),
    "inner steps of a population": (lambda d: map_graph(substeps=0), "substeps is 0"),
    "exact nan bias": (
        lambda d: arcana.map_network(graph(biases={"Idc": NAN}), one(), exact=True),
        "Idc is nan",
    ),
    "unknown bias of a population": (lambda d: map_graph(biases={"Idd": 1e-12}), "'Idd'", "did you mean 'Idc'?"),
    "missing bias of a population": (lambda d: map_graph(biases={"Idc": None}), "p[0].Idc is None A"),
    "nan bias of a population": (lambda d: map_graph(biases={"Idc": NAN}), "p[0].Idc is nan A"),
    "biases of other neurons": (lambda d: map_graph(biases={"Idc": (1e-12,) * 4}), "p.Idc", "4", "3"),
    "names twice": (
        lambda d: NetworkGraph((Source("p", 2),), graph().populations, ()),
        "name is 'p'",
        "names used once",
    ),
    "no neurons": (lambda d: NetworkGraph((Source("in", 2),), (), ()), "populations is ()"),
    "size of a source": (lambda d: NetworkGraph((Source("in", 0),), graph().populations, ()), "in: size is 0"),
    "unknown output": (
        lambda d: NetworkGraph((), graph().populations, (), outputs=("q",)),
        "outputs is 'q'",
        "populations: p",
    ),
    "projection to a source": (
        lambda d: NetworkGraph(
            (Source("in", 1),), graph().populations, (Projection.of("p", "in", "ampa", [(0, 0, 1)]),)
        ),
        "projection is 'p -> in (ampa)'",
    ),
    # mapping
    "a bias that the chip lacks": (lambda d: mapped(Ith=1e-9), "layer0[0].Ith", "its layout fixes it"),
    "no refractory period": (lambda d: mapped(refractory=0), "layer0[0].refractory is 0.0 s", "17.9 on dynapse1"),
    "too many input words": (
        lambda d: map_graph((0, 1, 40), (2, 1, 25)),
        "p[1]: input words is 65",
        "at most 64",
        "split='prune' or split='relay'",
    ),
    "too many neurons": (lambda d: map_graph(size=4097), "neurons is 4097", "at most 4096"),
    "a network without layers": (lambda d: arcana.map_network(torch.nn.Linear(2, 2), one()), "'Linear'"),
    "a network of nothing": (lambda d: arcana.map_network(None, one()), "net is 'NoneType'"),
    "a chip without tables": (
        lambda d: arcana.map_network(graph(), load_profile("ideal")),
        "'ideal'",
        "dynapse1",
    ),
    "map on an unknown chip": (lambda d: arcana.map_network(graph(), "dynapse3"), "did you mean 'dynapse2'?"),
    "map on no profile": (lambda d: arcana.map_network(graph(), 3), "profile is 3"),
    "constants of another chip": (lambda d: arcana.map_network(layer(), one()), "make the layers with profile="),
    "weights": (lambda d: mapped(map_weights="swich"), "weights is 'swich'", "did you mean 'switch'?"),
    "switches that the chip lacks": (lambda d: mapped(map_weights="switch"), "weights is 'switch'", "repeat"),
    "split": (lambda d: mapped(map_split="relays"), "split is 'relays'", "None, 'relay' or 'prune'"),
    "share": (lambda d: mapped(map_share="near"), "share is 'near'", "did you mean 'nearest'?"),
    "method": (lambda d: mapped(map_method="fast"), "method is 'fast'"),
    "seed of the mapper": (lambda d: mapped(map_seed=-1), "seed is -1"),
    "seed with a fraction": (lambda d: mapped(map_seed=1.5), "seed is 1.5"),
    "note that is no text": (lambda d: mapped(map_note=3), "note is 3"),
    "rates of an unknown part": (lambda d: mapped(map_rates={"inptu": 1}), "'inptu'", "did you mean 'input'?"),
    "rates of other lines": (lambda d: mapped(map_rates={"input": [1, 2, 3]}), "rates['input']", "2 numbers"),
    "negative rates": (lambda d: mapped(map_rates={"input": -1}), "rates['input'] is -1", "finite numbers >= 0"),
    "defects that are a list": (lambda d: mapped(map_defects=[(0, 0, 1)]), "defects", "DefectMap"),
    "rates that are a list": (lambda d: mapped(map_rates=[1]), "rates is [1] Hz", 'a table such as {"in": 20}'),
    "rates beyond all neurons": (lambda d: mapped(map_rates={"input": 1e308}), "rates['input'] is 1e+308", "1e+09"),
    "rates that are none": (lambda d: mapped(map_rates={"input": NAN}), "rates['input'] is nan"),
    "exact as text": (lambda d: mapped(map_exact="yes"), "exact is 'yes'", "True or False"),
    "half of a character in the note": (lambda d: mapped(map_note="\ud800"), r"note is '\ud800'", "UTF-8"),
    "a delay that the chip lacks": (
        lambda d: arcana.map_network(
            NetworkGraph((), graph().populations, (Projection.of("p", "p", "ampa", [(0, 1, 1)], "precise"),)), one()
        ),
        "p -> p (ampa): delay is 'precise', allowed: none: the input words of dynapse1 have no precise delay",
    ),
    "settings saved to nowhere": (lambda d: mapped().configuration().save(None), "path is None"),
    "defects beyond the board": (
        lambda d: mapped(map_defects=DefectMap.of([(0, 0, 256)])),
        "neuron of defect (0, 0, 256, None, None) is 256",
        "0 to 255",
    ),
    # netlists
    "netlist that is missing": (lambda d: arcana.read_netlist(d / "gone.net", one()), "gone.net", "no such file"),
    "netlist without a population": (
        lambda d: netlist("input a 2"),
        "netlist is 'no population'",
        "population NAME",
    ),
    "netlist with a strange line": (lambda d: netlist("populaton E 8"), "line 2 is 'populaton E 8'", "one of: dt"),
    "netlist with many faults": (
        lambda d: netlist(
            "dt 0 ms\ninput a 0\npopulation E two Idd=1pA Idc=5pV Itau_mem=-1pA solver=rk5\na[0] -> F ampa\n"
            "a[1] -> E amap\na -> E ampa 1.5\na -> E ampa 1 late\npopulation a 3\noutputs G"
        ),
        "line 2, dt",
        "line 3, size is '0'",
        "line 4, size is 'two'",
        "line 4, bias is 'Idd'",
        "line 4, Idc is '5pV'",
        "line 4, Itau_mem is -1e-12",
        "line 4, solver is 'rk5'",
        "line 5, target is 'F'",
        "line 6, sender is 'a[1]'",
        "line 6, receptor is 'amap'",
        "line 7, count is '1.5'",
        "line 8, count is '1 late'",
        "line 9, name is 'a'",
        "line 10, output is 'G'",
    ),
    # address events
    "events that run backwards": (
        lambda d: events((0.2, 0, 1, 5), (0.1, 0, 1, 5)),
        "events[1], time_s is 0.1 s",
        "at least 0.2",
    ),
    "events before the start": (lambda d: events((-0.1, 0, 1, 5)), "events[0], time_s is -0.1 s"),
    "events at no time": (lambda d: events((NAN, 0, 1, 5)), "events[0], time_s is nan s"),
    "events with a negative address": (lambda d: events((0.1, 0, 1, -5)), "events[0].tag is -5"),
    "events with other columns": (
        lambda d: events((0.1, 0, 1, 5, 7)),
        "events[0]",
        "time_s, chip, cores, tag",
    ),
    "event of no input line": (
        lambda d: arcana.run_events(emulator(d), events((0.1, 0, 1, 1000))),
        "events[0] is 'chip 0, cores 0b0001, tag 1000'",
        "one of the input lines",
    ),
    "no events and no duration": (lambda d: arcana.run_events(emulator(d), events()), "events is 'none'"),
    "duration of a run": (
        lambda d: arcana.run_events(emulator(d), events(), duration=-1),
        "duration is -1 s",
        "a finite number, at least a time step of 0.001",
    ),
    "output events as input": (
        lambda d: arcana.run_events(emulator(d), events((0.1, 0, 0, 3, 5), out=True)),
        "time_s, chip, cores, tag",
    ),
    "file of events without a header": (
        lambda d: read_address_events(text_file(d, "0.1,0,1,5\n")),
        "header is '0.1,0,1,5'",
        "time_s,chip,cores,tag or time_s,chip,core,neuron,tag",
    ),
    "file of bad events": (
        lambda d: read_address_events(
            text_file(d, "time_s,chip,cores,tag\n0.2,0,1,5\n0.1,0,1,5\nx,0,1,5\n0.3,0,1\n0.3,0,1,-2\n0.4,0,1,1e3\n")
        ),
        "5 problems",
        "line 3, time_s is 0.1 s",
        "line 4 is 'x,0,1,5'",
        "line 5 is '0.3,0,1'",
        "line 6, tag is -2",
        "line 7 is '0.4,0,1,1e3'",
    ),
    "events to a file that exists": (
        lambda d: write_address_events(text_file(d, "mine"), events((0.1, 0, 1, 5))),
        "file.csv",
        "does not exist yet",
    ),
    # emulation
    "emulate nothing": (lambda d: arcana.Emulator.from_config(None, one()), "config is 'NoneType'", "a Mapping"),
    "emulate a number": (lambda d: arcana.Emulator.from_config(3, one()), "config is 'int'"),
    "emulate with the name of a defect map": (
        lambda d: arcana.Emulator.from_config(settings(d), one(), defects="d.csv"),
        "defects is 'd.csv'",
        "DefectMap.read(path, profile)",
    ),
    "emulate on no profile": (lambda d: arcana.Emulator.from_config(settings(d), None), "profile is None"),
    "emulate with a number for mismatch": (
        lambda d: arcana.Emulator.from_config(settings(d), one(), 0.1),
        "mismatch is 0.1",
        "MismatchModel",
    ),
    "emulate with another width": (lambda d: emulator(d)(torch.zeros(1, 5, 7)), "(1, 5, 7)", "(batch, time, 2)"),
    "emulate with an unknown record": (
        lambda d: emulator(d).simulate(X, ("Imen",)),
        "did you mean 'Imem'?",
    ),
    "agreement with a file": (
        lambda d: arcana.agreement(layer(2, 3, profile=one()), "c2.json", X),
        "emulator is 'str'",
        "Emulator.from_config(config, profile)",
    ),
    "agreement of nothing": (lambda d: arcana.agreement(None, emulator(d), X), "net is 'NoneType'", "a Mapping"),
    "agreement on a list": (lambda d: arcana.agreement(graph(), emulator(d), [1]), "data is 'list'", "a tensor"),
    "agreement within no time": (
        lambda d: arcana.agreement(mapped(), emulator(d), X, within=-1),
        "within is -1 s",
        "a finite number >= 0",
    ),
    "agreement of a graph with other names": (
        lambda d: arcana.agreement(graph(), emulator(d), X),
        "output of the emulator is 'layer0[0]'",
        "one of the network: p (3)",
    ),
    "agreement of a graph for another chip": (
        lambda d: arcana.agreement(layer(2, 3).graph(), emulator(d), X),
        "constants behind the biases",
        "those of dynapse1",
    ),
    "agreement of other outputs": (
        lambda d: arcana.agreement(layer(2, 4, profile=one()), emulator(d), X),
        "outputs of the emulator is (1, 5, 3)",
        "(1, 5, 4)",
    ),
}


def test_the_table_is_as_long_as_it_was_promised():
    assert len(TABLE) >= 60


@pytest.mark.parametrize("name", TABLE)
def test_bad_input(name, tmp_path):
    call, *fragments = TABLE[name]
    with pytest.raises(ArcanaError) as error:
        call(tmp_path)
    text = str(error.value)
    missing = [part for part in fragments if part not in text]
    assert not missing, text


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(wrong):
    layer = arcana.DPILayer(2, 3, profile=load_profile("dynapse1"))
    with torch.no_grad():
        layer.W_ampa[1, 0] = wrong
    with pytest.raises(BadInput, match=r"module 0: W_ampa\[1, 0\] is (nan|inf)"):
        arcana.map_network(layer, "dynapse1")
