"""Networks as plain data: what is refused, what is equal, and the stages in which they run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import chain, events, loop, with_biases

import arcana
from arcana.errors import BadInput, Problems
from arcana.graph import NetworkGraph, Population, Projection, Source
from arcana.hardware import load_profile
from arcana.limits import MOST, NAME_RULE
from arcana.model import ADM
from arcana.nn.from_graph import Staged
from arcana.stages import stages

CHIP = load_profile("dynapse1")
NAN = float("nan")


def population(name, size=2, **changed):
    return Population(name, size, 1e-3, {**CHIP.default_biases(), "refractory": 2e-3}, **changed)


def link(source, target, receptor="ampa"):
    return Projection.of(source, target, receptor, [(0, 0, 1)])


def network(names, links, **changed):
    return NetworkGraph(
        (), tuple(population(n, **changed.get(n, {})) for n in names), tuple(link(*x) for x in links)
    )


class TestProjection:
    def test_triples_are_sorted_and_whole_numbers_are_whole(self):
        made = Projection.of("a", "b", "ampa", [(2, 0, 1.0), (0, 1, 3.0)])
        assert made.synapses == ((0, 1, 3), (2, 0, 1))
        assert [type(n) for _, _, n in made.synapses] == [int, int]
        assert made == Projection.of("a", "b", "ampa", [(0, 1, 3), (2, 0, 1)])

    def test_fractions_stay(self):
        assert Projection.of("a", "b", "ampa", [(0, 0, 0.5), (1, 0, 2)]).synapses == ((0, 0, 0.5), (1, 0, 2.0))

    def test_none_at_all(self):
        assert Projection.of("a", "b", "ampa", []).synapses == ()

    def test_a_matrix_is_post_by_pre_and_zeros_are_no_synapses(self):
        made = Projection.from_matrix("a", "b", "nmda", np.array([[0, 2, 0], [1, 0, 3]]))
        assert made == Projection.of("a", "b", "nmda", [(1, 0, 2), (0, 1, 1), (2, 1, 3)])

    @pytest.mark.parametrize("changed", ["source", "target", "receptor", "delay"])
    def test_what_makes_another(self, changed):
        one = link("a", "b")
        other = replace(one, **{changed: {"receptor": "nmda", "delay": "precise"}.get(changed, "c")})
        assert one != other
        assert one == link("a", "b")
        assert one != "a -> b"
        assert len({one, link("a", "b"), other}) == 2

    @pytest.mark.parametrize(
        ("counts", "text"),
        [
            ([1, 2], "int64 of shape (2,)"),
            ([["a"]], "(post, pre) of numbers"),
            ([[1, -2]], "counts is -2"),
            ([[1, NAN]], "counts is nan"),
            ([[float("inf")]], "counts is inf"),
        ],
    )
    def test_a_matrix_that_is_none(self, counts, text):
        with pytest.raises(BadInput) as error:
            Projection.from_matrix("a", "b", "ampa", counts)
        assert text in str(error.value)


class TestGraph:
    def test_outputs_are_the_last_population_where_none_is_named(self):
        graph = network("abc", [])
        assert graph.output_names == ("c",)
        assert replace(graph, outputs=("a", "b")).output_names == ("a", "b")

    def test_parts_are_sources_then_populations(self):
        graph = replace(network("ab", []), sources=(Source("s", 3),))
        assert [p.name for p in graph.parts] == ["s", "a", "b"]

    @pytest.mark.parametrize(
        "odd", ["", "a b", "a#b", "1", "a[0]", "a'", "a\0", "\n", "\ud800", "é", 3, None, ["a"]]
    )
    def test_a_name_that_no_form_could_say(self, odd):
        for sources, populations in (((Source(odd, 1),), (population("b"),)), ((), (population(odd),))):
            with pytest.raises(BadInput) as error:
                NetworkGraph(sources, populations, ())
            (problem,) = error.value.problems
            assert (problem.field, problem.value, problem.allowed) == ("name", odd, NAME_RULE)

    @pytest.mark.parametrize("size", [10**12, MOST + 1, 10**30])
    def test_sizes_far_beyond_a_board(self, size):
        with pytest.raises(BadInput, match=f"s: size is {size}, allowed: a whole number from 1 to 1000000"):
            NetworkGraph((Source("s", size),), (population("a"),), ())
        with pytest.raises(BadInput, match=r"sources is '1000001 lines', allowed: at most 1000000"):
            NetworkGraph((Source("s", MOST), Source("t", 1)), (population("a"),), ())

    @pytest.mark.parametrize("dt", [1e300, 0.2, 9e-8, 0.0, NAN, True, "1ms", None])
    def test_time_steps_are_those_that_a_layer_takes(self, dt):
        with pytest.raises(BadInput, match=r"a: dt is .* s, allowed: a number from 1e-07 to 0.1"):
            NetworkGraph((), (replace(population("a"), dt=dt),), ())
        with pytest.raises(BadInput, match=r"dt is .* allowed: a number from"):
            arcana.DPILayer(1, 1, dt=dt)

    @pytest.mark.parametrize("dt", [1e-7, 0.1])
    def test_the_longest_and_the_shortest_step(self, dt):
        NetworkGraph((), (replace(population("a"), dt=dt),), ())
        arcana.DPILayer(1, 1, dt=dt)

    @pytest.mark.parametrize("count", [10**30, 10**19, 1e300, MOST + 1])
    def test_counts_far_beyond_a_neuron(self, count):
        with pytest.raises(BadInput, match=r"a -> b \(ampa\): count is \S+, allowed: .*> 0, at most 1000000"):
            NetworkGraph(
                (), (population("a"), population("b")), (Projection.of("a", "b", "ampa", [(0, 0, count)]),)
            )

    @pytest.mark.parametrize("rows", [[(0, 1)], [0], 3, [(0, 10**30, 1)], [("x", 0, 1)], [(0, 0, "x")]])
    def test_synapses_that_are_no_triples(self, rows):
        with pytest.raises(BadInput, match=r"a -> b \(ampa\)"):
            Projection.of("a", "b", "ampa", rows)

    def test_one_value_for_all_or_one_for_each(self):
        one = replace(population("a", 3), biases={"Idc": 1e-12, "Itau_mem": (1e-12, 2e-12, 3e-12)})
        assert one.values("Idc").tolist() == [1e-12] * 3
        assert one.values("Itau_mem").tolist() == [1e-12, 2e-12, 3e-12]

    def test_all_problems_of_one_kind_at_once(self):
        with pytest.raises(BadInput) as error:
            NetworkGraph(
                (Source("a", 2), Source("s", True), Source("z", 0)),
                (population("a"), population("b", 2.5)),
                (),
                outputs=("s", "c"),
            )
        fields = [p.field for p in error.value.problems]
        assert fields == ["name", "s: size", "z: size", "b: size", "outputs", "outputs"]
        bad = [
            Projection.of("a", "b", "ampa", [(9, 0, 1), (0, -1, 1), (1, 1, NAN)]),
            link("x", "b"),
            link("a", "s"),
        ]
        with pytest.raises(BadInput) as error:
            NetworkGraph((Source("s", 1),), (population("a"), population("b")), tuple(bad))
        assert [p.field for p in error.value.problems] == [
            "a -> b (ampa): pre", "a -> b (ampa): post", "a -> b (ampa): count", "projection", "projection"
        ]  # fmt: skip


class TestStages:
    def stages_of(self, graph):
        problems = Problems()
        found = stages(graph, problems)
        return found, problems

    @pytest.mark.parametrize(
        ("links", "wanted"),
        [
            ([], {"a": 0, "b": 0, "c": 0}),
            (["ab", "bc"], {"a": 0, "b": 1, "c": 2}),
            (["cb", "ba"], {"a": 2, "b": 1, "c": 0}),
            (["ab", "ba", "bc"], {"a": 0, "b": 0, "c": 1}),
            (["ab", "bc", "ca"], {"a": 0, "b": 0, "c": 0}),
            (["aa", "ac"], {"a": 0, "b": 0, "c": 1}),
            (["ab", "ac", "bc"], {"a": 0, "b": 1, "c": 2}),  # the longest way counts
        ],
    )
    def test_who_reaches_whom(self, links, wanted):
        found, problems = self.stages_of(network("abc", links))
        assert (found, list(problems)) == (wanted, [])

    def test_inputs_have_no_stage(self):
        graph = NetworkGraph((Source("s", 2),), (population("a"),), (link("s", "a"),))
        assert self.stages_of(graph)[0] == {"a": 0}

    def test_stated_stages_are_taken_if_all_are_stated(self):
        stated = network("ab", ["ab"], a={"stage": 0}, b={"stage": 3})
        assert self.stages_of(stated)[0] == {"a": 0, "b": 3}
        partly = network("ab", ["ab"], b={"stage": 3})
        assert self.stages_of(partly)[0] == {"a": 0, "b": 1}

    def test_what_does_not_fit_is_noted(self):
        back = network("ab", ["ab"], a={"stage": 1}, b={"stage": 0})
        assert [p.value for p in self.stages_of(back)[1]] == ["a -> b"]
        slow = replace(network("ab", []), populations=(population("a"), replace(population("b"), dt=2e-3)))
        assert [p.value for p in self.stages_of(slow)[1]] == [[1e-3, 2e-3]]
        mixed = network("abc", ["ab", "ba", "bc"], a={"solver": "heun", "substeps": 2})
        assert [p.value for p in self.stages_of(mixed)[1]] == ["a heun, b rk4", "a 2, b None"]


class TestOfLayers:
    def test_an_encoder_layers_and_what_they_say(self):
        net = chain(CHIP)
        graph = net.graph()
        assert arcana.graph_of(net) == graph
        assert (graph.sources, graph.output_names) == ((Source("input", 4),), ("layer1",))
        assert [(p.name, p.size, p.stage) for p in graph.populations] == [("layer0", 6, None), ("layer1", 3, None)]
        assert (graph.encoder.channels, graph.encoder.threshold_up) == (2, pytest.approx((0.05, 0.05)))
        assert graph.technology == CHIP.technology()
        counts = list(net)[1].counts()
        for p in graph.projections:
            kind = "R" if p.source == p.target == "layer0" else "W"
            if p.target == "layer0":
                table = counts[f"{kind}_{p.receptor}"].detach().numpy()
                assert p.synapses == Projection.from_matrix("x", "y", p.receptor, table).synapses

    def test_bias_groups_are_a_value_for_each_neuron(self):
        net = arcana.DPILayer(2, 3, profile=CHIP, Idc=[2e-12, 3e-12], bias_groups=[0, 1, 0])
        assert net.graph().populations[0].values("Idc") == pytest.approx([2e-12, 3e-12, 2e-12], rel=1e-6)

    def test_fractional_weights_stay_fractions(self):
        net = arcana.DPILayer(2, 3, profile=CHIP)
        net.whole_weights = False
        with torch.no_grad():
            net.W_ampa.fill_(0.25)
        found = {p.receptor: p.count for p in net.graph().projections}
        assert found["ampa"].tolist() == [0.25] * 6

    def test_mismatch_belongs_to_a_chip_and_not_to_the_network(self):
        net = arcana.DPILayer(2, 3, profile=CHIP)
        before = net.graph()
        net.add_mismatch("Idc", 0.3)
        assert net.graph() == before

    def test_modules_without_a_counterpart(self):
        soft = arcana.DPILayer(4, 2)
        with pytest.raises(BadInput) as error:
            arcana.graph_of(arcana.Sequential(soft, torch.nn.Linear(2, 2), ADM(2, 0.1, 0.1, 0)))
        assert [p.value for p in error.value.problems] == ["Linear", "ADM"]
        with pytest.raises(BadInput, match="an encoder only"):
            arcana.graph_of(arcana.Sequential(ADM(2, 0.1, 0.1, 0)))

    def test_layers_of_two_chips(self):
        net = arcana.Sequential(arcana.DPILayer(2, 3, profile=CHIP), arcana.DPILayer(3, 2))
        with pytest.raises(BadInput, match=r"layer 1: profile is 'ideal', allowed: dynapse1"):
            net.graph()


class TestBackToModules:
    def test_layers_there_and_back_spike_alike(self):
        net = chain(CHIP, encoder=False)
        X = events(4)
        with torch.no_grad():
            made = Staged(net.graph(), CHIP).run(X)[0]
            assert torch.equal(made["layer1"], net(X)[0])

    def test_a_loop_is_one_recurrent_layer(self):
        staged = Staged(loop(CHIP), CHIP)
        assert staged.members == (("e", "i"), ("out",))
        assert staged.feeds == (("in",), ("in", "e", "i"))
        assert [(layer.n_in, layer.n_out, layer.recurrent) for layer in staged.layers] == [
            (4, 9, True), (13, 2, False)
        ]  # fmt: skip

    def test_biases_set_for_some_populations_of_a_stage_only(self):
        graph = loop(CHIP)
        e, i, out = graph.populations
        timed = replace(graph, populations=(replace(e, biases={**e.biases, "pulse": 1e-5}), i, out))
        with pytest.raises(
            BadInput, match=r"i.pulse is None s, allowed: set for all populations that run together"
        ):
            Staged(timed, CHIP)
        assert with_biases(graph, timed) == timed
