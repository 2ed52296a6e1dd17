"""What a study of sensitivity found, ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from arcana.analysis.sensitivity_sobol import Estimate
from arcana.analysis.statistics import Summary
from arcana.mismatch import MismatchModel

MEASURES = {
    "loss": "mean loss",
    "failing": "chips failing",
    "gain": "mean gain without",
    "first": "first-order",
    "total": "total",
}
SHARES = ("failing",)  # shown in percent


@dataclass(frozen=True)
class BiasSensitivity:
    """What the mismatch of one bias costs; None is not asked for, or not defined.

    Attributes:
        bias: Its name.
        cv: Its coefficient of variation in the study.
        loss: Clean value minus the mean over chips on which only this bias has mismatch.
        failing: Share of these chips below the threshold.
        gain: What the mean over chips with all mismatch would win if this bias had none.
        first: First-order Sobol index of all its factors together, see ``sobol``.
        total: Total Sobol index.
    """

    bias: str
    cv: float
    loss: Estimate | None = None
    failing: Estimate | None = None
    gain: Estimate | None = None
    first: Estimate | None = None
    total: Estimate | None = None

    @property
    def rank_key(self) -> tuple[float, ...]:
        """Larger is worse."""
        return tuple(e.value for e in (self.loss, self.gain, self.total) if e is not None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        found = {name: getattr(self, name) for name in MEASURES}
        return {"bias": self.bias, "cv": self.cv} | {k: e and e.to_dict() for k, e in found.items()}


@dataclass(frozen=True)
class SensitivityReport:
    """Result of ``sensitivity``.

    Attributes:
        biases: The costliest first: by ``loss``, equal ones by ``gain``, then by ``total``, as far as measured.
        clean: Value without mismatch.
        everything: The chips with the mismatch of all biases, in short.
        threshold: A chip works if its value is at least this.
        metric: Name of the metric.
        model: The mismatch.
        n_chips: Chips for each number.
        seed: Of the chips; the second set for Sobol indices is that of ``seed + 1``.
        confidence: Of all intervals.
        left_out: Biases whose mismatch alone changes no output spike.
        notes: What a reader should know before he believes the numbers.
        provenance: Versions, and hashes of what was run.
    """

    biases: tuple[BiasSensitivity, ...]
    clean: float
    everything: Summary
    threshold: float
    metric: str
    model: MismatchModel
    n_chips: int
    seed: int
    confidence: float
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        ranked = sorted(self.biases, key=lambda bias: bias.rank_key, reverse=True)
        object.__setattr__(self, "biases", tuple(ranked))

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of what was measured."""
        return tuple(name for name in MEASURES if any(getattr(bias, name) is not None for bias in self.biases))

    def table(self) -> Table:
        """One line for each bias, for a terminal; notes are below."""
        title = (
            f"{self.metric}: {self.clean:.4g} without mismatch, {self.everything.mean:.4g} in the mean of "
            f"{self.n_chips} chips with all of it"
        )
        table = Table("bias", title=title, caption="\n".join(self._remarks()), caption_justify="left")
        table.add_column("CV", justify="right")
        for name in self.measures:
            table.add_column(f"{MEASURES[name]} [{100 * self.confidence:g} %]", justify="right")
        for bias in self.biases:
            cells = (_text(getattr(bias, name), percent=name in SHARES) for name in self.measures)
            table.add_row(bias.bias, f"{bias.cv:g}", *cells)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "format": "arcana.sensitivity",
            "version": 1,
            "metric": self.metric,
            "clean": self.clean,
            "threshold": self.threshold,
            "n_chips": self.n_chips,
            "seed": self.seed,
            "confidence": self.confidence,
            "mismatch": self.model.to_dict(),
            "everything": self.everything.to_dict(),
            "biases": [bias.to_dict() for bias in self.biases],
            "left_out": list(self.left_out),
            "notes": list(self.notes),
            "provenance": dict(self.provenance),
        }

    def _remarks(self) -> tuple[str, ...]:
        out = f"no output spike changed by: {', '.join(self.left_out)}"
        return (*((out,) if self.left_out else ()), *self.notes)


def _text(estimate: Estimate | None, percent: bool) -> str:
    if estimate is None:
        return ""
    if percent:
        return f"{100 * estimate.value:.1f} % [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"
