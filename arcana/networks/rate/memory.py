"""What a run will take of memory, before it begins."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

import torch

from arcana.errors import BadInput
from arcana.networks.rate.blocks import DENSE_FROM
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.connectivity import ROWS

STATES = 12  # vectors of all neurons that a step has at a time
TRAINED = 4  # matrices: signs, magnitudes, weights that act, their gradient


def estimate(
    config: RateConfig, whole: bool = False, dtype: torch.dtype = torch.float32, trained: Collection[str] = ()
) -> dict[str, int]:
    """Bytes of weights (and what drawing them takes), state, input, samples.

    Args:
        config: The configuration.
        whole: Whether the input is held as a whole tensor; else it is made step by step.
        dtype: Of all numbers.
        trained: What is trained; gradients over time are not counted, as they depend on the loss.
    """
    n, batch, number = config.neurons, config.batch, dtype.itemsize
    weights = 0
    for n_pre in config.sizes:
        density = config.in_degree / n_pre if config.connectivity == "sparse" else 1.0
        place = 2 if n_pre <= 1 << 16 else 4
        listed = density <= DENSE_FROM
        weights += int(n * n_pre * density * place) + 8 * n if listed else n * n_pre * number
        weights += 2 * int(n * n_pre * density * place) if listed else 0  # parts, before they are put together
    if any(kind != "none" for kind in config.structure) or config.connectivity != "sparse":
        weights += ROWS * max(config.sizes) * 4 * 4  # probabilities of some rows at a time
    if {"recurrent", "low_rank"} & set(trained):
        weights += TRAINED * n * n * number
    shown = config.sizes[0] if config.record == "first" else n
    return {
        "weights": weights,
        "state": STATES * batch * n * number,
        "input": batch * config.steps * n * number if whole else batch * n * number,
        "samples": 2 * batch * config.samples * shown * number,
    }


def available() -> int:
    """Bytes that this machine has free."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123  (it is no file of anybody's)
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_fits(
    config: RateConfig,
    whole: bool = False,
    free: int | None = None,
    dtype: torch.dtype = torch.float32,
    trained: Collection[str] = (),
) -> int:
    """The bytes that a run will take.

    Args:
        config: The configuration.
        whole: See ``estimate``.
        free: Bytes that there are; None asks the machine.
        dtype: See ``estimate``.
        trained: See there.

    Raises:
        BadInput: if they are more than there are; every part is named with its size.
    """
    hint = "fewer neurons, a smaller batch or in_degree, longer windows, record='first'"
    return check_free(estimate(config, whole, dtype, trained), hint, free)


def check_free(parts: Mapping[str, int], hint: str, free: int | None = None) -> int:
    """The sum of some bytes.

    Args:
        parts: Bytes by what they are for.
        hint: What makes them fewer.
        free: Bytes that there are; None asks the machine.

    Raises:
        BadInput: if they are more than there are; every part is named with its size.
    """
    needed, there = sum(parts.values()), available() if free is None else free
    if needed > there:
        told = ", ".join(f"{name} {size / 1e9:.3g}" for name, size in parts.items())
        allowed = f"at most {there / 1e9:.3g}, which are free"
        raise BadInput.one("memory", round(needed / 1e9, 3), allowed, "GB", f"{told} GB: {hint}")
    return needed
