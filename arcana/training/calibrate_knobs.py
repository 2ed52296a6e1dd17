"""What calibration may turn: the bias codes that the neurons of a core share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from arcana.config import BiasCode, ChipConfig, CoreBiases
from arcana.errors import Problems, unknown_name
from arcana.hardware.profile import HardwareProfile
from arcana.mapping.decode import second_leak, switch_biases
from arcana.quantize.biasgen import BiasGenerator


@dataclass(frozen=True)
class Knob:
    """One bias of one core.

    Attributes:
        chip: Number of the chip.
        core: Number of the core on its chip.
        bias: The chip's own name of the bias.
        code: Its code before.
        current: The current of that code [A].
    """

    chip: int
    core: int
    bias: str
    code: BiasCode
    current: float

    def turned(self, move: float, generator: BiasGenerator) -> BiasCode:
        """The code of the level nearest to I exp(move), within what the generator makes."""
        if move == 0:
            return self.code  # one that is not canonical stays as it is
        low, high = generator.range(self.bias, self.code.low_range)
        wanted = min(max(self.current * math.exp(move), low), high)
        code = generator.code(self.bias, wanted, self.code.low_range)
        return BiasCode(coarse=code.coarse, fine=code.fine, low_range=self.code.low_range)


def knobs_of(
    config: ChipConfig, profile: HardwareProfile, biases: Iterable[str] | None, problems: Problems
) -> tuple[Knob, ...]:
    """The knobs of all cores in use; what cannot be turned is noted.

    Args:
        config: The settings.
        profile: The chip; it has a bias generator with codes.
        biases: The chip's names of biases; None takes, for each core, those that set a weight, a time constant,
            the gain or the constant current of neurons there. Other biases that act at all (gains of synapses,
            the width of the pulse) act on the same products.
        problems: Where to note them.
    """
    generator, found = BiasGenerator(profile), []
    named = None if biases is None else _named(biases, config, profile, problems)
    used = {(n.chip, n.core) for n in config.neurons}
    cores = sorted((c for c in config.cores if (c.chip, c.core) in used), key=lambda c: (c.chip, c.core))
    offers = [_offered(core, config, profile) if named is None else named for core in cores]
    # All cores of one bias before the next bias: the first biases are those that tend to matter
    for rank in range(max(map(len, offers), default=0)):
        for core, names in zip(cores, offers, strict=True):
            code = core.biases.get(names[rank]) if rank < len(names) else None
            if code is None:
                continue
            name = names[rank]
            current = generator.current(name, code.coarse, code.fine, low_range=code.low_range)
            if current > 0:
                found.append(Knob(core.chip, core.core, name, code, current))
            elif named is not None:
                where = f"C{core.chip}c{core.core}.{name}"
                problems.note(where, 0.0, "a code whose current is above 0: it is changed by factors", "A")
    if not found and not problems:
        problems.note("biases", biases, "at least one bias that can be changed")
    return tuple(found)


def turned(knobs: Sequence[Knob], moves: Sequence[float], generator: BiasGenerator) -> list[CoreBiases]:
    """The codes of all knobs after these moves of ln I, by core: what ``ChipConfig.with_biases`` takes."""
    cores: dict[tuple[int, int], dict[str, BiasCode]] = {}
    for knob, move in zip(knobs, moves, strict=True):
        cores.setdefault((knob.chip, knob.core), {})[knob.bias] = knob.turned(move, generator)
    return [CoreBiases(chip=chip, core=core, biases=codes) for (chip, core), codes in cores.items()]


def _named(
    biases: Iterable[str], config: ChipConfig, profile: HardwareProfile, problems: Problems
) -> tuple[str, ...]:
    names = (biases,) if isinstance(biases, str) else tuple(dict.fromkeys(biases))
    for name in names:
        if name not in profile.bias:
            problems.append(unknown_name(f"bias of profile {profile.name!r}", name, profile.bias))
        elif profile.bias[name].scope != "core":
            shared = f"it belongs to a {profile.bias[name].scope}"
            problems.note("biases", name, "a bias that the neurons of one core share", hint=shared)
        elif not any(name in core.biases for core in config.cores):
            problems.note("biases", name, "a bias that has a code in these settings")
    return names


def _offered(core: CoreBiases, config: ChipConfig, profile: HardwareProfile) -> tuple[str, ...]:
    """The biases of a core that are worth turning, in the order in which they are tried."""
    mine = [n for n in config.neurons if (n.chip, n.core) == (core.chip, core.core)]
    words = [word for n in mine for word in n.cam_words]
    kinds = {name: r for name, r in profile.synapse.receptor.items() if any(w.receptor == r.code for w in words)}
    plain = {w.receptor for w in words if not w.switches}
    names = [r.weight_bias for r in kinds.values() if r.code in plain]
    switches = enumerate(switch_biases(profile))
    names += [name for k, name in switches if any(w.switches >> k & 1 for w in words)]
    model = ["Idc", "Igain_mem", *(f"Itau_{name}" for name in kinds), "Itau_mem"]
    found = (profile.chip_bias_for(name) for name in model)
    names += [bias.name for bias in found if bias is not None]
    names += [second_leak(profile)] if any(n.tau2 for n in mine) else []
    off = {profile.bias[name].latch for name in names if name} & {k for k, on in core.latches.items() if not on}
    return tuple(n for n in names if n and profile.bias[n].scope == "core" and profile.bias[n].latch not in off)
