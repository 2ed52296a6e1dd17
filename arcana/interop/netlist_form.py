"""The words of a physical netlist: places, receptors, switches and flags as they are written and read."""

from __future__ import annotations

import json
import re

from arcana.config.words import MISMATCHED_DELAY, PRECISE_DELAY, SHORT_TERM
from arcana.hardware.profile import HardwareProfile
from arcana.limits import NAME_RULE, is_name

VERSION = 1
FLAGS = {"precise": PRECISE_DELAY, "mismatched": MISMATCHED_DELAY, "stp": SHORT_TERM}
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|->|[()\[\],=]|#.*|[^\s()\[\],="#]+|"')
_PLACE = re.compile(r"U(\d{1,9})-C(\d{1,9})(?:-N(\d{1,9}))?", re.ASCII | re.IGNORECASE)


class Refused(ValueError):
    """A line that is not of the form; says what was there and what was expected."""

    def __init__(self, given: object, allowed: str) -> None:
        super().__init__(allowed)
        self.given, self.allowed = given, allowed


def tokens(line: str) -> list[str]:
    """The words of a line without its comment; a quoted name is one word."""
    found = [match[0] for match in _TOKEN.finditer(line)]
    return found[:-1] if found and found[-1].startswith("#") else found


def quoted(name: str) -> str:
    """A name as it stands in the text: as it is where it is one plain word, else a JSON string."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def named(token: str) -> str:
    """The name of a token.

    Raises:
        Refused: if it is no name.
    """
    if token.startswith('"'):
        try:
            name = json.loads(token)
        except ValueError as error:
            raise Refused(token, "a name in quotes, as JSON writes it") from error
        if not is_name(name):
            raise Refused(name, NAME_RULE)
        return str(name)
    if _PLAIN.fullmatch(token) is None:
        raise Refused(token, 'a name, in quotes ("...") where it is more than letters, digits and _')
    return token


def whole(token: str, limit: int, what: str) -> int:
    """A whole number below a limit.

    Raises:
        Refused: if it is none.
    """
    if not re.fullmatch(r"\d{1,9}", token, re.ASCII) or int(token) >= limit:
        raise Refused(f"{what} {token}", f"{what} from 0 to {limit - 1}")
    return int(token)


def place_of(token: str, profile: HardwareProfile) -> tuple[int, ...]:
    """(chip, core, neuron) of ``U0-C1-N17``, or (chip, core) of ``U0-C1``.

    Raises:
        Refused: if it is no place of the board.
    """
    match = _PLACE.fullmatch(token)
    if match is None:
        raise Refused(token, "a place of the form U<chip>-C<core>-N<neuron>")
    limits = (profile.chips, profile.cores_per_chip, profile.neurons_per_core)
    parts = zip(("chip", "core", "neuron"), match.groups(), limits, strict=True)
    return tuple(whole(number, limit, what) for what, number, limit in parts if number is not None)


def shown_place(*place: int) -> str:
    """``U0-C1-N17`` or ``U0-C1``."""
    return "-".join(letter + str(number) for letter, number in zip("UCN", place, strict=False))


def shown_word(profile: HardwareProfile, receptor: int, switches: int, flags: int) -> str:
    """What an input word does, such as ``FAST_EXC`` or ``ampa W0+W2 precise``."""
    names = {r.code: r.driver_name for r in profile.synapse.receptor.values()}
    parts = [names[receptor]]
    if switches:
        parts.append("+".join(f"W{k}" for k in range(profile.synapse.weight_bits) if switches >> k & 1))
    return " ".join([*parts, *(name for name, bit in FLAGS.items() if flags & bit)])


def word_of(parts: list[str], profile: HardwareProfile) -> tuple[int, int, int]:
    """(receptor, switches, flags) of what ``shown_word`` writes.

    Raises:
        Refused: for a receptor, switch or flag that the chip does not have.
    """
    codes = {r.driver_name.lower(): r.code for r in profile.synapse.receptor.values()}
    code = codes.get(parts[0].lower())
    if code is None:
        raise Refused(parts[0], "one of " + ", ".join(r.driver_name for r in profile.synapse.receptor.values()))
    bits = {f"w{k}": 1 << k for k in range(profile.synapse.weight_bits)}
    known = bits | (FLAGS if bits else {})  # an input word has both or neither
    switches = flags = 0
    for part in [p for group in parts[1:] for p in group.lower().split("+")]:
        if part not in known:
            allowed = " ".join(known) if known else "nothing between the receptor and the count"
            raise Refused(part, allowed)
        switches |= bits.get(part, 0)
        flags |= FLAGS.get(part, 0)
    return code, switches, flags
