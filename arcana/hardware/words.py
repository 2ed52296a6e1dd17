"""The bit layout of a word that a chip's programming bus takes."""

from __future__ import annotations

from arcana.errors import BadInput, Problems, unknown_name
from arcana.hardware.model import Flag, Model, Whole
from arcana.hardware.quantity import Sourced


class WordField(Model):
    """Some neighbouring bits of a word.

    Attributes:
        name: What the bits mean.
        low: Number of the lowest bit, 0 being the least significant of the word.
        width: How many bits.
        constant: The value they always have, for marker bits.
        bit_reversed: Whether the field is written with its bits in reverse order.
    """

    name: str
    low: Whole
    width: Whole
    constant: Whole | None = None
    bit_reversed: Flag = False

    @property
    def largest(self) -> int:
        """The largest value that fits."""
        return (1 << self.width) - 1

    @property
    def mask(self) -> int:
        """The bits of the word that belong to the field."""
        return self.largest << self.low

    def turned(self, value: int) -> int:
        """The value as it stands in the word, and back: reversing bits is its own inverse."""
        return int(f"{value:0{self.width}b}"[::-1], 2) if self.bit_reversed else value

    def inspect(self, problems: Problems) -> None:
        """Width and constant must make sense together."""
        if self.width == 0:
            problems.note("width", self.width, "a whole number >= 1", "bit")
        if self.constant is not None and self.constant > self.largest:
            problems.note("constant", self.constant, f"at most {self.largest}, which fits {self.width} bits")


class WordLayout(Sourced):
    """Which bits of a word mean what. Bits that belong to no field are 0.

    Attributes:
        bits: Length of the word.
        fields: Its fields; no two share a bit.
    """

    bits: Whole
    fields: tuple[WordField, ...]

    def inspect(self, problems: Problems) -> None:
        """Fields must have different names, fit the word and not overlap."""
        taken = 0
        names: set[str] = set()
        for index, field in enumerate(self.fields):
            if field.low + field.width > self.bits:
                problems.note(f"fields[{index}].low", field.low, f"a field inside the {self.bits} bits", "bit")
            if taken & field.mask:
                problems.note(f"fields[{index}].low", field.low, "bits that no other field uses", "bit")
            if field.name in names:
                problems.note(f"fields[{index}].name", field.name, "a name that no other field has")
            taken |= field.mask
            names.add(field.name)

    def encode(self, **values: int) -> int:
        """Word = sum over fields of (value << low); constant fields are filled in.

        Args:
            **values: One whole number for each field that is not constant.

        Raises:
            BadInput: for unknown or missing fields and values that do not fit; lists all of them.
        """
        free = {field.name: field for field in self.fields if field.constant is None}
        problems = Problems(unknown_name("field", name, free) for name in values if name not in free)
        word = 0
        for field in self.fields:
            value = field.constant if field.constant is not None else values.get(field.name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is None or not whole or not 0 <= value <= field.largest:
                shown = "(missing)" if value is None else value
                problems.note(field.name, shown, f"a whole number from 0 to {field.largest}")
                continue
            word |= field.turned(value) << field.low
        problems.raise_if_any()
        return word

    def decode(self, word: int) -> dict[str, int]:
        """The values of the fields that are not constant; the inverse of ``encode``.

        Raises:
            BadInput: if the word is too long, a marker bit is wrong, or an unused bit is set.
        """
        if isinstance(word, bool) or not isinstance(word, int) or not 0 <= word < 1 << self.bits:
            raise BadInput.one("word", word, f"a whole number of {self.bits} bits")
        problems = Problems()
        values: dict[str, int] = {}
        unused = word
        for field in self.fields:
            value = field.turned((word & field.mask) >> field.low)
            unused &= ~field.mask
            if field.constant is None:
                values[field.name] = value
            elif value != field.constant:
                problems.note(f"{field.name} of word {word:#x}", value, f"always {field.constant}")
        if unused:
            problems.note(f"unused bits of word {word:#x}", hex(unused), "all 0")
        problems.raise_if_any()
        return values
