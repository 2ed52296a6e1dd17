"""What ``arcana inspect`` finds in a settings file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from arcana.circuits.relations import tau_of, time_of
from arcana.circuits.technology import Technology
from arcana.config import BiasCode, ChipConfig, CoreBiases
from arcana.errors import BadInput, NotPublished, Problem
from arcana.hardware.biases import ChipBias
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.quantize.biasgen import BiasGenerator, Code
from arcana.quantize.codes import CoreCodes, decode_biases
from arcana.units import show

_PART = {"refractory": "ref", "pulse": "pulse", "pulse_ahp": "pulse_ahp"}


def load_both(path: Path, profile: str | None) -> tuple[ChipConfig, HardwareProfile]:
    """The settings, and the profile that they were made for.

    Raises:
        BadInput: if one of them cannot be read, or they do not belong together.
    """
    config = ChipConfig.load(path)
    try:
        chip = load_profile(profile or config.profile.name)
    except BadInput as error:
        if profile is not None:
            raise
        hint = "pass --profile with its file"
        problem = Problem(
            "profile of the settings", config.profile.name, "the name of a built-in profile", hint=hint
        )
        raise BadInput(problem) from error
    config.check_profile(chip)
    return config, chip


def inspection(config: ChipConfig, profile: HardwareProfile) -> dict[str, Any]:
    """Everything in a settings file as plain data; currents in amperes, times in seconds.

    Raises:
        BadInput: listing biases, latches and codes that the chip does not have.
    """
    synapses: Counter[str] = Counter()
    on_neuron: Counter[tuple[str, int]] = Counter()
    for c in config.connections:
        for _, post, count in c.synapses:
            synapses[c.target] += count
            on_neuron[c.target, post] += count
    populations = [
        {
            "population": p.name, "neurons": p.size, "chip": p.chip, "core": p.core, "dt_s": p.dt_s,
            "solver": p.solver, "synapses": synapses[p.name],
            "most_on_a_neuron": max((n for (name, _), n in on_neuron.items() if name == p.name), default=0),
        }
        for p in config.populations
    ]  # fmt: skip
    return {
        "profile": config.profile.name,
        "profile_hash": config.profile.hash,
        "arcana_version": config.provenance.arcana_version,
        "seed": config.provenance.seed,
        "note": config.provenance.note,
        "inputs": [{"name": i.name, "size": i.size} for i in config.inputs],
        "encoder": None if config.encoder is None else config.encoder.model_dump(mode="json"),
        "populations": populations,
        "fan_in_limit": profile.fan_in,
        "connections": [
            {
                "source": c.source,
                "target": c.target,
                "receptor": c.receptor,
                "synapses": sum(s[2] for s in c.synapses),
            }
            for c in config.connections
        ],
        "cores": [_core(core, profile) for core in config.cores],
    }


def _core(core: CoreBiases, profile: HardwareProfile) -> dict[str, Any]:
    codes = {name: Code(code.coarse, code.fine) for name, code in core.biases.items()}
    decode_biases(CoreCodes(codes, core.latches), profile)  # its checks
    biases = [_bias(profile.chip_bias(name), code, core, profile) for name, code in core.biases.items()]
    return {"chip": core.chip, "core": core.core, "biases": biases, "latches": core.latches}


def _bias(bias: ChipBias, code: BiasCode, core: CoreBiases, profile: HardwareProfile) -> dict[str, Any]:
    current: float | None
    try:
        current = BiasGenerator(profile).current(bias.name, code.coarse, code.fine)
    except NotPublished:
        current = None
    time = _time(bias, current, profile.technology())
    off = bias.latch is not None and core.latches.get(bias.latch) is False
    meaning = bias.role if bias.model_bias is None else bias.model_bias
    if time is not None:
        meaning += f", {'time constant ' if bias.conversion == 'current' else ''}{show(time, 's')}"
    if off:
        meaning += f", switched off by the latch {bias.latch}"
    return {
        "name": bias.name, "coarse": code.coarse, "fine": code.fine, "current_A": current,
        "shown": "not published" if current is None else show(current, "A"), "model_bias": bias.model_bias,
        "time_s": time, "switched_off": off, "meaning": meaning,
    }  # fmt: skip


def _time(bias: ChipBias, current: float | None, technology: Technology) -> float | None:
    """What a current means as a time [s]: a time constant, a refractory period or a pulse width."""
    name = bias.model_bias or ""
    if not current:
        return None
    if name.startswith("Itau_"):
        return tau_of(current, getattr(technology, f"C_{name.removeprefix('Itau_')}"), technology)
    if bias.conversion in _PART:
        return time_of(current, getattr(technology, f"C_{_PART[bias.conversion]}"), technology)
    return None
