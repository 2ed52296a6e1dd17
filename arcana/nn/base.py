"""What ``DPINeuron`` and ``DPILayer`` share: biases, synapse counts, mismatch, and the run of a sequence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from arcana.circuits import equations as eq
from arcana.circuits.dpi import SOLVERS, DPIBias, DPIState, coefficients
from arcana.circuits.names import BIASES, OPTIONAL_BIASES, RECEPTORS
from arcana.engine import dispatch
from arcana.engine.drive import Drive, Job, Result
from arcana.errors import BadInput, Problems, did_you_mean, unknown_name
from arcana.graph import Solver
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.nn.checks import check_events, check_external, check_parameters, check_state, inspectable
from arcana.nn.parameter import BiasParameter, CountFamily, CountParameter, read_biases, unit_of, within
from arcana.nn.switched import read_switches
from arcana.nn.synapses import Synapses
from arcana.quantize.codes import bias_limits
from arcana.surrogate import fast_sigmoid
from arcana.typing import Surrogate, Tensor

_OPTIONS = ("substeps", "leak_saturation", "weight_switches")


class DPIModule(Synapses, nn.Module):
    """A population of DPI neurons on one set of biases. See ``DPILayer`` for the arguments.

    ``weight_switches=4`` (an option, for chips whose input words carry weight switches) makes every weight a sum of
    the four weight currents that all words share, in place of a whole number of equal synapses; the fan-in then
    counts words.

    Attributes:
        whole_weights: False keeps the weights as they are, with fractions.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        dt: float,
        surrogate_fn: Surrogate = fast_sigmoid,
        profile: HardwareProfile | str | None = None,
        recurrent: bool = False,
        solver: Solver = "rk4",
        fan_in: int | None = None,
        bias_groups: Sequence[int] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        problems = Problems()
        given = dict(options or {})
        _check_sizes(problems, n_in=n_in, n_out=n_out)
        if isinstance(dt, bool) or not isinstance(dt, (int, float)) or not 1e-7 <= dt <= 0.1:
            problems.note("dt", dt, "a number from 1e-7 to 0.1", "s")
        if solver not in SOLVERS:
            problems.note("solver", solver, "one of " + ", ".join(SOLVERS), hint=did_you_mean(str(solver), SOLVERS))
        if fan_in is not None:
            _check_sizes(problems, fan_in=fan_in)
        chip = _read_profile(profile, problems)
        if problems or chip is None:
            _check_options(given, surrogate_fn, problems)  # the rest needs sizes and profile
            raise BadInput(problems)
        self.profile = chip
        # The chip may get warmer; the unit that biases are stored in stays
        self.technology = self._units = self.profile.technology()
        self.n_in, self.n_out, self.dt, self.solver = n_in, n_out, float(dt), solver
        self.recurrent, self.surrogate_fn = recurrent, surrogate_fn
        self.substeps = given.pop("substeps", None)
        self.leak_saturation = given.pop("leak_saturation", True)
        self.whole_weights = True
        self.switches = read_switches(given.pop("weight_switches", None), chip, problems)
        if fan_in is None and profile is not None:
            fan_in = self.profile.fan_in
        self._family = CountFamily(fan_in, words=self.switches is not None)
        groups = _read_groups(bias_groups, n_out, problems)
        self.register_buffer("bias_groups", groups, persistent=False)
        _check_settings(self.substeps, self.leak_saturation, surrogate_fn, problems)
        train = {key.removeprefix("train_"): given.pop(key) for key in list(given) if key.startswith("train_")}
        self._make_biases(given, train, problems)
        self._make_weights(train)
        problems.raise_if_any()

    # ------------------------------------------------------------------ biases

    def _make_biases(self, given: dict[str, Any], train: dict[str, Any], problems: Problems) -> None:
        for name in train:
            if name not in BIASES and name not in RECEPTORS:
                flags = [f"train_{known}" for known in (*BIASES, *RECEPTORS)]
                problems.append(unknown_name("option", f"train_{name}", flags))
        for name in [n for n in given if n not in BIASES]:
            problems.append(unknown_name("bias", name, (*BIASES, *_OPTIONS)))
            del given[name]
        groups = None if self.bias_groups is None else int(self.bias_groups.max()) + 1
        values = read_biases({**self.profile.default_biases(), **given}, self.n_out, groups, problems)
        # Here too, not only on the parameters: under functional_call other tensors stand in their place
        self._limits: dict[str, tuple[float, float]] = {}
        for name, value in values.items():
            low, high = bias_limits(self.profile, name)
            if name.startswith("Iw_") and "pulse" not in values:
                low = 0.0  # a unit jump: the chip's weight current is larger, by 1 / p, and checked on export
            outside = (value < low * (1 - 1e-6)) | (value > high * (1 + 1e-6))
            if name in given and bool((outside & (value > 0)).any()):
                worst = value.flatten()[outside.flatten()][0].item()
                problems.note(name, worst, f"{low:.4g} to {high:.4g} on {self.profile.name}", BIASES[name].unit)
            trained = bool(train.get(name, False))
            if trained and bool((value == 0).any()):
                problems.note(name, 0.0, "a start value > 0 for a bias that is trained", BIASES[name].unit)
            unit = unit_of(name, self._units)
            data = torch.log(value / unit).to(torch.get_default_dtype())
            limits = math.log(low / unit) if low > 0 else -math.inf, math.log(high / unit)
            setattr(self, f"log_{name}", BiasParameter(data, trained, *limits))
            self._limits[name] = limits
        for name in OPTIONAL_BIASES:
            if name not in values and train.get(name):
                problems.note(name, None, "a start value > 0 for a bias that is trained", BIASES[name].unit)

    @property
    def adaptation(self) -> bool:
        """Whether a spike can move the adaptation current (asked anew: a loaded state may have switched it on)."""
        raw: Tensor = self.log_Iw_ahp
        return raw.requires_grad or not inspectable(raw) or bool((raw > -math.inf).any())

    def bias_names(self) -> tuple[str, ...]:
        """The biases that this population has (the optional ones only if they were set)."""
        return tuple(name for name in BIASES if f"log_{name}" in self._parameters)

    def nominal(self, name: str) -> Tensor:
        """A bias without mismatch [A, s or 1/A]: shape (), (n_out,) or (groups,)."""
        if name not in BIASES:
            raise BadInput(unknown_name("bias", name, BIASES))
        if f"log_{name}" not in self._parameters:
            raise BadInput.one(name, None, "a bias that was set when the layer was made")
        return self._within_limits(name).exp() * unit_of(name, self._units)

    def _within_limits(self, name: str) -> Tensor:
        return within(getattr(self, f"log_{name}"), *self._limits[name])

    def biases(self) -> DPIBias:
        """All biases as the neurons have them, mismatch included: (), (n_out,) or (chips, 1, n_out)."""
        # Those of one shape go together, since each small operation costs a microsecond; what is trained and what
        # is not stay apart, so that no bias seems trained that is not
        alike: dict[tuple[object, ...], list[str]] = {}
        for name in self.bias_names():
            raw: Tensor = getattr(self, f"log_{name}")
            alike.setdefault((raw.shape, raw.requires_grad, self.mismatch_of(name) is None), []).append(name)
        values: dict[str, Tensor] = {}
        for (_, _, nominal), names in alike.items():
            raw = torch.stack([getattr(self, f"log_{name}") for name in names])
            shape = (-1, *(1 for _ in range(raw.ndim - 1)))
            low, high = raw.new_tensor([self._limits[name] for name in names]).T
            raw = within(raw, low.view(shape), high.view(shape))
            if self.bias_groups is not None and raw.ndim > 1:
                raw = raw[:, self.bias_groups]
            units = [unit_of(name, self._units) for name in names]
            if nominal:
                values |= zip(names, (raw.exp() * raw.new_tensor(units).view(shape)).unbind(), strict=True)
            else:
                for name, one, unit in zip(names, raw.unbind(), units, strict=True):
                    values[name] = (one + self.mismatch_of(name)).exp() * unit  # type: ignore[operator]
        return DPIBias(**values)

    def set_bias(self, name: str, value: float | Sequence[float] | Tensor) -> None:
        """Give a bias another value (same shape rules as the constructor).

        Raises:
            BadInput: for an unknown name, a value that is not allowed, or one out of the generator's range.
        """
        current = self.nominal(name)
        problems = Problems()
        groups = None if self.bias_groups is None else int(self.bias_groups.max()) + 1
        new = read_biases({name: value}, self.n_out, groups, problems).get(name)
        problems.raise_if_any()
        assert new is not None
        parameter: BiasParameter = getattr(self, f"log_{name}")
        data = torch.log(new / unit_of(name, self._units)).to(current)
        finite = data[torch.isfinite(data)]
        if bool(((finite < parameter.low - 1e-6) | (finite > parameter.high + 1e-6)).any()):
            unit = unit_of(name, self._units)
            allowed = f"{math.exp(parameter.low) * unit:.4g} to {math.exp(parameter.high) * unit:.4g}"
            raise BadInput.one(name, value, f"{allowed} on {self.profile.name}", BIASES[name].unit)
        if parameter.requires_grad and finite.numel() < data.numel():
            raise BadInput.one(name, value, "a value > 0 for a bias that is trained", BIASES[name].unit)
        if data.shape == parameter.shape:  # in place: an optimizer may hold the parameter
            parameter.data.copy_(data)
            return
        setattr(self, f"log_{name}", BiasParameter(data, parameter.requires_grad, parameter.low, parameter.high))

    def __getattr__(self, name: str) -> Any:
        if name in BIASES and f"log_{name}" in self.__dict__.get("_parameters", {}):
            return self.nominal(name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in BIASES:  # else it would become a plain attribute that hides the bias and does nothing
            self.set_bias(name, value)
        else:
            super().__setattr__(name, self._adopted(name, value) if isinstance(value, nn.Parameter) else value)

    def _adopted(self, name: str, value: nn.Parameter) -> nn.Parameter:
        """A parameter in another one's place (``load_state_dict(assign=True)``) keeps to the same limits."""
        old = self._parameters.get(name)
        if isinstance(old, BiasParameter | CountParameter) and type(value) is nn.Parameter:
            return old.like(value)
        return value

    # ------------------------------------------------------------------ run

    def run(
        self,
        X: Tensor,
        state: DPIState | None = None,
        external: Tensor | None = None,
        record: Sequence[str] = (),
    ) -> Result:
        """Run a sequence (..., batch, time, n_in); ``external`` is a current [A] (..., batch, time, n_out)."""
        parameter: Tensor = self.log_Itau_mem
        check_parameters(self)
        check_events(X, self.n_in, parameter.dtype)
        if external is not None:
            check_external(external, X, self.n_out)
        bias = self.biases()
        drive = self._drive(X, external)
        live = (*drive.receiving(), self.adaptation) if state is None else (True,) * 5
        c = coefficients(
            bias, self.technology, self.dt, solver=self.solver, substeps=self.substeps,
            leak_saturation=self.leak_saturation, live=eq.Live(*live),
        )  # fmt: skip
        if state is None:
            shapes = [tuple(b.shape) for b in bias if b is not None]
            shape = np.broadcast_shapes((*X.shape[:-2], self.n_out), *shapes)
            state = DPIState.rest(shape, self.technology, X)
        else:
            check_state(state, X.shape[:-2], self.n_out, X.dtype)
        return dispatch.run(Job(drive, state, c, self.technology, self.dt, self.surrogate_fn, record))

    def _drive(self, X: Tensor, external: Tensor | None) -> Drive:
        counts = self.counts()
        used = {name: weight if self._may_be_nonzero(name) else None for name, weight in counts.items()}
        feed, loop = (tuple(used.get(f"{kind}_{r}") for r in RECEPTORS) for kind in "WR")
        return Drive(X, feed, loop, external)

    def extra_repr(self) -> str:
        """Sizes and solver, for ``print(net)``."""
        trained = [name for name, p in self.named_parameters() if p.requires_grad]
        return (
            f"{self.n_in} -> {self.n_out}, dt={self.dt:g} s, profile={self.profile.name}, solver={self.solver}, "
            f"recurrent={self.recurrent}, fan_in={self.fan_in}, weight_switches={self.weight_switches}, "
            f"trained={trained}"
        )


def _check_sizes(problems: Problems, **sizes: Any) -> None:
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            problems.note(name, value, "a whole number >= 1")


def _read_profile(given: HardwareProfile | str | None, problems: Problems) -> HardwareProfile | None:
    if isinstance(given, HardwareProfile):
        return given
    try:
        return load_profile(given or "ideal")
    except BadInput as error:
        problems.extend(error.problems)
        return None


def _check_settings(substeps: object, leak_saturation: object, surrogate_fn: object, problems: Problems) -> None:
    if substeps is not None:
        _check_sizes(problems, substeps=substeps)
    if not isinstance(leak_saturation, bool):
        problems.note("leak_saturation", leak_saturation, "True or False")
    if not callable(surrogate_fn):
        problems.note("surrogate_fn", surrogate_fn, "a function of a tensor, such as arcana.surrogate.fast_sigmoid")


def _check_options(given: Mapping[str, Any], surrogate_fn: object, problems: Problems) -> None:
    """Names of options, and the values of biases that are one number: what can be said without the sizes."""
    _check_settings(given.get("substeps"), given.get("leak_saturation", True), surrogate_fn, problems)
    flags = [f"train_{known}" for known in (*BIASES, *RECEPTORS)]
    for name, value in given.items():
        if name in BIASES and isinstance(value, (int, float)):
            read_biases({name: value}, 1, None, problems)
        elif name.startswith("train_") and name not in flags:
            problems.append(unknown_name("option", name, flags))
        elif not name.startswith("train_") and name not in (*BIASES, *_OPTIONS):
            problems.append(unknown_name("bias", name, (*BIASES, *_OPTIONS)))


def _read_groups(groups: Sequence[int] | None, n_out: int, problems: Problems) -> Tensor | None:
    if groups is None:
        return None
    try:
        index = torch.as_tensor(groups)
    except (TypeError, ValueError, RuntimeError):
        index = torch.empty(0)
    whole = not index.is_floating_point() and index.shape == (n_out,) and bool((index >= 0).all())
    if not whole or len(set(index.tolist())) != int(index.max()) + 1:
        problems.note("bias_groups", groups, f"{n_out} group numbers 0, 1, 2 ... without gaps")
        return None
    return index.long()
