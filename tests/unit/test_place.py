"""Placement: limits of boards, reasons for refusal, and the parts of the search against plain recounting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from arcana.errors import BadInput
from arcana.graph import NetworkGraph, Population, Source
from arcana.mapping.circuit import Circuit, Layout
from arcana.mapping.place import place
from arcana.mapping.placing.bound import bound_of_senders, bound_of_subsets
from arcana.mapping.placing.exact import prove
from arcana.mapping.placing.prices import Prices
from arcana.mapping.placing.repair import repair
from arcana.mapping.placing.score import score_of
from arcana.mapping.placing.search import search
from arcana.mapping.placing.tally import Tally
from arcana.mapping.placing.task import task_of


def circuit_of(inputs, neurons, pairs):
    sources = (Source("in", inputs),) if inputs else ()
    graph = NetworkGraph(sources, (Population("cells", neurons, 1e-3, {}),), ())
    pre, post = np.array(sorted(set(pairs)), dtype=np.int64).reshape(-1, 2).T
    one, zero = np.ones(pre.size, dtype=np.int64), np.zeros(pre.size, dtype=np.int64)
    return Circuit(graph, inputs, neurons, pre, post, zero, one, zero, np.ones(inputs + neurons), zero[:0])


def board(chips=4, cores=2, places=8, tags=1000, targets=3):
    chip, core = np.divmod(np.arange(chips * cores), cores)
    words, each = np.full((chip.size, places), 64), np.ones_like(chip)
    return Layout(chip, core, words, chip % 2, chip // 2, targets, (3, 3), each * tags, each * places)


def blocks(number, size, rng):
    """Blocks of neurons that hear each other, shuffled; and the block of each."""
    label = rng.permutation(np.repeat(np.arange(number), size))
    pairs = [(i, j) for i in range(label.size) for j in range(label.size) if label[i] == label[j] and i != j]
    return circuit_of(0, label.size, pairs), label


def elsewhere(core, cores, rng):
    return int((core + rng.integers(1, cores)) % cores)


def zeros(n):
    return np.zeros(n, dtype=np.int64)


def reasons(error):
    return {p.field: (p.value, p.allowed, p.hint) for p in error.value.problems}


class TestFinds:
    @pytest.mark.parametrize("seed", [0, 1])
    def test_blocks_that_fill_every_place(self, seed):
        circuit, label = blocks(8, 8, np.random.default_rng(seed))
        found = place(circuit, zeros(64), zeros(64) + 7, board(), seed=seed)
        assert all(np.unique(found.core[label == k]).size == 1 for k in range(8))
        assert (found.cost, found.hops, found.bound) == (64, 0, 64)

    def test_the_only_partition_that_the_tags_allow(self):
        circuit, label = blocks(4, 8, np.random.default_rng(2))
        found = place(circuit, zeros(32), zeros(32) + 7, board(1, 4, tags=8))
        assert all(np.unique(found.core[label == k]).size == 1 for k in range(4))

    def test_spreads_over_more_cores_where_tags_are_few(self):
        circuit = circuit_of(16, 8, [(2 * n + k, n) for n in range(8) for k in (0, 1)])
        crowded = place(circuit, zeros(8), zeros(8) + 2, board(1, 4, tags=16))
        spread = place(circuit, zeros(8), zeros(8) + 2, board(1, 4, tags=4))
        assert np.unique(crowded.core).size == 1
        assert np.bincount(spread.core).tolist() == [2, 2, 2, 2]

    def test_three_chips_where_targets_would_fit_on_four(self):
        """One neuron sends to five that fill a core each; two chips have one core only."""
        layout = board(4, 2, places=1)
        layout.words[0, 0] = layout.words[3, 0] = -1
        found = place(circuit_of(0, 6, [(0, n) for n in range(1, 6)]), zeros(6), zeros(6) + 1, layout)
        assert np.unique(layout.chip[found.core[1:]]).size == 3
        assert found.cost == 5

    @pytest.mark.parametrize("seed", range(3))
    def test_boards_without_a_free_place_or_tag(self, seed):
        """Senders reach a few targets in up to 4 of 8 cores on 3 chips; no core has more tags than it needs."""
        rng = np.random.default_rng(seed)
        label = rng.permutation(np.repeat(np.arange(8), 16))
        pairs = []
        for sender in range(128):
            pool = np.flatnonzero(np.isin(np.arange(8) // 2, rng.choice(4, 3, replace=False)))
            for core in rng.choice(pool, int(rng.integers(1, 5)), replace=False):
                pairs += [(sender, int(n)) for n in rng.choice(np.flatnonzero(label == core), 4)]
        circuit = circuit_of(0, 128, pairs)
        tags = np.array([np.unique(circuit.pre[label[circuit.post] == k]).size for k in range(8)])
        layout = replace(board(4, 2, places=16), tags=zeros(8) + tags.max())
        found = place(circuit, zeros(128), zeros(128), layout, method="search", seed=seed)
        assert (np.bincount(found.core) == 16).all()
        assert found.cost <= 1.05 * tags.sum()

    def test_chips_near_each_other(self):
        """Two blocks of one chip each, a bridge between them: the chips are neighbours, not diagonal."""
        pairs = [(i, j) for i in range(12) for j in range(12) if i // 6 == j // 6 and i != j] + [(0, 11)]
        layout = board(4, 1, places=6)
        found = place(circuit_of(0, 12, pairs), zeros(12), zeros(12), layout, method="search")
        assert found.hops == 1

    def test_neurons_of_two_kinds_never_share_a_core(self):
        circuit, _ = blocks(4, 8, np.random.default_rng(3))
        kind = np.arange(32) % 2
        found = place(circuit, kind, zeros(32), board())
        assert all(np.unique(kind[found.core == k]).size == 1 for k in np.unique(found.core))

    def test_neurons_go_where_the_words_work(self):
        layout = board(1, 4)
        layout.words[1:] = 10
        need = np.where(np.arange(32) % 4 == 0, 60, 10)
        found = place(circuit_of(1, 32, [(0, n) for n in range(32)]), zeros(32), need, layout)
        assert (found.core[need == 60] == 0).all()
        assert np.bincount(found.core).tolist() == [8] * 4

    def test_neurons_that_send_go_where_they_can(self):
        layout = replace(board(1, 2), senders=np.array([0, 8]))
        circuit = circuit_of(0, 16, [(n, (n + 1) % 8) for n in range(8)])
        found = place(circuit, zeros(16), zeros(16), layout, method="search")
        assert (found.core[:8] == 1).all()

    def test_groups_stay_together(self):
        circuit, _ = blocks(4, 8, np.random.default_rng(4))
        groups = np.random.default_rng(5).permutation(np.arange(32) // 2)
        found = place(circuit, zeros(32), zeros(32), board(1, 4), groups=groups)
        assert all(np.unique(found.core[groups == g]).size == 1 for g in range(16))
        assert found.method == "exact, optimal"

    def test_no_synapses_at_all(self):
        found = place(circuit_of(2, 20, []), zeros(20), zeros(20), board())
        assert (found.cost, found.hops) == (0, 0)

    def test_same_seed_same_placement(self):
        circuit, _ = blocks(8, 8, np.random.default_rng(6))
        first, second = (place(circuit, zeros(64), zeros(64), board(), seed=7) for _ in range(2))
        assert (first.core == second.core).all()


class TestRefuses:
    def refused(self, circuit, layout, **changed):
        n = circuit.neurons
        given = {"kind": zeros(n), "need": zeros(n), "groups": None} | changed
        with pytest.raises(BadInput) as error:
            place(circuit, given["kind"], given["need"], layout, groups=given["groups"])
        return reasons(error)

    def test_all_reasons_at_once(self):
        circuit = circuit_of(9, 70, [(k, 0) for k in range(9)] + [(9 + n, n) for n in range(70)])
        need = np.where(np.arange(70) == 3, 65, 1)
        layout = replace(board(tags=8), senders=zeros(8) + 8)
        found = self.refused(circuit, layout, need=need, kind=np.arange(70) % 9)
        assert found["neurons"][:2] == (70, "at most 64, the places that can be used")
        assert found["cores"][:2] == ("9, for neurons of 9 bias sets", "at most 8")
        assert found["cells[3]: input words"][:2] == (65, "at most 64, what the best place has")
        assert found["neurons that send"][:2] == (70, "at most 64, the places that can send")
        assert found["senders"][:2] == (79, "at most 64, the tags of all cores")
        assert found["group 0: senders that it hears"][:2] == (10, "at most 8, the tags of the core with most")

    def test_more_neurons_with_many_words_than_such_places(self):
        layout = board(1, 2)
        layout.words[1] = 10
        found = self.refused(circuit_of(0, 16, []), layout, need=zeros(16) + np.where(np.arange(16) < 9, 11, 1))
        assert found == {
            "neurons that need more than 10 input words": (9, "at most 8, the places with at least 64", "")
        }

    def test_a_neuron_that_sends_further_than_its_chips(self):
        circuit = circuit_of(0, 64, [(5, n) for n in range(49)])
        found = self.refused(circuit, board())
        assert found["cells[5]: neurons that it sends to"][:2] == (49, "at most 48")

    def test_groups_that_fit_nowhere(self):
        found = self.refused(circuit_of(0, 16, []), board(), groups=np.arange(16) // 9, kind=np.arange(16) // 5)
        assert found["group 0: neurons"][:2] == (9, "at most 8, the places of the largest core")
        assert found["group 0: bias sets"][:2] == (2, "at most 1, the bias set of a core")

    def test_shapes_and_methods(self):
        circuit = circuit_of(0, 4, [])
        found = self.refused(circuit, board(), kind=zeros(3), need=np.ones(4), groups=zeros(4) - 1)
        assert set(found) == {"kind", "need", "groups"}
        with pytest.raises(BadInput, match="did you mean 'exact'"):
            place(circuit, zeros(4), zeros(4), board(), method="exakt")
        with pytest.raises(BadInput, match="at most 16 for method 'exact'"):
            place(circuit_of(0, 17, []), zeros(17), zeros(17), board(), method="exact")

    def test_few_groups_are_ruled_out(self):
        """Three groups of 5 on two cores of 8: enough places, but no two groups fit one core."""
        found = self.refused(circuit_of(0, 15, []), board(1, 2), groups=np.arange(15) // 5)
        assert found["placements that keep all limits"][0] == 0

    def test_many_neurons_are_refused_without_a_claim_of_proof(self):
        """Each core would hear all 40 lines; 30 tags are too few, which no single count shows."""
        circuit = circuit_of(40, 32, [(k, n) for n in range(32) for k in range(n % 2, 40, 2)])
        layout = board(1, 4, tags=25)
        mixed = circuit_of(
            40, 32, [(k, n) for n in range(32) for k in np.random.default_rng(n).choice(40, 20, False)]
        )
        assert place(circuit, zeros(32), zeros(32) + 20, layout).cost == 80
        found = self.refused(mixed, layout)
        worst = [name for name in found if name.startswith("senders that reach C0c")]
        assert worst
        assert all(found[name][0] > 25 and found[name][1] == "at most 25" for name in worst)
        assert all("not proven impossible" in hint for _, _, hint in found.values())


@pytest.fixture(scope="module")
def task():
    """300 neurons of two kinds on four chips, some limits of which are broken at random."""
    rng = np.random.default_rng(8)
    pairs = [(int(rng.integers(310)), int(n)) for n in range(300) for _ in range(8)]
    circuit = circuit_of(10, 300, pairs)
    circuit = replace(circuit, rate=rng.choice([0.5, 1.0, 3.0], 310))
    layout = replace(board(4, 3, places=30, tags=190, targets=2), senders=np.arange(12) % 4 + 27)
    layout.words[::2, :7] = 20
    return task_of(circuit, np.arange(300) % 2, rng.integers(8, 40, 300), layout, np.arange(300))


class TestParts:
    def test_the_score_is_kept_up_to_date(self, task):
        rng = np.random.default_rng(9)
        tally = Tally(task, rng.integers(0, task.cores, task.units), Prices.free(task))
        for unit in rng.permutation(task.units)[:200].tolist():
            tally.move(unit, elsewhere(tally.core[unit], task.cores, rng))
            want = score_of(task, tally.core)
            assert tally.score[:2] == want[:2]
            assert tally.score[2:] == pytest.approx(want[2:])

    def test_gains_are_the_change_of_the_cost_after_many_moves(self, task):
        """On one chip, where nothing else is in them."""
        rng, flat = np.random.default_rng(10), task.on_one_chip()
        tally = Tally(flat, rng.integers(0, task.cores, task.units), Prices.free(flat))
        order = rng.permutation(task.units).tolist()
        for unit in order[:150]:
            tally.move(unit, elsewhere(tally.core[unit], task.cores, rng))
        before = score_of(flat, tally.core).cost
        for unit in order[150:]:
            for to in range(task.cores):
                core = tally.core.copy()
                if core[unit] != to:
                    core[unit] = to
                    assert tally.gain[to, unit] == pytest.approx(score_of(flat, core).cost - before)

    def test_repair_keeps_kinds_apart_and_ends_within_the_places(self, task):
        core = np.where(task.kind == 0, 0, 1)
        found = repair(task, core)
        assert score_of(task, core).over > 0
        assert score_of(task, found).over == 0
        assert all(np.unique(task.kind[found == k]).size <= 1 for k in range(task.cores))

    def test_merging_keeps_the_cost(self, task):
        cluster = np.arange(task.units) // 4 * 2 + task.kind
        cluster = np.unique(cluster, return_inverse=True)[1]
        core = np.random.default_rng(11).integers(0, task.cores, int(cluster.max()) + 1)
        assert score_of(task.merged(cluster), core) == pytest.approx(score_of(task, core[cluster]))


class TestProofs:
    """Six neurons on four cores of two places, against all placements that there are."""

    def small(self, seed, targets=3):
        rng = np.random.default_rng(seed)
        pairs = [(int(rng.integers(8)), n) for n in range(6) for _ in range(2)]
        circuit = replace(circuit_of(2, 6, pairs), rate=rng.choice([0.5, 1.0, 3.0], 8))
        layout = board(2, 2, places=2, targets=targets)
        return task_of(circuit, zeros(6), zeros(6), layout, np.arange(6))

    def best(self, task):
        cores = np.stack(np.meshgrid(*[np.arange(4)] * 6), -1).reshape(-1, 6)
        return min((s for s in (score_of(task, core) for core in cores) if s.legal), default=None)

    @pytest.mark.parametrize("seed", range(4))
    def test_the_bound_of_subsets_is_the_optimum_without_limits_of_chips(self, seed):
        task = self.small(seed)
        assert bound_of_subsets(task) == pytest.approx(self.best(task).cost)
        assert bound_of_senders(task) <= bound_of_subsets(task)

    @pytest.mark.parametrize("seed", [3, 7, 9])
    def test_the_program_finds_the_optimum_from_a_bad_start(self, seed):
        """Neurons reach one chip only, which the bound of subsets does not know; seed 3 costs more than it."""
        task = self.small(seed, targets=1)
        best = self.best(task)
        assert (best.cost > bound_of_subsets(task)) == (seed == 3)
        proof = prove(task, np.array([0, 0, 0, 1, 1, 2]), {"time_limit": 60.0})
        assert proof.optimal
        assert tuple(proof.score) == pytest.approx(tuple(best))
        assert proof.bound == pytest.approx(best.cost)

    def test_the_program_proves_that_there_is_no_placement(self):
        task = self.small(2, targets=1)
        assert self.best(task) is None
        assert np.isfinite(bound_of_subsets(task))
        assert prove(task, np.array([0, 0, 1, 1, 2, 2]), {"time_limit": 60.0}).bound == np.inf

    @pytest.mark.parametrize("seed", range(5))
    def test_search_is_near_the_optimum(self, seed):
        task = self.small(seed)
        assert search(task, seed)[1].cost <= 1.05 * self.best(task).cost
