"""``ChipConfig``: the settings of a chip as a file. Canonical JSON: save, load and save give the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import read_text, write_whole
from arcana.hardware.model import Model, below, problems_of
from arcana.hardware.profile import HardwareProfile
from arcana.quantize.listed import HasBiases

VERSION = 1
FORMAT: Literal["arcana.chip_config"] = "arcana.chip_config"

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Part(Model):
    """Base of all sections: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProfileId(Part):
    """The hardware profile that the codes belong to."""

    name: str
    hash: str


class Provenance(Part):
    """Where the file comes from."""

    arcana_version: str
    seed: int | None = None
    note: str = ""


class BiasCode(Part):
    """Code of one bias; coarse 0 is the smallest current."""

    coarse: Annotated[int, Field(ge=0, le=7)]
    fine: Annotated[int, Field(ge=0, le=255)]


class CoreBiases(Part):
    """The biases of one core by the chip's own names, and the latches of its neurons that are not at rest."""

    chip: Count
    core: Count
    biases: dict[str, BiasCode]
    latches: dict[str, bool] = Field(default_factory=dict)


class PlacedPopulation(Part):
    """A population, where it is, and what the chip cannot set."""

    name: str
    size: Annotated[int, Field(ge=1)]
    chip: Count
    core: Count
    dt_s: Positive
    solver: Literal["rk4", "heun", "euler"]
    leak_saturation: bool = True
    substeps: Annotated[int, Field(ge=1)] | None = None


class Connection(Part):
    """Synapses of one receptor: [pre, post, count] triples in ascending order."""

    source: str
    target: str
    receptor: Literal["ampa", "nmda", "gabaa", "gabab"]
    synapses: list[list[Count]]

    def inspect(self, problems: Problems) -> None:
        """Every synapse is a triple with at least one count."""
        for k, row in enumerate(self.synapses):
            if len(row) != 3 or row[2] < 1:
                problems.note(f"synapses[{k}]", row, "[pre, post, count >= 1]")


class InputLines(Part):
    """Input from outside the chip."""

    name: str
    size: Annotated[int, Field(ge=1)]


class EncoderSettings(Part):
    """The delta modulator in front of the chip."""

    channels: Annotated[int, Field(ge=1)]
    threshold_up: list[Positive]
    threshold_down: list[Positive]
    refractory_steps: Count
    reset: Literal["level", "signal"]
    events_per_step: Annotated[int, Field(ge=1)]
    upsample: Annotated[int, Field(ge=1)]

    def inspect(self, problems: Problems) -> None:
        """One threshold for each channel."""
        for name in ("threshold_up", "threshold_down"):
            if len(getattr(self, name)) != self.channels:
                problems.note(name, getattr(self, name), f"{self.channels} thresholds, one for each channel")


