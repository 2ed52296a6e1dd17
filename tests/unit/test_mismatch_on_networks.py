"""Mismatch: putting it on a layer, a network and a board, and taking it off."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from chip_networks import chain, events, loop, waves

import arcana
from arcana.circuits.names import BIASES
from arcana.errors import BadInput
from arcana.hardware.defects import DefectMap
from arcana.hardware.registry import load_profile
from arcana.mismatch import MismatchModel
from arcana.model import DPILayer, DPINeuron, Sequential
from arcana.nn.chips import apply_mismatch, on_chips, remove_mismatch
from arcana.nn.from_graph import Staged


class TestOnALayer:
    def test_add_mismatch_is_frozen_seeded_and_comes_off_bit_for_bit(self):
        net = DPINeuron(1, 50)
        before = net.biases().Idc.clone()
        net.add_mismatch("Idc", 0.2, generator=torch.Generator().manual_seed(1))
        first = net.biases().Idc.clone()
        assert first.shape == (50,)
        assert len(first.unique()) == 50
        assert torch.equal(net.biases().Idc, first)
        assert torch.equal(net.nominal("Idc"), before)  # the nominal bias stays what it was
        other = DPINeuron(1, 50)
        other.add_mismatch("Idc", 0.2, generator=torch.Generator().manual_seed(1))
        assert torch.equal(other.biases().Idc, first)
        net.remove_mismatch()
        assert torch.equal(net.biases().Idc, before)

    def test_it_is_a_factor(self):
        net = DPILayer(1, 4).double()
        net.set_mismatch({"Ith": torch.tensor([1.0, 2.0, 0.5, 1.5]).log()})
        torch.testing.assert_close(
            net.biases().Ith, 2e-9 * torch.tensor([1.0, 2.0, 0.5, 1.5], dtype=torch.float64), rtol=1e-5, atol=0
        )

    def test_no_spread_changes_nothing(self):
        net, same = DPILayer(2, 3, Idc=600e-12), DPILayer(2, 3, Idc=600e-12)
        same.add_mismatch("Itau_mem", 0.0)
        X = torch.zeros(1, 80, 2)
        assert torch.equal(net(X)[0], same(X)[0])

    @pytest.mark.parametrize(
        ("name", "cv", "text"), [("Itau_men", 0.1, "Itau_mem"), ("Idc", 1.5, "0 to 1"), ("Idc", -0.1, "0 to 1"),
                                 ("Idc", float("nan"), "0 to 1"), ("pulse", 0.1, "pulse")],
    )  # fmt: skip
    def test_refused(self, name, cv, text):
        with pytest.raises(BadInput, match=text):
            DPILayer(1, 1).add_mismatch(name, cv)

    def test_a_bias_of_zero_stays_zero(self):
        net = DPILayer(1, 3, Idc=0.0)
        net.add_mismatch("Idc", 0.3)
        assert (net.biases().Idc == 0).all()


class TestOnANetwork:
    def net(self):
        return Sequential(DPILayer(2, 3), DPILayer(3, 2))

    def test_populations_get_their_own_factors(self):
        net, mismatch = self.net(), MismatchModel(0.2).sample(seed=3)
        apply_mismatch(net, mismatch)
        for number, layer in enumerate(net):
            expected = torch.from_numpy(mismatch.log_factors(str(number), "Idc", layer.n_out)[0]).float()
            assert torch.equal(layer.mismatch_factors()["Idc"], expected)
        remove_mismatch(net)
        assert not any(layer.mismatch_factors() for layer in net)

    def test_on_chips_puts_back_what_was_there_even_after_an_error(self):
        net = self.net()
        net[0].add_mismatch("Ith", 0.2)
        before = net[0].mismatch_factors()["Ith"].clone()

        def fail():
            with on_chips(net, MismatchModel(0.1).sample(2)):
                assert net[1].mismatch_factors()["Idc"].shape == (2, 1, 2)
                raise RuntimeError("in the block")

        with pytest.raises(RuntimeError, match="in the block"):
            fail()
        assert list(net[0].mismatch_factors()) == ["Ith"]
        assert torch.equal(net[0].mismatch_factors()["Ith"], before)
        assert not net[1].mismatch_factors()

    def test_a_network_without_neurons_is_refused(self):
        with pytest.raises(BadInput, match="DPI layer"):
            apply_mismatch(torch.nn.Linear(1, 1), MismatchModel(0.1).sample())


@pytest.mark.filterwarnings("ignore:the input current")
class TestOnABoard:
    """The mismatch of an emulated board belongs to places, not to what is put there."""

    chip = load_profile("dynapse1")

    def board(self, net, mismatch, **options):
        config = arcana.map_network(net, self.chip, exact=True, **options).configuration()
        return arcana.Emulator.from_config(config, self.chip, mismatch)

    def factors(self, emulator):
        """Ln f of each bias by place, as (boards,) rows; every bias of every neuron."""
        found = {}
        for layer, names in zip(emulator.net.layers, emulator.net.members, strict=True):
            places = [place for name in names for place in emulator.decoded.places[name]]
            for bias in layer.bias_names():
                for k, place in enumerate(places):
                    found[place, bias] = tuple(layer.mismatch_factors()[bias][..., k].flatten().tolist())
        return found

    @pytest.mark.parametrize("boards", [1, 3])
    def test_a_place_has_its_factor_whatever_network_is_on_it(self, boards):
        mismatch = MismatchModel(0.2).sample(boards, seed=11)
        several = self.factors(self.board(loop(self.chip), mismatch))
        single = self.factors(self.board(DPILayer(4, 200, profile=self.chip, refractory=2e-3), mismatch))
        shared = set(several) & set(single)
        assert len(shared) > 5 * len(BIASES) - 20
        assert all(several[key] == single[key] for key in shared)
        assert all(len(row) == boards for row in single.values())
        assert len(set(single.values())) == len(single)  # and no two neurons or biases have the same

    def test_elsewhere_it_is_another(self):
        mismatch = MismatchModel(0.2).sample(seed=11)
        dead = DefectMap.of([(0, core, k) for core in range(4) for k in range(256)])
        here, there = (self.board(loop(self.chip), mismatch, defects=d) for d in (None, dead))
        assert not set(self.factors(here)) & set(self.factors(there))
        assert not torch.equal(here(events(4))[0], there(events(4))[0])
        for board in (here, there):
            board.set_mismatch(None)
        assert torch.equal(here(events(4))[0], there(events(4))[0])

    def test_it_is_the_network_with_factors_on_its_biases(self):
        """The mismatched board, against a network whose biases were multiplied one by one."""
        torch.set_default_dtype(torch.float64)
        try:
            graph, mismatch = loop(self.chip), MismatchModel(0.1).sample(seed=3)
            board = self.board(graph, mismatch)
            populations = []
            for p in graph.populations:
                rows = {}
                for bias in p.biases:
                    f = np.exp([
                        mismatch.log_factors(f"C{chip}c{core}", bias, 256)[0, neuron]
                        for chip, core, neuron in board.decoded.places[p.name]
                    ])  # fmt: skip
                    rows[bias] = tuple((p.values(bias) * f).tolist())
                populations.append(replace(p, biases=rows))
            wanted = Staged(replace(graph, populations=tuple(populations)), self.chip).run(events(4).double())[0]
            made = board.net.run(events(4).double())[0]
        finally:
            torch.set_default_dtype(torch.float32)
        for name, spikes in wanted.items():
            assert spikes.sum() > 10
            assert torch.equal(made[name], spikes)

    @pytest.mark.parametrize("boards", [1, 3])
    def test_boards_and_back(self, boards):
        net, signal = chain(self.chip), waves()
        board = self.board(net, MismatchModel(0.2).sample(boards, seed=11))
        made = board(signal)[0]
        plain = arcana.simulate(net, signal).output
        assert made.shape == ((boards, 1, 250, 3) if boards > 1 else (1, 250, 3))
        assert not torch.equal(made, plain.expand_as(made))
        board.set_mismatch(None)
        assert torch.equal(board(signal)[0], plain)

    def test_a_board_is_the_same_among_others(self):
        model = MismatchModel(0.2)
        together = self.board(loop(self.chip), model.sample(3, seed=5))(events(4))[0]
        alone = self.board(loop(self.chip), model.sample(1, seed=5, first=2))(events(4))[0]
        assert torch.equal(together[2], alone)
        assert not torch.equal(together[1], alone)

    def test_what_is_no_mismatch(self):
        config = arcana.map_network(loop(self.chip), self.chip).configuration()
        with pytest.raises(BadInput, match=r"mismatch is 0.1, allowed: None, or MismatchModel"):
            arcana.Emulator.from_config(config, self.chip, 0.1)
