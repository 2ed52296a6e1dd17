"""What ``arcana inspect`` finds in a settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arcana.circuits.relations import tau_of, time_of
from arcana.circuits.technology import Technology
from arcana.config import BiasCode, ChipConfig, CoreBiases
from arcana.errors import BadInput, NotPublished, Problem
from arcana.hardware.biases import ChipBias
from arcana.hardware.profile import HardwareProfile
from arcana.hardware.registry import load_profile
from arcana.mapping.decode import decode
from arcana.mapping.drc import check
from arcana.quantize.biasgen import BiasGenerator
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
        BadInput: listing biases, latches, codes and receptors that the chip does not have.
    """
    graph = decode(config, profile).graph
    return {
        "profile": config.profile.name,
        "profile_hash": config.profile.hash,
        "arcana_version": config.provenance.arcana_version,
        "seed": config.provenance.seed,
        "note": config.provenance.note,
        "violations": [str(v.sentence) for v in check(config, profile)],
        "encoder": None if config.encoder is None else config.encoder.model_dump(mode="json"),
        "populations": [_population(p.name, config) for p in config.populations],
        "fan_in_limit": profile.fan_in,
        "connections": [
            {
                "source": p.source, "target": p.target, "receptor": p.receptor, "delay": p.delay,
                "synapses": p.count.sum().item(),
            }
            for p in graph.projections
        ],
        "inputs": [
            {"line": f"{lines.name}[{e.line}]", "chip": e.chip, "cores": e.cores, "tag": e.tag}
            for lines in config.inputs
            for e in sorted(lines.input_events)
        ],
        "outputs": [
            {"output": f"{lines.name}[{k}]", **a._asdict()}
            for lines in config.outputs
            for k, a in enumerate(lines.addresses)
        ],
        "cores": [_core(core, profile) for core in config.cores],
    }  # fmt: skip


def _population(name: str, config: ChipConfig) -> dict[str, Any]:
    mine = [n for n in config.neurons if n.population == name]
    population = next(p for p in config.populations if p.name == name)
    return {
        "population": name, "neurons": population.size,
        "cores": " ".join(f"C{chip}c{core}" for chip, core in sorted({(n.chip, n.core) for n in mine})),
        "stage": population.stage, "dt_s": population.dt_s, "solver": population.solver,
        "input_words": sum(len(n.cams) for n in mine), "most_on_a_neuron": max(len(n.cams) for n in mine),
    }  # fmt: skip


def _core(core: CoreBiases, profile: HardwareProfile) -> dict[str, Any]:
    biases = [_bias(profile.chip_bias(name), code, core, profile) for name, code in core.biases.items()]
    exact = {name: core.exact[name] for name in sorted(core.exact)}
    return {"chip": core.chip, "core": core.core, "biases": biases, "latches": core.latches, "exact": exact}


def _bias(bias: ChipBias, code: BiasCode, core: CoreBiases, profile: HardwareProfile) -> dict[str, Any]:
    current: float | None
    try:
        current = BiasGenerator(profile).current(bias.name, code.coarse, code.fine, code.low_range)
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
