"""Sensitivities of functions whose indices are known, on the way that networks take."""

import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from scipy.special import ndtr

from arcana.analysis.conditions import Conditions
from arcana.analysis.draws import Chips
from arcana.analysis.sensitivity import sensitivity
from arcana.analysis.sensitivity_picture import sensitivity_picture
from arcana.analysis.sensitivity_report import SensitivityReport
from arcana.analysis.sensitivity_sobol import sobol
from arcana.analysis.subject import Subject
from arcana.errors import BadFile, BadInput
from arcana.mismatch import MismatchModel
from arcana.typing import Tensor

CV = 0.5
S = math.sqrt(math.log1p(CV * CV))
DATA = (torch.ones(1, 1, 1, dtype=torch.float64), torch.zeros(1))
BIASES = ("Itau_mem", "Iw_ampa", "Ith")
Function = Callable[[list[np.ndarray]], np.ndarray]


class Formula(Subject):
    """A chip whose only output is a function of the Gaussians g of three biases, each (chips, neurons)."""

    dt, has_encoder = 1e-3, False

    def __init__(self, function: Function, neurons: int = 1) -> None:
        self.function, self.neurons = function, neurons

    def identity(self) -> bytes:
        return b"formula"

    def encode(self, X: Tensor) -> Tensor:
        return X

    def spikes(self, events: Tensor, chips: Chips, conditions: Conditions) -> Tensor:
        def gaussians(bias: str) -> np.ndarray:
            if not chips.model.cv_of(bias):
                return np.zeros((chips.n_chips, self.neurons))
            return (chips.log_factors("all", bias, self.neurons) + S * S / 2) / S

        values = self.function([gaussians(bias) for bias in BIASES])
        return torch.from_numpy(values).reshape(-1, 1, 1, 1)


def value(spikes: Tensor, targets: Any) -> float:
    return float(spikes)


def study(function: Function, neurons: int = 1, **options: Any) -> SensitivityReport:
    defaults = {"biases": BIASES, "threshold": 0.0, "chunk": 256, "metric": value}
    chosen = defaults | options
    return sensitivity(
        Formula(function, neurons), chosen.pop("metric"), DATA, chosen.pop("mismatch", MismatchModel(CV)), **chosen
    )


def group(g: np.ndarray) -> np.ndarray:
    """Standard normal, from all neurons of a bias together."""
    return g.sum(1) / math.sqrt(g.shape[1])


def check_indices(report: SensitivityReport, first: tuple[float, ...], total: tuple[float, ...]) -> None:
    by_name = {bias.bias: bias for bias in report.biases}
    for bias, s, t in zip(BIASES, first, total, strict=True):
        for estimate, truth in ((by_name[bias].first, s), (by_name[bias].total, t)):
            assert estimate.value == pytest.approx(truth, abs=0.05)
            assert estimate.low - 1e-12 <= truth <= estimate.high + 1e-12


def test_ishigami_function() -> None:
    """Y = sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1, x uniform on -pi to pi (Ishigami and Homma, 1990)."""

    def ishigami(g: list[np.ndarray]) -> np.ndarray:
        x1, x2, x3 = (math.pi * (2 * ndtr(one[:, 0]) - 1) for one in g)
        return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)

    a, b = 7.0, 0.1
    V1 = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    V2 = a**2 / 8
    V13 = b**2 * math.pi**8 * (1 / 18 - 1 / 50)
    V = V1 + V2 + V13
    # Six intervals have to hold at once, so each is of 99 %
    report = study(ishigami, n_chips=4096, methods=("sobol",), confidence=0.99, threshold=1.0)
    check_indices(report, (V1 / V, V2 / V, 0.0), ((V1 + V13) / V, V2 / V, V13 / V))
    assert report.notes == ()


