"""The columns of rates of a table, attributed to biases, with what has to be said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from arcana.errors import BadInput, Problems
from arcana.hardware.profile import HardwareProfile
from arcana.mismatch.estimate import within_cores
from arcana.mismatch.firing import BIASES_OF_RATE
from arcana.mismatch.from_rates import REACH, FromRates, factors_from_rates
from arcana.mismatch.spread import Array
from arcana.mismatch.table import SILENT, LeftOut, Measurements
from arcana.units import show


def attributed(
    data: Measurements,
    chip: HardwareProfile | None,
    biases: Mapping[str, float] | None,
    wanted: Sequence[str],
    logs: Mapping[str, Array],
    left_out: list[LeftOut],
    notes: list[str],
) -> dict[str, Array]:
    """Ln f by bias, from the rates; neurons that no factor explains are listed.

    Args:
        data: The table.
        chip: The chip.
        biases: What they were when the rates were measured, where not the profile's.
        wanted: The biases that the spread is attributed to.
        logs: What other columns tell of biases: taken as known, the mean of each core as the nominal value.
        left_out: Where the neurons go that are not explained.
        notes: Where the attribution is said.

    Raises:
        BadInput: without a chip, for more biases than rates, and for rates that do not tell them apart.
    """
    columns = [c for c in data.columns if c.bias is None]
    if chip is None:
        raise BadInput.one("profile", None, "a hardware profile", hint="rates need the constants of the chip")
    _check(wanted, [c.name for c in columns], logs)
    nominal = {**chip.default_biases(), **(biases or {})}
    currents = np.array([nominal["Idc"] if c.current is None else c.current for c in columns])
    rates = np.stack([data.values[c.name] for c in columns], 1)
    known = {name: within_cores(y, data.core) for name, y in logs.items() if name in BIASES_OF_RATE}
    found = factors_from_rates(rates, currents, wanted, nominal, known, chip.technology())
    names = ", ".join(c.name for c in columns)
    for k in np.flatnonzero(found.failed):
        reason = f"no factors within e^±{REACH:g} of {', '.join(wanted)} give these rates"
        left_out.append(LeftOut(data.rows[k], names, float(np.nanmean(rates[k])), reason))
    notes += _said(found, currents, wanted, list(known))
    silent = sum(row.reason == SILENT for row in data.left_out)
    if silent:
        notes.append(
            f"rates of 0 left out: {silent}, all from one side, so that the spread is too small: drive more"
        )
    return found.log_factors


def _check(wanted: Sequence[str], columns: Sequence[str], logs: Mapping[str, Array]) -> None:
    problems = Problems()
    if len(wanted) > len(columns):
        hint = "there are " + ", ".join(columns)
        problems.note("rate_bias", tuple(wanted), f"at most {len(columns)}: as many as there are rates", hint=hint)
    for name in wanted:
        if name in logs:
            problems.note("rate_bias", name, "a bias that no other column measures")
    problems.raise_if_any()


def _said(found: FromRates, currents: Array, wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    """What the numbers do not say by themselves."""
    of = f"{len(currents)} rates tell" if len(currents) > 1 else "one rate tells"
    text = f"the spread of the rates is attributed to {', '.join(wanted)}: {of} no more of a neuron than "
    text += f"{len(currents)} numbers" if len(currents) > 1 else "one number"
    if known:
        text += f"; {', '.join(known)} of each neuron is taken as measured"
    notes = [text]
    for k, current in enumerate(currents):
        parts = ", ".join(f"{name} {slopes[k]:+.2f}" for name, slopes in found.slopes.items())
        notes.append(f"the rate at {show(float(current), 'A')} goes with small factors to the powers {parts}")
    if len(currents) > len(wanted):
        notes.append(f"the fitted rates are off by {found.misfit:.2%} (root mean square)")
    return notes
