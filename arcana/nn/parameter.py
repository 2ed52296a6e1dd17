"""Biases as parameters: stored as ln(I / I0), so that every value is legal and one learning rate serves all.

ln(I / I0) is the gate voltage of the bias in units of Ut / kappa: a current cannot become negative, mismatch is
an addition, and float32 resolves it to a millionth.
"""

from __future__ import annotations

import copy
import math
import weakref
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from arcana.circuits.names import BIASES
from arcana.circuits.technology import Technology
from arcana.errors import Problems, unknown_name
from arcana.quantize.weights import project_fan_in
from arcana.typing import Tensor

_ROUNDING = 1e-6  # relative to the fan-in: what single precision loses in a sum


def unit_of(name: str, technology: Technology) -> float:
    """What a bias is divided by before the logarithm: I0 for a current, 1 for a time or an inverse current."""
    return technology.I0 if BIASES[name].unit == "A" else 1.0


def within(raw: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """Ln(I / I0) within its limits; a bias of 0 (-inf) is a part that is switched off, not a current below them."""
    return torch.where(raw == -math.inf, raw, torch.clamp(raw, low, high))  # type: ignore[arg-type]


class BiasParameter(nn.Parameter):
    """The logarithm of a bias, with the limits [low, high] that the bias generator sets (also as logarithms).

    The limits belong to the parameter, not to a registry, so that ``UpdateParams`` finds them through any
    optimizer; they survive ``deepcopy``, ``pickle`` and ``.to(...)``.
    """

    low: float
    high: float

    def __new__(
        cls, data: Tensor, requires_grad: bool = False, low: float = -math.inf, high: float = math.inf
    ) -> BiasParameter:
        """Wrap the logarithm of a bias."""
        self = super().__new__(cls, data, requires_grad)
        self.low, self.high = low, high
        return self

    def like(self, data: Tensor) -> BiasParameter:
        """Another value with the same limits."""
        return BiasParameter(data.data, data.requires_grad, self.low, self.high)

    def __deepcopy__(self, memo: dict[int, Any]) -> BiasParameter:
        if id(self) not in memo:
            memo[id(self)] = BiasParameter(self.data.clone(), self.requires_grad, self.low, self.high)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return BiasParameter, (self.data, self.requires_grad, self.low, self.high)


class CountFamily:
    """The count matrices whose rows share one fan-in: all receptors of a layer, inputs and recurrence.

    It knows its members weakly: they know it, copies of theirs join a copy of it (``deepcopy``, ``pickle``), and
    nothing is kept alive by it.

    Attributes:
        fan_in: Most synapses a neuron may have; None sets no limit.
        words: The fan-in counts input words that are not 0, whatever their weight: no sum is limited.
    """

    def __init__(self, fan_in: int | None = None, words: bool = False) -> None:
        self.fan_in, self.words = fan_in, words
        self._members: list[weakref.ref[CountParameter]] = []

    def __reduce__(self) -> Any:
        return CountFamily, (self.fan_in, self.words)

    @property
    def members(self) -> list[CountParameter]:
        """The matrices, in the order in which they joined."""
        alive = (member() for member in self._members)
        return [member for member in alive if member is not None]

    def join(self, member: CountParameter) -> None:
        """Take a matrix in; it leaves the family that it had."""
        member.family.leave(member)
        self._members.append(weakref.ref(member))
        member.family = self

    def leave(self, member: CountParameter) -> None:
        """Let a matrix go; nothing happens if it is not in."""
        self._members = [weakref.ref(one) for one in self.members if one is not member]

    @torch.no_grad()
    def project(self, problems: Problems) -> None:
        """Move the trained rows to the nearest ones >= 0 that leave the whole row within the fan-in.

        Matrices that are not trained keep what they have and use up their share; where they alone exceed the
        fan-in, that is noted and nothing is changed.
        """
        if self.fan_in is None or self.words:
            return
        free = [member for member in self.members if member.requires_grad]
        like = free[0]
        budget = torch.full((like.shape[0],), float(self.fan_in), dtype=torch.float64, device=like.device)
        for member in self.members:
            if not member.requires_grad:
                budget -= member.detach().double().clamp(min=0).sum(-1)
        if bool((budget < -_ROUNDING * self.fan_in).any()):
            _refuse(self.fan_in, budget, problems)
            return
        together = torch.cat([member.detach() for member in free], -1)
        if bool((together.clamp(min=0).double().sum(-1) > budget + _ROUNDING * self.fan_in).any()):
            legal = project_fan_in(together.double(), budget.clamp(min=0)).to(together)
            sizes = [member.shape[-1] for member in free]
            for member, part in zip(free, torch.split(legal, sizes, -1), strict=True):
                member.copy_(part)


def _refuse(fan_in: int, budget: Tensor, problems: Problems) -> None:
    worst, many = int(budget.argmin()), int((budget < 0).sum())
    others = f" and {many - 1} more" if many > 1 else ""
    used = round(fan_in - budget[worst].item(), 3)
    hint = "matrices that are not trained alone exceed it: set those that are not needed to 0, or train them"
    problems.note(f"synapses of neuron {worst}{others}", used, f"at most {fan_in} (fan_in)", hint=hint)


class CountParameter(nn.Parameter):
    """Synapse counts (float while training); ``UpdateParams`` keeps them >= 0 and their rows within the fan-in."""

    family: CountFamily

    def __new__(
        cls, data: Tensor, requires_grad: bool = False, family: CountFamily | None = None
    ) -> CountParameter:
        """Wrap a matrix of counts; without a family it is one of its own."""
        self = super().__new__(cls, data, requires_grad)
        self.family = CountFamily()
        (family or self.family).join(self)
        return self

    def like(self, data: Tensor) -> CountParameter:
        """Another matrix that takes this one's place in the family."""
        self.family.leave(self)
        return CountParameter(data.data, data.requires_grad, self.family)

    def __deepcopy__(self, memo: dict[int, Any]) -> CountParameter:
        if id(self) not in memo:
            family = copy.deepcopy(self.family, memo)
            memo[id(self)] = CountParameter(self.data.clone(), self.requires_grad, family)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return CountParameter, (self.data, self.requires_grad, self.family)


def read_biases(given: Mapping[str, Any], n_out: int, groups: int | None, problems: Problems) -> dict[str, Tensor]:
    """The values of the biases as float64 tensors of shape (), (n_out,) or (groups,); all problems are noted."""
    values: dict[str, Tensor] = {}
    for name, raw in given.items():
        if name not in BIASES:
            problems.append(unknown_name("bias", name, BIASES))
            continue
        if raw is None and name in ("pulse", "pulse_ahp"):
            continue
        value = read_bias(name, raw, n_out, groups, problems)
        if value is not None:
            values[name] = value
    return values


def read_bias(name: str, raw: Any, n_out: int, groups: int | None, problems: Problems) -> Tensor | None:
    """One bias; None if it was refused."""
    unit, _, zero_allowed = BIASES[name]
    allowed = f"a finite number {'>= 0' if zero_allowed else '> 0'}"
    try:
        value = torch.as_tensor(raw, dtype=torch.float64).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        problems.note(name, raw, allowed, unit)
        return None
    wrong = ~torch.isfinite(value) | (value < 0 if zero_allowed else value <= 0)
    if wrong.any():
        problems.note(name, raw if value.ndim == 0 else value[wrong][0].item(), allowed, unit)
        return None
    count = n_out if groups is None else groups
    if value.ndim > 0 and value.shape != (count,):
        what = "neurons" if groups is None else "bias groups"
        problems.note(name, tuple(value.shape), f"one value, or one for each of the {count} {what}", "(shape)")
        return None
    return value


@torch.no_grad()
def keep_legal(parameter: Tensor) -> None:
    """Put a parameter back into what a chip can hold: biases into their range, counts to >= 0."""
    if isinstance(parameter, BiasParameter):
        parameter.clamp_(parameter.low, parameter.high)
    elif isinstance(parameter, CountParameter):
        parameter.clamp_(min=0)


def UpdateParams(optimizer: torch.optim.Optimizer, args: Any = None, kwargs: Any = None) -> None:
    """Make a network legal again after a step of the optimizer.

    Biases go back into the range of the bias generator; synapse counts to the nearest ones >= 0 whose rows, over
    all receptors and recurrence of a layer, add up to at most its fan-in.

    Use it as ``optimizer.register_step_post_hook(UpdateParams)``, or call it after ``optimizer.step()``.

    Raises:
        BadInput: if count matrices that are not trained alone exceed the fan-in; lists every layer.
    """
    families: dict[int, CountFamily] = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            keep_legal(parameter)
            if isinstance(parameter, CountParameter) and parameter.requires_grad:
                families[id(parameter.family)] = parameter.family
    problems = Problems()
    for family in families.values():
        family.project(problems)
    problems.raise_if_any()