def test_groups_with_an_interaction() -> None:
    """Y = 2 u1 + u2 + u1 u2 with u from 20 neurons each, and a third bias without effect: variances 4, 1, 1."""

    def formula(g: list[np.ndarray]) -> np.ndarray:
        u1, u2 = group(g[0]), group(g[1])
        return 2 * u1 + u2 + u1 * u2

    report = study(formula, 20, n_chips=4096, methods=("sobol",), confidence=0.99)
    check_indices(report, (4 / 6, 1 / 6, 0.0), (5 / 6, 2 / 6, 0.0))
    assert [bias.bias for bias in report.biases] == list(BIASES)  # ranked by total
    assert report.biases[2].total.value == 0


def test_intervals_of_indices_hold_them() -> None:
    rng, inside = np.random.default_rng(0), []
    for seed in range(25):
        x, z = rng.standard_normal((2, 256, 2))
        A, B = x @ [2, 1], z @ [2, 1]
        exchanged = [A + w * (z[:, k] - x[:, k]) for k, w in enumerate((2, 1))]
        for index, truth in zip(sobol(A, B, exchanged, 0.95, seed), (0.8, 0.2), strict=True):
            inside += [index.first.low <= truth <= index.first.high, index.total.low <= truth <= index.total.high]
    assert 0.88 <= np.mean(inside) <= 1  # 100 of them, of which those of a study hang together


def test_cost_of_one_bias_and_gain_without_it() -> None:
    """Y = 10 - 2 u1^2 - u2^2 - 0 u3: alone they cost 2, 1 and 0 in the mean, and removing them wins the same."""

    def formula(g: list[np.ndarray]) -> np.ndarray:
        return 10 - 2 * group(g[0]) ** 2 - group(g[1]) ** 2

    report = study(formula, 5, n_chips=2000, methods=("one", "without"), threshold=8.0, confidence=0.99)
    assert report.clean == 10
    assert [bias.bias for bias in report.biases] == list(BIASES)
    for bias, cost in zip(report.biases, (2.0, 1.0, 0.0), strict=True):
        assert bias.loss.low <= cost <= bias.loss.high
        assert bias.gain.low <= cost <= bias.gain.high
        assert bias.loss.value == pytest.approx(cost, abs=0.25)
        assert bias.first is None
    # P(2 u^2 > 2) and P(u^2 > 2), u standard normal
    for bias, share in zip(report.biases, (2 * ndtr(-1), 2 * ndtr(-math.sqrt(2)), 0.0), strict=True):
        assert bias.failing.low <= share <= bias.failing.high


def test_same_numbers_whatever_the_chunks() -> None:
    def formula(g: list[np.ndarray]) -> np.ndarray:
        return group(g[0]) + np.abs(group(g[1]))

    def told(**options: Any) -> dict[str, Any]:
        return study(formula, 3, n_chips=16, methods=("one", "without", "sobol"), **options).to_dict()

    one = told(chunk=1)
    assert told(chunk=7) == one
    assert told(seed=1)["biases"] != one["biases"]
    seen: list[tuple[int, int]] = []
    assert told(progress=lambda done, of: seen.append((done, of))) == one
    assert seen[-1] == (16 * (3 * 3 + 2), 16 * (3 * 3 + 2))


def test_finished_chips_are_kept_and_belong_to_one_study(tmp_path: Path) -> None:
    def formula(g: list[np.ndarray]) -> np.ndarray:
        return group(g[0])

    path = str(tmp_path / "study.ckpt")
    first = study(formula, n_chips=8, checkpoint=path)
    done: list[tuple[int, int]] = []
    again = study(formula, n_chips=8, checkpoint=path, progress=lambda *counts: done.append(counts))
    assert again.to_dict() == first.to_dict()
    assert done == [(64, 64)]  # all of it was there: 3 biases x 2 methods, and both sets of chips
    with pytest.raises(BadFile):
        study(formula, n_chips=8, checkpoint=path, mismatch=MismatchModel(0.1))


def test_biases_without_effect_are_left_out() -> None:
    def formula(g: list[np.ndarray]) -> np.ndarray:
        return 5 + group(g[1])

    report = study(formula, n_chips=4, biases=None)
    assert [bias.bias for bias in report.biases] == ["Iw_ampa"]
    assert "Itau_mem" in report.left_out
    assert "no output spike changed by: Itau_mem" in text(report)
    with pytest.raises(BadInput, match="does the network spike at all"):
        study(lambda g: np.ones(len(g[0])), n_chips=4, biases=None)


