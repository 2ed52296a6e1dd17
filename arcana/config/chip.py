"""The settings of a board: canonical JSON that is saved whole, and read with every problem named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from arcana.config.parts import (
    CoreBiases,
    EncoderSettings,
    InputLines,
    OutputLines,
    Part,
    PlacedNeuron,
    PlacedPopulation,
    ProfileId,
    Provenance,
)
from arcana.errors import BadFile, BadInput, Problem, Problems
from arcana.files import parse_json, read_text, write_whole
from arcana.hardware.model import below, problems_of
from arcana.hardware.profile import HardwareProfile
from arcana.limits import MOST
from arcana.quantize.listed import HasBiases

VERSION = 2
FORMAT: Literal["arcana.chip_config"] = "arcana.chip_config"
_OLDER = "this form has no routing tables and is no longer read: map the network again with `arcana map`"
_NEWER = "written by a newer arcana: upgrade this one"


class ChipConfig(Part):
    """Settings of a board: bias codes per core, routing tables per neuron, inputs, outputs, and provenance.

    Only its own consistency is checked here (names, row lengths). Whether a chip can take it is the business of
    ``arcana.mapping.drc.check``, which lists every violation; so that a file with faults can be read and looked at.
    """

    format: Literal["arcana.chip_config"] = FORMAT
    version: int = VERSION
    profile: ProfileId
    provenance: Provenance
    encoder: EncoderSettings | None = None
    populations: list[PlacedPopulation]
    inputs: list[InputLines] = Field(default_factory=list)
    outputs: list[OutputLines] = Field(default_factory=list)
    cores: list[CoreBiases]
    neurons: list[PlacedNeuron]

    def inspect(self, problems: Problems) -> None:
        """Names and places refer to each other, and every neuron of a population is placed once."""
        for kind, named in (("populations", self.populations), ("inputs", self.inputs), ("outputs", self.outputs)):
            names = [part.name for part in named]
            for name in sorted({n for n in names if names.count(n) > 1}):
                problems.note(kind, name, "names used once")
        lines = sum(part.size for part in self.inputs)
        if lines > MOST:
            problems.note("inputs", f"{lines} lines", f"at most {MOST}")
        places = [(c.chip, c.core) for c in self.cores]
        for place in sorted({p for p in places if places.count(p) > 1}):
            problems.note("cores", place, "each (chip, core) once")
        if self.encoder is not None and [i.size for i in self.inputs] != [2 * self.encoder.channels]:
            wanted = [2 * self.encoder.channels]
            allowed = f"sizes {wanted}: an UP and a DOWN line for each channel of the encoder"
            problems.note("inputs", [i.size for i in self.inputs], allowed)
        self._inspect_neurons(problems)

    def _inspect_neurons(self, problems: Problems) -> None:
        sizes = {p.name: p.size for p in self.populations}
        places = {(c.chip, c.core) for c in self.cores}
        placed: dict[str, set[int]] = {name: set() for name in sizes}
        for k, n in enumerate(self.neurons):
            where = f"neurons[{k}]"
            if n.population not in sizes:
                known = "one of " + ", ".join(sizes) if sizes else "the name of a population, and the file has none"
                problems.note(f"{where}.population", n.population, known)
            elif n.index >= sizes[n.population]:
                problems.note(f"{where}.index", n.index, f"0 to {sizes[n.population] - 1} of {n.population}")
            elif n.index in placed[n.population]:
                problems.note(where, f"{n.population}[{n.index}]", "each neuron of a population once")
            else:
                placed[n.population].add(n.index)
            if (n.chip, n.core) not in places:
                problems.note(where, f"chip {n.chip} core {n.core}", "a core listed in cores")
        for name, size in sizes.items():
            if len(placed[name]) < size:
                missing = next(i for i in range(size) if i not in placed[name])
                given = f"{len(placed[name])} neurons, {name}[{missing}] is missing"
                problems.note(f"populations.{name}", given, f"a place for each of the {size} neurons")

    def to_json(self) -> str:
        """Canonical JSON: sections and keys in fixed order, tables in order of address, one line for each row."""
        data = self.model_dump(mode="json")
        data["cores"].sort(key=lambda c: (c["chip"], c["core"]))
        data["neurons"].sort(key=lambda n: (n["chip"], n["core"], n["neuron"], n["population"], n["index"]))
        for core in data["cores"]:
            for key in ("biases", "latches", "exact"):
                core[key] = dict(sorted(core[key].items()))
            for code in core["biases"].values():
                if not code["low_range"]:
                    del code["low_range"]
        for neuron in data["neurons"]:
            neuron["cams"].sort()
            neuron["srams"].sort()
        for lines in data["inputs"]:
            lines["events"].sort()
        return _compact(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"

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
            codes = {
                name: {"coarse": c.coarse, "fine": c.fine, "low_range": getattr(c, "low_range", False)}
                for name, c in given.biases.items()
            }
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
            data = parse_json(text)
        except ValueError as error:
            hint = f"{error}; the file is cut off or was edited by hand"
            raise BadFile(path, Problem("file", text[:40], "JSON written by ChipConfig.save", hint=hint)) from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            given = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise BadFile(path, Problem("format", given, repr(FORMAT)))
        version = data.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version != VERSION:
            newer = isinstance(version, int) and version > VERSION
            hint = _NEWER if newer else _OLDER if version == 1 else ""
            raise BadFile(path, Problem("version", version, str(VERSION), hint=hint))
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise BadFile(path, problems_of(error)) from error


def _compact(text: str) -> str:
    """Put every innermost list of numbers, and every bias code, on one line. Strings stay as they are."""
    return re.sub(
        r'"(?:[^"\\]|\\.)*"(?!:)|"(?:[^"\\]|\\.)*":|'
        r"\[\s+([-\d.eE+]+(?:,\s+[-\d.eE+]+)*)\s+\]|"
        r'\{\s+("coarse": \d+,\s+"fine": \d+(?:,\s+"low_range": true)?)\s+\}',
        _on_one_line,
        text,
    )


def _on_one_line(match: re.Match[str]) -> str:
    if match[1] is not None:
        return "[" + re.sub(r"\s+", " ", match[1]) + "]"
    if match[2] is not None:
        return "{" + re.sub(r"\s+", " ", match[2]) + "}"
    return match[0]
