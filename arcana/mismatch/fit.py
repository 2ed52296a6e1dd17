"""What a table of measurements says about mismatch: numbers, their intervals, and what was left out."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from arcana.circuits.names import BIASES
from arcana.mismatch.model import MismatchModel
from arcana.mismatch.pairs import PairFit
from arcana.mismatch.shape import Shape
from arcana.mismatch.spread import Array, Spread, cv_of_log
from arcana.mismatch.table import LeftOut

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

_SHOWN = 10  # rows left out that a text spells out


class Outlier(NamedTuple):
    """A neuron far from the others of its core.

    Attributes:
        where: The row.
        bias: The bias.
        factor: Its factor over the median of the core.
        distance: In robust standard deviations.
    """

    where: str
    bias: str
    factor: float
    distance: float


@dataclass(frozen=True)
class BiasFit:
    """The spread of one bias.

    Attributes:
        bias: Name of the bias.
        source: The columns that it comes from.
        neurons: Neurons used.
        cores: Cores that they are on.
        spread: CV with its 95 % interval.
        distribution: The shape that the CV is of, and that the model has.
        shape: The comparison of both shapes.
        between: Standard deviation in ln of the levels of the cores; None for one core. Not part of the model.
    """

    bias: str
    source: str
    neurons: int
    cores: int
    spread: Spread
    distribution: str
    shape: Shape
    between: float | None


@dataclass(frozen=True, eq=False)
class MismatchFit:
    """A mismatch model fitted to measurements, and how far to trust it.

    Attributes:
        model: The fitted model; biases that were not measured have the CV 0 (see ``completed``).
        biases: The spread of each measured bias.
        pairs: Correlations of all pairs of them; the model has the ones that it was asked for.
        rows: Rows of the table.
        left_out: Values that were not used, with reasons.
        outliers: Neurons far from the others; they are in the estimates unless the fit is robust.
        robust: Whether it is.
        log_factors: By bias, ln f of each row over the mean of its core, (rows,); NaN where left out.
        notes: What was assumed, attributed or changed, a sentence each.
    """

    model: MismatchModel
    biases: tuple[BiasFit, ...]
    pairs: tuple[PairFit, ...]
    rows: int
    left_out: tuple[LeftOut, ...]
    outliers: tuple[Outlier, ...]
    robust: bool
    log_factors: dict[str, Array]
    notes: tuple[str, ...]

    def __getitem__(self, bias: str) -> BiasFit:
        """The spread of one bias; KeyError if it was not measured."""
        return {fit.bias: fit for fit in self.biases}[bias]

    def completed(self, assumed: MismatchModel) -> MismatchModel:
        """The measured biases, and ``assumed`` for the others and for correlations with them.

        Raises:
            BadInput: if measured and assumed correlations cannot be together.
        """
        measured = {fit.bias for fit in self.biases}
        mixed = {name: (self.model if name in measured else assumed) for name in BIASES}
        kept = {pair: r for pair, r in (assumed.correlation or {}).items() if not measured.issuperset(pair)}
        return replace(
            assumed,
            cv={name: model.cv_of(name) for name, model in mixed.items()},
            distribution={name: model.distribution_of(name) for name, model in mixed.items()},
            correlation={**kept, **(self.model.correlation or {})},
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON: the model and what it stands on, without the factors of single neurons."""
        biases = [
            {
                "bias": f.bias, "source": f.source, "neurons": f.neurons, "cores": f.cores,
                **{key: _finite(value) for key, value in f.spread._asdict().items()},
                "distribution": f.distribution, "shape": f.shape._asdict(), "between": f.between,
            }
            for f in self.biases
        ]  # fmt: skip
        return {
            "model": self.model.to_dict(),
            "biases": biases,
            "correlations": [p._asdict() for p in self.pairs],
            "rows": self.rows,
            "left_out": [{**row._asdict(), "value": _finite(row.value)} for row in self.left_out],
            "outliers": [row._asdict() for row in self.outliers],
            "robust": self.robust,
            "notes": list(self.notes),
        }

    def tables(self) -> list[Table]:
        """The spread of the biases, and their correlations if there are any."""
        title = f"Mismatch from {self.rows} rows{', robust' if self.robust else ''}"
        spreads = _table(title, "bias", "from", "neurons", "cores", "CV", "95 %", "shape", "between cores")
        for f in self.biases:
            between = "-" if f.between is None else f"{cv_of_log(f.between):.3f}"
            spreads.add_row(
                f.bias, Text(f.source), str(f.neurons), str(f.cores), f"{f.spread.cv:.4f}",
                f"{f.spread.low:.4f} to {f.spread.high:.4f}", _verdict(f), between,
            )  # fmt: skip
        if not self.pairs:
            return [spreads]
        pairs = _table("Correlations of neurons of one core", "biases", "neurons", "r", "95 %", "in the model")
        modelled = self.model.correlation or {}
        for p in self.pairs:
            inside = modelled.get((p.first, p.second))
            pairs.add_row(
                f"{p.first}, {p.second}", str(p.neurons), f"{p.r:+.3f}", f"{p.low:+.3f} to {p.high:+.3f}",
                "no" if inside is None else f"{inside:+.3f}",
            )  # fmt: skip
        return [spreads, pairs]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.tables()
        yield Text("\n".join(_lines(self)))

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=160, color_system=None, highlight=False)
        with console.capture() as text:
            console.print(*self.tables(), sep="\n")
        return text.get().rstrip() + "\n" + "\n".join(_lines(self))


def _lines(fit: MismatchFit) -> list[str]:
    """Left-out values, outliers and notes as text."""
    lines = []
    if fit.left_out:
        lines.append(f"values left out: {len(fit.left_out)}")
        lines += [f"  {row.where}, {row.column}: {row.reason}" for row in fit.left_out[:_SHOWN]]
    if len(fit.left_out) > _SHOWN:
        lines.append(f"  ... and {len(fit.left_out) - _SHOWN} more")
    if fit.outliers:
        lines.append(f"outliers, {'hardly counted' if fit.robust else 'in the estimates'}: {len(fit.outliers)}")
        lines += [
            f"  {o.where}, {o.bias}: {o.factor:.3g} times the median of its core" for o in fit.outliers[:_SHOWN]
        ]
    if len(fit.outliers) > _SHOWN:
        lines.append(f"  ... and {len(fit.outliers) - _SHOWN} more")
    return [*lines, *(f"- {note}" for note in fit.notes)]


def _verdict(fit: BiasFit) -> str:
    if fit.shape.verdict in ("undecided", "neither"):
        return f"{fit.shape.verdict}; {fit.distribution} used"
    return f"{fit.shape.verdict} (ratio e^{abs(fit.shape.ratio):.1f})"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None  # JSON has no NaN


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for k, column in enumerate(columns):
        table.add_column(column, justify="left" if k == 0 else "right")
    return table
