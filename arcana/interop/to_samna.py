"""Settings as objects of the vendor's library samna, for people who have it.

The package of that name on the public index is a stub that fetches something else when it is imported. So its text
is looked at first, and a stub is never imported.

Assumptions about the library, none of them checked against it: classes ``Dynapse1Configuration`` and
``Dynapse2Configuration`` in ``samna.dynapse1`` and ``samna.dynapse2``, enumerations ``Dynapse1SynType`` (members by
name) and ``Dendrite`` (made from its number), members named as in ``samna1`` and ``samna2``, and maps of parameters
that hand out what they hold.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from arcana.config import ChipConfig, PlacedNeuron
from arcana.errors import ArcanaError
from arcana.hardware.profile import HardwareProfile
from arcana.interop import samna1, samna2
from arcana.interop.checks import require_family, require_writable, warn_second_leaks
from arcana.interop.samna_common import by_place, codes_of, names_of
from arcana.quantize.bias_list import refuse_low_range

_STUB_MARK = "PYPI_SAMNA"
_HOW = (
    "install the vendor's own build as its documentation describes, or write a file instead: "
    "`arcana export --to samna1`, `--to samna2` or `--to script`"
)


class SamnaMissing(ArcanaError, ImportError):
    """The vendor's library is not there, or only the stub of its name."""


def to_samna(config: ChipConfig, profile: HardwareProfile) -> Any:
    """The configuration object of the vendor's library, for the whole board.

    Parameters that the settings do not hold get ``idle_code`` of the profile, or (0, 0). Second leaks (SE1) are
    calls of the library and not part of the object; ``arcana export --to script`` writes them.

    Raises:
        SamnaMissing: if samna is not installed, or is the stub.
        BadInput: for settings that cannot be written.
    """
    require_family(profile, ("dynapse1", "dynapse2"), "samna")
    require_writable(config, profile, also={"off_board"} if profile.family == "dynapse1" else ())
    if profile.family == "dynapse1":
        refuse_low_range(config.cores, "a vendor's parameter")
    library = _library(profile.family)
    if profile.family == "dynapse2":
        return _dynapse2(config, profile, library)
    warn_second_leaks(config, "a samna object")
    return _dynapse1(config, profile, library)


def _library(family: str) -> ModuleType:
    """The module ``samna.<family>``, after a look at the text of the package.

    Raises:
        SamnaMissing: if it is missing or a stub.
    """
    try:
        spec = importlib.util.find_spec("samna")
    except ValueError:  # a module of that name without a spec
        spec = None
    if spec is None or spec.origin is None:
        raise SamnaMissing(f"samna is not installed: {_HOW}")
    try:
        text = Path(spec.origin).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SamnaMissing(f"samna at {spec.origin} cannot be read ({error}): {_HOW}") from error
    if _STUB_MARK in text:
        raise SamnaMissing(f"the samna at {spec.origin} is a stub that installs software when imported: {_HOW}")
    try:
        return importlib.import_module(f"samna.{family}")
    except ImportError as error:
        raise SamnaMissing(f"samna at {spec.origin} cannot be imported ({error}): {_HOW}") from error


def _dynapse1(config: ChipConfig, profile: HardwareProfile, library: ModuleType) -> Any:
    board = library.Dynapse1Configuration()
    names = names_of(profile, "core")
    for chip, core, target in _cores(board, profile):
        codes = codes_of(by_place(config).get((chip, core)), names, profile)
        _set_codes(target.parameter_group.param_map, codes, samna1.CODE)

    def fill(neuron: PlacedNeuron, target: Any) -> None:
        for word in neuron.cam_words:
            members = samna1.synapse(word, profile)
            members["syn_type"] = getattr(library.Dynapse1SynType, members["syn_type"])
            _assign(target.synapses[word.word], members)
        for hop in neuron.sram_words:
            _assign(target.destinations[hop.word], samna1.destination(neuron.chip, hop, profile))

    _fill(config, board, fill)
    return board


def _dynapse2(config: ChipConfig, profile: HardwareProfile, library: ModuleType) -> Any:
    board, mine = library.Dynapse2Configuration(), by_place(config)
    for chip, core, target in _cores(board, profile):
        settings = mine.get((chip, core))
        _set_codes(target.parameters, codes_of(settings, names_of(profile, "core"), profile), samna2.CODE)
        latches = {f"latch_{name}": on for name, on in samna2.latches_of(settings, profile).items()}
        for neuron in target.neurons:
            _assign(neuron, latches)
    for chip in range(profile.chips):
        halves = {"global_parameters": (tuple(range(profile.cores_per_chip)), "chip")}
        halves |= {name: (cores, "half chip") for name, cores in samna2.HALVES.items()}
        for name, (cores, scope) in halves.items():
            codes = samna2.shared_codes(mine, chip, cores, scope, profile)
            _set_codes(getattr(board.chips[chip], name), codes, samna2.CODE)

    def fill(neuron: PlacedNeuron, target: Any) -> None:
        for word in neuron.cam_words:
            members = samna2.synapse(word, profile)
            members["dendrite"] = library.Dendrite(members["dendrite"])
            _assign(target.synapses[word.word], members)
        for hop in neuron.sram_words:
            _assign(target.destinations[hop.word], samna2.destination(hop, profile))

    _fill(config, board, fill)
    return board


def _cores(board: Any, profile: HardwareProfile) -> list[tuple[int, int, Any]]:
    places = [(chip, core) for chip in range(profile.chips) for core in range(profile.cores_per_chip)]
    return [(chip, core, board.chips[chip].cores[core]) for chip, core in places]


def _fill(config: ChipConfig, board: Any, fill: Callable[[PlacedNeuron, Any], None]) -> None:
    for neuron in config.neurons:
        fill(neuron, board.chips[neuron.chip].cores[neuron.core].neurons[neuron.neuron])


def _set_codes(parameters: Any, codes: Mapping[str, tuple[int, int]], fields: tuple[str, str]) -> None:
    for name, code in codes.items():
        _assign(parameters[name], dict(zip(fields, code, strict=True)))


def _assign(target: Any, members: Mapping[str, Any]) -> None:
    for name, value in members.items():
        setattr(target, name, value)
