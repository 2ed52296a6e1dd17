"""The words that libcaer's driver writes to a DYNAP-SE1, as a text file of hexadecimal numbers."""

from __future__ import annotations

import re
from pathlib import Path

from arcana.config import BiasCode, CamWord, ChipConfig, CoreBiases, SramWord
from arcana.errors import BadInput, Problems, warn_user
from arcana.hardware.profile import HardwareProfile
from arcana.interop.checks import NotHeldWarning
from arcana.interop.collected import Collected
from arcana.quantize.bias_lines import text_of
from arcana.quantize.biaswords import BiasWord, decode_bias, decode_shifted, encode_bias

_ROW = 16  # neurons in a row of a core, as the input word counts them
_CHIP = re.compile(r"#\s*(?:chip\s+)?U(\d{1,9})\b.*", re.ASCII | re.IGNORECASE)
_WORD = re.compile(r"(?:0x)?[0-9a-f]{1,8}", re.ASCII | re.IGNORECASE)
_MARKER = 0x3F << 10  # what a shifted source has where a bias has its codes


def caer_words(config: ChipConfig, profile: HardwareProfile) -> str:
    """The words of all chips: biases, input words and output words, each kind under a comment with the chip.

    Only what the settings hold is written; everything else stays as it was on the chip.

    Raises:
        BadInput: for values that do not fit a word.
    """
    _require_words(profile)
    lines = ["# words of libcaer's driver for a DYNAP-SE1; what is not listed stays as it is on the chip"]
    ids = profile.topology.chip_ids
    for chip in sorted({c.chip for c in config.cores} | {n.chip for n in config.neurons}):
        sections = {
            "bias words": _bias_words([c for c in config.cores if c.chip == chip], profile),
            "CAM words": _table_words(config, chip, profile, cams=True),
            "SRAM words": _table_words(config, chip, profile, cams=False),
        }
        for title, words in sections.items():
            if words:
                driver = f" (driver id {ids[chip]})" if chip < len(ids) else ""
                lines += ["", f"# U{chip}{driver}: {title}", *(f"0x{word:08x}" for word in words)]
    return "\n".join(lines) + "\n"


def cam_word(profile: HardwareProfile, core: int, neuron: int, row: CamWord) -> int:
    """Word = receptor << 28 | source neuron << 20 | source core << 18 | 1 << 17 | place of the input word.

    Raises:
        BadInput: for values that do not fit.
    """
    source_core, source_neuron = divmod(row.tag, profile.neurons_per_core)
    return profile.word["cam"].encode(
        neuron_column=neuron % _ROW,
        neuron_row=neuron // _ROW,
        core=core,
        cam_id=row.word,
        source_core=source_core,
        source_neuron=source_neuron,
        synapse_type=row.receptor,
    )


def sram_word(profile: HardwareProfile, core: int, neuron: int, row: SramWord) -> int:
    """Word = virtual core << 28 | sy dy sx dx << 22 | core mask << 18 | 1 << 17 | place of the output word.

    Raises:
        BadInput: for values that do not fit.
    """
    signs = hop_signs(profile)
    return profile.word["sram"].encode(
        sram_id=row.word,
        neuron=neuron,
        core=core,
        core_mask=row.cores,
        dx=abs(row.dx),
        sx=signs[0] if row.dx > 0 else 1 - signs[0] if row.dx < 0 else 0,
        dy=abs(row.dy),
        sy=signs[1] if row.dy > 0 else 1 - signs[1] if row.dy < 0 else 0,
        virtual_core=row.tag // profile.neurons_per_core,
    )


def hop_signs(profile: HardwareProfile) -> tuple[int, int]:
    """Sign bits of hops to the east and to the south."""
    x, y = profile.routing.x_signs, profile.routing.y_signs
    if x is None or y is None:
        raise BadInput.one("profile", profile.name, "one with signs of hops (routing.x_signs), such as dynapse1")
    return x.index("east"), y.index("south")


def read_caer_words(text_or_path: str | Path, profile: HardwareProfile) -> Collected:
    """Read words; a comment ``# U0 ...`` names the chip of those below it, bits tell what kind a word is.

    Input words that listen to nobody (core 0, neuron 0) and output words without a core are empty: they are
    skipped.

    Args:
        text_or_path: The text itself (with a line break), or the path of a file.
        profile: The chip.

    Raises:
        BadInput: listing every word that was refused with its line (``BadFile`` where a path was given).

    Warns:
        NotHeldWarning: for words of buffers and shifted sources, which settings have no place for.
    """
    text, path = text_of(text_or_path, "")
    _require_words(profile)
    reader = _Reader(profile)
    chip: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        heading = _CHIP.fullmatch(line.strip())
        if heading is not None:
            chip = reader.chip(number, int(heading[1]))
        for word in re.split(r"[\s,;]+", line.partition("#")[0].strip()):
            if word:
                reader.word(f"line {number}", chip, word)
    if not reader.seen and not reader.problems:
        reader.problems.note("words", "no word", "hexadecimal words under lines of the form # U0")
    reader.problems.raise_if_any(path)
    if reader.special:
        text = f"{reader.special} words of buffers and shifted sources were left out"
        warn_user(text, NotHeldWarning)
    return reader.found


