"""The file of reference spikes: the neurons that were kept, their input, and what LSODA and Brian2 find."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian_oracle import solve_brian
from drawn_neurons import DURATION, FEEDBACK, PER_REGIME, RATE, cell, draw
from oracle import RECEPTORS, Cell, solve

from arcana.files import write_whole

PATH = Path(__file__).parent.parent / "golden" / "reference_spikes.npz"
BRIAN_GRID = 1e-6  # [s]


@dataclass(frozen=True)
class Golden:
    """What the file holds; lists run over neurons.

    Attributes:
        regimes: Regime of the feedback of each neuron.
        draws: Number of its draw.
        drawn: Spikes of the oracle in every draw up to the last that was kept, by regime (the rejected ones too).
        biases: Biases [A, s, 1/A].
        events: Counts per tick of 1 ms, per receptor.
        lsoda: Spike times [s].
        brian: Spike times [s] of Brian2 on its grid ``BRIAN_GRID``.
    """

    regimes: list[str]
    draws: list[int]
    drawn: dict[str, np.ndarray]
    biases: list[dict[str, float]]
    events: list[dict[str, np.ndarray]]
    lsoda: list[np.ndarray]
    brian: list[np.ndarray]

    @property
    def cells(self) -> list[Cell]:
        """The neurons for the oracles."""
        return [cell(b, e) for b, e in zip(self.biases, self.events, strict=True)]

    def of(self, regime: str) -> list[int]:
        """Indices of the neurons of a regime."""
        return [i for i, r in enumerate(self.regimes) if r == regime]


def keep_all() -> tuple[list[str], list[int], dict[str, np.ndarray], list[np.ndarray]]:
    """Draw and solve until every regime has its neurons: regimes, draws, all spike counts, spikes of those kept."""
    regimes, draws, drawn, spikes = [], [], {}, []
    for regime in FEEDBACK:
        counts, kept = [], 0
        while kept < PER_REGIME:
            found = solve(cell(*draw(regime, len(counts))), DURATION)
            if RATE[0] * DURATION <= len(found) <= RATE[1] * DURATION:
                regimes.append(regime)
                draws.append(len(counts))
                spikes.append(found)
                kept += 1
            counts.append(len(found))
        drawn[regime] = np.array(counts, dtype=np.int32)
    return regimes, draws, drawn, spikes


def regenerate(path: Path = PATH) -> None:
    """Compute everything again (LSODA half a minute, Brian2 a quarter of an hour) and write the file."""
    regimes, draws, drawn, lsoda = keep_all()
    neurons = [draw(r, k) for r, k in zip(regimes, draws, strict=True)]
    brian = solve_brian([cell(*n) for n in neurons], DURATION, BRIAN_GRID)
    names = sorted(neurons[0][0])
    arrays: dict[str, np.ndarray] = {
        "regimes": np.array(regimes),
        "draws": np.array(draws, dtype=np.int32),
        "names": np.array(names),
        "biases": np.array([[bias[name] for name in names] for bias, _ in neurons]),
        **{f"drawn_{regime}": counts for regime, counts in drawn.items()},
        **{f"events_{r}": np.array([e[r] for _, e in neurons], dtype=np.int16) for r in RECEPTORS},
        **_ragged("lsoda", lsoda),
        **_ragged("brian", brian),
    }
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    write_whole(path, stream.getvalue())


def load(path: Path = PATH) -> Golden:
    """Read the file."""
    with np.load(path, allow_pickle=False) as file:
        names = [str(name) for name in file["names"]]
        return Golden(
            regimes=[str(r) for r in file["regimes"]],
            draws=[int(k) for k in file["draws"]],
            drawn={regime: file[f"drawn_{regime}"] for regime in FEEDBACK},
            biases=[dict(zip(names, map(float, row), strict=True)) for row in file["biases"]],
            events=[
                dict(zip(RECEPTORS, rows, strict=True))
                for rows in zip(*(file[f"events_{r}"] for r in RECEPTORS), strict=True)
            ],
            lsoda=_split(file, "lsoda"),
            brian=_split(file, "brian"),
        )


def _ragged(name: str, trains: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}_counts": np.array([len(t) for t in trains]), f"{name}_times": np.concatenate(trains)}


def _split(file: Mapping[str, np.ndarray], name: str) -> list[np.ndarray]:
    return np.split(file[f"{name}_times"], np.cumsum(file[f"{name}_counts"])[:-1])