class ChipConfig(Part):
    """Settings of the chips: bias codes per core, populations, connections, and where they come from.

    ``cams``, ``srams`` and ``tags`` are the places of the routing tables; version 1 keeps them empty.
    """

    format: Literal["arcana.chip_config"] = FORMAT
    version: int = VERSION
    profile: ProfileId
    provenance: Provenance
    inputs: list[InputLines]
    encoder: EncoderSettings | None = None
    populations: list[PlacedPopulation]
    connections: list[Connection]
    cores: list[CoreBiases]
    cams: list[Any] = Field(default_factory=list, max_length=0)
    srams: list[Any] = Field(default_factory=list, max_length=0)
    tags: list[Any] = Field(default_factory=list, max_length=0)

    def inspect(self, problems: Problems) -> None:
        """Names and places refer to each other."""
        named = [(i.name, i.size) for i in self.inputs] + [(p.name, p.size) for p in self.populations]
        sizes = dict(named)
        if self.encoder is not None and [i.size for i in self.inputs] != [2 * self.encoder.channels]:
            lines = [2 * self.encoder.channels]
            allowed = f"sizes {lines}: an UP and a DOWN line for each channel of the encoder"
            problems.note("inputs", [i.size for i in self.inputs], allowed)
        if len(sizes) != len(named):
            problems.note("populations", [name for name, _ in named], "names used once")
        places = [(c.chip, c.core) for c in self.cores]
        for place in sorted({p for p in places if places.count(p) > 1}):
            problems.note("cores", place, "each (chip, core) once")
        for p in self.populations:
            if (p.chip, p.core) not in places:
                problems.note(f"populations.{p.name}", f"chip {p.chip} core {p.core}", "a core listed in cores")
        for k, c in enumerate(self.connections):
            for end in ("source", "target"):
                if getattr(c, end) not in sizes:
                    problems.note(f"connections[{k}].{end}", getattr(c, end), "one of " + ", ".join(sizes))
            for row in c.synapses:
                if row[0] >= sizes.get(c.source, 1 << 62) or row[1] >= sizes.get(c.target, 1 << 62):
                    allowed = f"pre < {sizes.get(c.source)}, post < {sizes.get(c.target)}"
                    problems.note(f"connections[{k}].synapses", row, allowed)

    def to_json(self) -> str:
        """Canonical JSON: keys in fixed order, two spaces, one line per synapse list, a newline at the end."""
        data = self.model_dump(mode="json")
        for section in data["connections"]:
            section["synapses"] = sorted(section["synapses"])
        for core in data["cores"]:
            core["biases"] = dict(sorted(core["biases"].items()))
            core["latches"] = dict(sorted(core["latches"].items()))
        return _compact(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"

    def save(self, path: str | Path, overwrite: bool = True) -> Path:
        """Write the file whole (or not at all).

        Raises:
            BadFile: if it exists and ``overwrite`` is false, or cannot be written.
        """
        return write_whole(path, self.to_json(), overwrite)

    def check_profile(self, profile: HardwareProfile) -> None:
        """Refuse a profile that the codes were not made for: they would mean other currents.

        Raises:
            BadInput: if its name or its content differs.
        """
        if self.profile.name != profile.name:
            raise BadInput.one("profile", profile.name, f"{self.profile.name!r}, for which the settings were made")
        if self.profile.hash != profile.hash():
            hint = "the profile was changed since: export again, or load the profile as it was"
            raise BadInput.one("profile.hash", self.profile.hash[:12], f"{profile.hash()[:12]!r}", hint=hint)

    def with_biases(self, cores: Iterable[HasBiases]) -> ChipConfig:
        """The same settings with other bias codes, such as ``read_bias_list`` returns.

        Biases and cores that are not named keep their codes, and latches stay as they are.

        Raises:
            BadInput: listing cores that these settings do not have, and codes that no chip has.
        """
        problems, mine = Problems(), {(c.chip, c.core): c for c in self.cores}
        for given in cores:
            place = f"C{given.chip}c{given.core}"
            core = mine.get((given.chip, given.core))
            if core is None:
                problems.note("core", place, "one of " + ", ".join(f"C{c.chip}c{c.core}" for c in self.cores))
                continue
            codes = {name: {"coarse": code.coarse, "fine": code.fine} for name, code in given.biases.items()}
            try:
                changed = CoreBiases.model_validate(
                    {**core.model_dump(), "biases": {**core.model_dump()["biases"], **codes}}
                )
            except ValidationError as error:
                problems.extend(below(place, problems_of(error)))
            else:
                mine[given.chip, given.core] = changed
        problems.raise_if_any()
        return self.model_copy(update={"cores": list(mine.values())})

    @classmethod
    def load(cls, path: str | Path) -> ChipConfig:
        """Read and check a file.

        Raises:
            BadFile: missing, truncated, of another format, from a newer version, or with values that are not
                allowed; every problem is listed with its place.
        """
        text = read_text(path)
        try:
            data = json.loads(text, parse_constant=lambda name: name, object_pairs_hook=_no_repeats)
        except (ValueError, RecursionError) as error:
            hint = f"{error}; the file is cut off or was edited by hand"
            raise BadFile(path, Problem("file", text[:40], "JSON written by ChipConfig.save", hint=hint)) from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            given = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise BadFile(path, Problem("format", given, repr(FORMAT)))
        version = data.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION:
            newer = isinstance(version, int) and version > VERSION
            hint = "written by a newer arcana: upgrade with `pip install -U arcana`" if newer else ""
            raise BadFile(path, Problem("version", version, f"1 to {VERSION}", hint=hint))
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise BadFile(path, problems_of(error)) from error


def _compact(text: str) -> str:
    """Put every innermost list of numbers on one line: a synapse reads [3, 17, 2]. Strings stay as they are."""
    return re.sub(
        r'"(?:[^"\\]|\\.)*"|\[\s+([-\d.eE+]+(?:,\s+[-\d.eE+]+)*)\s+\]',
        lambda m: m[0] if m[1] is None else "[" + re.sub(r"\s+", " ", m[1]) + "]",
        text,
    )


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict; JSON itself would keep the last of two equal keys without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands there twice")
    return found
