"""What a network of rate populations is: sizes, connectivity, dynamics, input, recording."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field, field_validator

from arcana.errors import Problems, did_you_mean
from arcana.hardware.model import Flag, Model, Whole, refuse
from arcana.networks.rate.transfer import TRANSFERS


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise refuse("a number")
    return value


# Numbers as text are taken: YAML reads 1e-3 as text
Finite: TypeAlias = Annotated[float, BeforeValidator(_no_flag), Field(allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, BeforeValidator(_no_flag), Field(allow_inf_nan=False, gt=0)]
NotNegative: TypeAlias = Annotated[float, BeforeValidator(_no_flag), Field(allow_inf_nan=False, ge=0)]
Size: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
Structure: TypeAlias = Literal["none", "cosine", "cosine_by_sqrt_k", "low_rank", "von_mises"]
PER_POPULATION = (
    "strength_in", "tau_s", "tau_syn_s", "tau_nmda_s", "threshold", "input_variance", "held_until_stimulus",
)  # fmt: skip
PER_PAIR = ("structure", "structure_strength", "weight_noise")
PER_STIMULUS = ("stimulus_off_s", "stimulus_strength", "stimulus_tuning", "stimulus_phase_deg")


class RateConfig(Model):
    """A network of rate units in populations; pairs of populations are written (post, pre), post by post.

    Attributes:
        neurons: N, of all populations together.
        fractions: N_a / N of each population; the first is excitatory.
        in_degree: K, mean number of inputs from each population; also the scale of input (see ``current``).
        connectivity: ``sparse``: present with the probability K P / N_b. ``all_to_all``: all of them, and K = 1.
        all_to_all_scaling: Weights are J P / sqrt(N_b) (``sqrt_n``), or J P / N_b (``n``).
        structure: Of each pair, the profile P of the connections; one for all pairs, or one for each.
        structure_strength: kappa of each pair. Where P falls below 0 (kappa above 1 of a cosine), or K P / N_b
            rises above 1, a sparse connection is absent, or present; a warning says of how many.
        structure_phase_deg: Shift of the cosine profiles [degrees].
        low_rank_mean: Means of the four vectors xi of ``low_rank``.
        low_rank_cov: Their covariance, 4 by 4.
        weight_noise: Of each pair, of ``all_to_all``: standard deviation of the noise on J, times sqrt(N_b).
        strength: J_ab, a row for each post-synaptic population.
        gain: Factor on all J_ab.
        strength_in: J_a0, of the feed-forward input.
        drive: M0, rate of the feed-forward input.
        integration: ``exact``: drives enter with 1 - exp(-dt / tau). ``explicit``: with dt / tau, beside exact
            decay, as the earlier programs had it; that is a gain at rest.
        dt_s: Time step [s].
        tau_s: Of the rates of each population [s].
        rate_dynamics: Whether rates follow their drive with tau, or at once.
        tau_syn_s: Of the currents of each population (the post-synaptic one) [s].
        synaptic_dynamics: Whether currents follow with tau_syn, or at once.
        nmda: Whether the first population has slow receptors as well.
        nmda_share: Their current, as a share of the fast one.
        tau_nmda_s: Their time constants, of each post-synaptic population [s].
        transfer: Name of phi, see ``arcana.networks.rate.transfer``.
        threshold: Of each population, for transfer functions that have one.
        plastic: Pairs (post, pre) of populations whose synapses have short-term plasticity.
        release: U of it. tau_facilitation_s, tau_recovery_s: its time constants [s].
        input_variance: Variance of the noise on the input of each population, new in each step.
        held_until_stimulus: Populations whose input is J_a0 / sqrt(K) until the first stimulus.
        stimulus_on_s: Onsets, counted from the end of the warm-up [s]; an empty list is no stimulus.
        stimulus_off_s: Ends.
        stimulus_strength: I0 of each stimulus, on the first population: I0 (1 + tuning cos(theta - phase)).
        stimulus_tuning: See there.
        stimulus_phase_deg: See there [degrees].
        duration_s: Time that is recorded [s], after the warm-up.
        warm_up_s: Time before it [s].
        window_s: A sample is the mean over so much time [s].
        record: ``first`` population, or ``all``.
        batch: Runs side by side, each from an initial state of its own.
        seed: Of connections, initial states and input noise.
    """

    neurons: Size
    fractions: tuple[Positive, ...] = (1.0,)
    in_degree: Positive
    connectivity: Literal["sparse", "all_to_all"] = "sparse"
    all_to_all_scaling: Literal["sqrt_n", "n"] = "n"
    structure: tuple[Structure, ...] = ("none",)
    structure_strength: tuple[NotNegative, ...] = (0.0,)
    structure_phase_deg: Finite = 0.0
    low_rank_mean: tuple[Finite, ...] = (0.0, 0.0, 0.0, 0.0)
    low_rank_cov: tuple[tuple[Finite, ...], ...] = tuple(tuple(float(i == j) for i in range(4)) for j in range(4))
    weight_noise: tuple[NotNegative, ...] = (0.0,)
    strength: tuple[tuple[Finite, ...], ...]
    gain: Positive = 1.0
    strength_in: tuple[Finite, ...]
    drive: NotNegative = 1.0
    integration: Literal["exact", "explicit"] = "exact"
    dt_s: Positive
    tau_s: tuple[Positive, ...]
    rate_dynamics: Flag = True
    tau_syn_s: tuple[Positive, ...] = (1e-3,)
    synaptic_dynamics: Flag = True
    nmda: Flag = False
    nmda_share: NotNegative = 0.5
    tau_nmda_s: tuple[Positive, ...] = (0.2,)
    transfer: str = "threshold_linear"
    threshold: tuple[Finite, ...] = (1.0,)
    plastic: tuple[tuple[Whole, Whole], ...] = ()
    release: Annotated[float, Field(gt=0, le=1)] = 0.03
    tau_facilitation_s: Positive = 1.0
    tau_recovery_s: Positive = 0.25
    input_variance: tuple[NotNegative, ...] = (0.0,)
    held_until_stimulus: tuple[Flag, ...] = (False,)
    stimulus_on_s: tuple[NotNegative, ...] = ()
    stimulus_off_s: tuple[NotNegative, ...] = ()
    stimulus_strength: tuple[Finite, ...] = (0.0,)
    stimulus_tuning: tuple[Finite, ...] = (0.0,)
    stimulus_phase_deg: tuple[Finite, ...] = (180.0,)
    duration_s: Positive
    warm_up_s: NotNegative = 0.0
    window_s: Positive
    record: Literal["first", "all"] = "first"
    batch: Size = 1
    seed: Whole = 0

    @field_validator("transfer")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in TRANSFERS:
            raise refuse("one of " + ", ".join(TRANSFERS), did_you_mean(value, TRANSFERS))
        return value

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """One value stands for every population, pair or stimulus."""
        count = len(data["fractions"]) if isinstance(data.get("fractions"), (list, tuple)) else 1
        if isinstance(data.get("stimulus_on_s"), (int, float)):
            data = data | {"stimulus_on_s": (data["stimulus_on_s"],)}
        onsets = data.get("stimulus_on_s", ())
        stimuli = len(onsets) if isinstance(onsets, (list, tuple)) else 1
        sizes = dict.fromkeys(PER_POPULATION, count) | dict.fromkeys(PER_PAIR, count**2)
        sizes |= dict.fromkeys(PER_STIMULUS, stimuli)
        ready = {name: field.default for name, field in cls.model_fields.items() if not field.is_required()} | data
        return ready | {name: _spread(ready[name], size) for name, size in sizes.items() if name in ready}

    def inspect(self, problems: Problems) -> None:
        """Sizes that go together, times that are whole steps, numbers that can be."""
        count = len(self.fractions)
        for names, size, what in (
            (PER_POPULATION, count, "population"), (PER_PAIR, count**2, "pair of populations"),
            (PER_STIMULUS, len(self.stimulus_on_s), "stimulus"),
        ):  # fmt: skip
            for name in names:
                if len(getattr(self, name)) != size:
                    problems.note(name, list(getattr(self, name)), f"one value, or {size}: one for each {what}")
        if [len(row) for row in self.strength] != [count] * count:
            problems.note("strength", [list(row) for row in self.strength], f"{count} rows of {count} numbers")
        if abs(sum(self.fractions) - 1) > 1e-6:
            problems.note("fractions", list(self.fractions), "shares that sum to 1")
        elif 0 in self.sizes:
            problems.note("fractions", list(self.fractions), f"at least one of {self.neurons} neurons for each")
        elif self.connectivity == "sparse" and self.in_degree > min(self.sizes):
            smallest = min(self.sizes)
            problems.note("in_degree", self.in_degree, f"at most {smallest}, the size of the smallest population")
        self._inspect_times(problems)
        for pair in self.plastic:
            if max(pair) >= count:
                problems.note("plastic", list(pair), f"pairs of populations 0 to {count - 1}")
        if any("low_rank" in name for name in self.structure):
            self._inspect_low_rank(problems)

    def _inspect_times(self, problems: Problems) -> None:
        for name in ("duration_s", "warm_up_s", "window_s"):
            steps = getattr(self, name) / self.dt_s
            if abs(steps - round(steps)) > 1e-6 * max(1.0, steps) or (name == "window_s" and round(steps) < 1):
                problems.note(name, getattr(self, name), f"a multiple of dt_s = {self.dt_s:g}", "s")
        if self.window_s > self.duration_s + self.window_s * 1e-9:
            problems.note("window_s", self.window_s, f"at most duration_s = {self.duration_s:g}", "s")
        if self.integration == "explicit":
            used = {"tau_s": self.rate_dynamics, "tau_syn_s": self.synaptic_dynamics, "tau_nmda_s": self.nmda}
            for name in (name for name, on in used.items() if on):
                if min(getattr(self, name)) < self.dt_s / 2:
                    problems.note(name, list(getattr(self, name)), f"at least dt_s / 2 = {self.dt_s / 2:g}", "s")
        for name in ("stimulus_on_s", "stimulus_off_s"):
            for time in getattr(self, name):
                if abs(time / self.dt_s - round(time / self.dt_s)) > 1e-6 * max(1.0, time / self.dt_s):
                    problems.note(name, time, f"a multiple of dt_s = {self.dt_s:g}", "s")
        for on, off in zip(self.stimulus_on_s, self.stimulus_off_s, strict=False):
            if off <= on:
                problems.note("stimulus_off_s", off, f"after its onset at {on:g}", "s")

    def _inspect_low_rank(self, problems: Problems) -> None:
        cov = np.array(self.low_rank_cov, dtype=object)
        if len(self.low_rank_mean) != 4 or cov.shape != (4, 4):
            shapes = [len(self.low_rank_mean), [len(row) for row in self.low_rank_cov]]
            problems.note("low_rank_mean, low_rank_cov", shapes, "4 numbers, and 4 rows of 4", "(sizes)")
            return
        numbers = cov.astype(float)
        if not np.allclose(numbers, numbers.T) or np.linalg.eigvalsh(numbers)[0] < -1e-9:
            problems.note("low_rank_cov", numbers.tolist(), "a symmetric matrix without negative eigenvalues")

    # ------------------------------------------------------------------ what follows

    @property
    def sizes(self) -> tuple[int, ...]:
        """N_a, the last population taking what rounding leaves."""
        edges = [0, *(round(self.neurons * share) for share in np.cumsum(self.fractions))]
        return tuple(int(b - a) for a, b in pairwise(edges))

    @property
    def inputs(self) -> float:
        """K, or 1 where all are connected."""
        return self.in_degree if self.connectivity == "sparse" else 1.0

    @property
    def steps(self) -> int:
        """Of the whole run: warm-up, recording, and the window before the first sample."""
        return self.before + round(self.duration_s / self.dt_s) + self.stride

    @property
    def before(self) -> int:
        """Steps of the warm-up."""
        return round(self.warm_up_s / self.dt_s)

    @property
    def stride(self) -> int:
        """Steps of a window."""
        return round(self.window_s / self.dt_s)

    @property
    def samples(self) -> int:
        """Windows that are recorded."""
        return (self.steps - self.before) // self.stride

    @property
    def scale_in(self) -> float:
        """M0 sqrt(K): what input is multiplied with, in this one place."""
        return self.drive * math.sqrt(self.inputs)

    def of_neurons(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """A value of each population, for each neuron (N,)."""
        return np.repeat(np.array(getattr(self, name), dtype=np.float64), self.sizes)


def _spread(value: Any, count: int) -> Any:
    if isinstance(value, (int, float, str)):
        return (value,) * count
    return tuple(value) * count if isinstance(value, (list, tuple)) and len(value) == 1 else value
