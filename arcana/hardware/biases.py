"""The biases of a chip, and the generator that turns a code into a current."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from arcana.circuits.names import BIASES
from arcana.errors import Problems, unknown_name
from arcana.hardware.model import Flag, Model, Named, Whole
from arcana.hardware.quantities import Ampere, AmpereSeries, Ratio, RatioSeries
from arcana.hardware.quantity import Sourced, Status

Conversion: TypeAlias = Literal["current", "refractory", "pulse", "pulse_ahp", "none"]


class Factor(Ratio):
    """Ratio of the current in the circuit to the current of the generator's table.

    Attributes:
        points: (current of the table [A], factor), with rising currents. Where given they are used instead of
            ``value``: straight lines in log current and log factor between them, the end values outside.
    """

    points: tuple[tuple[float, float], ...] = ()

    def inspect(self, problems: Problems) -> None:
        """Points must be positive and rising in current."""
        super().inspect(problems)
        currents = [current for current, _ in self.points]
        if any(not 0 < number < 1e300 for point in self.points for number in point):
            problems.note("points", self.points, "pairs of finite numbers > 0")
        if currents != sorted(set(currents)) or len(currents) == 1:
            problems.note("points", self.points, "none, or two and more pairs with rising currents")


class ChipBias(Sourced):
    """One bias (SE1) or parameter (SE2) of a chip.

    Attributes:
        name: Its name on the chip; filled in from the key.
        scope: What shares one value: all neurons of a core, half a chip, or a chip.
        index: Place in the address map; unset where it is not published.
        block: Circuit that it belongs to.
        transistor: Type of the transistor that receives it.
        role: What it does.
        role_status: How far the role can be trusted.
        model_bias: The bias of the neuron model that it sets; unset if none.
        conversion: How the model's value becomes a current: ``current`` as it is, ``refractory``
            I = V_on C_ref / t, ``pulse`` I = V_on C_pulse / t, ``pulse_ahp`` I = V_on C_pulse_ahp / t.
        factor: Ratio to the table of the generator; unset takes the generator's own.
        latch: Switch that stands for 0 A: off where the model's value is 0, on elsewhere. Only for biases of the
            model that may be 0.
        idle_code: (coarse, fine) that an untouched chip holds, coarse 0 the smallest current.
        low_range_seen: Whether public files use it with the low-range flag.
    """

    name: str = ""
    scope: Literal["core", "half chip", "chip"] = "core"
    index: Whole | None = None
    block: str
    transistor: Literal["N", "P", "unknown"]
    role: str
    role_status: Status
    model_bias: str | None = None
    conversion: Conversion = "none"
    factor: Factor | None = None
    latch: str | None = None
    idle_code: tuple[Whole, Whole] | None = None
    low_range_seen: Flag = False

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """The model bias must exist, the conversion be the one that its unit calls for, and a latch mean 0."""
        super().inspect_raw(data, problems)
        model_bias, conversion = data.get("model_bias"), data.get("conversion", "none")
        if not isinstance(model_bias, str | None):
            return  # refused by the field
        if model_bias is not None and model_bias not in BIASES:
            problems.append(unknown_name("model_bias", model_bias, BIASES))
            return
        if conversion != (expected := _conversion(model_bias)):
            problems.note("conversion", conversion, f"{expected!r} for model_bias {model_bias!r}")
        if data.get("latch") is not None and not (model_bias and BIASES[model_bias].zero_allowed):
            problems.note("latch", data["latch"], "none: model_bias may not be 0")


def _conversion(model_bias: str | None) -> str:
    if model_bias is None:
        return "none"
    return model_bias if BIASES[model_bias].unit == "s" else "current"


class LinearBiasgen(Sourced):
    """I = full_scale[coarse] * fine / (fine_codes - 1).

    Attributes:
        full_scale: Current at the highest fine code, for each coarse code from the smallest up [A].
        canonical_first_fine: First fine code of each coarse code that is needed: with lower ones the next
            smaller coarse code reaches the same currents more finely.
        canonical_codes: How many codes that leaves; checked.
        linear_unit: Current of one step of the whole-number scale that some tools use [A].
        leak_at_fine_0: Current that flows at fine code 0 [A].
        low_range_factor: Ratio of the low range to the high range.
        factor: Ratio that holds for every bias without a factor of its own.
        coarse_order: Coarse code 0 is the smallest current.
        other_order: Dialects in which coarse code 0 is the largest current instead.
    """

    kind: Literal["linear"]
    coarse_codes: Whole
    fine_codes: Whole
    full_scale: AmpereSeries
    canonical_first_fine: tuple[Whole, ...]
    canonical_codes: Whole
    linear_unit: Ampere
    leak_at_fine_0: Ampere
    low_range_factor: Ratio
    factor: Factor
    coarse_order: Literal["ascending"] = "ascending"
    other_order: tuple[str, ...] = ()

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """One full scale and one first fine code for each coarse code."""
        super().inspect_raw(data, problems)
        _check_length(problems, data, ("full_scale", "value"))
        _check_length(problems, data, ("canonical_first_fine",))

    def inspect(self, problems: Problems) -> None:
        """The number of canonical codes follows from where they start."""
        count = sum(max(self.fine_codes - first, 0) for first in self.canonical_first_fine)
        if count != self.canonical_codes:
            problems.note("canonical_codes", self.canonical_codes, f"{count}, from canonical_first_fine")


class TransistorTable(Model):
    """What is known of the table of one transistor type; one number per coarse code.

    Attributes:
        full_scale: Current at the highest fine code [A].
        at_fine_0: Current at fine code 0 [A].
        fit_leak: Offset of the straight line between them [A].
        fit_slope: Slope of the straight line [A per fine code].
    """

    full_scale: AmpereSeries
    at_fine_0: AmpereSeries
    fit_leak: AmpereSeries
    fit_slope: AmpereSeries


class TableBiasgen(Sourced):
    """I = factor * table[type, coarse, fine].

    Attributes:
        N: Summary of the table for n transistors.
        P: Summary of the table for p transistors.
        table: Path of a CSV file with the whole table (columns type, coarse, fine, current_A), relative to the
            profile file. Without it the ends of each coarse code are exact and a straight line stands between.
        table_status: How far that file can be trusted.
        table_source: Where it comes from.
        levels: The numbers of that file by type, read when the profile is loaded [A].
        falls_at_fine: Fine codes at which the published table steps down.
        widest_step: Widest relative gap between neighbouring levels above 1 pA.
        fit_worst_error: Worst relative error of the straight line.
        fit_rms_error: Smallest and largest rms relative error of the straight line over the coarse codes.
    """

    kind: Literal["table"]
    coarse_codes: Whole
    fine_codes: Whole
    N: TransistorTable
    P: TransistorTable
    table: str | None = None
    table_status: Status = "assumed"
    table_source: tuple[str, ...] = ()
    levels: Named[tuple[tuple[float, ...], ...]] | None = None
    falls_at_fine: tuple[Whole, ...] = ()
    widest_step: Ratio | None = None
    fit_worst_error: Ratio | None = None
    fit_rms_error: RatioSeries | None = None
    coarse_order: Literal["ascending"] = "ascending"

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """One number per coarse code in every list."""
        super().inspect_raw(data, problems)
        for kind in ("N", "P"):
            for name in TransistorTable.model_fields:
                _check_length(problems, data, (kind, name, "value"))


class ContinuousBiasgen(Sourced):
    """Any current that is asked for; no codes. For ideal profiles."""

    kind: Literal["continuous"]


class BiasAddress(Sourced):
    """Address of a bias on the programming bus = core_offsets[core] + stride * index.

    Attributes:
        core_offsets: Offset of each core.
        stride: Distance between neighbouring indices.
        special: Addresses of the buffers and shifted sources, by name.
    """

    core_offsets: tuple[Whole, ...]
    stride: Whole
    special: Named[Whole]


def _check_length(problems: Problems, data: dict[str, Any], path: tuple[str, ...]) -> None:
    """Note a raw list whose length is not the number of coarse codes; other shapes are refused elsewhere."""
    value: Any = data
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    length = data.get("coarse_codes")
    if isinstance(value, list | tuple) and isinstance(length, int) and len(value) != length:
        problems.note(".".join(path), value, f"{length} numbers, one for each coarse code")