def test_one_bias_of_several_has_its_share_of_all() -> None:
    report = study(lambda g: group(g[0]) + group(g[1]), n_chips=1024, biases=["Iw_ampa"], methods=("sobol",))
    first = report.biases[0].first
    assert first.low <= 0.5 <= first.high
    assert first.high - first.low < 0.25


def test_no_variance_is_said_instead_of_divided_by() -> None:
    report = study(lambda g: np.ones(len(g[0])), n_chips=8)
    assert "all 16 chips have the value 1" in report.notes[0]
    assert all(bias.first is None and bias.loss.value == 0 for bias in report.biases)
    assert "first-order" not in text(report)
    assert "NaN" not in json.dumps(report.to_dict())
    assert sensitivity_picture(report).startswith(b"\x89PNG")
    only_sobol = study(lambda g: np.ones(len(g[0])), n_chips=8, methods=("sobol",))
    assert sensitivity_picture(only_sobol).startswith(b"\x89PNG")


def test_few_chips_that_differ_are_said() -> None:
    report = study(lambda g: (group(g[0]) < 1.6).astype(float), n_chips=32)
    assert "of 64 chips differ from the most common value" in report.notes[0]


def test_report_as_table_json_and_picture() -> None:
    report = study(lambda g: 3 + group(g[0]), n_chips=8, methods=("one", "without", "sobol"))
    shown = text(report)
    for words in ("mean loss [95 %]", "chips failing", "mean gain without", "first-order", "total", "Itau_mem"):
        assert words in shown
    told = json.loads(json.dumps(report.to_dict()))
    assert told["format"] == "arcana.sensitivity"
    assert told["biases"][0]["first"].keys() == {"value", "low", "high"}
    assert told["everything"]["n"] == 8
    assert sensitivity_picture(report).startswith(b"\x89PNG")


def text(report: SensitivityReport) -> str:
    console = Console(width=300, file=io.StringIO())
    console.print(report.table())
    return console.file.getvalue()  # type: ignore[attr-defined]


def refused(**options: Any) -> str:
    with pytest.raises(BadInput) as caught:
        study(lambda g: group(g[0]), **options)
    return str(caught.value)


def test_all_problems_are_listed() -> None:
    said = refused(
        n_chips=1, seed=-1, biases=["Itau_men"], methods=("one", "sobel"), confidence=95, threshold="high",
        metric=None, temperature=900.0,
    )  # fmt: skip
    assert said.startswith("8 problems")
    for words in (
        "'Itau_mem'?",
        "'sobol'?",
        "n_chips is 1",
        "seed is -1",
        "confidence is 95",
        "'high'",
        "metric",
        "900",
    ):
        assert words in said


def test_what_sobol_indices_need() -> None:
    said = refused(n_chips=100)
    assert "power of two" in said
    assert "64 or 128" in said
    correlated = MismatchModel(CV, correlation={("Itau_mem", "Ith"): 0.5})
    assert "independent causes" in refused(n_chips=8, mismatch=correlated)
    report = study(lambda g: group(g[0]), n_chips=100, mismatch=correlated, methods=("one", "without"))
    assert len(report.biases) == 3


def test_biases_that_do_not_spread() -> None:
    assert "CV of Ith is 0.0" in refused(n_chips=8, mismatch=MismatchModel({"Itau_mem": 0.1}), biases=["Ith"])
    assert "CV above 0" in refused(n_chips=8, mismatch=MismatchModel(0.0), biases=None)
    assert "at least one name" in refused(n_chips=8, biases=[])
    assert "at least one name" in refused(n_chips=8, biases="Ith")
    assert "a list of one, without, sobol" in refused(n_chips=8, methods="one")
    assert "MismatchModel(cv=0.1)" in refused(n_chips=8, mismatch=0.1)


def test_threshold_of_a_metric_that_is_not_positive() -> None:
    assert "the clean value is 0" in refused(n_chips=8, threshold=None)
