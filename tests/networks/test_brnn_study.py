"""Training, comparing and looking into networks of the bRNN family."""

from __future__ import annotations

import json
import math

import pytest
import torch
from typer.testing import CliRunner

from arcana.cli import app
from arcana.cli import brnn as brnn_command
from arcana.errors import BadInput
from arcana.networks.brnn import (
    BRNN,
    Task,
    Tracker,
    adding,
    compare,
    digits,
    fit,
    flip_flop,
    score,
    scores_by_delay,
    scores_by_share,
    time_constants,
)
from arcana.networks.brnn.comparison import TASKS

torch_threads = pytest.fixture(autouse=True)(lambda: torch.set_num_threads(1))


def short(seed):
    return flip_flop(length=10, size=300, seed=seed)


def network(task, preset="cb_rnn", seed=0, **options):
    torch.manual_seed(seed)
    return BRNN(preset, task.n_in, 12, task.n_out, dt=0.5, **options)


class TestFit:
    def test_it_learns_and_keeps_its_best_epoch(self):
        task = short(0)
        net = network(task)
        before = score(net, task, task.test)
        told = []
        done = fit(net, task, epochs=12, patience=12, progress=lambda *given: told.append(given))
        assert done.test > max(before, task.chance) + 0.2
        assert done.test == score(net, task, task.test)
        assert score(net, task, task.validation) == max(done.validation) == done.validation[done.best]
        assert done.losses[-1] < done.losses[0]
        assert told == list(enumerate(done.validation))
        assert done.seconds > 0

    def test_it_stops_when_nothing_gets_better(self):
        task = short(0)
        done = fit(network(task), task, epochs=50, patience=2, rate=1e-12)
        assert len(done.validation) == 3
        assert done.best == 0

    def test_the_test_part_decides_nothing(self):
        """Other answers in the test part change the test score only."""
        task = short(0)
        X, y = task.test
        other = Task(task.name, task.train, task.validation, (X, 1 - y), task.n_out)
        one, two = (fit(network(t), t, epochs=3) for t in (task, other))
        assert (one.validation, one.losses, one.best) == (two.validation, two.losses, two.best)
        assert one.test == pytest.approx(1 - two.test)

    def test_numbers_are_learned_too(self):
        task = adding(length=6, size=600)
        assert fit(network(task, "simple_gru"), task, epochs=30, patience=30).test > 0.5

    def test_all_that_is_wrong(self):
        task = short(0)
        with pytest.raises(BadInput) as caught:
            fit(BRNN("cb_rnn", 3, 12, 5), task, epochs=0, batch=2.5, patience=True, rate=math.nan)
        for said in ("epochs", "batch", "patience", "rate", "network.n_in is 3, allowed: 1", "network.n_out is 5"):
            assert said in str(caught.value)
        net = network(task)
        for given, said in (
            (lambda: fit(3, task), "network is 'int', allowed: a BRNN"),
            (lambda: fit(net, "digits"), "task is 'str', allowed: a Task"),
            (lambda: fit(net, task, seed=-1), "seed is -1"),
            (lambda: fit(net, task, progress=3), "progress is 3"),
            (lambda: fit(net, task, rate=1e9), "a number above 0, below 1e6"),
        ):
            with pytest.raises(BadInput, match=said):
                given()


class TestDigits:
    def test_windows_of_the_digits_are_learned(self):
        """The small version of the study in docs/brnn.md."""
        pytest.importorskip("sklearn")
        task = digits(seed=0)
        torch.manual_seed(0)
        net = BRNN("cb_rnn", task.n_in, 48, task.n_out, dt=0.6)
        assert fit(net, task, epochs=12).test >= 0.75

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("preset", "wanted"),
        [("cb_rnn", 0.90), ("dale_cb", 0.84), ("dale_cb_stp", 0.78), ("vanilla", 0.92), ("full_gru", 0.92)],
    )
    def test_the_study(self, preset, wanted):
        pytest.importorskip("sklearn")
        found = compare([preset], digits, n_hidden=48, dt=0.6, seeds=3)
        (row,) = found.summary()
        assert row["mean"] >= wanted
        assert row["seconds"] <= 60
        assert row["failed"] == 0


