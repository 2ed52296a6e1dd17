"""Rates of a run in a file, with the configuration that they follow from."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import torch

from arcana.errors import BadFile, Problem
from arcana.networks.rate.config import RateConfig
from arcana.networks.rate.files import read_config
from arcana.typing import Tensor

VERSION = 1


class StoredRun(NamedTuple):
    """A run that was read back.

    Attributes:
        config: The configuration.
        rates: (batch, samples, neurons).
        times: End of the window of each sample, from the end of the warm-up [s].
    """

    config: RateConfig
    rates: Tensor
    times: Tensor


def run_bytes(config: RateConfig, rates: Tensor) -> bytes:
    """A .npz file with ``rates``, ``times`` and ``config`` (JSON)."""
    buffer = io.BytesIO()
    times = config.window_s * np.arange(1, rates.shape[1] + 1)
    told = json.dumps(config.model_dump())
    np.savez(buffer, rates=rates.detach().numpy(), times=times, config=told, version=VERSION)
    return buffer.getvalue()


def read_run(path: str | Path) -> StoredRun:
    """Read back what ``run_bytes`` made.

    Raises:
        BadFile: missing, damaged, of a newer version, or with rates that are not those of its configuration.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            found = {name: data[name] for name in ("rates", "times", "config", "version")}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise BadFile(
            path, Problem("file", Path(path).name, "a .npz of `arcana rates run`", hint=str(error))
        ) from error
    if int(found["version"]) != VERSION:
        hint = "written by a newer arcana: upgrade this one"
        raise BadFile(path, Problem("version", int(found["version"]), str(VERSION), hint=hint))
    config = read_config(json.loads(str(found["config"])))
    shown = config.sizes[0] if config.record == "first" else config.neurons
    wanted = (config.samples, shown)
    if found["rates"].ndim != 3 or found["rates"].shape[1:] != wanted:
        raise BadFile(path, Problem("rates", found["rates"].shape, f"(batch, {wanted[0]}, {wanted[1]})", "(shape)"))
    return StoredRun(config, torch.from_numpy(found["rates"]), torch.from_numpy(found["times"]))