def _require_words(profile: HardwareProfile) -> None:
    missing = [name for name in ("bias", "bias_shifted", "cam", "sram") if name not in profile.word]
    if missing:
        raise BadInput.one(
            "profile", f"{profile.name} without word.{missing[0]}", "one with words, such as dynapse1"
        )


def _bias_words(cores: list[CoreBiases], profile: HardwareProfile) -> list[int]:
    order = {name: k for k, name in enumerate(profile.bias)}
    words = []
    for core in sorted(cores, key=lambda c: c.core):
        for name, code in sorted(core.biases.items(), key=lambda item: order[item[0]]):
            bias = BiasWord(name, core.core, code.coarse, code.fine, high_range=not code.low_range)
            words.append(encode_bias(profile, bias))
    return words


def _table_words(config: ChipConfig, chip: int, profile: HardwareProfile, cams: bool) -> list[int]:
    mine = sorted((n for n in config.neurons if n.chip == chip), key=lambda n: (n.core, n.neuron))
    if cams:
        return [cam_word(profile, n.core, n.neuron, row) for n in mine for row in sorted(n.cam_words)]
    return [sram_word(profile, n.core, n.neuron, row) for n in mine for row in sorted(n.sram_words)]


class _Reader:
    """Collects what the words say."""

    def __init__(self, profile: HardwareProfile) -> None:
        self.profile, self.signs = profile, hop_signs(profile)
        self.problems, self.found = Problems(), Collected()
        self.seen: dict[tuple[object, ...], str] = {}
        self.special = 0

    def chip(self, number: int, chip: int) -> int | None:
        if chip < self.profile.chips:
            return chip
        self.problems.note(f"line {number}, chip", chip, f"U0 to U{self.profile.chips - 1}")
        return None

    def word(self, where: str, chip: int | None, text: str) -> None:
        if _WORD.fullmatch(text) is None:
            self.problems.note(where, text, "a hexadecimal word of 32 bits, such as 0x30520001")
            return
        if chip is None:
            self.problems.note(where, text, "a comment '# U0' above it that names an existing chip")
            return
        word = int(text, 16)
        try:
            key = self._take(chip, word)
        except BadInput as error:
            allowed = "; ".join(p.allowed for p in error.problems)
            hint = "; ".join(f"{p.field} is {p.value}" for p in error.problems)
            self.problems.note(where, text, allowed, hint=hint)
            return
        if key in self.seen:
            self.problems.note(where, text, f"each place once; {self.seen[key]} has it already")
        self.seen.setdefault(key, where)

    def _take(self, chip: int, word: int) -> tuple[object, ...]:
        """Put one word where it belongs; returns what it sets."""
        if word >> 17 & 1 == 0:
            return self._bias(chip, word)
        return self._sram(chip, word) if word >> 4 & 1 else self._cam(chip, word)

    def _bias(self, chip: int, word: int) -> tuple[object, ...]:
        if word & _MARKER == _MARKER:
            name, _ = decode_shifted(self.profile, word)
            self.special += 1
            return chip, name
        bias = decode_bias(self.profile, word)
        if bias.core is None:
            self.special += 1
            return chip, bias.name
        problems = Problems()
        known = self.profile.bias[bias.name].transistor
        for what, given, allowed in (
            (f"n type of {bias.name}", bias.n_type, known == "N"),
            (f"normal (not cascode) of {bias.name}", bias.normal, True),
            (f"enabled of {bias.name}", bias.enabled, True),
        ):
            if given != allowed:
                problems.note(what, given, f"{allowed} for {what}: settings have no place for it")
        problems.raise_if_any()
        code = BiasCode(coarse=bias.coarse, fine=bias.fine, low_range=not bias.high_range)
        self.found.biases.setdefault((chip, bias.core), {})[bias.name] = code
        return chip, bias.core, bias.name

    def _cam(self, chip: int, word: int) -> tuple[object, ...]:
        v = self.profile.word["cam"].decode(word)
        neuron = v["neuron_row"] * _ROW + v["neuron_column"]
        tag = v["source_core"] * self.profile.neurons_per_core + v["source_neuron"]
        if (v["source_core"], v["source_neuron"]) not in self.profile.routing.reserved_sources:
            row = list(CamWord(v["cam_id"], tag, v["synapse_type"]))
            self.found.cams.setdefault((chip, v["core"], neuron), []).append(row)
        return chip, v["core"], neuron, "cam", v["cam_id"]

    def _sram(self, chip: int, word: int) -> tuple[object, ...]:
        v = self.profile.word["sram"].decode(word)
        place = (chip, v["core"], v["neuron"])
        if v["core_mask"]:
            dx = v["dx"] if v["sx"] == self.signs[0] else -v["dx"]
            dy = v["dy"] if v["sy"] == self.signs[1] else -v["dy"]
            tag = v["virtual_core"] * self.profile.neurons_per_core + v["neuron"]
            row = list(SramWord(v["sram_id"], tag, v["core_mask"], dx, dy))
            self.found.srams.setdefault(place, []).append(row)
        return *place, "sram", v["sram_id"]