class TestMemory:
    def test_after_a_time_constant_1_over_e_is_left(self):
        z = torch.tensor([1e-4, 0.01, 0.3, 0.9], dtype=torch.float64)
        assert torch.allclose((1 - z) ** time_constants(z), torch.tensor(math.exp(-1)).double())
        assert time_constants(torch.tensor([0.0, 1.0])).tolist() == [math.inf, 0]

    def test_what_is_tracked(self):
        task = short(0)
        net = network(task, "cb_rnn_stp")
        tracker = Tracker(net, task.validation[0][:4])
        with torch.no_grad():
            trace = net.run(task.validation[0][:4])
        tracker(0, 0.5)
        assert set(tracker.history) == {"z", "u", "x", "r"}
        low, middle, high = tracker.history["z"][0]
        assert middle == pytest.approx(trace.z.median().item(), rel=1e-3)
        assert trace.z.min() <= low < middle < high <= trace.z.max()
        fit(net, task, epochs=2, progress=tracker)
        assert len(tracker.history["x"]) == len(tracker.scores) == 3
        plain = Tracker(network(task), task.validation[0][:4])
        plain(0, 0.5)
        assert set(plain.history) == {"z", "r"}

    def test_what_is_not_shown_is_not_known(self):
        task = flip_flop(length=20, size=600, rate=0.2)
        net = network(task)
        assert fit(net, task, epochs=15).test > 0.9
        shares = scores_by_share(net, task, (0.25, 0.5, 1.0))
        assert shares[-1] == score(net, task, task.test)
        assert shares[0] < 0.75  # pulses come after the first quarter
        delays = scores_by_delay(net, task, (0, 500))
        assert delays[0] == shares[-1]
        assert delays[1] < delays[0]  # nobody remembers for so long

    def test_bad_values(self):
        task = short(0)
        with pytest.raises(BadInput) as caught:
            scores_by_share(network(task), task, (0, 0.5, 1.5, math.nan))
        assert len(caught.value.problems) == 3
        with pytest.raises(BadInput) as caught:
            scores_by_delay(network(task), task, (-1, 2, 0.5))
        assert len(caught.value.problems) == 2


