"""What a network is trained for, and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch

from arcana.errors import Problems
from arcana.limits import MOST, is_whole
from arcana.typing import Tensor

Data: TypeAlias = tuple[Tensor, Tensor]
Kind: TypeAlias = Literal["classes", "values"]
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Task:
    """Sequences in three parts that share no series, and the answer to each at its end.

    Attributes:
        name: As it is called in tables.
        train: Sequences (N, T, n_in) float32; answers: classes (N,) int64, or values (N, n_out) float32.
        validation: As ``train``: says when to stop.
        test: As ``train``: looked at once, at the end.
        n_out: Classes, or values of an answer.
        kind: "classes" or "values".

    Raises:
        BadInput: listing parts that are empty, have another shape or type, or hold values that are not finite or
            classes that do not exist.
    """

    name: str
    train: Data
    validation: Data
    test: Data
    n_out: int
    kind: Kind = "classes"

    def __post_init__(self) -> None:
        """Refuse what no network could be trained on."""
        problems = Problems()
        if self.kind not in ("classes", "values"):
            problems.note("kind", self.kind, "classes or values")
        if not is_whole(self.n_out, 1):
            problems.note("n_out", self.n_out, f"a whole number from 1 to {MOST}")
        problems.raise_if_any()
        for part in PARTS:
            if not all(isinstance(value, torch.Tensor) for value in getattr(self, part)):
                problems.note(part, [type(value).__name__ for value in getattr(self, part)], "two tensors, X and y")
        problems.raise_if_any()
        for part in PARTS:
            X, y = getattr(self, part)
            self._check_sequences(f"{part} X", X, problems)
            self._check_answers(f"{part} y", y, X.shape[:1], problems)
        problems.raise_if_any()

    def __repr__(self) -> str:
        parts = " / ".join(str(len(getattr(self, part)[0])) for part in PARTS)
        sizes = f"{parts} series of {self.steps} steps x {self.n_in} inputs, {self.n_out} {self.kind}"
        return f"Task({self.name!r}: {sizes})"

    @property
    def n_in(self) -> int:
        """Inputs of a step."""
        return int(self.train[0].shape[2])

    @property
    def steps(self) -> int:
        """Steps of a sequence."""
        return int(self.train[0].shape[1])

    @property
    def chance(self) -> float:
        """Score on the test part of the best answer that ignores the input: its most frequent class, its mean."""
        if self.kind == "values":
            return 0.0
        y = self.test[1]
        return int(y.bincount().max()) / len(y)

    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        """What training makes small: mean of -ln softmax(out)[y], or mean of (out - y)^2."""
        if self.kind == "classes":
            return torch.nn.functional.cross_entropy(out, y)
        return torch.nn.functional.mse_loss(out, y)

    def score(self, out: Tensor, y: Tensor) -> float:
        """What counts, 1 at best: share of right classes, or R^2 = 1 - sum (out - y)^2 / sum (y - mean y)^2."""
        if self.kind == "classes":
            return float((out.argmax(1) == y).double().mean())
        out, y = out.double(), y.double()
        return float(1 - (out - y).square().sum() / (y - y.mean(0)).square().sum())

    def _check_sequences(self, name: str, X: Tensor, problems: Problems) -> None:
        shape = tuple(self.train[0].shape[1:])
        if X.ndim != 3 or 0 in X.shape or tuple(X.shape[1:]) != shape or X.dtype != torch.float32:
            allowed = "(N, T, n_in) of torch.float32, none of them 0, T and n_in the same in all parts"
            problems.note(name, f"{tuple(X.shape)} of {X.dtype}", allowed)
        elif not bool(torch.isfinite(X).all()):
            problems.note(name, f"{int((~torch.isfinite(X)).sum())} values", "finite numbers")

    def _check_answers(self, name: str, y: Tensor, n: tuple[int, ...], problems: Problems) -> None:
        shape, kind = (n, torch.int64) if self.kind == "classes" else ((*n, self.n_out), torch.float32)
        if tuple(y.shape) != shape or y.dtype != kind:
            problems.note(name, f"{tuple(y.shape)} of {y.dtype}", f"{shape} of {kind}")
        elif self.kind == "classes" and len(y) and not 0 <= int(y.min()) <= int(y.max()) < self.n_out:
            problems.note(name, [int(y.min()), int(y.max())], f"classes from 0 to {self.n_out - 1}")
        elif not bool(torch.isfinite(y).all()):
            problems.note(name, f"{int((~torch.isfinite(y)).sum())} values", "finite numbers")
        elif self.kind == "values" and len(y) and bool((y == y[0]).all()):
            problems.note(name, y[0].tolist(), "answers that differ: R^2 needs some spread")
