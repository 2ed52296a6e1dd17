"""Which bias's mismatch costs most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from arcana.analysis.data import read_data
from arcana.analysis.fingerprint import fingerprint, metric_name
from arcana.analysis.metrics import Metric
from arcana.analysis.sensitivity_checks import check_sensitivity
from arcana.analysis.sensitivity_plan import plan, spreads, undisturbed, without_effect
from arcana.analysis.sensitivity_report import SensitivityReport
from arcana.analysis.sensitivity_values import judged
from arcana.analysis.statistics import CONFIDENCE
from arcana.analysis.study import SHARE_OF_CLEAN
from arcana.analysis.subject import Subject
from arcana.analysis.subjects import Given, subjects_for
from arcana.analysis.work import Point, StudyWork
from arcana.errors import BadInput
from arcana.executors import Checkpoint, execute
from arcana.hardware.profile import HardwareProfile
from arcana.mismatch import MismatchModel


def sensitivity(
    net_or_config: Given | Subject,
    metric: Metric,
    data: Any,
    mismatch: MismatchModel,
    *,
    n_chips: int = 128,
    seed: int = 0,
    biases: Sequence[str] | None = None,
    methods: Sequence[str] = ("one", "sobol"),
    confidence: float = CONFIDENCE,
    threshold: float | None = None,
    temperature: float | None = None,
    quantised: bool | None = None,
    profile: HardwareProfile | str | None = None,
    executor: Any = None,
    checkpoint: Checkpoint | str | None = None,
    chunk: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> SensitivityReport:
    """Find out which bias's mismatch costs most, each one by itself and as a share of what tells chips apart.

    - "one": mismatch on one bias only. Its cost where everything else is perfect: mean loss against the clean
      value, and the share of chips that fail.
    - "without": mismatch on all biases but one. What would be won if just this one were matched, calibrated, or
      trained away.
    - "sobol": mismatch on all biases, that of one exchanged. Share of the variance between chips that this bias
      explains by itself (first-order) and with all its interactions (total); see ``sobol`` for what an index of a
      whole bias means. It says why chips differ, not what they lose on average: a bias that harms every chip alike
      has a large loss and a small index.

    Each bias takes n_chips runs of a chip for each method, and "sobol" n_chips more. Biases whose mismatch changes
    no output spike of two chips are left out, unless they are asked for.

    Args:
        net_or_config: See ``robustness``; or a ``Subject`` of one's own.
        metric: Number for one chip, the larger the better. One that is the same for nearly all chips, such as an
            accuracy of 100 %, has little variance to explain.
        data: (X, targets), see ``robustness``.
        mismatch: The mismatch of all biases.
        n_chips: Chips for each number; for "sobol" a power of two, which its estimator in SciPy asks for.
        seed: Of the chips, and of the bootstrap. The second set of chips for "sobol" is that of ``seed + 1``.
        biases: Those to judge; None is all with a CV that is not 0. The others keep their mismatch.
        methods: Any of the three.
        confidence: Of all intervals.
        threshold: From which value on a chip works; None is 0.9 of the clean value.
        temperature: Of all chips [°C]; None: as the profile says.
        quantised: On a mapped network: bias codes or exact currents. None: as given.
        profile: The chip; None is the one that the settings name, or that the network was made for.
        executor: See ``arcana.executors.read_executor``: None is this process.
        checkpoint: File in which finished chips are kept, and found again.
        chunk: Chips that run together; no number depends on it.
        progress: Called with the number of finished chips, and of all.

    Raises:
        BadInput: listing everything that was refused; for "sobol" also correlated biases, since its indices are
            shares of independent causes.
    """
    conditions = check_sensitivity(
        metric, mismatch, n_chips, seed, biases, methods, confidence, threshold,
        {"temperature": temperature, "quantised": quantised},
    )  # fmt: skip
    X, targets = read_data(data)
    subjects: Mapping[bool | None, Subject] = (
        {quantised: net_or_config}
        if isinstance(net_or_config, Subject)
        else subjects_for(net_or_config, (conditions,), profile, seed)
    )
    still = undisturbed(mismatch, conditions)
    work = StudyWork(subjects, metric, X, targets, (Point(conditions, mismatch), still), seed)
    clean = work(1, 0, 1)[0]  # first: what does not run at all is found here
    limit = _threshold(threshold, clean)
    idle = without_effect(work, spreads(mismatch)) if biases is None else ()
    chosen = tuple(bias for bias in dict.fromkeys(biases or spreads(mismatch)) if bias not in idle)
    if not chosen:
        allowed = "at least one whose mismatch changes an output spike"
        raise BadInput.one("biases", ", ".join(idle), allowed, hint="does the network spike at all?")
    points = plan(mismatch, chosen, methods, conditions, seed)
    work = replace(work, points=(*points.values(), still))
    made = fingerprint(work)
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
        checkpoint = Checkpoint(checkpoint, made)
    values = execute(
        work, range(len(points)), n_chips, chunk=chunk, executor=executor, checkpoint=checkpoint, progress=progress
    )
    rows = {key: np.array([values[k, chip] for chip in range(n_chips)]) for k, key in enumerate(points)}
    return SensitivityReport(
        clean=clean, threshold=limit, metric=metric_name(metric), model=mismatch, n_chips=n_chips, seed=seed,
        confidence=confidence, left_out=idle, provenance=made,
        **judged(rows, clean, mismatch, chosen, limit, confidence, seed),
    )  # fmt: skip


def _threshold(given: float | None, clean: float) -> float:
    """From which value on a chip works."""
    if given is not None:
        return float(given)
    if clean <= 0:
        hint = "a share of a clean value that is not above 0 means nothing"
        raise BadInput.one("threshold", None, f"a number, since the clean value is {clean:g}", hint=hint)
    return SHARE_OF_CLEAN * clean