class TestCompare:
    def test_rows_are_the_runs(self):
        told = []
        found = compare(
            ["cb_rnn", "vanilla"],
            short,
            8,
            0.5,
            seeds=2,
            training={"epochs": 2},
            progress=lambda *a: told.append(a),
        )
        assert [(r.preset, r.seed) for r in found.runs] == [(p, s) for p in ("cb_rnn", "vanilla") for s in range(2)]
        assert [t[:3] for t in told[:3]] == [("cb_rnn", 0, 0), ("cb_rnn", 0, 1), ("cb_rnn", 1, 0)]
        row = found.summary()[0]
        tests = [r.test for r in found.of("cb_rnn")]
        assert (row["least"], row["greatest"]) == (min(tests), max(tests))
        assert row["parameters"] == sum(p.numel() for p in BRNN("cb_rnn", 1, 8, 2).parameters())
        again = compare(["cb_rnn"], short, 8, 0.5, seeds=2, training={"epochs": 2})
        assert [r.validation for r in again.runs] == [r.validation for r in found.of("cb_rnn")]
        assert json.loads(json.dumps(found.to_dict()))["runs"][0]["preset"] == "cb_rnn"

    def test_a_gradient_that_is_no_number_ends_one_run(self, monkeypatch):
        from arcana.networks.brnn import comparison

        def diverges(*_, progress, **__):
            progress(0, 0.3)
            raise RuntimeError("The total norm of order 2.0 for gradients is non-finite, so it cannot be clipped.")

        monkeypatch.setattr(comparison, "fit", diverges)
        (run,) = compare(["cb_rnn"], short, 8, seeds=1).runs
        assert run.failed == "the gradient is no number"
        assert math.isnan(run.test)
        assert run.validation == (0.3,)

    def test_before_anything_is_trained(self):
        with pytest.raises(BadInput) as caught:
            compare(["cb_rnm", "dale"], short, seeds=0)
        for said in ("'cb_rnm'", "did you mean 'cb_rnn'?", "'dale'", "seeds"):
            assert said in str(caught.value)
        with pytest.raises(BadInput, match="an even number"):
            compare(["vanilla", "dale_cb"], short, 7, seeds=1, progress=lambda *_: pytest.fail("trained"))
        with pytest.raises(BadInput, match="presets"):
            compare([], short)
        for task, said in (
            ("digit", "did you mean 'digits'?"),
            (3, "task is 'int'"),
            (lambda seed: seed, "a function that gives a Task"),
        ):
            with pytest.raises(BadInput, match=said.replace("?", r"\?")):
                compare(["vanilla"], task, 6, seeds=1)
        with pytest.raises(BadInput, match="did you mean 'epochs'"):
            compare(["vanilla"], short, 6, seeds=1, training={"epoch": 1})

    def test_tasks_by_their_names_and_as_they_are(self):
        once = {"n_hidden": 6, "seeds": 2, "training": {"epochs": 1}}
        named, made = (compare("vanilla", task, **once) for task in ("flip-flop", flip_flop))
        assert [run.validation for run in named.runs] == [run.validation for run in made.runs]
        assert named.task == "flip-flop"
        assert len(compare(["vanilla"], short(0), **once).runs) == 2
        assert tuple(TASKS) == brnn_command.TASKS
        text = repr(short(0))
        assert text.startswith("Task('")
        assert len(text) < 120


class TestCommand:
    def run(self, *given):
        return CliRunner().invoke(app, ["brnn", "compare", *map(str, given)])

    def test_table_numbers_and_picture(self, tmp_path):
        pytest.importorskip("matplotlib")
        small = ("--task", "flip-flop", "--length", 6, "--presets", "vanilla,cb_rnn", "--hidden", 6)
        done = self.run(*small, "--seeds", 1, "--epochs", 2, "--out", tmp_path / "new")
        assert done.exit_code == 0, done.output
        assert "vanilla" in done.stdout
        assert "cb_rnn" in done.stdout
        kept = json.loads((tmp_path / "new" / "comparison.json").read_text())
        assert [r["preset"] for r in kept["summary"]] == ["vanilla", "cb_rnn"]
        assert (tmp_path / "new" / "comparison.png").read_bytes().startswith(b"\x89PNG")
        again = self.run(*small, "--seeds", 1, "--epochs", 2, "--out", tmp_path / "new")
        assert again.exit_code == 2
        assert "comparison.json" in again.stderr

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (("--task", "digit"), "did you mean 'digits'?"),
            (("--presets", "dale_bc"), "did you mean 'dale_cb'?"),
            (("--window", 100), "64 at most"),
            (("--stride", 0), "stride"),
            (("--stride", "some"), "--stride is 'some'"),
            (("--window", 7, "--stride", "half"), "even"),
            (("--task", "adding", "--window", 4), "--task is 'adding'"),
            (("--length", 5), "--length"),
            (("--test", 5), "--test"),
            (("--hidden", 7, "--presets", "dale_cb"), "an even number"),
            (("--data", "nowhere.gz"), "nowhere.gz"),
            (("--epochs", 0, "--presets", "vanilla", "--task", "flip-flop"), "epochs"),
        ],
    )
    def test_what_is_refused(self, given, said):
        done = self.run(*given, "--seeds", 1)
        assert done.exit_code == 2, done.output
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_damaged_file_of_images(self, tmp_path):
        path = tmp_path / "t10k-images-idx3-ubyte"
        path.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(100))
        done = self.run("--data", path)
        assert done.exit_code == 2
        assert str(path) in done.stderr
