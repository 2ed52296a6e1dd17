"""Acceptance: a study on virtual chips gives the same numbers, bit for bit, wherever and however it is cut."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported with importlib

from studies import MODEL, SCALES, OnlyReference, Pattern, Refuses, data, network, rows, study
from works import calls, own_children

import arcana
from arcana.analysis.fingerprint import fingerprint
from arcana.engine.dispatch import use_engine
from arcana.errors import BadFile, BadInput
from arcana.executors import Checkpoint, Dask

CHIPS = 30


@pytest.fixture(scope="module")
def alone():
    """All chips in one go, in this process."""
    values = rows(study().run(chunk=CHIPS))
    assert len(set(values.values())) > CHIPS  # chips do differ, and scales
    return values


def test_in_this_process_in_any_chunks_on_any_number_of_threads(alone):
    threads = torch.get_num_threads()
    try:
        for chunk, number in ((1, 1), (7, 2), (CHIPS, 3)):
            torch.set_num_threads(number)
            assert rows(study().run(chunk=chunk)) == alone
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(("executor", "chunk"), [(1, 8), (4, 3)])
def test_from_a_pool(executor, chunk, alone):
    report = arcana.robustness(
        network(), Pattern(), data(), MODEL, scale=SCALES, jitter=2e-3, n_chips=CHIPS, seed=3, executor=executor,
        chunk=chunk,
    )  # fmt: skip
    assert rows(report) == alone


@pytest.mark.parametrize("threads", [1, 2])
def test_from_a_cluster(threads, alone, address):
    assert rows(study().run(executor=Dask(address, threads=threads), chunk=4 + threads)) == alone


def test_the_settings_of_a_board_from_a_cluster(address):
    net = network()
    with torch.no_grad():
        for layer in net:
            layer.whole_weights = True
            layer.W_ampa.round_()
    mapped = arcana.map_network(net, "dynapse1", seed=0)
    made = study(n_chips=6, net=mapped)
    here = rows(made.run(chunk=6))
    assert rows(made.run(executor=address, chunk=2)) == here
    assert len(set(here.values())) > 6


def test_the_engine_that_is_set_here_is_set_in_workers(address):
    net = arcana.Sequential(OnlyReference(), *network())
    with use_engine("reference"):
        made = study(n_chips=2, net=net)
    here = rows(made.run())
    elsewhere = study(n_chips=2, net=net, threshold=0.0)  # no event comes through: its clean value is below 0
    assert rows(made.run(executor=address)) == here != rows(elsewhere.run())


class TestMetrics:
    """Metrics that give no number: the chip is named, and what was finished is kept."""

    @pytest.mark.parametrize("shape", [(), (2,), (1, 3)], ids=["nan", "two", "a table"])
    @pytest.mark.parametrize("where", ["here", "cluster"])
    def test_the_chip_is_named(self, where, shape, alone, address, tmp_path):
        made = study(Refuses(at=alone[1, 17], shape=shape))
        path = tmp_path / "a.ck"
        with pytest.raises(BadInput) as caught:
            made.run(executor=None if where == "here" else address, checkpoint=path, chunk=5)
        assert type(caught.value) is BadInput
        (problem,) = caught.value.problems
        assert problem.field.startswith("metric of chip 17 at scale 1")
        assert problem.allowed == "one finite number"
        assert ("nan" if shape == () else f"Tensor of shape {shape}") in str(problem)
        with Checkpoint(path, fingerprint(made.work)) as kept:
            assert kept.items() <= alone.items()  # on a cluster, what had come in by then
            assert where != "here" or len(kept) == CHIPS + 15  # all chunks before it

    def test_from_a_pool(self, alone, tmp_path):
        made, path = study(Refuses(tmp_path, at=alone[0, 8])), tmp_path / "a.ck"
        with pytest.raises(BadInput, match=r"metric of chip 8 at scale 0\.5.* is nan, allowed: one finite number"):
            made.run(executor=1, checkpoint=path, chunk=4)
        with Checkpoint(path, fingerprint(made.work)) as kept:
            assert kept == {key: alone[key] for key in [(0, chip) for chip in range(8)]}
        assert {call[0] for call in calls(tmp_path)[1:]}.isdisjoint({call[0] for call in calls(tmp_path)[:1]})
        assert own_children() == []

    def test_one_that_cannot_be_sent(self, alone, address, tmp_path):
        metric, path = Pattern(), tmp_path / "a.ck"

        def local(spikes, targets):
            return metric(spikes, targets)

        for one in (local, lambda spikes, targets: metric(spikes, targets)):
            assert rows(study(one).run()) == alone
            assert rows(study(one).run(executor=address)) == alone  # by value
            with pytest.raises(BadInput) as caught:
                study(one).run(executor=2, checkpoint=path)
            assert caught.value.problems[0].field == "work.metric"
            assert "at the top of a module" in str(caught.value)
            assert not path.exists()


class TestOtherStudies:
    """A checkpoint goes with one study; numbers of chips may change, whatever values follow from may not."""

    @pytest.fixture
    def path(self, tmp_path):
        study(n_chips=3).run(checkpoint=tmp_path / "a.ck")
        return tmp_path / "a.ck"

    def test_more_chips(self, path, tmp_path, alone):
        assert rows(study(Pattern(tmp_path)).run(checkpoint=path)) == alone
        assert len(calls(tmp_path)) == 1 + 2 * (CHIPS - 3)  # the undisturbed one, and what was not there

    @pytest.mark.parametrize(
        ("other", "differs"),
        [
            (lambda: study(seed=4), ["seed"]),
            (lambda: study(net=network(substeps=3)), ["network"]),
            (lambda: study(lambda spikes, targets: 1.0), ["metric"]),
            (lambda: study(Refuses()), ["metric"]),
        ],
        ids=["seed", "sub-steps", "lambda", "metric"],
    )
    def test_what_differs_is_named(self, other, differs, path):
        before = path.read_bytes()
        with pytest.raises(BadFile) as caught:
            other().run(checkpoint=path)
        assert [problem.field for problem in caught.value.problems] == [
            f"{name} of the checkpoint" for name in differs
        ]
        assert "another study" in str(caught.value)
        assert path.read_bytes() == before

    def test_a_metric_whose_code_or_settings_changed_is_another(self):
        def share(least):
            return lambda spikes, targets: float((spikes.sum(1) > least).double().mean())

        prints = [fingerprint(study(share(least), 1).work)["metric"] for least in (1, 1, 2)]
        prints.append(fingerprint(study(lambda spikes, targets: float(spikes.sum()), 1).work)["metric"])
        assert prints[0] == prints[1]
        assert len(set(prints)) == 3


@pytest.mark.parametrize("wrong", ["dask", "localhost:8786", 0, -1, 2.5, True, object()])
def test_an_executor_that_is_none(wrong):
    with pytest.raises(BadInput, match=r"(executor|workers) is"):
        study(n_chips=1).run(executor=wrong)


@pytest.mark.parametrize("wrong", [42, True, b"a.ck", "", ".", "no/such/folder/a.ck"])
def test_a_checkpoint_that_is_none(wrong):
    with pytest.raises(BadInput, match=r"path is|folder is|a file|existing"):
        study(n_chips=1).run(checkpoint=wrong)
