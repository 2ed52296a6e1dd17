"""A population of Fiuri neurons: graded neurons with a threshold and a decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import nn

from arcana.errors import BadInput, Problems, unknown_name
from arcana.graded import is_number
from arcana.networks.fiuri_rules import Annealed, Exact, Rule, Smooth
from arcana.networks.weights import GapJunction, not_negative
from arcana.typing import Tensor

Variant: TypeAlias = Literal["exact", "smooth", "annealed"]
SMALLEST = 1e-6  # temperature and slopes: the square is still a number in float32
RULES: Mapping[str, type[Any]] = {"exact": Exact, "smooth": Smooth, "annealed": Annealed}


class FiuriState(NamedTuple):
    """Internal state E and output O of each neuron, (B, n)."""

    E: Tensor
    O: Tensor  # noqa: E741 (the name of the literature)

    @classmethod
    def rest(cls, shape: tuple[int, ...], like: Tensor) -> FiuriState:
        """All zero."""
        zero = like.new_zeros(shape)
        return cls(zero, zero)

    def reset(self, where: Tensor | None = None) -> FiuriState:
        """The original's reset: E = 0, and O stays. ``where`` (B,) tells which rows; None is all."""
        zero = torch.zeros_like(self.E)
        return FiuriState(zero if where is None else torch.where(where[..., None], zero, self.E), self.O)


class FiuriCell(nn.Module):
    """n Fiuri neurons: S = clamp(E + I, -10, 10) and what follows from S > T and S = E.

    The three variants of the law are in ``arcana.networks.fiuri_rules``. The cell keeps no state: it takes one
    and returns the next.

    Args:
        n: Neurons.
        variant: "exact", "smooth" or "annealed".
        **options: Of the variant: ``epsilon``, ``leak`` (exact); ``k_gj``, ``k_fire``, ``k_in``, ``theta_in``,
            ``leak`` (smooth); ``temperature`` (annealed).

    Attributes:
        threshold: Parameter T (n,).
        raw_decay: Parameter (n,); the decay is max(raw_decay, 0).

    Raises:
        BadInput: listing all that is wrong with the arguments.
    """

    def __init__(self, n: int, variant: Variant = "exact", **options: float) -> None:
        super().__init__()
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise BadInput.one("n", n, "a whole number >= 1")
        self.n = n
        self.set_variant(variant, **options)
        self.threshold = nn.Parameter(torch.zeros(n))
        self.raw_decay = nn.Parameter(torch.full((n,), 0.1))

    def set_variant(self, variant: Variant, **options: float) -> None:
        """Go on with another variant of the law, or another temperature; parameters stay.

        Raises:
            BadInput: for an unknown variant or option (with the nearest known one), or a value out of range.
        """
        self.rule: Rule = rule_of(variant, options)
        self.variant = variant

    @property
    def decay(self) -> Tensor:
        """Decay d (n,), >= 0."""
        return not_negative(self.raw_decay)

    def forward(self, current: Tensor, state: FiuriState, gaps: GapJunction | None = None) -> FiuriState:
        """One step: input (B, n) without that of gap junctions, which depends on the state, to the next state."""
        E = state.E
        if gaps is not None:
            current = current + gaps(E, state.O, self.rule.sign)
        return FiuriState(*self.rule.step(E + current, E, self.threshold, self.decay))

    def extra_repr(self) -> str:
        """Size and variant."""
        return f"{self.n}, {self.rule}"


def rule_of(variant: str, options: Mapping[str, float]) -> Rule:
    """The law by name.

    Raises:
        BadInput: listing all that is wrong.
    """
    if variant not in RULES:
        raise BadInput(unknown_name("variant", str(variant), RULES))
    known: tuple[str, ...] = RULES[variant]._fields
    problems = Problems(unknown_name("option", name, known) for name in options if name not in known)
    for name in (n for n in options if n in known):
        least = 0.0 if name in ("epsilon", "leak", "theta_in") else SMALLEST
        if not is_number(options[name]) or options[name] < least:
            problems.note(name, options[name], f"a finite number >= {least:g}")
    problems.raise_if_any()
    rule: Rule = RULES[variant](**options)
    return rule
