"""Everything that arcana knows about a chip, as one frozen object read from a TOML file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, ValidationError

from arcana.circuits.names import BIASES
from arcana.circuits.technology import Technology
from arcana.errors import BadFile, BadInput, Problem, Problems, unknown_name
from arcana.hardware.bias_table import read_bias_table
from arcana.hardware.biases import BiasAddress, ChipBias, ContinuousBiasgen, LinearBiasgen, TableBiasgen
from arcana.hardware.checks import check_references, check_sources
from arcana.hardware.defaults import DefaultBiases
from arcana.hardware.describe import describe
from arcana.hardware.lookup import facts, need
from arcana.hardware.model import Model, Named, Table, problems_of
from arcana.hardware.peripherals import (
    CodeRemark,
    CoreSwitches,
    Defects,
    Delay,
    DvsPort,
    Fpga,
    FrontEnd,
    Latch,
    Sadc,
    SimulatorDefaults,
    Typical,
)
from arcana.hardware.quantity import UNKNOWN, Fact
from arcana.hardware.sections import (
    Capacitances,
    Chip,
    Electrical,
    Energy,
    Mismatch,
    Noise,
    Routing,
    Rule,
    Synapses,
    Temperature,
    Throughput,
    Topology,
    as_number,
)
from arcana.hardware.toml_text import to_toml
from arcana.hardware.words import WordLayout

SCHEMA_VERSION = (1, 0)

Biasgen: TypeAlias = Annotated[
    LinearBiasgen | TableBiasgen | ContinuousBiasgen,
    Field(discriminator="kind"),
]

_CONSTANTS = {
    "I0": "electrical.leak_current",
    "Ut": "electrical.thermal_voltage",
    "kappa_n": "electrical.kappa_n",
    "kappa_p": "electrical.kappa_p",
    "C_mem": "capacitance.membrane",
    "C_ampa": "capacitance.ampa",
    "C_nmda": "capacitance.nmda",
    "C_gabaa": "capacitance.gabaa",
    "C_gabab": "capacitance.gabab",
    "C_ahp": "capacitance.adaptation",
    "C_ref": "capacitance.refractory",
    "C_pulse": "capacitance.pulse",
    "C_pulse_ahp": "capacitance.pulse_adaptation",
    "V_on": "electrical.on_voltage",
}


class HardwareProfile(Model):
    """A chip: sizes, routing, words, biases, electrical constants, spread, and how sure each number is.

    Attributes:
        schema_version: Version of the form of the file, ``major.minor``.
        name: Short name, as ``load_profile`` takes it.
        full_name: What the maker calls the chip.
        family: Which words and rules apply.
        aliases: Other names that ``load_profile`` takes.
        summary: One sentence for lists.
        sources: Where numbers come from: short key to description.
        bias: Biases by their name on the chip.
        default_bias: Start values of the model biases.
        word: Bit layouts by name: ``cam``, ``sram``, ``bias``, ``bias_shifted``.

    The other attributes are the sections of the same name. Build one with ``load_profile`` or ``from_dict``.
    """

    schema_version: str
    name: str
    full_name: str
    family: Literal["dynapse1", "dynapse2", "ideal"]
    aliases: tuple[str, ...] = ()
    summary: str
    sources: Named[str]
    chip: Chip
    topology: Topology
    routing: Routing
    synapse: Synapses
    word: Named[WordLayout] = Field(default_factory=Table)
    rule: Named[Rule] = Field(default_factory=Table)
    electrical: Electrical
    capacitance: Capacitances
    default_bias: DefaultBiases
    mismatch: Mismatch
    temperature: Temperature | None = None
    noise: Noise | None = None
    biasgen: Biasgen
    bias: Named[ChipBias] = Field(default_factory=Table)
    bias_address: BiasAddress | None = None
    delay: Named[Delay] = Field(default_factory=Table)
    latch: Named[Latch] = Field(default_factory=Table)
    core_switch: CoreSwitches | None = None
    throughput: Throughput | None = None
    energy: Energy | None = None
    typical: Typical | None = None
    simulator_default: SimulatorDefaults | None = None
    fpga: Fpga | None = None
    sadc: Sadc | None = None
    front_end: FrontEnd | None = None
    dvs: DvsPort | None = None
    defects: Defects | None = None
    code_remark: tuple[CodeRemark, ...] = ()

    @classmethod
    def prepare(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Give every bias the name of its key."""
        biases = data.get("bias")
        if isinstance(biases, Mapping) and all(isinstance(entry, Mapping) for entry in biases.values()):
            named = {name: {"name": name} | dict(entry) for name, entry in biases.items()}
            return data | {"bias": named}
        return data

    @classmethod
    def inspect_raw(cls, data: dict[str, Any], problems: Problems) -> None:
        """Sources exist, and references between sections do."""
        check_sources(data, problems)
        check_references(data, problems)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], path: str | Path | None = None) -> Self:
        """A profile from plain tables, as ``tomllib`` gives them.

        Args:
            data: The tables.
            path: File that they come from: named in errors, and ``biasgen.table`` is relative to its folder.

        Raises:
            BadInput: listing every problem with its dotted key (``BadFile`` where a path is given).
            BadFile: if ``biasgen.table`` names a file that is missing or damaged.
        """
        problems = Problems(_version_problems(data))
        problems.raise_if_any(path)  # a newer version means other keys: their problems would only confuse
        try:
            profile = cls.model_validate(data)
        except ValidationError as error:
            found = problems_of(error)
            raise (BadInput(found) if path is None else BadFile(path, found)) from None
        generator = profile.biasgen
        if isinstance(generator, TableBiasgen) and generator.table is not None:
            table = Path(path or ".").parent / generator.table
            levels = read_bias_table(table, generator.coarse_codes, generator.fine_codes)
            generator = generator.model_copy(update={"levels": Table(levels)})
            profile = profile.model_copy(update={"biasgen": generator})
        return profile

    def to_dict(self) -> dict[str, Any]:
        """Plain tables that ``from_dict`` turns into an equal profile; keys that hold defaults are left out."""
        tables: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        for entry in tables.get("bias", {}).values():
            entry.pop("name", None)
        if "levels" in tables["biasgen"]:
            tables["biasgen"].pop("table", None)  # the numbers themselves are there
        return tables

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces. Equal profiles give equal text."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def hash(self) -> str:
        """SHA-256 over the canonical JSON, as hexadecimal text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def __hash__(self) -> int:
        return hash((self.name, self.electrical, self.capacitance))  # cheap, and equal for equal profiles

    def need(self, dotted_key: str, needed_for: str) -> Any:
        """The bare value at a dotted key such as ``electrical.leak_current`` or ``bias.IF_DC_P.index``.

        Args:
            dotted_key: Where it stands.
            needed_for: What needs it, for the message: "the energy of a spike".

        Raises:
            NotPublished: if it is "unknown" or left out.
            BadInput: if there is no such key.
        """
        return need(self, self.name, dotted_key, needed_for)

    @property
    def chips(self) -> int:
        """Chips on a board; larger than any count where unlimited, as in the next three."""
        return as_number(self.topology.chips_per_board)

    @property
    def cores_per_chip(self) -> int:
        """Cores of a chip."""
        return as_number(self.topology.cores_per_chip)

    @property
    def neurons_per_core(self) -> int:
        """Neurons of a core."""
        return as_number(self.topology.neurons_per_core)

    @property
    def fan_in(self) -> int:
        """Input words of a neuron."""
        return as_number(self.topology.cam_per_neuron)

    @property
    def mismatch_distribution(self) -> str:
        """Shape of the spread of the biases, for ``arcana.MismatchModel``."""
        return self.mismatch.distribution

    def technology(self, temperature: float | None = None) -> Technology:
        """The constants of the circuit equations, at the profile's own Ut or at a temperature [K].

        Raises:
            NotPublished: if one of them is unknown.
            BadInput: for a temperature that is not a positive number.
        """
        technology = _technology(self)
        return technology if temperature is None else technology.at_temperature(temperature)

    def default_biases(self) -> dict[str, float]:
        """Start values of the model biases, in the unit of ``arcana.circuits.names.BIASES``."""
        return dict(_default_biases(self))

    def chip_bias(self, name: str) -> ChipBias:
        """A bias by its name on the chip.

        Raises:
            BadInput: if the chip has no such bias, with the nearest one that it has.
        """
        if name not in self.bias:
            raise BadInput(unknown_name(f"bias of profile {self.name!r}", name, self.bias))
        return self.bias[name]

    def chip_bias_for(self, model_bias: str) -> ChipBias | None:
        """The chip bias that sets a bias of the neuron model, or None if nothing on the chip sets it.

        Raises:
            BadInput: if the neuron model has no such bias.
        """
        _check_model_bias(model_bias)
        return next((bias for bias in self.bias.values() if bias.model_bias == model_bias), None)

    def mismatch_cv(self, model_bias: str) -> float:
        """Coefficient of variation of a model bias over the neurons of a chip.

        Raises:
            BadInput: if the neuron model has no such bias.
            NotPublished: if the profile says "unknown".
        """
        _check_model_bias(model_bias)
        single = model_bias in self.mismatch.per_bias
        key = f"mismatch.per_bias.{model_bias}" if single else "mismatch.cv"
        return float(self.need(key, f"the spread of {model_bias}"))

    def unknown(self) -> list[str]:
        """Dotted keys of all numbers that nobody has published."""
        return [key for key, fact in facts(self) if isinstance(fact, Fact) and fact.status == UNKNOWN]

    def relaxed(self) -> Self:
        """The same chip without limits on resources: equal electrical numbers, unlimited neurons and tags."""
        if self.name.endswith("-relaxed"):
            return self
        update = {
            "name": f"{self.name}-relaxed",
            "full_name": f"{self.full_name} with resource limits lifted",
            "aliases": tuple(f"{alias}-relaxed" for alias in self.aliases),
            "topology": self.topology.lifted(),
            "routing": self.routing.lifted(),
        }
        return self.model_copy(update=update)

    def describe(self) -> str:
        """What the profile says, for reading: sizes, constants with their status, and what is unknown."""
        return describe(self)

    def to_toml(self) -> str:
        """The profile as the text of a profile file, without comments."""
        return to_toml(self.to_dict())


@lru_cache(maxsize=32)  # profiles are frozen; every export and every layer asks for these
def _default_biases(profile: HardwareProfile) -> dict[str, float]:
    needed_for = "the start value of a bias"
    return {name: profile.need(f"default_bias.{name}", needed_for) for name in profile.default_bias}


@lru_cache(maxsize=32)
def _technology(profile: HardwareProfile) -> Technology:
    needed_for = "every simulation of the neuron"
    return Technology(**{name: profile.need(key, needed_for) for name, key in _CONSTANTS.items()})


def _check_model_bias(name: str) -> None:
    if name not in BIASES:
        raise BadInput(unknown_name("model bias", name, BIASES))


def _version_problems(data: Mapping[str, Any]) -> list[Problem]:
    text = data.get("schema_version", "(missing)")
    major, minor = SCHEMA_VERSION
    allowed = f"'{major}.0' to '{major}.{minor}'"
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        return [Problem("schema_version", text, allowed)]
    version = (int(parts[0]), int(parts[1]))
    if version > SCHEMA_VERSION:
        hint = "the file comes from a newer version: upgrade arcana to read it"
        return [Problem("schema_version", text, allowed, hint=hint)]
    if version[0] < major:
        return [Problem("schema_version", text, allowed, hint="this old form is no longer read")]
    return []
