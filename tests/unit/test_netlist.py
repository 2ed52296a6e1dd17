"""Netlists: what a line means, that writing and reading are inverse, and every refused line with its number."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import chain, loop

from arcana.errors import BadFile, BadInput
from arcana.graph import Encoder, NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.netlist import read_netlist, write_netlist

CHIP = load_profile("dynapse1")

TEXT = """
# a comment
dt 0.5 ms
input IN 4
population E 8  Itau_mem=5pA Idc=20pA refractory=2ms  # another
population I 2  solver=heun
IN[0] -> E[0:4]  ampa 2
E -> I           nmda
I[1] -> E        GABAA 3 precise
I -> E[7]        gabaa 1 mismatched
outputs E I
"""


def read(text, chip=CHIP):
    return read_netlist("\n" + text, chip)


def problems_of(call, *arguments):
    """What a call refuses; empty if it takes it. Another kind of error fails the test."""
    try:
        call(*arguments)
    except BadInput as error:
        return error.problems
    return ()


def test_every_line():
    graph = read(TEXT)
    assert graph.sources == (Source("IN", 4),)
    e, i = graph.populations
    assert (e.name, e.size, e.dt, e.solver) == ("E", 8, 5e-4, "rk4")
    assert (i.name, i.size, i.dt, i.solver) == ("I", 2, 5e-4, "heun")
    given = {"Itau_mem": 5e-12, "Idc": 2e-11, "refractory": 2e-3}
    assert e.biases == pytest.approx({**CHIP.default_biases(), **given})
    assert i.biases == CHIP.default_biases()
    assert graph.outputs == ("E", "I")
    assert graph.technology == CHIP.technology()
    assert graph.projections == (
        Projection.of("IN", "E", "ampa", [(0, j, 2) for j in range(4)]),
        Projection.of("E", "I", "nmda", [(i, j, 1) for i in range(8) for j in range(2)]),
        Projection.of("I", "E", "gabaa", [(1, j, 3) for j in range(8)], "precise"),
        Projection.of("I", "E", "gabaa", [(0, 7, 1), (1, 7, 1)], "mismatched"),
    )


def test_lines_that_may_be_left_out():
    graph = read("population P 2\n")
    assert graph.populations[0].dt == 1e-3
    assert graph.output_names == ("P",)
    assert (graph.sources, graph.projections) == ((), ())


def test_several_lines_of_one_pair_add_up():
    (made,) = read("population P 3\nP[0] -> P[1] ampa 2\nP[0:2] -> P[1] ampa\nP -> P[1:2] ampa").projections
    assert made.synapses == ((0, 1, 4), (1, 1, 2), (2, 1, 1))


def test_the_step_holds_for_all_populations_wherever_it_stands():
    graph = read("population P 3\ndt 2 ms\npopulation Q 1")
    assert [p.dt for p in graph.populations] == [2e-3, 2e-3]


def test_defaults_are_those_of_the_chip():
    other = load_profile("dynapse2")
    assert dict(read("population P 3", other).populations[0].biases) == other.default_biases()
    assert read("population P 3", other).technology == other.technology()


def test_a_path_a_text_and_a_windows_file_are_the_same(tmp_path):
    path = tmp_path / "net.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert read_netlist(path, CHIP) == read_netlist(str(path), CHIP) == read(TEXT)


@pytest.mark.parametrize("name", ["dynapse1", "dynapse2"])
def test_writing_and_reading_are_inverse(name):
    chip = load_profile(name)
    graph = loop(chip)
    one = replace(graph.populations[2], biases={**graph.populations[2].biases, "Idc": 1 / 3e11})
    graph = replace(graph, populations=(*graph.populations[:2], one))
    again = read_netlist(write_netlist(graph), chip)
    assert again == replace(graph, projections=again.projections)
    assert sorted(again.projections, key=repr) == sorted(graph.projections, key=repr)
    assert write_netlist(again) == write_netlist(graph)
    assert read(write_netlist(read(TEXT))) == read(TEXT)


name = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,7}", fullmatch=True)


@st.composite
def graphs(draw):
    names = draw(st.lists(name, min_size=2, max_size=5, unique=True))
    cut = draw(st.integers(0, len(names) - 1))
    size = st.integers(1, 9)
    sources = tuple(Source(n, draw(size)) for n in names[:cut])
    dt = draw(st.sampled_from([1e-3, 2.5e-4, 1 / 3000]))
    populations = tuple(
        Population(
            n, draw(size), dt, {**CHIP.default_biases(), "Idc": draw(st.floats(0, 1e-9))},
            draw(st.sampled_from(["rk4", "heun", "euler"])),
        )
        for n in names[cut:]
    )  # fmt: skip
    sizes = {p.name: p.size for p in (*sources, *populations)}
    keys = st.tuples(
        st.sampled_from(names),
        st.sampled_from(names[cut:]),
        st.sampled_from(["ampa", "nmda", "gabaa", "gabab"]),
        st.sampled_from(["none", "precise", "mismatched"]),
    )
    projections = []
    for source, target, receptor, delay in draw(st.lists(keys, max_size=4, unique=True)):
        pair = st.tuples(st.integers(0, sizes[source] - 1), st.integers(0, sizes[target] - 1))
        pairs = draw(st.dictionaries(pair, st.integers(1, 64), min_size=1, max_size=6))
        rows = [(*pair, count) for pair, count in pairs.items()]
        projections.append(Projection.of(source, target, receptor, rows, delay))
    outputs = tuple(draw(st.lists(st.sampled_from(names[cut:]), min_size=1, unique=True)))
    return NetworkGraph(sources, populations, tuple(projections), outputs=outputs)


@given(graphs())
def test_any_network_survives(graph):
    assert read_netlist(write_netlist(graph), CHIP) == graph


@pytest.mark.parametrize("odd", ["x->y", "relay:in->out_", "a.b-c", "input", "population", "dt", "outputs", "_1"])
def test_any_name_that_a_graph_takes_can_send_and_be_read(odd):
    """Words of the netlist itself as well: a connection is told by its arrow."""
    synapses = Projection.of(odd, odd, "ampa", [(0, 1, 2)])
    graph = NetworkGraph((), (Population(odd, 2, 1e-3, CHIP.default_biases()),), (synapses,), outputs=(odd,))
    assert read_netlist(write_netlist(graph), CHIP) == graph


@pytest.mark.parametrize("odd", ["1->2", "3", "é", "x[1]", "a'b", 'a"', "a\0", "a\u200b", "-", "\ud800", "a(b"])
def test_a_name_that_no_connection_could_say_is_refused_where_it_is_declared(odd):
    for line in (f"input {odd} 2", f"population {odd} 2"):
        with pytest.raises(BadInput) as error:
            read(f"population P 1\n{line}\n")
        assert str(error.value) == (
            f"line 3, name is {odd!r}, allowed: a letter or _, then any of letters (A to Z), digits and _ . : - >"
        )


HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (
            "population Q 1000000000000",
            "line 4, size is '1000000000000', allowed: a whole number from 1 to 1000000",
        ),
        (f"population Q {HUGE}", "line 4, size is '999"),
        ("input Q 100000000000", "line 4, size is '100000000000'"),
        ("IN -> P ampa 99999999999999999999", "line 4, count is '99999999999999999999', allowed: a whole number"),
        (f"IN -> P ampa {HUGE}", "line 4, count is '999"),
        (f"IN[{HUGE}] -> P ampa", "line 4, sender is 'IN[999"),
        ("IN[::2] -> P ampa", "line 4, sender is 'IN[::2]', allowed: numbers from 0 to 1; a:b is a to b - 1"),
        ("IN[-1] -> P ampa", "line 4, sender is 'IN[-1]', allowed: numbers from 0 to 1; a:b is a to b - 1"),
        ("IN -> P[x] ampa", "line 4, target is 'P[x]', allowed: numbers from 0 to 2"),
        ("IN -> P[] ampa", "line 4, target is 'P[]', allowed: numbers from 0 to 2"),
        ("dt 1e300", "line 4, dt is 1e+300 s, allowed: a number from 1e-07 to 0.1"),
        ("dt 1 ns", "line 4, dt is 1e-09 s, allowed: a number from 1e-07 to 0.1"),
    ],
)
def test_numbers_that_no_board_has_are_refused_with_their_line(line, where):
    with pytest.raises(BadInput) as error:
        read_netlist(f"\ninput IN 2\npopulation P 3\n{line}\n", CHIP)
    assert where in str(error.value)
    assert [p.field[:6] for p in error.value.problems] == ["line 4"]


def test_more_pairs_than_any_board_has_are_refused_before_they_are_made():
    with pytest.raises(BadInput, match="line 4, pairs so far is 1000000000000, allowed: at most 20000000"):
        read("input IN 1000000\npopulation P 1000000\nIN -> P ampa")


def test_a_single_line_is_text_and_so_is_nothing(tmp_path, monkeypatch):
    assert read_netlist("population P 2", CHIP).populations[0].size == 2
    for nothing in ("", "  "):
        with pytest.raises(BadInput, match="netlist is 'no population'"):
            read_netlist(nothing, CHIP)
    monkeypatch.chdir(tmp_path)
    Path("input").write_text("population P 3")
    Path("dt 2").write_text("population P 4")
    assert read_netlist("input", CHIP).populations[0].size == 3
    assert read_netlist(Path("dt 2"), CHIP).populations[0].size == 4


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "net.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.strip().encode())
    assert read_netlist(path, CHIP) == read_netlist("\ufeff" + TEXT, CHIP) == read(TEXT)


def test_what_is_neither_text_nor_a_network():
    with pytest.raises(BadInput, match="path is None, allowed: the path of a file"):
        read_netlist(None, CHIP)
    with pytest.raises(BadInput, match="graph is 'NoneType', allowed: a NetworkGraph"):
        write_netlist(None)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("dt", "line 4"),
        ("dt 1 mV", "line 4, dt is '1 mV'"),
        ("dt 0 s", "line 4, dt is 0.0 s, allowed: a number from 1e-07 to 0.1"),
        ("dt nan s", "line 4, dt"),
        ("dt inf s", "line 4, dt"),
        ("input", "line 4"),
        ("input A", "line 4 is 'input A'"),
        ("input A 0", "line 4, size is '0', allowed: a whole number from 1 to 1000000"),
        ("input A -1", "line 4, size is '-1'"),
        ("input A 2 3", "line 4 is 'input A 2 3'"),
        ("input P 2", "line 4, name is 'P', allowed: names used once"),
        ("population IN 2", "line 4, name is 'IN'"),
        ("population Q 2.5", "line 4, size is '2.5'"),
        ("population Q 2 Idcc=1pA", "line 4, bias is 'Idcc', allowed: a known name (did you mean 'Idc'?)"),
        ("population Q 2 Idc", "line 4, Idc is ''"),
        ("population Q 2 Idc=1pV", "line 4, Idc is '1pV'"),
        ("population Q 2 Idc=nan", "line 4, Idc"),
        ("population Q 2 Idc=-1pA", "line 4, Idc is -1e-12 A, allowed: a number >= 0"),
        ("population Q 2 Itau_mem=0", "line 4, Itau_mem is 0.0 A, allowed: a number > 0"),
        ("population Q 2 Idc=1pA Idc=2pA", "line 4, Idc"),
        ("population Q 2 solver=rk5", "line 4, solver is 'rk5', allowed: one of rk4, heun, euler"),
        ("outputs", "line 4"),
        ("outputs P R", "line 4, output is 'R'"),
        ("outputs IN", "line 4, output is 'IN'"),
        ("IN -> P", "line 4 is 'IN -> P'"),
        ("-> P ampa", "line 4 is '-> P ampa'"),
        ("IN P -> P ampa", "line 4 is 'IN P -> P ampa'"),
        ("R -> P ampa", "line 4, sender is 'R'"),
        ("P -> IN ampa", "line 4, target is 'IN'"),
        ("IN[2] -> P ampa", "line 4, sender is 'IN[2]', allowed: numbers from 0 to 1; a:b is a to b - 1"),
        ("IN[1:1] -> P ampa", "line 4, sender is 'IN[1:1]'"),
        ("IN[1:3] -> P ampa", "line 4, sender is 'IN[1:3]'"),
        ("IN -> P[-1] ampa", "line 4, target is 'P[-1]'"),
        ("IN -> P[0 ampa", "line 4, target is 'P[0'"),
        ("IN -> P amap", "line 4, receptor is 'amap', allowed: a known name (did you mean 'ampa'?)"),
        ("IN -> P ampa 0", "line 4, count is '0'"),
        ("IN -> P ampa 1.5", "line 4, count is '1.5'"),
        ("IN -> P ampa 2 late", "line 4, count is '2 late'"),
        ("IN -> P ampa precise 2", "line 4"),
        ("IN->P ampa", "line 4 is 'IN->P ampa', allowed: one of: dt TIME"),
        ("IN => P ampa", "line 4 is 'IN => P ampa'"),
        ("hello", "line 4 is 'hello', allowed: one of: dt TIME; input NAME SIZE"),
    ],
)
def test_a_refused_line(line, where):
    with pytest.raises(BadInput) as error:
        read_netlist(f"\ninput IN 2\npopulation P 3\n{line}\n", CHIP)
    assert where in str(error.value)
    assert all(p.field.startswith("line 4") for p in error.value.problems)


def test_all_refused_lines_at_once_with_the_path(tmp_path):
    path = tmp_path / "net.txt"
    path.write_text("input IN 2\npopulation P x\nhello\nIN -> Q ampa\nIN[9] -> P amap 0\n")
    with pytest.raises(BadFile) as error:
        read_netlist(path, CHIP)
    fields = [p.field for p in error.value.problems]
    assert fields == ["line 2, size", "line 3", "line 4, target", *fields[3:]]
    assert set(fields[3:]) == {"line 5, sender", "line 5, receptor", "line 5, count"}
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", ["\n", "\n# nothing\n", "\ninput IN 3\n"])
def test_a_netlist_without_a_population(text):
    with pytest.raises(BadInput, match="netlist is 'no population'"):
        read_netlist(text, CHIP)


def test_what_a_netlist_cannot_say_is_listed():
    one = loop(CHIP).populations[0]
    half = Projection.of("in", "b", "ampa", [(0, 0, 0.5)])
    graph = NetworkGraph(
        (Source("in", 2),),
        (
            replace(one, name="a", substeps=3),
            replace(one, name="b", biases={**one.biases, "Idc": (1e-12,) * 5 + (0.0,)}),
        ),
        (half,),
        Encoder(1, (0.1,), (0.1,), 0, "level", 1, 1),
    )
    with pytest.raises(BadInput) as error:
        write_netlist(graph)
    assert sorted(p.field for p in error.value.problems) == ["a", "b.Idc", "encoder", "in -> b: count"]
    with pytest.raises(BadInput, match="encode the signal"):
        write_netlist(chain(CHIP).graph())


@given(st.text(alphabet="dtinpuoaE[0:1]->m s#=.\n", max_size=60))
def test_any_text_is_a_network_or_refused_with_its_lines(drawn):
    found = problems_of(read_netlist, "\n" + drawn, CHIP)
    assert all(p.field.startswith(("line ", "netlist")) for p in found)
